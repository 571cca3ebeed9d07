"""What a condition makes sure of is known of the units: no warning of units below 0 where they cannot be."""

from fractions import Fraction

import pytest

from dsl.checker import check
from dsl.checker.narrowing import interval, proven
from dsl.source import Source
from tests.dsl.checker.reading import condition, number

HEADER = "ruleset a version 1 effective 2026-07-01 currency EUR "
EVENT = "event e n integer from -10 to 10 d decimal from -10 to 10 m integer optional event f n integer from -10 to 10 "


def warned(clauses: str) -> bool:
    """Whether the units of an interaction with these clauses may be below 0."""
    ruleset, found = check(Source("a.vpi", f"{HEADER}{EVENT}interaction x {clauses} price 1"))
    assert ruleset is not None
    return "units-may-be-negative" in {diagnostic.id for diagnostic in found}


@pytest.mark.parametrize(
    "condition",
    [
        "n > 0", "n ≥ 0", "0 < n", "n > -1", "n between 0 and 5", "n is 3", "n is one of (0, 4)", "n > 0 and d > 5",
        "d < 0 and n at least 1", "(n < 5 and n ≥ 0)",
    ],
)  # fmt: skip
def test_a_comparison_with_a_number_is_known(condition: str) -> None:
    assert not warned(f"counts e with {condition} units n")


@pytest.mark.parametrize(
    "condition",
    ["n > -2", "n ≥ -1", "n < 5", "n > 0 or d > 5", "not n > 0", "n is not 3", "n is one of (-1, 4)", "d > 0"],
)
def test_what_is_not_proven_is_not_known(condition: str) -> None:
    assert warned(f"counts e with {condition} units n")


@pytest.mark.parametrize(
    ("condition", "units"),
    [
        ("n > 0", "2 * n - 2"), ("n > 1", "(n - 1) / 2 rounded down"), ("n < 0", "- n"), ("n ≥ 0", "10% of n"),
        ("d > 0", "smaller of (d, 3)"), ("d > 0 and n > 0", "n + d"), ("d > 0 and n > 0", "n * d"),
    ],
)  # fmt: skip
def test_it_is_followed_through_calculations(condition: str, units: str) -> None:
    assert warned(f"counts e units {units}")
    assert not warned(f"counts e with {condition} units {units}")


def test_each_line_must_make_sure_of_it() -> None:
    assert not warned("counts e with n > 0 counts f with n is 3 units n")
    assert warned("counts e with n > 0 counts f units n")
    assert not warned("counts e with n > 0 as n credits counts f as 1 credit")
    assert warned("counts e as n credits counts f with n > 0 as 1 credit")


def test_an_open_end_of_a_decimal_is_a_millionth_away() -> None:
    checked, _ = condition("d > 0 and d < 1")
    amount, _ = number("d")
    assert checked is not None and amount is not None
    ends = interval(amount, proven(checked[0]))
    assert (ends.low, ends.high) == (Fraction(1, 10**6), Fraction(999_999, 10**6))
