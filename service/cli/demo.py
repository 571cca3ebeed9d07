"""`vpi demo`: the service at work, with the shipped rules and events."""

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from dsl.currencies import DIGITS
from dsl.event import Event
from service.access import GroupCommit
from service.cli.evaluate import read_lines
from service.cli.options import as_json, print_json, sound_rules
from service.client import Client
from service.evaluator import Evaluator
from service.ledger.sqlite import SqliteLedger
from service.publishing import evaluator_of, publish_files
from service.rpc.data import evaluation_as_data
from service.rpc.server import Running, start
from service.shipped import shipped_rules
from service.times import now
from vpi.v1 import evaluation_pb2 as pb

RULESET = "proptech"
REFUSED = {
    3: "refused: it does not fit its declaration",
    6: "refused: its id was taken by another",
    9: "refused: no version was in force at its time",
}
"""By status code: INVALID_ARGUMENT, ALREADY_EXISTS, FAILED_PRECONDITION."""
BATCH = 1000
CUSTOMER, MONTH = "northgate-realty", "2026-07"
Results = Sequence[pb.EvaluateBatchResponse.Result]


MODELS = ("member_based", "flat_rate", "tiered")
"""The other pricing models that ship."""


@click.command("demo")
@as_json
def command(json_output: bool) -> None:
    """Start a real server on a free port with the shipped rules, send it the shipped events over gRPC, and show what
    counted, what it cost and why.

    \b
    Examples:
      vpi demo
      vpi demo --json
    """
    rules = shipped_rules()
    with TemporaryDirectory() as folder, closing(SqliteLedger(Path(folder) / "ledger.db", now)) as ledger:
        publish_files(ledger, sound_rules((str(rules),), str(rules)), now)
        evaluator = evaluator_of(ledger, now)
        asyncio.run(_demo_as_data(evaluator, rules) if json_output else _demo(evaluator, rules))


@asynccontextmanager
async def _server(evaluator: Evaluator) -> AsyncIterator[Running]:
    access = GroupCommit(evaluator.ledger)
    running = await start(evaluator, "127.0.0.1:0", now, access)
    try:
        yield running
    finally:
        await running.stop(1.0)
        await access.close()


async def _demo_as_data(evaluator: Evaluator, rules: Path) -> None:
    """The same calls, and what came of them as one document."""
    async with _server(evaluator) as running, Client(running.address) as client:
        events, unreadable = _read(_event_files(rules))
        results = await _send(client, events)
        bill, others = _bill(results), _others(results)
        models = {name: _totals(found) for name, found in (await _models(client, events, results)).items()}
    print_json(
        {
            "rulesets": {name: evaluator.registry.versions(name).latest.ruleset.version for name in models},
            "events": len(events),
            "unreadable": unreadable,
            "currency": "USD",
            "bill": [
                {"interaction": name, "events": count, "units": _plain(units), "price": _plain(price)}
                for name, (count, units, price) in sorted(bill.items())
            ],
            "unbilled": dict(others.most_common()),
            "models": [{"ruleset": name, "lines": lines, "price": _plain(p)} for name, (lines, p) in models.items()],
        }
    )


def _plain(amount: Decimal) -> str:
    """An amount as the interface writes it, without trailing zeros."""
    return f"{amount.normalize():f}"


async def _demo(evaluator: Evaluator, rules: Path) -> None:
    console = Console(highlight=False)
    async with _server(evaluator) as running, Client(running.address) as client:
        console.print(f"[bold]A server is up at {running.address}[/] with the rules in {_near(rules)}:", soft_wrap=True)
        for name in evaluator.registry.names():
            numbers = [str(version.ruleset.version) for version in evaluator.registry.versions(name).by_number()]
            console.print(f"  {name}, version{'s' * (len(numbers) > 1)} {' and '.join(numbers)}")
        await _show(console, client, rules)
    _what_next(console, rules)


async def _show(console: Console, client: Client, rules: Path) -> None:
    files = _event_files(rules)
    events, unreadable = _read(files)
    console.print(
        f"\nSending it {len(events):,} events of {len(files)} files, {BATCH:,} a call; "
        f"{unreadable} lines are no events at all and stay here."
    )
    results = await _send(client, events)
    _print_samples(console, results)
    _print_bill(console, results)
    await _print_why_not(console, client, events, results)
    await _print_usage(console, client)
    await _print_models(console, client, events, results)


