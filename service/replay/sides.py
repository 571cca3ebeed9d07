"""One side of a comparison: rules, and what a whole prepared history costs by them, in a database file of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

import duckdb

from dsl.to_sql import Order
from service.rating import rater
from service.registry import Version, Versions
from service.replay.duckdb import Run, Settings, connect
from service.replay.interrupting import interruptible
from service.replay.prepared import Prepared
from service.replay.python import Engine, Reckoned
from service.replay.reckoning import AT_ONCE, Match, Tables, arrivals_query, ordered, reckoned, write_matches

EngineName = Literal["duckdb", "python"]
AnyEngine = Literal["duckdb", "spark", "python"]
Progress = Callable[[int], None]
DATABASE = "replay.duckdb"
"""The file that a run leaves in its folder."""


@dataclass(frozen=True)
class Side:
    """Rules that a history is priced by, under a short name. `version` is the one that prices events of any time; 0:
    each event is priced by the version in force at its own time. `database` is where the prices are, once they are.

    `recorded` tells that the prices are those that a ledger recorded, and `versions` those that the ledger published.
    """

    label: str
    versions: Versions
    version: int = 0
    database: Path | None = None
    recorded: bool = False
    diverted: int = 0

    @property
    def rules(self) -> tuple[Version, ...]:
        """The versions that may price an event."""
        return tuple(one for one in self.versions.by_number() if self.version in (0, one.ruleset.version))

    @property
    def currency(self) -> str:
        """The currency that the side's money is in."""
        return self.rules[-1].ruleset.currency

    @property
    def zone(self) -> str:
        """The time zone that days begin in."""
        return self.rules[-1].ruleset.zone


class Price(Protocol):
    """Prices a side into a folder that is made for it, and may tell how many rows are done."""

    def __call__(self, side: Side, prepared: Prepared, folder: Path, *, progress: Progress) -> Side: ...


def priced(
    side: Side,
    prepared: Prepared,
    folder: Path,
    *,
    engine: EngineName,
    order: Order,
    settings: Settings,
    progress: Progress = lambda rows: None,
) -> Side:
    """The side with its prices, in a folder that is made for them; `progress` is told the rows so far by `python`."""
    folder.mkdir(parents=True)
    if engine == "python":
        _by_python(side, prepared, folder, order, settings, progress)
        return replace(side, database=folder / DATABASE)
    run = Run(prepared, side.versions, folder, version=side.version, order=order, settings=settings)
    try:
        with interruptible(run.database):
            run.run()
        return replace(side, database=folder / DATABASE, diverted=run.diverted)
    finally:
        run.close()


# ── event by event ──────────────────────────────────────────────────────────


def numbered_lines(rules: Sequence[Version]) -> dict[Match, int]:
    """A number for every version and interaction of some rules, in order: those that `matches` explains."""
    pairs = [(one.ruleset.version, found.name) for one in rules for found in one.ruleset.interactions]
    return {pair: number for number, pair in enumerate(pairs)}


def make_tables(database: duckdb.DuckDBPyConnection, rules: Sequence[Version]) -> Tables:
    """The tables of a run, to be written by whoever has prices of these rules; they are the same as SQL leaves."""
    numbers = numbered_lines(rules)
    write_matches(database, ((number, *pair) for pair, number in numbers.items()))
    return Tables(database, numbers)


def _by_python(
    side: Side, prepared: Prepared, folder: Path, order: Order, settings: Settings, progress: Progress
) -> None:
    database = connect(folder, settings)
    try:
        with interruptible(database):
            tables = make_tables(database, side.rules)
            # A cursor of its own reads while the tables are written.
            answers = _reckoned(side, prepared, database.cursor(), order)
            done = 0
            while some := list(islice(answers, AT_ONCE)):
                tables.add(some)
                progress(done := done + len(some))
    finally:
        database.close()


def _reckoned(side: Side, prepared: Prepared, database: duckdb.DuckDBPyConnection, order: Order) -> Iterator[Reckoned]:
    """Every event priced: customer by customer, so that one customer's counters are held at a time, unless customers
    share ids."""
    shared = (
        prepared.repeats
        and database.execute(
            f"SELECT id_number FROM ({arrivals_query(prepared)}) WHERE id_number IS NOT NULL GROUP BY id_number "
            "HAVING count(DISTINCT subject) > 1 OR count(*) > count(subject) LIMIT 1"
        ).fetchone()
    )
    engine = Engine(rater(side.versions, side.version), voids=prepared.voids > 0)
    found = database.execute(ordered(arrivals_query(prepared), order, by_customer=not shared))
    yield from reckoned(engine, prepared.columns, found, by_customer=not shared)
