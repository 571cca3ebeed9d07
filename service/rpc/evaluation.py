"""EvaluationService: messages in, the evaluator, messages out."""

from collections.abc import AsyncIterator
from typing import Any

import grpc

from service.access import Access
from service.evaluator import Evaluator
from service.ledger.interface import Answer
from service.rpc.published import CurrentRules
from service.rpc.requests import Asked, asked_of_batch, asked_of_one, response_to_batch, response_to_one
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


class EvaluationService(evaluation_pb2_grpc.EvaluationServiceServicer):
    """The rpcs of `vpi.v1.EvaluationService`."""

    def __init__(self, evaluator: Evaluator, access: Access, rules: CurrentRules) -> None:
        self._evaluator = evaluator
        self._access = access
        self._rules = rules

    async def Evaluate(self, request: pb.EvaluateRequest, context: Context) -> pb.EvaluateResponse:
        """Rates one event and records it."""
        return response_to_one(await self._evaluate(asked_of_one(request)))

    async def EvaluateBatch(self, request: pb.EvaluateBatchRequest, context: Context) -> pb.EvaluateBatchResponse:
        """Rates a batch, one result an event, in order."""
        return response_to_batch(await self._evaluate(asked_of_batch(request)))

    async def EvaluateStream(
        self, request_iterator: AsyncIterator[pb.EvaluateBatchRequest], context: Context
    ) -> AsyncIterator[pb.EvaluateBatchResponse]:
        """Rates batch after batch."""
        async for request in request_iterator:
            yield response_to_batch(await self._evaluate(asked_of_batch(request)))

    async def _evaluate(self, asked: Asked) -> list[Answer]:
        evaluator, options = self._evaluator, asked.options
        submission = await self._rules.known(lambda _: evaluator.submission(*asked))
        if options.dry_run:
            return await self._access.read(lambda: evaluator.ledger.preview(submission))
        return evaluator.finished(await self._access.record(submission), options)
