"""Streams of events: batches in order over connections that end, each event exactly once."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from dsl.event import Event
from service.access import GroupCommit
from service.client import Bounds, CallFailed, Client, RetryPolicy
from service.errors import LedgerUnavailable, QueueFull
from service.ledger.interface import Answer, Submission
from service.ledger.memory import MemoryLedger
from tests.service.client.servers import BlockedLedger, FailingLedger, Line, clock, recorded, serving, until_recorded
from tests.service.rules import search
from vpi.v1 import evaluation_pb2 as pb

QUICK = RetryPolicy(first_wait_seconds=0.01)
SMALL = Bounds(events=10)


class CountingLedger(MemoryLedger):
    """Notes how many events came together."""

    def __init__(self) -> None:
        super().__init__(clock)
        self.sizes: list[int] = []

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """See `Ledger.record`."""
        self.sizes += [len(submission.events) for submission in group]
        return super().record(group)


def events(count: int, first: int = 0) -> Iterator[Event]:
    return (search(f"e{n}") for n in range(first, first + count))


def names(count: int, first: int = 0) -> list[str]:
    return [f"e{n}" for n in range(first, first + count)]


def ids(results: Sequence[pb.EvaluateBatchResponse.Result]) -> list[str]:
    return [result.evaluation.event_id for result in results]


async def test_every_event_has_its_result_in_order() -> None:
    ledger = CountingLedger()
    async with serving(ledger) as running, Client(running.address) as client:
        results = [result async for result in client.evaluate_stream(events(2500), "shop")]
    assert ids(results) == names(2500)
    assert recorded(ledger) == names(2500)
    assert ledger.sizes == [1000, 1000, 500]


async def test_an_asynchronous_source_is_taken_as_well() -> None:
    async def source() -> AsyncIterator[Event]:
        for event in events(25):
            await asyncio.sleep(0)
            yield event

    async with serving(MemoryLedger(clock)) as running, Client(running.address) as client:
        results = [result async for result in client.evaluate_stream(source(), "shop", bounds=SMALL)]
    assert ids(results) == names(25)


async def test_a_batch_is_cut_by_its_bytes() -> None:
    ledger = CountingLedger()
    async with serving(ledger) as running, Client(running.address) as client:
        stream = client.evaluate_stream(events(9), "shop", bounds=Bounds(bytes=200))
        assert ids([result async for result in stream]) == names(9)
    assert max(ledger.sizes) < 9
    assert sum(ledger.sizes) == 9


async def test_an_event_does_not_wait_for_a_batch_to_fill() -> None:
    """The source falls silent after each event until its result has come."""
    seen = asyncio.Event()

    async def source() -> AsyncIterator[Event]:
        for event in events(3):
            yield event
            await asyncio.wait_for(seen.wait(), 10)
            seen.clear()

    results = []
    async with serving(MemoryLedger(clock)) as running, Client(running.address) as client:
        async for result in client.evaluate_stream(source(), "shop", bounds=Bounds(seconds=0.01)):
            results.append(result)
            seen.set()
    assert ids(results) == names(3)


async def test_the_source_is_not_taken_faster_than_the_results() -> None:
    """With two batches of ten in flight, the third full and one event in hand, no more are taken."""
    taken = 0

    def source() -> Iterator[Event]:
        nonlocal taken
        for event in events(500):
            taken += 1
            yield event

    bounds = Bounds(events=10, in_flight=2)
    async with serving(MemoryLedger(clock)) as running, Client(running.address) as client:
        stream = client.evaluate_stream(source(), "shop", bounds=bounds)
        await anext(stream)
        await asyncio.sleep(0.2)
        # The first batch has its answer and made room for another.
        assert taken <= 10 * 4 + 1
        rest = [result async for result in stream]
    assert ids(rest) == names(499, 1)


async def test_a_server_that_restarts_in_mid_stream_loses_and_repeats_nothing() -> None:
    ledger = MemoryLedger(clock)
    results = []
    async with serving(ledger) as first, Client(first.address, retry=QUICK) as client:
        stream = client.evaluate_stream(events(400), "shop", bounds=SMALL)
        async for result in stream:
            results.append(result)
            if len(results) == 100:
                await first.stop(0)
                break
        async with serving(ledger, first.address):
            results += [result async for result in stream]
    assert ids(results) == names(400)
    assert recorded(ledger) == names(400)


async def test_answers_that_got_lost_are_asked_for_again() -> None:
    """Three batches are recorded whose answers never arrive: sent again they are known, and counted once."""
    deaf = asyncio.Event()

    async def source() -> AsyncIterator[Event]:
        for event in events(10):
            yield event
        await asyncio.wait_for(deaf.wait(), 10)
        for event in events(190, 10):
            yield event

    ledger = MemoryLedger(clock)
    async with serving(ledger) as running:
        line = Line(running.address)
        async with line.open() as address, Client(address, retry=QUICK) as client:
            stream = client.evaluate_stream(source(), "shop", bounds=Bounds(events=10, in_flight=3))
            results = [await anext(stream) for _ in range(10)]
            rest = asyncio.create_task(collected(stream))
            line.lose_answers()
            deaf.set()
            await until_recorded(ledger, 40)
            line.cut()
            results += await rest
    assert ids(results) == names(200)
    assert recorded(ledger) == names(200)
    assert [result.evaluation.event_id for result in results if result.evaluation.duplicate] == names(30, 10)


async def collected(
    stream: AsyncIterator[pb.EvaluateBatchResponse.Result],
) -> list[pb.EvaluateBatchResponse.Result]:
    """What is left of a stream."""
    return [result async for result in stream]


async def test_a_stream_goes_on_after_a_silence_in_which_its_connection_broke() -> None:
    silence, over = asyncio.Event(), asyncio.Event()

    async def source() -> AsyncIterator[Event]:
        for event in events(10):
            yield event
        silence.set()
        await asyncio.wait_for(over.wait(), 10)
        for event in events(10, 10):
            yield event

    ledger = MemoryLedger(clock)
    async with serving(ledger) as running:
        line = Line(running.address)
        async with line.open() as address, Client(address, retry=QUICK) as client:
            stream = client.evaluate_stream(source(), "shop", bounds=SMALL)
            results = [await anext(stream) for _ in range(10)]
            await silence.wait()
            line.cut()
            over.set()
            results += await collected(stream)
    assert ids(results) == names(20)
    assert not any(result.evaluation.duplicate for result in results)


async def test_trouble_of_the_ledger_only_costs_time() -> None:
    ledger = FailingLedger([LedgerUnavailable("restarting"), QueueFull()], after=[LedgerUnavailable("gone", True)])
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with serving(ledger) as running, Client(running.address, sleep=sleep, chance=lambda: 0.0) as client:
        results = await collected(client.evaluate_stream(events(30), "shop", bounds=SMALL))
    assert ids(results) == names(30)
    assert recorded(ledger) == names(30)
    assert waits[:2] == [0.2, 0.2], "the server asks for a fifth of a second"
    assert len(waits) == 3


class RestlessLedger(MemoryLedger):
    """Can't be used every third time."""

    def __init__(self) -> None:
        super().__init__(clock)
        self.times = 0

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """See `Ledger.record`."""
        self.times += 1
        if self.times % 3 == 0:
            raise LedgerUnavailable("restarting")
        return super().record(group)


