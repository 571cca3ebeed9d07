"""`vpi demo`: the service at work, with the shipped rules and events."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from dsl.event import Event
from service.cli.evaluate import read_lines
from service.cli.options import sound_rules
from service.client import Client
from service.evaluator import Evaluator
from service.ledger.memory import MemoryLedger
from service.loading import registry_of
from service.rpc.data import evaluation_as_data
from service.rpc.server import start
from service.shipped import shipped_rules
from service.times import now
from vpi.v1 import evaluation_pb2 as pb

RULESET = "proptech"
BATCH = 1000
Results = Sequence[pb.EvaluateBatchResponse.Result]


@click.command("demo")
def command() -> None:
    """Start a real server on a free port with the shipped rules, send it the shipped events over gRPC, and show what
    counted, what it cost and why.

    \b
    Example:
      vpi demo
    """
    rules = shipped_rules()
    evaluator = Evaluator(registry_of(sound_rules((str(rules),), str(rules))), MemoryLedger(now), now)
    asyncio.run(_demo(evaluator, rules))


async def _demo(evaluator: Evaluator, rules: Path) -> None:
    console = Console(soft_wrap=True, highlight=False)
    running = await start(evaluator, "127.0.0.1:0", now)
    console.print(f"[bold]A server is up at {running.address}[/] with the rules in {_near(rules)}:")
    for name in evaluator.registry.names():
        numbers = [str(version.ruleset.version) for version in evaluator.registry.versions(name).by_number()]
        console.print(f"  {name}, version {' and '.join(numbers)}")
    try:
        async with Client(running.address) as client:
            await _show(console, client, rules)
    finally:
        await running.stop(1.0)
    _what_next(console, rules)


async def _show(console: Console, client: Client, rules: Path) -> None:
    files = sorted((rules / RULESET / "events").glob("*.jsonl"))
    events, unreadable = _read(files)
    console.print(
        f"\nSending it {len(events):,} events of {len(files)} files, {BATCH:,} a call; "
        f"{unreadable} lines are no events at all and stay here."
    )
    results: list[pb.EvaluateBatchResponse.Result] = []
    for first in range(0, len(events), BATCH):
        results += await client.evaluate_batch(events[first : first + BATCH], RULESET)
    _print_samples(console, results)
    _print_bill(console, results)
    await _print_why_not(console, client, events, results)
    await _print_models(console, client, events, results)


def _read(files: Iterable[Path]) -> tuple[list[Event], int]:
    events: list[Event] = []
    unreadable = 0
    for path in files:
        with path.open("rb") as file:
            for _, event in read_lines(file):
                if isinstance(event, Event):
                    events.append(event)
                else:
                    unreadable += 1
    return events, unreadable


def _print_samples(console: Console, results: Results) -> None:
    """One answer of each kind, the first of each interaction and version."""
    console.print("\n[bold]What came back[/], one answer of each kind:\n")
    seen: set[tuple[object, ...]] = set()
    for result in results:
        if result.HasField("error"):
            kind: tuple[object, ...] = (result.error.code,)
            shown = f"[red]refused[/]   {result.error.message}"
        else:
            answer = result.evaluation
            kind = (answer.outcome, answer.interaction, answer.version, answer.duplicate)
            again = " (sent again: its first answer)" if answer.duplicate else ""
            shown = f"{_price(answer):>14}  {answer.reason}{again} [dim]· version {answer.version}[/]"
        if kind not in seen and len(seen) < 16:
            seen.add(kind)
            console.print("  " + shown)


def _price(answer: pb.Evaluation) -> str:
    return f"{answer.price} {answer.currency}" if answer.outcome == pb.OUTCOME_COUNTED else "—"


def _print_bill(console: Console, results: Results) -> None:
    """Per interaction: events, units and money; then what became of the other events."""
    events: Counter[str] = Counter()
    units: Counter[str] = Counter()
    money: dict[str, Decimal] = {}
    others: Counter[str] = Counter()
    for result in results:
        if result.HasField("error"):
            others["refused, or the id was taken"] += 1
        elif result.evaluation.duplicate:
            others["sent again, counted once"] += 1
        elif not result.evaluation.lines:
            name = pb.Outcome.Name(result.evaluation.outcome).removeprefix("OUTCOME_")
            others[name.lower().replace("_", " ")] += 1
        for line in result.evaluation.lines if not result.evaluation.duplicate else ():
            events[line.interaction] += 1
            units[line.interaction] += Decimal(line.units)  # type: ignore[assignment]  # a Counter adds any numbers
            money[line.interaction] = money.get(line.interaction, Decimal(0)) + Decimal(line.price)
    table = Table("interaction", "events", "units", "USD", title="The bill, all customers together")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in sorted(money):
        table.add_row(name, f"{events[name]:,}", f"{units[name]:,}", f"{money[name]:,}")
    table.add_section()
    table.add_row("total", f"{sum(events.values()):,}", "", f"{sum(money.values()):,}")
    console.print()
    console.print(table)
    console.print("and of the others: " + ", ".join(f"{count:,} {what}" for what, count in others.most_common()))


async def _print_why_not(console: Console, client: Client, events: Sequence[Event], results: Results) -> None:
    """One event that did not count, explained."""
    for event, result in zip(events, results, strict=True):
        if result.evaluation.outcome == pb.OUTCOME_NOT_COUNTED:
            answer = await client.evaluate(event, RULESET, dry_run=True, explain=True)
            console.print(f"\n[bold]Why not?[/] Event {event.id} cost nothing. Step by step:\n")
            for step in evaluation_as_data(answer).get("steps", ()):
                _print_step(console, step, 1)
            return


def _print_step(console: Console, step: dict[str, object], depth: int) -> None:
    mark = {"VERDICT_HOLDS": "[green]✓[/]", "VERDICT_FAILS": "[red]✗[/]"}.get(str(step.get("verdict")), "·")
    console.print(f"{'  ' * depth}{mark} {step['text']}")
    steps = step.get("steps")
    for inner in steps if isinstance(steps, list) else ():
        _print_step(console, inner, depth + 1)


async def _print_models(console: Console, client: Client, events: Sequence[Event], results: Results) -> None:
    """The same events under each shipped pricing model: the recorded answers, and dry runs of the others."""
    table = Table("pricing model", "lines billed", "USD", title="The same events under other pricing models")
    for column in table.columns[1:]:
        column.justify = "right"
    # A dry run ignores ids, so that what was sent twice would cost twice: of each id the first goes.
    first_of_id: dict[tuple[object, object], Event] = {}
    for event in events:
        first_of_id.setdefault((event.source, event.id), event)
    models = {RULESET: [result for result in results if not result.evaluation.duplicate]}
    for name in ("member_based", "flat_rate", "tiered"):
        models[name] = list(await client.evaluate_batch(list(first_of_id.values()), name, dry_run=True))
    for name, answers in models.items():
        lines = sum(len(answer.evaluation.lines) for answer in answers)
        total = sum((Decimal(answer.evaluation.price or 0) for answer in answers), Decimal(0))
        table.add_row(name, f"{lines:,}", f"{total:,}")
    console.print()
    console.print(table)


def _what_next(console: Console, rules: Path) -> None:
    near = _near(rules)
    console.print("\n[bold]Try next[/]")
    for what, line in (
        ("read the rules", f"{near}/{RULESET}/2.vpi"),
        ("change a price, and see its examples fail", "vpi test " + near),
        ("serve them", f"vpi serve --rules {near}"),
        (
            "price a file of events",
            f"vpi evaluate {near}/{RULESET}/events/2026-07.jsonl --rules {near} --ruleset {RULESET}",
        ),
        ("ask why", f"vpi explain {near}/{RULESET}/events/2026-07.jsonl --rules {near} --ruleset {RULESET}"),
    ):
        console.print(f"  {what:45}  [cyan]{line}[/]")


def _near(path: Path) -> str:
    """A path as short as it can be written from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
