"""Prices that Python reckons: the events for it in their order, and its answers as the tables that SQL leaves.

A ledger's voids are rows of their own, behind the rows that they take back: the same event with the void's sequence.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from dsl.to_sql import BY_TIME, Column, DuckDb, Order, Outcome
from service.replay.prepared import EVENTS, Prepared
from service.replay.python import Arrival, Engine, Reckoned
from service.replay.rows import FIXED, Rows

AT_ONCE = 50_000
"""Rows that are held in Python at a time."""
_SUBJECT = FIXED.index("subject")
_EVALUATIONS = "seq BIGINT, outcome INTEGER, line INTEGER, units BIGINT, price HUGEINT"
_COUNTED = "seq BIGINT, line INTEGER, units BIGINT, price HUGEINT"
_MATCHES = "line INTEGER, version INTEGER, interaction VARCHAR"
_WITH_LINES = (Outcome.COUNTED, Outcome.LIMITED, Outcome.VOIDED)
Match = tuple[int, str]
"""A version's number and an interaction, for which a line's number stands."""


class Tables:
    """Two tables of a run, made in a database and written by whoever reckons prices in Python.

    `numbers` are those of the lines that `matches` explains.
    """

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        numbers: Mapping[Match, int],
        evaluations: str = "evaluations",
        counted: str = "counted",
    ) -> None:
        self._database, self._numbers = database, numbers
        self._evaluations, self._counted = evaluations, counted
        database.execute(f"CREATE TABLE {evaluations} ({_EVALUATIONS})")
        database.execute(f"CREATE TABLE {counted} ({_COUNTED})")

    def add(self, reckoned: Sequence[Reckoned]) -> None:
        """Write what became of some events."""
        events: list[tuple[int | None, ...]] = []
        lines: list[tuple[int | None, ...]] = []
        for one in reckoned:
            answer = one.evaluation
            if answer is None or one.outcome not in _WITH_LINES:
                events.append((one.seq, int(one.outcome), None, 0, 0))
                continue
            main = self._numbers[one.version, answer.interaction]
            events.append((one.seq, int(one.outcome), main, answer.units, answer.price))
            lines += [(one.seq, self._numbers[one.version, x.interaction], x.units, x.price) for x in answer.lines]
        self._insert(self._evaluations, events)
        self._insert(self._counted, lines)

    def _insert(self, table: str, rows: Sequence[tuple[int | None, ...]]) -> None:
        """Rows into a table; numbers travel as text, since Arrow has no integers of 128 bits."""
        if not rows:
            return
        arrays = [pa.array([None if v is None else str(v) for v in column]) for column in zip(*rows, strict=True)]
        self._database.register("inserted", pa.Table.from_arrays(arrays, names=[f"c{n}" for n in range(len(arrays))]))
        self._database.execute(f"INSERT INTO {table} SELECT * FROM inserted")
        self._database.unregister("inserted")


def write_matches(database: duckdb.DuckDBPyConnection, matches: Iterable[tuple[int, int, str]]) -> None:
    """Make the table that says which version and interaction a line's number stands for."""
    database.execute(f"CREATE TABLE matches ({_MATCHES})")
    rows = list(matches)
    if rows:
        database.executemany("INSERT INTO matches VALUES (?, ?, ?)", rows)


# ── events ──────────────────────────────────────────────────────────────────


def parquet_at(path: Path, pattern: str = "") -> str:
    """What a query reads the Parquet file at a path from, or the files in that folder whose names fit a pattern.

    To DuckDB every path is a pattern, and `subject=x` among its folders a column more: neither is meant here.
    """
    literal = "".join(f"[{letter}]" if letter in "[*?" else letter for letter in path.absolute().as_posix())
    place = f"{literal}/{pattern}" if pattern else literal
    return f"read_parquet({DuckDb().string(place)}, hive_partitioning = false)"


def events_of(prepared: Prepared) -> str:
    """What a query reads prepared events from, voids left out."""
    return parquet_at(prepared.folder, EVENTS)


def rows_query(prepared: Prepared) -> str:
    """Prepared events, and the voids among them: an event's row once more, with the sequence of its void."""
    events = events_of(prepared)
    if not prepared.voids:
        return f"SELECT * FROM {events}"
    return (
        f"SELECT * FROM {events} UNION ALL "
        f"SELECT e.* REPLACE (v.seq AS seq) FROM {events} AS e JOIN {_voids(prepared)} AS v ON v.event = e.seq"
    )


def voids_query(prepared: Prepared) -> str:
    """The sequences of voids (seq) and of the events that they take back (event)."""
    return f"SELECT seq, event FROM {_voids(prepared)}"


def _voids(prepared: Prepared) -> str:
    if not prepared.voids:
        return "(SELECT CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BIGINT) AS event WHERE FALSE)"
    return parquet_at(prepared.taken_back)


def arrivals_query(prepared: Prepared) -> str:
    """Prepared events and voids for `arrival_of`: the rows of `Rows`, then `id_number`, `content` and `voids`."""
    names = ", ".join([*FIXED, *(column.name for column in prepared.columns)])
    events = events_of(prepared)
    query = f"SELECT {names}, NULL AS id_number, NULL AS content"
    source = f"FROM {events} AS e"
    if prepared.repeats:
        query = f"SELECT {names}, id_number, content"
        source += f" LEFT JOIN {parquet_at(prepared.repeated)} AS r USING (seq)"
    if not prepared.voids:
        return f"{query}, NULL AS voids {source}"
    return (
        f"SELECT * FROM ({query} {source}) LEFT JOIN (SELECT event AS seq, event AS voids FROM {_voids(prepared)}) "
        f"USING (seq) UNION ALL SELECT e.* REPLACE (v.seq AS seq), NULL, NULL, v.event "
        f"FROM (SELECT {names} FROM {events}) AS e JOIN {_voids(prepared)} AS v ON v.event = e.seq"
    )


def ordered(query: str, order: Order, by_customer: bool = False) -> str:
    """A query for arrivals in the order in which they are priced."""
    first = "subject, " if by_customer else ""
    return f"SELECT * FROM ({query}) ORDER BY {first}{'seq' if order == 'recorded' else BY_TIME}"


def arrival_of(rows: Rows, row: Sequence[Any]) -> Arrival:
    """An event in its turn, from a row of `arrivals_query`."""
    return Arrival(row[0], rows.event(row), row[-3], row[-2], row[-1])


def reckoned(
    engine: Engine, columns: Sequence[Column], found: duckdb.DuckDBPyConnection, by_customer: bool
) -> Iterator[Reckoned]:
    """What becomes of arrivals, in the order in which a result has them.

    Ordered by customer, only one customer's counters are held at a time: such customers share no ids.
    """
    rows = Rows(columns)
    customer = None
    for row in fetched(found):
        if by_customer and row[_SUBJECT] != customer:
            engine.forget()
            customer = row[_SUBJECT]
        yield engine.price(arrival_of(rows, row))
    engine.forget()


def fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """The rows of a result, some at a time."""
    while rows := result.fetchmany(AT_ONCE):
        yield from rows
