"""`vpi explain`: why one event costs what it costs, step by step."""

import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

import click

from dsl.event import Event
from service.answers import as_data, error_as_data
from service.cli.evaluate import read_lines
from service.cli.options import (
    FINDINGS,
    as_json,
    print_json,
    rules_option,
    ruleset_option,
    sentence,
    sound_rules,
    unreadable,
)
from service.cli.tables import amount
from service.cloudevents import MalformedEvent
from service.errors import EventRefused, NoVersionInForce, ServiceError
from service.evaluator import Evaluator, Options
from service.ledger.interface import Answer
from service.ledger.memory import MemoryLedger
from service.loading import registry_of
from service.times import now


@click.command("explain")
@click.argument("event", type=click.File("rb"), metavar="EVENT")
@rules_option("The rules to price by: a file, a folder, or NAME@VERSION within ./rules.")
@ruleset_option("Which ruleset; needed where there are several.")
@click.option(
    "--version",
    "number",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Price by this version, whatever the event's time.",
)
@click.option("--id", "event_id", metavar="ID", help="Which event of the file; without it the last one.")
@as_json
def command(event: BinaryIO, rules: str, ruleset: str, number: int, event_id: str | None, json_output: bool) -> None:
    """Show every interaction tried, every condition with the values it read, and the arithmetic of units and price.

    EVENT is a file of JSON lines (- for standard input). The events before the one explained are priced first, so that
    limits, tiers and caps stand where they would.

    \b
    Examples:
      vpi explain event.json --rules rules/proptech/2.vpi
      vpi explain rules/proptech/events/2026-07.jsonl --rules rules --ruleset proptech --id EVENT-ID
    """
    registry = registry_of(sound_rules((rules,), "rules"))
    evaluator = Evaluator(registry, MemoryLedger(now), None)
    before, chosen = _choose(event, event_id)
    try:
        evaluator.evaluate(ruleset, before)
        options = Options(number, True, True)
        answer = evaluator.evaluate(ruleset, [chosen], options)[0]
    except ServiceError as error:
        unreadable(sentence(error))
    if json_output:
        print_json(
            error_as_data(answer, chosen.source, chosen.id) if isinstance(answer, ServiceError) else as_data(answer)
        )
    else:
        _print(answer)
    if isinstance(answer, ServiceError):
        sys.exit(FINDINGS)


def _choose(file: BinaryIO, event_id: str | None) -> tuple[Sequence[Event], Event]:
    """The events before the one to explain, and that one."""
    before: list[Event] = []
    malformed: list[str] = []
    for number, event in read_lines(file):
        if isinstance(event, MalformedEvent):
            malformed.append(f"line {number}: {event}")
        else:
            before.append(event)
            if event_id is not None and event.id == event_id:
                break
    else:
        if event_id is not None:
            unreadable(f"no event with the id {event_id} in {_name(file)}")
    if malformed and not before:
        unreadable(malformed[0])
    for problem in malformed:
        click.echo(f"vpi: {problem} (left out)", err=True)
    if not before:
        unreadable(f"no event in {_name(file)}")
    return before[:-1], before[-1]


def _name(file: BinaryIO) -> str:
    name = getattr(file, "name", "-")
    return "standard input" if name in ("-", "<stdin>") else str(name)


def _print(answer: Answer) -> None:
    if isinstance(answer, EventRefused):
        click.echo("refused:")
        for violation in answer.violations:
            click.echo(f"  {violation.field}: {violation.description}")
        return
    if isinstance(answer, ServiceError):
        hint = ". With `--version N` it is priced whatever its time" if isinstance(answer, NoVersionInForce) else ""
        click.echo(f"{answer}{hint}")
        return
    data = as_data(answer)
    click.echo(f"{data['ruleset']} version {data['version']}: {data['reason']}")
    for line in data["lines"]:
        price = f"{amount(line['price'], data['currency'])} {data['currency']}"
        click.echo(f"  {line['interaction']}: {line['units']} {line['noun']}, {price}")
    for warning in data["warnings"]:
        click.echo(f"  warning: {warning}")
    click.echo()
    _print_steps(data.get("steps", ()), 0)


def _print_steps(steps: Sequence[dict[str, Any]], depth: int) -> None:
    for step in steps:
        mark, colour = {"VERDICT_HOLDS": ("✓", "green"), "VERDICT_FAILS": ("✗", "red")}.get(
            step.get("verdict", ""), ("·", "blue")
        )
        click.echo(f"{'  ' * depth}{click.style(mark, fg=colour)} {step['text']}")
        _print_steps(step.get("steps", ()), depth + 1)
