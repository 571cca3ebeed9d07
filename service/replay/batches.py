"""Rows on their way into prepared events: typed batches, and what was no event, with its place."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import compute

from dsl.event import Event
from dsl.to_sql import Column, stretch_of
from service.replay.prepared import schema_of
from service.replay.quick_rows import QuickRows
from service.replay.rows import FIXED, Row, Rows

MOST_PLACES = 100
"""Places of broken rows that are kept; all of them are counted."""
_MOST_ROWS = 8192
_MOST_BYTES = 16 * 2**20
_TIME = FIXED.index("time_us")
_NEVER_PLAIN = ("misfits", "raw")
"""Columns in which nothing stands of events that there is nothing odd about."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that is no event: its file, its number in it from 1 (0: the whole file), and why in one sentence.

    The number is that of the line in JSON lines and in CSV (where a row of several lines begins). `rows` is how many
    rows it stands for: more than one where a part of a file can't be read, 0 where nobody can tell.
    """

    file: str
    row: int
    reason: str
    rows: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.reason}" if self.row else f"{self.file}: {self.reason}"


@dataclass(slots=True)
class Batch:
    """Some rows of a file: `table` holds the events, their sequence from 0; `broken` the first broken places.

    `skipped` counts rows that are no events, `places` their places, `unread` files or parts of unknown length;
    `lines` all lines that were read.
    """

    table: pa.RecordBatch
    stretches: frozenset[int]
    broken: list[Broken]
    skipped: int = 0
    places: int = 0
    unread: int = 0
    blank: int = 0
    lines: int = 0


class Builder:
    """Gathers rows until `event` says that it is full; `take` then gives them as a batch and begins the next.

    `places`, `blank` and `lines` are those of the batch so far, as in `Batch`.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._rows = Rows(columns)
        self._quick = QuickRows(columns)
        self._schema = schema_of(columns)
        self._behind = pa.schema(list(self._schema)[1:])
        self._instants = [_TIME] + [
            place for place, column in enumerate(columns, start=len(FIXED)) if column.storage == "timestamp"
        ]
        self._begin()

    def _begin(self) -> None:
        self._waiting: list[Row] = []
        self._plain = True
        self._parts: list[pa.RecordBatch] = []
        self._count = self._bytes = 0
        self._stretches: set[int] = set()
        self._broken: list[Broken] = []
        self._skipped = self.places = self._unread = 0
        self.blank = 0
        self.lines = 0

    def event(self, event: Event, size: int) -> bool:
        """Add an event whose row has about `size` bytes; whether the batch is full with it."""
        self._plain = False
        return self._add(self._rows.row(len(self._waiting), event), size)

    def line(self, line: bytes) -> bool | None:
        """Add the event of a line if there is nothing odd about it: whether the batch is full with it, None where it
        was not added and is to be looked at closely."""
        row = self._quick.row(len(self._waiting), line)
        return None if row is None else self._add(row, len(line))

    def table(self, columns: Sequence[pa.Array]) -> bool:
        """Add events as columns, those of the schema behind the sequence; whether the batch is full with them."""
        self._gather()
        part = pa.RecordBatch.from_arrays(list(columns), schema=self._behind)
        self._stretches |= _stretches_of(part.column(_TIME - 1))
        self._count += part.num_rows
        self._bytes += part.nbytes
        self._parts.append(part)
        return self._is_full()

    def _add(self, row: Row, size: int) -> bool:
        self._waiting.append(row)
        self._count += 1
        self._bytes += size
        return self._is_full()

    def _is_full(self) -> bool:
        return self._count >= _MOST_ROWS or self._bytes >= _MOST_BYTES

    def broken(self, broken: Broken) -> None:
        """Add a row that is no event."""
        if len(self._broken) < MOST_PLACES:
            self._broken.append(broken)
        self.places += 1
        self._skipped += broken.rows
        self._unread += not broken.rows

    def take(self) -> Batch:
        """What was gathered."""
        if self._waiting or not self._parts:
            self._gather()
        whole = self._parts[0] if len(self._parts) == 1 else pa.concat_batches(self._parts)
        table = pa.RecordBatch.from_arrays([pa.arange(0, self._count), *whole.columns], schema=self._schema)
        stretches = frozenset(self._stretches)
        batch = Batch(table, stretches, self._broken, self._skipped, self.places, self._unread, self.blank, self.lines)
        self._begin()
        return batch

    def _gather(self) -> None:
        rows = self._waiting
        if not rows and self._parts:
            return
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self._schema)
        for place in self._instants:
            self._stretches |= _stretches(columns[place])
        arrays = []
        for column, field in zip(columns[1:], self._behind, strict=True):
            empty = self._plain and field.name in _NEVER_PLAIN
            arrays.append(pa.nulls(len(rows), field.type) if empty else pa.array(column, field.type))
        self._parts.append(pa.RecordBatch.from_arrays(arrays, schema=self._behind))
        self._waiting, self._plain = [], True


def _stretches(instants: Sequence[object]) -> set[int]:
    """The stretches of some instants and None; mostly it is one, which the first and the last of them tell."""
    known = [instant for instant in instants if isinstance(instant, int)]
    if not known:
        return set()
    low, high = stretch_of(min(known)), stretch_of(max(known))
    return {low} if low == high else set(map(stretch_of, known))


def _stretches_of(instants: pa.Array) -> set[int]:
    ends = compute.min_max(instants)
    low, high = stretch_of(ends["min"].as_py()), stretch_of(ends["max"].as_py())
    return {low} if low == high else _stretches(instants.to_pylist())
