"""What conditions mean, and which of them can't be checked."""

from fractions import Fraction

import pytest

from dsl import core
from dsl.core import (
    Compare,
    Constant,
    DateOf,
    DateType,
    NumberType,
    Read,
    TextType,
    TimestampType,
    WeekdayOf,
    WeekdayType,
)
from tests.dsl.checker.reading import condition

TIME = Read("time", TimestampType(), builtin=True)
TAGS = Read("tags", core.ListType())
COUNT = core.Count(TAGS, NumberType(Fraction(0), Fraction(256), 0))
WORDS = core.WordType(("app", "call centre", "yes"))
RANGE = NumberType(Fraction(0), Fraction(100), 0)
JULY = 20_635
"""The first of July 2026, in days since 1970."""
HOUR = 3600 * 10**6


def day(number: int) -> Constant:
    return Constant(number, DateType())


def whole(value: int) -> Constant:
    return Constant(value, NumberType(Fraction(value), Fraction(value), 0))


def word(text: str) -> Constant:
    return Constant(text, WORDS)


def text(value: str) -> Constant:
    return Constant(value, TextType())


MEANINGS = [
    ("on", Read("on", core.BooleanType())),
    ("on is yes", Compare("=", Read("on", core.BooleanType()), Constant(True, core.BooleanType()), "is")),
    ("w is app", Compare("=", Read("w", WORDS), word("app"), "is")),
    ("w is yes", Compare("=", Read("w", WORDS), word("yes"), "is")),
    ('w is not "call centre"', Compare("!=", Read("w", WORDS), word("call centre"), "is not")),
    ('"app" = w', Compare("=", word("app"), Read("w", WORDS), "=")),
    ('w is one of (app, "call centre")', core.OneOf(Read("w", WORDS), (word("app"), word("call centre")), False)),
    ("at least 3 tags", Compare(">=", COUNT, whole(3), "at least")),
    ("≥3 tag", Compare(">=", COUNT, whole(3), "≥")),
    ("n at least 3", Compare(">=", Read("n", RANGE), whole(3), "at least")),
    ("time ≥ 2026-07-01", Compare(">=", DateOf(TIME, DateType()), day(JULY), "≥")),
    ("2026-07-01 ≤ time", Compare("<=", day(JULY), DateOf(TIME, DateType()), "≤")),
    ("time between 2026-07-01 and 2026-07-31", core.Between(DateOf(TIME, DateType()), day(JULY), day(JULY + 30))),
    ("time is one of (2026-07-01, 2026-07-04)",
     core.OneOf(DateOf(TIME, DateType()), (day(JULY), day(JULY + 3)), False)),
    ("date of time is 2026-07-01T22:00:00Z", Compare("=", DateOf(TIME, DateType()), day(JULY + 1), "is")),
    ("time < 2026-07-01T01:00:00",
     Compare("<", TIME, Constant(JULY * 24 * HOUR - HOUR, TimestampType()), "<")),
    ("time between 2026-07-01 and 2026-07-02T02:00:00",
     core.AllOf((Compare(">=", DateOf(TIME, DateType()), day(JULY), "≥"),
                 Compare("<=", TIME, Constant((JULY + 1) * 24 * HOUR, TimestampType()), "≤")))),
    ("weekday of time is sunday",
     Compare("=", WeekdayOf(TIME, WeekdayType()), Constant(6, WeekdayType()), "is")),
    ("weekday of time between monday and friday",
     core.Between(WeekdayOf(TIME, WeekdayType()), Constant(0, WeekdayType()), Constant(4, WeekdayType()))),
    ("time of day is between 22:30 and 07:00", core.ClockBetween(22 * 60 + 30, 7 * 60)),
    ('tags contains "x"', core.Contains(TAGS, text("x"))),
    ("s contains other", core.Contains(Read("s", TextType()), Read("other", TextType()))),
    ('s starts with "x"', core.Affix("starts with", Read("s", TextType()), text("x"))),
    ('tags is ("a", "b")', Compare("=", TAGS, Constant(("a", "b"), core.ListType()), "is")),
    ("tags is not empty", Compare("!=", TAGS, Constant((), core.ListType()), "is not")),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meaning"), MEANINGS)
def test_what_a_condition_means(written: str, meaning: core.Expression) -> None:
    checked, found = condition(written, "Europe/Berlin")
    assert [diagnostic.message for diagnostic in found] == []
    assert checked is not None
    assert checked[0] == meaning


MISTAKES = [
    ("w is ap", "unknown-word"),
    ("w is n", "unknown-word"),
    ("n is s", "different-kinds"),
    ("n is app", "unknown-attribute"),
    ("w is s", "unknown-word"),
    ("on ≥ yes", "not-ordered"),
    ("s > other", "not-ordered"),
    ("tags ≥ empty", "not-ordered"),
    ("w < app", "not-ordered"),
    ("on between no and yes", "not-ordered"),
    ("n between 5 and 4", "between-reversed"),
    ("time between 2026-07-02 and 2026-07-01", "between-reversed"),
    ("weekday of time between sunday and monday", "between-reversed"),
    ("time of day between 10:00 and 10:00", "empty-hours"),
    ("weekday of time is mondy", "unknown-word"),
    ("s is one of (s, other)", "not-written-out not-written-out"),
    ('s is one of ("a", "b", "a")', "repeated-value"),
    ("n is one of (1, 1.0)", "repeated-value"),
    ('s ends with ""', "empty-text"),
    ('n contains "x"', "wrong-kind"),
    ('tags starts with "x"', "wrong-kind"),
    ("n", "wrong-kind"),
    ("s and n", "wrong-kind wrong-kind"),
    ("time ≥ 1026-01-01", "date-out-of-range"),
    ("n / 3 > 1", "division-not-rounded"),
    ("minutes from t to time > 5", "division-not-rounded"),
    ("reslts > phtos", "unknown-attribute"),
    ("reslts > phtos + 1", "unknown-attribute unknown-attribute"),
    ("n ≥ 0", "always-true"),
    ("n > 100", "never-true"),
    ("n ≤ 99.5", ""),
    ("n = 0.5", "never-true"),
    ("n ≠ 0.5", "always-true"),
    ("n + n > 200", "never-true"),
    ("n between 0 and 100", "always-true"),
    ("n between 101 and 102", "never-true"),
    ("n between -5 and 5", ""),
    ("≥0 tags", "always-true"),
    ("≥1 n", ""),
    ("weekday of time ≥ monday", "always-true"),
    ("weekday of time > sunday", "never-true"),
    ("s is s", "always-true"),
    ('"a" is "b"', "never-true"),
    ("2026-07-01 < 2026-07-02", "always-true"),
    ("yes", "always-true"),
    ("on and no", "never-true"),
    ("on is one of (yes, no)", "always-true"),
    ("on is not one of (yes, no)", "never-true"),
    ("n is one of (1, 101)", "never-true"),
]


@pytest.mark.parametrize(("written", "ids"), MISTAKES)
def test_what_is_wrong_with_a_condition(written: str, ids: str) -> None:
    _, found = condition(written)
    assert [diagnostic.id for diagnostic in found] == ids.split()
