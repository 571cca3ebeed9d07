"""A ledger's history: its events prepared in recorded order, and what it recorded of them as a side of its own.

A void is a row of its own, in its place. So is an event that was refused, since other rules may take it: it stands
where the instant of its recording puts it among the others. Two kinds of refused events are left out. One whose id was
recorded later is the same thing that happened, sent again or put right, and counts once. One that came more than 24
hours ahead of its time was refused by the clock, whatever the rules.
"""

import shutil
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from dsl import evaluation
from dsl.acceptance import is_built_in
from dsl.to_sql import Column, Outcome
from service.ledger.interface import Entry, Ledger, Record, Refused
from service.registry import Versions
from service.replay.duckdb import Settings, connect, find_repeats
from service.replay.interrupting import interruptible
from service.replay.prepare import CantPrepare
from service.replay.prepared import Prepared, Writer, write_manifest
from service.replay.python import Reckoned, taken_back
from service.replay.reckoning import AT_ONCE, Tables, parquet_at
from service.replay.sides import DATABASE, Side, make_tables

RECORDED = "the ledger"
_OUTCOMES = {
    evaluation.Outcome.COUNTED: Outcome.COUNTED,
    evaluation.Outcome.NOT_COUNTED: Outcome.NOT_COUNTED,
    evaluation.Outcome.LIMITED: Outcome.LIMITED,
    evaluation.Outcome.UNKNOWN_EVENT: Outcome.UNKNOWN_EVENT,
}
_AHEAD, _NOT_IN_FORCE = "time-in-future", "no-version-in-force"
"""Violations that tell why an event was refused."""
_PAGE = 1000


@dataclass(frozen=True)
class History:
    """Recorded events, prepared, and the side that says what was recorded.

    `refused` of the events were refused, `recorded_later` and `ahead` such events are left out.
    """

    prepared: Prepared
    side: Side
    refused: int = 0
    recorded_later: int = 0
    ahead: int = 0


def from_ledger(
    ledger: Ledger,
    published: Versions,
    folder: Path,
    columns: tuple[Column, ...],
    settings: Settings,
    progress: Callable[[int], None] = lambda rows: None,
) -> History:
    """The history of one ruleset, whose published versions are given, in two new folders within `folder`.

    Raises LedgerUnavailable, and CantPrepare where a version was published meanwhile.
    """
    events, prices, work = folder / "recorded-events", folder / "recorded-prices", folder / "recorded-work"
    for one in (events, prices, work):
        one.mkdir(parents=True)
    side = Side(RECORDED, published, database=prices / DATABASE, recorded=True)
    database = connect(prices, settings)
    try:
        with interruptible(database):
            tables = make_tables(database, side.rules)
            empty = Prepared(events, columns, 0, frozenset(), 0)
            prepared, refused = _copied(ledger, published, empty, work, tables, settings, progress)
    finally:
        database.close()
    prepared = replace(prepared, repeats=find_repeats(prepared, work, settings))
    shutil.rmtree(work)
    write_manifest(prepared)
    return History(prepared, side, refused.kept, refused.recorded_later, refused.ahead)


# ── refused events ──────────────────────────────────────────────────────────


@dataclass
class _AllRefused:
    """The refused events of one ruleset: read twice, since which of them were recorded later is known at the end."""

    ledger: Ledger
    ruleset: str
    keys: Path
    instants: "array[int]" = field(default_factory=lambda: array("q"))
    places: "array[int]" = field(default_factory=lambda: array("q"))
    kept: int = 0
    recorded_later: int = 0
    ahead: int = 0

    def read_keys(self) -> None:
        """Write every key to a file, with its number from 0, and note the instants."""
        schema = pa.schema([("number", pa.int64()), ("source", pa.string()), ("id", pa.string())])
        refused = enumerate(self._all())
        with parquet.ParquetWriter(self.keys, schema) as out:
            while some := list(islice(refused, AT_ONCE)):
                self.instants.extend(one.recorded for _, one in some)
                rows = [
                    {"number": number, "source": _text(one.event.source), "id": _text(one.event.id)}
                    for number, one in some
                ]
                out.write_table(pa.Table.from_pylist(rows, schema=schema))

    def _all(self) -> Iterator[Refused]:
        last = 0
        while page := self.ledger.refused(self.ruleset, _PAGE, last):
            yield from page
            last = page[-1].sequence

    def recorded_before(self, instant: int) -> bool:
        """Whether the next one that has no place yet was recorded before an instant."""
        return len(self.places) < len(self.instants) and self.instants[len(self.places)] < instant

    def write(self, writer: Writer, tables: Tables, recorded_later: set[int]) -> None:
        """Write all in their places, but those to be left out."""
        waiting: list[Reckoned] = []
        for number, one in enumerate(islice(self._all(), len(self.places))):
            violations = {violation.id for violation in one.violations}
            if number in recorded_later:
                self.recorded_later += 1
            elif _AHEAD in violations:
                self.ahead += 1
            else:
                unknown = Outcome.NOT_IN_FORCE if _NOT_IN_FORCE in violations else Outcome.UNKNOWN_EVENT
                outcome = Outcome.REFUSED if violations - {_NOT_IN_FORCE} else unknown
                writer.add(self.places[number], one.event)
                waiting.append(Reckoned(self.places[number], outcome))
                self.kept += 1
            if len(waiting) == AT_ONCE:
                tables.add(waiting)
                waiting = []
        tables.add(waiting)


