"""A ledger in an SQLite file: the embedded default.

One connection writes, from one thread at a time; each reading thread has its own. Several processes may have one file
open: transactions that write begin with BEGIN IMMEDIATE, so that they wait for each other and never fail half-way, and
`PRAGMA data_version` tells a process that another has written.
"""

import dataclasses
import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dsl.evaluation import CounterKey
from service.errors import LedgerUnavailable, VersionTaken
from service.ledger import chain, codec, reading
from service.ledger.interface import (
    Answer,
    CantBackUp,
    CantOpen,
    Chain,
    Published,
    Query,
    Record,
    Refused,
    Reprice,
    Stats,
    Submission,
    UsageLine,
    Void,
    check_beside,
)
from service.ledger.rows import Chained
from service.ledger.sql import Book, BookCounters, previewed
from service.ledger.sqlite_connections import Readers, connected, has_wal_bug, in_words, inode, selecting, sqlite3
from service.ledger.sqlite_tables import SqliteTables, migrate
from service.times import as_text

logger = logging.getLogger(__name__)
BUSY_SECONDS = 10.0
"""How long one process waits for another's transaction."""
WARN_AGAIN = 10_000_000
"""Microseconds after which the same trouble is logged again."""
GROUPS_IN_DOUBT = 16
"""Groups in which repeated events are looked for, after one that had some."""


class _Repeated(Exception):
    """Events were taken to be new and are not: nothing is done, and the transaction is to be repeated."""


