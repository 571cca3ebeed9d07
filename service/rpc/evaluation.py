"""EvaluationService: messages in, the evaluator, messages out."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc

from dsl.event import Event
from service.access import Access
from service.errors import InvalidRequest, ServiceError, UnknownRuleset, UnknownVersion
from service.evaluator import PLAIN, Evaluator, Options
from service.ledger.interface import Answer
from service.rpc.convert import event_of, write_evaluation, write_result
from service.rpc.published import CurrentRules
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc

MOST_EVENTS = 10_000
"""Events that one batch may hold."""

Context = grpc.aio.ServicerContext[Any, Any]


class EvaluationService(evaluation_pb2_grpc.EvaluationServiceServicer):
    """The rpcs of `vpi.v1.EvaluationService`."""

    def __init__(self, evaluator: Evaluator, access: Access, rules: CurrentRules) -> None:
        self._evaluator = evaluator
        self._access = access
        self._rules = rules

    async def Evaluate(self, request: pb.EvaluateRequest, context: Context) -> pb.EvaluateResponse:
        """Rates one event and records it."""
        if not request.HasField("event"):
            raise InvalidRequest("event", "an event is required")
        answer = (await self._evaluate(request, (event_of(request.event),)))[0]
        if isinstance(answer, ServiceError):
            raise answer
        response = pb.EvaluateResponse()
        write_evaluation(answer, response.evaluation)
        return response

    async def EvaluateBatch(self, request: pb.EvaluateBatchRequest, context: Context) -> pb.EvaluateBatchResponse:
        """Rates a batch, one result an event, in order."""
        return await self._batch(request)

    async def EvaluateStream(
        self, request_iterator: AsyncIterator[pb.EvaluateBatchRequest], context: Context
    ) -> AsyncIterator[pb.EvaluateBatchResponse]:
        """Rates batch after batch."""
        async for request in request_iterator:
            yield await self._batch(request)

    async def _batch(self, request: pb.EvaluateBatchRequest) -> pb.EvaluateBatchResponse:
        count = len(request.events)
        if count > MOST_EVENTS:
            raise InvalidRequest("events", f"a batch holds at most {MOST_EVENTS:,} events, this one {count:,}")
        answers = await self._evaluate(request, [event_of(event) for event in request.events])
        response = pb.EvaluateBatchResponse()
        add = response.results.add
        for answer in answers:
            write_result(answer, add())
        return response

    async def _evaluate(
        self, request: pb.EvaluateRequest | pb.EvaluateBatchRequest, events: Sequence[Event]
    ) -> list[Answer]:
        evaluator, options = self._evaluator, _options(request)
        known = evaluator.registry
        try:
            submission = evaluator.submission(request.ruleset, events, options)
        except (UnknownRuleset, UnknownVersion):
            # Another process may have published it.
            if not await self._rules.newer_than(known):
                raise
            submission = evaluator.submission(request.ruleset, events, options)
        if options.dry_run:
            return await self._access.read(lambda: evaluator.ledger.preview(submission))
        return evaluator.finished(await self._access.record(submission), options)


def _options(request: pb.EvaluateRequest | pb.EvaluateBatchRequest) -> Options:
    if not (request.version or request.dry_run or request.explain):
        return PLAIN
    if request.version < 0:
        raise InvalidRequest("version", "a version is a number from 1, or 0 for the one in force")
    return Options(request.version, request.dry_run, request.explain)
