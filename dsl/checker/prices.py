"""Prices: from each form that an author may write to the checked one."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from dsl import core, syntax
from dsl.checker import amounts
from dsl.checker.bases import Reading, check_total_basis, text_of
from dsl.checker.cases import check_by
from dsl.checker.context import Context
from dsl.checker.expressions import check_number
from dsl.checker.tiers import block_curve, check_curve
from dsl.checker.unit_nouns import UnitNoun
from dsl.diagnostics.prices import BlocksWithoutBasis, BoundsOnRunningTotal, PricePlaces, PriceTooLarge
from dsl.numbers import divide_up
from dsl.source import Span

MOST_MONEY = 10**20
"""No price reaches this: with 18 places it would need more than 38 digits."""


def check_price(node: syntax.Price, reading: Reading, noun: UnitNoun, context: Context) -> core.Price | None:
    """The checked price; None, with everything reported, where it is none."""
    if isinstance(node, syntax.ByPrice):
        return check_by(node, reading, context, lambda price: check_simple(price, reading, noun, context))
    return check_simple(node, reading, noun, context)


def simple_prices(price: core.Price) -> Iterator[core.SimplePrice]:
    """The price itself, or all that a `by` chooses among."""
    if isinstance(price, core.ByPrice):
        yield from (case.price for case in price.cases)
        if price.otherwise is not None:
            yield price.otherwise
    else:
        yield price


def running_basis(price: core.Price) -> core.Basis | None:
    """What the price's running totals run over, or None where it has none."""
    for simple in simple_prices(price):
        if isinstance(simple, core.UnitPrice) and simple.basis is not None:
            return simple.basis
    return None


def check_simple(
    node: syntax.SimplePrice, reading: Reading, noun: UnitNoun, context: Context
) -> core.SimplePrice | None:
    """The checked form of a price without cases; None, with everything reported, where it is none."""
    price: core.SimplePrice | None
    match node:
        case syntax.Free():
            price = core.UnitPrice(core.Curve(False, (core.Tier(0, None, 0),)), None)
        case syntax.PerUnit():
            price = _check_per_unit(node, reading, noun, context)
        case syntax.Tiers():
            price = _check_tiers(node, reading, noun, context)
        case syntax.PercentagePrice():
            price = _check_percentage(node, reading, context)
        case syntax.ComputedPrice():
            price = _check_computed(node, reading, context)
    return price if price is None or fits_money(node.span, highest(price), context) else None


def highest(price: core.SimplePrice) -> Fraction:
    """A number that no amount owed under the price exceeds, in the currency: of one event, or of a running total."""
    match price:
        case core.UnitPrice(curve=curve, basis=basis):
            limit = core.MOST_UNITS if basis is None else core.MOST_TOTAL
            reached = [tier for tier in curve.tiers if tier.lower < limit]
            lowers = [0 if curve.by_volume else tier.lower for tier in reached]
            dues = [
                _due(tier, min(limit, limit if tier.upper is None else tier.upper) - lower)
                for tier, lower in zip(reached, lowers, strict=True)
            ]
            most = Fraction(max(dues) if curve.by_volume else sum(dues), core.MONEY)
        case core.PercentagePrice():
            most = _largest(price.amount) * Fraction(price.percent) / 100 + Fraction(price.plus, core.MONEY)
        case core.ComputedPrice():
            most = _largest(price.amount)
    lowest = Fraction(price.at_least or 0, core.MONEY)
    return max(lowest, most if price.at_most is None else min(most, Fraction(price.at_most, core.MONEY)))


def _due(tier: core.Tier, units: int) -> int:
    """The most money that a tier charges for so many units or fewer."""
    exact = tier.rate * (core.MONEY // core.RATE)
    if tier.blocks is None:
        return divide_up(exact * units, tier.size) + tier.plus
    return exact * divide_up(units, tier.size) + tier.plus


def _largest(expression: core.Expression) -> Fraction:
    """The largest absolute value that a number can have."""
    assert isinstance(expression.type, core.NumberType)
    return max(-expression.type.low, expression.type.high)


def fits_money(span: Span, most: Fraction, context: Context) -> bool:
    """Whether a price that can reach `most` is below the most that money holds; reported where it is not."""
    if most < MOST_MONEY:
        return True
    context.report(PriceTooLarge(span=span, highest=f"{int(most):,}"))
    return False


def _check_per_unit(node: syntax.PerUnit, reading: Reading, noun: UnitNoun, context: Context) -> core.UnitPrice | None:
    curve = block_curve(node, noun, context)
    if node.basis is None:
        if node.blocks is not None:
            context.report(BlocksWithoutBasis(span=node.span, blocks=node.blocks))
            return None
        return None if curve is None else core.UnitPrice(curve, None)
    basis = check_total_basis(node.basis, reading, context)
    return None if curve is None or basis is None else core.UnitPrice(curve, basis[0])


def _check_tiers(node: syntax.Tiers, reading: Reading, noun: UnitNoun, context: Context) -> core.UnitPrice | None:
    basis = check_total_basis(node.basis, reading, context)
    curve = check_curve(node, noun, context)
    bounds = amounts.bounds(node.bounds, context)
    if basis is not None and basis[0] is not None and node.bounds is not None:
        context.report(BoundsOnRunningTotal(span=node.bounds.span, basis=text_of(basis[0])))
        return None
    if curve is None or basis is None or bounds is None:
        return None
    return core.UnitPrice(curve, basis[0], *bounds)


def _check_percentage(node: syntax.PercentagePrice, reading: Reading, context: Context) -> core.PercentagePrice | None:
    percent = amounts.percentage(node.percent, context)
    plus = 0 if node.plus is None else amounts.money(node.plus, "a flat amount", context)
    bounds = amounts.bounds(node.bounds, context)
    number = check_number(node.amount, reading.scope, reading.context)
    if percent is None or plus is None or bounds is None or number is None:
        return None
    if not _fits_places(node.amount, number, _places(percent) + 2, context):
        return None
    return core.PercentagePrice(percent, number, plus, *bounds)


def _check_computed(node: syntax.ComputedPrice, reading: Reading, context: Context) -> core.ComputedPrice | None:
    bounds = amounts.bounds(node.bounds, context)
    number = check_number(node.amount, reading.scope, reading.context)
    if bounds is None or number is None or not _fits_places(node.amount, number, 0, context):
        return None
    return core.ComputedPrice(number, *bounds)


def _fits_places(node: syntax.Node, number: core.Expression, places: int, context: Context) -> bool:
    """Whether the number, with `places` more than it has, is always exact money."""
    assert isinstance(number.type, core.NumberType)
    if number.type.places + places <= core.MONEY_PLACES:
        return True
    context.report(PricePlaces(span=node.span, places=number.type.places + places))
    return False


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
