"""Hostile events: a clear answer to each, in the place that it came from, quickly, and never an exception."""

import io
import json
import time

import pytest

from dsl.event import Event
from service.answers import as_data, error_as_data
from service.cli.evaluate import read_lines
from service.cloudevents import MalformedEvent, parse_event
from service.errors import ServiceError
from service.evaluator import Evaluator, Options
from service.ledger.memory import MemoryLedger
from service.loading import check_text, registry_of
from service.registry import Registry
from service.rpc.convert import event_of, message_of
from tests.hostile.events import MALFORMED, RULES, EventCase, event_cases

FEWEST = 280
LONGEST_SECONDS = 2.0
LONGEST_MESSAGE = 250

CASES = list(event_cases())


@pytest.fixture(scope="module")
def registry() -> Registry:
    checked = check_text("kinds.vpi", RULES)
    assert checked.ruleset is not None, checked.diagnostics
    return registry_of([checked])


def evaluate(registry: Registry, event: Event) -> tuple[str | tuple[str, ...], list[str]]:
    """The outcome, or every violation as `field reason`; and all that is said of the event."""
    answer = Evaluator(registry, MemoryLedger(lambda: 0), None).evaluate("kinds", [event], Options(0, False, True))[0]
    if not isinstance(answer, ServiceError):
        data = as_data(answer)
        json.dumps(data).encode()
        return data["outcome"].removeprefix("OUTCOME_"), [data["reason"], *data["warnings"]]
    error = error_as_data(answer, event.source, event.id)["error"]
    violations = sorted(error["violations"], key=lambda v: (v["field"], v["reason"]))
    return tuple(f"{v['field']} {v['reason']}" for v in violations), [v["description"] for v in violations]


def test_there_are_many() -> None:
    names = [case.name for case in CASES]
    assert len(names) >= FEWEST
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_gets_its_answer(case: EventCase, registry: Registry) -> None:
    begun = time.perf_counter()
    try:
        got, said = evaluate(registry, parse_event(case.line))
    except MalformedEvent as error:
        got, said = MALFORMED, [str(error)]
    assert got == case.expected
    for sentence in said:
        assert 0 < len(sentence) <= LONGEST_MESSAGE
        assert sentence.isprintable()
        assert not sentence[0].isupper()
        assert not sentence.endswith(".")
    assert time.perf_counter() - begun < LONGEST_SECONDS


def travels(case: EventCase) -> bool:
    """Whether a message can carry the event: it has no place for an `id` that is no text, or a time that is none."""
    built_in = ("id WRONG", "id FORB", "source WRONG", "subject FORB", "type WRONG", "time WRONG", "time INVALID")
    small = len(case.line) < 100_000 and case.expected != MALFORMED
    return small and not any(expected.startswith(built_in) for expected in case.expected)


@pytest.mark.parametrize("case", [case for case in CASES if travels(case)], ids=lambda case: case.name)
def test_the_protocol_gives_the_same_answer(case: EventCase, registry: Registry) -> None:
    """As a message the event gets the answer that its line gets."""
    event = parse_event(case.line)
    assert evaluate(registry, event_of(message_of(event)))[0] == evaluate(registry, event)[0]


def test_all_in_one_file() -> None:
    """No line spoils its neighbours: each comes back with its own number."""
    short = [case for case in CASES if b"\n" not in case.line and len(case.line) < 1_000_000]
    read = list(read_lines(io.BytesIO(b"\n".join(case.line for case in short))))
    assert [number for number, _ in read] == list(range(1, len(short) + 1))
    assert [isinstance(event, MalformedEvent) for _, event in read] == [case.expected == MALFORMED for case in short]
