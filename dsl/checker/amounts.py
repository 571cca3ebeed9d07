"""The numbers of a price, none with a sign: how many digits they may have, and the scaled integers they become."""

import re
from decimal import Decimal

from dsl import core, syntax
from dsl.checker.context import Context
from dsl.diagnostics.phrases import PointOfThousands
from dsl.diagnostics.prices import BoundsReversed, NotPositive, PriceDigits
from dsl.numbers import parse_scaled

_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
RATE_DIGITS = 6
"""Digits that a rate, or a percentage, may have before the point."""
FLAT_DIGITS = 12
"""Digits that flat money, a bound of a price, a cap or the bound of a tier may have before the point."""
MONEY_DIGITS_AFTER = 12
PERCENT_PLACES = MONEY_DIGITS_AFTER - 2
"""Digits that a percentage may have after the point: its share then has as many as a rate."""


def scaled(value: Decimal, before: int, after: int) -> int | None:
    """value × 10^after, or None where it has more than `before` digits before the point or `after` behind it."""
    if value and value.adjusted() >= before:
        return None
    return parse_scaled(format(value, "f"), after)


def rate(number: syntax.Number, context: Context) -> int | None:
    """A rate in 10⁻¹² of the currency; None, reported, where it is none."""
    return _amount(number, "a rate", RATE_DIGITS, context)


def money(number: syntax.Number, what: str, context: Context) -> int | None:
    """Flat money in 10⁻¹⁸ of the currency, `what` naming it in the message; None, reported, where it is none."""
    amount = _amount(number, what, FLAT_DIGITS, context)
    return None if amount is None else amount * (core.MONEY // core.RATE)


def cap_money(number: syntax.Number, context: Context) -> int | None:
    """The money of a cap, above 0."""
    if number.value == 0:
        context.report(NotPositive(span=number.span, what="a cap", text=number.text))
        return None
    return money(number, "a cap", context)


def _amount(number: syntax.Number, what: str, before: int, context: Context) -> int | None:
    amount = scaled(number.value, before, MONEY_DIGITS_AFTER)
    if amount is None:
        after = MONEY_DIGITS_AFTER
        context.report(PriceDigits(span=number.span, what=what, text=number.text, before=before, after=after))
    return amount


def warn_of_thousands(number: syntax.Expression, context: Context) -> None:
    """Warn of `10.000` where whole numbers are usual: it is ten, and reads like ten thousand to half of the world."""
    if isinstance(number, syntax.Number) and _THOUSANDS.fullmatch(number.text):
        means = f"{number.value.normalize():f}"
        context.report(PointOfThousands(span=number.span, number=number.text, means=means))


def units(number: syntax.Number, what: str, context: Context) -> int | None:
    """A number of units above 0, in millionths; None, reported, where it is none."""
    if number.value <= 0:
        context.report(NotPositive(span=number.span, what=what, text=number.text))
        return None
    warn_of_thousands(number, context)
    amount = scaled(number.value, FLAT_DIGITS, core.UNIT_PLACES)
    if amount is None:
        before, after = FLAT_DIGITS, core.UNIT_PLACES
        context.report(PriceDigits(span=number.span, what=what, text=number.text, before=before, after=after))
    return amount


def percentage(percent: syntax.Percent, context: Context) -> Decimal | None:
    """A percentage without trailing zeros; None, reported, where it is none."""
    share = scaled(percent.value, RATE_DIGITS, PERCENT_PLACES)
    if share is None:
        before, after = RATE_DIGITS, PERCENT_PLACES
        context.report(
            PriceDigits(span=percent.span, what="a percentage", text=percent.text, before=before, after=after)
        )
        return None
    places = PERCENT_PLACES
    while places and share % 10 == 0:
        share, places = share // 10, places - 1
    return Decimal(share).scaleb(-places)


def percentage_rate(percent: syntax.Percent, context: Context) -> int | None:
    """A percentage as a rate in 10⁻¹², `2.9%` being 0.029."""
    known = percentage(percent, context)
    return None if known is None else scaled(known, RATE_DIGITS, PERCENT_PLACES)


def bounds(node: syntax.Bounds | None, context: Context) -> tuple[int | None, int | None] | None:
    """`at least` and `at most` as money, each None where it is not given; None, reported, where one is wrong."""
    if node is None:
        return None, None
    low = None if node.at_least is None else money(node.at_least, "a bound of a price", context)
    high = None if node.at_most is None else money(node.at_most, "a bound of a price", context)
    if (low is None) != (node.at_least is None) or (high is None) != (node.at_most is None):
        return None
    if low is not None and high is not None and low > high and node.at_least and node.at_most:
        context.report(BoundsReversed(span=node.span, low=node.at_least.text, high=node.at_most.text))
        return None
    return low, high
