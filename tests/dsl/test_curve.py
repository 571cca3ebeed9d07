"""Curves, and that the prices of single events add up to them, whatever the order, the keys, the caps, the versions."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl import curve
from dsl.core import (
    MONEY,
    UNIT,
    Basis,
    BooleanType,
    Curve,
    Limit,
    NumberType,
    Read,
    Ruleset,
    TextType,
    Tier,
    TimestampType,
    UnitPrice,
)
from dsl.evaluation import CounterKey, Evaluation
from dsl.interpreter import evaluate
from dsl.to_python.curves import Curves
from dsl.to_python.module import Module
from dsl.to_python.support import namespace
from dsl.zones import zone_named
from tests.dsl.rules import JULY, apply, event, hours, ruleset

GRADUATED = """per month
  first 100 free
  next 900 at 0.40
  then at 0.25"""
VOLUME = """per month by volume
  up to 100 at 2.00
  up to 200 at 1.00 plus 5.00
  above for 150.00"""
FLAT = """per month
  first 10 for 5.00
  next 10 at 1.00 plus 3.00
  then at 0.333333333333"""
BLOCKS = """per month
  first 10 at 3.00 per started 4 units
  then at 1.00 per full 5 units plus 2.00"""
STAIRSTEP = """per month by volume
  up to 10 for 5.00
  up to 20 for 8.00
  above for 9.00"""
PRO_RATA = """per month
  first 1 free
  then at 5.00 per 3_000 units"""
PRICES = {
    "graduated": GRADUATED,
    "volume": VOLUME,
    "flat": FLAT,
    "blocks": BLOCKS,
    "stairstep": STAIRSTEP,
    "pro rata": PRO_RATA,
}


def rules(price: str, more: str = "", version: int = 1) -> Ruleset:
    return ruleset(f"interaction sold\n  counts sale\n  units amount\n  price {price}\n{more}", version)


def the_curve(checked: Ruleset) -> Curve:
    (interaction,) = checked.interactions
    assert isinstance(interaction.price, UnitPrice)
    return interaction.price.curve


def units(number: str) -> int:
    return int(Fraction(number) * UNIT)


@pytest.mark.parametrize(
    ("price", "total", "owed"),
    [
        ("graduated", "0", "0"),
        ("graduated", "100", "0"),
        ("graduated", "100.000001", "0.0000004"),
        ("graduated", "1000", "360"),
        ("graduated", "1001", "360.25"),
        ("volume", "0", "0"),
        ("volume", "0.5", "1"),
        ("volume", "100", "200"),
        ("volume", "100.000001", "105.000001"),
        ("volume", "200", "205"),
        ("volume", "201", "150"),
        ("flat", "0", "0"),
        ("flat", "0.000001", "5"),
        ("flat", "10", "5"),
        ("flat", "10.5", "8.5"),
        ("flat", "20", "18"),
        ("flat", "23", "18.999999999999"),
        ("blocks", "0.1", "3"),
        ("blocks", "4", "3"),
        ("blocks", "4.000001", "6"),
        ("blocks", "10", "9"),
        ("blocks", "14.999999", "11"),
        ("blocks", "15", "12"),
        ("blocks", "20", "13"),
        ("stairstep", "10", "5"),
        ("stairstep", "10.000001", "8"),
        ("stairstep", "1000", "9"),
        ("pro rata", "2", "0.001666666666666667"),
        ("pro rata", "3", "0.003333333333333333"),
        ("pro rata", "3001", "5"),
    ],
)
def test_what_is_owed_for_a_total(price: str, total: str, owed: str) -> None:
    assert curve.amount(the_curve(rules(PRICES[price])), units(total)) == Fraction(owed) * MONEY


def test_a_half_is_rounded_to_even_once() -> None:
    # Two tiers of half a money unit each: rounded one by one they would come to 0, together they are 1.
    half = Tier(0, UNIT, 1, 2 * UNIT * 10**6), Tier(UNIT, None, 1, 2 * UNIT * 10**6)
    assert curve.amount(Curve(False, half), UNIT) == 0
    assert curve.amount(Curve(False, half), 2 * UNIT) == 1
    assert curve.amount(Curve(False, half), 3 * UNIT) == 2


# ── parts add up ────────────────────────────────────────────────────────────

AMOUNTS = st.lists(
    st.one_of(
        st.sampled_from(["0", "0.000001", "1", "9.999999", "10", "99.999999", "100"]),
        st.integers(0, 400 * UNIT).map(lambda n: f"{n // UNIT}.{n % UNIT:06}"),
    ),
    max_size=12,
)


def charged(checked: Ruleset, amounts: Sequence[str], **others: object) -> int:
    """The sum of the prices of some events against one ledger."""
    counters: dict[CounterKey, int] = {}
    total = 0
    for amount in amounts:
        result = evaluate(checked, event(amount=amount, **others), counters)
        assert isinstance(result, Evaluation)
        apply(counters, result)
        total += result.price
    return total


@pytest.mark.parametrize("price", PRICES)
@given(amounts=AMOUNTS, data=st.data())
def test_parts_add_up_in_every_order(price: str, amounts: list[str], data: st.DataObject) -> None:
    checked = rules(PRICES[price])
    total = sum(units(amount) for amount in amounts)
    owed = curve.amount(the_curve(checked), total)
    assert charged(checked, amounts) == owed
    assert charged(checked, data.draw(st.permutations(amounts))) == owed


@pytest.mark.parametrize("price", PRICES)
@given(amounts=AMOUNTS, data=st.data())
def test_parts_add_up_under_a_cap(price: str, amounts: list[str], data: st.DataObject) -> None:
    checked = rules(PRICES[price], "  cap 20.00 per month\n")
    owed = min(20 * MONEY, curve.amount(the_curve(checked), sum(units(amount) for amount in amounts)))
    assert charged(checked, amounts) == owed
    assert charged(checked, data.draw(st.permutations(amounts))) == owed


@given(sales=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, 24 * 40]), AMOUNTS), max_size=5))
def test_each_key_and_each_period_has_its_own_total(sales: list[tuple[str, int, list[str]]]) -> None:
    checked = rules(GRADUATED.replace("per month", "per member, gift per month"))
    counters: dict[CounterKey, int] = {}
    prices: dict[tuple[str, int], int] = {}
    totals: dict[tuple[str, int], int] = {}
    for member, later, amounts in sales:
        for amount in amounts:
            result = evaluate(checked, event(amount=amount, member=member, time=hours(later)), counters)
            assert isinstance(result, Evaluation)
            apply(counters, result)
            prices[member, later] = prices.get((member, later), 0) + result.price
            totals[member, later] = totals.get((member, later), 0) + units(amount)
    assert prices == {group: curve.amount(the_curve(checked), total) for group, total in totals.items()}


@given(before=AMOUNTS, after=AMOUNTS)
def test_totals_carry_over_to_a_new_version(before: list[str], after: list[str]) -> None:
    old, new = rules(GRADUATED), rules(VOLUME, "  cap 1_000 per event\n", version=2)
    used = sum(units(amount) for amount in before)
    counters: dict[CounterKey, int] = {}
    prices = {}
    for version, amounts in ((old, before), (new, after)):
        prices[version.version] = 0
        for amount in amounts:
            result = evaluate(version, event(amount=amount), counters)
            assert isinstance(result, Evaluation)
            apply(counters, result)
            prices[version.version] += result.price
    whole = used + sum(units(amount) for amount in after)
    assert prices[1] == curve.amount(the_curve(old), used)
    if all(units(amount) <= 100 * UNIT for amount in after):  # no price comes near the cap per event
        assert prices[2] == curve.amount(the_curve(new), whole) - curve.amount(the_curve(new), used)


# ── what a total carries over by ────────────────────────────────────────────


def keys_of(text: str) -> set[CounterKey]:
    """The counters that one sale moves."""
    result = evaluate(ruleset(text), event(amount="1", gift=True, n=1), {})
    assert isinstance(result, Evaluation)
    assert result.changes
    return {change.key for change in result.changes}


TOTAL = """interaction sold
  counts sale
  units amount
  price per member, n per month
    first 10 free
    then at 1.00 per unit
