"""SQL computes what Python does: integers of up to 38 digits, zones, curves, groups; and says where it can't.

Whole programs are compared in `tests/service/replay/test_duckdb.py`.
"""

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, floor
from random import Random

import duckdb
import pytest

from dsl import curve
from dsl.core import RATE, UNIT, Basis, Curve, Read, TextType, Tier
from dsl.numbers import divide_half_even
from dsl.to_sql import DuckDb, columns_of, plan, stretch_of
from dsl.to_sql.curves import amount_of
from dsl.to_sql.limits import undecided_lines
from dsl.to_sql.lines import Priced, Slot
from dsl.to_sql.numbers import MOST, Number, Numbers, TooLarge
from dsl.to_sql.offsets import STRETCH, hours_hold, offsets_in
from dsl.zones import EARLIEST, HOUR, LATEST, zone_named, zone_names
from tests.dsl.rules import JULY, ruleset

SQL = Numbers(DuckDb())
HOSTILE = [0, 1, -1, 2, 5, -5, 10, 49, 50, 51, -50, 2**31, -(2**63), 2**63 - 1, 10**18 + 1, -(10**18), MOST, -MOST]
TEXTS = [
    "",
    "a",
    "A",
    "it's",
    '"',
    "\\",
    "\\n",
    "tab\t",
    "%_",
    "é",
    "é",
    "😀",
    "a" * 300,
    "ä b",
    "--",
    "/* */",
    "{}",
    "$1",
]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own."""
    connection = duckdb.connect()
    yield connection
    connection.close()


def column(value: int, low: int, high: int) -> tuple[str, Number]:
    """A table with one number, and the number as a column of it that lies in an interval."""
    wide = not -(2**63) <= value < 2**63
    return f"SELECT CAST({value} AS {'HUGEINT' if wide else 'BIGINT'}) AS n", Number("n", low, high, wide)


def of(engine: duckdb.DuckDBPyConnection, rows: str, text: str) -> object:
    found = engine.execute(f"SELECT {text} FROM ({rows})").fetchone()
    assert found is not None
    return found[0]


# ── integers ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("value", HOSTILE)
def test_division_of_hostile_integers_is_exact(engine: duckdb.DuckDBPyConnection, value: int) -> None:
    ways: list[tuple[Callable[[Number, int], Number], Callable[[int, int], int]]] = [
        (SQL.floor_divide, lambda n, by: n // by),
        (SQL.floor_remainder, lambda n, by: n % by),
        (SQL.ceil_divide, lambda n, by: -(-n // by)),
        (SQL.half_even, divide_half_even),
    ]
    for by in (1, 2, 3, 7, 10, 60, 10**6, 10**18):
        for write, expected in ways:
            for low, high in ((value, value + 1), (min(value, -5) - 1, max(value, 5))):
                rows, number = column(value, low, high)
                try:
                    written = write(number, by)
                except TooLarge:
                    assert abs(value) > 10**18
                    continue
                assert written.low <= expected(value, by) <= written.high
                assert of(engine, rows, written.text) == expected(value, by), (write, by, low, high)


def test_random_integers_of_up_to_38_digits_are_rounded_exactly(engine: duckdb.DuckDBPyConnection) -> None:
    rng = Random(1)
    tried, texts, expected = 0, [], []
    for _ in range(1500):
        value = rng.choice([1, -1]) * rng.randrange(10 ** rng.randint(1, 37))
        by = rng.choice([2, 3, 6, 7, 10, 1000, 10**12, rng.randrange(1, 10 ** rng.randint(1, 18))])
        if rng.random() < 0.3:
            value = value // by * by + by // 2
        number = Number(f"CAST({value} AS HUGEINT)", min(value, -(10**36)), max(value, 10**36), wide=True)
        for write, meant in ((SQL.half_even, divide_half_even), (SQL.floor_divide, lambda n, d: n // d)):
            try:
                texts.append(write(number, by).text)
            except TooLarge:
                continue
            tried += 1
            expected.append(meant(value, by))
    found: list[int] = []
    for start in range(0, len(texts), 200):
        row = engine.execute(f"SELECT {', '.join(texts[start : start + 200])}").fetchone()
        assert row is not None
        found += row
    assert tried > 2000
    assert found == expected


def test_products_change_to_the_wide_type_before_they_overflow(engine: duckdb.DuckDBPyConnection) -> None:
    rows, number = column(2**62, -(2**63), 2**63 - 1)
    product = SQL.multiply(number, SQL.literal(10**18))
    assert product.wide
    assert of(engine, rows, product.text) == 2**62 * 10**18
    assert not SQL.add(Number("n", 0, 5), SQL.literal(7)).wide


def test_what_might_need_more_than_38_digits_is_refused_when_it_is_written() -> None:
    wide = Number("n", 0, 10**30, wide=True)
    with pytest.raises(TooLarge):
        SQL.multiply(wide, SQL.literal(10**9))
    with pytest.raises(TooLarge):
        SQL.literal(MOST + 1)
    assert SQL.multiply(wide, SQL.literal(10**7)).high == 10**37


def test_nested_rounding_does_not_grow_without_end() -> None:
    def nested(levels: int) -> Number:
        return SQL.half_even(nested(levels - 1), 10) if levels else Number("n", 0, 10**18)

    assert len(nested(4).text) < 10_000
    with pytest.raises(TooLarge):
        nested(64)


def test_missing_numbers_stay_missing(engine: duckdb.DuckDBPyConnection) -> None:
    rows, number = "SELECT CAST(NULL AS BIGINT) AS n", Number("n", -100, 100)
    for written in (
        SQL.half_even(number, 4), SQL.floor_divide(number, 4), SQL.add(number, number), SQL.times(number, Fraction(-3)),
    ):  # fmt: skip
        assert of(engine, rows, written.text) is None


# ── texts and lists ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", TEXTS)
def test_text_operators_on_hostile_texts(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    sql = DuckDb()
    literal = sql.string(text)
    assert of(engine, "SELECT 1", literal) == text
    assert of(engine, "SELECT 1", sql.length(literal)) == len(text)
    for other in TEXTS:
        part = sql.string(other)
        assert of(engine, "SELECT 1", f"{literal} = {part}") == (text == other)
        assert of(engine, "SELECT 1", sql.has_part(literal, part)) == (other in text)
        assert of(engine, "SELECT 1", sql.starts_with(literal, part)) == text.startswith(other)
        assert of(engine, "SELECT 1", sql.ends_with(literal, part)) == text.endswith(other)
        assert of(engine, "SELECT 1", sql.has_member(sql.strings([text, "b"]), part)) == (other in (text, "b"))


def test_lists_are_joined_so_that_no_two_are_alike(engine: duckdb.DuckDBPyConnection) -> None:
    sql = DuckDb()
    lists: list[list[str]] = [[], [""], ["", ""], ["a"], ["a", ""], ["", "a"], ["a,1:b"], ["a", "b"], ["1:a"], [","]]
    joined = [of(engine, "SELECT 1", sql.joined(sql.strings(texts))) for texts in lists]
    assert len(set(joined)) == len(lists)
    assert [of(engine, "SELECT 1", sql.size(sql.strings(texts))) for texts in lists] == [len(texts) for texts in lists]


@pytest.mark.parametrize("instant", [EARLIEST, -1, 0, JULY, LATEST])
def test_months_of_any_year(engine: duckdb.DuckDBPyConnection, instant: int) -> None:
    found = of(engine, "SELECT 1", DuckDb().month_number(f"CAST({instant} AS BIGINT)"))
    assert found == zone_named("UTC").month(instant)


def test_sums_of_64_bit_integers_do_not_overflow(engine: duckdb.DuckDBPyConnection) -> None:
    rows = f"SELECT CAST({10**18} AS BIGINT) AS n FROM range(1000)"
    assert of(engine, rows, DuckDb().total("n")) == 10**21


# ── zones ───────────────────────────────────────────────────────────────────


def test_offsets_are_those_of_the_zone_to_the_microsecond() -> None:
    rng = Random(3)
    zones = rng.sample(sorted(zone_names()), 40)
    for name in [*zones, "Africa/Casablanca", "Australia/Lord_Howe", "America/New_York", "Pacific/Apia", "Asia/Gaza"]:
        zone = zone_named(name)
        for stretch in (stretch_of(EARLIEST), stretch_of(LATEST), *rng.sample(range(-40, 80), 6)):
            offsets = offsets_in(name, [stretch])
            low, high = max(stretch * STRETCH, EARLIEST), min((stretch + 1) * STRETCH - 1, LATEST)
            edges = [edge for start, _ in offsets for edge in (start - 1, start) if low <= edge <= high]
            for instant in [low, high, *edges, *(rng.randint(low, high) for _ in range(20))]:
                before = [offset for start, offset in offsets if start <= instant] or [offsets[0][1]]
                assert before[-1] == zone.offset(instant), (name, instant)


def test_offsets_of_stretches_apart_hold_in_both() -> None:
    zone = zone_named("Europe/Berlin")
    stretches = [stretch_of(EARLIEST), stretch_of(JULY)]
    offsets = offsets_in("Europe/Berlin", stretches)
    for instant in (EARLIEST, EARLIEST + 100 * HOUR, JULY, JULY - 4000 * HOUR):
        if stretch_of(instant) in stretches:
            assert [offset for start, offset in offsets if start <= instant][-1] == zone.offset(instant)


def test_changes_within_an_hour_are_known() -> None:
    assert hours_hold(((0, 0), (5 * HOUR, HOUR)))
    assert not hours_hold(((0, 0), (5 * HOUR + HOUR // 2, HOUR)))


# ── curves ──────────────────────────────────────────────────────────────────


def _random_curve(rng: Random) -> Curve:
    bounds = sorted(rng.sample(range(1, 5000), rng.choice([0, 1, 2, 12])))
    tiers, lower = [], 0
    for upper in [*(bound * UNIT for bound in bounds), None]:
        tiers.append(
            Tier(
                lower,
                upper,
                rng.choice([0, rng.randrange(10 * RATE), RATE // 4]),
                rng.choice([1, 1, 3, 7, 100]) * UNIT,
                rng.choice([None, None, "started", "full"]),
                rng.choice([0, 0, rng.randrange(10**20)]),
            )
        )
        lower = upper or 0
    return Curve(rng.random() < 0.4, tuple(tiers))


def test_random_curves_owe_what_they_owe_in_python(engine: duckdb.DuckDBPyConnection) -> None:
    rng = Random(5)
    for _ in range(60):
        one = _random_curve(rng)
        edges = [edge for tier in one.tiers for edge in (tier.lower, tier.lower + 1, max(0, tier.lower - 1))]
        totals = [*edges, *(rng.randrange(6000 * UNIT) for _ in range(10))]
        rows = " UNION ALL ".join(f"SELECT CAST({total} AS BIGINT) AS n" for total in totals)
        amount = amount_of(SQL, one, Number("n", 0, 10**16))
        found = dict(engine.execute(f"SELECT n, {amount.text} FROM ({rows})").fetchall())
        assert found == {total: curve.amount(one, total) for total in totals}, one
        assert all(amount.low <= owed <= amount.high for owed in found.values())


# ── limits ──────────────────────────────────────────────────────────────────


def _limits(*bases: Basis) -> list[Priced]:
    checked = ruleset("interaction i\n  counts sale\n  price 1\n")
    slots = [Slot(number, basis, 3) for number, basis in enumerate(bases)]
    return [Priced(0, checked.interactions[0], (0,), limits=slots)]


MEMBER, PLAN = Read("member", TextType()), Read("plan", TextType())


@pytest.mark.parametrize(
    ("bases", "decided"),
    [
        ([Basis((), "day"), Basis((), "month")], True),
        ([Basis((), None), Basis((MEMBER,), "day"), Basis((MEMBER, PLAN), "hour")], True),
        ([Basis((), "week"), Basis((), "month")], False),
        ([Basis((MEMBER,), None), Basis((PLAN,), None)], False),
        ([Basis((MEMBER,), None), Basis((), "day")], False),
        ([Basis((), "hour")], True),
    ],
)
def test_windows_decide_several_limits_where_each_lies_within_the_next(bases: list[Basis], decided: bool) -> None:
    assert undecided_lines(_limits(*bases), hours_hold=True) == (set() if decided else {0})


def test_hours_that_straddle_midnight_lie_within_no_day() -> None:
    bases = [Basis((), "hour"), Basis((), "day")]
    assert undecided_lines(_limits(*bases), hours_hold=False) == {0}


# ── what is written ─────────────────────────────────────────────────────────


def test_nothing_is_ever_computed_in_floating_point() -> None:
    checked = ruleset(
        """
