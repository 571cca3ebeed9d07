"""One side of a comparison: rules, and what a whole prepared history costs by them, in a database file of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from dsl.to_sql import BY_TIME, DuckDb, Order, Outcome
from service.rating import rater
from service.registry import Version, Versions
from service.replay.duckdb import Run, Settings, connect
from service.replay.interrupting import interruptible
from service.replay.prepared import Prepared
from service.replay.python import Arrival, Engine, Reckoned
from service.replay.rows import FIXED, Rows

EngineName = Literal["duckdb", "python"]
Progress = Callable[[int], None]
DATABASE = "replay.duckdb"
"""The file that a run leaves in its folder."""
_AT_ONCE = 50_000
_SUBJECT = FIXED.index("subject")
_TABLES = {
    "evaluations": "seq BIGINT, outcome INTEGER, line INTEGER, units BIGINT, price HUGEINT",
    "counted": "seq BIGINT, line INTEGER, units BIGINT, price HUGEINT",
    "matches": "line INTEGER, version INTEGER, interaction VARCHAR",
}


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


class Tables:
    """The tables of a run, written by whoever reckons prices in Python; they are the same as SQL leaves."""

    def __init__(self, folder: Path, settings: Settings, pairs: Sequence[tuple[int, str]]) -> None:
        self.database = connect(folder, settings)
        for name, columns in _TABLES.items():
            self.database.execute(f"CREATE TABLE {name} ({columns})")
        self._lines = {pair: number for number, pair in enumerate(pairs)}
        self._insert("matches", [(number, *pair) for pair, number in self._lines.items()])

    def add(self, reckoned: Sequence[Reckoned]) -> None:
        """Write what became of some events."""
        events: list[tuple[object, ...]] = []
        lines: list[tuple[object, ...]] = []
        for one in reckoned:
            answer = one.evaluation
            if answer is None or one.outcome not in (Outcome.COUNTED, Outcome.LIMITED):
                events.append((one.seq, int(one.outcome), None, 0, 0))
                continue
            main = self._lines[one.version, answer.interaction]
            events.append((one.seq, int(one.outcome), main, answer.units, answer.price))
            lines += [(one.seq, self._lines[one.version, x.interaction], x.units, x.price) for x in answer.lines]
        self._insert("evaluations", events)
        self._insert("counted", lines)

    def _insert(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        if not rows:
            return
        # Numbers travel as text, since Arrow has no integers of 128 bits.
        texts = [pa.array([None if v is None else str(v) for v in column]) for column in zip(*rows, strict=True)]
        names = [column.split()[0] for column in _TABLES[table].split(", ")]
        self.database.register("inserted", pa.Table.from_arrays(texts, names=names))
        self.database.execute(f"INSERT INTO {table} SELECT * FROM inserted")
        self.database.unregister("inserted")


def pairs_of(rules: Sequence[Version]) -> list[tuple[int, str]]:
    """Every version and interaction, in order: those that lines of `matches` stand for."""
    return [(one.ruleset.version, found.name) for one in rules for found in one.ruleset.interactions]


def _by_python(
    side: Side, prepared: Prepared, folder: Path, order: Order, settings: Settings, progress: Progress
) -> None:
    tables = Tables(folder, settings, pairs_of(side.rules))
    try:
        # A cursor of its own reads while the tables are written.
        reckoned = _reckoned(side, prepared, tables.database.cursor(), order)
        done = 0
        while some := list(islice(reckoned, _AT_ONCE)):
            tables.add(some)
            progress(done := done + len(some))
    finally:
        tables.database.close()


def _reckoned(side: Side, prepared: Prepared, database: duckdb.DuckDBPyConnection, order: Order) -> Iterator[Reckoned]:
    """Every event priced: customer by customer, so that one customer's counters are held at a time, unless customers
    share ids."""
    engine = Engine(rater(side.versions, side.version))
    shared = (
        prepared.repeats
        and database.execute(
            f"SELECT id_number FROM ({arrivals_query(prepared)}) WHERE id_number IS NOT NULL GROUP BY id_number "
            "HAVING count(DISTINCT subject) > 1 OR count(*) > count(subject) LIMIT 1"
        ).fetchone()
    )
    rows = Rows(prepared.columns)
    found = database.execute(ordered(arrivals_query(prepared), order, by_customer=not shared))
    for _, group in groupby(fetched(found), key=lambda row: None if shared else row[_SUBJECT]):
        for row in group:
            yield engine.price(Arrival(row[0], rows.event(row), row[-2], row[-1]))
        engine.forget()


def arrivals_query(prepared: Prepared) -> str:
    """Prepared events with their repeated ids: the rows of `Rows`, then id_number and content."""
    names = ", ".join([*FIXED, *(column.name for column in prepared.columns)])
    literal = DuckDb().string
    events = f"read_parquet({literal(prepared.events)})"
    if not prepared.repeats:
        return f"SELECT {names}, NULL AS id_number, NULL AS content FROM {events}"
    repeats = f"read_parquet({literal(str(prepared.repeated))})"
    return f"SELECT {names}, id_number, content FROM {events} AS e LEFT JOIN {repeats} AS r USING (seq)"


def ordered(query: str, order: Order, by_customer: bool = False) -> str:
    """A query for arrivals in the order in which they are priced."""
    first = "subject, " if by_customer else ""
    return f"SELECT * FROM ({query}) ORDER BY {first}{'seq' if order == 'recorded' else BY_TIME}"


def fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """The rows of a result, some at a time."""
    while rows := result.fetchmany(_AT_ONCE):
        yield from rows