"""


@pytest.mark.parametrize(
    ("other", "carries"),
    [
        (TOTAL.replace("1.00", "2.00"), True),
        (TOTAL.replace("per member, n", "per n, member"), True),
        (TOTAL.replace("counts sale", "counts sale with gift"), True),
        (TOTAL.replace(" per unit", " per units"), True),
        (TOTAL.replace("1.00 per unit", "1.00 per call"), False),
        (TOTAL.replace("month", "week"), False),
        (TOTAL.replace("member, n", "member"), False),
        (TOTAL.replace("member, n", "member, gift"), False),
        (TOTAL.replace("sold", "vended"), False),
    ],
    ids=["rate", "order", "condition", "plural", "noun", "period", "one key", "another key", "name"],
)
def test_a_running_total_carries_over_where_what_it_counts_is_unchanged(other: str, carries: bool) -> None:
    assert (keys_of(TOTAL) == keys_of(other)) == carries


def test_cases_have_totals_of_their_own_and_otherwise_is_not_a_case() -> None:
    def by(plan: str) -> set[CounterKey]:
        totals = "per month\n      first 5 free\n      then at 1.00"
        text = f"interaction sold\n  counts sale\n  price by plan\n    {plan} {totals}\n    otherwise {totals}\n"
        return keys_of(text)

    assert by("free") != by("pro")
    assert by("pro") == by('"call centre"')


def test_yes_is_not_one_and_a_decimal_is_no_integer() -> None:
    whole, decimal = NumberType(Fraction(0), Fraction(9), 0), NumberType(Fraction(0), Fraction(9), 6)
    types = (BooleanType(), whole, decimal, TextType(), TimestampType())
    bases = [Basis((Read("x", type_),), "day") for type_ in types]
    assert len({curve.limit_signature(Limit(1, basis)) for basis in bases}) == len(bases)
    assert len({curve.cap_signature(basis) for basis in bases}) == len(bases)


def test_limits_carry_over_whatever_they_allow() -> None:
    def limit(text: str) -> set[CounterKey]:
        return keys_of(f"interaction sold\n  counts sale\n  {text}\n  price 1.00\n")

    assert limit("limit 3 per member per day") == limit("once per member per day")
    assert limit("limit 3 per day") != limit("limit 3 per week")


# ── the compiled curve ──────────────────────────────────────────────────────


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """Any curve: several tiers of every kind, by volume or graduated."""
    uppers = sorted(draw(st.sets(st.integers(1, 50 * UNIT), max_size=12)))
    tiers = []
    for lower, upper in zip([0, *uppers], [*uppers, None], strict=True):
        tiers.append(
            Tier(
                lower,
                upper,
                draw(st.one_of(st.just(0), st.integers(0, 10**18))),
                draw(st.sampled_from([UNIT, 1, 3 * UNIT, 100 * UNIT, 7, 1000 * UNIT])),
                draw(st.sampled_from([None, "started", "full"])),
                draw(st.sampled_from([0, 5 * MONEY, 1])),
            )
        )
    return Curve(draw(st.booleans()), tuple(tiers))


@given(shape=curves(), totals=st.lists(st.integers(0, 60 * UNIT), max_size=5))
def test_a_compiled_curve_is_the_same_curve(shape: Curve, totals: list[int]) -> None:
    module = Module()
    with module.function("owed", ["t"]):
        module.line(f"return {Curves(module).amount(shape, 't')}")
    names = namespace(zone_named("UTC")) | module.namespace
    exec("".join(module.take()), names)
    owed = names["owed"]
    assert callable(owed)
    edges = [edge for tier in shape.tiers for edge in (tier.lower, tier.lower + 1, tier.lower + tier.size)]
    for total in (*totals, *edges):
        assert owed(total) == curve.amount(shape, total)


def test_the_interaction_is_named_first_in_every_key() -> None:
    text = TOTAL + "  limit 5 per day\n  cap 100.00 per week\n"
    assert [key[0] for key in keys_of(text)] == ["sold"] * 3
    assert {str(key[1]).partition(" ")[0] for key in keys_of(text)} == {"total", "limit", "cap"}
    assert {key[2] for key in keys_of(text)} == {"acme"}
    assert all(isinstance(key[3], int) for key in keys_of(text))
    assert JULY // 86_400_000_000 in {key[3] for key in keys_of(text)}
