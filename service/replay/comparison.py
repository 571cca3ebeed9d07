"""What one history costs by several rulesets, side by side: totals, customers, days, and where two of them differ.

Everything is computed by SQL over the databases that the runs left, and every amount is an exact integer: units in
millionths, money in 10⁻¹⁸ of the currency.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dsl.to_sql import DuckDb, Outcome
from service.replay.days import Bin, binned, date_events
from service.replay.duckdb import Settings, connect
from service.replay.interrupting import interruptible
from service.replay.prepared import Prepared
from service.replay.reckoning import rows_query, voids_query
from service.replay.sides import Side

OUTCOME, LINES, UNITS, PRICE = 1, 2, 4, 8
KINDS = {OUTCOME: "outcome", LINES: "lines", UNITS: "units", PRICE: "price"}
"""How an event may differ; a sum of these says all."""
HARDEST_HIT = 20
MOST_CUSTOMERS = 1000
"""Customers who are listed with all sides; the others are counted."""
_BINS = (
    "pays nothing any more",
    "at least 50 % less",
    "20 to 50 % less",
    "5 to 20 % less",
    "up to 5 % less",
    "the same",
    "up to 5 % more",
    "5 to 20 % more",
    "20 to 50 % more",
    "50 to 100 % more",
    "more than twice as much",
    "pays for the first time",
)


_TOOK_BACK = f"outcome = {Outcome.VOIDED:d} AND line IS NOT NULL"


class CantCompare(Exception):
    """Sides can't be compared; the text says why."""


@dataclass(frozen=True)
class Totals:
    """What a side comes to: events by outcome, and the money of all. `voids` counts those that took something back."""

    outcomes: dict[str, int]
    money: int
    voids: int = 0

    @property
    def counted(self) -> int:
        """Events that count, those that were taken back left out."""
        return self.outcomes.get(Outcome.COUNTED.name, 0) - self.voids


@dataclass(frozen=True)
class Used:
    """An interaction on two sides, before and after: lines that counted, units, money."""

    interaction: str
    events: tuple[int, int]
    units: tuple[int, int]
    money: tuple[int, int]


@dataclass(frozen=True)
class Customer:
    """A customer's counted events and money, one a side."""

    subject: str
    events: tuple[int, ...]
    money: tuple[int, ...]


@dataclass(frozen=True)
class Pair:
    """How the first side (after) differs from another (before), whose place among the sides is `before`.

    `differing` counts events by kind and, as `any`, in all. `more`, `less` and `same` count customers; those hit
    hardest come first in `dearer` and `cheaper`, whose `events` and `money` are those before and after. `spread` counts
    customers by how their money changed.
    """

    before: int
    differing: dict[str, int]
    interactions: tuple[Used, ...]
    more: int
    less: int
    same: int
    dearer: tuple[Customer, ...]
    cheaper: tuple[Customer, ...]
    spread: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Comparison:
    """Several sides over one history; the first is compared with each of the others.

    `customers` are those with the most money, up to `MOST_CUSTOMERS` of `customer_count`. `timeline` has the money of
    every side by day, week, month or year (`unit`) in `zone`; events without a usable time are in none. The `voids` of
    a ledger are no events, and are compared as they are; their money goes off on the day of what they take back.
    """

    sides: tuple[Side, ...]
    events: int
    voids: int
    totals: tuple[Totals, ...]
    customer_count: int
    customers: tuple[Customer, ...]
    unit: str
    zone: str
    timeline: tuple[Bin, ...]
    pairs: tuple[Pair, ...] = field(default=())

    @property
    def currency(self) -> str:
        """The one currency of all sides."""
        return self.sides[0].currency

    @property
    def differs(self) -> bool:
        """Whether any event differs in any pair."""
        return any(pair.differing["any"] for pair in self.pairs)


