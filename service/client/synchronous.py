"""SyncClient: the calls, held in the caller's thread."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

import grpc

from dsl.event import Event
from service.client.batching import Bounds, cut
from service.client.calls import Calls, Conversation, Listing, Options, Send, list_request
from service.client.channels import open_sync
from service.client.retry import RetryPolicy
from service.client.statuses import failure_of
from service.rpc.convert import message_of
from vpi.v1 import evaluation_pb2, rules_pb2, usage_pb2

Answer = TypeVar("Answer")
Page = TypeVar("Page")
Item = TypeVar("Item")


class SyncClient:
    """A connection to a server, for code without an event loop; use it as a context manager, from any thread.

    Everything is as for `Client`, which says what each call does. `server` may be a channel that is ready-made, with
    interceptors for example; the client does not close that. `clock`, `chance` and `sleep` are what retries run by.
    """

    def __init__(
        self,
        server: str | grpc.Channel,
        timeout_seconds: float = 60.0,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        retry: RetryPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._own = open_sync(server, credentials) if isinstance(server, str) else None
        channel = server if isinstance(server, grpc.Channel) else self._own
        assert channel is not None
        self._sleep = sleep
        self._calls = Calls(channel, retry or RetryPolicy(), timeout_seconds, clock, chance)

    def __enter__(self) -> "SyncClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        if self._own is not None:
            self._own.close()

    def evaluate(
        self, event: Event, ruleset: str = "", version: int = 0, dry_run: bool = False, explain: bool = False
    ) -> evaluation_pb2.Evaluation:
        """See `Client.evaluate`."""
        return self._hold(self._calls.evaluate(event, Options(ruleset, version, dry_run, explain)))

    def evaluate_batch(
        self,
        events: Sequence[Event],
        ruleset: str = "",
        version: int = 0,
        dry_run: bool = False,
        explain: bool = False,
    ) -> list[evaluation_pb2.EvaluateBatchResponse.Result]:
        """See `Client.evaluate_batch`."""
        return self._hold(self._calls.evaluate_batch(events, Options(ruleset, version, dry_run, explain)))

    def evaluate_stream(
        self,
        events: Iterable[Event],
        ruleset: str = "",
        version: int = 0,
        dry_run: bool = False,
        explain: bool = False,
        *,
        bounds: Bounds | None = None,
    ) -> Iterator[evaluation_pb2.EvaluateBatchResponse.Result]:
        """One result an event, in order, for as many events as come, a batch at a time.

        Only `events` and `bytes` of the bounds count here: a plain iterable can't be left waiting, and the next batch
        is taken from it when the results of the one before have been.
        """
        options = Options(ruleset, version, dry_run, explain)
        for batch in cut(map(message_of, events), bounds or Bounds()):
            yield from self._hold(self._calls.evaluate_messages(batch, options))

    def get_usage(self, subject: str, ruleset: str = "", period: str = "") -> usage_pb2.GetUsageResponse:
        """See `Client.get_usage`."""
        return self._hold(self._calls.get_usage(subject, ruleset, period))

    def list_evaluations(
        self,
        *,
        ruleset: str = "",
        subject: str = "",
        source: str = "",
        event_id: str = "",
        start: int | None = None,
        end: int | None = None,
        outcome: evaluation_pb2.Outcome.ValueType = evaluation_pb2.OUTCOME_UNSPECIFIED,
        interaction: str = "",
        page_size: int = 1000,
    ) -> Iterator[usage_pb2.LedgerEntry]:
        """See `Client.list_evaluations`."""
        filters = list_request(ruleset, subject, source, event_id, start, end, outcome, interaction, page_size)
        return self._all(self._calls.list_evaluations(filters))

    def list_refused_events(self, ruleset: str = "", page_size: int = 1000) -> Iterator[usage_pb2.RefusedEvent]:
        """See `Client.list_refused_events`."""
        return self._all(self._calls.list_refused_events(ruleset, page_size))

    def void_evaluation(
        self, source: str, event_id: str, reason: str, ruleset: str = ""
    ) -> usage_pb2.VoidEvaluationResponse:
        """See `Client.void_evaluation`."""
        return self._hold(self._calls.void_evaluation(source, event_id, reason, ruleset))

    def publish_version(self, path: str, text: str) -> rules_pb2.PublishVersionResponse:
        """See `Client.publish_version`."""
        return self._hold(self._calls.publish_version(path, text))

    def list_versions(self, ruleset: str = "", page_size: int = 1000) -> Iterator[rules_pb2.VersionInfo]:
        """See `Client.list_versions`."""
        return self._all(self._calls.list_versions(ruleset, page_size))

    def get_version(self, ruleset: str = "", version: int = 0) -> rules_pb2.GetVersionResponse:
        """See `Client.get_version`."""
        return self._hold(self._calls.get_version(ruleset, version))

    def check_rules(self, files: Mapping[str, str]) -> Sequence[rules_pb2.Diagnostic]:
        """See `Client.check_rules`."""
        return self._hold(self._calls.check_rules(files))

    def describe_version(self, ruleset: str = "", version: int = 0) -> str:
        """See `Client.describe_version`."""
        return self._hold(self._calls.describe_version(ruleset, version))

    def health(self, service: str = "") -> str:
        """See `Client.health`."""
        return self._hold(self._calls.health(service))

    def _hold(self, conversation: Conversation[Answer]) -> Answer:
        reply: Any = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            if isinstance(step, Send):
                reply = _send(step)
            else:
                self._sleep(step.seconds)
                reply = None

    def _all(self, listing: Listing[Page, Item]) -> Iterator[Item]:
        token = ""
        while True:
            page = self._hold(listing.page(token))
            yield from listing.items(page)
            token = listing.next_token(page)
            if not token:
                return


def _send(step: Send) -> Any:
    try:
        return step.rpc(step.request, timeout=step.seconds)
    except grpc.RpcError as error:
        return failure_of(error)
