"""The recorder's loop over a real ledger: what it answers, what it keeps, and that nothing makes it fall over."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from select import select
from socket import socketpair

import pytest
from google.rpc import code_pb2, error_details_pb2

from service.evaluator import PLAIN, Options
from service.ledger.codec import kept_content
from service.ledger.interface import Published, Rate, Submission
from service.ledger.sqlite import SqliteLedger
from service.ledger.sqlite_connections import sqlite3
from service.publishing import evaluator_of, publish_text
from service.rpc.recorder import loop
from service.rpc.recorder.frames import Kind
from service.rpc.recorder.loop import Recorder
from service.rpc.requests import Asked
from tests.service.rpc.recorder.asking import (
    LONGEST_SECONDS,
    Connection,
    Observed,
    batch,
    evaluation_in,
    one,
    recorded_ids,
    recording,
    response_in,
    status_in,
)
from tests.service.rpc.serving import clock
from tests.service.rules import FIRST, JULY, OTHER, SECOND_VERSION, answer, search
from vpi.v1 import evaluation_pb2 as pb

DRY = Options(dry_run=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Observed]:
    made = Observed(path)
    publish_text(made, "shop.vpi", FIRST, clock)
    yield made
    made.close()


@pytest.fixture
def connection(ledger: Observed) -> Iterator[Connection]:
    with recording(ledger) as made:
        yield made


def by_others(path: Path, text: str) -> None:
    """Another process publishes a text."""
    theirs = SqliteLedger(path, clock)
    publish_text(theirs, "new.vpi", text, clock)
    theirs.close()


# ── what is asked ───────────────────────────────────────────────────────────


def test_one_event_is_rated_and_recorded(connection: Connection, path: Path) -> None:
    [reply] = connection.ask(one(7, search("a")))
    assert reply[0] == 7
    assert (evaluation_in(reply).event_id, evaluation_in(reply).price) == ("a", "0.05")
    assert recorded_ids(path) == ["a"]


def test_a_batch_is_rated_and_recorded_with_one_answer_an_event(connection: Connection, path: Path) -> None:
    asked = Asked("shop", [search("a"), search("b", results=-1), answer("c", "1", 12), search("a")], PLAIN)
    [reply] = connection.ask(batch(3, asked))
    results = response_in(reply, asked).results
    assert [result.evaluation.price for result in results] == ["0.05", "", "1", "0.05"]
    assert results[1].error.code == code_pb2.INVALID_ARGUMENT
    assert results[3].evaluation.duplicate
    assert recorded_ids(path) == ["a", "c"]


def test_an_empty_batch_is_answered(connection: Connection) -> None:
    asked = Asked("shop", [], PLAIN)
    [reply] = connection.ask(batch(1, asked))
    assert not response_in(reply, asked).results


def test_a_large_batch_is_answered_whole(connection: Connection, path: Path) -> None:
    asked = Asked("shop", [search(str(n), query="x" * 3_000) for n in range(800)], PLAIN)
    [reply] = connection.ask(batch(1, asked))
    assert [result.evaluation.event_id for result in response_in(reply, asked).results] == [str(n) for n in range(800)]
    assert len(recorded_ids(path)) == 800


def test_what_can_be_told_of_one_event_is_told_of_a_batch(connection: Connection) -> None:
    refused = evaluated = 0
    for event in (search("a"), search("a"), search("a", results=9), search("b", voice="?"), search("c", time=0)):
        asked = Asked("shop", [event], DRY)
        [alone], [together] = connection.ask(one(1, event, options=DRY)), connection.ask(batch(2, asked))
        [result] = response_in(together, asked).results
        if alone[1] == Kind.REFUSAL:
            refused += 1
            assert status_in(alone) == result.error
        else:
            evaluated += 1
            assert evaluation_in(alone) == result.evaluation
    assert (refused, evaluated) == (2, 3)


def test_a_dry_run_records_nothing(connection: Connection, path: Path) -> None:
    asked = Asked("shop", [search("b")], DRY)
    replies = connection.ask(one(1, search("a"), options=DRY), batch(2, asked))
    assert evaluation_in(replies[0]).price == response_in(replies[1], asked).results[0].evaluation.price == "0.05"
    assert recorded_ids(path) == []


def test_steps_are_told_where_they_are_asked_for_also_of_what_is_recorded(connection: Connection) -> None:
    asked = Asked("shop", [search("a")], Options(explain=True))
    [plain] = connection.ask(one(1, search("a")))
    [explained] = connection.ask(one(2, search("a"), options=Options(explain=True)))
    [together] = connection.ask(batch(3, asked))
    assert not evaluation_in(plain).steps
    assert evaluation_in(explained).duplicate
    assert len(evaluation_in(explained).steps) >= 1
    assert response_in(together, asked).results[0].evaluation == evaluation_in(explained)


# ── what can't be answered ──────────────────────────────────────────────────


@pytest.mark.parametrize("payload", [b"\xff", b"\x0a\x05ab", pb.EvaluateRequest(ruleset="shop").SerializeToString()])
def test_bytes_that_are_no_request_are_refused_as_malformed(connection: Connection, payload: bytes) -> None:
    [reply] = connection.ask((5, Kind.EVALUATE, payload))
    assert reply[0] == 5
    assert status_in(reply).code == code_pb2.INVALID_ARGUMENT
    assert evaluation_in(connection.ask(one(6, search("a")))[0]).price == "0.05"


def test_a_batch_that_is_none_harms_nobody(connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    replies = connection.ask(one(1, search("a")), (2, Kind.BATCH, b"mnonsense"), (3, Kind.BATCH, b""))
    replies.sort()
    assert evaluation_in(replies[0]).price == "0.05"
    for reply in replies[1:]:
        assert status_in(reply).code == code_pb2.INTERNAL
        reference = re.findall(r"\b[0-9a-f]{12}\b", status_in(reply).message)
        assert reference[0] in caplog.text


@pytest.mark.parametrize(
    ("ruleset", "options", "code"),
    [
        ("shpo", PLAIN, code_pb2.NOT_FOUND),
        ("", PLAIN, code_pb2.OK),
        ("shop", Options(version=9, dry_run=True), code_pb2.NOT_FOUND),
        ("shop", Options(version=1), code_pb2.FAILED_PRECONDITION),
    ],
)
def test_a_request_that_can_not_be_met_is_refused_alone_and_as_a_batch(
    connection: Connection, ruleset: str, options: Options, code: int
) -> None:
    asked = Asked(ruleset, [search("a")], options)
    for reply in connection.ask(one(1, search("a"), ruleset, options), batch(2, asked)):
        assert (status_in(reply).code if reply[1] == Kind.REFUSAL else code_pb2.OK) == code


def test_an_unforeseen_error_in_one_call_harms_no_other(
    connection: Connection, ledger: Observed, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def explode() -> Rate:
        raise ZeroDivisionError("a secret")

    def spoil(group: Sequence[Submission]) -> None:
        for submission in group:
            if submission.events[0].id == "bad":
                submission.rater = explode

    ledger.before = spoil
    replies = connection.ask(one(1, search("a")), one(2, search("bad")), one(3, search("b")))
    assert [reply[0] for reply in replies] == [1, 2, 3]
    assert [evaluation_in(replies[n]).event_id for n in (0, 2)] == ["a", "b"]
    assert not evaluation_in(replies[0]).duplicate
    status = status_in(replies[1])
    assert (status.code, "secret" in str(status)) == (code_pb2.INTERNAL, False)
    assert re.findall(r"\b[0-9a-f]{12}\b", status.message)[0] in caplog.text
    assert recorded_ids(path) == ["a", "b"]


def test_while_another_holds_the_ledger_calls_are_told_to_come_again(connection: Connection, path: Path) -> None:
    theirs = sqlite3.connect(path, isolation_level=None)
    theirs.execute("BEGIN IMMEDIATE")
    replies = connection.ask(one(1, search("a")), one(2, search("b")))
    for reply in replies:
        assert status_in(reply).code == code_pb2.UNAVAILABLE
        assert status_in(reply).details[0].Is(error_details_pb2.RetryInfo.DESCRIPTOR)
    theirs.execute("COMMIT")
    theirs.close()
    assert evaluation_in(connection.ask(one(3, search("a")))[0]).duplicate is False


# ── groups ──────────────────────────────────────────────────────────────────


def test_calls_that_come_together_share_one_transaction(connection: Connection, ledger: Observed) -> None:
    asked = Asked("shop", [search("b"), search("c")], PLAIN)
    dry = one(3, search("dry"), options=DRY)
    connection.ask(one(1, search("a")), batch(2, asked), dry, one(4, search("d")))
    assert ledger.groups == [[["a"], ["b", "c"], ["d"]]]


def test_what_comes_while_one_group_commits_makes_up_the_next(connection: Connection, ledger: Observed) -> None:
    under_way, go_on = ledger.held()
    connection.send(one(1, search("a")))
    assert under_way.wait(LONGEST_SECONDS)
    for call, name in ((2, "b"), (3, "c"), (4, "d")):
        connection.send(one(call, search(name)))
    go_on.set()
    assert [connection.next()[0] for _ in range(4)] == [1, 2, 3, 4]
    assert ledger.groups == [[["a"]], [["b"], ["c"], ["d"]]]


def test_a_call_that_comes_alone_after_several_is_answered_alone(connection: Connection, ledger: Observed) -> None:
    connection.ask(*(one(call, search(str(call))) for call in (1, 2, 3)))
    connection.ask(one(4, search("4")))
    assert ledger.groups == [[["1"], ["2"], ["3"]], [["4"]]]


def test_what_the_server_has_worked_out_of_a_batch_is_not_worked_out_again(
    connection: Connection, ledger: Observed
) -> None:
    given: list[object] = []
    ledger.before = lambda group: given.extend(submission.contents for submission in group)
    connection.ask(batch(1, Asked("shop", [search("a")], PLAIN)))
    assert given == [[kept_content(search("a"))]]


def test_a_group_is_no_larger_than_its_bound_unless_one_call_is(
    connection: Connection, ledger: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LARGEST_GROUP", 3)
    large = Asked("shop", [search(f"large {n}") for n in range(5)], PLAIN)
    few = [one(call, search(str(call))) for call in range(1, 5)]
    replies = connection.ask(*few, batch(5, large), one(6, search("6")))
    assert [reply[0] for reply in replies] == [1, 2, 3, 4, 5, 6]
    assert [[len(ids) for ids in group] for group in ledger.groups] == [[1, 1, 1], [1], [5], [1]]
    assert len(response_in(replies[4], large).results) == 5


def test_the_same_event_in_two_calls_of_a_group_is_recorded_once(connection: Connection, path: Path) -> None:
    replies = connection.ask(one(1, search("a")), one(2, search("a")), one(3, search("a", results=9)))
    assert [evaluation_in(reply).duplicate for reply in replies[:2]] == [False, True]
    assert status_in(replies[2]).code == code_pb2.ALREADY_EXISTS
    assert recorded_ids(path) == ["a"]


# ── what others publish ─────────────────────────────────────────────────────


def test_a_ruleset_that_another_process_has_published_meanwhile_is_known(connection: Connection, path: Path) -> None:
    assert status_in(connection.ask(one(1, search("a"), "flat"))[0]).code == code_pb2.NOT_FOUND
    by_others(path, OTHER)
    assert evaluation_in(connection.ask(one(2, search("a"), "flat"))[0]).price == "9"


def test_a_version_that_another_process_has_published_meanwhile_can_be_tried_out(
    connection: Connection, path: Path
) -> None:
    by_others(path, SECOND_VERSION)
    asked = one(1, search("a"), options=Options(version=2, dry_run=True))
    assert evaluation_in(connection.ask(asked)[0]).price == "0.07"


def test_a_published_version_prices_the_next_event(connection: Connection, path: Path) -> None:
    by_others(path, SECOND_VERSION)
    assert evaluation_in(connection.ask(one(1, search("a", time=JULY)))[0]).price == "0.07"


def test_after_a_refresh_dry_runs_go_by_what_is_published(connection: Connection, path: Path) -> None:
    tried = one(1, search("a", time=JULY), options=DRY)
    by_others(path, SECOND_VERSION)
    assert evaluation_in(connection.ask(tried)[0]).price == "0.05"
    assert connection.ask((2, Kind.REFRESH, b"")) == [(2, Kind.ANSWER, b"")]
    assert evaluation_in(connection.ask(tried)[0]).price == "0.07"


def test_rules_of_a_later_release_are_refused_with_a_sentence_and_the_recorder_goes_on(
    connection: Connection, path: Path
) -> None:
    theirs = SqliteLedger(path, clock)
    theirs.publish(Published("later", 1, JULY, "ruleset later\nmagic yes\n", "0" * 64, clock()))
    replies = [*connection.ask((1, Kind.REFRESH, b"")), *connection.ask(one(2, search("a"), "later"))]
    theirs.close()
    for reply in replies:
        assert status_in(reply).code == code_pb2.UNAVAILABLE
        assert "this release can't read later@1" in status_in(reply).message


# ── the other side's end ────────────────────────────────────────────────────


def test_it_ends_when_the_other_side_closes(ledger: Observed) -> None:
    with recording(ledger) as connection:
        connection.ask(one(1, search("a")))
        assert connection.closed()


def test_what_was_asked_whole_is_recorded_although_the_other_side_closes(ledger: Observed, path: Path) -> None:
    with recording(ledger) as connection:
        connection.send(one(1, search("a")), one(2, search("b")))
        connection.send_cut_off(one(3, search("c")))
        assert connection.closed()
    assert recorded_ids(path) == ["a", "b"]


def test_what_was_asked_while_an_answer_was_under_way_is_recorded_although_nobody_will_hear_it(
    ledger: Observed, path: Path
) -> None:
    under_way, go_on = ledger.held()
    with recording(ledger) as connection:
        connection.send(one(1, search("a")))
        assert under_way.wait(LONGEST_SECONDS)
        connection.send(one(2, search("b")), one(3, search("c")))
        connection.send_cut_off(one(4, search("d")))
        connection.ours.close()
        go_on.set()
        assert connection.ended()
    assert recorded_ids(path) == ["a", "b", "c"]


def test_answers_that_nobody_has_read_when_the_other_side_closes_are_no_trouble(ledger: Observed, path: Path) -> None:
    asked = Asked("shop", [search(str(n)) for n in range(3_000)], Options(explain=True))
    with recording(ledger) as connection:
        connection.send(batch(1, asked), one(2, search("last")))
        assert connection.ours.recv(1)
        assert connection.closed()
    theirs = SqliteLedger(path, clock)
    assert theirs.stats().entries == 3_001
    theirs.close()


def test_it_ends_where_the_other_side_closes_with_an_answer_unread(ledger: Observed) -> None:
    """What it then waits for fails, and does not just end."""
    with recording(ledger) as connection:
        connection.send(one(1, search("a")))
        assert select([connection.ours], [], [], LONGEST_SECONDS)[0]
        assert connection.closed()
    assert ledger.groups == [[["a"]]]


def test_it_ends_where_the_other_side_has_closed_before_it_could_be_asked(ledger: Observed) -> None:
    ours, theirs = socketpair()
    ours.close()
    with theirs:
        Recorder(evaluator_of(ledger, clock)).serve(theirs)
    assert ledger.groups == []
