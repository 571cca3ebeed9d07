"""What `vpi replay` shows on a terminal: a headline, totals, interactions, customers, some events with their why."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from dsl.to_sql import Outcome
from service.cli.options import numbered
from service.cli.tables import print_table
from service.replay.comparison import Comparison, Customer, Pair
from service.replay.expected import Difference, Met
from service.replay.results import Replay
from service.replay.samples import Sample, Why
from service.replay.words import change, headline, kinds, money, notes, number, of_all, pair_headline, units

_CUSTOMERS = 20
_HIT = 5
_SAMPLES = 5


def print_replay(replay: Replay) -> None:
    """Everything, the most important first."""
    comparison = replay.comparison
    click.echo(click.style(headline(comparison), bold=True))
    click.echo()
    _totals(comparison)
    for place, note in enumerate(notes(comparison.voids, replay.refused)):
        click.echo(note if place else f"\n{note}")
    if comparison.customers and (len(comparison.sides) > 2 or not comparison.pairs):
        _customers(comparison)
    for pair, samples in zip(comparison.pairs, replay.samples, strict=True):
        if len(comparison.pairs) > 1:
            click.echo(f"\n{click.style(pair_headline(comparison, pair), bold=True)}")
        if pair.differing["any"]:
            _pair(comparison, pair, samples)
    if replay.met is not None:
        _met(replay.met, comparison.currency)


def _totals(comparison: Comparison) -> None:
    rows = [
        [
            side.label,
            f"{total.counted:,}",
            f"{total.outcomes.get('LIMITED', 0):,}",
            f"{sum(total.outcomes.get(name, 0) for name in ('REFUSED', 'CONFLICT', 'NOT_IN_FORCE')):,}",
            money(total.money, comparison.currency),
        ]
        for side, total in zip(comparison.sides, comparison.totals, strict=True)
    ]
    print_table(("rules", "counted", "limited", "refused", "money"), rows, frozenset({1, 2, 3, 4}))


def _customers(comparison: Comparison) -> None:
    shown = comparison.customers[:_CUSTOMERS]
    click.echo(f"\ncustomers, in {comparison.currency}, those who pay most first")
    labels = [side.label for side in comparison.sides]
    rows = [[one.subject, *(number(amount, 2) for amount in one.money)] for one in shown]
    print_table(("customer", *labels), rows, frozenset(range(1, len(labels) + 1)))
    if comparison.customer_count > len(shown):
        click.echo(f"and {numbered(comparison.customer_count - len(shown), 'more customer')}")


def _pair(comparison: Comparison, pair: Pair, samples: Sequence[Sample]) -> None:
    before, after = comparison.sides[pair.before].label, comparison.sides[0].label
    counts = pair.differing
    click.echo(
        f"\n{of_all(counts['any'], comparison)} differ: {counts['outcome']:,} in outcome, "
        f"{counts['lines']:,} in what counts, {counts['units']:,} in units, {counts['price']:,} in price\n"
    )
    rows = [
        [
            used.interaction,
            f"{used.events[0]:,}",
            f"{used.events[1]:,}",
            units(used.units[0]),
            units(used.units[1]),
            number(used.money[0], 2),
            number(used.money[1], 2),
            change(used.money[1] - used.money[0], comparison.currency),
        ]
        for used in pair.interactions
    ]
    headings = ("interaction", f"events {before}", after, f"units {before}", after, f"money {before}", after, "change")
    print_table(headings, rows, frozenset(range(1, 8)))
    for title, hit in (("pay more", pair.dearer), ("pay less", pair.cheaper)):
        if hit:
            count = pair.more if hit is pair.dearer else pair.less
            click.echo(f"\n{numbered(count, 'customer')} {title}" + (", the hardest hit:" if count > _HIT else ":"))
            _hit(comparison, hit[:_HIT], before, after)
    if samples:
        click.echo("\nfor example" + (" (more of them in --report and --json)" if len(samples) > _SAMPLES else ""))
        for sample in samples[:_SAMPLES]:
            _sample(sample, before, after, comparison.currency)


def _hit(comparison: Comparison, hit: Sequence[Customer], before: str, after: str) -> None:
    rows = [
        [
            one.subject,
            number(one.money[0], 2),
            number(one.money[1], 2),
            change(one.money[1] - one.money[0], comparison.currency),
        ]
        for one in hit
    ]
    print_table(("customer", before, after, "change"), rows, frozenset({1, 2, 3}))


def _sample(sample: Sample, before: str, after: str, currency: str) -> None:
    event = sample.event
    click.echo(f"  {event.type} {event.id} of {event.subject} (differs in {kinds(sample.kinds)})")
    reasons = [[why.reason, *_arithmetic(why)] for why in sample.whys]
    before_that, after_that = ([name for name, _, _ in why.lines] for why in sample.whys)
    if before_that != after_that:
        # Why it counts, or not, says it all.
        reasons = [reason[:1] for reason in reasons]
    for label, why, reason, other in zip((before, after), sample.whys, reasons, reasons[::-1], strict=True):
        told = [reason[0], *(sentence for sentence in reason[1:] if sentence not in other)]
        click.echo(f"    {label}: {_cost(why, currency)}: {'; '.join(told)}")


def _arithmetic(why: Why) -> list[str]:
    """The steps that compute, which are no conditions; the last only says the sum again."""
    found = [step.text for top in why.steps for step in top.steps if step.verdict is None]
    return found[:-1]


def _cost(why: Why, currency: str) -> str:
    return f"{units(why.units)} × {why.interaction}, {money(why.price, currency)}" if why.lines else "nothing"


def _met(met: Met, currency: str) -> None:
    """How the file of what is expected was met, or that it was written."""
    click.echo()
    if met.written:
        held = f"; {_differ(met.differing)} from what it held before" if met.differs else ""
        click.echo(f"{met.file} is written{held}")
        return
    if not met.differs:
        click.echo(f"{met.file}: everything is as expected")
        return
    click.echo(click.style(f"{met.file}: {_differ(met.differing)} from what is expected", bold=True))
    for total in met.totals:
        click.echo(f"  {total}")
    for one in met.first:
        click.echo(f"  {_named(one)}")
        click.echo(f"    expected: {_answer(one.expected, one.came, currency)}")
        came = "no such event in the history" if one.came is None else _answer(one.came, one.expected, currency)
        click.echo(f"    came: {came}{f': {one.reason}' if one.reason else ''}")
    if met.differing > len(met.first):
        click.echo(f"  and {numbered(met.differing - len(met.first), 'more event')}")


def _differ(events: int) -> str:
    return f"{numbered(events, 'event')} {'differs' if events == 1 else 'differ'}" if events else "totals differ"


def _named(one: Difference) -> str:
    answer = one.came or one.expected or {}
    again = f" ({one.again}. with this id)" if one.again > 1 else ""
    return f"{answer.get('type') or 'event'} {one.event} of {answer.get('customer')}{again}"


def _answer(answer: Mapping[str, Any] | None, other: Mapping[str, Any] | None, currency: str) -> str:
    """What was expected of an event or came, in the file's own numbers; what tells it from the other is named."""
    if answer is None or answer["outcome"] == Outcome.NOT_COUNTED.name:
        return "nothing"
    parts = []
    if "interaction" in answer:
        parts.append(f"{answer['units']} × {answer['interaction']}, {currency} {answer['price']}")
    parts += [f"also {one}" for one in answer.get("also", ())]
    if answer["outcome"] != Outcome.COUNTED.name:
        parts.insert(0, answer["outcome"])
    parts += [
        f"{name} {answer.get(name)}" for name in ("type", "customer") if other and other.get(name) != answer.get(name)
    ]
    return ", ".join(parts)
