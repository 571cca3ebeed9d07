"""A ledger in PostgreSQL, which several servers may write to at once.

Events of one customer are rated and recorded under the lock of the customer's row; those of others go on side by side.
Each handle writes a chain of its own. One connection writes, from one thread at a time; each read takes a connection of
its own.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace as with_changes
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from dsl.evaluation import CounterKey
from service.errors import LedgerUnavailable, NotRecorded, VersionTaken
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
from service.ledger.postgres import schema
from service.ledger.postgres.connection import (
    CONFLICTS,
    UNAVAILABLE,
    Connection,
    Limits,
    Silence,
    connect,
    in_words,
    place_of,
    without_secrets,
)
from service.ledger.postgres.tables import Overtaken, PostgresTables, Wanted, wanted
from service.ledger.sql import Book, BookCounters, is_key, previewed
from service.times import as_text

MOST_ATTEMPTS = 6
"""How often a transaction is repeated where another writer was there first."""
PAUSE_SECONDS = 0.005
ROWS_AT_A_TIME = 1_000
"""Rows that a long read fetches together."""
T = TypeVar("T")
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")
_NAMES = count(1)
"""Numbers for cursors' names, of which a connection may have each only once."""


class PostgresLedger:
    """A ledger in the database at `url`, `postgresql://…`; its tables are made where there are none.

    `clock` gives now as an instant. Raises CantOpen where the database can't be reached or used.
    """

    def __init__(self, url: str, clock: Callable[[], int], limits: Limits | None = None) -> None:
        self._url = url
        self._clock = clock
        self._limits = limits or Limits()
        self._reacts: list[Callable[[Sequence[Published]], None]] = []
        self._revision: int | None = None
        self._writer = 0
        self._committing = False
        self._writing: Connection | None = None
        self._idle: list[Connection] = []
        self._closed = False
        self._lock = threading.Lock()
        place = place_of(url)
        try:
            connection = connect(url, self._limits)
        except psycopg.Error as error:
            raise CantOpen(f"{place} can't be opened: {_said(error, url)}") from None
        with ExitStack() as on_failure:
            on_failure.callback(connection.close)
            try:
                schema.migrate(connection, place)
            except psycopg.Error as error:
                raise CantOpen(f"{place} can't be opened as a ledger: {_said(error, url)}") from None
            on_failure.pop_all()
        self._idle.append(connection)

    # ── writing ─────────────────────────────────────────────────────────────

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """See `Ledger.record`."""
        return self._transaction(wanted(group), lambda book: book.add(group))

    def void(self, ruleset: str, source: str, event_id: str, reason: str, reprice: Reprice) -> Void:
        """See `Ledger.void`."""
        subject = self._subject_of(ruleset, source, event_id)
        touched = Wanted([(ruleset, subject)], [(ruleset, source, event_id)])
        return self._transaction(
            touched, lambda book: book.void(ruleset, source, event_id, reason, reprice), eager=True
        )

    def _subject_of(self, ruleset: str, source: str, event_id: str) -> str:
        """Whose event it is; that never changes. Raises NotRecorded."""
        parameters = {"ruleset": ruleset, "source": source, "event_id": event_id}
        if not (is_key(source) and is_key(event_id)):
            raise NotRecorded(ruleset)
        rows = self._select(_SUBJECT, parameters)
        if not rows:
            raise NotRecorded(ruleset)
        return str(rows[0]["subject"])

    def _transaction(self, touched: Wanted, work: Callable[[Book], T], eager: bool = False) -> T:
        """Does the work in a transaction; then all of it is kept. Raises as `_repeated`."""
        return self._repeated(lambda: self._attempt(touched, work, eager))

    def _repeated(self, attempt: Callable[[], T]) -> T:
        """Attempts a transaction, again where another writer was there first.

        Raises LedgerUnavailable, with nothing kept, or in doubt where the connection broke in the commit.
        """
        for number in range(1, MOST_ATTEMPTS + 1):
            used_before = self._writing is not None
            self._committing = done = False
            try:
                result = attempt()
                done = True
                return result
            except (*CONFLICTS, Overtaken) as error:
                self._undo()
                if not isinstance(error, Overtaken):
                    time.sleep(PAUSE_SECONDS * number)
            except UNAVAILABLE as error:
                lost = self._writing is None or self._writing.closed
                in_doubt = lost and self._committing
                self._let_go()
                # A connection that broke while it lay idle says nothing about the database as it is now.
                if in_doubt or not lost or not used_before or isinstance(error, Silence):
                    raise LedgerUnavailable(in_words(error), in_doubt=in_doubt) from None
            finally:
                if not done:
                    self._undo()
        raise LedgerUnavailable("other writers were in the way each time")

    def _attempt(self, touched: Wanted, work: Callable[[Book], T], eager: bool) -> T:
        connection = self._open_writing()
        tables, book = self._tables, self._book
        tables.eager = eager
        chained = tables.begin(touched)
        self._catch_up(connection, tables.revision)
        while True:
            book.begin(chained)
            book.forget()
            tables.again()
            done = work(book)
            if tables.complete():
                break
        with connection.pipeline() as pipeline:
            book.write()
            if not tables.writes:
                # Nothing is new: what was answered is kept already, and the disk need not be waited for.
                connection.execute("SET LOCAL synchronous_commit = off", prepare=True)
            self._committing = tables.writes
            connection.execute("COMMIT", prepare=True)
            pipeline.sync()
        tables.committed()
        book.committed()
        return done

    def _catch_up(self, connection: Connection, revision: int) -> None:
        """Hands on versions that others published since the last transaction."""
        if revision != (self._revision or 0) and self._reacts:
            published = reading.published(_selecting(connection))
            for react in self._reacts:
                react(published)
        self._revision = revision

    def publish(self, version: Published, replace: bool = False, beside: Collection[str] | None = None) -> Published:
        """See `Ledger.publish`."""
        return self._repeated(lambda: self._attempt_to_publish(version, replace, beside))

    def _attempt_to_publish(self, version: Published, replaces: bool, beside: Collection[str] | None) -> Published:
        connection = self._open_writing()
        with connection.transaction():
            ((revision,),) = connection.execute("SELECT revision FROM ledger FOR UPDATE").fetchall()
            check_beside(version, reading.published(_selecting(connection)), beside)
            kept, is_new = self._publish(connection, version, replaces, revision + 1)
            self._committing = True
        if is_new and (self._revision or 0) == revision:
            self._revision = revision + 1
        return kept

    def _publish(
        self, connection: Connection, version: Published, replaces: bool, position: int
    ) -> tuple[Published, bool]:
        """The version as it is kept, and whether it is so from now on: at a position, unless the same was before."""
        parameters = {"ruleset": version.ruleset, "version": version.version}
        for row in _selecting(connection)(_IN_PLACE, parameters):
            kept = reading.published_of(row)
            if kept.sha256 == version.sha256:
                return kept, False
            if kept.used or not replaces:
                raise VersionTaken(kept.ruleset, kept.version, as_text(kept.published), kept.used)
            connection.execute("UPDATE publications SET replaced = 1 WHERE position = %s", (row["position"],))
        priced = connection.execute(
            "SELECT 1 FROM used_versions WHERE ruleset = %s AND version = %s", (version.ruleset, version.version)
        )
        new = with_changes(version, used=priced.fetchone() is not None)
        connection.execute(
            "INSERT INTO publications (position, ruleset, version, effective, text, sha256, published, used) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (position, new.ruleset, new.version, new.effective, new.text, new.sha256, new.published, int(new.used)),
        )
        connection.execute("UPDATE ledger SET revision = %s", (position,))
        return new, True

    def on_publication(self, react: Callable[[Sequence[Published]], None]) -> None:
        """See `Ledger.on_publication`."""
        self._reacts.append(react)

    # ── the connection that writes ──────────────────────────────────────────

    def _open_writing(self) -> Connection:
        """The writing connection, opened where there is none; a handle's first one begins the handle's chain."""
        if self._writing is None:
            connection = self._connect(writes=True)
            with ExitStack() as on_failure:
                on_failure.callback(connection.close)
                if not self._writer:
                    self._writer = self._begin_chain(connection)
                on_failure.pop_all()
            self._tables = PostgresTables(connection, self._writer)
            self._book = Book(self._tables, self._clock)
            self._writing = connection
        return self._writing

    def _begin_chain(self, connection: Connection) -> int:
        with connection.transaction():
            began = connection.execute(
                "INSERT INTO writers (began, rows, chain) VALUES (%s, 0, '') RETURNING id", (self._clock(),)
            )
            ((writer,),) = began.fetchall()
            genesis = chain.genesis(writer)
            connection.execute("UPDATE writers SET chain = %s WHERE id = %s", (genesis, writer))
        return int(writer)

    def _connect(self, writes: bool = False) -> Connection:
        if self._closed:
            raise LedgerUnavailable("it is closed")
        try:
            return connect(self._url, self._limits, writes)
        except CantOpen as error:
            raise LedgerUnavailable(str(error)) from None

    def _undo(self) -> None:
        """Takes back whatever a transaction did, after a failure that left the connection in use."""
        if self._writing is None:
            return
        self._tables.forget()
        self._book.forget()
        try:
            if self._writing.info.transaction_status != TransactionStatus.IDLE:
                self._writing.execute("ROLLBACK")
        except psycopg.Error:
            self._let_go()

    def _let_go(self) -> None:
        """Closes the writing connection, so that the next transaction starts afresh."""
        if self._writing is not None:
            with suppress(psycopg.Error):
                self._writing.close()
        self._writing = None

    # ── reading ─────────────────────────────────────────────────────────────

    def preview(self, submission: Submission) -> list[Answer]:
        """See `Ledger.preview`."""
        touched = wanted((submission,))
        with self._snapshot() as connection:
            tables = PostgresTables(connection)
            tables.look_up(touched)
            known = Book(tables, self._clock).known_keys(submission)
            while True:
                counters = BookCounters(submission.ruleset, tables, codec.KeyTexts())
                answers = previewed(submission, submission.rater(), counters, known, self._clock())
                if tables.complete():
                    return answers

    def published(self) -> list[Published]:
        """See `Ledger.published`."""
        rows = self._select(reading.PUBLISHED, {})
        if self._revision is None:
            self._revision = max((row["position"] for row in rows), default=0)
        return [reading.published_of(row) for row in rows]

    def find(self, query: Query, size: int, after: str = "") -> tuple[list[Record], str]:
        """See `Ledger.find`."""
        return reading.find(self._select, query, size, after)

    def refused(self, ruleset: str, size: int, after: int = 0) -> list[Refused]:
        """See `Ledger.refused`."""

        def select(query: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
            return [{**row, "reason": json.loads(row["reason"])} for row in self._select(query, parameters)]

        return reading.refused(select, ruleset, size, after)

    def usage(self, ruleset: str, subject: str, first_day: int, last_day: int) -> list[UsageLine]:
        """See `Ledger.usage`."""
        return reading.usage(self._select, ruleset, subject, first_day, last_day)

    def records(self, after: int = 0) -> Iterator[Record]:
        """See `Ledger.records`."""
        with self._snapshot(patient=True) as connection:
            for row in _streaming(connection)(reading.RECORDS, {"after": after}):
                yield reading.record_of(row)

    def counters(self) -> Iterator[tuple[str, CounterKey, int]]:
        """See `Ledger.counters`."""
        with self._snapshot(patient=True) as connection:
            for row in _streaming(connection)(reading.COUNTERS, {}):
                yield row["ruleset"], codec.key_of(row["key"]), int(row["value"])

    def chains(self) -> list[Chain]:
        """See `Ledger.chains`."""
        return reading.chains(self._select)

    def verify(self) -> Iterator[str]:
        """See `Ledger.verify`."""
        with self._snapshot(patient=True) as connection:
            yield from reading.verify(_streaming(connection))

    def stats(self) -> Stats:
        """See `Ledger.stats`."""
        with self._snapshot(patient=True) as connection:
            (row,) = _selecting(connection)(_STATS, {})
            (details,) = _selecting(connection)(_DETAILS, {})
        return Stats(**row, details=details)

    def backup(self, target: Path) -> None:
        """See `Ledger.backup`; PostgreSQL has its own means."""
        raise CantBackUp(
            "a ledger in PostgreSQL is backed up by PostgreSQL's own means, while it is in use: "
            f"`pg_dump --format=custom --file={target} postgresql://…`"
        )

    def close(self) -> None:
        """See `Ledger.close`."""
        self._closed = True
        self._let_go()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            with suppress(psycopg.Error):
                connection.close()

    def _select(self, query: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        # Nothing is kept under a text that PostgreSQL can't keep; nor can it be asked for.
        if any(isinstance(value, str) and value and not _askable(value) for value in parameters.values()):
            return []
        with self._snapshot() as connection:
            return _selecting(connection)(query, parameters)

    @contextmanager
    def _snapshot(self, patient: bool = False) -> Iterator[Connection]:
        """A connection that sees one state until it is left, and changes nothing; `patient` for what may take hours."""
        connection = None
        try:
            connection = self._begin_reading()
            if patient:
                connection.silence = None
                connection.execute("SET LOCAL statement_timeout = 0")
                connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection
            # Nothing was changed; after a rollback psycopg would forget what it has prepared.
            connection.execute("COMMIT")
            connection.silence = self._limits.silence
        except UNAVAILABLE as error:
            raise LedgerUnavailable(in_words(error)) from None
        finally:
            if connection is not None:
                self._give_back(connection)

    def _begin_reading(self) -> Connection:
        """A connection that lay idle, if it still answers, or else a new one."""
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = self._connect()
                connection.execute(begin)
                return connection
            try:
                connection.execute(begin)
            except Silence:
                raise
            except psycopg.Error:
                # It broke while it lay idle, which says nothing about the database as it is now.
                connection.close()
            else:
                return connection

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if not self._closed and connection.info.transaction_status == TransactionStatus.IDLE:
                self._idle.append(connection)
                return
        with suppress(psycopg.Error):
            connection.close()


_SUBJECT = """
SELECT c.subject FROM streams s
JOIN entries e ON e.stream = s.id AND e.event_id = :event_id AND e.voids IS NULL
JOIN customers c ON c.id = e.customer
WHERE s.ruleset = :ruleset AND s.source = :source
"""
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
_DETAILS = """
SELECT current_database() AS database, pg_database_size(current_database()) AS bytes,
  pg_total_relation_size('entries') AS entries_bytes, pg_total_relation_size('counters') AS counters_bytes,
  current_setting('server_version') AS server, current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('synchronous_standby_names') AS synchronous_standby_names
"""


def _translated(query: str) -> bytes:
    """A query whose parameters are written `:name`, as psycopg writes them."""
    return _PARAMETER.sub(r"%(\1)s", query).encode()


def _selecting(connection: Connection) -> Callable[[str, Mapping[str, object]], list[dict[str, Any]]]:
    """Runs queries whose rows are fetched at once."""

    def select(query: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(_translated(query), parameters).fetchall()

    return select


def _streaming(connection: Connection) -> reading.Select:
    """Runs queries whose rows come some at a time, however many there are."""

    def select(query: str, parameters: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        with connection.cursor(name=f"rows_{next(_NAMES)}", row_factory=dict_row) as cursor:
            cursor.itersize = ROWS_AT_A_TIME
            yield from cursor.execute(_translated(query), parameters)

    return select


def _askable(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text))


def _said(error: psycopg.Error, url: str) -> str:
    """What the server or libpq says, in one line and without passwords: for whoever starts the program."""
    lines = [line.strip() for line in without_secrets(str(error), url).splitlines() if line.strip()]
    return "; ".join(lines) or in_words(error)
