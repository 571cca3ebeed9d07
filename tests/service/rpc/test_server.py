"""The real server, in process, asked over real connections."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from dsl.zones import SECOND
from service.evaluator import Evaluator
from service.ledger.interface import Submission
from service.ledger.memory import MemoryLedger
from service.rpc.convert import message_of
from service.rpc.server import AddressInUse, start
from tests.service.rpc.serving import NOW, Served, clock, detail, failure, open_ledger, served
from tests.service.rules import FIRST, JUNE, answer, registry, search
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc, rules_pb2, rules_pb2_grpc


@pytest.fixture(params=["memory", "recorder"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    ledger = open_ledger(request.param, tmp_path)
    async with served(ledger) as found:
        yield found
    ledger.close()


@pytest.fixture
async def channel(running: Served) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(running.address) as opened:
        yield opened


@pytest.fixture
def evaluation(channel: grpc.aio.Channel) -> evaluation_pb2_grpc.EvaluationServiceStub:
    return evaluation_pb2_grpc.EvaluationServiceStub(channel)


@pytest.fixture
def rules(channel: grpc.aio.Channel) -> rules_pb2_grpc.RulesServiceStub:
    return rules_pb2_grpc.RulesServiceStub(channel)


async def test_an_event_is_priced_with_its_reason(evaluation: Any) -> None:
    got = (await evaluation.Evaluate(pb.EvaluateRequest(event=message_of(search()), ruleset="shop"))).evaluation
    assert got == pb.Evaluation(
        source="app",
        event_id="e1",
        outcome=pb.OUTCOME_COUNTED,
        interaction="voice_search",
        units="1",
        price="0.05",
        currency="EUR",
        lines=[pb.Line(interaction="voice_search", units="1", noun="unit", price="0.05")],
        ruleset="shop",
        version=1,
        reason="counted as voice_search: voice is yes and results 3 ≥ 1",
    )


async def test_an_event_that_does_not_count_costs_zero(evaluation: Any) -> None:
    request = pb.EvaluateRequest(event=message_of(search(results=0)), ruleset="shop")
    got = (await evaluation.Evaluate(request)).evaluation
    assert (got.outcome, got.interaction, got.units, got.price, list(got.lines)) == (
        pb.OUTCOME_NOT_COUNTED,
        "",
        "0",
        "0",
        [],
    )
    assert got.reason == "not counted: results is 0, voice_search needs ≥ 1"


async def test_sent_again_it_is_a_duplicate(evaluation: Any) -> None:
    request = pb.EvaluateRequest(event=message_of(search()), ruleset="shop")
    first = (await evaluation.Evaluate(request)).evaluation
    again = (await evaluation.Evaluate(request)).evaluation
    assert again.duplicate
    again.duplicate = False
    assert first == again


async def test_a_refused_event_names_every_violation(evaluation: Any) -> None:
    event = message_of(search(results=-1, voice="private text"))
    event.subject = ""
    error = await failure(evaluation.Evaluate(pb.EvaluateRequest(event=event, ruleset="shop")))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    fields = [violation.field for violation in detail(error, error_details_pb2.BadRequest).field_violations]
    assert fields == ["subject", "data.voice", "data.results"]
    assert "private" not in str(rpc_status.from_call(cast(Any, error)))


async def test_a_misspelt_attribute_is_named(evaluation: Any) -> None:
    event = message_of(search())
    event.data["reslts"].CopyFrom(event.data["results"])
    del event.data["results"]
    error = await failure(evaluation.Evaluate(pb.EvaluateRequest(event=event, ruleset="shop")))
    (violation,) = detail(error, error_details_pb2.BadRequest).field_violations
    assert violation.field == "data.results"
    assert "`reslts`" in violation.description


async def test_an_event_far_ahead_of_the_clock_is_refused(evaluation: Any) -> None:
    day = 24 * 3600 * SECOND
    soon = pb.EvaluateRequest(event=message_of(search("soon", time=NOW + day)), ruleset="shop")
    assert (await evaluation.Evaluate(soon)).evaluation.outcome == pb.OUTCOME_COUNTED
    late = pb.EvaluateRequest(event=message_of(search("late", time=NOW + day + 1)), ruleset="shop")
    error = await failure(evaluation.Evaluate(late))
    (violation,) = detail(error, error_details_pb2.BadRequest).field_violations
    assert violation.field == "time"


@pytest.mark.parametrize(
    ("request_", "code", "reason"),
    [
        (pb.EvaluateRequest(event=message_of(search()), ruleset="shpo"), "NOT_FOUND", "UNKNOWN_RULESET"),
        (
            pb.EvaluateRequest(event=message_of(search()), ruleset="shop", version=9, dry_run=True),
            "NOT_FOUND",
            "UNKNOWN_VERSION",
        ),
        (
            pb.EvaluateRequest(event=message_of(search()), ruleset="shop", version=2),
            "FAILED_PRECONDITION",
            "VERSION_NEEDS_DRY_RUN",
        ),
        (
            pb.EvaluateRequest(event=message_of(search(time=0)), ruleset="shop"),
            "FAILED_PRECONDITION",
            "NO_VERSION_IN_FORCE",
        ),
    ],
)
async def test_errors_carry_a_reason(evaluation: Any, request_: Any, code: str, reason: str) -> None:
    error = await failure(evaluation.Evaluate(request_))
    assert error.code().name == code
    info = detail(error, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain) == (reason, "vpi")


async def test_other_content_under_a_used_id(evaluation: Any) -> None:
    await evaluation.Evaluate(pb.EvaluateRequest(event=message_of(search()), ruleset="shop"))
    error = await failure(evaluation.Evaluate(pb.EvaluateRequest(event=message_of(search(results=9)), ruleset="shop")))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    info = detail(error, error_details_pb2.ErrorInfo)
    assert dict(info.metadata) == {"recorded": "2026-07-01T00:00:01Z", "ruleset": "shop", "version": "1"}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.EvaluateRequest(ruleset="shop"), "event"),
        (pb.EvaluateRequest(event=message_of(search())), "ruleset"),
        (pb.EvaluateRequest(event=message_of(search()), ruleset="shop", version=-1), "version"),
    ],
)
async def test_malformed_requests_name_their_field(evaluation: Any, request_: Any, field: str) -> None:
    error = await failure(evaluation.Evaluate(request_))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert detail(error, error_details_pb2.BadRequest).field_violations[0].field == field


async def test_a_batch_answers_each_event_in_order(evaluation: Any) -> None:
    events = [search("a"), search("b", results=-1), answer("c", "1", 12), search("a"), search("a", results=4)]
    response = await evaluation.EvaluateBatch(
        pb.EvaluateBatchRequest(events=[message_of(event) for event in events], ruleset="shop")
    )
    kinds = [result.WhichOneof("result") for result in response.results]
    assert kinds == ["evaluation", "error", "evaluation", "evaluation", "error"]
    assert [result.evaluation.price for result in response.results] == ["0.05", "", "1", "0.05", ""]
    assert response.results[3].evaluation.duplicate
    assert response.results[4].error.code == 6


async def test_a_batch_has_a_bound(evaluation: Any) -> None:
    request = pb.EvaluateBatchRequest(events=[message_of(search())] * 10_001, ruleset="shop")
    error = await failure(evaluation.EvaluateBatch(request))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "events: a batch holds at most 10,000 events, this one 10,001"


async def test_an_empty_batch_is_fine(evaluation: Any) -> None:
    assert not (await evaluation.EvaluateBatch(pb.EvaluateBatchRequest(ruleset="shop"))).results


async def test_a_stream_answers_each_request_in_order(evaluation: Any) -> None:
    async def requests() -> AsyncIterator[pb.EvaluateBatchRequest]:
        for first in range(0, 6, 2):
            events = [message_of(search(str(n))) for n in range(first, first + 2)]
            yield pb.EvaluateBatchRequest(events=events, ruleset="shop")

    ids = [
        [result.evaluation.event_id for result in response.results]
        async for response in evaluation.EvaluateStream(requests())
    ]
    assert ids == [["0", "1"], ["2", "3"], ["4", "5"]]


async def test_a_stream_ends_with_the_status_of_a_bad_request(evaluation: Any) -> None:
    async def requests() -> AsyncIterator[pb.EvaluateBatchRequest]:
        yield pb.EvaluateBatchRequest(events=[message_of(search())], ruleset="shop")
        yield pb.EvaluateBatchRequest(events=[message_of(search())], ruleset="nowhere")

    call = evaluation.EvaluateStream(requests())
    assert len((await call.read()).results) == 1
    error = await failure(call.read())
    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_an_explanation_has_steps(evaluation: Any) -> None:
    request = pb.EvaluateRequest(event=message_of(search()), ruleset="shop", explain=True, dry_run=True)
    steps = (await evaluation.Evaluate(request)).evaluation.steps
    assert len(steps) >= 1
    assert steps[0].verdict == pb.VERDICT_HOLDS


class Broken(MemoryLedger):
    """A ledger that fails in a way that nobody foresaw."""

    def record(self, submissions: Any) -> Any:
        raise ZeroDivisionError(f"secret {len(list[Submission](submissions))}")


async def test_no_exception_reaches_a_client() -> None:
    running = await start(Evaluator(registry(), Broken(clock), clock), "127.0.0.1:0", clock)
    async with grpc.aio.insecure_channel(running.address) as channel:
        stub = evaluation_pb2_grpc.EvaluationServiceStub(channel)
        error = await failure(stub.Evaluate(pb.EvaluateRequest(event=message_of(search()), ruleset="shop")))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "secret" not in str(error)
        call = stub.EvaluateStream(iter([pb.EvaluateBatchRequest(events=[message_of(search())], ruleset="shop")]))
        assert "secret" not in str(await failure(call.read()))
    await running.stop(0)


async def test_versions_are_listed_by_pages(rules: Any) -> None:
    first = await rules.ListVersions(rules_pb2.ListVersionsRequest(page_size=2))
    assert [(v.ruleset, v.version) for v in first.versions] == [("flat", 1), ("shop", 1)]
    rest = await rules.ListVersions(rules_pb2.ListVersionsRequest(page_size=2, page_token=first.next_page_token))
    assert [(v.ruleset, v.version) for v in rest.versions] == [("shop", 2)]
    assert not rest.next_page_token


@pytest.mark.parametrize("token", ["nonsense", "shop/flat@1", "/flat@x", "/flat@99999999999999999999"])
async def test_a_foreign_page_token_is_refused(rules: Any, token: str) -> None:
    error = await failure(rules.ListVersions(rules_pb2.ListVersionsRequest(page_token=token)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_version_comes_with_its_text(rules: Any) -> None:
    got = await rules.GetVersion(rules_pb2.GetVersionRequest(ruleset="shop", version=1))
    assert got.text == FIRST
    assert got.version.currency == "EUR"
    assert got.version.effective_time == timestamp_pb2.Timestamp(seconds=1_780_272_000)
    assert len(got.version.sha256) == 64
    in_force = await rules.GetVersion(rules_pb2.GetVersionRequest(ruleset="shop"))
    assert in_force.version.version == 2


async def test_a_version_is_described_in_its_canonical_form(rules: Any) -> None:
    text = (await rules.DescribeVersion(rules_pb2.DescribeVersionRequest(ruleset="flat"))).text
    assert text.startswith("ruleset   flat\nversion   1\n")


async def test_rules_are_checked_without_being_used(rules: Any) -> None:
    bad = FIRST.replace("with voice", "with vioce")
    request = rules_pb2.CheckRulesRequest(
        files=[rules_pb2.RuleFile(path="a.vpi", text=bad), rules_pb2.RuleFile(path="b.vpi", text=FIRST)]
    )
    (diagnostic,) = (await rules.CheckRules(request)).diagnostics
    assert (diagnostic.path, diagnostic.id, diagnostic.line) == ("a.vpi", "unknown-attribute", 17)
    assert diagnostic.severity == rules_pb2.SEVERITY_ERROR
    assert diagnostic.help == "did you mean `voice`?"
    assert "^^^^^" in diagnostic.snippet


@pytest.mark.parametrize("paths", [[], [""], ["a.vpi", "a.vpi"]])
async def test_files_to_check_need_names(rules: Any, paths: list[str]) -> None:
    files = [rules_pb2.RuleFile(path=path, text=FIRST) for path in paths]
    error = await failure(rules.CheckRules(rules_pb2.CheckRulesRequest(files=files)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_health_and_reflection(channel: grpc.aio.Channel, running: Served) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    for name in ("", "vpi.v1.EvaluationService", "vpi.v1.RulesService", "vpi.v1.UsageService"):
        got = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert got.status == health_pb2.HealthCheckResponse.SERVING

    def reflected() -> list[str]:
        with grpc.insecure_channel(running.address) as sync_channel:
            return sorted(ProtoReflectionDescriptorDatabase(sync_channel).get_services())

    assert {"vpi.v1.EvaluationService", "vpi.v1.RulesService", "vpi.v1.UsageService"} <= set(
        await asyncio.to_thread(reflected)
    )


async def test_a_second_server_does_not_share_the_port(running: Served) -> None:
    with pytest.raises(AddressInUse, match="in use"):
        await start(Evaluator(registry(), MemoryLedger(clock), clock), running.address, clock)


async def test_a_call_under_way_ends_well_when_the_server_stops() -> None:
    running = await start(Evaluator(registry(), MemoryLedger(clock), clock), "127.0.0.1:0", clock)
    async with grpc.aio.insecure_channel(running.address) as channel:
        stub = evaluation_pb2_grpc.EvaluationServiceStub(channel)
        events = [message_of(search(str(n), time=JUNE + n)) for n in range(5_000)]
        await stub.Evaluate(pb.EvaluateRequest(event=message_of(search()), ruleset="shop"))
        call = stub.EvaluateBatch(pb.EvaluateBatchRequest(events=events, ruleset="shop"))
        await asyncio.sleep(0)
        _, response = await asyncio.gather(running.stop(10), call, return_exceptions=True)
    if isinstance(response, grpc.aio.AioRpcError):
        assert response.code() is grpc.StatusCode.UNAVAILABLE
    else:
        assert isinstance(response, pb.EvaluateBatchResponse)
        assert len(response.results) == 5_000
