"""Load of every kind at once on a server that may vanish at any moment, and what is then sent again."""

import asyncio
from collections import Counter, deque
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import grpc
from google.rpc import code_pb2, error_details_pb2
from grpc import StatusCode
from grpc_status import rpc_status

from tests.service.durability.server import CHANNEL, LONGEST_SECONDS
from tests.service.durability.traffic import Note, Traffic, take_down
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc, usage_pb2, usage_pb2_grpc

UNARY_CALLERS = 6
BATCH_CALLERS = 2
STREAMS = 2
LARGEST_BATCH = 16
IN_FLIGHT = 3
"""Batches that a stream sends before it has an answer."""
TURNED_AWAY_SECONDS = 0.05
"""How long a caller waits that got no answer: shorter than it is told to, so that more calls meet what goes on."""
WHY = "sent by mistake"


class Load:
    """Callers of one server, until they are told to end. Whoever is told to try again does, with other events.

    `statuses` counts how calls ended, "OK" included: a refusal or a conflict is an answer, and counts as one. `reasons`
    are what UNAVAILABLE was explained with, and `without_retry_info` those that did not say when to try again.
    """

    def __init__(self, address: str, traffic: Traffic) -> None:
        self.statuses: Counter[str] = Counter()
        self.answers = 0
        self.reasons: Counter[str] = Counter()
        self.without_retry_info: Counter[str] = Counter()
        self._address = address
        self._traffic = traffic
        self._ending = False
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Load":
        # Several connections, which is what workers share.
        channels = [await self._channel() for _ in range(4)]
        for number in range(UNARY_CALLERS):
            self._begin(self._unary(evaluation_stub(channels[number % 2])))
        for _ in range(BATCH_CALLERS):
            self._begin(self._batches(evaluation_stub(channels[2])))
        for _ in range(STREAMS):
            self._begin(self._stream(evaluation_stub(channels[3])))
        self._begin(self._conflicts(evaluation_stub(channels[1])))
        self._begin(self._voids(usage_stub(channels[0])))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def _channel(self) -> grpc.aio.Channel:
        return await self._stack.enter_async_context(grpc.aio.insecure_channel(self._address, options=CHANNEL))

    def _begin(self, caller: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(caller))

    async def answered(self, count: int) -> None:
        """Waits until so many more calls have been answered."""
        due = self.answers + count
        async with asyncio.timeout(LONGEST_SECONDS):
            while self.answers < due:
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.002)

    async def turned_away(self, count: int) -> None:
        """Waits until so many more calls have been told to try again. Others may be answered meanwhile: what is a
        conflict, or was recorded before, needs nothing to be written."""
        async with asyncio.timeout(LONGEST_SECONDS):
            due = self.statuses["UNAVAILABLE"] + count
            while self.statuses["UNAVAILABLE"] < due:  # noqa: ASYNC110 - callers only count
                await asyncio.sleep(0.002)

    async def end(self) -> None:
        """Lets every caller end the call that it is in; raises what went wrong in any. Twice is once."""
        self._ending = True
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                ended = await asyncio.gather(*self._tasks, return_exceptions=True)
            # A caller whose task was cancelled with its connection has ended as well; what it left is sent again.
            for result in ended:
                if isinstance(result, Exception):
                    raise result
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._stack.aclose()

    # ── callers ─────────────────────────────────────────────────────────────

    async def _unary(self, stub: Any) -> None:
        while not self._ending:
            note = self._traffic.next()
            if not await self._done(evaluate(stub, note)):
                await asyncio.sleep(TURNED_AWAY_SECONDS)

    async def _batches(self, stub: Any) -> None:
        while not self._ending:
            notes = some(self._traffic)
            if not await self._done(evaluate_batch(stub, notes)):
                await asyncio.sleep(TURNED_AWAY_SECONDS)
            await asyncio.sleep(self._traffic.chance.random() * 0.02)

    async def _stream(self, stub: Any) -> None:
        while not self._ending:
            if not await self._done(self._one_stream(stub)):
                await asyncio.sleep(TURNED_AWAY_SECONDS)

    async def _one_stream(self, stub: Any) -> None:
        """A stream of some batches, several on their way at a time."""
        call = stub.EvaluateStream(timeout=LONGEST_SECONDS)
        sent: deque[list[Note]] = deque()
        try:
            for _ in range(self._traffic.chance.randrange(1, 40)):
                if self._ending:
                    break
                sent.append(some(self._traffic))
                await write(call, batch_of(sent[-1]))
                if len(sent) >= IN_FLIGHT:
                    await self._take_next_down(call, sent)
                await asyncio.sleep(self._traffic.chance.random() * 0.02)
            await call.done_writing()
            while sent:
                await self._take_next_down(call, sent)
        except asyncio.InvalidStateError:
            # It ended while this one was about to write; reading says how.
            while sent:
                await self._take_next_down(call, sent)
            raise

    async def _take_next_down(self, call: Any, sent: deque[list[Note]]) -> None:
        response = await call.read()
        assert response is not grpc.aio.EOF, "the stream ended with OK before all batches were answered"
        take_all_down(sent.popleft(), response)
        self.answers += 1

    async def _conflicts(self, stub: Any) -> None:
        while not self._ending:
            request = self._traffic.conflicting()
            if request is not None:
                await self._done(conflict(stub, request))
            await asyncio.sleep(self._traffic.chance.random() * 0.03)

    async def _voids(self, stub: Any) -> None:
        while not self._ending:
            note = self._traffic.acknowledged()
            if note is not None:
                await self._done(void(stub, note))
            await asyncio.sleep(self._traffic.chance.random() * 0.03)

    async def _done(self, call: Coroutine[Any, Any, None]) -> bool:
        """Makes a call and counts how it ended; whether it was answered."""
        try:
            await call
        except HiddenStatus:
            return False
        except grpc.aio.AioRpcError as error:
            self.statuses[error.code().name] += 1
            if error.code() is not StatusCode.UNAVAILABLE:
                raise
            reason = error.details() or ""
            self.reasons[reason] += 1
            if not has_retry_info(error):
                self.without_retry_info[reason] += 1
            return False
        self.statuses["OK"] += 1
        self.answers += 1
        return True