def _event_files(rules: Path) -> list[Path]:
    return sorted((rules / RULESET / "events").glob("*.jsonl"))


async def _send(client: Client, events: Sequence[Event]) -> Results:
    results: list[pb.EvaluateBatchResponse.Result] = []
    for first in range(0, len(events), BATCH):
        results += await client.evaluate_batch(events[first : first + BATCH], RULESET)
    return results


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
    """One answer of each kind: each interaction under each version, then each other outcome, then what was refused."""
    samples: dict[tuple[object, ...], pb.EvaluateBatchResponse.Result] = {}
    for result in results:
        kind = _kind(result)
        if kind not in samples or (_is_free(samples[kind]) and not _is_free(result)):
            samples[kind] = result
    console.print("\n[bold]What came back[/], one answer of each kind:\n")
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for _, result in sorted(samples.items()):
        if result.HasField("error"):
            table.add_row("[red]refused[/]", escape(result.error.message))
        else:
            answer = result.evaluation
            again = " (sent again: this is its first answer)" if answer.duplicate else ""
            table.add_row(_price(answer), f"{escape(answer.reason)}{again} [dim]· version {answer.version}[/]")
    console.print(Padding.indent(table, 2))


def _is_free(result: pb.EvaluateBatchResponse.Result) -> bool:
    return not Decimal(result.evaluation.price or 0)


def _kind(result: pb.EvaluateBatchResponse.Result) -> tuple[int, int, str, int]:
    """What makes two answers of one kind; kinds sort in the order in which they are shown."""
    if result.HasField("error"):
        return (2, result.error.code, "", 0)
    answer = result.evaluation
    if answer.duplicate:
        return (1, 100, "", 0)
    if answer.outcome == pb.OUTCOME_COUNTED:
        return (0, 0, answer.interaction, answer.version)
    return (1, answer.outcome, "", 0)


def _price(answer: pb.Evaluation) -> str:
    if answer.outcome != pb.OUTCOME_COUNTED:
        return "—"
    return f"{_money(Decimal(answer.price), answer.currency)} {answer.currency}"


def _money(amount: Decimal, currency: str = "USD") -> str:
    """An amount with at least the places of its currency, and every one that it has beyond them."""
    places = max(DIGITS[currency], -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{places}f}"


def _print_bill(console: Console, results: Results) -> None:
    """Per interaction: events, units and money; then what became of the other events."""
    bill = _bill(results)
    table = _table("The bill, all customers together", "interaction", "events", "units", "USD")
    for name, (count, units, price) in sorted(bill.items()):
        table.add_row(name, f"{count:,}", f"{units:,}", _money(price))
    table.add_section()
    total = sum((price for _, _, price in bill.values()), Decimal(0))
    table.add_row("total", f"{sum(count for count, _, _ in bill.values()):,}", "", _money(total))
    console.print()
    console.print(table)
    table = _table("What is on no bill", "because", "events")
    for what, count in _others(results).most_common():
        table.add_row(what, f"{count:,}")
    console.print(table)


def _bill(results: Results) -> dict[str, tuple[int, Decimal, Decimal]]:
    """By interaction: events, units and money."""
    bill: dict[str, tuple[int, Decimal, Decimal]] = {}
    for result in results:
        for line in () if result.evaluation.duplicate else result.evaluation.lines:
            count, units, price = bill.get(line.interaction, (0, Decimal(0), Decimal(0)))
            bill[line.interaction] = (count + 1, units + Decimal(line.units), price + Decimal(line.price))
    return bill


def _others(results: Results) -> Counter[str]:
    """Why events are on no bill, and how many."""
    return Counter(_other(result) for result in results if result.evaluation.duplicate or not result.evaluation.lines)


def _other(result: pb.EvaluateBatchResponse.Result) -> str:
    """Why an event is on no bill."""
    if result.HasField("error"):
        return REFUSED[result.error.code]
    if result.evaluation.duplicate:
        return "sent again: counted once"
    return {
        pb.OUTCOME_NOT_COUNTED: "no interaction counts it",
        pb.OUTCOME_LIMITED: "a limit was reached",
        pb.OUTCOME_UNKNOWN_EVENT: "no such event is declared",
    }[result.evaluation.outcome]