async def test_trouble_in_the_midst_of_sending_only_costs_time() -> None:
    """The server ends the call again and again while batches are on their way to it."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    ledger = RestlessLedger()
    async with serving(ledger) as running, Client(running.address, sleep=sleep) as client:
        results = await collected(client.evaluate_stream(events(300), "shop", bounds=Bounds(events=5)))
    assert ids(results) == names(300)
    assert recorded(ledger) == names(300)


async def test_an_answer_that_takes_too_long_is_asked_for_again() -> None:
    ledger = BlockedLedger()

    async def sleep(seconds: float) -> None:
        ledger.released.set()

    async with (
        serving(ledger, access=lambda: GroupCommit(ledger)) as running,
        Client(running.address, retry=RetryPolicy(attempt_seconds=0.3), sleep=sleep) as client,
    ):
        results = await collected(client.evaluate_stream(events(20), "shop", bounds=SMALL))
    assert ids(results) == names(20)
    assert recorded(ledger) == names(20)


async def test_a_server_that_stays_away_ends_the_stream() -> None:
    async with serving(MemoryLedger(clock)) as running:
        pass
    async with Client(running.address, retry=RetryPolicy(most_attempts=3, first_wait_seconds=0.01)) as client:
        with pytest.raises(CallFailed) as caught:
            await collected(client.evaluate_stream(events(20), "shop"))
    assert (caught.value.code, caught.value.attempts) == ("UNAVAILABLE", 3)


async def test_a_request_that_is_wrong_ends_the_stream_at_once() -> None:
    async with serving(MemoryLedger(clock)) as running, Client(running.address) as client:
        with pytest.raises(CallFailed, match="did you mean `shop`") as caught:
            await collected(client.evaluate_stream(events(20), "shpo"))
    assert (caught.value.code, caught.value.attempts) == ("NOT_FOUND", 1)


async def test_an_event_that_is_refused_has_its_place_among_the_results() -> None:
    async with serving(MemoryLedger(clock)) as running, Client(running.address) as client:
        mixed = [search("e0"), search("e1", results=-1), search("e2")]
        results = await collected(client.evaluate_stream(mixed, "shop"))
    assert ids(results) == ["e0", "", "e2"]
    assert "data.results" in results[1].error.message


async def test_what_the_source_raises_comes_after_the_results_of_what_it_gave() -> None:
    def source() -> Iterator[Event]:
        yield from events(15)
        raise OSError("the file ends in the middle")

    ledger = MemoryLedger(clock)
    async with serving(ledger) as running, Client(running.address) as client:
        stream = client.evaluate_stream(source(), "shop", bounds=SMALL)
        results = [await anext(stream) for _ in range(15)]
        with pytest.raises(OSError, match="the file ends in the middle"):
            await anext(stream)
    assert ids(results) == names(15)
    assert recorded(ledger) == names(15)


async def test_a_stream_that_is_left_early_leaves_no_task_behind() -> None:
    async with serving(MemoryLedger(clock)) as running, Client(running.address) as client:
        before = asyncio.all_tasks()
        stream = client.evaluate_stream(events(5000), "shop", bounds=SMALL)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        await asyncio.sleep(0.05)
        own = {task for task in asyncio.all_tasks() - before if "service.client" in repr(task.get_coro())}
    assert not own


async def test_a_dry_stream_records_nothing() -> None:
    ledger = MemoryLedger(clock)
    async with serving(ledger) as running, Client(running.address) as client:
        results = await collected(client.evaluate_stream(events(20), "shop", version=2, dry_run=True, bounds=SMALL))
    assert {result.evaluation.price for result in results} == {"0.07"}
    assert recorded(ledger) == []
