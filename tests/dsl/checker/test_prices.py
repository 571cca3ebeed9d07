"""Each form of a price as the checked form holds it: rates, sizes, edges, flat parts, bounds and bases as integers."""

from decimal import Decimal

import pytest

from dsl import core
from dsl.checker import check
from dsl.core import MONEY, UNIT, Case, Curve, PercentagePrice, Tier, UnitPrice
from dsl.diagnostics import Severity
from dsl.source import Source

HEAD = """ruleset shop
version 1
effective 2026-07-01
currency EUR

event use
  amount  decimal from 0 to 1_000_000
  number  string
  kind    one of a, b

interaction used
  counts use
"""
MONTH = core.Basis((), "month")
NUMBER = core.Read("number", core.TextType())


def checked(clauses: str) -> core.Interaction:
    ruleset, found = check(Source("shop.vpi", HEAD + clauses))
    assert ruleset is not None, found
    return ruleset.interactions[0]


def one(rate: int, size: int = UNIT, blocks: str | None = None, basis: core.Basis | None = None) -> UnitPrice:
    return UnitPrice(Curve(False, (Tier(0, None, rate, size, blocks),)), basis)  # type: ignore[arg-type]


CENT = 10**10  # a rate of 0.01


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("free", one(0)),
        ("0.05", one(5 * CENT)),
        ("0.050 per call", one(5 * CENT)),
        ("5.00 per 1_000 calls", one(500 * CENT, 1000 * UNIT)),
        ("0.000000000001 per 0.000001 calls", one(1, 1)),
        ("10 per started 100 calls per month", one(1000 * CENT, 100 * UNIT, "started", MONTH)),
        ("10 per full 2.5 calls per event", one(1000 * CENT, 2_500_000, "full")),
        (
            "1 per started 5 calls per number per day",
            one(100 * CENT, 5 * UNIT, "started", core.Basis((NUMBER,), "day")),
        ),
    ],
)
def test_one_rate(price: str, expected: UnitPrice) -> None:
    assert checked(f"price {price}").price == expected


def test_lengths_and_ends_make_the_same_curve() -> None:
    lengths = checked("price per month first 100 free next 900 at 0.40 then at 0.25").price
    ends = checked("price per month up to 100 free up to 1_000 at 0.40 above at 0.25").price
    tiers = (Tier(0, 100 * UNIT, 0), Tier(100 * UNIT, 1000 * UNIT, 40 * CENT), Tier(1000 * UNIT, None, 25 * CENT))
    assert lengths == ends == UnitPrice(Curve(False, tiers), MONTH)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("free", Tier(0, UNIT, 0)),
        ("free plus 2", Tier(0, UNIT, 0, plus=2 * MONEY)),
        ("at 0.01 plus 0.5", Tier(0, UNIT, CENT, plus=MONEY // 2)),
        ("at 0.01 per started 3 calls plus 1", Tier(0, UNIT, CENT, 3 * UNIT, "started", MONEY)),
        ("at 0.01 per call", Tier(0, UNIT, CENT)),
        ("at 2.9%", Tier(0, UNIT, 29 * 10**9)),
        ("at 0.0000000001% plus 1", Tier(0, UNIT, 1, plus=MONEY)),
        ("for 999_999_999_999.999999999999", Tier(0, UNIT, 0, plus=(10**24 - 1) * 10**6)),
    ],
)
def test_what_a_tier_charges(rate: str, expected: Tier) -> None:
    price = checked(f"price per month first 1 {rate} then free").price
    assert isinstance(price, UnitPrice)
    assert price.curve.tiers[0] == expected


def test_volume_and_bounds_of_an_event() -> None:
    price = checked("price per event by volume up to 1 at 1 above at 1 at least 2 at most 30.5").price
    curve = Curve(True, (Tier(0, UNIT, 100 * CENT), Tier(UNIT, None, 100 * CENT)))
    assert price == UnitPrice(curve, None, 2 * MONEY, 61 * MONEY // 2)


def test_a_percentage_keeps_no_trailing_zeros() -> None:
    price = checked("price 2.900% of amount plus 0.30 at most 20").price
    assert isinstance(price, PercentagePrice)
    assert (str(price.percent), price.plus, price.at_least, price.at_most) == ("2.9", 3 * MONEY // 10, None, 20 * MONEY)


def test_cases_hold_values_of_their_attributes() -> None:
    price = checked('price by kind, number a, "x" 1 b, "x" free otherwise 2').price
    assert isinstance(price, core.ByPrice)
    assert [attribute.name for attribute in price.attributes] == ["kind", "number"]
    assert price.cases == (Case(("a", "x"), one(100 * CENT)), Case(("b", "x"), one(0)))
    assert price.otherwise == one(200 * CENT)


def test_adjustments_and_caps() -> None:
    found = checked(
        'price 1 surcharge 12.5% with kind is a discount 100% with number is "x" cap 3 per event cap 4 per day'
    )
    assert [(a.kind, a.percent) for a in found.adjustments] == [
        ("surcharge", Decimal("12.5")),
        ("discount", Decimal(100)),
    ]
    assert found.caps == (core.Cap(3 * MONEY, None), core.Cap(4 * MONEY, core.Basis((), "day")))


@pytest.mark.parametrize(
    ("clauses", "noun"),
    [
        ("price 1", "unit"),
        ("price 5 per 100 tokens", "tokens"),
        ("price by kind a 5 per 100 tokens b 1 per token", "token"),
        ("price per month first 100 free then at 5 per 10 calls", "calls"),
        ('price 1 example "x" use (amount: 1, number: "x", kind: a) => used, 1 visit, 1', "visit"),
    ],
)
def test_the_noun_is_the_author_s(clauses: str, noun: str) -> None:
    assert checked(clauses).noun == noun


@pytest.mark.parametrize(
    ("clauses", "ids"),
    [
        ("price 999_999.999999999999 per 0.000001 calls", ["price-too-large"]),
        ("price is amount * amount * 100_000 at most 5 surcharge 999_999% with kind is a", []),
        ("price is amount * amount * 100_000 surcharge 999_999% with kind is a", ["price-too-large"]),
        ("price 0.0000000001% of (amount * 0.000001)", ["price-places"]),
        ("price 1 discount 0.00000000001% with kind is a", ["price-digits"]),
        ("price 1_000_000%  of amount", ["price-digits"]),
        ("price per month first 1_000_000_000_000 free then free", ["price-digits"]),
        ("price per nmber per month first 1 free then at 1", ["unknown-attribute"]),
    ],
)
def test_numbers_fit_money(clauses: str, ids: list[str]) -> None:
    ruleset, found = check(Source("shop.vpi", HEAD + clauses))
    errors = [d.id for d in found if d.severity is Severity.ERROR]
    assert errors == ids
    assert (ruleset is None) == bool(ids)
