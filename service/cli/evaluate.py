"""`vpi evaluate`: events from a file, priced offline or through a server."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import islice
from typing import Any, BinaryIO

import click

from dsl.event import Event
from service.answers import as_data, error_as_data
from service.cli.options import FINDINGS, numbered, rules_option, ruleset_option, sentence, sound_rules, unreadable
from service.cloudevents import LONGEST_LINE, MalformedEvent, parse_event
from service.errors import ServiceError
from service.evaluator import Evaluator, Options
from service.ledger.memory import MemoryLedger
from service.loading import registry_of
from service.times import now

BATCH = 1000
Results = list[dict[str, Any]]
Line = tuple[int, Event | MalformedEvent]


@click.command("evaluate")
@click.argument("events", type=click.File("rb"), metavar="EVENTS")
@rules_option("The rules to price by: a file, a folder, or NAME@VERSION within ./rules.")
@click.option(
    "--server",
    envvar="VPI_SERVER",
    metavar="HOST:PORT",
    help="Price through this server instead; it records the events.",
)
@ruleset_option("Which ruleset; needed where there are several.")
@click.option(
    "--version",
    "number",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Price by this version, whatever the event's time (implies --dry-run).",
)
@click.option("--dry-run", is_flag=True, help="With --server: record nothing.")
@click.option("--explain", is_flag=True, help="Add the steps of each evaluation.")
@click.option(
    "--json", "json_output", is_flag=True, help="The output is JSON lines in any case; accepted for symmetry."
)
def command(
    events: BinaryIO,
    rules: str,
    server: str | None,
    ruleset: str,
    number: int,
    dry_run: bool,
    explain: bool,
    json_output: bool,
) -> None:
    """Price events: JSON lines in (CloudEvents' members; - for standard input), JSON lines out, one an event, in order.

    A refused or malformed event has its place in the output, with `error` and the line's number; the exit code is then
    1. A count of outcomes goes to standard error. Offline, nothing is recorded: every run starts with an empty ledger.

    \b
    Examples:
      vpi evaluate events.jsonl --rules rules --ruleset proptech
      vpi evaluate - --rules rules/proptech/2.vpi < events.jsonl
      vpi evaluate events.jsonl --server localhost:50051 --ruleset proptech --dry-run
    """
    options = Options(number, dry_run or bool(number), explain)
    outcomes: Counter[str] = Counter()

    def emit(results: Results) -> None:
        for result in results:
            outcomes[result.get("outcome") or result["error"]["code"]] += 1
            click.echo(json.dumps(result, ensure_ascii=False))

    if server:
        # gRPC is only imported where a server is asked.
        through = import_module("service.cli.through_server")
        asyncio.run(through.evaluate(server, _batches(events), ruleset, options, emit))
    else:
        _offline(events, rules, ruleset, options, emit)
    total = sum(outcomes.values())
    shown = ", ".join(
        f"{count:,} {outcome.removeprefix('OUTCOME_').lower()}" for outcome, count in outcomes.most_common()
    )
    click.echo(f"{numbered(total, 'event')}: {shown}" if total else "no events", err=True)
    if any(not outcome.startswith("OUTCOME_") for outcome in outcomes):
        sys.exit(FINDINGS)


def _offline(events: BinaryIO, rules: str, ruleset: str, options: Options, emit: Callable[[Results], None]) -> None:
    registry = registry_of(sound_rules((rules,), "rules"))
    evaluator = Evaluator(registry, MemoryLedger(now), None)
    try:
        registry.versions(ruleset)
        if options.version:
            registry.versions(ruleset).number(options.version)
    except ServiceError as error:
        unreadable(sentence(error))
    for batch in _batches(events):
        good = [event for _, event in batch if isinstance(event, Event)]
        answers = iter(evaluator.evaluate(ruleset, good, options))
        results: Results = []
        for number, event in batch:
            if isinstance(event, MalformedEvent):
                results.append(malformed(number, event))
                continue
            answer = next(answers)
            if isinstance(answer, ServiceError):
                results.append({"line": number, **error_as_data(answer, event.source, event.id)})
            else:
                results.append(as_data(answer))
        emit(results)


def malformed(number: int, error: MalformedEvent) -> dict[str, Any]:
    """A line that is no event, as a result."""
    problem = {"code": "MALFORMED_EVENT", "message": str(error), "violations": []}
    return {"line": number, "source": None, "event_id": None, "error": problem}


def read_lines(events: BinaryIO) -> Iterator[Line]:
    """The events of JSON lines, numbered from 1, blank lines left out; a line that is none with its error."""
    number = 0
    while line := events.readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = events.readline(LONGEST_LINE)
            yield number, MalformedEvent(f"the line is longer than {LONGEST_LINE // 2**20} MiB")
            continue
        if not line.strip():
            continue
        try:
            yield number, parse_event(line.rstrip(b"\r\n"))
        except MalformedEvent as error:
            yield number, error


def _batches(events: BinaryIO) -> Iterator[list[Line]]:
    lines = read_lines(events)
    with suppress(KeyboardInterrupt):
        while batch := list(islice(lines, BATCH)):
            yield batch
