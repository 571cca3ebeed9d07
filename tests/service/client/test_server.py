"""The client against a real server, in process: every call, and what a server in trouble does to it."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from dsl.event import Event
from service.access import GroupCommit
from service.client import CallFailed, Client, FieldViolation, RetryPolicy, SyncClient
from service.errors import LedgerUnavailable, QueueFull
from service.ledger.memory import MemoryLedger
from service.rpc.server import Running
from tests.service.client.servers import BlockedLedger, FailingLedger, Line, clock, recorded, serving, until_recorded
from tests.service.rules import FIRST, JULY, JUNE, SECOND_VERSION, answer, search
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import rules_pb2

QUICK = RetryPolicy(first_wait_seconds=0.01)


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with serving(MemoryLedger(clock)) as started:
        yield started


@pytest.fixture
async def client(running: Running) -> AsyncIterator[Client]:
    async with Client(running.address) as opened:
        yield opened


# ── calls ───────────────────────────────────────────────────────────────────


async def test_what_is_too_much_for_one_call_goes_in_several(client: Client) -> None:
    """Twelve thousand small events, and forty of a megabyte each: one result an event, in order."""
    small = [search(f"small {n}") for n in range(12_000)]
    large: list[Event] = [search(f"large {n}", note=["x" * 1000] * 1000) for n in range(40)]
    for events in (small, large):
        results = await client.evaluate_batch(events, "shop")
        assert [result.evaluation.event_id for result in results] == [event.id for event in events]


async def test_no_events_need_no_call() -> None:
    async with Client("127.0.0.1:1") as nobody:
        assert await nobody.evaluate_batch([], "shop") == []
        assert [result async for result in nobody.evaluate_stream([], "shop")] == []


async def test_what_is_recorded_can_be_read_and_taken_back(client: Client) -> None:
    for number in range(3):
        await client.evaluate(search(f"e{number}"), "shop")
    usage = await client.get_usage("acme", "shop", "2026-06")
    assert [(one.interaction, one.events, one.price) for one in usage.interactions] == [("voice_search", 3, "0.15")]

    void = await client.void_evaluation("app", "e1", "sent by mistake", "shop")
    again = await client.void_evaluation("app", "e1", "sent twice", "shop")
    assert (void.evaluation.price, void.evaluation.duplicate) == ("-0.05", False)
    assert (again.evaluation.reason, again.evaluation.duplicate) == (void.evaluation.reason, True)

    entries = [entry async for entry in client.list_evaluations(ruleset="shop", page_size=1)]
    shown = [(entry.event.id, entry.is_void, entry.is_voided) for entry in entries]
    assert shown == [("e0", False, False), ("e1", False, True), ("e2", False, False), ("e1", True, False)]
    assert (await client.get_usage("acme", "shop", "2026-06")).price == "0.1"


async def test_entries_are_found_by_what_they_are_asked_for(client: Client) -> None:
    await client.evaluate_batch([search("e1"), search("e2", results=0), answer("e3", "t1", subject="other")], "shop")

    async def ids(**filters: object) -> list[str]:
        return [entry.event.id async for entry in client.list_evaluations(**filters)]  # type: ignore[arg-type]

    assert await ids(subject="other") == ["e3"]
    assert await ids(event_id="e2", source="app") == ["e2"]
    assert await ids(outcome=pb.OUTCOME_NOT_COUNTED) == ["e2"]
    assert await ids(interaction="voice_search") == ["e1"]
    assert await ids(subject="acme", start=JUNE, end=JUNE) == []
    assert await ids(subject="acme", start=JUNE, end=JUNE + 1) == ["e1", "e2"]


async def test_refused_events_are_listed_with_their_reason(client: Client) -> None:
    event = search("e1", results=-1)
    with pytest.raises(CallFailed) as caught:
        await client.evaluate(event, "shop")
    assert caught.value.violations == (
        FieldViolation("data.results", "OUT_OF_RANGE", caught.value.violations[0].description),
    )
    await client.evaluate_batch([search("e2", results=-2)], "shop")
    refused = [one async for one in client.list_refused_events("shop", page_size=1)]
    assert [one.event.id for one in refused] == ["e1", "e2"]
    assert refused[0].reason.message == caught.value.message


async def test_an_event_without_an_id_is_refused_and_given_none(client: Client) -> None:
    event = search()
    event.id = None
    with pytest.raises(CallFailed) as caught:
        await client.evaluate(event, "shop")
    assert [violation.field for violation in caught.value.violations] == ["id"]
    (result,) = await client.evaluate_batch([event], "shop")
    assert result.error.message == caught.value.message


async def test_versions_are_published_listed_described_and_checked(client: Client) -> None:
    third = FIRST.replace("version   1", "version   3").replace("2026-06-01", "2026-08-01")
    published = await client.publish_version("shop/3.vpi", third)
    again = await client.publish_version("shop/3.vpi", third)
    assert (published.version.version, published.already_published) == (3, False)
    assert (again.version, again.already_published) == (published.version, True)
    versions = [(one.ruleset, one.version) async for one in client.list_versions(page_size=1)]
    assert versions == [("flat", 1), ("shop", 1), ("shop", 2), ("shop", 3)]
    assert [one.version async for one in client.list_versions("shop")] == [1, 2, 3]
    assert (await client.get_version("shop", 2)).text == SECOND_VERSION
    assert (await client.get_version("shop")).version.version == 2
    assert "voice_search" in await client.describe_version("shop", 1)
    assert list(await client.check_rules({"shop/1.vpi": FIRST})) == []
    (found,) = await client.check_rules({"shop/1.vpi": FIRST.replace("≥1 result", "≥1 reslut")})
    assert (found.path, found.severity) == ("shop/1.vpi", rules_pb2.SEVERITY_ERROR)


async def test_the_plain_client_makes_the_same_calls(running: Running) -> None:
    def work() -> None:
        with SyncClient(running.address) as client:
            assert client.evaluate(search("e1"), "shop").price == "0.05"
            assert client.evaluate(search("e1"), "shop", dry_run=True, explain=True).steps
            results = client.evaluate_batch([search("e1"), search("e2", results=-1)], "shop")
            assert (results[0].evaluation.duplicate, results[1].error.code) == (True, 3)
            streamed = client.evaluate_stream((search(f"s{n}") for n in range(2500)), "shop")
            assert [result.evaluation.event_id for result in streamed] == [f"s{n}" for n in range(2500)]
            assert len(list(client.list_evaluations(ruleset="shop"))) == 2501
            assert [one.event.id for one in client.list_refused_events()] == ["e2"]
            assert client.void_evaluation("app", "s0", "a test", "shop").evaluation.units == "-1"
            assert client.get_usage("acme", "shop", "2026-06").interactions[0].events == 2500
            assert client.publish_version("shop/2.vpi", SECOND_VERSION).version.version == 2
            assert client.publish_version("shop/2.vpi", SECOND_VERSION).already_published
            assert [one.version for one in client.list_versions("shop")] == [1, 2]
            assert client.get_version("shop", 1).text == FIRST
            assert "voice_search" in client.describe_version("shop")
            assert not client.check_rules({"a.vpi": FIRST})
            assert client.health() == "SERVING"

    await asyncio.to_thread(work)


async def test_a_channel_of_one_s_own_is_left_open(running: Running) -> None:
    async with grpc.aio.insecure_channel(running.address) as channel:
        for _ in range(2):
            async with Client(channel) as client:
                assert await client.health() == "SERVING"


async def test_health_is_told_as_it_is_now(running: Running, client: Client) -> None:
    assert await client.health("vpi.v1.EvaluationService") == "SERVING"
    with pytest.raises(CallFailed, match="NOT_FOUND"):
        await client.health("vpi.v1.NoService")
    await running.stop(0)
    with pytest.raises(CallFailed) as caught:
        await client.health()
    assert (caught.value.code, caught.value.attempts) == ("UNAVAILABLE", 1)


async def test_credentials_of_a_channel_are_used() -> None:
    """A server that takes only connections of this machine, which it asks for as it would for a certificate."""
    server = grpc.aio.server()
    health = HealthServicer()
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    await server.start()
    async with Client(f"127.0.0.1:{port}", credentials=grpc.local_channel_credentials()) as client:
        assert await client.health() == "SERVING"
    certified = grpc.ssl_channel_credentials()
    async with Client(f"127.0.0.1:{port}", credentials=certified) as client:
        with pytest.raises(CallFailed, match="UNAVAILABLE"):
            await client.health()
    await server.stop(0)


# ── trouble ─────────────────────────────────────────────────────────────────


async def test_a_call_that_fails_says_why(running: Running, client: Client) -> None:
    with pytest.raises(CallFailed, match="NOT_FOUND: there is no ruleset `shpo`; did you mean `shop`") as caught:
        await client.evaluate(search(), "shpo")
    assert (caught.value.reason, caught.value.metadata) == ("UNKNOWN_RULESET", {"ruleset": "shpo"})
    await running.stop(0)
    async with Client(running.address, timeout_seconds=2) as late:
        with pytest.raises(CallFailed) as caught:
            await late.evaluate(search(), "shop")
    assert caught.value.code == "UNAVAILABLE"
    assert caught.value.attempts > 1


async def test_another_event_under_a_known_id_fails_at_once(client: Client) -> None:
    await client.evaluate(search("e1"), "shop")
    with pytest.raises(CallFailed) as caught:
        await client.evaluate(search("e1", results=9), "shop")
    assert (caught.value.code, caught.value.reason, caught.value.attempts) == ("ALREADY_EXISTS", "ID_TAKEN", 1)


async def test_a_ledger_that_is_away_for_a_while_costs_only_time() -> None:
    ledger = FailingLedger([LedgerUnavailable("restarting"), LedgerUnavailable("restarting"), QueueFull()])
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with serving(ledger) as running, Client(running.address, sleep=sleep, chance=lambda: 0.0) as client:
        assert not (await client.evaluate(search("e1"), "shop")).duplicate
    assert waits == [0.2, 0.2, 0.2], "the server asks for a fifth of a second"
    assert recorded(ledger) == ["e1"]


async def test_what_was_recorded_although_the_ledger_failed_is_not_recorded_twice() -> None:
    ledger = FailingLedger(after=[LedgerUnavailable("the connection broke", in_doubt=True)])
    async with serving(ledger) as running, Client(running.address, retry=QUICK) as client:
        assert (await client.evaluate(search("e1"), "shop")).duplicate
    assert recorded(ledger) == ["e1"]


async def test_a_full_queue_is_waited_for() -> None:
    """The ledger takes nothing; one event waits, and there is no room for more until it is let go."""
    ledger = BlockedLedger()
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        ledger.released.set()
        await asyncio.sleep(seconds)

    async with (
        serving(ledger, access=lambda: GroupCommit(ledger, most_waiting=1)) as running,
        Client(running.address, sleep=sleep) as client,
    ):
        answers = await asyncio.gather(*(client.evaluate(search(f"e{n}"), "shop") for n in range(4)))
    assert [one.duplicate for one in answers] == [False] * 4
    assert sorted(map(str, recorded(ledger))) == ["e0", "e1", "e2", "e3"]
    assert asked
    assert min(asked) >= 0.2


async def test_an_answer_that_takes_too_long_is_asked_for_again_under_the_same_id() -> None:
    ledger = BlockedLedger()

    async def sleep(seconds: float) -> None:
        ledger.released.set()

    policy = RetryPolicy(attempt_seconds=0.3)
    async with (
        serving(ledger, access=lambda: GroupCommit(ledger)) as running,
        Client(running.address, retry=policy, sleep=sleep) as client,
    ):
        assert (await client.evaluate(search("e1"), "shop")).duplicate
    assert recorded(ledger) == ["e1"]


async def test_a_call_ends_with_its_time() -> None:
    ledger = BlockedLedger()
    async with (
        serving(ledger, access=lambda: GroupCommit(ledger)) as running,
        Client(running.address, timeout_seconds=0.4) as client,
    ):
        began = asyncio.get_running_loop().time()
        with pytest.raises(CallFailed) as caught:
            await client.evaluate(search("e1"), "shop")
        assert caught.value.code == "DEADLINE_EXCEEDED"
        assert asyncio.get_running_loop().time() - began < 2
        ledger.released.set()


async def test_an_answer_lost_on_its_way_is_asked_for_again() -> None:
    """The server records the event, its answer never arrives, and the connection breaks."""
    ledger = MemoryLedger(clock)
    async with serving(ledger) as running:
        line = Line(running.address)
        async with line.open() as address, Client(address, retry=QUICK) as client:
            await client.evaluate(search("first"), "shop")
            line.lose_answers()
            calling = asyncio.create_task(client.evaluate(search("second"), "shop"))
            await until_recorded(ledger, 2)
            line.cut()
            assert (await calling).duplicate
    assert recorded(ledger) == ["first", "second"]


async def test_a_server_that_restarts_is_found_again() -> None:
    ledger = MemoryLedger(clock)
    async with serving(ledger) as first, Client(first.address) as client:
        await client.evaluate(search("e1"), "shop")
        await first.stop(0)
        calling = asyncio.create_task(client.evaluate(search("e2", time=JULY), "shop"))
        await asyncio.sleep(0.2)
        async with serving(ledger, first.address):
            assert (await calling).price == "0.07"
    assert recorded(ledger) == ["e1", "e2"]
