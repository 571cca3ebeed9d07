"""A client of the service: events in, the service's messages out."""

from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import TypeVar

import grpc

from dsl.event import Event
from service.rpc.convert import message_of
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc

LARGEST_MESSAGE = 32 * 1024 * 1024
Answer = TypeVar("Answer")


class CallFailed(Exception):
    """The server answered with a status, or could not be reached; `code` is the status's name, such as UNAVAILABLE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Client:
    """A connection to a server at `HOST:PORT`; use it as an asynchronous context manager.

    Every call raises CallFailed where it gets no answer.
    """

    def __init__(self, address: str, timeout_seconds: float = 60.0) -> None:
        self._channel = grpc.aio.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", LARGEST_MESSAGE),
                ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ],
        )
        self._evaluation = evaluation_pb2_grpc.EvaluationServiceStub(self._channel)
        self._timeout = timeout_seconds

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def evaluate(
        self, event: Event, ruleset: str = "", version: int = 0, dry_run: bool = False, explain: bool = False
    ) -> pb.Evaluation:
        """One event's evaluation."""
        request = pb.EvaluateRequest(
            event=message_of(event), ruleset=ruleset, version=version, dry_run=dry_run, explain=explain
        )
        response = await _answer(self._evaluation.Evaluate(request, timeout=self._timeout))
        return response.evaluation

    async def evaluate_batch(
        self,
        events: Sequence[Event],
        ruleset: str = "",
        version: int = 0,
        dry_run: bool = False,
        explain: bool = False,
    ) -> Sequence[pb.EvaluateBatchResponse.Result]:
        """One result an event, in order; at most 10,000 events."""
        request = pb.EvaluateBatchRequest(
            events=[message_of(event) for event in events],
            ruleset=ruleset,
            version=version,
            dry_run=dry_run,
            explain=explain,
        )
        response = await _answer(self._evaluation.EvaluateBatch(request, timeout=self._timeout))
        return response.results


async def _answer(call: Awaitable[Answer]) -> Answer:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise CallFailed(error.code().name, error.details() or "") from None
