"""What the checker promises of the programs that it lets through, and that a broken promise is noticed."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from dsl import core
from dsl.checker import check
from dsl.diagnostics.grammar import MOST_STEPS
from dsl.invariants import DEEPEST, violated
from dsl.source import Source
from dsl.traversal import depth
from tests.dsl.rules import ruleset
from tests.programs import random_program

CHECKED = ruleset(
    """
interaction sold
  counts sale with note is given and length of note ≥ 3
  limit 3 per note per day
  units n
  price per month
    first 10 free
    then at 1.00
interaction gifted
  counts sale with gift
  price is amount at most 5.00
  discount 10% with n > 1
"""
)


@pytest.mark.parametrize("block", range(4))
def test_they_hold_for_random_programs(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        checked, _ = check(Source("random.vpi", random_program(random.Random(seed)).text))
        assert checked is not None
        assert violated(checked) == []


def broken(index: int, **fields: object) -> str:
    """The predicates that fail once an interaction is changed."""
    interactions = list(CHECKED.interactions)
    interactions[index] = replace(interactions[index], **fields)  # type: ignore[arg-type]  # any field
    found = violated(replace(CHECKED, interactions=tuple(interactions)))
    return ", ".join(sorted({text.partition(":")[0] for text in found}))


def curve(*tiers: core.Tier) -> core.UnitPrice:
    return core.UnitPrice(core.Curve(False, tiers), None)


NUMBER = core.NumberType(Fraction(0), Fraction(9), 0)
NOTE = core.Read("note", core.TextType())


def test_every_promise_can_be_broken() -> None:
    sold, given = CHECKED.interactions
    assert violated(CHECKED) == []
    assert broken(0, name="gifted") == "names_are_distinct"
    assert broken(0, price=curve(core.Tier(0, 10, 1))) == "curves_are_whole"
    assert broken(0, price=curve(core.Tier(0, 10, 1), core.Tier(11, None, 1))) == "curves_are_whole"
    assert broken(0, price=curve(core.Tier(5, None, 1))) == "curves_are_whole"
    assert broken(0, price=curve(core.Tier(0, None, 1, size=0))) == "curves_are_whole"
    assert broken(0, adjustments=given.adjustments) == "bounds_have_no_basis"
    assert broken(0, limits=(core.Limit(0, core.Basis((), "day")),)) == "limits_and_caps_are_positive"
    assert broken(0, counts=(replace(sold.counts[0], events=("nothing",)),)) == (
        "lines_count_declared_events, reads_are_declared"
    )
    assert broken(0, counts=(replace(sold.counts[0], condition=None),)) == "reads_are_present"
    assert broken(1, limits=sold.limits) == "reads_are_present"
    assert broken(0, units=core.Read("nothing", NUMBER)) == "reads_are_declared"
    assert broken(0, units=core.Constant(10, NUMBER)) == "numbers_fit"
    assert broken(0, units=core.Constant(1, core.NumberType(Fraction(0), Fraction(10**38), 0))) == "numbers_fit"
    assert broken(0, units=core.Constant(1, core.NumberType(Fraction(0), Fraction(1), 0, 3))) == "clauses_are_rounded"
    assert broken(0, units=given.counts[0].condition) == "types_agree"
    assert broken(1, price=core.ComputedPrice(core.Constant(1, core.NumberType(Fraction(0), Fraction(1), 19)))) == (
        "clauses_are_rounded"
    )
    deep: core.Expression = core.Read("n", NUMBER)
    for _ in range(300):
        deep = core.Negate(deep, NUMBER)
    assert broken(0, units=deep) == "expressions_are_shallow"
    adjustment = replace(given.adjustments[0], percent=given.adjustments[0].percent * 11)
    assert broken(1, adjustments=(adjustment,)) == "adjustments_leave_a_price"


def test_presence_is_followed_through_and_or_not() -> None:
    given_note = core.IsGiven(NOTE, True)
    long_note = core.Compare("=", NOTE, NOTE, "=")
    cases: list[tuple[core.Expression, bool]] = [
        (core.AllOf((given_note, long_note)), True),
        (core.AllOf((long_note, given_note)), False),
        (core.AnyOf((core.Not(given_note), long_note)), True),
        (core.AnyOf((given_note, long_note)), False),
        (core.Not(core.AnyOf((core.IsGiven(NOTE, False), long_note))), True),
        (core.AllOf((core.AnyOf((given_note, core.AllOf((given_note, long_note)))), long_note)), True),
    ]
    for condition, sound in cases:
        line = core.CountsLine(("sale",), condition, None)
        assert (broken(1, counts=(line,)) == "") == sound


@pytest.mark.parametrize("more", [0, 1])
def test_the_checker_refuses_what_is_too_deep_for_back_ends(more: int) -> None:
    """One limit for both: the deepest condition that the parser takes is as deep as the promise allows."""
    text = "ruleset a version 1 effective 2026-07-01 currency EUR event e l list of string m integer from 0 to 1 "
    nested = "not " * (MOST_STEPS + more) + ">1 l"
    checked, found = check(Source("a.vpi", f"{text} interaction x counts e with {nested} price 1"))
    assert (checked is None) is bool(more)
    if checked is None:
        assert [diagnostic.id for diagnostic in found] == ["expression-too-long"]
    else:
        assert list(violated(checked)) == []
        condition = checked.interactions[0].counts[0].condition
        assert condition is not None and depth(condition) == DEEPEST