def _text(value: object) -> str | None:
    """A part of a key as it could have been recorded; None for what no recorded event has there."""
    return str(value) if is_built_in(value) else None


# ── everything ──────────────────────────────────────────────────────────────


class _Copy:
    """Every entry and void of a ruleset, as an event or a void and as what was recorded of it."""

    def __init__(self, writer: Writer, tables: Tables, refused: _AllRefused, published: Versions) -> None:
        self.events: array[int] = array("q")
        self.voids: array[int] = array("q")
        self._writer, self._tables, self._refused = writer, tables, refused
        self._published = published.name
        self._versions = frozenset(one.ruleset.version for one in published.by_number())
        self._next = 0
        self._waiting: list[Reckoned] = []
        self._taken_back: dict[tuple[object, object], int] = {}

    def add(self, record: Record) -> None:
        """The next row of the ledger; raises CantPrepare where its version is none of those that were published."""
        row = record.row
        version = row.version if isinstance(row, Entry) else row.entry.version
        if version not in self._versions:
            raise CantPrepare(
                f"version {version} of {self._published} was published while the ledger was read; run the command again"
            )
        while self._refused.recorded_before(row.recorded):
            self._refused.places.append(self._place())
        place = self._place()
        if isinstance(row, Entry):
            outcome = _OUTCOMES[row.evaluation.outcome]
            self._waiting.append(Reckoned(place, outcome, row.version, row.evaluation))
            self._writer.add(place, row.event)
            if record.voided:
                self._taken_back[row.event.source, row.event.id] = place
        else:
            entry = row.entry
            answer = taken_back(entry.evaluation, row.lines) if row.lines else None
            self._waiting.append(Reckoned(place, Outcome.VOIDED, entry.version, answer))
            self.voids.append(place)
            self.events.append(self._taken_back.pop((entry.event.source, entry.event.id)))
        if len(self._waiting) == AT_ONCE:
            self.flush()

    def _place(self) -> int:
        self._next += 1
        return self._next - 1

    def flush(self) -> None:
        """Write what waits."""
        self._tables.add(self._waiting)
        self._waiting = []

    def end(self) -> None:
        """What was refused after the last row has its places behind it."""
        self.flush()
        self._refused.places.extend(
            self._place() for _ in range(len(self._refused.places), len(self._refused.instants))
        )


def _copied(
    ledger: Ledger,
    published: Versions,
    empty: Prepared,
    work: Path,
    tables: Tables,
    settings: Settings,
    progress: Callable[[int], None],
) -> tuple[Prepared, _AllRefused]:
    """The events of a ruleset, prepared, and what was refused of them."""
    refused = _AllRefused(ledger, published.name, work / "refused.parquet")
    refused.read_keys()
    writers = [Writer(empty.folder / "events-00000.parquet", empty.columns)]
    try:
        copy = _Copy(writers[0], tables, refused, published)
        for record in _of_ruleset(ledger.records(), published.name):
            copy.add(record)
            if writers[0].rows % AT_ONCE == 0:
                progress(writers[0].rows)
        copy.end()
        writers[0].close()
        if refused.places:
            writers.append(Writer(empty.folder / "events-00001.parquet", empty.columns))
            refused.write(writers[1], tables, _recorded_later(refused.keys, writers[0].path, settings))
    finally:
        for writer in writers:
            writer.close()
    voids = pa.table({"seq": pa.array(copy.voids, pa.int64()), "event": pa.array(copy.events, pa.int64())})
    parquet.write_table(voids, empty.taken_back)
    rows = sum(writer.rows for writer in writers)
    stretches = frozenset[int]().union(*(writer.stretches for writer in writers))
    return replace(empty, rows=rows, stretches=stretches, voids=len(copy.voids)), refused


def _of_ruleset(records: Iterable[Record], name: str) -> Iterator[Record]:
    for record in records:
        row = record.row
        if (row if isinstance(row, Entry) else row.entry).ruleset == name:
            yield record


def _recorded_later(keys: Path, events: Path, settings: Settings) -> set[int]:
    """The numbers of refused events whose ids are those of recorded ones."""
    query = f"SELECT number FROM {parquet_at(keys)} AS r SEMI JOIN {parquet_at(events)} AS e USING (source, id)"
    folder = keys.with_suffix("")
    folder.mkdir()
    with connect(folder, settings) as database, interruptible(database):
        return {int(number) for (number,) in database.execute(query).fetchall()}
