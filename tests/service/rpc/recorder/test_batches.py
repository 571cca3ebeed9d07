"""Batches and their answers between two processes: what arrives is what was sent, in every value and its type."""

import json
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from dsl.evaluation import Evaluation, Line, Outcome, Step, Violation
from service import errors
from service.evaluator import PLAIN, Evaluator, Options
from service.ledger import codec
from service.ledger.interface import Answer, Entry
from service.ledger.memory import MemoryLedger
from service.rpc.convert import FIRST_SECOND, LAST_SECOND
from service.rpc.recorder.batches import answers_bytes, batch_bytes, batch_of, response_of
from service.rpc.requests import Asked, asked_of_batch, response_to_batch
from tests.service.rules import JULY, all_rules, answer, event, search
from vpi.v1 import evaluation_pb2 as pb

TEXTS = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "a.b", "c.d"]), inner),
    max_leaves=6,
)
SURROGATES = st.sampled_from(['"\\ud800"', '["x", "\\udfff"]', '{"a": "\\udabc tail"}'])
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6).map("{:f}".format)
SECONDS = st.integers(FIRST_SECOND, LAST_SECOND)


VALUES = st.one_of(
    st.booleans().map(lambda value: {"boolean": value}),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: {"integer": value}),
    st.floats().map(lambda value: {"number": value}),
    (DECIMALS | st.sampled_from(["1e5", "", "12345678901234567890.5", "٣"])).map(lambda value: {"decimal": value}),
    TEXTS.map(lambda value: {"text": value}),
    st.builds(Timestamp, seconds=SECONDS, nanos=st.integers(0, 999_999_999)).map(lambda value: {"timestamp": value}),
    st.lists(TEXTS, max_size=3).map(lambda value: {"texts": {"values": value}}),
    (JSON.map(json.dumps) | SURROGATES | st.sampled_from(["{", "1e999", "9" * 150])).map(lambda text: {"json": text}),
    st.just({}),
).map(lambda members: pb.Value(**members))
MESSAGES = st.builds(
    pb.Event,
    id=TEXTS,
    source=TEXTS,
    type=TEXTS,
    subject=TEXTS,
    time=st.none() | SECONDS.map(lambda seconds: {"seconds": seconds, "nanos": 1_000}),
    data=st.dictionaries(st.sampled_from(["a", "b", "a.b", "a.c", "c"]), VALUES, max_size=4),
)
REQUESTS = st.builds(
    pb.EvaluateBatchRequest,
    events=st.lists(MESSAGES, max_size=4),
    ruleset=TEXTS,
    version=st.sampled_from([0, 0, 3]),
    dry_run=st.booleans(),
    explain=st.booleans(),
)


def same_with_types(one: object, other: object) -> bool:
    """Whether two trees of plain data and dataclasses are equal; True is not 1 here, nor 1 the double 1.0 or 1.00."""
    return repr(one) == repr(other)


def sent_on(asked: Asked) -> tuple[Asked, Any]:
    return batch_of(batch_bytes(asked))


# ── batches ─────────────────────────────────────────────────────────────────


@given(REQUESTS)
def test_a_batch_arrives_in_every_field_and_type(request: pb.EvaluateBatchRequest) -> None:
    asked = asked_of_batch(request)
    arrived, contents = sent_on(asked)
    assert same_with_types(arrived, asked)
    assert contents == (None if request.dry_run else [codec.kept_content(event) for event in asked.events])


@pytest.mark.parametrize(
    "value",
    [
        pb.Value(boolean=True),
        pb.Value(integer=1),
        pb.Value(number=1.0),
        pb.Value(number=float("nan")),
        pb.Value(number=-0.0),
        pb.Value(decimal="1.00"),
        pb.Value(json="1" * 100),
        pb.Value(json="1" * 101),
        pb.Value(json='"\\ud800"'),
        pb.Value(json='["\\ud800"]'),
        pb.Value(json="null"),
        pb.Value(json="[1]"),
        pb.Value(json="{}"),
        pb.Value(json='{"b": 1}'),
        pb.Value(json="{"),
        pb.Value(timestamp=Timestamp(seconds=FIRST_SECOND)),
        pb.Value(texts=pb.Texts()),
    ],
    ids=lambda value: str(value)[:30].strip(),
)
def test_a_value_of_each_kind_arrives_as_it_was(value: pb.Value) -> None:
    asked = asked_of_batch(pb.EvaluateBatchRequest(events=[pb.Event(data={"a": value, "a.b": pb.Value(text="x")})]))
    arrived, contents = sent_on(asked)
    assert same_with_types(arrived, asked)
    assert contents == [codec.kept_content(event) for event in asked.events]


def test_a_plain_request_arrives_as_the_plain_one() -> None:
    """Its raters are made once, which are found by identity."""
    assert sent_on(Asked("shop", [search()], PLAIN))[0].options is PLAIN


# ── answers ─────────────────────────────────────────────────────────────────

