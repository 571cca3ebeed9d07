"""gRPC: one thin file for each service of `protos/`, conversion, the table of errors, the server."""
