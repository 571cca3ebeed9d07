"""A server that does nothing with the same messages: what gRPC itself costs.

`python -m tests.bench.noop` prints its address. It answers each event with a constant evaluation; what it does with the
messages is chosen by an option. By default it reads each event's source and id and makes an answer for each. With
`--reading` it also reads every other field of the event into Python's own values and sets every field of the answer, as
any handler must that looks at its events. With `--prebuilt` it answers every call with one message made beforehand, the
least that any server can do. It runs on the event loop that the service runs on, with `--asyncio` on Python's own.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc

from service.cli.serving import run
from service.rpc.server import OPTIONS
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc

ANSWER = pb.Evaluation(
    source="bench",
    event_id="e-00000000",
    outcome=pb.OUTCOME_COUNTED,
    interaction="voice_search",
    units="1",
    price="0.05",
    currency="USD",
    lines=[pb.Line(interaction="voice_search", units="1", noun="unit", price="0.05")],
    ruleset="bench",
    version=1,
    reason="counted as voice_search: voice is yes and results 3 ≥ 1",
)


class Noop(evaluation_pb2_grpc.EvaluationServiceServicer):
    """Answers without rules, counters or a ledger."""

    async def Evaluate(self, request: pb.EvaluateRequest, context: Any) -> pb.EvaluateResponse:
        """A constant evaluation of the event."""
        response = pb.EvaluateResponse(evaluation=ANSWER)
        response.evaluation.source = request.event.source
        response.evaluation.event_id = request.event.id
        return response

    async def EvaluateBatch(self, request: pb.EvaluateBatchRequest, context: Any) -> pb.EvaluateBatchResponse:
        """A constant evaluation of each event."""
        response = pb.EvaluateBatchResponse()
        for event in request.events:
            answer = response.results.add().evaluation
            answer.CopyFrom(ANSWER)
            answer.source = event.source
            answer.event_id = event.id
        return response

    async def EvaluateStream(self, request_iterator: Any, context: Any) -> AsyncIterator[pb.EvaluateBatchResponse]:
        """As EvaluateBatch, batch after batch."""
        async for request in request_iterator:
            yield await self.EvaluateBatch(request, context)


class Reading(Noop):
    """Reads all of every event, and writes all of every answer."""

    async def EvaluateBatch(self, request: pb.EvaluateBatchRequest, context: Any) -> pb.EvaluateBatchResponse:
        """A constant evaluation of each event, field by field."""
        response = pb.EvaluateBatchResponse()
        for event in request.events:
            time = event.time
            read = (
                event.type,
                event.subject,
                time.seconds,
                time.nanos,
                {path: _read(value) for path, value in event.data.items()},
            )
            answer = response.results.add().evaluation
            answer.source = event.source
            answer.event_id = event.id
            _write(answer, read)
        return response


def _read(value: pb.Value) -> object:
    kind = value.WhichOneof("kind")
    return kind and getattr(value, kind)


def _write(answer: pb.Evaluation, read: object) -> None:
    answer.outcome = ANSWER.outcome
    answer.interaction = "voice_search"
    answer.units = "1"
    answer.price = "0.05"
    answer.currency = "USD"
    answer.lines.add(interaction="voice_search", units="1", noun="unit", price="0.05")
    answer.ruleset = "bench"
    answer.version = 1
    answer.reason = "counted as voice_search: voice is yes and results 3 ≥ 1"


class Prebuilt(Noop):
    """Answers every batch with the same thousand results."""

    def __init__(self) -> None:
        result = pb.EvaluateBatchResponse.Result(evaluation=ANSWER)
        self._answer = pb.EvaluateBatchResponse(results=[result] * 1000)

    async def EvaluateBatch(self, request: pb.EvaluateBatchRequest, context: Any) -> pb.EvaluateBatchResponse:
        """The message made beforehand."""
        return self._answer


async def serve() -> None:
    """Serves until it is killed."""
    server = grpc.aio.server(options=OPTIONS)
    servicer = Prebuilt() if "--prebuilt" in sys.argv else Reading() if "--reading" in sys.argv else Noop()
    evaluation_pb2_grpc.add_EvaluationServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f'{{"address": "127.0.0.1:{port}"}}', flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    (asyncio.run if "--asyncio" in sys.argv else run)(serve())
