"""The grammar has no conflict, its tables are those that are kept, and the two lists of words are those it makes."""

import json

import pytest
from lark.exceptions import GrammarError

from dsl import words
from dsl.parser.automaton import tables
from dsl.parser.make_tables import GRAMMAR, TABLES, build, render
from dsl.parser.recovery import ACTIONS


def grammar() -> str:
    return GRAMMAR.read_text(encoding="utf-8")


def test_the_kept_tables_are_those_of_the_grammar() -> None:
    kept = TABLES.read_text(encoding="utf-8")
    assert kept == render(build(grammar())), "the grammar has changed: run `python -m dsl.parser.make_tables`"


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("case_name: NAME | _soft", "case_name: NAME | _soft | _soft_clause"),
        ("case_name: NAME | _soft", "case_name: NAME | _soft | _soft_plus"),
        ("noun: NAME | _soft | _soft_clause | _soft_plus", "noun: NAME | _soft | _soft_clause | _soft_up_down"),
        ("plain_word: _simple_name", "plain_word: _simple_name | QUOTED"),
    ],
)
def test_a_conflict_is_an_error(rule: str, changed: str) -> None:
    assert rule in grammar()
    with pytest.raises(GrammarError, match=r"onflict|collision"):
        build(grammar().replace(rule, changed))


def test_every_rule_has_its_function() -> None:
    named = {name for _, _, name, _ in tables().rules if name is not None}
    assert named == set(ACTIONS)


def test_the_two_lists_are_those_of_the_grammar() -> None:
    # `sent` and `else` are words only together with their neighbours, so the grammar does not name them.
    assert tables().soft | {"sent"} == words.SOFT
    assert (set(tables().words) - tables().soft) | {"else"} == words.HARD
    assert not words.SOFT & words.HARD
    assert not words.RESERVED & (words.SOFT | words.HARD)
    assert words.QUOTED_AS_CASE | words.NOT_A_UNIT <= words.SOFT
    assert set(words.CLAUSES) | set(words.HEADER) <= words.SOFT
    assert set(words.DECLARATIONS) <= words.HARD


def test_the_tables_are_plain_data() -> None:
    data = json.loads(TABLES.read_text(encoding="utf-8"))
    assert len(data["actions"]) == len(data["gotos"]) == len(data["defaults"])
    assert all(0 <= row < len(data["rows"]) for row in data["actions"])
