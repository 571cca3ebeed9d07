"""Retries as the server's side sees them: grpcio-testing's channel and fake clock, no network and no waiting."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
import grpc_testing
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from service.client import CallFailed, FieldViolation, RetryPolicy, SyncClient
from service.client.calls import Calls, Options, Send, Wait
from service.client.failures import Failure
from tests.service.rules import search
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import rules_pb2, usage_pb2

T = TypeVar("T")
EVALUATE, BATCH = (
    pb.DESCRIPTOR.services_by_name["EvaluationService"].methods_by_name[n] for n in ("Evaluate", "EvaluateBatch")
)
USAGE = usage_pb2.DESCRIPTOR.services_by_name["UsageService"].methods_by_name
RULES = rules_pb2.DESCRIPTOR.services_by_name["RulesService"].methods_by_name
RATED = pb.EvaluateResponse(evaluation=pb.Evaluation(event_id="e1", units="1", price="0.05"))


def status(code: str, *details: Message) -> status_pb2.Status:
    """A rich status with details, as the service makes it."""
    made = status_pb2.Status(code=code_pb2.Code.Value(code), message=f"for a reason that is {code.lower()}")
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        made.details.append(packed)
    return made


def retry_after(seconds: float) -> error_details_pb2.RetryInfo:
    """The server's wish for a wait."""
    return error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=round(seconds * 1e9)))


@dataclass
class Stage:
    """A client in a thread of its own; the test is the server, and the only one who lets time pass is the client."""

    clock: Any
    channel: Any
    threads: ThreadPoolExecutor

    def client(
        self, timeout_seconds: float = 60.0, chance: float = 0.5, retry: RetryPolicy | None = None
    ) -> SyncClient:
        """A client whose waits pass on the fake clock."""
        return SyncClient(
            self.channel,
            timeout_seconds,
            retry=retry,
            clock=self.clock.time,
            chance=lambda: chance,
            sleep=self.clock.sleep_for,
        )

    def calling(self, work: Callable[[], T]) -> "Future[T]":
        """The client's work, begun."""
        return self.threads.submit(work)

    def answer(self, rpc: Any, reply: Message | status_pb2.Status) -> tuple[float, Any]:
        """Takes the next request and answers it; gives when it came, and what it was."""
        _, request, call = self.channel.take_unary_unary(rpc)
        came = self.clock.time()
        if isinstance(reply, status_pb2.Status):
            rich = rpc_status.to_status(reply)
            call.terminate(None, rich.trailing_metadata, rich.code, rich.details)
        else:
            call.terminate(reply, (), grpc.StatusCode.OK, "")
        return came, request

    def answers(self, rpc: Any, replies: Sequence[Message | status_pb2.Status]) -> tuple[list[float], list[Any]]:
        """Answers as many requests as there are replies."""
        seen = [self.answer(rpc, reply) for reply in replies]
        return [came for came, _ in seen], [request for _, request in seen]


@pytest.fixture
def stage() -> Iterator[Stage]:
    clock = grpc_testing.strict_fake_time(0.0)
    with ThreadPoolExecutor(1) as threads:
        yield Stage(clock, grpc_testing.channel(pb.DESCRIPTOR.services_by_name.values(), clock), threads)


def failed(future: "Future[Any]") -> CallFailed:
    """What a call raised."""
    with pytest.raises(CallFailed) as caught:
        future.result(10)
    return caught.value


def test_every_attempt_is_the_same_message_to_the_byte(stage: Stage) -> None:
    client = stage.client()
    event = search("e1", query="a text", note=["one", "two"])
    calling = stage.calling(lambda: client.evaluate(event, "shop"))
    _, requests = stage.answers(EVALUATE, [status("UNAVAILABLE")] * 4 + [RATED])
    assert calling.result(10) == RATED.evaluation
    assert len({request.SerializeToString(deterministic=True) for request in requests}) == 1
    assert {request.event.id for request in requests} == {"e1"}


