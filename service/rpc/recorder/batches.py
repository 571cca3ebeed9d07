"""A batch and its answers as bytes, between two processes of one release; nothing here is ever kept.

Most data is texts, integers, yes and no, which `marshal` writes and reads twice as quickly as `pickle`; a batch that
holds anything else goes by `pickle`. Both are for one's own processes only: what they read must be trusted.
"""

import marshal
import pickle
from collections.abc import Sequence
from typing import Any

from google.rpc import status_pb2

from dsl.evaluation import Evaluation, Line, Outcome, Step
from dsl.event import Event
from service.errors import ServiceError
from service.evaluator import PLAIN, Options
from service.ledger import codec
from service.ledger.interface import Answer, Entry
from service.rpc.convert import write_evaluation
from service.rpc.requests import Asked
from service.rpc.status import status_of
from vpi.v1 import evaluation_pb2 as pb

Contents = Sequence[tuple[str, bytes]]
"""The events' data as text and the hashes of their content, as `Submission` takes them."""
_MARSHAL, _PICKLE = b"m", b"p"


def batch_bytes(asked: Asked) -> bytes:
    """A batch; with it goes what the ledger will keep of its events, worked out here."""
    options = asked.options
    plain = (
        asked.ruleset,
        None if options is PLAIN else (options.version, options.dry_run, options.explain),
        [(e.id, e.source, e.type, e.subject, e.time, e.data, e.conflicts) for e in asked.events],
        None if options.dry_run else [codec.kept_content(event) for event in asked.events],
    )
    try:
        return _MARSHAL + marshal.dumps(plain)
    except ValueError:
        return _PICKLE + pickle.dumps(plain, pickle.HIGHEST_PROTOCOL)


def batch_of(data: bytes) -> tuple[Asked, Contents | None]:
    """The batch that `batch_bytes` gave, and what was worked out."""
    read: Any = marshal.loads if data[:1] == _MARSHAL else pickle.loads
    ruleset, options, events, contents = read(memoryview(data)[1:])
    asked = Asked(ruleset, [Event(*event) for event in events], PLAIN if options is None else Options(*options))
    return asked, contents


def answers_bytes(answers: Sequence[Answer]) -> bytes:
    """A batch's answers: what a response tells of them."""
    return marshal.dumps([_plain(answer) for answer in answers])


def response_of(data: bytes, asked: Asked) -> pb.EvaluateBatchResponse:
    """The response that tells what `answers_bytes` was given about a batch."""
    response = pb.EvaluateBatchResponse()
    add = response.results.add
    for event, answer in zip(asked.events, marshal.loads(data), strict=True):
        if type(answer) is bytes:
            add().error.CopyFrom(status_pb2.Status.FromString(answer))
        else:
            write_evaluation(_entry(event, answer), add().evaluation)
    return response


def _plain(answer: Answer) -> object:
    if isinstance(answer, ServiceError):
        return status_of(answer).SerializeToString()
    found = answer.evaluation
    return (
        answer.ruleset,
        answer.version,
        answer.currency,
        answer.recorded,
        answer.duplicate,
        found.outcome._value_,
        [(line.interaction, line.units, line.noun, line.price) for line in found.lines],
        found.main,
        found.reason,
        found.warnings,
        [_plain_step(step) for step in found.steps],
        found.limited_by,
    )


def _entry(event: Event, answer: Any) -> Entry:
    ruleset, version, currency, recorded, duplicate, outcome, lines, main, reason, warnings, steps, limited_by = answer
    evaluation = Evaluation(
        Outcome(outcome),
        tuple([Line(*line) for line in lines]),
        main,
        reason,
        warnings,
        (),
        tuple([_step(step) for step in steps]),
        limited_by,
    )
    return Entry(ruleset, version, currency, event, evaluation, recorded, duplicate)


def _plain_step(step: Step) -> tuple[Any, ...]:
    return step.text, step.verdict, [_plain_step(inner) for inner in step.steps]


def _step(plain: tuple[Any, ...]) -> Step:
    text, verdict, steps = plain
    return Step(text, verdict, tuple([_step(inner) for inner in steps]))
