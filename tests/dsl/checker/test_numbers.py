"""The types of calculated numbers, and calculations that can't be checked."""

from fractions import Fraction

import pytest

from dsl.core import NumberType
from tests.dsl.checker.reading import number

SPAN = Fraction(34_712_668_800) - Fraction(1, 10**6)
"""Seconds from the first to the last instant that a timestamp may name."""

TYPES = [
    ("n", 0, 100, 0),
    ("2.50", "2.5", "2.5", 1),
    ("n + 0.5", "0.5", "100.5", 1),
    ("n - n", -100, 100, 0),
    ("-n", -100, 0, 0),
    ("n * 0.25", 0, 25, 2),
    ("n * n * -1", -10_000, 0, 0),
    ("1 + n / 10 rounded up", 1, 11, 0),
    ("n / 3 rounded down", 0, 33, 0),
    ("n / 3 rounded to 2 places", 0, "33.33", 2),
    ("n / 8 rounded", 0, 12, 0),
    ("(n / 3 + n / 7) rounded up", 0, 48, 0),
    ("2.9% of n", 0, "2.9", 3),
    ("count of tags", 0, 256, 0),
    ("length of s", 0, 4096, 0),
    ("length of subject", 0, 256, 0),
    ("hour of time", 0, 23, 0),
    ("seconds from t to time", -SPAN, SPAN, 6),
    ("smaller of (n, 7)", 0, 7, 0),
    ("larger of (n, 7.5)", "7.5", 100, 1),
    ("(m or else 0) * 0", 0, 0, 0),
]


@pytest.mark.parametrize(("written", "low", "high", "places"), TYPES)
def test_a_number_has_an_interval_and_places(
    written: str, low: int | str | Fraction, high: int | str | Fraction, places: int
) -> None:
    checked, found = number(written)
    assert [diagnostic.message for diagnostic in found] == []
    assert checked is not None
    assert checked.type == NumberType(Fraction(low), Fraction(high), places)


MISTAKES = [
    ("n / 3", "division-not-rounded"),
    ("n / 3 + 1", "division-not-rounded"),
    ("1% of (n / 3)", "division-not-rounded"),
    ("hours from t to time", "division-not-rounded"),
    ("n / 0 rounded up", "division-by-zero"),
    ("n / n rounded up", "division-by-expression"),
    ("n / (3) rounded up", ""),
    ("n rounded to 19 places", "rounding-places"),
    ("n rounded to 0.5 places", "rounding-places"),
    ("1.12345678901% of n", "too-many-places"),
    ("0.1234567890123456789", "too-many-places"),
    ("d * d", ""),
    ("d * d * d", "number-too-large"),
    ("big * big", ""),
    ("big * big * 2", "number-too-large"),
    ("tags + 1", "wrong-kind"),
    ("(n > 1) + 1", "wrong-kind"),
    ("s", "wrong-kind"),
    ("count of s", "wrong-kind"),
    ("length of tags", "wrong-kind"),
    ("hour of n", "wrong-kind"),
    ("m", "maybe-missing"),
    ("(m or else 0.5)", "too-many-places"),
    ("(n or else 0)", "unused-or-else"),
    ("((n + 1) or else 0)", "not-an-attribute"),
]


@pytest.mark.parametrize(("written", "ids"), MISTAKES)
def test_what_is_wrong_with_a_number(written: str, ids: str) -> None:
    _, found = number(written)
    assert [diagnostic.id for diagnostic in found] == ids.split()


def test_a_missing_number_may_be_replaced_by_one_outside_its_range() -> None:
    checked, found = number("(m or else -1)")
    assert found == []
    assert checked is not None
    assert checked.type == NumberType(Fraction(-(2**63)), Fraction(2**63 - 1), 0)
