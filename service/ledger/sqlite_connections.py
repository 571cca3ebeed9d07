"""Connections to an SQLite file: how each is set up, those that read, and what SQLite says in words for people."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database, utils

from service.errors import LedgerUnavailable
from service.ledger import reading
from service.ledger.sqlite_tables import STATEMENTS

sqlite3: Any = utils.sqlite3  # type: ignore[attr-defined]  # pysqlite3 where that is installed
FIRST_WITH_BUG, LAST_WITH_BUG = (3, 7, 0), (3, 51, 2)
"""Releases of SQLite in which a checkpoint may lose commits where a file has two connections and a write-ahead log."""
PRAGMAS = (
    "synchronous = FULL",
    "cache_size = -65536",
    # The log is copied into the file less often than by default: what was written again meanwhile is then copied once.
    "wal_autocheckpoint = 16000",
    "journal_size_limit = 134217728",
    "temp_store = MEMORY",
)


def has_wal_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite may lose commits when it uses a write-ahead log."""
    return FIRST_WITH_BUG <= version <= LAST_WITH_BUG


def connected(path: Path, mode: str, busy_seconds: float) -> Any:
    """A connection, set up as all are. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS,
    )
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


class Readers:
    """Connections that only read, one a thread; each raises LedgerUnavailable."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._own = threading.local()
        self._all: list[Any] = []
        self._lock = threading.Lock()

    def connection(self) -> Any:
        """This thread's connection; opened again where the file was replaced by another."""
        connection, known = getattr(self._own, "connection", (None, None))
        try:
            if connection is not None and known == inode(self._path):
                return connection
            if connection is not None:
                connection.close()
            connection = connected(self._path, "rw", self._busy_seconds)
            connection.execute("PRAGMA query_only = ON")
            self._own.connection = (connection, inode(self._path))
        except OSError as error:
            raise LedgerUnavailable((error.strerror or str(error)).lower()) from None
        except sqlite3.Error as error:
            raise LedgerUnavailable(in_words(error)) from None
        with self._lock:
            self._all.append(connection)
        return connection

    def select(self, query: str, parameters: Mapping[str, object]) -> Iterable[reading.Row]:
        """The rows of a query."""
        try:
            yield from selecting(self.connection())(query, parameters)
        except sqlite3.Error as error:
            raise LedgerUnavailable(in_words(error)) from None

    @contextmanager
    def snapshot(self) -> Iterator[Any]:
        """A connection that sees one state until it is left."""
        connection = self.connection()
        try:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise LedgerUnavailable(in_words(error)) from None

    def close(self) -> None:
        """Closes every thread's connection."""
        with self._lock:
            for connection in self._all:
                with suppress(sqlite3.Error):
                    connection.close()
            self._all.clear()


def selecting(connection: Any) -> reading.Select:
    """Runs queries on a connection; rows come as dicts."""
    database = Database(connection)
    return lambda query, parameters: database.query(query, dict(parameters))


def inode(path: Path) -> tuple[int, int]:
    """What tells a file from another at the same path. Raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino


def in_words(error: Exception) -> str:
    """What SQLite says went wrong, for people."""
    text = str(error)
    known = {
        "database or disk is full": "the disk is full",
        "attempt to write a readonly database": "its file can only be read",
        "unable to open database file": "its file can't be opened; is the folder there, and may it be written?",
        "database is locked": "another process holds it for too long",
        "disk I/O error": "the disk reports an error",
        "file is not a database": "it is not an SQLite database",
        "database disk image is malformed": "its file is damaged",
    }
    return next((words for begin, words in known.items() if begin in text), text)
