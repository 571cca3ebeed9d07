"""A client of the service: events in, the service's messages out."""

from collections.abc import Awaitable, Iterator, Sequence
from types import TracebackType
from typing import TypeVar

import grpc

from dsl.event import Event
from service.rpc.convert import message_of
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc

LARGEST_MESSAGE = 32 * 1024 * 1024
LARGEST_BATCH = 16 * 1024 * 1024
"""Bytes of events in one call: half of a message, so that the answers find room in theirs."""
MOST_EVENTS = 10_000
"""Events that one batch may hold."""
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
        """One result an event, in order, in as few calls as a message's and a batch's bounds allow."""
        results: list[pb.EvaluateBatchResponse.Result] = []
        for messages in _batches([message_of(event) for event in events]):
            request = pb.EvaluateBatchRequest(
                events=messages, ruleset=ruleset, version=version, dry_run=dry_run, explain=explain
            )
            response = await _answer(self._evaluation.EvaluateBatch(request, timeout=self._timeout))
            results += response.results
        return results


def _batches(messages: Sequence[pb.Event]) -> Iterator[list[pb.Event]]:
    batch: list[pb.Event] = []
    size = 0
    for message in messages:
        bytes_more = message.ByteSize()
        if batch and (size + bytes_more > LARGEST_BATCH or len(batch) == MOST_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += bytes_more
    if batch:
        yield batch


async def _answer(call: Awaitable[Answer]) -> Answer:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise CallFailed(error.code().name, error.details() or "") from None
