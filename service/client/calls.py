"""Every call as a conversation: a generator that says what to send and when to wait, and does neither itself.

Whoever holds a conversation answers a Send with the response, or with the Failure that came instead, and a Wait with
nothing, when its time is over. So the asynchronous and the synchronous client share all but the holding.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc
from google.protobuf import timestamp_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from dsl.event import Event
from service.client.batching import cut
from service.client.failures import CallFailed, Failure
from service.client.retry import ONCE, Attempts, RetryPolicy, may_repeat
from service.client.statuses import failure_of_status
from service.rpc.convert import message_of, timestamp_of
from vpi.v1 import evaluation_pb2, evaluation_pb2_grpc, rules_pb2, rules_pb2_grpc, usage_pb2, usage_pb2_grpc

Request = TypeVar("Request")
Response = TypeVar("Response")
Answer = TypeVar("Answer")
Page = TypeVar("Page")
Item = TypeVar("Item")

Result = evaluation_pb2.EvaluateBatchResponse.Result


@dataclass(frozen=True, slots=True)
class Send:
    """Send this request; the answer may take so many seconds. `rpc` is of the channel's kind, as the stubs made it."""

    rpc: Callable[..., Any]
    request: object
    seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for so many seconds."""

    seconds: float


Conversation = Generator[Send | Wait, Any, Answer]


@dataclass(frozen=True, slots=True)
class Options:
    """How events are evaluated: the fields of EvaluateRequest beside its event."""

    ruleset: str = ""
    version: int = 0
    dry_run: bool = False
    explain: bool = False

    def batch(self, events: Sequence[evaluation_pb2.Event]) -> evaluation_pb2.EvaluateBatchRequest:
        """A request for these events."""
        return evaluation_pb2.EvaluateBatchRequest(
            events=events, ruleset=self.ruleset, version=self.version, dry_run=self.dry_run, explain=self.explain
        )


@dataclass(frozen=True, slots=True)
class Listing(Generic[Page, Item]):
    """A paged list: `page` asks for the page that a token names, `items` and `next_token` read it."""

    page: Callable[[str], Conversation[Page]]
    items: Callable[[Page], Sequence[Item]]
    next_token: Callable[[Page], str]


class Calls:
    """The calls of the interface over one channel; see `Client`, whose methods have the same names, for what each does.

    `timeout_seconds` bounds each call with all its attempts and waits; of a list each page is a call, of a batch that
    is too large for one call each part.
    """

    def __init__(
        self,
        channel: grpc.Channel | grpc.aio.Channel,
        policy: RetryPolicy,
        timeout_seconds: float,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._timeout = timeout_seconds
        self._clock = clock
        self._chance = chance
        self.evaluation = evaluation_pb2_grpc.EvaluationServiceStub(channel)
        self.usage = usage_pb2_grpc.UsageServiceStub(channel)
        self.rules = rules_pb2_grpc.RulesServiceStub(channel)
        self._health = health_pb2_grpc.HealthStub(channel)

    def attempts(self, policy: RetryPolicy | None = None) -> Attempts:
        """The attempts of a call that begins now."""
        return Attempts(policy or self._policy, self._timeout, self._clock, self._chance)

    def call(
        self,
        rpc: "grpc.UnaryUnaryMultiCallable[Request, Response]",
        request: Request,
        attempts: Attempts,
        idempotent: bool = True,
    ) -> Conversation[Response]:
        """One request, sent until it is answered; the same message each time. Raises CallFailed."""
        while True:
            reply: Response | Failure = yield Send(rpc, request, attempts.begin())
            if not isinstance(reply, Failure):
                return reply
            wait = attempts.wait_after(reply, idempotent)
            if wait is None:
                raise CallFailed(reply, attempts.made)
            yield Wait(wait)

    def evaluate(self, event: Event, options: Options) -> Conversation[evaluation_pb2.Evaluation]:
        """One event."""
        message = message_of(event)
        request = evaluation_pb2.EvaluateRequest(
            event=message,
            ruleset=options.ruleset,
            version=options.version,
            dry_run=options.dry_run,
            explain=options.explain,
        )
        safe = options.dry_run or _has_key(message)
        response = yield from self.call(self.evaluation.Evaluate, request, self.attempts(), safe)
        return response.evaluation

    def evaluate_batch(self, events: Sequence[Event], options: Options) -> Conversation[list[Result]]:
        """Events in as few calls as their bounds allow."""
        results: list[Result] = []
        for messages in cut([message_of(event) for event in events]):
            results += yield from self.evaluate_messages(messages, options)
        return results

    def evaluate_messages(
        self, messages: Sequence[evaluation_pb2.Event], options: Options
    ) -> Conversation[list[Result]]:
        """One batch within its bounds."""
        attempts = self.attempts()
        rpc, request = self.evaluation.EvaluateBatch, options.batch(messages)
        response = yield from self.call(rpc, request, attempts, is_idempotent(messages, options))
        return (yield from self.settle(messages, response.results, options, attempts))

    def settle(
        self,
        messages: Sequence[evaluation_pb2.Event],
        answered: Sequence[Result],
        options: Options,
        attempts: Attempts,
    ) -> Conversation[list[Result]]:
        """The results of a batch, after those that may yet come out otherwise were asked for again, and only those.

        Where the attempts end first, such a result keeps its error: what the others came to is not lost with it. The
        events of a dry run see each other, and are all sent again.
        """
        results = list(answered)
        _check_count(results, messages, attempts)
        while open_failures := _open_failures(results):
            longest = max(open_failures.values(), key=lambda failure: failure.retry_after_seconds or 0.0)
            wait = attempts.wait_after(longest, idempotent=False)
            again = range(len(results)) if options.dry_run else list(open_failures)
            some = [messages[index] for index in again]
            reply: evaluation_pb2.EvaluateBatchResponse | Failure = longest
            while wait is not None:
                yield Wait(wait)
                reply = yield Send(self.evaluation.EvaluateBatch, options.batch(some), attempts.begin())
                if not isinstance(reply, Failure):
                    break
                wait = attempts.wait_after(reply, is_idempotent(some, options))
            if isinstance(reply, Failure):
                break
            _check_count(reply.results, some, attempts)
            for index, result in zip(again, reply.results, strict=True):
                results[index] = result
        return results

    def get_usage(self, subject: str, ruleset: str, period: str) -> Conversation[usage_pb2.GetUsageResponse]:
        """What one customer used."""
        request = usage_pb2.GetUsageRequest(ruleset=ruleset, subject=subject, period=period)
        return self.call(self.usage.GetUsage, request, self.attempts())

    def list_evaluations(
        self, filters: usage_pb2.ListEvaluationsRequest
    ) -> Listing[usage_pb2.ListEvaluationsResponse, usage_pb2.LedgerEntry]:
        """Entries of the ledger."""

        def page(token: str) -> Conversation[usage_pb2.ListEvaluationsResponse]:
            request = usage_pb2.ListEvaluationsRequest()
            request.CopyFrom(filters)
            request.page_token = token
            return self.call(self.usage.ListEvaluations, request, self.attempts())

        return Listing(page, lambda got: got.entries, lambda got: got.next_page_token)

    def list_refused_events(
        self, ruleset: str, page_size: int
    ) -> Listing[usage_pb2.ListRefusedEventsResponse, usage_pb2.RefusedEvent]:
        """Events that claimed no id."""

        def page(token: str) -> Conversation[usage_pb2.ListRefusedEventsResponse]:
            request = usage_pb2.ListRefusedEventsRequest(ruleset=ruleset, page_size=page_size, page_token=token)
            return self.call(self.usage.ListRefusedEvents, request, self.attempts())

        return Listing(page, lambda got: got.events, lambda got: got.next_page_token)

    def void_evaluation(
        self, source: str, event_id: str, reason: str, ruleset: str
    ) -> Conversation[usage_pb2.VoidEvaluationResponse]:
        """Takes an evaluation back; a second void is the first, so that it can be sent again."""
        request = usage_pb2.VoidEvaluationRequest(ruleset=ruleset, source=source, event_id=event_id, reason=reason)
        return self.call(self.usage.VoidEvaluation, request, self.attempts())

    def publish_version(self, path: str, text: str) -> Conversation[rules_pb2.PublishVersionResponse]:
        """Publishes a rule file; the same text again changes nothing, so that it can be sent again."""
        request = rules_pb2.PublishVersionRequest(file=rules_pb2.RuleFile(path=path, text=text))
        return self.call(self.rules.PublishVersion, request, self.attempts())

    def list_versions(
        self, ruleset: str, page_size: int
    ) -> Listing[rules_pb2.ListVersionsResponse, rules_pb2.VersionInfo]:
        """Versions of rulesets."""

        def page(token: str) -> Conversation[rules_pb2.ListVersionsResponse]:
            request = rules_pb2.ListVersionsRequest(ruleset=ruleset, page_size=page_size, page_token=token)
            return self.call(self.rules.ListVersions, request, self.attempts())

        return Listing(page, lambda got: got.versions, lambda got: got.next_page_token)

    def get_version(self, ruleset: str, version: int) -> Conversation[rules_pb2.GetVersionResponse]:
        """One version."""
        request = rules_pb2.GetVersionRequest(ruleset=ruleset, version=version)
        return self.call(self.rules.GetVersion, request, self.attempts())

    def check_rules(self, files: Mapping[str, str]) -> Conversation[Sequence[rules_pb2.Diagnostic]]:
        """What is wrong with rule files, given as text by path."""
        request = rules_pb2.CheckRulesRequest(
            files=[rules_pb2.RuleFile(path=path, text=text) for path, text in files.items()]
        )
        response = yield from self.call(self.rules.CheckRules, request, self.attempts())
        return response.diagnostics

    def describe_version(self, ruleset: str, version: int) -> Conversation[str]:
        """One version in words."""
        request = rules_pb2.DescribeVersionRequest(ruleset=ruleset, version=version)
        response = yield from self.call(self.rules.DescribeVersion, request, self.attempts())
        return response.text

    def health(self, service: str) -> Conversation[str]:
        """How the server is now: asked once, since a retry would hide what was asked for."""
        request = health_pb2.HealthCheckRequest(service=service)
        response = yield from self.call(self._health.Check, request, self.attempts(ONCE))
        name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)
        return name


def list_request(
    ruleset: str,
    subject: str,
    source: str,
    event_id: str,
    start: int | None,
    end: int | None,
    outcome: evaluation_pb2.Outcome.ValueType,
    interaction: str,
    page_size: int,
) -> usage_pb2.ListEvaluationsRequest:
    """The filters of a listing as a request without a page token; `start` and `end` are instants."""
    return usage_pb2.ListEvaluationsRequest(
        ruleset=ruleset,
        subject=subject,
        source=source,
        event_id=event_id,
        start_time=_timestamp(start),
        end_time=_timestamp(end),
        outcome=outcome,
        interaction=interaction,
        page_size=page_size,
    )


def _timestamp(instant: int | None) -> timestamp_pb2.Timestamp | None:
    return None if instant is None else timestamp_of(instant)


def is_idempotent(messages: Sequence[evaluation_pb2.Event], options: Options) -> bool:
    """Whether sending a batch twice does what sending it once does: nothing is recorded, or every event has its key."""
    return options.dry_run or all(map(_has_key, messages))


def _has_key(message: evaluation_pb2.Event) -> bool:
    return bool(message.id and message.source)


def _open_failures(results: Sequence[Result]) -> dict[int, Failure]:
    """The failures, by the place of their event, that another attempt may turn into an answer."""
    failures = {
        index: failure_of_status(result.error) for index, result in enumerate(results) if result.HasField("error")
    }
    # A result's status comes from the service itself: none leaves anything in doubt.
    return {index: failure for index, failure in failures.items() if may_repeat(failure, idempotent=False)}


def _check_count(results: Sequence[Result], messages: Sequence[evaluation_pb2.Event], attempts: Attempts) -> None:
    if len(results) != len(messages):
        message = f"{len(messages):,} events were sent, and the answer has {len(results):,} of their results"
        raise CallFailed(Failure("INTERNAL", message), attempts.made)
