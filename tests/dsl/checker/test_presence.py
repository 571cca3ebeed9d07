"""What a condition proves about optional attributes, and where one may therefore be used."""

import pytest

from dsl.checker.conditions import Presence
from tests.dsl.checker.reading import condition as checked

PROOFS = [
    # condition                                                there if it holds   there if not
    ("on",                                                     "",                 ""),
    ("a is given",                                             "a",                ""),
    ("a is missing",                                           "",                 "a"),
    ("a is not given",                                         "",                 "a"),
    ("a is not missing",                                       "a",                ""),
    ("not a is given",                                         "",                 "a"),
    ("not (not a is given)",                                   "a",                ""),
    ("a is given and b is given",                              "a b",              ""),
    ("a is missing or b is missing",                           "",                 "a b"),
    ("a is given or b is given",                               "",                 ""),
    ("(a is given and b is given) or a is given",              "a",                ""),
    ("(a is given and b is given) or (b is given and on)",     "b",                ""),
    ("a is missing and b is missing",                          "",                 ""),
    ("(a is missing or on) and a is missing",                  "",                 "a"),
    ("not (a is given and b is given)",                        "",                 "a b"),
    ("not (a is missing or b is missing)",                     "a b",              ""),
    ("a is given and (b is missing or c is given)",            "a",                ""),
    ('a is given and a contains "x"',                          "a",                ""),
    ('(a or else "") is "x"',                                  "",                 ""),
    ("on or a is missing",                                     "",                 "a"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "if_true", "if_false"), PROOFS)
def test_what_a_condition_proves(condition: str, if_true: str, if_false: str) -> None:
    result, found = checked(condition)
    assert found == []
    assert result is not None
    assert result[1] == Presence(frozenset(if_true.split()), frozenset(if_false.split()))


USES = [
    # condition                                       the ids of what is wrong
    ('a is "x"',                                      "maybe-missing"),
    ('a is given and a is "x"',                       ""),
    ('a is "x" and a is given',                       "maybe-missing"),
    ('a is missing or a is "x"',                      ""),
    ('a is given or a is "x"',                        "maybe-missing"),
    ('not a is missing and a is "x"',                 ""),
    ('not a is given or a is "x"',                    ""),
    ('(a is given and on) and a is "x"',              ""),
    ('(a is given or on) and a is "x"',               "maybe-missing"),
    ('a is missing or (on and a is "x")',             ""),
    ('not (a is given and b is given) or a is b',     ""),
    ('(a is missing or b is missing) or a is b',      ""),
    ('(a is missing and b is missing) or a is b',     "maybe-missing maybe-missing"),
    ('a is "x" or a is "y" or (a is "z" and on)',     "maybe-missing"),
    ('a is "x" and b is "y"',                         "maybe-missing maybe-missing"),
    ("≥1 m",                                          "maybe-missing"),
    ("m is given and ≥1 m",                           ""),
    ("≥1 word",                                        "maybe-missing"),
    ('words is given and words contains "x"',           ""),
    ("count of words ≥ 1",                             "maybe-missing"),
    ("(m or else 0) + m ≥ 1",                         "maybe-missing"),
    ("on is given",                                   "never-missing"),
    ("subject is given",                              "never-missing"),
    ("a is given and a is given",                     "always-true"),
    ("a is given and a is missing",                   "never-true"),
    ("(on or else no) and on",                        "unused-or-else"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "ids"), USES)
def test_where_an_optional_attribute_may_be_used(condition: str, ids: str) -> None:
    _, found = checked(condition)
    assert [diagnostic.id for diagnostic in found] == ids.split()
