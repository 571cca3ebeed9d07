"""What happens to an event once its rules are known: rating, the ledger, gRPC and the command line."""
