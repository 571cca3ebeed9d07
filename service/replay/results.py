"""A replay as plain data: the one stable shape of `vpi replay --json`.

    headline, events, order, engine, currency, timezone
    sides        label, ruleset, versions, fixed_version (0: by the event's time), recorded, outcomes, counted, money
    customers    count, listed: subject, events and money, one a side in the order of `sides`
    timeline     unit (day, week, month, year), bins: start (a date), money, one a side
    comparisons  headline, before, after (labels), differing (any, outcome, lines, units, price), interactions,
                 customers (more, less, same, dearer, cheaper), spread, samples
    broken       file, row (0: the whole file), reason: the first hundred of `broken_count`
    left_out     rows that were skipped, files that were not read to their end (`unread`)
    voids        what a ledger took back: each is priced in its turn, as VOIDED among the outcomes and differences, and
                 goes off `counted`, customers, interactions and the timeline
    refused      of a ledger's refused events: `included`; left out are those `recorded_later` under the same id, and
                 those that came more than 24 hours ahead of their time (`ahead_of_time`)
    expected     only with `--expect`: see `expected.as_data`

Units and money are decimal strings, exact; a change is after minus before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dsl.evaluation import Step
from dsl.numbers import format_money, format_units
from dsl.to_sql import Order
from service.answers import event_as_data, version_as_data
from service.replay import expected
from service.replay.batches import Broken
from service.replay.comparison import Comparison, Customer, Pair
from service.replay.expected import Met
from service.replay.samples import Sample, Why
from service.replay.sides import AnyEngine
from service.replay.words import headline, pair_headline


@dataclass(frozen=True)
class Replay:
    """Everything that a replay found: `samples` has those of each pair, `read` what was read, as it was named.

    `broken` are the first of `places` that could not be read, `skipped` and `unread` their rows and files. `refused`
    says of a ledger's refused events how many are included, how many were recorded later or came ahead of their time.
    """

    comparison: Comparison
    samples: tuple[tuple[Sample, ...], ...]
    order: Order
    engine: AnyEngine
    read: tuple[str, ...]
    broken: Sequence[Broken] = field(default=())
    places: int = 0
    skipped: int = 0
    unread: int = 0
    refused: tuple[int, int, int] = (0, 0, 0)
    met: Met | None = None


def as_data(replay: Replay) -> dict[str, Any]:
    """A replay in the shape above."""
    comparison = replay.comparison
    return {
        "headline": headline(comparison),
        "events": comparison.events,
        "order": replay.order,
        "engine": replay.engine,
        "currency": comparison.currency,
        "timezone": comparison.zone,
        "sides": [
            {
                "label": side.label,
                "ruleset": side.versions.name,
                "versions": [version_as_data(version) for version in side.rules],
                "fixed_version": side.version,
                "recorded": side.recorded,
                "outcomes": total.outcomes,
                "counted": total.counted,
                "money": format_money(total.money),
            }
            for side, total in zip(comparison.sides, comparison.totals, strict=True)
        ],
        "customers": {
            "count": comparison.customer_count,
            "listed": [
                {"subject": one.subject, "events": list(one.events), "money": [format_money(m) for m in one.money]}
                for one in comparison.customers
            ],
        },
        "timeline": {
            "unit": comparison.unit,
            "bins": [
                {"start": one.start.isoformat(), "money": [format_money(m) for m in one.money]}
                for one in comparison.timeline
            ],
        },
        "comparisons": [
            _pair(comparison, pair, samples) for pair, samples in zip(comparison.pairs, replay.samples, strict=True)
        ],
        "broken": [{"file": one.file, "row": one.row, "reason": one.reason} for one in replay.broken],
        "broken_count": replay.places,
        "left_out": {"rows": replay.skipped, "unread": replay.unread},
        "voids": comparison.voids,
        "refused": dict(zip(("included", "recorded_later", "ahead_of_time"), replay.refused, strict=True)),
    } | ({"expected": expected.as_data(replay.met)} if replay.met else {})


def _pair(comparison: Comparison, pair: Pair, samples: Sequence[Sample]) -> dict[str, Any]:
    return {
        "headline": pair_headline(comparison, pair),
        "before": comparison.sides[pair.before].label,
        "after": comparison.sides[0].label,
        "differing": pair.differing,
        "interactions": [
            {
                "interaction": used.interaction,
                "events": {
                    "before": used.events[0],
                    "after": used.events[1],
                    "change": used.events[1] - used.events[0],
                },
                "units": _amounts(used.units, format_units),
                "money": _amounts(used.money, format_money),
            }
            for used in pair.interactions
        ],
        "customers": {
            "more": pair.more,
            "less": pair.less,
            "same": pair.same,
            "dearer": [_customer(one) for one in pair.dearer],
            "cheaper": [_customer(one) for one in pair.cheaper],
        },
        "spread": [{"change": name, "customers": count} for name, count in pair.spread],
        "samples": [
            {
                "sequence": sample.seq,
                "event": event_as_data(sample.event),
                "differs_in": list(sample.kinds),
                "before": _why(sample.whys[0]),
                "after": _why(sample.whys[1]),
            }
            for sample in samples
        ],
    }


def _amounts(both: tuple[int, int], form: Any) -> dict[str, str]:
    return {"before": form(both[0]), "after": form(both[1]), "change": form(both[1] - both[0])}


def _customer(one: Customer) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "events": {"before": one.events[0], "after": one.events[1]},
        "money": _amounts((one.money[0], one.money[1]), format_money),
    }


def _why(why: Why) -> dict[str, Any]:
    return {
        "outcome": why.outcome.name,
        "version": why.version,
        "interaction": why.interaction,
        "units": format_units(why.units),
        "price": format_money(why.price),
        "lines": [
            {"interaction": name, "units": format_units(units), "price": format_money(price)}
            for name, units, price in why.lines
        ],
        "reason": why.reason,
        "steps": [_step(step) for step in why.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {"text": step.text, "holds": step.verdict, "steps": [_step(inner) for inner in step.steps]}
