"""Pricing a file's events through a server, for `vpi evaluate --server`."""

from collections.abc import Callable, Iterable
from typing import Any

from dsl.event import Event
from service.cli.evaluate import Line, Results, malformed
from service.cli.options import unreadable
from service.client import CallFailed, Client
from service.cloudevents import MalformedEvent
from service.evaluator import Options
from service.rpc.data import evaluation_as_data, status_as_data


async def evaluate(
    server: str, batches: Iterable[list[Line]], ruleset: str, options: Options, emit: Callable[[Results], None]
) -> None:
    """Sends batch after batch and emits its results; ends the command where the server can't be used."""
    async with Client(server) as client:
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
