"""What `vpi replay` shows on a terminal: a headline, totals, interactions, customers, some events with their why."""

from collections.abc import Sequence

import click

from service.cli.options import numbered
from service.cli.tables import print_table
from service.replay.comparison import Comparison, Customer, Pair
from service.replay.results import Replay
from service.replay.samples import Sample, Why
from service.replay.words import change, headline, money, number, pair_headline, units

_CUSTOMERS = 20
_HIT = 5
_SAMPLES = 5


def print_replay(replay: Replay) -> None:
    """Everything, the most important first."""
    comparison = replay.comparison
    click.echo(click.style(headline(comparison), bold=True))
    click.echo()
    _totals(comparison)
    if replay.voids:
        voided = numbered(replay.voids, "evaluation")
        click.echo(f"\n{voided} had been taken back; here they are priced as if they had not been.")
    if len(comparison.sides) > 2 or not comparison.pairs:
        _customers(comparison)
    for pair, samples in zip(comparison.pairs, replay.samples, strict=True):
        if len(comparison.pairs) > 1:
            click.echo(f"\n{click.style(pair_headline(comparison, pair), bold=True)}")
        if pair.differing["any"]:
            _pair(comparison, pair, samples)


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
        f"\n{numbered(counts['any'], 'event')} of {comparison.events:,} differ: {counts['outcome']:,} in outcome, "
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
    click.echo(f"  {event.type} {event.id} of {event.subject} (differs in {', '.join(sample.kinds)})")
    reasons = [[why.reason, *_arithmetic(why)] for why in sample.whys]
    if reasons[0][0] != reasons[1][0]:
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
