"""What commands do through a server: pricing a file's events, and all that targets do."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from dsl.event import Event
from service.cli.evaluate import Line, Results, malformed
from service.cli.options import FINDINGS, UNREADABLE, field_here, unreadable
from service.cli.targets import Data, Failed
from service.client import CallFailed, Client, RetryPolicy, SyncClient
from service.cloudevents import MalformedEvent
from service.evaluator import Options
from service.ledger.interface import Query
from service.rpc.convert import event_of
from service.rpc.data import (
    entry_as_data,
    evaluation_as_data,
    publication_as_data,
    refused_as_data,
    status_as_data,
    usage_as_data,
    void_as_data,
)
from vpi.v1 import evaluation_pb2 as pb

PATIENCE = RetryPolicy(most_attempts=5)
"""Whoever waits at a terminal is told soon that no server is there."""
_FINDINGS = frozenset({"RULES_REFUSED", "VERSION_TAKEN"})


async def evaluate(
    server: str, batches: Iterable[list[Line]], ruleset: str, options: Options, emit: Callable[[Results], None]
) -> None:
    """Sends batch after batch and emits its results; ends the command where the server can't be used."""
    async with Client(server, retry=PATIENCE) as client:
        for batch in batches:
            good = [event for _, event in batch if isinstance(event, Event)]
            try:
                answers = iter(
                    await client.evaluate_batch(good, ruleset, options.version, options.dry_run, options.explain)
                )
            except CallFailed as error:
                unreadable(f"{server} answered {error.code}: {error.message}")
            results: Results = []
            for number, event in batch:
                results.append(
                    malformed(number, event)
                    if isinstance(event, MalformedEvent)
                    else _result(number, event, next(answers))
                )
            emit(results)


def _result(number: int, event: Event, result: Any) -> dict[str, Any]:
    if result.HasField("error"):
        return {"line": number, **status_as_data(result.error, event.source, event.id)}
    return evaluation_as_data(result.evaluation)


@contextmanager
def opened(server: str) -> Iterator["ThroughServer"]:
    """The server at `HOST:PORT` as a target; errors are raised as Failed."""
    with SyncClient(server, retry=PATIENCE) as client:
        try:
            yield ThroughServer(client)
        except CallFailed as error:
            _fail(server, error)


def _fail(server: str, error: CallFailed) -> NoReturn:
    violations = [f"{field_here(one.field)}: {one.description}" for one in error.violations]
    if error.code == "INVALID_ARGUMENT" and violations:
        of_rules = not any(one.reason == "INVALID_REQUEST" for one in error.violations)
        raise Failed(violations, FINDINGS if of_rules else UNREADABLE) from None
    if error.code in ("NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION"):
        raise Failed([error.message], FINDINGS if error.reason in _FINDINGS else UNREADABLE) from None
    raise Failed([f"{server} answered {error.code}: {error.message}"]) from None


class ThroughServer:
    """A server as a target; see `Target`. Its errors come as they are: `opened` turns them into Failed."""

    def __init__(self, client: SyncClient) -> None:
        self._client = client

    def usage(self, ruleset: str, subject: str, period: str) -> Data:
        """See `Target.usage`."""
        return usage_as_data(self._client.get_usage(subject, ruleset, period))

    def evaluations(self, query: Query) -> Iterator[tuple[Event, Data]]:
        """See `Target.evaluations`."""
        outcome = pb.Outcome.Value(f"OUTCOME_{query.outcome}") if query.outcome else pb.OUTCOME_UNSPECIFIED
        entries = self._client.list_evaluations(
            ruleset=query.ruleset,
            subject=query.subject,
            source=query.source,
            event_id=query.event_id,
            start=query.start,
            end=query.end,
            outcome=outcome,
            interaction=query.interaction,
        )
        return ((event_of(entry.event), entry_as_data(entry)) for entry in entries)

    def refused(self, ruleset: str) -> Iterator[tuple[Event, Data]]:
        """See `Target.refused`."""
        events = self._client.list_refused_events(ruleset)
        return ((event_of(one.event), refused_as_data(one)) for one in events)

    def void(self, ruleset: str, source: str, event_id: str, reason: str) -> Data:
        """See `Target.void`."""
        return void_as_data(self._client.void_evaluation(source, event_id, reason, ruleset))

    def publish(self, path: str, text: str) -> Data:
        """See `Target.publish`."""
        return publication_as_data(self._client.publish_version(path, text))
