"""A ledger's history: its events prepared in recorded order, and what it recorded of them as a side of its own."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dsl import evaluation
from dsl.to_sql import Column, Outcome
from service.ledger.interface import Entry, Ledger
from service.registry import Versions
from service.replay.duckdb import Settings, find_repeats
from service.replay.prepared import Prepared, Writer, write_manifest
from service.replay.python import Reckoned
from service.replay.sides import DATABASE, Side, Tables, pairs_of

RECORDED = "the ledger"
_AT_ONCE = 50_000
_OUTCOMES = {
    evaluation.Outcome.COUNTED: Outcome.COUNTED,
    evaluation.Outcome.NOT_COUNTED: Outcome.NOT_COUNTED,
    evaluation.Outcome.LIMITED: Outcome.LIMITED,
    evaluation.Outcome.UNKNOWN_EVENT: Outcome.UNKNOWN_EVENT,
}


@dataclass(frozen=True)
class History:
    """Recorded events, prepared, and the side that says what was recorded. `voids` of them were taken back: they are
    priced as if they had not been."""

    prepared: Prepared
    side: Side
    voids: int


def from_ledger(
    ledger: Ledger,
    published: Versions,
    folder: Path,
    columns: tuple[Column, ...],
    settings: Settings,
    progress: Callable[[int], None] = lambda rows: None,
) -> History:
    """The history of one ruleset, whose published versions are given, in two new folders within `folder`.

    Raises LedgerUnavailable.
    """
    events, prices, work = folder / "recorded-events", folder / "recorded-prices", folder / "recorded-work"
    for one in (events, prices, work):
        one.mkdir(parents=True)
    side = Side(RECORDED, published, database=prices / DATABASE, recorded=True)
    tables = Tables(prices, settings, pairs_of(side.rules))
    writer = Writer(events / "events-00000.parquet", columns)
    try:
        voids = _copy(ledger, published.name, writer, tables, progress)
    finally:
        writer.close()
        tables.database.close()
    prepared = Prepared(events, columns, writer.rows, frozenset(writer.stretches), 0)
    prepared = replace(prepared, repeats=find_repeats(prepared, work, settings))
    shutil.rmtree(work)
    write_manifest(prepared)
    return History(prepared, side, voids)


def _copy(ledger: Ledger, name: str, writer: Writer, tables: Tables, progress: Callable[[int], None]) -> int:
    """Every entry of a ruleset, as an event and as what was recorded of it; how many voids there are."""
    voids, waiting = 0, []
    for record in ledger.records():
        entry = record.row
        if not isinstance(entry, Entry):
            voids += entry.entry.ruleset == name
            continue
        if entry.ruleset != name:
            continue
        answer = entry.evaluation
        waiting.append(Reckoned(writer.rows, _OUTCOMES[answer.outcome], entry.version, answer))
        writer.add(writer.rows, entry.event)
        if len(waiting) == _AT_ONCE:
            tables.add(waiting)
            waiting = []
            progress(writer.rows)
    tables.add(waiting)
    return voids
