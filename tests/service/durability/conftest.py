"""A PostgreSQL server for the tests that need one."""

import os

# Before gRPC starts. Where it watches for forks, one that happens while calls are under way crashes the child: so would
# a database server that is started in the midst of a load, as another user.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

from tests.service.ledger.postgres_server import postgres_server

__all__ = ["postgres_server"]
