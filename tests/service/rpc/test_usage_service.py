"""UsageService over real connections: usage, the ledger's entries, refused events, voids."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2, status_pb2

from dsl.event import Event, Instant
from dsl.zones import SECOND
from service import answers
from service.cloudevents import parse_event
from service.content import same_content
from service.ledger.interface import Query
from service.rpc import data
from service.rpc import paging as rpc_paging
from service.rpc.convert import event_of, message_of, timestamp_of
from service.usage import usage_of
from tests.service.rpc.serving import LEDGERS, NOW, Served, detail, failure, open_ledger, refused_field, served
from tests.service.rules import JULY, JUNE, answer, search
from vpi.v1 import evaluation_pb2
from vpi.v1 import usage_pb2 as pb


@pytest.fixture(params=LEDGERS)
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    ledger = open_ledger(request.param, tmp_path)
    async with served(ledger) as found:
        yield found
    ledger.close()


async def record(server: Served, *events: Event) -> list[Any]:
    messages = [message_of(event) for event in events]
    request = evaluation_pb2.EvaluateBatchRequest(events=messages, ruleset="shop")
    return list((await server.evaluation.EvaluateBatch(request)).results)


async def void(server: Served, event_id: str, reason: str = "sent twice", ruleset: str = "shop") -> Any:
    request = pb.VoidEvaluationRequest(ruleset=ruleset, source="app", event_id=event_id, reason=reason)
    return await server.usage.VoidEvaluation(request)


async def listed(server: Served, **filters: Any) -> list[Any]:
    return list((await server.usage.ListEvaluations(pb.ListEvaluationsRequest(**filters))).entries)


# ── usage ───────────────────────────────────────────────────────────────────


async def test_usage_of_a_month_by_interaction(server: Served) -> None:
    await record(server, search("a"), search("b", results=0), answer("c", "1", Decimal("12.5")), search("d", time=JULY))
    got = await server.usage.GetUsage(pb.GetUsageRequest(ruleset="shop", subject="acme", period="2026-06"))
    assert got == pb.GetUsageResponse(
        ruleset="shop",
        subject="acme",
        period="2026-06",
        start_time=timestamp_of(JUNE),
        end_time=timestamp_of(JULY),
        timezone="UTC",
        currency="EUR",
        interactions=[
            pb.InteractionUsage(interaction="answered", events=1, units="12.5", noun="unit", price="1.25"),
            pb.InteractionUsage(interaction="voice_search", events=1, units="1", noun="unit", price="0.05"),
        ],
        price="1.3",
    )


async def test_without_a_period_it_is_the_current_month(server: Served) -> None:
    await record(server, search("a"), search("b", time=JULY))
    got = await server.usage.GetUsage(pb.GetUsageRequest(ruleset="shop", subject="acme"))
    assert (got.period, got.price) == ("2026-07", "0.07")


async def test_a_customer_without_entries_owes_nothing(server: Served) -> None:
    got = await server.usage.GetUsage(pb.GetUsageRequest(ruleset="shop", subject="nobody"))
    assert (list(got.interactions), got.price) == ([], "0")


async def test_voids_are_taken_off(server: Served) -> None:
    await record(server, search("a"), search("b"))
    await void(server, "a")
    got = await server.usage.GetUsage(pb.GetUsageRequest(ruleset="shop", subject="acme", period="2026-06"))
    assert [(u.events, u.units, u.price) for u in got.interactions] == [(1, "1", "0.05")]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.GetUsageRequest(ruleset="shop"), "subject"),
        (pb.GetUsageRequest(subject="acme"), "ruleset"),
        (pb.GetUsageRequest(ruleset="shop", subject="acme", period="soon"), "period"),
        (pb.GetUsageRequest(ruleset="shop", subject="a\0b"), "subject"),
    ],
)
async def test_malformed_usage_requests_name_their_field(server: Served, request_: Any, field: str) -> None:
    assert (await refused_field(server.usage.GetUsage(request_)))[0] == field


# ── entries ─────────────────────────────────────────────────────────────────


async def test_an_entry_is_the_event_as_it_came_with_its_answer(server: Served) -> None:
    event = search("a", query="été", seen=Instant(JUNE), many=["x", "y"], exact=Decimal("1.10"), whole=2**70)
    (result,) = await record(server, event)
    (entry,) = await listed(server)
    assert same_content(event_of(entry.event), event)
    assert entry.evaluation == result.evaluation
    assert (entry.record_time, entry.is_void, entry.is_voided) == (timestamp_of(NOW), False, False)
    writer, _, number = entry.chain_position.partition("/")
    assert writer.isdigit() and number == "1"
    assert len(entry.content_sha256) == len(entry.chain_sha256) == 64


async def test_filters_narrow_what_is_listed(server: Served) -> None:
    await record(
        server,
        search("a"),
        search("b", results=0),
        answer("c", "1", subject="zeta"),
        answer("d", "1", subject="zeta"),
        Event("e", "kiosk", "search", "acme", JUNE + 5, {"voice": True, "results": 1}),
    )
    at = timestamp_of(JUNE + 5)
    expected: list[tuple[dict[str, Any], str]] = [
        ({}, "abcde"),
        ({"ruleset": "flat"}, ""),
        ({"subject": "zeta"}, "cd"),
        ({"source": "kiosk"}, "e"),
        ({"event_id": "b"}, "b"),
        ({"outcome": evaluation_pb2.OUTCOME_LIMITED}, "d"),
        ({"outcome": evaluation_pb2.OUTCOME_UNKNOWN_EVENT}, ""),
        ({"interaction": "voice_search"}, "ae"),
        ({"subject": "acme", "start_time": at}, "e"),
        ({"subject": "acme", "end_time": at}, "ab"),
        ({"subject": "acme", "end_time": timestamp_pb2.Timestamp(seconds=at.seconds, nanos=at.nanos + 1)}, "abe"),
    ]
    for filters, ids in expected:
        assert "".join(entry.event.id for entry in await listed(server, **filters)) == ids, filters


async def test_entries_come_by_pages_with_a_token_of_their_own(server: Served) -> None:
    await record(server, *(search(str(n)) for n in range(5)))
    ids: list[str] = []
    token = ""
    while True:
        page = await server.usage.ListEvaluations(pb.ListEvaluationsRequest(page_size=2, page_token=token))
        ids += [entry.event.id for entry in page.entries]
        token = page.next_page_token
        if not token:
            break
        other = pb.ListEvaluationsRequest(page_size=2, page_token=token, subject="acme")
        assert (await refused_field(server.usage.ListEvaluations(other)))[0] == "page_token"
    assert ids == list("01234")


async def test_a_page_ends_early_where_its_entries_are_large(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_paging, "MOST_BYTES", 3_000)
    await record(server, *(search(str(n), note="x" * 1_000) for n in range(5)))
    sizes, ids, token = [], [], ""
    while True:
        page = await server.usage.ListEvaluations(pb.ListEvaluationsRequest(page_token=token))
        sizes.append(len(page.entries))
        ids += [entry.event.id for entry in page.entries]
        token = page.next_page_token
        if not token:
            break
    assert (sizes, ids) == ([2, 2, 1], list("01234"))


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"start_time": timestamp_of(JUNE)}, "subject"),
        ({"end_time": timestamp_of(JUNE)}, "subject"),
        ({"subject": "acme", "start_time": timestamp_pb2.Timestamp(seconds=2**62)}, "start_time"),
        ({"subject": "acme", "end_time": timestamp_pb2.Timestamp(nanos=-1)}, "end_time"),
        ({"page_size": -1}, "page_size"),
        ({"page_token": "nonsense"}, "page_token"),
        ({"outcome": 77}, "outcome"),
        ({"source": "a\0"}, "source"),
    ],
)
async def test_malformed_listings_name_their_field(server: Served, filters: Any, field: str) -> None:
    assert (await refused_field(server.usage.ListEvaluations(pb.ListEvaluationsRequest(**filters))))[0] == field


async def test_an_unknown_ruleset_is_not_found(server: Served) -> None:
    for call in (
        server.usage.GetUsage(pb.GetUsageRequest(ruleset="shpo", subject="acme")),
        server.usage.ListEvaluations(pb.ListEvaluationsRequest(ruleset="shpo")),
        server.usage.ListRefusedEvents(pb.ListRefusedEventsRequest(ruleset="shpo")),
        void(server, "a", ruleset="shpo"),
    ):
        error = await failure(call)
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert detail(error, error_details_pb2.ErrorInfo).reason == "UNKNOWN_RULESET"


# ── refused events ──────────────────────────────────────────────────────────


async def test_refused_events_come_with_the_status_that_they_were_answered_with(server: Served) -> None:
    events = [
        search("a", results=-1, voice="yes"),
        Event("b", "app", "serach", "acme", JUNE, {}),
        search("c", time=JUNE - 1),
        search("d"),
    ]
    results = await record(server, *events)
    page = await server.usage.ListRefusedEvents(pb.ListRefusedEventsRequest(ruleset="shop"))
    assert [refused.event for refused in page.events] == [message_of(event) for event in events[:3]]
    assert [refused.ruleset for refused in page.events] == ["shop"] * 3
    wrong, unknown, early = (refused.reason for refused in page.events)
    assert wrong == results[0].error
    assert unknown == status_pb2.Status(message=results[1].evaluation.reason)
    assert early == results[2].error
    assert early.code == 9


async def test_refused_events_come_by_pages(server: Served) -> None:
    await record(server, *(search(str(n), results=-1) for n in range(3)))
    first = await server.usage.ListRefusedEvents(pb.ListRefusedEventsRequest(page_size=2))
    rest = await server.usage.ListRefusedEvents(
        pb.ListRefusedEventsRequest(page_size=2, page_token=first.next_page_token)
    )
    assert [[refused.event.id for refused in page.events] for page in (first, rest)] == [["0", "1"], ["2"]]
    assert not rest.next_page_token


@pytest.mark.parametrize("token", ["nonsense", "shop/1", "/x", "/-1", "/9999999999999999999"])
async def test_a_token_of_another_listing_is_refused(server: Served, token: str) -> None:
    request = pb.ListRefusedEventsRequest(page_token=token)
    assert (await refused_field(server.usage.ListRefusedEvents(request)))[0] == "page_token"


async def test_a_repaired_event_can_be_sent_again(server: Served) -> None:
    await record(server, search("a", results=-1))
    (refused,) = (await server.usage.ListRefusedEvents(pb.ListRefusedEventsRequest())).events
    refused.event.data["results"].integer = 3
    again = await server.evaluation.Evaluate(evaluation_pb2.EvaluateRequest(event=refused.event, ruleset="shop"))
    assert again.evaluation.price == "0.05"


# ── voids ───────────────────────────────────────────────────────────────────


async def test_a_void_takes_units_and_price_back(server: Served) -> None:
    await record(server, answer("a", "1", 12), answer("b", "2", Decimal("0.5")))
    got = await void(server, "a", "  entered by mistake ")
    assert got.record_time == timestamp_of(NOW)
    assert got.evaluation == evaluation_pb2.Evaluation(
        source="app",
        event_id="a",
        outcome=evaluation_pb2.OUTCOME_COUNTED,
        interaction="answered",
        units="-12",
        price="-1.25",
        currency="EUR",
        lines=[evaluation_pb2.Line(interaction="answered", units="-12", noun="unit", price="-1.25")],
        ruleset="shop",
        version=1,
        reason="entered by mistake",
    )
    entries = await listed(server)
    assert [(entry.event.id, entry.is_void, entry.is_voided) for entry in entries] == [
        ("a", False, True),
        ("b", False, False),
        ("a", True, False),
    ]
    assert entries[2].evaluation == got.evaluation


async def test_a_second_void_is_the_first(server: Served) -> None:
    await record(server, search("a"))
    first = await void(server, "a", "first")
    again = await void(server, "a", "second")
    assert again.evaluation.duplicate
    again.evaluation.duplicate = False
    assert again == first


async def test_what_counted_for_nothing_is_voided_for_nothing(server: Served) -> None:
    await record(server, search("a", results=0))
    got = (await void(server, "a")).evaluation
    assert (got.outcome, got.units, got.price, list(got.lines)) == (evaluation_pb2.OUTCOME_NOT_COUNTED, "0", "0", [])


async def test_what_is_not_recorded_can_not_be_voided(server: Served) -> None:
    await record(server, search("a", results=-1))
    error = await failure(void(server, "a"))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    info = detail(error, error_details_pb2.ErrorInfo)
    assert (info.reason, dict(info.metadata)) == ("NOT_RECORDED", {"ruleset": "shop"})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": ""}, "source"),
        ({"event_id": ""}, "event_id"),
        ({"reason": ""}, "reason"),
        ({"reason": " \n"}, "reason"),
        ({"reason": "x" * 1001}, "reason"),
        ({"reason": "a\0b"}, "reason"),
    ],
)
async def test_a_void_needs_an_id_and_a_reason(server: Served, changes: dict[str, str], field: str) -> None:
    await record(server, search("a"))
    members = {"ruleset": "shop", "source": "app", "event_id": "a", "reason": "x" * 1000} | changes
    assert (await refused_field(server.usage.VoidEvaluation(pb.VoidEvaluationRequest(**members))))[0] == field
    assert len(await listed(server)) == 1


# ── as plain data ───────────────────────────────────────────────────────────


async def test_plain_data_is_the_same_from_a_ledger_and_from_a_server(server: Served) -> None:
    await record(
        server,
        search("a", nested=Decimal("0.1")),
        search("b", results=-1),
        search("c", time=JUNE - SECOND),
        Event("d", "app", "serach", "acme", JUNE, {}),
    )
    voided = await void(server, "a")
    ledger, registry = server.evaluator.ledger, server.evaluator.registry
    records, _ = ledger.find(Query(), 10)
    assert [data.entry_as_data(e) for e in await listed(server)] == [answers.record_as_data(r) for r in records]
    assert data.void_as_data(voided)["evaluation"] == answers.record_as_data(records[1])["evaluation"]
    refused = (await server.usage.ListRefusedEvents(pb.ListRefusedEventsRequest())).events
    assert [data.refused_as_data(r) for r in refused] == [answers.refused_as_data(r) for r in ledger.refused("", 10)]
    codes = [data.refused_as_data(r)["reason"]["code"] for r in refused]
    assert codes == ["EVENT_REFUSED", "NO_VERSION_IN_FORCE", "OK"]
    got = await server.usage.GetUsage(pb.GetUsageRequest(ruleset="shop", subject="acme", period="2026"))
    used = usage_of(ledger, registry.versions("shop"), "acme", "2026", NOW)
    assert data.usage_as_data(got) == answers.usage_as_data(used)


@pytest.mark.parametrize(
    "value",
    [
        True,
        7,
        -(2**70),
        Decimal("0.1"),
        Decimal("1.10"),
        Decimal("1E+20"),
        Decimal("0.30000000000000004"),
        "x",
        ["a"],
        [],
    ],
)
def test_an_event_as_plain_data_can_be_sent_again(value: object) -> None:
    event = Event("a", "app", "search", "acme", JUNE, {"some.value": value})
    again = parse_event(json.dumps(answers.event_as_data(event)))
    assert same_content(again, event)


@pytest.mark.parametrize("number", ["0.1234567890123456789", "1E-500", "NaN"])
def test_a_number_that_json_would_spoil_stands_as_text(number: str) -> None:
    event = Event("a", "app", "search", "acme", JUNE, {"value": Decimal(number)})
    assert answers.event_as_data(event)["data"] == {"value": number}


@pytest.mark.parametrize(
    ("message", "names"),
    [
        (pb.LedgerEntry, {*data.entry_as_data(pb.LedgerEntry())}),
        (pb.ListEvaluationsResponse, {*data.entries_as_data(pb.ListEvaluationsResponse())}),
        (pb.RefusedEvent, {*data.refused_as_data(pb.RefusedEvent())}),
        (pb.GetUsageResponse, {*data.usage_as_data(pb.GetUsageResponse())}),
        (pb.InteractionUsage, {"interaction", "events", "units", "noun", "price"}),
        (pb.VoidEvaluationResponse, {*data.void_as_data(pb.VoidEvaluationResponse())}),
    ],
)
def test_plain_data_has_the_names_of_the_messages_fields(message: Any, names: set[str]) -> None:
    assert {field.name for field in message.DESCRIPTOR.fields} == names