def test_waits_double_up_to_their_cap(stage: Stage) -> None:
    client = stage.client(retry=RetryPolicy(first_wait_seconds=1, longest_wait_seconds=4))
    calling = stage.calling(lambda: client.evaluate(search()))
    times, _ = stage.answers(EVALUATE, [status("UNAVAILABLE")] * 5 + [RATED])
    calling.result(10)
    assert times == [0, 0.5, 1.5, 3.5, 5.5, 7.5]


def test_the_server_s_own_wait_is_kept(stage: Stage) -> None:
    client = stage.client(chance=0.0)
    calling = stage.calling(lambda: client.evaluate(search()))
    full = status("RESOURCE_EXHAUSTED", retry_after(0.75))
    times, _ = stage.answers(EVALUATE, [full, full, RATED])
    calling.result(10)
    assert times == [0, 0.75, 1.5]


def test_a_server_that_is_back_is_found_by_the_next_attempt(stage: Stage) -> None:
    """It is away for three seconds of the fake clock."""
    replies: list[Message | status_pb2.Status] = [status("UNAVAILABLE")]
    stage.clock.call_at(lambda: replies.append(RATED), 3.0)
    client = stage.client(retry=RetryPolicy(first_wait_seconds=1))
    calling = stage.calling(lambda: client.evaluate(search()))
    times: list[float] = []
    while not times or times[-1] < 3.0:
        # The client lets time pass before it sends: what has become of the server is settled when a request comes.
        _, _, call = stage.channel.take_unary_unary(EVALUATE)
        times.append(stage.clock.time())
        if replies[-1] is RATED:
            call.terminate(RATED, (), grpc.StatusCode.OK, "")
        else:
            call.terminate(None, (), grpc.StatusCode.UNAVAILABLE, "away")
    assert calling.result(10) == RATED.evaluation
    assert times == [0, 0.5, 1.5, 3.5]


def test_the_time_of_a_call_is_never_overdrawn(stage: Stage) -> None:
    """A wait to the sixth second would end after the fifth: the call fails at once, in the fourth."""
    client = stage.client(timeout_seconds=5, chance=0.0)
    calling = stage.calling(lambda: client.evaluate(search()))
    away = status("UNAVAILABLE", error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2)))
    times, _ = stage.answers(EVALUATE, [away] * 3)
    error = failed(calling)
    assert times == [0, 2, 4]
    assert (error.code, error.attempts, stage.clock.time()) == ("UNAVAILABLE", 3, 4)


def test_attempts_come_to_an_end(stage: Stage) -> None:
    client = stage.client(retry=RetryPolicy(most_attempts=3))
    calling = stage.calling(lambda: client.evaluate(search()))
    stage.answers(EVALUATE, [status("UNAVAILABLE")] * 3)
    assert str(failed(calling)) == "UNAVAILABLE: for a reason that is unavailable (after 3 attempts)"


@pytest.mark.parametrize("code", ["DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN"])
def test_an_event_with_its_key_is_sent_again_where_the_answer_got_lost(stage: Stage, code: str) -> None:
    client = stage.client()
    calling = stage.calling(lambda: client.evaluate(search()))
    stage.answers(EVALUATE, [status(code), RATED])
    assert calling.result(10) == RATED.evaluation


@pytest.mark.parametrize("code", ["DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN"])
def test_an_event_without_its_key_is_not(stage: Stage, code: str) -> None:
    event = search()
    event.id = None
    client = stage.client()
    calling = stage.calling(lambda: client.evaluate(event))
    stage.answer(EVALUATE, status(code))
    assert failed(calling).attempts == 1
    trying = stage.calling(lambda: client.evaluate(event, dry_run=True))
    stage.answers(EVALUATE, [status(code), RATED])
    assert trying.result(10) == RATED.evaluation