interaction sold
  counts sale with plan is free and (note is missing or length of note ≥ 3)
  limit 3 per day
  units n / 7 rounded to 2 places + amount * 2
  price per month
    first 10 free
    then at 1.00 per 3 units
  cap 5.00 per member per week
interaction rest
  also counts any event with n ≥ 0
  price 2.9% of n plus 0.30 at least 0.50
  discount 33.3% with n > 5
"""
    )
    columns = columns_of([checked])
    made = plan(DuckDb(), [checked], columns, [stretch_of(JULY)])
    texts = [stage.select for stage in (*made.claims, *made.stages, *made.results)]
    for text in [*texts, *made.customers]:
        bare = re.sub(r"'(?:[^']|'')*'", "''", text)
        assert not re.search(r"DOUBLE|FLOAT|REAL|[0-9]\.[0-9]|[^/]/[^/]|\bround\(|\bavg\(", bare)


def test_stages_name_what_they_match() -> None:
    checked = ruleset(
        "interaction one\n  counts sale\n  counts refund\n  price 1\ninteraction two\n  counts sale\n  price 1\n"
    )
    made = plan(DuckDb(), [checked], columns_of([checked]), [])
    assert [(match.version, match.interaction) for match in made.matches] == [(1, "one"), (1, "one"), (1, "two")]


def test_customers_are_named_only_where_something_may_need_order() -> None:
    plain = ruleset("interaction one\n  counts sale with gift\n  price by plan\n    free 0.05\n    otherwise 1\n")
    assert plan(DuckDb(), [plain], columns_of([plain]), []).customers == ()
    large = ruleset("interaction one\n  counts refund\n  units n * n\n  price 1\n")
    assert len(plan(DuckDb(), [large], columns_of([large]), []).customers) == 1


def test_intervals_are_whole() -> None:
    third = SQL.half_even(Number("n", 0, 100), 3)
    assert (third.low, third.high) == (0, 33)
    assert floor(Fraction(100, 3)) <= third.high <= ceil(Fraction(100, 3))


def test_a_bound_that_is_never_reached_is_not_written() -> None:
    number = Number("n", 0, 100)
    assert SQL.least(number, SQL.literal(100)) is number
    assert SQL.greatest(number, SQL.literal(0)) is number
    assert SQL.least(number, SQL.literal(99)).text == "least(n, CAST(99 AS BIGINT))"


def test_customers_are_numbered_for_windows_only() -> None:
    flat = ruleset("interaction one\n  counts sale\n  price 1\n")
    limited = ruleset("interaction one\n  counts sale\n  limit 1 per day\n  price 1\n")
    names = [[stage.name for stage in plan(DuckDb(), [one], columns_of([one]), []).stages] for one in (flat, limited)]
    assert names == [["lines"], ["numbered", "lines", "limited0"]]