class SqliteLedger:
    """A ledger in the file at `path`, made where there is none; `clock` gives now as an instant.

    Raises CantOpen for a file that is no ledger, or of a later release, or where none can be made.
    """

    def __init__(self, path: Path, clock: Callable[[], int], busy_seconds: float = BUSY_SECONDS) -> None:
        self._path = path.absolute()
        self._clock = clock
        self._busy_seconds = busy_seconds
        self._reacts: list[Callable[[Sequence[Published]], None]] = []
        self._position: int | None = None
        self._behind = False
        self._doubts = 0
        """Groups to come whose keys are looked up before their events are rated."""
        self._writer = 0
        self._registered = False
        self._warned = ("", 0)
        self._opened = False
        self._writing: Any = None
        self._data_version: int | None = None
        self._readers = Readers(self._path, busy_seconds)
        try:
            self._open("rwc")
        except sqlite3.Error as error:
            raise CantOpen(f"{path} can't be opened as a ledger: {in_words(error)}") from None

    # ── writing ─────────────────────────────────────────────────────────────

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """See `Ledger.record`."""
        try:
            with self._chained_transaction():
                return self._add(group)
        except _Repeated:
            with self._chained_transaction():
                return self._add(group)

    def _add(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """The answers that hold once the transaction has committed."""
        # Nearly all events are new, and adding a row finds out whether its key is taken. So keys are looked up before
        # only for a while after some were.
        book = self._book
        book.trusting = self._doubts == 0
        self._doubts -= self._doubts > 0
        answers = book.add(group)
        try:
            book.write()
        except sqlite3.IntegrityError as error:
            if not book.trusting:
                raise
            self._doubts = GROUPS_IN_DOUBT
            raise _Repeated from error
        return answers

    def _commit(self) -> None:
        with self._undoing(in_doubt=True):
            self._writing.execute("COMMIT")
            if not self._in_place():
                self._let_go()
                raise LedgerUnavailable("its file was moved or deleted", in_doubt=True)
            self._book.committed()
            self._registered |= self._book.chained.writer != 0

    def void(self, ruleset: str, source: str, event_id: str, reason: str, reprice: Reprice) -> Void:
        """See `Ledger.void`."""
        with self._chained_transaction():
            void = self._book.void(ruleset, source, event_id, reason, reprice)
            self._book.write()
        return void

    def publish(self, version: Published, replace: bool = False, beside: Collection[str] | None = None) -> Published:
        """See `Ledger.publish`."""
        with self._transaction():
            check_beside(version, reading.published(selecting(self._writing)), beside)
            row = self._select_one(f"{_IN_PLACE}", {"ruleset": version.ruleset, "version": version.version})
            if row is not None:
                kept = reading.published_of(row)
                if kept.sha256 == version.sha256:
                    return kept
                if kept.used or not replace:
                    raise VersionTaken(kept.ruleset, kept.version, as_text(kept.published), kept.used)
                self._writing.execute("UPDATE publications SET replaced = 1 WHERE position = ?", (row["position"],))
            named = "SELECT 1 AS used FROM used_versions WHERE ruleset = :ruleset AND version = :version"
            place = {"ruleset": version.ruleset, "version": version.version}
            used = self._select_one(named, place) is not None
            kept = dataclasses.replace(version, used=used)
            self._writing.execute(
                "INSERT INTO publications (ruleset, version, effective, text, sha256, published, used) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (kept.ruleset, kept.version, kept.effective, kept.text, kept.sha256, kept.published, used),
            )
        return kept

    def on_publication(self, react: Callable[[Sequence[Published]], None]) -> None:
        """See `Ledger.on_publication`."""
        self._reacts.append(react)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction that writes; what others have written is taken over first. It commits at the end, and whatever
        ends it early undoes it."""
        with self._undoing():
            self._reopen()
            self._writing.execute("BEGIN IMMEDIATE")
            self._catch_up()
            yield
        self._commit()

    @contextmanager
    def _chained_transaction(self) -> Iterator[None]:
        """A transaction whose entries go into this writer's chain."""
        with self._transaction():
            self._book.begin(self._chained())
            yield

    @contextmanager
    def _undoing(self, in_doubt: bool = False) -> Iterator[None]:
        """Undoes the transaction where the block raises; errors of SQLite come out as LedgerUnavailable."""
        try:
            yield
        except sqlite3.Error as error:
            self._warn(str(error))
            self._let_go()
            raise LedgerUnavailable(in_words(error), in_doubt=in_doubt) from None
        except BaseException:
            self._undo()
            raise

    def _warn(self, text: str) -> None:
        """Logs trouble once when it comes, and again now and then while it lasts: every group meets it."""
        now = self._clock()
        if text != self._warned[0] or now - self._warned[1] >= WARN_AGAIN:
            self._warned = (text, now)
            logger.warning("%s: %s", self._path, text)

    def _catch_up(self) -> None:
        """Takes over what other connections have written since the last transaction."""
        (seen,) = self._writing.execute("PRAGMA data_version").fetchone()
        fresh = seen != self._data_version
        if fresh:
            self._book.forget()
        self._tables.begin(fresh)
        if fresh or self._behind or self._position is None:
            (position,) = self._writing.execute("SELECT coalesce(max(position), 0) FROM publications").fetchone()
            if self._behind or position != self._position:
                # Only what all have taken over is done with: where one fails, the next transaction tells them again.
                self._behind = True
                published = reading.published(selecting(self._writing)) if self._reacts else []
                for react in self._reacts:
                    react(published)
                self._position, self._behind = position, False
        self._data_version = seen

    def _chained(self) -> Chained:
        """Where this writer's chain stands; a handle begins one with the first events that it is given."""
        if not self._registered:
            began = self._clock()
            made = self._writing.execute("INSERT INTO writers (began, rows, chain) VALUES (?, 0, ?)", (began, b""))
            self._writer = int(made.lastrowid)
            self._writing.execute(
                "UPDATE writers SET chain = ? WHERE id = ?", (chain.genesis(self._writer), self._writer)
            )
        if self._book.chained.writer != self._writer:
            rows, head = self._writing.execute(
                "SELECT rows, chain FROM writers WHERE id = ?", (self._writer,)
            ).fetchone()
            return Chained(self._writer, rows, head)
        return self._book.chained

    # ── connections ─────────────────────────────────────────────────────────

    def _open(self, mode: str) -> None:
        """Opens the writing connection, with the tables as this release needs them."""
        connection = connected(self._path, mode, self._busy_seconds)
        try:
            # A log lets readers and a writer go on side by side; the older way is slower, and safe in all releases.
            mode = "TRUNCATE" if has_wal_bug() else "WAL"
            connection.execute(f"PRAGMA journal_mode = {mode}")
            migrate(connection, str(self._path), sqlite3.complete_statement)
            self._data_version = None
            self._inode = inode(self._path)
        except BaseException:
            connection.close()
            raise
        self._writing = connection
        self._tables = SqliteTables(connection)
        self._book = Book(self._tables, self._clock)
        self._opened = True

    def _reopen(self) -> None:
        """Opens the file again after it could not be used. It is not made anew: what it held would be lost unseen."""
        if not self._opened:
            try:
                self._open("rw")
            except CantOpen as error:
                raise LedgerUnavailable(str(error)) from None

    def _let_go(self) -> None:
        """Closes the writing connection after a failure, so that the next transaction starts afresh."""
        self._opened = False
        self._undo()
        with suppress(sqlite3.Error):
            self._writing.close()
        if not self._in_place():
            # Nobody else will find that file again: a chain that goes on there may fork.
            self._registered = False

    def _undo(self) -> None:
        with suppress(sqlite3.Error):
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
        self._book.forget()
        self._tables.last_sequence = None
        self._book.chained = Chained(0, 0, b"")

    def _in_place(self) -> bool:
        """Whether the file that is open is still the one at the path."""
        try:
            return inode(self._path) == self._inode
        except OSError:
            return False

    # ── reading ─────────────────────────────────────────────────────────────

    def preview(self, submission: Submission) -> list[Answer]:
        """See `Ledger.preview`."""
        with self._readers.snapshot() as connection:
            tables = SqliteTables(connection)
            counters = BookCounters(submission.ruleset, tables, codec.KeyTexts())
            known = Book(tables, self._clock).known_keys(submission)
            return previewed(submission, submission.rater(), counters, known, self._clock())

    def published(self) -> list[Published]:
        """See `Ledger.published`."""
        rows = list(self._readers.select(reading.PUBLISHED, {}))
        if self._position is None:
            self._position = max((row["position"] for row in rows), default=0)
        return [reading.published_of(row) for row in rows]

    def find(self, query: Query, size: int, after: str = "") -> tuple[list[Record], str]:
        """See `Ledger.find`."""
        return reading.find(self._readers.select, query, size, after)

    def refused(self, ruleset: str, size: int, after: int = 0) -> list[Refused]:
        """See `Ledger.refused`."""
        return reading.refused(self._readers.select, ruleset, size, after)

    def usage(self, ruleset: str, subject: str, first_day: int, last_day: int) -> list[UsageLine]:
        """See `Ledger.usage`."""
        return reading.usage(self._readers.select, ruleset, subject, first_day, last_day)

    def records(self, after: int = 0) -> Iterator[Record]:
        """See `Ledger.records`."""
        return (reading.record_of(row) for row in self._readers.select(reading.RECORDS, {"after": after}))

    def counters(self) -> Iterator[tuple[str, CounterKey, int]]:
        """See `Ledger.counters`."""
        for row in self._readers.select(reading.COUNTERS, {}):
            yield row["ruleset"], codec.key_of(row["key"]), int(row["value"])

    def chains(self) -> list[Chain]:
        """See `Ledger.chains`."""
        return reading.chains(self._readers.select)

    def verify(self) -> Iterator[str]:
        """See `Ledger.verify`; SQLite's own check of the file comes first."""
        for row in self._readers.select("PRAGMA integrity_check", {}):
            if row["integrity_check"] != "ok":
                yield f"the file is damaged: {row['integrity_check']}"
        with self._readers.snapshot() as connection:
            yield from reading.verify(selecting(connection))

    def stats(self) -> Stats:
        """See `Ledger.stats`."""
        (row,) = self._readers.select(_STATS, {})
        pragmas = {
            name: next(iter(self._readers.connection().execute(f"PRAGMA {name}")))[0]
            for name in (
                "journal_mode",
                "synchronous",
                "page_size",
                "page_count",
                "freelist_count",
                "wal_autocheckpoint",
            )
        }
        log = self._path.with_name(self._path.name + "-wal")
        details: dict[str, str | int] = {
            "place": str(self._path),
            "bytes": self._path.stat().st_size,
            "log_bytes": log.stat().st_size if log.exists() else 0,
            "sqlite": sqlite3.sqlite_version,
            **pragmas,
        }
        return Stats(**row, details=details)

    def backup(self, target: Path) -> None:
        """See `Ledger.backup`."""
        if target.exists():
            raise CantBackUp(f"{target} is there already; a backup never takes the place of a file")
        unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
        try:
            connection = connected(self._path, "rw", self._busy_seconds)
            try:
                connection.execute("VACUUM INTO ?", (str(unfinished),))
            finally:
                connection.close()
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            os.link(unfinished, target)
        except (sqlite3.Error, OSError) as error:
            words = in_words(error) if isinstance(error, sqlite3.Error) else (error.strerror or str(error)).lower()
            raise CantBackUp(f"no backup was made at {target}: {words}") from None
        finally:
            unfinished.unlink(missing_ok=True)

    def close(self) -> None:
        """See `Ledger.close`."""
        with suppress(sqlite3.Error):
            self._writing.close()
        self._opened = False
        self._readers.close()

    def _select_one(self, query: str, parameters: Mapping[str, object]) -> reading.Row | None:
        """The first row, by the writing connection."""
        return next(iter(selecting(self._writing)(query, parameters)), None)


_IN_PLACE = """
SELECT position, ruleset, version, effective, text, sha256, published, used FROM publications
WHERE replaced = 0 AND ruleset = :ruleset AND version = :version
"""
_STATS = """
SELECT (SELECT count(*) FROM entries WHERE voids IS NULL) AS entries,
  (SELECT count(*) FROM entries WHERE voids IS NOT NULL) AS voids,
  (SELECT count(*) FROM refused) AS refused,
  (SELECT count(*) FROM counters) AS counters,
  (SELECT count(*) FROM customers) AS customers,
  (SELECT count(*) FROM publications WHERE replaced = 0) AS versions,
  (SELECT count(*) FROM writers) AS chains
"""
