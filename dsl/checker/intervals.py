"""The arithmetic of number types: what interval and which places the result of an operation has."""

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from dsl.core import UNIT, UNIT_PLACES, NumberType
from dsl.numbers import RoundingMode, divide_half_even
from dsl.zones import EARLIEST, LATEST, SECOND

MOST_DIGITS = 38
"""No number of a checked file has more digits than this, before and after the point together."""
INTEGER_LOW, INTEGER_HIGH = -(2**63), 2**63 - 1
"""What an integer without a range may be."""
DECIMAL_HIGH = 10**18 - 1
"""What a decimal without a range may be, in millionths, and so may its negative."""

_LIMIT: int = 10**MOST_DIGITS
_DIVISORS = {"seconds": 1, "minutes": 60, "hours": 3600}


def whole(low: int, high: int) -> NumberType:
    """Whole numbers from `low` to `high`."""
    return NumberType(Fraction(low), Fraction(high), 0)


def millionths(low: int, high: int) -> NumberType:
    """Decimals with 6 places between two numbers of millionths."""
    return NumberType(Fraction(low, UNIT), Fraction(high, UNIT), UNIT_PLACES)


def places_of(value: Decimal) -> int:
    """How many digits after the point a number needs."""
    if value == value.to_integral_value():
        return 0
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    zeros = 0
    while digits[-1 - zeros] == 0:
        zeros += 1
    return -exponent - zeros


@lru_cache(maxsize=4096)
def constant(value: Decimal) -> NumberType:
    """The type of one number."""
    exact = Fraction(value)
    return NumberType(exact, exact, places_of(value))


def fits(type_: NumberType) -> bool:
    """Whether every number of the type, and its scale, stays within 38 digits."""
    scale = type_.scale
    ends = (type_.low, type_.high)
    return scale < _LIMIT and all(abs(end.numerator) * scale < _LIMIT * end.denominator for end in ends)


def united(a: NumberType, b: NumberType) -> NumberType:
    """The type that holds the numbers of both."""
    return NumberType(min(a.low, b.low), max(a.high, b.high), max(a.places, b.places), math.lcm(a.divisor, b.divisor))


def arithmetic(operator: Literal["+", "-", "*"], a: NumberType, b: NumberType) -> NumberType:
    """The type of `a operator b`."""
    if operator == "*":
        low, high = _hull(x * y for x in (a.low, a.high) for y in (b.low, b.high))
        return NumberType(low, high, a.places + b.places, a.divisor * b.divisor)
    b = negated(b) if operator == "-" else b
    return NumberType(a.low + b.low, a.high + b.high, max(a.places, b.places), math.lcm(a.divisor, b.divisor))


def negated(a: NumberType) -> NumberType:
    """The type of `-a`."""
    return NumberType(-a.high, -a.low, a.places, a.divisor)


def divided(a: NumberType, by: Decimal) -> NumberType:
    """The type of `a / by` before it is rounded; `by` is not 0."""
    exact = Fraction(by)
    low, high = _hull((a.low / exact, a.high / exact))
    return NumberType(low, high, a.places, a.divisor * abs(exact.numerator))


def percent_of(percent: Decimal, a: NumberType) -> NumberType:
    """The type of `percent% of a`."""
    share = Fraction(percent) / 100
    low, high = _hull((a.low * share, a.high * share))
    return NumberType(low, high, a.places + places_of(percent) + 2, a.divisor)


def rounded(a: NumberType, mode: RoundingMode, places: int) -> NumberType:
    """The type of `a` rounded to `places`."""
    return NumberType(round_to(a.low, mode, places), round_to(a.high, mode, places), places)


def round_to(value: Fraction, mode: RoundingMode, places: int) -> Fraction:
    """A number rounded to `places`: towards +∞, towards -∞ or half to even."""
    scale = 10**places
    match mode:
        case "up":
            return Fraction(math.ceil(value * scale), scale)
        case "down":
            return Fraction(math.floor(value * scale), scale)
        case "half even":
            scaled = value * scale
            return Fraction(divide_half_even(scaled.numerator, scaled.denominator), scale)


def extreme(which: Literal["smaller", "larger"], a: NumberType, b: NumberType) -> NumberType:
    """The type of the smaller or larger of two numbers."""
    pick = min if which == "smaller" else max
    return NumberType(pick(a.low, b.low), pick(a.high, b.high), max(a.places, b.places), math.lcm(a.divisor, b.divisor))


def elapsed(unit: Literal["seconds", "minutes", "hours"]) -> NumberType:
    """The type of the time between any two instants."""
    divisor = _DIVISORS[unit]
    longest = Fraction(LATEST - EARLIEST, SECOND * divisor)
    return NumberType(-longest, longest, 6, divisor)


def _hull(values: Iterable[Fraction]) -> tuple[Fraction, Fraction]:
    found = tuple(values)
    return min(found), max(found)
