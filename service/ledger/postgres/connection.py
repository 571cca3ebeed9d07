"""Connections to PostgreSQL that never wait for ever, and what its errors mean in words."""

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8BinaryDumper

from service.ledger.interface import CantOpen

OLDEST_SERVER = 130_000
"""The oldest release of PostgreSQL that is used, as the server counts them."""
SECRETS = ("password", "sslpassword", "passfile")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds after which waiting ends: for a connection, another's lock, a statement, any word from the server."""

    connect: int = 5
    lock: float = 10
    statement: float = 30
    silence: float = 35


class Connection(psycopg.Connection[TupleRow]):
    """A connection whose every wait ends, even where the server is frozen or the network swallows all.

    The server itself ends what takes too long; `silence`, in seconds, is for when it can't. None waits on.
    """

    silence: float | None = None

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **more: Any) -> Any:
        """See `psycopg.Connection.wait`; raises Silence."""
        if self.silence is None:
            return super().wait(gen, *args, **more)
        try:
            return super().wait(_within(gen, monotonic() + self.silence), *args, **more)
        except _Silent:
            self.pgconn.finish()
            raise Silence from None


class Silence(psycopg.OperationalError):
    """The server has said nothing for too long; the connection is closed."""


class _Silent(Exception):
    """Time is up."""


def _within(inner: Generator[Any, Any, Any], until: float) -> Generator[Any, Any, Any]:
    """The same generator, which psycopg wakes from time to time; raises _Silent when it is woken too late."""
    try:
        state = next(inner)
        while True:
            ready = yield state
            if not ready and monotonic() > until:
                raise _Silent
            state = inner.send(ready)
    except StopIteration as end:
        return end.value


def connect(url: str, limits: Limits, writes: bool = False) -> Connection:
    """A connection in autocommit mode, to the server that takes writes where the URL names several.

    Raises CantOpen for a URL that is none, a server of no use, or a user or database that is not there; and
    OperationalError where the server can't be reached just now.
    """
    connection = Connection.connect(**parameters(url, limits), autocommit=True)
    with ExitStack() as on_failure:
        on_failure.callback(connection.close)
        connection.silence = limits.silence
        # There are few statements, and each has few types: none is let go of.
        connection.prepared_max = None
        # Integers have one type whatever their size, so that a statement is prepared once.
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        _check(connection, url)
        _set_up(connection, limits)
        if writes:
            # Each of a writer's statements finds few rows by an index. A plan that reads whole tables, made while they
            # were small, would be kept as they grow.
            connection.execute("SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off")
        on_failure.pop_all()
    return connection


def parameters(url: str, limits: Limits) -> dict[str, Any]:
    """What libpq is to be told, from a URL and with what it leaves open. Raises CantOpen."""
    try:
        named = conninfo_to_dict(url)
    except psycopg.Error:
        # What libpq says of it quotes the URL, password included.
        raise CantOpen(
            "the ledger's address is no URL of PostgreSQL; one looks like postgresql://user:password@host:5432/name, "
            "with %40 for an @ in the password, and the like for : and /"
        ) from None
    usual = {
        "connect_timeout": limits.connect,
        "application_name": "vpi",
        "target_session_attrs": "read-write",
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    return {**usual, **named, "client_encoding": "UTF8"}


def _check(connection: Connection, url: str) -> None:
    if connection.info.server_version < OLDEST_SERVER:
        raise CantOpen(
            f"{place_of(url)} is on PostgreSQL {connection.info.parameter_status('server_version')}; 13 is needed"
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise CantOpen(
            f"{place_of(url)} keeps text as {encoding}, which loses letters; make it with "
            "`createdb --encoding=UTF8 --template=template0`"
        )


def _set_up(connection: Connection, limits: Limits) -> None:
    """Settings of the session: it waits for the disk, and not for ever for anything else."""
    milliseconds = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        # Where this process stands still within a transaction, others are not to wait for it.
        "idle_in_transaction_session_timeout": limits.silence,
    }
    settings = {name: str(round(seconds * 1000)) for name, seconds in milliseconds.items()}
    connection.execute(
        "SELECT "
        + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())
        # `remote_apply` waits for more than `on` does; every other value for less than what an answer promises.
        + ", CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN ''"
        " ELSE set_config('synchronous_commit', 'on', false) END"
    )


def place_of(url: str) -> str:
    """A database as it may be named to anyone: without its user, host and password."""
    try:
        name = conninfo_to_dict(url).get("dbname")
    except psycopg.Error:
        name = None
    return f"the database {name}" if name else "the database"


def without_secrets(text: str, url: str) -> str:
    """A text of libpq without the passwords that the URL holds."""
    try:
        found = {str(value) for name, value in conninfo_to_dict(url).items() if name in SECRETS and value}
    except psycopg.Error:
        found = {urlsplit(url).password or ""}
    for secret in sorted(
        {spelling for one in found for spelling in (one, unquote(one)) if spelling}, key=len, reverse=True
    ):
        text = text.replace(secret, "***")
    return text


CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
"""Another writer was there first: the transaction is repeated, and then sees what the other wrote."""
UNAVAILABLE = (psycopg.OperationalError, psycopg.InternalError, errors.InsufficientPrivilege, errors.UndefinedTable)
"""Errors that say something about the database's state, not about what was asked of it."""

_WORDS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (Silence, "the database does not answer"),
    (errors.LockNotAvailable, "another writer holds the same customer for too long"),
    (errors.QueryCanceled, "the database takes too long"),
    (errors.DiskFull, "the database's disk is full"),
    (errors.OutOfMemory, "the database is out of memory"),
    (errors.TooManyConnections, "the database takes no more connections"),
    (errors.ReadOnlySqlTransaction, "the database can only be read; it may have become a standby"),
    (errors.InsufficientPrivilege, "the database does not allow it to the ledger's user"),
    (errors.UndefinedTable, "the database has lost the ledger's tables"),
    (errors.DeadlockDetected, "other writers were in the way each time"),
    (errors.SerializationFailure, "other writers were in the way each time"),
    (errors.UniqueViolation, "other writers were in the way each time"),
)


def in_words(error: psycopg.Error) -> str:
    """Why the ledger can't be used, for any caller: names no host, user or value."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    state = error.sqlstate
    # Class 08 is a lost connection, 57 a server that goes down or comes up; without a code none was there.
    if state is None or state[:2] in ("08", "57"):
        return "the database can't be reached"
    return f"the database reports error {state}"
