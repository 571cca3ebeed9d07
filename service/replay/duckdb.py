"""Prepared events priced by DuckDB: the stages of `dsl.to_sql`, within a bound of memory, spilling to disk.

What SQL leaves (`Plan.customers`) is priced customer by customer by the per-event engine, here and in one process.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import parquet

from dsl.core import Ruleset
from dsl.event import Event
from dsl.to_sql import BY_TIME, DuckDb, Order, Outcome, Plan, Stage, declarations, plan, refusals
from service.ledger import codec
from service.rating import rater
from service.registry import Versions
from service.replay.prepared import Prepared
from service.replay.python import Arrival, Engine, Reckoned
from service.replay.rows import FIXED, Rows

_AT_ONCE = 50_000
_SUBJECT = FIXED.index("subject")
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
        execute(f"CREATE VIEW events AS SELECT * FROM read_parquet({DuckDb().string(self._prepared.events)})")
        refused = self._refused()
        self.plan = plan(
            DuckDb(),
            self._rulesets,
            self._prepared.columns,
            self._prepared.stretches,
            always=bool(self._fixed),
            order=self._order,
            repeats=self._prepared.repeats > 0,
            refused=refused,
        )
        self._lines = {(match.version, match.interaction): match.number for match in reversed(self.plan.matches)}
        self._write_matches()
        if self._prepared.repeats:
            execute(f"CREATE VIEW repeats AS SELECT * FROM read_parquet({_literal(self._prepared.repeated)})")
        else:
            execute(f"CREATE TABLE repeats ({_REPEATS})")
        if self._event_by_event:
            execute("CREATE VIEW diverted AS SELECT seq, TRUE AS shares FROM events")
            self._reckon()
            execute("CREATE VIEW evaluations AS SELECT * FROM reckoned")
            execute("CREATE VIEW counted AS SELECT * FROM reckoned_lines")
            return
        if self._prepared.repeats:
            self._stages(self.plan.claims)
        self._stages(self.plan.stages)
        diverted = self._divert() if self.plan.customers else False
        self._stages(self.plan.results_with_diverted if diverted else self.plan.results)

    def _refused(self) -> bool:
        """Make the table of events that each declaration refuses, by what is kept of it; whether it has any."""
        execute = self.database.execute
        execute("CREATE TABLE refused (seq BIGINT, declaration INTEGER, refused_as INTEGER)")
        numbers = declarations(self._rulesets)
        for number, ruleset in dict(zip(numbers, self._rulesets, strict=True)).items():
            kept = self._prepared.folder / f"refused-{fingerprint(ruleset)}.parquet"
            if not kept.exists():
                written = kept.with_suffix(".part")
                query = refusals(DuckDb(), ruleset, self._prepared.columns)
                execute(f"COPY ({query}) TO {_literal(written)} (FORMAT parquet)")
                written.replace(kept)
            execute(f"INSERT INTO refused SELECT seq, {number}, status FROM read_parquet({_literal(kept)})")
        return self._one("SELECT count(*) FROM refused") > 0

    def _stages(self, stages: Iterable[Stage]) -> None:
        for stage in stages:
            kind = "TABLE" if stage.stored else "VIEW"
            self.database.execute(f"CREATE {kind} {stage.name} AS {stage.select}")

    def _write_matches(self) -> None:
        self.database.execute("CREATE TABLE matches (line INTEGER, version INTEGER, interaction VARCHAR)")
        rows = [(match.number, match.version, match.interaction) for match in self.plan.matches]
        if rows:
            self.database.executemany("INSERT INTO matches VALUES (?, ?, ?)", rows)

    # ── what SQL leaves ─────────────────────────────────────────────────────

    def _divert(self) -> bool:
        """Price the customers that SQL leaves, with all who share a repeated id with them, event by event.

        Returns whether there are any.
        """
        execute = self.database.execute
        execute("CREATE TABLE customers (subject VARCHAR, shares BOOLEAN)")
        for query in self.plan.customers:
            execute(f"INSERT INTO customers SELECT subject, FALSE FROM ({query}) WHERE subject IS NOT NULL")
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
        execute = self.database.execute
        execute("CREATE TABLE reckoned (seq BIGINT, outcome INTEGER, line INTEGER, units BIGINT, price HUGEINT)")
        execute("CREATE TABLE reckoned_lines (seq BIGINT, line INTEGER, units BIGINT, price HUGEINT)")
        reckoned = self._reckoned()
        while some := list(islice(reckoned, _AT_ONCE)):
            self._keep(some)

    def _reckoned(self) -> Iterator[Reckoned]:
        """Customers who share ids with others are priced together, in order; all others one after the other."""
        engine = Engine(rater(self._versions, self._fixed))
        rows = Rows(self._prepared.columns)
        order = "seq" if self._order == "recorded" else BY_TIME
        for shares, grouping in ((False, "subject, "), (True, "")):
            found = self.database.cursor().execute(
                f"SELECT {_columns(self._prepared)}, id_number, content FROM events JOIN diverted USING (seq) "
                f"LEFT JOIN repeats USING (seq) WHERE shares = {shares} ORDER BY {grouping}{order}"
            )
            customer = None
            for row in _fetched(found):
                if not shares and row[_SUBJECT] != customer:
                    engine.forget()
                    customer = row[_SUBJECT]
                yield engine.price(Arrival(row[0], rows.event(row), row[-2], row[-1]))
            engine.forget()

    def _keep(self, reckoned: Sequence[Reckoned]) -> None:
        self.diverted += len(reckoned)
        events: list[tuple[int | None, ...]] = []
        lines: list[tuple[int | None, ...]] = []
        for one in reckoned:
            answer = one.evaluation
            if answer is None or one.outcome not in (Outcome.COUNTED, Outcome.LIMITED):
                events.append((one.seq, int(one.outcome), None, 0, 0))
                continue
            main = self._lines[one.version, answer.interaction]
            events.append((one.seq, int(one.outcome), main, answer.units, answer.price))
            lines += [(one.seq, self._lines[one.version, x.interaction], x.units, x.price) for x in answer.lines]
        self._insert("reckoned", ("seq", "outcome", "line", "units", "price"), events)
        self._insert("reckoned_lines", ("seq", "line", "units", "price"), lines)

    def _insert(self, table: str, columns: Sequence[str], rows: Sequence[tuple[int | None, ...]]) -> None:
        """Rows into a table; numbers travel as text, since Arrow has no integers of 128 bits."""
        if not rows:
            return
        arrays = [pa.array([None if v is None else str(v) for v in column]) for column in zip(*rows, strict=True)]
        self.database.register("inserted", pa.Table.from_arrays(arrays, names=list(columns)))
        self.database.execute(f"INSERT INTO {table} SELECT * FROM inserted")
        self.database.unregister("inserted")

    def _one(self, query: str) -> int:
        found = self.database.execute(query).fetchone()
        assert found is not None
        return int(found[0])

    def close(self) -> None:
        """Let go of the database; its file may be deleted."""
        self.database.close()


def fingerprint(ruleset: Ruleset) -> str:
    """What tells apart declarations that take different events."""
    return hashlib.sha256(repr(ruleset.events).encode()).hexdigest()[:16]


def connect(folder: Path, settings: Settings) -> duckdb.DuckDBPyConnection:
    """A new database within a folder, where it also spills to."""
    database = duckdb.connect(str(folder / "replay.duckdb"))
    database.execute(f"SET memory_limit = {DuckDb().string(settings.memory)}")
    database.execute(f"SET temp_directory = {_literal(folder / 'spill')}")
    database.execute("SET preserve_insertion_order = false")
    if settings.threads:
        database.execute(f"SET threads = {settings.threads}")
    return database


def find_repeats(prepared: Prepared, folder: Path, settings: Settings) -> int:
    """Write which rows of prepared events have ids that come more than once, with numbers for ids and contents.

    Returns how many rows that are.
    """
    database = connect(folder, settings)
    try:
        database.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet({DuckDb().string(prepared.events)})")
        database.execute(
            "CREATE TABLE ids AS SELECT source, id FROM events WHERE source IS NOT NULL AND id IS NOT NULL "
            "GROUP BY source, id HAVING count(*) > 1"
        )
        found = database.execute(
            f"SELECT {_columns(prepared)} FROM events SEMI JOIN ids USING (source, id) ORDER BY source, id, seq"
        )
        table = pa.Table.from_pylist(list(_numbered(prepared, _fetched(found))), schema=_REPEATS_SCHEMA)
    finally:
        database.close()
    parquet.write_table(table, prepared.repeated)
    return int(table.num_rows)


_REPEATS_SCHEMA = pa.schema([("id_number", pa.int64()), ("content", pa.int64()), ("seq", pa.int64())])


def _numbered(prepared: Prepared, found: Iterable[tuple[Any, ...]]) -> Iterator[dict[str, object]]:
    rows = Rows(prepared.columns)
    for number, (_, group) in enumerate(groupby(found, key=lambda row: (row[2], row[1]))):
        contents: dict[object, int] = {}
        for row in group:
            content = contents.setdefault(content_key(rows.event(row)), len(contents))
            yield {"id_number": number, "content": content, "seq": row[0]}


def content_key(event: Event) -> bytes:
    """What is equal for two events exactly if their contents are, as a ledger tells it."""
    return codec.content_hash(event, codec.data_texts(event.data)[1])


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(_AT_ONCE):
        yield from rows


def _columns(prepared: Prepared) -> str:
    return ", ".join([*FIXED, *(column.name for column in prepared.columns)])


def _literal(path: Path) -> str:
    return DuckDb().string(str(path))
