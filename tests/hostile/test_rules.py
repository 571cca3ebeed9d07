"""Hostile rule files: a clear error for each, in a place that is in the file, and never an exception."""

import pytest

from dsl.diagnostics import show
from tests.hostile.case import Case, diagnose, errors, faults, real_files, text_of
from tests.hostile.mistakes import mistakes
from tests.hostile.rules import characters, mixed_up, sizes, truncations

MOST_OF_ONE_CAUSE = 3
MOST_OF_ONE_FILE = 101

MISTAKES = list(mistakes())
RANDOM = {"truncations": list(truncations()), "mixed up": list(mixed_up()), "characters": list(characters())}
SIZES = list(sizes())

CASCADES = 20
"""Of the files with one slip at a random place, how many may get more errors than one slip deserves."""


def check_style(case: Case) -> list[str]:
    """The ids of a file's errors, after a look at every diagnostic's place and words."""
    source, found = diagnose(case.data)
    assert [fault for diagnostic in found for fault in faults(source, diagnostic)] == []
    assert len(found) <= MOST_OF_ONE_FILE
    assert len({(d.span.start, d.span.end, d.id) for d in found}) == len(found), "the same said twice"
    return [diagnostic.id for diagnostic in errors(found)]


def test_there_are_enough() -> None:
    assert len(MISTAKES) >= 400
    assert {name: len(cases) >= 60 for name, cases in RANDOM.items()} == dict.fromkeys(RANDOM, True)
    assert len(SIZES) >= 80


def test_what_they_are_made_from_is_right() -> None:
    for path in real_files():
        assert errors(diagnose(text_of(path).encode())[1]) == [], path


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case.name)
def test_a_slip_of_the_pen(case: Case) -> None:
    """The error that the page asks for comes first, and few others with it."""
    source, found = diagnose(case.data)
    said = "\n".join(show(diagnostic, source) for diagnostic in found)
    ids = check_style(case) or [diagnostic.id for diagnostic in found]
    assert (ids or [""])[0] == case.first, said
    assert len(found) <= MOST_OF_ONE_CAUSE, said


@pytest.mark.parametrize("group", RANDOM)
def test_cut_off_mixed_up_and_strange(group: str) -> None:
    wrong = {}
    cascades = []
    for case in RANDOM[group]:
        ids = check_style(case)
        if case.first is not None and case.first not in (ids or [""]):
            wrong[case.name] = ids
        if len(ids) > MOST_OF_ONE_CAUSE:
            cascades.append(case.name)
    assert wrong == {}
    assert len(cascades) <= CASCADES, "\n".join(cascades)


@pytest.mark.parametrize("case", [case for case in SIZES if len(case.data) < 150_000], ids=lambda case: case.name)
def test_rather_too_much(case: Case) -> None:
    ids = check_style(case)
    assert case.first is None or case.first in (ids or [""])
