"""A server that does nothing with the same messages: what gRPC itself costs.

`python -m tests.bench.noop` prints its address. It answers each event with a constant evaluation, on the service's own
event loop; what it does with the messages is chosen by an option. By default it reads each event's source and
id and copies an answer for each. With `--making` it makes each answer of its fields, as any handler must whose answers
differ. With `--reading` it also reads every other field of the event into Python's own values, as any handler must that
looks at its events. With `--prebuilt` it answers every call with one message made beforehand, the least that any server
can do.
"""

import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc

from service.cli.serving import run
from service.rpc.server import OPTIONS
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc


def _made(event: pb.Event) -> pb.Evaluation:
    return pb.Evaluation(
        source=event.source,
        event_id=event.id,
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


ANSWER = _made(pb.Event(source="bench", id="e-00000000"))


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


class Making(Noop):
    """Makes every answer of its fields."""

    async def EvaluateBatch(self, request: pb.EvaluateBatchRequest, context: Any) -> pb.EvaluateBatchResponse:
        """A constant evaluation of each event, field by field."""
        response = pb.EvaluateBatchResponse()
        for event in request.events:
            response.results.add(evaluation=_made(event))
        return response


class Reading(Noop):
    """Reads all of every event, and makes every answer of its fields."""

    async def EvaluateBatch(self, request: pb.EvaluateBatchRequest, context: Any) -> pb.EvaluateBatchResponse:
        """A constant evaluation of each event, field by field."""
        response = pb.EvaluateBatchResponse()
        for event in request.events:
            time = event.time
            _ = (
                event.type,
                event.subject,
                time.seconds,
                time.nanos,
                {path: _read(value) for path, value in event.data.items()},
            )
            response.results.add(evaluation=_made(event))
        return response


def _read(value: pb.Value) -> object:
    kind = value.WhichOneof("kind")
    return kind and getattr(value, kind)


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
    kinds = {"--making": Making, "--reading": Reading, "--prebuilt": Prebuilt}
    servicer = next((kinds[option]() for option in sys.argv[1:] if option in kinds), Noop())
    evaluation_pb2_grpc.add_EvaluationServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f'{{"address": "127.0.0.1:{port}"}}', flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    run(serve())
