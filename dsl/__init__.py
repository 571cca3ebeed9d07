"""The rule language: text in, checked program out; knows nothing of storage, gRPC, clocks or files."""
