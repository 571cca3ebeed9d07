"""Every number that an expression can come to lies within the interval, and at the scale, that the checker gives it."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.checker import intervals
from dsl.core import NumberType
from dsl.numbers import RoundingMode

Point = tuple[Fraction, NumberType]
"""One value that an expression may have, and the type that is given to it."""


@dataclass(frozen=True)
class Leaf:
    """An attribute: its type, and its value in some event."""

    value: int
    type: NumberType

    @property
    def point(self) -> Point:
        return Fraction(self.value, self.type.scale), self.type


@st.composite
def leaves(draw: st.DrawFn) -> Point:
    places = draw(st.sampled_from((0, 6)))
    low, value, high = sorted(draw(st.tuples(*[st.integers(-(10**7), 10**7)] * 3)))
    type_ = intervals.whole(low, high) if places == 0 else intervals.millionths(low, high)
    return Leaf(value, type_).point


def constants() -> st.SearchStrategy[Point]:
    numbers = st.decimals(-1000, 1000, places=3, allow_nan=False)
    return numbers.map(lambda value: (Fraction(value), intervals.constant(value)))


@st.composite
def combined(draw: st.DrawFn, inner: st.SearchStrategy[Point]) -> Point:
    value, type_ = draw(inner)
    match draw(st.sampled_from(("arithmetic", "extreme", "negate", "divide", "percent", "rounded"))):
        case "arithmetic":
            other, other_type = draw(inner)
            operator: Literal["+", "-", "*"] = draw(st.sampled_from(("+", "-", "*")))
            result = {"+": value + other, "-": value - other, "*": value * other}[operator]
            return result, intervals.arithmetic(operator, type_, other_type)
        case "extreme":
            other, other_type = draw(inner)
            which: Literal["smaller", "larger"] = draw(st.sampled_from(("smaller", "larger")))
            pick = min if which == "smaller" else max
            return pick(value, other), intervals.extreme(which, type_, other_type)
        case "negate":
            return -value, intervals.negated(type_)
        case "divide":
            by = draw(st.decimals(-100, 100, places=2, allow_nan=False).filter(bool))
            return value / Fraction(by), intervals.divided(type_, by)
        case "percent":
            percent = draw(st.decimals(0, 150, places=3, allow_nan=False))
            return value * Fraction(percent) / 100, intervals.percent_of(percent, type_)
        case _:
            mode: RoundingMode = draw(st.sampled_from(("up", "down", "half even")))
            places = draw(st.integers(0, 8))
            return intervals.round_to(value, mode, places), intervals.rounded(type_, mode, places)


@given(st.recursive(leaves() | constants(), combined, max_leaves=8))
def test_a_value_lies_within_its_interval_and_at_its_scale(point: Point) -> None:
    value, type_ = point
    assert type_.low <= value <= type_.high
    for number in (value, type_.low, type_.high):
        assert (number * type_.scale).denominator == 1


@given(leaves(), leaves())
def test_the_united_type_holds_both(one: Point, other: Point) -> None:
    type_ = intervals.united(one[1], other[1])
    for value, _ in (one, other):
        assert type_.low <= value <= type_.high
        assert (value * type_.scale).denominator == 1


@pytest.mark.parametrize(
    ("mode", "places", "value", "result"),
    [
        ("up", 0, "0.1", "1"),
        ("up", 0, "-0.9", "0"),
        ("down", 0, "0.9", "0"),
        ("down", 0, "-0.1", "-1"),
        ("half even", 0, "0.5", "0"),
        ("half even", 0, "1.5", "2"),
        ("half even", 0, "-0.5", "0"),
        ("half even", 2, "2.675", "2.68"),
        ("half even", 2, "2.665", "2.66"),
    ],
)
def test_rounding_goes_where_it_says(mode: RoundingMode, places: int, value: str, result: str) -> None:
    assert intervals.round_to(Fraction(value), mode, places) == Fraction(result)


@pytest.mark.parametrize(
    ("value", "places"),
    [("1", 0), ("1.50", 1), ("0.000001", 6), ("100", 0), ("0.00", 0), ("-2.25", 2), ("1." + "1" * 40, 40)],
)
def test_places_are_the_digits_after_the_point(value: str, places: int) -> None:
    assert intervals.places_of(Decimal(value)) == places


def test_the_largest_integers_multiply_within_38_digits_and_no_further() -> None:
    integer = intervals.whole(intervals.INTEGER_LOW, intervals.INTEGER_HIGH)
    square = intervals.arithmetic("*", integer, integer)
    assert intervals.fits(square)
    assert not intervals.fits(intervals.arithmetic("*", square, intervals.whole(0, 2)))


def test_minutes_and_hours_wait_to_be_rounded() -> None:
    assert [intervals.elapsed(unit).divisor for unit in ("seconds", "minutes", "hours")] == [1, 60, 3600]
    assert intervals.rounded(intervals.elapsed("hours"), "up", 0).scale == 1