def _table(title: str, first: str, *numbers: str) -> Table:
    """A table of names and numbers."""
    table = Table(first, title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


async def _print_why_not(console: Console, client: Client, events: Sequence[Event], results: Results) -> None:
    """One event that did not count, explained."""
    for event, result in zip(events, results, strict=True):
        if result.evaluation.outcome == pb.OUTCOME_NOT_COUNTED:
            answer = await client.evaluate(event, RULESET, dry_run=True, explain=True)
            console.print(f"[bold]Why not?[/] Event {event.id} cost nothing. Step by step:\n", soft_wrap=True)
            for step in evaluation_as_data(answer).get("steps", ()):
                _print_step(console, step, 1)
            return


def _print_step(console: Console, step: dict[str, object], depth: int) -> None:
    mark = {"VERDICT_HOLDS": "[green]✓[/]", "VERDICT_FAILS": "[red]✗[/]"}.get(str(step.get("verdict")), "·")
    console.print(f"{'  ' * depth}{mark} {escape(str(step['text']))}")
    steps = step.get("steps")
    for inner in steps if isinstance(steps, list) else ():
        _print_step(console, inner, depth + 1)


async def _print_usage(console: Console, client: Client) -> None:
    """What one customer used in a month, as the ledger has it."""
    usage = await client.get_usage(CUSTOMER, RULESET, MONTH)
    title = f"{CUSTOMER} in {MONTH}"
    table = _table(title, "interaction", "events", "units", usage.currency)
    for used in usage.interactions:
        price = _money(Decimal(used.price), usage.currency)
        table.add_row(used.interaction, f"{used.events:,}", f"{Decimal(used.units):,}", price)
    table.add_section()
    table.add_row("total", "", "", _money(Decimal(usage.price), usage.currency))
    console.print()
    console.print(table)


async def _print_models(console: Console, client: Client, events: Sequence[Event], results: Results) -> None:
    """The same events under each shipped pricing model."""
    table = _table("The same events under other pricing models", "pricing model", "lines billed", "USD")
    for name, answers in (await _models(client, events, results)).items():
        lines, total = _totals(answers)
        table.add_row(name, f"{lines:,}", _money(total))
    console.print()
    console.print(table)


async def _models(client: Client, events: Sequence[Event], results: Results) -> dict[str, Results]:
    """The recorded answers, and dry runs of the other models."""
    # A dry run ignores ids, so that what was sent twice would cost twice: of each id the first that was taken goes.
    first_of_id: dict[tuple[object, object], Event] = {}
    for event, result in zip(events, results, strict=True):
        if not result.HasField("error"):
            first_of_id.setdefault((event.source, event.id), event)
    models: dict[str, Results] = {RULESET: [result for result in results if not result.evaluation.duplicate]}
    for name in MODELS:
        models[name] = await client.evaluate_batch(list(first_of_id.values()), name, dry_run=True)
    return models


def _totals(results: Results) -> tuple[int, Decimal]:
    """How many lines are billed, and what they come to."""
    lines = sum(len(result.evaluation.lines) for result in results)
    return lines, sum((Decimal(result.evaluation.price or 0) for result in results), Decimal(0))


def _what_next(console: Console, rules: Path) -> None:
    near = _near(rules)
    program = Path(sys.argv[0]).absolute()
    vpi = _near(program) if program.name == "vpi" and not shutil.which("vpi") else "vpi"
    console.print("\n[bold]Try next[/]")
    for what, line in (
        ("read the rules", f"{near}/{RULESET}/2.vpi"),
        ("change a price, and see its examples fail", f"{vpi} test {near}"),
        ("serve them", f"{vpi} serve --rules {near}"),
        (
            "price a file of events",
            f"{vpi} evaluate {near}/{RULESET}/events/2026-07.jsonl --rules {near} --ruleset {RULESET}",
        ),
        ("ask why", f"{vpi} explain {near}/{RULESET}/events/2026-07.jsonl --rules {near} --ruleset {RULESET}"),
    ):
        console.print(f"  {what}\n    [cyan]{escape(line)}[/]", soft_wrap=True)


def _near(path: Path) -> str:
    """A path as short as it can be written from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
