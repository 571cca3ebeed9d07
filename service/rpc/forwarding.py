"""EvaluationService before a recorder: what is asked goes on to it, and its answers come back."""

from collections.abc import AsyncIterator
from typing import Any

import grpc

from service.rpc.recorder.batches import batch_bytes, response_of
from service.rpc.recorder.frames import Kind
from service.rpc.recorder.remote import RemoteRecorder
from service.rpc.requests import asked_of_batch
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


class ForwardingService(evaluation_pb2_grpc.EvaluationServiceServicer):
    """The rpcs of `vpi.v1.EvaluationService`; Evaluate takes and gives bytes."""

    def __init__(self, recorder: RemoteRecorder) -> None:
        self._recorder = recorder

    async def Evaluate(self, request: bytes, context: Context) -> bytes:  # type: ignore[override]
        """Passes the request for one event on as it came."""
        return await self._recorder.ask(Kind.EVALUATE, request, 1)

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
        asked = asked_of_batch(request)
        return response_of(await self._recorder.ask(Kind.BATCH, batch_bytes(asked), len(asked.events)), asked)
