"""A stream of events as batches over one connection, and over the next where it breaks.

Three take part, and meet in the window: the filler takes events from the source as long as there is room; a session's
writer sends each batch of the window once; the reader takes the answers, which come in the same order. Where a session
breaks, the next one sends what is still unanswered again, oldest first: an event that had been recorded is known by its
key, and gives its first answer.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import grpc

from dsl.event import Event
from service.client.batching import Bounds, Window
from service.client.calls import Options, Result, is_idempotent
from service.client.failures import CallFailed, Failure
from service.client.retry import Attempts
from service.client.statuses import failure_of
from service.rpc.convert import message_of
from vpi.v1 import evaluation_pb2 as pb

Call = grpc.aio.StreamStreamCall[pb.EvaluateBatchRequest, pb.EvaluateBatchResponse]
Settle = Callable[[Sequence[pb.Event], Sequence[Result], Attempts], Awaitable[list[Result]]]


@dataclass(frozen=True, slots=True)
class Ways:
    """What a stream is made with: how a session is opened, how attempts are counted, how a batch's own errors are tried
    again, how to sleep."""

    open: Callable[[], Call]
    attempts: Callable[[], Attempts]
    settle: Settle
    sleep: Callable[[float], Awaitable[object]]


async def results_of(
    events: AsyncIterable[Event] | Iterable[Event], options: Options, bounds: Bounds, ways: Ways
) -> AsyncIterator[Result]:
    """One result an event, in order. Raises CallFailed, and after all results whatever the source raised."""
    source = _Source(events, bounds)
    window = source.window
    filler = asyncio.create_task(source.fill())
    session: _Session | None = None
    attempts: Attempts | None = None
    try:
        while await source.some_unanswered():
            # Attempts are of the oldest batch: with every answer they begin anew.
            attempts = attempts or ways.attempts()
            seconds = attempts.begin()
            session = session or _Session(ways.open(), source, options)
            reply = await session.response(seconds)
            batch = window.unanswered[0]
            if isinstance(reply, Failure):
                await session.close()
                session = None
                wait = attempts.wait_after(reply, is_idempotent(batch, options))
                if wait is None:
                    raise CallFailed(reply, attempts.made)
                await ways.sleep(wait)
                continue
            results = await ways.settle(batch, reply.results, attempts)
            attempts = None
            source.answered()
            for result in results:
                yield result
        if session is not None:
            await session.end()
        await filler
    finally:
        filler.cancel()
        if session is not None:
            await session.close()
        await asyncio.gather(filler, return_exceptions=True)


class _Source:
    """The window with those who wait for it to change."""

    def __init__(self, events: AsyncIterable[Event] | Iterable[Event], bounds: Bounds) -> None:
        self._events = events
        self._bounds = bounds
        self.window = Window(bounds)
        self._waiters: list[asyncio.Future[None]] = []

    async def fill(self) -> None:
        """Takes the source's events as long as there is room, and ends with it; what it raises stays in the task."""
        try:
            if isinstance(self._events, AsyncIterable):
                async for event in self._events:
                    await self._put(event)
            else:
                for event in self._events:
                    await self._put(event)
        finally:
            self.window.end()
            self.changed()

    async def _put(self, event: Event) -> None:
        window = self.window
        message = message_of(event)
        serial = window.serial
        while not window.put(message):
            self.changed()
            await self.change()
        if window.is_begun():
            asyncio.get_running_loop().call_later(self._bounds.seconds, self._flush, window.serial)
        if window.serial != serial:
            self.changed()
            await asyncio.sleep(0)  # a source that never waits must leave the others their turn

    def _flush(self, serial: int) -> None:
        self.window.flush(serial)
        self.changed()

    async def some_unanswered(self) -> bool:
        """Waits until a batch has no answer yet; False where none will come any more."""
        while not self.window.unanswered:
            if self.window.all_taken:
                return False
            await self.change()
        return True

    def answered(self) -> None:
        """The oldest batch has its answer."""
        self.window.answered()
        self.changed()

    async def change(self) -> None:
        """Waits until the window has changed."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def changed(self) -> None:
        """Wakes all who wait."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class _Session:
    """One call of EvaluateStream: sends the window's batches, each once, and reads their answers.

    The first goes alone, and the others follow when it is answered: a server in trouble is not given more than it can
    take, and what it has against a request is heard. In the midst of sending it may not be: grpcio then puts an
    INTERNAL of its own over the status that the server gave (grpc/grpc#36066).
    """

    def __init__(self, call: Call, source: _Source, options: Options) -> None:
        self._call = call
        self._source = source
        self._options = options
        self._sent = 0  # how many of the window's unanswered batches were sent in this session
        self._heard = False
        self._writing = False
        self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        window = self._source.window
        try:
            while True:
                if self._sent < len(window.unanswered) and (self._heard or not self._sent):
                    request = self._options.batch(window.unanswered[self._sent])
                    self._sent += 1
                    self._writing = True
                    await self._call.write(request)
                    self._writing = False
                elif window.all_taken and self._sent == len(window.unanswered):
                    await self._call.done_writing()
                    return
                else:
                    await self._source.change()
        except (grpc.RpcError, asyncio.InvalidStateError):
            pass  # the call is over; who reads learns why

    async def response(self, seconds: float) -> pb.EvaluateBatchResponse | Failure:
        """The answer to the oldest batch."""
        try:
            async with asyncio.timeout(seconds):
                reply = await self._call.read()
        except TimeoutError:
            return Failure("DEADLINE_EXCEEDED", f"no answer came within {seconds:g} seconds")
        except grpc.RpcError as error:
            failure = failure_of(error)
            if self._writing and failure.code == "INTERNAL":
                return Failure("UNKNOWN", "the call ended while more was being sent")
            return failure
        if not isinstance(reply, pb.EvaluateBatchResponse):
            return Failure("UNAVAILABLE", "the server ended the stream before it had answered everything")
        self._sent -= 1
        self._heard = True
        return reply

    async def end(self) -> None:
        """Everything is answered: lets the server end the call."""
        await self._writer
        await self.response(1.0)

    async def close(self) -> None:
        """Ends the call, whatever its state."""
        self._writer.cancel()
        self._call.cancel()
        (outcome,) = await asyncio.gather(self._writer, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome
