"""Prepared events priced by DuckDB: the stages of `dsl.to_sql`, within a bound of memory, spilling to disk.

What SQL leaves (`Plan.customers`) is priced customer by customer by the per-event engine, here and in one process.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import parquet

from dsl.event import Event
from dsl.to_sql import DuckDb, Order, Plan, Stage, plan
from service.ledger import codec
from service.rating import rater
from service.registry import Versions
from service.replay.interrupting import interruptible
from service.replay.prepared import Prepared
from service.replay.python import Engine, Reckoned
from service.replay.reckoning import (
    AT_ONCE,
    Tables,
    arrivals_query,
    events_of,
    fetched,
    ordered,
    parquet_at,
    reckoned,
    voids_query,
    write_matches,
)
from service.replay.rows import FIXED, Rows

_REPEATS = "id_number BIGINT, content BIGINT, seq BIGINT"


@dataclass(frozen=True, slots=True)
class Settings:
    """How much of the machine a run may use: memory as DuckDB writes it (`2GB`), threads (0: all)."""

    memory: str = "2GB"
    threads: int = 0


class Run:
    """One history priced by one ruleset, in a database file of its own within `folder`.

    Afterwards `database` has the tables `evaluations` (seq, outcome, line, units, price; an `Outcome` and a number of
    `matches`), `counted` (seq, line, units, price) and `matches` (line, version, interaction). Prices are in 10⁻¹⁸.

    With `event_by_event` SQL prices nothing, and every event goes through the compiled Python: slower, the same tables.
    """

    def __init__(
        self,
        prepared: Prepared,
        versions: Versions,
        folder: Path,
        *,
        version: int = 0,
        order: Order = "recorded",
        event_by_event: bool = False,
        settings: Settings | None = None,
    ) -> None:
        self._prepared = prepared
        self._versions = versions
        self._fixed = version
        self._order = order
        self._event_by_event = event_by_event
        rulesets = [one.ruleset for one in versions.by_number() if version in (0, one.ruleset.version)]
        rulesets.sort(key=lambda ruleset: (ruleset.effective, ruleset.version))
        self._rulesets = rulesets
        self.plan: Plan
        self._lines: dict[tuple[int, str], int] = {}
        self.diverted = 0
        """Events that were left to the per-event engine."""
        self.database = connect(folder, settings or Settings())

    def run(self) -> None:
        """Price everything."""
        execute = self.database.execute
        execute(f"CREATE VIEW events AS SELECT * FROM {events_of(self._prepared)}")
        self.plan = plan(
            DuckDb(),
            self._rulesets,
            self._prepared.columns,
            self._prepared.stretches,
            always=bool(self._fixed),
            order=self._order,
            repeats=self._prepared.repeats > 0,
            most_rows=max(self._prepared.rows, 1),
        )
        self._lines = {(match.version, match.interaction): match.number for match in reversed(self.plan.matches)}
        write_matches(self.database, ((one.number, one.version, one.interaction) for one in self.plan.matches))
        if self._prepared.repeats:
            execute(f"CREATE VIEW repeats AS SELECT * FROM {parquet_at(self._prepared.repeated)}")
        else:
            execute(f"CREATE TABLE repeats ({_REPEATS})")
        if self._event_by_event:
            execute(
                "CREATE VIEW diverted AS SELECT seq, TRUE AS shares FROM events "
                f"UNION ALL SELECT seq, TRUE FROM ({voids_query(self._prepared)})"
            )
            self._reckon()
            execute("CREATE VIEW evaluations AS SELECT * FROM reckoned")
            execute("CREATE VIEW counted AS SELECT * FROM reckoned_lines")
            return
        if self._prepared.repeats:
            self._stages(self.plan.claims, "TEMP ")
        self._stages(self.plan.stages, "TEMP ")
        diverted = self._divert() if self.plan.customers or self._prepared.voids else False
        self._stages(self.plan.results_with_diverted if diverted else self.plan.results)

    def _stages(self, stages: Iterable[Stage], where: str = "") -> None:
        """Make tables and views. Only results are kept in the file: to compress and write others would take longer
        than to compute them."""
        for stage in stages:
            kind = "TABLE" if stage.stored else "VIEW"
            self.database.execute(f"CREATE {where}{kind} {stage.name} AS {stage.select}")

    # ── what SQL leaves ─────────────────────────────────────────────────────

    def _divert(self) -> bool:
        """Price the customers that SQL leaves, with all who share a repeated id with them, event by event.

        A void moves counters back between two events, which windows can't follow: who has one is left as well. Returns
        whether there are any.
        """
        execute = self.database.execute
        execute("CREATE TABLE customers (subject VARCHAR, shares BOOLEAN)")
        for query in self.plan.customers:
            execute(f"INSERT INTO customers SELECT subject, FALSE FROM ({query}) WHERE subject IS NOT NULL")
        voids = voids_query(self._prepared)
        execute(
            "INSERT INTO customers SELECT DISTINCT subject, FALSE FROM events "
            f"WHERE seq IN (SELECT event FROM ({voids})) AND subject IS NOT NULL"
        )
        if not self._one("SELECT count(*) FROM customers"):
            return False
        execute(
            "CREATE TABLE shared AS SELECT DISTINCT id_number, subject FROM repeats JOIN events USING (seq) "
            "WHERE id_number IN (SELECT id_number FROM repeats JOIN events USING (seq) "
            "GROUP BY id_number HAVING count(DISTINCT subject) > 1 OR count(*) > count(subject))"
        )
        self._spread()
        execute(
            "CREATE TABLE diverted AS SELECT seq, bool_or(shares) AS shares FROM ("
            "SELECT seq, shares FROM events JOIN customers USING (subject) UNION ALL "
            "SELECT seq, TRUE FROM repeats WHERE id_number IN "
            "(SELECT id_number FROM shared JOIN customers USING (subject))) GROUP BY seq"
        )
        execute(f"INSERT INTO diverted SELECT v.seq, shares FROM ({voids}) AS v JOIN diverted AS d ON d.seq = v.event")
        self._reckon()
        return True

    def _spread(self) -> None:
        """Add everyone who shares a repeated id with someone who is there; who shares one has `shares`."""
        execute = self.database.execute
        while True:
            count = self._one("SELECT count(DISTINCT subject) FROM customers")
            execute(
                "INSERT INTO customers SELECT DISTINCT subject, TRUE FROM shared WHERE subject IS NOT NULL AND "
                "id_number IN (SELECT id_number FROM shared JOIN customers USING (subject))"
            )
            execute(
                "CREATE OR REPLACE TABLE customers AS SELECT subject, bool_or(shares) AS shares FROM customers "
                "GROUP BY subject"
            )
            if self._one("SELECT count(DISTINCT subject) FROM customers") == count:
                return

    def _reckon(self) -> None:
        tables = Tables(self.database, self._lines, "reckoned", "reckoned_lines")
        answers = self._reckoned()
        while some := list(islice(answers, AT_ONCE)):
            tables.add(some)
            self.diverted += len(some)

    def _reckoned(self) -> Iterator[Reckoned]:
        """Customers who share ids with others are priced together, in order; all others one after the other."""
        engine = Engine(rater(self._versions, self._fixed), voids=self._prepared.voids > 0)
        for shares in (False, True):
            all_of_them = arrivals_query(self._prepared)
            some = f"SELECT a.* FROM ({all_of_them}) AS a JOIN diverted USING (seq) WHERE shares = {shares}"
            # A cursor of its own reads while the tables are written.
            found = self.database.cursor().execute(ordered(some, self._order, by_customer=not shares))
            yield from reckoned(engine, self._prepared.columns, found, by_customer=not shares)

    def _one(self, query: str) -> int:
        found = self.database.execute(query).fetchone()
        assert found is not None
        return int(found[0])

    def close(self) -> None:
        """Let go of the database; its file may be deleted."""
        self.database.close()


def connect(folder: Path, settings: Settings, name: str = "replay.duckdb") -> duckdb.DuckDBPyConnection:
    """A new database within a folder, where it also spills to."""
    literal = DuckDb().string
    database = duckdb.connect(str(folder / name))
    database.execute(f"SET memory_limit = {literal(settings.memory)}")
    database.execute(f"SET temp_directory = {literal(str(folder / 'spill'))}")
    database.execute("SET preserve_insertion_order = false")
    # It would be drawn on standard output, in the midst of what is printed there.
    database.execute("SET enable_progress_bar = false")
    if settings.threads:
        database.execute(f"SET threads = {settings.threads}")
    return database


def find_repeats(prepared: Prepared, folder: Path, settings: Settings) -> int:
    """Write which rows of prepared events have ids that come more than once, with numbers for ids and contents.

    Returns how many rows that are.
    """
    with closing(connect(folder, settings)) as database, interruptible(database):
        database.execute(f"CREATE VIEW events AS SELECT * FROM {events_of(prepared)}")
        database.execute(
            "CREATE TABLE ids AS SELECT source, id FROM events WHERE source IS NOT NULL AND id IS NOT NULL "
            "GROUP BY source, id HAVING count(*) > 1"
        )
        found = database.execute(
            f"SELECT {_columns(prepared)} FROM events SEMI JOIN ids USING (source, id) ORDER BY source, id, seq"
        )
        numbered, count = _numbered(prepared, fetched(found)), 0
        with parquet.ParquetWriter(prepared.repeated, _REPEATS_SCHEMA) as writer:
            while some := list(islice(numbered, AT_ONCE)):
                arrays = [pa.array(column, pa.int64()) for column in zip(*some, strict=True)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=_REPEATS_SCHEMA))
                count += len(some)
    return count


_REPEATS_SCHEMA = pa.schema([("id_number", pa.int64()), ("content", pa.int64()), ("seq", pa.int64())])


def _numbered(prepared: Prepared, found: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, int, int]]:
    rows = Rows(prepared.columns)
    for number, (_, group) in enumerate(groupby(found, key=lambda row: (row[2], row[1]))):
        contents: dict[object, int] = {}
        for row in group:
            content = contents.setdefault(content_key(rows.event(row)), len(contents))
            yield number, content, row[0]


def content_key(event: Event) -> bytes:
    """What is equal for two events exactly if their contents are, as a ledger tells it."""
    return codec.kept_content(event)[1]


def _columns(prepared: Prepared) -> str:
    return ", ".join([*FIXED, *(column.name for column in prepared.columns)])
