"""The random programs are well typed, reach the whole language, and their events reach every outcome of acceptance."""

import time
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings

from dsl import syntax
from dsl.checker import check
from dsl.diagnostics import show
from dsl.parser import parse
from dsl.source import Source
from tests.programs import Program, as_event, events_for, programs, random_events, random_program
from tests.programs.constructs import all_constructs, constructs_used

PROGRAMS = 500


@pytest.fixture(scope="module")
def used() -> Counter[str]:
    """The constructs of many programs together."""
    total: Counter[str] = Counter()
    for seed in range(PROGRAMS):
        file, errors = parsed(random_program(Random(seed)))
        assert errors == []
        total += constructs_used(file)
    return total


def parsed(program: Program) -> tuple[syntax.File, list[str]]:
    """A program's tree, and its errors as they are shown."""
    source = Source("example.vpi", program.text)
    file, diagnostics = parse(source)
    return file, [show(each, source) for each in diagnostics if each.severity == "error"]


def test_every_construct_is_reached(used: Counter[str]) -> None:
    """So many programs hold everything that the language has."""
    assert sorted(all_constructs() - set(used)) == []


def test_nothing_is_reached_that_is_not_counted(used: Counter[str]) -> None:
    """The list of combinations is whole: programs hold none that it lacks."""
    assert sorted(set(used) - all_constructs()) == []


@settings(max_examples=100, deadline=None)
@given(programs())
def test_programs_are_well_typed(program: Program) -> None:
    """A program checks without an error, whatever its layout; it may have warnings."""
    source = Source("example.vpi", program.text)
    ruleset, diagnostics = check(source)
    assert [show(each, source) for each in diagnostics if each.severity == "error"] == []
    assert ruleset is not None


def test_a_seed_fixes_program_and_events() -> None:
    """Failures of long runs can be repeated."""
    first, second = (random_program(Random(7)) for _ in range(2))
    assert first == second
    assert repr(random_events(first, Random(1), 50)) == repr(random_events(second, Random(1), 50))


@settings(max_examples=30, deadline=None)
@given(programs().flatmap(events_for))
def test_events_have_the_shape_that_others_read(events: list[dict[str, object]]) -> None:
    """The members of an event, and ids that do not repeat among events without mistakes."""
    for raw in events:
        assert set(raw) == {"id", "source", "type", "subject", "time", "data"}
        as_event(raw)
    ids = [raw["id"] for raw in events if str(raw["id"]).startswith("e")]
    assert len(ids) == len(set(ids))


def test_events_hold_nested_data_and_conflicts() -> None:
    """Some data is nested, and some path comes both nested and dotted."""
    raws = [raw for seed in range(60) for raw in random_events(random_program(Random(seed)), Random(seed), 40)]
    assert any(isinstance(value, dict) for raw in raws for value in raw["data"].values())
    assert any(as_event(raw).conflicts for raw in raws)


def test_events_are_cheap() -> None:
    """Long runs and benchmarks make events by the hundred thousand."""
    program = random_program(Random(7))
    begin = time.process_time()
    random_events(program, Random(1), 5000)
    assert time.process_time() - begin < 2
