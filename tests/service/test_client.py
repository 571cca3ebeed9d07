"""The client against a real server, in process."""

import pytest

from dsl.event import Event
from service.client import CallFailed, Client
from service.evaluator import Evaluator
from service.ledger.memory import MemoryLedger
from service.rpc.server import start
from tests.service.rules import JULY, registry, search


def clock() -> int:
    return JULY


async def test_what_is_too_much_for_one_call_goes_in_several() -> None:
    """Twelve thousand small events, and forty of a megabyte each: one result an event, in order."""
    small = [search(f"small {n}") for n in range(12_000)]
    large: list[Event] = [search(f"large {n}", note=["x" * 1000] * 1000) for n in range(40)]
    running = await start(Evaluator(registry(), MemoryLedger(clock), clock), "127.0.0.1:0", clock)
    async with Client(running.address) as client:
        for events in (small, large):
            results = await client.evaluate_batch(events, "shop")
            assert [result.evaluation.event_id for result in results] == [event.id for event in events]
    await running.stop(0)


async def test_a_call_that_fails_says_why() -> None:
    running = await start(Evaluator(registry(), MemoryLedger(clock), clock), "127.0.0.1:0", clock)
    async with Client(running.address) as client:
        with pytest.raises(CallFailed, match="NOT_FOUND: there is no ruleset `shpo`; did you mean `shop`"):
            await client.evaluate(search(), "shpo")
    await running.stop(0)
    async with Client(running.address, timeout_seconds=2) as client:
        with pytest.raises(CallFailed) as caught:
            await client.evaluate(search(), "shop")
    assert caught.value.code == "UNAVAILABLE"
