"""The ledgers that the contract is tested on: the one place that names them, and a ledger as a test handles it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

from service.evaluator import Evaluator
from service.ledger.interface import Ledger
from service.ledger.memory import MemoryLedger
from service.ledger.postgres import PostgresLedger
from service.ledger.sqlite import SqliteLedger
from tests.service.rules import JULY, all_rules

NOW = JULY + 1_000_000
"""When the tests' clock begins."""


class Store(Protocol):
    """A place where a ledger is, empty to begin with. One that is durable can be opened again, and several times."""

    durable: bool

    def open(self, clock: Callable[[], int]) -> Ledger:
        """The ledger that is there."""
        ...


class Memory:
    """A store in memory: each opening is a ledger of its own."""

    durable = False

    def open(self, clock: Callable[[], int]) -> Ledger:
        """See `Store.open`."""
        return MemoryLedger(clock)


class SqliteFile:
    """A store in an SQLite file."""

    durable = True

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.db"

    def open(self, clock: Callable[[], int]) -> Ledger:
        """See `Store.open`."""
        return SqliteLedger(self._path, clock)


class PostgresDatabase:
    """A store in a PostgreSQL database."""

    durable = True

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, clock: Callable[[], int]) -> Ledger:
        """See `Store.open`."""
        return PostgresLedger(self._url, clock)


@dataclass(frozen=True)
class Place:
    """Where stores can be made: in an empty folder, and in databases, of which `database` makes a new one."""

    folder: Path
    database: Callable[[], str]


STORES: dict[str, Callable[[Place], Store]] = {
    "memory": lambda _: Memory(),
    "sqlite": lambda place: SqliteFile(place.folder),
    "postgres": lambda place: PostgresDatabase(place.database()),
}
"""How an empty store of each kind is made."""
DURABLE = ("postgres", "sqlite")


class LedgerUnderTest:
    """A ledger with its store and a clock, which goes on by a millisecond at each call; `close` closes all handles."""

    def __init__(self, store: Store) -> None:
        self.durable = store.durable
        self._store = store
        self._ticks = count(NOW, 1_000)
        self._handles: list[Ledger] = []
        self.ledger = self._open()

    def clock(self) -> int:
        """Now, as an instant."""
        return next(self._ticks)

    def _open(self) -> Ledger:
        handle = self._store.open(self.clock)
        self._handles.append(handle)
        return handle

    def second(self) -> Ledger:
        """Another handle on the same store, as another process would have it; only where it is durable."""
        assert self.durable
        return self._open()

    def reopen(self) -> Ledger:
        """Closes every handle and opens the store again, as a restart does; only where it is durable."""
        assert self.durable
        self.close()
        self.ledger = self._open()
        return self.ledger

    def close(self) -> None:
        """Closes every handle."""
        for handle in self._handles:
            handle.close()
        self._handles.clear()

    def evaluator(self, ledger: Ledger | None = None) -> Evaluator:
        """Rates by all the tests' rules, and records in this ledger, or in another handle."""
        return Evaluator(all_rules(), ledger or self.ledger, lambda: NOW)
