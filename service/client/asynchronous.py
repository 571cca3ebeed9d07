"""Client: the calls, held on an event loop."""

import asyncio
import random
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar, cast

import grpc

from dsl.event import Event
from service.client.batching import Bounds
from service.client.calls import Calls, Conversation, Listing, Options, Result, Send, list_request
from service.client.channels import open_async
from service.client.retry import Attempts, RetryPolicy
from service.client.statuses import failure_of
from service.client.streaming import Call, Ways, results_of
from vpi.v1 import evaluation_pb2, rules_pb2, usage_pb2

Answer = TypeVar("Answer")
Page = TypeVar("Page")
Item = TypeVar("Item")


class Client:
    """A connection to a server; use it as an asynchronous context manager.

    `server` is `HOST:PORT`, or a channel that is ready-made, with interceptors for example; the client does not close
    that. `credentials` are the channel's, such as `grpc.ssl_channel_credentials()`; without them nothing is encrypted.
    `timeout_seconds` is the time of a call with all its attempts. `clock`, `chance` and `sleep` are what retries run
    by.

    Every call raises CallFailed where it gets no answer. Calls are retried as `retry` says, where that is safe: the
    same message with the same ids each time, so that an event is counted once however often it was sent. The client
    makes no ids up. An event without one is sent as it is, and the service refuses it with all else that is wrong with
    it; `new_id` makes one, where the event happens. After a retry `duplicate` may be set although the caller sent the
    event once: then the answer to the first attempt had got lost.
    """

    def __init__(
        self,
        server: str | grpc.aio.Channel,
        timeout_seconds: float = 60.0,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        retry: RetryPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._own = open_async(server, credentials) if isinstance(server, str) else None
        channel = server if isinstance(server, grpc.aio.Channel) else self._own
        assert channel is not None
        self._sleep = sleep
        self._calls = Calls(channel, retry or RetryPolicy(), timeout_seconds, clock, chance)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection."""
        if self._own is not None:
            await self._own.close()

    async def evaluate(
        self, event: Event, ruleset: str = "", version: int = 0, dry_run: bool = False, explain: bool = False
    ) -> evaluation_pb2.Evaluation:
        """One event's evaluation, recorded unless `dry_run`."""
        return await self._hold(self._calls.evaluate(event, Options(ruleset, version, dry_run, explain)))

    async def evaluate_batch(
        self,
        events: Sequence[Event],
        ruleset: str = "",
        version: int = 0,
        dry_run: bool = False,
        explain: bool = False,
    ) -> list[evaluation_pb2.EvaluateBatchResponse.Result]:
        """One result an event, in order, in as few calls as a message's and a batch's bounds allow.

        Events that the server could not take just then are sent again by themselves; a result still has such an error
        where the attempts have run out. Where a call fails, what earlier ones recorded stays, and sending everything
        again is safe. In a dry run of several calls an event sees only the others of its own.
        """
        return await self._hold(self._calls.evaluate_batch(events, Options(ruleset, version, dry_run, explain)))

    def evaluate_stream(
        self,
        events: AsyncIterable[Event] | Iterable[Event],
        ruleset: str = "",
        version: int = 0,
        dry_run: bool = False,
        explain: bool = False,
        *,
        bounds: Bounds | None = None,
    ) -> AsyncIterator[evaluation_pb2.EvaluateBatchResponse.Result]:
        """One result an event, in order, for as many events as come, in batches as `bounds` says.

        It survives a server that restarts: batches that had no answer are sent again. Events are taken from the source
        only as fast as results are taken from here. What the source raises is raised after the results of all events
        that it gave. A source that blocks belongs into a thread: give its events as an asynchronous iterable.
        """
        options = Options(ruleset, version, dry_run, explain)

        def begin() -> Call:
            # The stubs are typed as a synchronous channel makes them; this one is of asyncio.
            return cast(Call, self._calls.evaluation.EvaluateStream())  # type: ignore[call-arg]

        async def settle(
            messages: Sequence[evaluation_pb2.Event], answered: Sequence[Result], attempts: Attempts
        ) -> list[Result]:
            return await self._hold(self._calls.settle(messages, answered, options, attempts))

        return results_of(events, options, bounds or Bounds(), Ways(begin, self._calls.attempts, settle, self._sleep))

    async def get_usage(self, subject: str, ruleset: str = "", period: str = "") -> usage_pb2.GetUsageResponse:
        """What one customer used in a calendar period, such as "2026-07", by interaction; the current month where it
        is empty."""
        return await self._hold(self._calls.get_usage(subject, ruleset, period))

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
    ) -> AsyncIterator[usage_pb2.LedgerEntry]:
        """Every entry of the ledger that fits the filters, page by page as they are taken.

        `start` and `end` are the events' own times in microseconds since 1970, `end` exclusive; they need a subject.
        """
        filters = list_request(ruleset, subject, source, event_id, start, end, outcome, interaction, page_size)
        return self._all(self._calls.list_evaluations(filters))

    def list_refused_events(self, ruleset: str = "", page_size: int = 1000) -> AsyncIterator[usage_pb2.RefusedEvent]:
        """Every event that was kept without being recorded, with the reason, in the order of arrival."""
        return self._all(self._calls.list_refused_events(ruleset, page_size))

    async def void_evaluation(
        self, source: str, event_id: str, reason: str, ruleset: str = ""
    ) -> usage_pb2.VoidEvaluationResponse:
        """Takes one evaluation back, for a reason that is kept for good; a second void gives the first."""
        return await self._hold(self._calls.void_evaluation(source, event_id, reason, ruleset))

    async def publish_version(self, path: str, text: str) -> rules_pb2.PublishVersionResponse:
        """Publishes a rule file's text; `path` only names it in errors. The same text again changes nothing."""
        return await self._hold(self._calls.publish_version(path, text))

    def list_versions(self, ruleset: str = "", page_size: int = 1000) -> AsyncIterator[rules_pb2.VersionInfo]:
        """Every version of one ruleset, or of all, by ruleset and number."""
        return self._all(self._calls.list_versions(ruleset, page_size))

    async def get_version(self, ruleset: str = "", version: int = 0) -> rules_pb2.GetVersionResponse:
        """One version with its text; 0 is the one in force now."""
        return await self._hold(self._calls.get_version(ruleset, version))

    async def check_rules(self, files: Mapping[str, str]) -> Sequence[rules_pb2.Diagnostic]:
        """What is wrong with rule files, given as text by path; without an error among it they are good to use."""
        return await self._hold(self._calls.check_rules(files))

    async def describe_version(self, ruleset: str = "", version: int = 0) -> str:
        """One version for people to read; 0 is the one in force now."""
        return await self._hold(self._calls.describe_version(ruleset, version))

    async def health(self, service: str = "") -> str:
        """SERVING or NOT_SERVING, of the whole server or of a service such as "vpi.v1.EvaluationService".

        Asked once and never retried: it tells how things stand now.
        """
        return await self._hold(self._calls.health(service))

    async def _hold(self, conversation: Conversation[Answer]) -> Answer:
        reply: Any = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            if isinstance(step, Send):
                reply = await _send(step)
            else:
                await self._sleep(step.seconds)
                reply = None

    async def _all(self, listing: Listing[Page, Item]) -> AsyncIterator[Item]:
        token = ""
        while True:
            page = await self._hold(listing.page(token))
            for item in listing.items(page):
                yield item
            token = listing.next_token(page)
            if not token:
                return


async def _send(step: Send) -> Any:
    try:
        return await step.rpc(step.request, timeout=step.seconds)
    except grpc.RpcError as error:
        return failure_of(error)
