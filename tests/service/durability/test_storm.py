"""Many copies of the same events at once, over several processes that restart meanwhile: each is recorded once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
from grpc import StatusCode

from tests.service.durability.checking import check, opened
from tests.service.durability.driver import conflict, evaluate, evaluate_batch, evaluation_stub
from tests.service.durability.server import CHANNEL, LONGEST_SECONDS, Server, running
from tests.service.durability.traffic import Note, Traffic, chances
from tests.service.ledger.postgres_server import PostgresServer
from vpi.v1 import evaluation_pb2 as pb

IDS = 200
COPIES = 50
ALONE = 10
"""Copies of each id that travel by themselves; the others go in batches of all kinds of ids."""
SENDERS = 24
"""Each with a connection of its own."""


async def test_over_two_workers_that_are_told_to_restart(tmp_path: Path) -> None:
    """Every call under way at the end is answered: of each id exactly one copy gets the first answer."""

    async def restart(servers: Sequence[Server]) -> None:
        assert await servers[0].stop() == 0
        await servers[0].start()

    async with running(tmp_path, tmp_path / "ledger.db", workers=2) as server:
        traffic = await storm([server], restart, "storm")
        assert all(note.firsts == 1 for note in traffic.notes)
        await nothing_else_under_their_ids([server], traffic)


async def test_over_two_workers_that_are_killed(tmp_path: Path) -> None:
    """The first answer may have died with a server: then all that a copy gets says `duplicate`."""

    async def restart(servers: Sequence[Server]) -> None:
        servers[0].kill()
        await servers[0].start()

    async with running(tmp_path, tmp_path / "ledger.db", workers=2) as server:
        traffic = await storm([server], restart, "killed storm")
        await nothing_else_under_their_ids([server], traffic)


async def test_over_two_servers_and_one_database(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """Two servers on two ports, of which one restarts at a time."""

    async def restart(servers: Sequence[Server]) -> None:
        for server in servers:
            assert await server.stop() == 0
            await server.start()

    postgres_server.start()
    place = postgres_server.place()
    async with AsyncExitStack() as stack:
        servers = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            servers.append(await stack.enter_async_context(running(tmp_path / name, place)))
        traffic = await storm(servers, restart, "storm of two")
        assert all(note.firsts == 1 for note in traffic.notes)
        await nothing_else_under_their_ids(servers, traffic)


async def storm(
    servers: Sequence[Server], restart: Callable[[Sequence[Server]], Awaitable[None]], name: str
) -> Traffic:
    """Sends every copy until it is answered, through a restart in the midst; the ledger then has every event once."""
    traffic = Traffic(chances(name))
    while len(traffic.notes) < IDS:
        traffic.valid()
    pending = [[note] for note in traffic.notes for _ in range(ALONE)]
    for _ in range(COPIES - ALONE):
        pending += shuffled_batches(traffic)
    traffic.chance.shuffle(pending)
    total = len(pending)
    under_way = asyncio.Event()
    senders = [asyncio.create_task(send(servers, number, pending, under_way, total)) for number in range(SENDERS)]
    await asyncio.wait_for(under_way.wait(), LONGEST_SECONDS)
    await restart(servers)
    await asyncio.wait_for(asyncio.gather(*senders), LONGEST_SECONDS)
    assert not pending
    assert all(note.acknowledged == COPIES and note.firsts <= 1 for note in traffic.notes)
    with opened(servers[0].ledger) as ledger:
        assert check(ledger, traffic) == IDS
        assert ledger.stats().entries == IDS
    return traffic


def shuffled_batches(traffic: Traffic) -> list[list[Note]]:
    """Every event once, in batches of one ruleset each, in any order."""
    by_ruleset: dict[str, list[Note]] = {}
    for note in traffic.chance.sample(traffic.notes, len(traffic.notes)):
        by_ruleset.setdefault(note.ruleset, []).append(note)
    size = traffic.chance.randrange(5, 30)
    return [notes[at : at + size] for notes in by_ruleset.values() for at in range(0, len(notes), size)]


async def send(
    servers: Sequence[Server], number: int, pending: list[list[Note]], under_way: asyncio.Event, total: int
) -> None:
    """Takes what is pending and sends it, to one server, until nothing is left; to where that is now, after a restart.

    What is not answered goes back to the others. The event is set when a third of all has been sent.
    """
    server = servers[number % len(servers)]
    while pending:
        async with grpc.aio.insecure_channel(server.address, options=CHANNEL) as channel:
            stub = evaluation_stub(channel)
            while pending and await answered(stub, pending):
                if len(pending) < total * 2 // 3:
                    under_way.set()
        await asyncio.sleep(0.02)


async def answered(stub: Any, pending: list[list[Note]]) -> bool:
    """Sends one copy, or one batch of them; False where the server is gone."""
    notes = pending.pop()
    try:
        await (evaluate(stub, notes[0]) if len(notes) == 1 else evaluate_batch(stub, notes))
    except grpc.aio.AioRpcError as error:
        # CANCELLED is gRPC's own, for calls that come while a server closes.
        if error.code() not in (StatusCode.UNAVAILABLE, StatusCode.CANCELLED):
            raise
        pending.insert(0, notes)
        return False
    return True


async def nothing_else_under_their_ids(servers: Sequence[Server], traffic: Traffic) -> None:
    """Other content under any of the ids fails on every server, alone and in a batch, and changes nothing."""
    chance = traffic.chance
    for server in servers:
        async with grpc.aio.insecure_channel(server.address, options=CHANNEL) as channel:
            stub = evaluation_stub(channel)
            others = [other_content(note, chance) for note in traffic.notes]
            await asyncio.gather(*(conflict(stub, request) for request in others[::4]))
            for ruleset in {request.ruleset for request in others}:
                events = [request.event for request in others if request.ruleset == ruleset]
                response = await stub.EvaluateBatch(pb.EvaluateBatchRequest(ruleset=ruleset, events=events))
                codes = {result.error.code for result in response.results}
                assert codes == {StatusCode.ALREADY_EXISTS.value[0]}
    with opened(servers[0].ledger) as ledger:
        assert check(ledger, traffic) == IDS


def other_content(note: Note, chance: random.Random) -> pb.EvaluateRequest:
    """The same key, and an event of another time, another customer, or another type."""
    request = pb.EvaluateRequest(ruleset=note.ruleset, event=note.event)
    match chance.randrange(3):
        case 0:
            request.event.time.seconds += 1
        case 1:
            request.event.subject += " "
        case _:
            request.event.type += "2"
    return request