class HiddenStatus(Exception):
    """A stream was ended by the server, and nobody can know with which status."""


async def write(call: Any, request: pb.EvaluateBatchRequest) -> None:
    """Sends a stream's next request. Raises AioRpcError, InvalidStateError and HiddenStatus where the stream is over.

    In the midst of sending, grpcio puts an INTERNAL of its own over the status that the server gave (grpc/grpc#36066).
    """
    try:
        await call.write(request)
    except grpc.aio.AioRpcError as error:
        if error.code() is StatusCode.INTERNAL and error.details() == "Internal error from Core":
            raise HiddenStatus from None
        raise


def evaluation_stub(channel: grpc.aio.Channel) -> Any:
    """The stub of the evaluation service; the generated types are those of a synchronous channel."""
    return evaluation_pb2_grpc.EvaluationServiceStub(channel)


def usage_stub(channel: grpc.aio.Channel) -> Any:
    """The stub of the usage service, alike."""
    return usage_pb2_grpc.UsageServiceStub(channel)


# ── single calls; each raises AioRpcError where it gets no answer ───────────


async def evaluate(stub: Any, note: Note) -> None:
    """Sends one event, and takes its answer down."""
    note.sent += 1
    try:
        response = await stub.Evaluate(
            pb.EvaluateRequest(ruleset=note.ruleset, event=note.event), timeout=LONGEST_SECONDS
        )
    except grpc.aio.AioRpcError as error:
        if error.code() not in (StatusCode.INVALID_ARGUMENT, StatusCode.FAILED_PRECONDITION):
            raise
        note.refused(code_pb2.Code.Value(error.code().name))
    else:
        note.answered(response.evaluation)


async def evaluate_batch(stub: Any, notes: Sequence[Note]) -> None:
    """Sends events of one ruleset together, and takes their answers down."""
    take_all_down(notes, await stub.EvaluateBatch(batch_of(notes), timeout=LONGEST_SECONDS))


async def conflict(stub: Any, request: pb.EvaluateRequest) -> None:
    """Sends other content under an id that is taken, which must fail."""
    try:
        response = await stub.Evaluate(request, timeout=LONGEST_SECONDS)
    except grpc.aio.AioRpcError as error:
        if error.code() is not StatusCode.ALREADY_EXISTS:
            raise
    else:
        raise AssertionError(f"other content under an id that is taken was answered: {response}")


async def void(stub: Any, note: Note) -> None:
    """Takes an event's evaluation back, and takes the answer down."""
    note.voids_sent += 1
    ruleset, source, event_id = note.key
    request = usage_pb2.VoidEvaluationRequest(ruleset=ruleset, source=source, event_id=event_id, reason=WHY)
    note.voided(await stub.VoidEvaluation(request, timeout=LONGEST_SECONDS))


def some(traffic: Traffic) -> list[Note]:
    """A batch of events, all of one ruleset."""
    ruleset = traffic.fresh().ruleset
    return [traffic.next(ruleset) for _ in range(traffic.chance.randrange(1, LARGEST_BATCH))]


def batch_of(notes: Sequence[Note]) -> pb.EvaluateBatchRequest:
    """A request with these events, which are sent with it."""
    for note in notes:
        note.sent += 1
    return pb.EvaluateBatchRequest(ruleset=notes[0].ruleset, events=[note.event for note in notes])


def take_all_down(notes: Sequence[Note], response: pb.EvaluateBatchResponse) -> None:
    """Takes the results of a batch down."""
    for note, result in zip(notes, response.results, strict=True):
        take_down(note, result)


def has_retry_info(error: grpc.aio.AioRpcError) -> bool:
    """Whether an error's status says when to try again."""
    with suppress(ValueError):
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # an error of asyncio has the same members
        return status is not None and any(one.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for one in status.details)
    return False


# ── after a restart ─────────────────────────────────────────────────────────


async def settle(address: str, traffic: Traffic) -> None:
    """Sends again what was not acknowledged, events and voids, and some of what was; all of it must be answered now."""
    chance = traffic.chance
    again = traffic.open()
    known = [note for note in traffic.notes if note.acknowledged]
    again += chance.sample(known, min(len(known), 60))
    chance.shuffle(again)
    alone, together = again[:25], again[25:]
    async with grpc.aio.insecure_channel(address, options=CHANNEL) as channel:
        evaluation, usage = evaluation_stub(channel), usage_stub(channel)
        by_ruleset: dict[str, list[Note]] = {}
        for note in together:
            by_ruleset.setdefault(note.ruleset, []).append(note)
        batches = [notes[at : at + 100] for notes in by_ruleset.values() for at in range(0, len(notes), 100)]
        calls = [evaluate(evaluation, note) for note in alone]
        calls += [evaluate_batch(evaluation, notes) for notes in batches]
        calls += [void(usage, note) for note in traffic.notes if note.voids_sent and note.void is None]
        async with asyncio.TaskGroup() as group:
            for call in calls:
                group.create_task(call)
    assert not traffic.open()
