"""A ledger in PostgreSQL: for several servers that share one."""

from service.ledger.postgres.ledger import PostgresLedger

__all__ = ["PostgresLedger"]
