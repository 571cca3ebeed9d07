"""PublishVersion over real connections, and that every rpc follows what is published, here or by another process."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from service.ledger.sqlite import SqliteLedger
from service.publishing import publish_text
from service.rpc.convert import message_of, timestamp_of
from tests.service.rpc.serving import LEDGERS, Served, clock, detail, failure, open_ledger, refused_field, served
from tests.service.rules import FIRST, JULY, JUNE, OTHER, SECOND_VERSION, search
from vpi.v1 import evaluation_pb2, usage_pb2
from vpi.v1 import rules_pb2 as pb


@pytest.fixture(params=LEDGERS)
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    ledger = open_ledger(request.param, tmp_path)
    async with served(ledger, (FIRST,)) as found:
        yield found
    ledger.close()


@pytest.fixture(params=["sqlite", "recorder"])
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Served, SqliteLedger]]:
    """A server, and its ledger as another process has it."""
    ledger, theirs = open_ledger(request.param, tmp_path), SqliteLedger(tmp_path / "ledger.db", clock)
    async with served(ledger, (FIRST,)) as found:
        yield found, theirs
    theirs.close()
    ledger.close()


def publish(server: Served, text: str, path: str = "new.vpi") -> Any:
    return server.rules.PublishVersion(pb.PublishVersionRequest(file=pb.RuleFile(path=path, text=text)))


def evaluate(server: Served, event: Any, ruleset: str = "shop", **options: Any) -> Any:
    request = evaluation_pb2.EvaluateRequest(event=message_of(event), ruleset=ruleset, **options)
    return server.evaluation.Evaluate(request)


async def versions(server: Served) -> list[tuple[str, int]]:
    listed = await server.rules.ListVersions(pb.ListVersionsRequest())
    return [(version.ruleset, version.version) for version in listed.versions]


async def test_a_published_version_prices_the_next_event_of_its_time(server: Served) -> None:
    before = (await evaluate(server, search("a", time=JULY))).evaluation
    got = await publish(server, SECOND_VERSION)
    assert not got.already_published
    assert (got.version.ruleset, got.version.version, got.version.currency) == ("shop", 2, "EUR")
    assert got.version.effective_time == timestamp_of(JULY)
    after = (await evaluate(server, search("b", time=JULY))).evaluation
    assert [(one.version, one.price) for one in (before, after)] == [(1, "0.05"), (2, "0.07")]


async def test_a_published_version_prices_the_next_dry_run(server: Served) -> None:
    """Nothing is recorded in between, by which others would hear of it."""
    await publish(server, SECOND_VERSION)
    answer = (await evaluate(server, search("a", time=JULY), dry_run=True)).evaluation
    assert (answer.version, answer.price) == (2, "0.07")


async def test_every_rpc_about_rules_follows_a_publication(server: Served) -> None:
    assert await versions(server) == [("shop", 1)]
    await publish(server, OTHER)
    await publish(server, SECOND_VERSION)
    assert await versions(server) == [("flat", 1), ("shop", 1), ("shop", 2)]
    in_force = await server.rules.GetVersion(pb.GetVersionRequest(ruleset="shop"))
    assert (in_force.version.version, in_force.text) == (2, SECOND_VERSION)
    described = await server.rules.DescribeVersion(pb.DescribeVersionRequest(ruleset="shop"))
    assert "version   2\n" in described.text
    assert (await evaluate(server, search("a"), "flat")).evaluation.price == "9"


async def test_the_same_text_again_changes_nothing(server: Served) -> None:
    got = await publish(server, FIRST.replace("price   0.05", "price 0.050 # five cents"))
    assert got.already_published
    kept = await server.rules.GetVersion(pb.GetVersionRequest(ruleset="shop", version=1))
    assert (got.version, FIRST) == (kept.version, kept.text)


async def test_a_text_is_kept_to_the_byte(server: Served) -> None:
    text = "\ufeff" + OTHER.replace("\n", "\r\n")
    published = await publish(server, text)
    kept = await server.rules.GetVersion(pb.GetVersionRequest(ruleset="flat"))
    assert (kept.text, kept.version) == (text, published.version)
    described = await server.rules.DescribeVersion(pb.DescribeVersionRequest(ruleset="flat"))
    assert described.text.startswith("ruleset   flat\n")


async def test_another_meaning_under_a_published_number_is_refused(server: Served) -> None:
    await evaluate(server, search("a"))
    error = await failure(publish(server, FIRST.replace("0.05", "0.06")))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    info = detail(error, error_details_pb2.ErrorInfo)
    assert info.reason == "VERSION_TAKEN"
    assert dict(info.metadata) == {
        "ruleset": "shop",
        "version": "1",
        "published": "2026-07-01T00:00:01Z",
        "used": "true",
    }


async def test_errors_and_failed_examples_are_violations_at_their_places(server: Served) -> None:
    failing = SECOND_VERSION + '\nexample "free"\n  search (voice: yes, results: 1)  =>  nothing\n'
    for text, fields, reasons in [
        (SECOND_VERSION.replace("with voice", "with vioce"), ["new.vpi:17:23"], ["UNKNOWN_ATTRIBUTE"]),
        (failing, ["new.vpi:30:3"], ["EXAMPLE_FAILED"]),
        (SECOND_VERSION.replace("EUR", "USD"), ["new.vpi:5:11"], ["CHANGED_FOR_LIFE"]),
    ]:
        error = await failure(publish(server, text))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        violations = detail(error, error_details_pb2.BadRequest).field_violations
        assert ([v.field for v in violations], [v.reason for v in violations]) == (fields, reasons)
    assert await versions(server) == [("shop", 1)]


async def test_warnings_come_with_the_answer(server: Served) -> None:
    got = await publish(server, SECOND_VERSION.replace("2026-07-01", "2026-06-01"))
    (warning,) = got.warnings
    assert (warning.id, warning.severity, warning.path, warning.line) == (
        "equal-effective",
        pb.SEVERITY_WARNING,
        "new.vpi",
        4,
    )


async def test_a_file_needs_a_path(server: Served) -> None:
    assert (await refused_field(publish(server, SECOND_VERSION, path="")))[0] == "file.path"
    assert (await refused_field(server.rules.PublishVersion(pb.PublishVersionRequest())))[0] == "file.path"


# ── what another process publishes ──────────────────────────────────────────


async def test_what_others_publish_is_listed(shared: tuple[Served, SqliteLedger]) -> None:
    server, theirs = shared
    publish_text(theirs, "2.vpi", SECOND_VERSION, clock)
    assert await versions(server) == [("shop", 1), ("shop", 2)]


async def test_a_ruleset_that_others_publish_is_served(shared: tuple[Served, SqliteLedger]) -> None:
    server, theirs = shared
    publish_text(theirs, "flat.vpi", OTHER, clock)
    assert (await evaluate(server, search("a"), "flat")).evaluation.price == "9"


async def test_a_version_that_others_publish_can_be_tried_out(shared: tuple[Served, SqliteLedger]) -> None:
    server, theirs = shared
    publish_text(theirs, "2.vpi", SECOND_VERSION, clock)
    tried = await evaluate(server, search("a", time=JUNE), version=2, dry_run=True)
    assert (tried.evaluation.version, tried.evaluation.price) == (2, "0.07")


async def test_usage_and_voids_know_rules_that_others_publish(shared: tuple[Served, SqliteLedger]) -> None:
    server, theirs = shared
    publish_text(theirs, "flat.vpi", OTHER, clock)
    used = await server.usage.GetUsage(usage_pb2.GetUsageRequest(ruleset="flat", subject="acme"))
    assert used.currency == "EUR"
    publish_text(theirs, "2.vpi", SECOND_VERSION, clock)
    async with served(theirs, ()) as other:
        assert (await evaluate(other, search("a", time=JULY))).evaluation.version == 2
    request = usage_pb2.VoidEvaluationRequest(ruleset="shop", source="app", event_id="a", reason="a test")
    voided = (await server.usage.VoidEvaluation(request)).evaluation
    assert (voided.version, voided.price) == (2, "-0.07")