@pytest.mark.parametrize(
    "code", ["INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "INTERNAL", "UNIMPLEMENTED"]
)
def test_what_would_fail_again_is_sent_once(stage: Stage, code: str) -> None:
    client = stage.client()
    calling = stage.calling(lambda: client.evaluate(search()))
    stage.answer(EVALUATE, status(code, retry_after(0.1)))
    error = failed(calling)
    assert (error.code, error.attempts, stage.clock.time()) == (code, 1, 0)


def test_an_error_carries_what_is_wrong_with_which_field(stage: Stage) -> None:
    client = stage.client()
    calling = stage.calling(lambda: client.evaluate(search()))
    details = error_details_pb2.BadRequest()
    details.field_violations.add(field="data.results", reason="OUT_OF_RANGE", description="-1 is below 0")
    stage.answer(EVALUATE, status("INVALID_ARGUMENT", details))
    assert failed(calling).violations == (FieldViolation("data.results", "OUT_OF_RANGE", "-1 is below 0"),)


def test_an_error_carries_its_reason_for_programs(stage: Stage) -> None:
    client = stage.client()
    calling = stage.calling(lambda: client.evaluate(search()))
    info = error_details_pb2.ErrorInfo(reason="ID_TAKEN", domain="vpi", metadata={"version": "2"})
    stage.answer(EVALUATE, status("ALREADY_EXISTS", info))
    error = failed(calling)
    assert (error.reason, error.metadata) == ("ID_TAKEN", {"version": "2"})


def test_a_status_whose_details_belong_to_another_counts_by_itself(stage: Stage) -> None:
    """As where a proxy replaces the code of an answer and leaves its details."""
    client = stage.client()
    calling = stage.calling(lambda: client.evaluate(search()))
    other = rpc_status.to_status(status("INVALID_ARGUMENT"))
    _, _, call = stage.channel.take_unary_unary(EVALUATE)
    call.terminate(None, other.trailing_metadata, grpc.StatusCode.PERMISSION_DENIED, "not from here")
    assert str(failed(calling)) == "PERMISSION_DENIED: not from here"


def test_of_a_batch_only_what_could_not_be_taken_is_sent_again(stage: Stage) -> None:
    client = stage.client(chance=0.0)
    calling = stage.calling(lambda: client.evaluate_batch([search(name) for name in "abcd"]))
    refused = pb.EvaluateBatchResponse.Result(error=status("INVALID_ARGUMENT"))
    full = pb.EvaluateBatchResponse.Result(error=status("RESOURCE_EXHAUSTED", retry_after(0.5)))
    away = pb.EvaluateBatchResponse.Result(error=status("UNAVAILABLE", retry_after(0.25)))

    def rated(name: str) -> pb.EvaluateBatchResponse.Result:
        return pb.EvaluateBatchResponse.Result(evaluation=pb.Evaluation(event_id=name))

    times, requests = stage.answers(
        BATCH,
        [
            pb.EvaluateBatchResponse(results=[full, rated("b"), refused, away]),
            pb.EvaluateBatchResponse(results=[rated("a"), away]),
            status("UNAVAILABLE"),
            pb.EvaluateBatchResponse(results=[rated("d")]),
        ],
    )
    assert calling.result(10) == [rated("a"), rated("b"), refused, rated("d")]
    assert ["".join(event.id for event in request.events) for request in requests] == ["abcd", "ad", "d", "d"]
    assert times == [0, 0.5, 0.75, 0.75]


def test_of_a_batch_what_can_t_be_taken_in_the_end_keeps_its_error(stage: Stage) -> None:
    client = stage.client(retry=RetryPolicy(most_attempts=2))
    calling = stage.calling(lambda: client.evaluate_batch([search("a"), search("b")]))
    rated = pb.EvaluateBatchResponse.Result(evaluation=pb.Evaluation(event_id="a"))
    away = pb.EvaluateBatchResponse.Result(error=status("UNAVAILABLE"))
    replies = [pb.EvaluateBatchResponse(results=results) for results in ([rated, away], [away])]
    stage.answers(BATCH, replies)
    assert calling.result(10) == [rated, away]


def test_a_dry_batch_is_tried_again_as_a_whole(stage: Stage) -> None:
    """Its events see each other."""
    client = stage.client()
    calling = stage.calling(lambda: client.evaluate_batch([search("a"), search("b")], dry_run=True))
    rated = [pb.EvaluateBatchResponse.Result(evaluation=pb.Evaluation(event_id=name)) for name in "ab"]
    away = pb.EvaluateBatchResponse.Result(error=status("UNAVAILABLE"))
    replies = [pb.EvaluateBatchResponse(results=results) for results in ([away, rated[1]], rated)]
    _, requests = stage.answers(BATCH, replies)
    assert calling.result(10) == rated
    assert [len(request.events) for request in requests] == [2, 2]


def test_a_server_that_miscounts_is_not_believed(stage: Stage) -> None:
    client = stage.client()
    calling = stage.calling(lambda: client.evaluate_batch([search("a"), search("b")]))
    stage.answer(BATCH, pb.EvaluateBatchResponse(results=[pb.EvaluateBatchResponse.Result()]))
    assert str(failed(calling)) == "INTERNAL: 2 events were sent, and the answer has 1 of their results"


def test_a_void_is_sent_again_where_its_answer_got_lost(stage: Stage) -> None:
    client = stage.client()
    calling = stage.calling(lambda: client.void_evaluation("app", "e1", "sent by mistake", "shop"))
    void = usage_pb2.VoidEvaluationResponse(evaluation=pb.Evaluation(units="-1"))
    _, requests = stage.answers(USAGE["VoidEvaluation"], [status("DEADLINE_EXCEEDED"), void])
    assert calling.result(10) == void
    asked = usage_pb2.VoidEvaluationRequest(ruleset="shop", source="app", event_id="e1", reason="sent by mistake")
    assert requests == [asked, asked]


def test_a_version_is_published_again_where_the_answer_got_lost(stage: Stage) -> None:
    client = stage.client()
    calling = stage.calling(lambda: client.publish_version("shop/2.vpi", "ruleset shop"))
    published = rules_pb2.PublishVersionResponse(already_published=True)
    _, requests = stage.answers(RULES["PublishVersion"], [status("UNKNOWN"), published])
    assert calling.result(10) == published
    asked = rules_pb2.PublishVersionRequest(file=rules_pb2.RuleFile(path="shop/2.vpi", text="ruleset shop"))
    assert requests == [asked, asked]


def test_a_list_goes_on_where_a_page_had_to_be_asked_for_again(stage: Stage) -> None:
    client = stage.client()
    calling = stage.calling(lambda: [entry.sequence for entry in client.list_evaluations(subject="acme", page_size=2)])
    pages = [
        usage_pb2.ListEvaluationsResponse(
            entries=[usage_pb2.LedgerEntry(sequence=n) for n in numbers], next_page_token=token
        )
        for numbers, token in (([1, 2], "two"), ([], "three"), ([3], ""))
    ]
    _, requests = stage.answers(USAGE["ListEvaluations"], [pages[0], status("UNAVAILABLE"), pages[1], pages[2]])
    assert calling.result(10) == [1, 2, 3]
    assert [request.page_token for request in requests] == ["", "two", "two", "three"]
    assert {(request.subject, request.page_size) for request in requests} == {("acme", 2)}


def test_an_attempt_is_given_what_is_left_of_the_call_s_time() -> None:
    """The conversation of a call of 30 seconds whose attempts may take 20: no time is invented."""
    now = [0.0]
    channel = grpc_testing.channel((), grpc_testing.strict_fake_time(0.0))
    calls = Calls(channel, RetryPolicy(), 30.0, lambda: now[0], lambda: 0.0)
    conversation = calls.evaluate(search(), Options())
    step = next(conversation)
    assert isinstance(step, Send)
    assert step.seconds == 20
    now[0] = 20.0
    assert conversation.send(Failure("DEADLINE_EXCEEDED", "")) == Wait(0.0)
    step = conversation.send(None)
    assert isinstance(step, Send)
    assert step.seconds == 10