class Comparing:
    """The database in which sides are compared; they are attached to it as s0, s1, …, and never written to."""

    def __init__(self, sides: Sequence[Side], prepared: Prepared, folder: Path, settings: Settings) -> None:
        self.sides = tuple(sides)
        self.prepared = prepared
        currencies = {side.currency for side in sides}
        if len(currencies) > 1:
            named = ", ".join(f"{side.label} is in {side.currency}" for side in sides)
            raise CantCompare(f"money in different currencies can't be compared: {named}")
        literal = DuckDb().string
        self.database = connect(folder, settings, "comparison.duckdb")
        execute = self.database.execute
        for number, side in enumerate(sides):
            assert side.database is not None
            execute(f"ATTACH {literal(str(side.database))} AS s{number} (READ_ONLY)")
        execute(f"CREATE VIEW events AS {rows_query(prepared)}")
        execute(f"CREATE VIEW voids AS {voids_query(prepared)}")
        names = " UNION ".join(f"SELECT interaction FROM s{number}.matches" for number in range(len(sides)))
        execute(
            "CREATE TABLE names AS SELECT interaction, CAST(row_number() OVER (ORDER BY interaction) AS INTEGER) AS id "
            f"FROM ({names})"
        )
        for number in range(len(sides)):
            execute(
                f"CREATE TABLE lines{number} AS SELECT line, id FROM s{number}.matches JOIN names USING (interaction)"
            )

    def compare(self) -> Comparison:
        """The whole comparison; raises CantCompare where the money of it all has no room in 38 digits."""
        try:
            return self._compare()
        except duckdb.OutOfRangeException:
            raise CantCompare("these prices add up to more than 38 digits can hold") from None

    def _compare(self) -> Comparison:
        self._group()
        sides = range(len(self.sides))
        unit, timeline = binned(self._days(), len(self.sides))
        columns = ", ".join([*(f"n{side}" for side in sides), *(f"m{side}" for side in sides)])
        most = f"SELECT subject, {columns} FROM customers ORDER BY {'+'.join(f'm{n}' for n in sides)} DESC, subject"
        return Comparison(
            self.sides,
            self.prepared.rows,
            self.prepared.voids,
            tuple(self._totals(side) for side in sides),
            self._one("SELECT count(*) FROM customers"),
            self._customers(f"{most} LIMIT {MOST_CUSTOMERS}"),
            unit,
            self.sides[0].zone,
            tuple(timeline),
            tuple(self._pair(before) for before in sides[1:]),
        )

    # ── sides by themselves ─────────────────────────────────────────────────

    def _group(self) -> None:
        """Make `grouped` (by customer or by day, a row a side) and `customers` (subject, n0, m0, n1, m1, …)."""
        date_events(self.database, self.sides[0].zone)
        parts = [
            f"SELECT {side} AS side, grouping(subject) = 0 AS by_customer, subject, day, "
            f"count(*) FILTER (outcome = {Outcome.COUNTED:d}) - count(*) FILTER ({_TOOK_BACK}) AS n, sum(price) AS m "
            f"FROM s{side}.evaluations JOIN dated USING (seq) GROUP BY GROUPING SETS ((subject), (day))"
            for side in range(len(self.sides))
        ]
        self.database.execute(f"CREATE TABLE grouped AS {' UNION ALL '.join(parts)}")
        wide = self._wide()
        self.database.execute(
            f"CREATE TABLE customers AS SELECT subject, {wide} FROM grouped "
            "WHERE by_customer AND subject IS NOT NULL GROUP BY subject"
        )

    def _wide(self) -> str:
        """A row a side as columns n0, m0, n1, m1, …"""
        return ", ".join(
            f"coalesce(sum({name}) FILTER (side = {side}), 0) AS {name}{side}"
            for side in range(len(self.sides))
            for name in "nm"
        )

    def _days(self) -> Iterator[tuple[int, list[int]]]:
        query = f"SELECT day, {self._wide()} FROM grouped WHERE NOT by_customer AND day IS NOT NULL GROUP BY day"
        for day, *values in self._rows(query):
            yield int(day), [int(value) for value in values[1::2]]

    def _totals(self, side: int) -> Totals:
        query = (
            f"SELECT outcome, count(*), sum(price), count(*) FILTER ({_TOOK_BACK}) FROM s{side}.evaluations "
            "GROUP BY outcome ORDER BY outcome"
        )
        found = self._rows(query)
        return Totals(
            {Outcome(int(outcome)).name: int(count) for outcome, count, _, _ in found},
            sum(int(money) for _, _, money, _ in found),
            sum(int(voids) for _, _, _, voids in found),
        )

    def _customers(self, query: str) -> tuple[Customer, ...]:
        """Customers from their subject, all counts of events, and all money."""
        found = []
        for subject, *values in self._rows(query):
            numbers = [int(value) for value in values]
            half = len(numbers) // 2
            found.append(Customer(str(subject), tuple(numbers[:half]), tuple(numbers[half:])))
        return tuple(found)

    # ── two sides ───────────────────────────────────────────────────────────

    def _pair(self, before: int) -> Pair:
        self.database.execute(f"CREATE TABLE {differences(before)} AS {self._differences(before)}")
        change = f"(m0 - m{before})"
        hit = f"SELECT subject, n{before}, n0, m{before}, m0 FROM customers WHERE {change}"
        counts = (
            f"SELECT count(*) FILTER ({change} > 0), count(*) FILTER ({change} < 0), count(*) FILTER ({change} = 0)"
        )
        ((more, less, same),) = self._rows(f"{counts} FROM customers")
        return Pair(
            before,
            self._differing(before),
            tuple(self.used(before)),
            int(more),
            int(less),
            int(same),
            self._customers(f"{hit} > 0 ORDER BY {change} DESC, subject LIMIT {HARDEST_HIT}"),
            self._customers(f"{hit} < 0 ORDER BY {change}, subject LIMIT {HARDEST_HIT}"),
            self._spread(before),
        )

    def _differences(self, before: int) -> str:
        """The events that differ, with the sum of their kinds; a line that one side lacks has no units and no price."""
        a, b = (
            f"(SELECT seq, outcome, id, units, price FROM s{n}.evaluations LEFT JOIN lines{n} USING (line))"
            for n in (before, 0)
        )
        c, d = (f"(SELECT seq, id, units, price FROM s{n}.counted JOIN lines{n} USING (line))" for n in (before, 0))
        events = (
            f"SELECT seq, {OUTCOME} * CAST(a.outcome <> b.outcome AS INTEGER) "
            f"+ {LINES} * CAST(a.id IS DISTINCT FROM b.id AS INTEGER) "
            f"+ {UNITS} * CAST(a.units <> b.units AS INTEGER) + {PRICE} * CAST(a.price <> b.price AS INTEGER) AS kinds "
            f"FROM {a} AS a JOIN {b} AS b USING (seq)"
        )
        lines = (
            f"SELECT seq, {LINES} * CAST(c.units IS NULL OR d.units IS NULL AS INTEGER) "
            f"+ {UNITS} * CAST(coalesce(c.units, 0) <> coalesce(d.units, 0) AS INTEGER) "
            f"+ {PRICE} * CAST(coalesce(c.price, 0) <> coalesce(d.price, 0) AS INTEGER) AS kinds "
            f"FROM {c} AS c FULL JOIN {d} AS d USING (seq, id)"
        )
        both = f"SELECT * FROM ({events}) WHERE kinds <> 0 UNION ALL SELECT * FROM ({lines}) WHERE kinds <> 0"
        return f"SELECT seq, bit_or(kinds) AS kinds FROM ({both}) GROUP BY seq"

    def _differing(self, before: int) -> dict[str, int]:
        counts = {"any": 0} | dict.fromkeys(KINDS.values(), 0)
        for kinds, count in self._rows(f"SELECT kinds, count(*) FROM {differences(before)} GROUP BY kinds"):
            counts["any"] += int(count)
            for kind, name in KINDS.items():
                counts[name] += int(count) if int(kinds) & kind else 0
        return counts

    def used(self, before: int) -> Iterator[Used]:
        """Interactions on another side and on the first, those with the most money first."""
        events = "count(*)"
        if self.prepared.voids:
            events += " - 2 * count(*) FILTER (seq IN (SELECT seq FROM voids))"
        sums = f"SELECT id, {events} AS n, sum(units) AS u, sum(price) AS m"
        a, b = (f"({sums} FROM s{n}.counted JOIN lines{n} USING (line) GROUP BY id)" for n in (before, 0))
        numbers = ", ".join(f"coalesce({side}.{name}, 0)" for name in "num" for side in "ab")
        query = (
            f"SELECT interaction, {numbers} FROM {a} AS a FULL JOIN {b} AS b USING (id) JOIN names USING (id) "
            "ORDER BY greatest(coalesce(a.m, 0), coalesce(b.m, 0)) DESC, interaction"
        )
        for name, *values in self._rows(query):
            n1, n2, u1, u2, m1, m2 = map(int, values)
            yield Used(str(name), (n1, n2), (u1, u2), (m1, m2))

    def _spread(self, before: int) -> tuple[tuple[str, int], ...]:
        """Customers by how their money changed, in hundredths of what it was; compared without division."""
        a, b = f"m{before}", "m0"
        change = f"100 * ({b} - {a})"
        cases = [
            f"WHEN {a} = {b} THEN 5",
            f"WHEN {a} = 0 THEN 11",
            f"WHEN {b} = 0 THEN 0",
            *(f"WHEN {change} <= {limit} * {a} THEN {place}" for place, limit in enumerate((-50, -20, -5), start=1)),
            f"WHEN {b} < {a} THEN 4",
            *(f"WHEN {change} <= {limit} * {a} THEN {place}" for place, limit in enumerate((5, 20, 50, 100), start=6)),
            "ELSE 10",
        ]
        query = f"SELECT CASE {' '.join(cases)} END AS bin, count(*) FROM customers GROUP BY bin"
        counts = {int(place): int(count) for place, count in self._rows(query)}
        return tuple((name, counts.get(place, 0)) for place, name in enumerate(_BINS))

    # ── asking ──────────────────────────────────────────────────────────────

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query; numbers of 128 bits come as Python's integers."""
        return self.database.execute(query).fetchall()

    def _one(self, query: str) -> int:
        ((value,),) = self.database.execute(query).fetchall()
        return int(value)

    def close(self) -> None:
        """Let go of the database; its file may be deleted."""
        self.database.close()


def differences(before: int) -> str:
    """The name of the table of events (seq, kinds) in which the first side differs from another."""
    return f"differences{before}"


@contextmanager
def comparing(sides: Sequence[Side], prepared: Prepared, folder: Path, settings: Settings) -> Iterator[Comparing]:
    """The database in which sides are compared, closed at the end."""
    found = Comparing(sides, prepared, folder, settings)
    try:
        with interruptible(found.database):
            yield found
    finally:
        found.close()


def kinds_of(number: int) -> list[str]:
    """The names of the kinds of difference that a sum of them stands for."""
    return [name for kind, name in KINDS.items() if number & kind]
