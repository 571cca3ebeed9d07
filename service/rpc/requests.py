"""What a request to evaluate asks, and the response to it."""

from collections.abc import Sequence
from typing import NamedTuple

from dsl.event import Event
from service.errors import InvalidRequest, ServiceError
from service.evaluator import PLAIN, Options
from service.ledger.interface import Answer
from service.rpc.convert import event_of, write_evaluation, write_result
from vpi.v1 import evaluation_pb2 as pb

MOST_EVENTS = 10_000
"""Events that one batch may hold."""


class Asked(NamedTuple):
    """What a request asks: how which events are to be evaluated, by which ruleset."""

    ruleset: str
    events: Sequence[Event]
    options: Options


def asked_of_one(request: pb.EvaluateRequest) -> Asked:
    """What a request for one event asks; raises InvalidRequest."""
    if not request.HasField("event"):
        raise InvalidRequest("event", "an event is required")
    return Asked(request.ruleset, (event_of(request.event),), _options(request))


def asked_of_batch(request: pb.EvaluateBatchRequest) -> Asked:
    """What a request for a batch asks; raises InvalidRequest."""
    count = len(request.events)
    if count > MOST_EVENTS:
        raise InvalidRequest("events", f"a batch holds at most {MOST_EVENTS:,} events, this one {count:,}")
    return Asked(request.ruleset, [event_of(event) for event in request.events], _options(request))


def response_to_one(answers: Sequence[Answer]) -> pb.EvaluateResponse:
    """The response to a request for one event; raises its error."""
    (answer,) = answers
    if isinstance(answer, ServiceError):
        raise answer
    response = pb.EvaluateResponse()
    write_evaluation(answer, response.evaluation)
    return response


def response_to_batch(answers: Sequence[Answer]) -> pb.EvaluateBatchResponse:
    """The response to a request for a batch, one result an event, in order."""
    response = pb.EvaluateBatchResponse()
    add = response.results.add
    for answer in answers:
        write_result(answer, add())
    return response


def _options(request: pb.EvaluateRequest | pb.EvaluateBatchRequest) -> Options:
    if not (request.version or request.dry_run or request.explain):
        return PLAIN
    if request.version < 0:
        raise InvalidRequest("version", "a version is a number from 1, or 0 for the one in force")
    return Options(request.version, request.dry_run, request.explain)
