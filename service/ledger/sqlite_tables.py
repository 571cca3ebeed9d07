"""The statements of a ledger in SQLite, on one connection: looking up, adding rows, and making the tables."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

from service.ledger import codec
from service.ledger.interface import CantOpen
from service.ledger.migrations import migrations, outstanding
from service.ledger.rows import Chained, CounterRow, EntryRow, Known, RefusedRow, Rows, UsageRow

LARGE, MOST_AT_ONCE = 250, 64
"""Rows that one statement inserts: so many at a time of a large group; a small one at once. Every number of rows is a
statement of its own, which the connection keeps prepared (`STATEMENTS`)."""
STATEMENTS = 512
_CONTENT, _CHAIN, _VOIDS = map(EntryRow._fields.index, ("content", "chain", "voids"))
_KNOWN = """
SELECT e.event_id, e.sequence, e.customer, c.subject, e.day, e.time, e.type, e.data, e.version, e.currency, e.outcome,
  e.interactions, e.answer, e.recorded, e.content
FROM entries e JOIN customers c ON c.id = e.customer
WHERE e.stream = ? AND e.voids IS NULL AND e.event_id
"""
_KNOWN_ONE = _KNOWN + "= ?"
_KNOWN_ALL = _KNOWN + "IN (SELECT value FROM json_each(?))"


class SqliteTables:
    """The statements of `service.ledger.sql.Tables`, on one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute
        self.last_sequence: int | None = None
        self._given = 0

    def begin(self, fresh: bool) -> None:
        """Starts on a transaction; `fresh` where another connection may have written."""
        if fresh or self.last_sequence is None:
            self.last_sequence = self._execute("SELECT coalesce(max(sequence), 0) FROM entries").fetchone()[0]
        self._given = self.last_sequence or 0

    def stream(self, ruleset: str, source: str, make: bool) -> int | None:
        """See `Tables.stream`."""
        return self._number_of("streams", "source", ruleset, source, make)

    def customer(self, ruleset: str, subject: str) -> int:
        """See `Tables.customer`."""
        number = self._number_of("customers", "subject", ruleset, subject, True)
        assert number is not None
        return number

    def _number_of(self, table: str, column: str, ruleset: str, name: str, make: bool) -> int | None:
        found = self._execute(f"SELECT id FROM {table} WHERE ruleset = ? AND {column} = ?", (ruleset, name)).fetchone()
        if found is None and make:
            made = self._execute(f"INSERT INTO {table} (ruleset, {column}) VALUES (?, ?)", (ruleset, name))
            return int(made.lastrowid)
        return None if found is None else int(found[0])

    def known(self, stream: int, ids: Sequence[str]) -> dict[str, Known]:
        """See `Tables.known`."""
        if len(ids) == 1:
            rows = self._execute(_KNOWN_ONE, (stream, ids[0]))
        else:
            rows = self._execute(_KNOWN_ALL, (stream, f"[{','.join(map(codec.quoted, ids))}]"))
        return {row[0]: Known(*row[1:]) for row in rows}

    def void_of(self, sequence: int) -> tuple[str, int] | None:
        """See `Tables.void_of`."""
        found: tuple[str, int] | None = self._execute(
            "SELECT answer, recorded FROM entries WHERE voids = ?", (sequence,)
        ).fetchone()
        return found

    def counter(self, ruleset: str, key: str) -> tuple[int, int] | None:
        """See `Tables.counter`."""
        found = self._execute(
            "SELECT value, version FROM counters WHERE ruleset = ? AND key = ?", (ruleset, key)
        ).fetchone()
        return None if found is None else (int(found[0]), found[1])

    def usage(self, customer: int, day: int, interaction: str, noun: str) -> tuple[int, int, int] | None:
        """See `Tables.usage`."""
        found = self._execute(
            "SELECT events, units, price FROM usage WHERE day = ? AND customer = ? AND interaction = ? AND noun = ?",
            (day, customer, interaction, noun),
        ).fetchone()
        return None if found is None else (found[0], int(found[1]), int(found[2]))

    def next_sequences(self, count: int) -> Sequence[int]:
        """See `Tables.next_sequences`."""
        first = self._given + 1
        self._given += count
        return range(first, first + count)

    def write(self, rows: Rows, chained: Chained) -> None:
        """See `Tables.write`."""
        if rows.entries:
            self._insert_entries(rows.entries)
            self.last_sequence = rows.entries[-1].sequence
            self._execute(
                "UPDATE writers SET rows = ?, chain = ? WHERE id = ?", (chained.rows, chained.head, chained.writer)
            )
        if rows.counters:
            self._insert_many("counters", CounterRow._fields, rows.counters, "OR REPLACE ")
        if rows.usage:
            self._insert_many("usage", UsageRow._fields, rows.usage, "OR REPLACE ")
        if rows.refused:
            self._insert_many("refused", RefusedRow._fields, rows.refused)
        for ruleset, version in rows.used:
            self._execute("INSERT OR IGNORE INTO used_versions VALUES (?, ?)", (ruleset, version))
            self._execute(
                "UPDATE publications SET used = 1 WHERE ruleset = ? AND version = ? AND replaced = 0",
                (ruleset, version),
            )

    def _insert_entries(self, rows: Sequence[EntryRow]) -> None:
        columns: Sequence[str] = EntryRow._fields
        width = len(columns)
        values: list[object] = list(chain.from_iterable(rows))
        # The driver asks around how to adapt each NULL and each `bytes`, which takes longer than all else about them. A
        # `bytearray` it knows, and a column that is not named is NULL.
        for column in (_CONTENT, _CHAIN):
            values[column::width] = map(bytearray, values[column::width])  # type: ignore[arg-type]  # they are bytes
        if not any(values[_VOIDS::width]):
            del values[_VOIDS::width]
            columns = columns[:_VOIDS]
        self._insert_values("entries", columns, values)

    def _insert_many(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], how: str = "") -> None:
        self._insert_values(table, columns, list(chain.from_iterable(rows)), how)

    def _insert_values(self, table: str, columns: Sequence[str], values: list[object], how: str = "") -> None:
        """Inserts rows, many a statement: between statements another thread may run, and make this one wait."""
        width = len(columns)
        start, count = 0, len(values) // width
        while start < count:
            left = count - start
            size = left if left <= MOST_AT_ONCE else LARGE if left >= LARGE else MOST_AT_ONCE
            end = start + size
            some = values if size == count else values[start * width : end * width]
            self._execute(_insert(table, columns, size, how), some)
            start = end


@cache
def _insert(table: str, columns: Sequence[str], rows: int, how: str) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT {how}INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"


def migrate(connection: Any, place: str, is_complete: Callable[[str], bool]) -> None:
    """Takes the steps that the file still needs, all or none. Raises CantOpen.

    `is_complete` tells whether a text ends a statement.
    """
    known = migrations("sqlite")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and "migrations" not in tables:
        raise CantOpen(f"{place} is an SQLite database and not a ledger; nothing was changed")
    applied: dict[int, str] = {}
    if tables:
        applied = dict(connection.execute("SELECT number, sha256 FROM migrations"))
        if not outstanding(known, applied, place):
            return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations "
            "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT"
        )
        # Another process may have taken them while this one waited.
        applied = dict(connection.execute("SELECT number, sha256 FROM migrations"))
        for step in outstanding(known, applied, place):
            for statement in _statements(step.text, is_complete):
                connection.execute(statement)
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", (step.number, step.name, step.sha256))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str, is_complete: Callable[[str], bool]) -> Iterator[str]:
    """A script's statements, one by one: run as a script they would commit by themselves."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if is_complete(statement):
            yield statement
            statement = ""