NAMES = st.sampled_from(["voice_search", "answered", "été"])
NUMBERS = st.integers(-(2**130), 2**130)
LINES = st.builds(Line, NAMES, NUMBERS, st.sampled_from(["unit", "unité"]), NUMBERS)
STEPS = st.recursive(
    st.builds(Step, TEXTS, st.none() | st.booleans()),
    lambda inner: st.builds(Step, TEXTS, st.none() | st.booleans(), st.lists(inner, max_size=3).map(tuple)),
    max_leaves=6,
)


def evaluation(outcome: Outcome, lines: list[Line], main: int, **more: Any) -> Evaluation:
    lines = lines if outcome is Outcome.COUNTED else []
    return Evaluation(outcome, tuple(lines), min(main, len(lines) - 1), **more)


EVALUATIONS = st.builds(
    evaluation,
    st.sampled_from(Outcome),
    st.lists(LINES, min_size=1, max_size=3),
    st.integers(0, 2),
    reason=TEXTS,
    warnings=st.lists(TEXTS, max_size=2).map(tuple),
    steps=st.lists(STEPS, max_size=2).map(tuple),
    limited_by=st.sampled_from(["", "asked"]),
)
ENTRIES = st.builds(
    Entry,
    ruleset=NAMES,
    version=st.integers(1, 9_999),
    currency=st.sampled_from(["EUR", "USD"]),
    event=st.builds(lambda event_id, source: replace(search(event_id), source=source), TEXTS, TEXTS),
    evaluation=EVALUATIONS,
    recorded=st.integers(0, 2**53),
    duplicate=st.booleans(),
)
VIOLATIONS = (Violation("data.results", "out-of-range", "is −1"), Violation("subject", "missing", "is required"))
ERRORS: list[errors.ServiceError] = [
    errors.EventRefused(VIOLATIONS),
    errors.InvalidRequest("event", "an event is required"),
    errors.UnknownRuleset("shpo", "shop"),
    errors.UnknownVersion("shop", 9),
    errors.NoVersionInForce("shop", "2026-06-01"),
    errors.VersionNeedsDryRun(),
    errors.IdTaken("2026-07-01T00:00:01Z", "shop", 1),
    errors.NotRecorded("shop"),
    errors.VersionTaken("shop", 1, "2026-07-01T00:00:01Z", True),
    errors.RulesRefused("a.vpi", VIOLATIONS),
    errors.QueueFull(),
    errors.LedgerUnavailable("disk full"),
    errors.LedgerUnavailable("it broke", in_doubt=True),
    errors.LedgerDamaged(7),
]


def responses(answers: list[Answer]) -> tuple[pb.EvaluateBatchResponse, pb.EvaluateBatchResponse]:
    """What a client is told of answers that went to another process, and of those that did not."""
    asked = Asked("shop", [one.event if isinstance(one, Entry) else search() for one in answers], PLAIN)
    return response_of(answers_bytes(answers), asked), response_to_batch(answers)


@given(st.lists(ENTRIES | st.sampled_from(ERRORS), max_size=4))
def test_answers_of_all_kinds_give_the_response_that_they_give_directly(answers: list[Answer]) -> None:
    forwarded, direct = responses(answers)
    assert forwarded == direct


def test_every_error_travels() -> None:
    tree = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ServiceError)}
    assert {type(error) for error in ERRORS} == tree - {errors.ServiceError}
    forwarded, direct = responses(list(ERRORS))
    assert forwarded == direct
    assert [result.error.message for result in forwarded.results] == [str(error) for error in ERRORS]


REAL = {
    "shop": [
        search("a"),
        search("a"),
        search("a", results=9),
        search("b", results=0),
        search("c", results=-1),
        search("d", time=0),
        answer("e", "1", 12),
        answer("f", "1", 12),
        event("serach", "g"),
        search("h", qurey="x"),
    ],
    "limited": [event("ask", str(n)) for n in range(12)],
    "zoned": [event("call", "a", JULY - 1, spent=7)],
    "flat": [event("search", "a"), event("search", "b")],
    "large": [event("load", str(n), amount=10**12) for n in range(2)],
}


@pytest.mark.parametrize("options", [PLAIN, Options(explain=True), Options(dry_run=True, explain=True)])
def test_what_rulesets_really_answer_gives_the_response_that_it_gives_directly(options: Options) -> None:
    evaluator = Evaluator(all_rules(), MemoryLedger(lambda: JULY), lambda: JULY)
    seen: set[str] = set()
    for ruleset, events in REAL.items():
        answers = evaluator.evaluate(ruleset, events, options)
        direct = response_to_batch(answers)
        assert response_of(answers_bytes(answers), Asked(ruleset, events, options)) == direct
        for found in (result.evaluation for result in direct.results):
            seen |= {pb.Outcome.Name(found.outcome), f"{len(found.lines)} lines"}
            seen |= {field.name for field, _ in found.ListFields()}
    assert {"OUTCOME_COUNTED", "OUTCOME_NOT_COUNTED", "OUTCOME_LIMITED", "OUTCOME_UNKNOWN_EVENT", "2 lines"} <= seen
    assert ("steps" in seen) == options.explain
    assert {"warnings"} <= seen
    assert ("duplicate" in seen) == (not options.dry_run)
