"""What a ruleset means: slow, short and obvious; every back end is tested against it.

One event goes through the interactions in file order. Each gives a line, or no room, or nothing. Counters are read here
and never written: how a line moves them is part of the answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from dsl import curve, wording
from dsl.acceptance import accept, unknown
from dsl.core import (
    MONEY,
    MOST_TOTAL,
    MOST_UNITS,
    UNIT,
    Basis,
    ByPrice,
    Case,
    ComputedPrice,
    CountsLine,
    EventType,
    Interaction,
    Limit,
    PercentagePrice,
    Read,
    Ruleset,
    SimplePrice,
    UnitPrice,
    Value,
)
from dsl.evaluation import Change, Counters, Evaluation, Line, Outcome, Refusal
from dsl.event import Event
from dsl.numbers import divide_half_even
from dsl.tracing import Trace
from dsl.values import Facts, holds, number_of, value_of
from dsl.zones import zone_named


@dataclass(frozen=True, slots=True)
class _Counted:
    """A line, the changes that go with it, and why it counted."""

    interaction: Interaction
    line: Line
    changes: tuple[Change, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class _WithoutRoom:
    """An interaction that matched and whose limit is used up; the changes only say what the limits' counters were."""

    interaction: Interaction
    changes: tuple[Change, ...]
    reason: str


def evaluate(ruleset: Ruleset, event: Event, counters: Counters, explain: bool = False) -> Evaluation | Refusal:
    """The answer for one event: what counted, its price and why, and how it moves the counters; never an exception.

    With `explain` the answer has `steps`.
    """
    declared = next((e for e in ruleset.events if e.outside == event.type), None)
    if declared is None:
        return unknown(tuple(e.outside for e in ruleset.events), event)
    accepted = accept(declared, event)
    if isinstance(accepted, Refusal):
        return accepted
    built_ins: dict[str, Value] = {name: str(getattr(event, name)) for name in ("id", "source", "type", "subject")}
    facts = Facts(accepted.values, built_ins | {"time": accepted.time}, zone_named(ruleset.zone))
    trace = Trace(explain, facts)
    results: list[_Counted | _WithoutRoom] = []
    unmatched: list[Interaction] = []
    main_decided = False
    for interaction in ruleset.interactions:
        lines = [line for line in interaction.counts if declared.name in line.events]
        if not lines:
            continue
        if main_decided and not interaction.also:
            trace.passed_over(interaction)
            continue
        line = _matching(lines, facts)
        trace.tried(interaction, declared, lines, line)
        if line is None:
            unmatched.append(interaction)
            continue
        main_decided = main_decided or not interaction.also
        result = _count(interaction, line, declared, facts, counters, trace)
        if isinstance(result, Refusal):
            return result
        results.append(result)
    answer = _answer(declared, results, unmatched, facts)
    answer.warnings, answer.steps = accepted.warnings, trace.steps()
    return answer


def _matching(lines: Iterable[CountsLine], facts: Facts) -> CountsLine | None:
    return next((line for line in lines if line.condition is None or holds(line.condition, facts)), None)


# ── the answer as a whole ───────────────────────────────────────────────────


def _answer(
    event: EventType, results: Sequence[_Counted | _WithoutRoom], unmatched: Sequence[Interaction], facts: Facts
) -> Evaluation:
    counted = [result for result in results if isinstance(result, _Counted)]
    limited = [result for result in results if isinstance(result, _WithoutRoom)]
    if results:
        main = next((i for i, result in enumerate(counted) if not result.interaction.also), 0) if counted else -1
        main_first = [*counted[main : main + 1], *counted[:main], *counted[main + 1 :]] if counted else []
        return Evaluation(
            Outcome.COUNTED if counted else Outcome.LIMITED,
            tuple(result.line for result in counted),
            main,
            wording.merged([result.reason for result in main_first], [result.reason for result in limited]),
            changes=tuple(change for result in results for change in result.changes),
            limited_by=limited[0].interaction.name if limited else "",
        )
    named = [_why_not(event, interaction, facts) for interaction in unmatched[: wording.MOST_TRIED]]
    reason = _plain(wording.not_counted(event, named, len(unmatched) - len(named)))
    return Evaluation(Outcome.NOT_COUNTED, (), -1, reason)


def _plain(template: wording.Template) -> str:
    return "".join(map(str, template))


def _why_not(event: EventType, interaction: Interaction, facts: Facts) -> wording.Template:
    conditions = [line.condition for line in interaction.counts if event.name in line.events]
    why = wording.Some(tuple(wording.normal(condition) for condition in conditions if condition is not None))
    whole = why.parts[0] if len(why.parts) == 1 else why
    trace = Trace(False, facts)
    fact, need, _ = wording.unmet_text(whole, trace.part_holds, trace.fill)
    return wording.needs(interaction, (fact,), (need,))


# ── one interaction ─────────────────────────────────────────────────────────


def _count(
    interaction: Interaction, line: CountsLine, event: EventType, facts: Facts, counters: Counters, trace: Trace
) -> _Counted | _WithoutRoom | Refusal:
    changes: dict[tuple[object, ...], Change] = {}
    for limit in interaction.limits:
        change = _limit_change(interaction, limit, facts, counters)
        changes[change.key] = change
        trace.limit(limit, change.before)
        if change.before >= limit.count:
            without = wording.without_room(interaction, limit, (str(change.before),))
            read = tuple(replace(known, delta=0) for known in changes.values())
            return _WithoutRoom(interaction, read, _plain(wording.limited(without)))
    units = _units(interaction, line, facts)
    trace.units(interaction, line, units)
    if units > MOST_UNITS:
        return wording.refused_units(interaction.name)
    price, case = _chosen(interaction, facts)
    trace.case(interaction, case)
    amount, total = _price(interaction, price, case, units, facts, counters, trace)
    if total is not None:
        if total.before + units > MOST_TOTAL:
            return wording.refused_total(interaction.name)
        changes[total.key] = total
    amount = _adjusted(interaction, amount, facts, trace)
    amount, capped = _capped(interaction, amount, facts, counters, trace)
    changes |= {change.key: change for change in capped}
    trace.priced(interaction, units, amount)
    because = wording.every_event(event)
    if line.condition is not None:
        because = wording.met_text(wording.normal(line.condition), trace.part_holds, trace.fill)
    counted = Line(interaction.name, units, interaction.noun, amount)
    return _Counted(interaction, counted, tuple(changes.values()), _plain(wording.counted(interaction, (because,))))


def _group(basis: Basis, facts: Facts) -> tuple[str, int, list[Value]]:
    """The customer, the period's number and the keys' values: what a counter's key ends in."""
    values = _values(curve.ordered_keys(basis), facts)
    return str(facts.built_ins["subject"]), facts.zone.period(basis.period, facts.time), values


def _values(reads: Iterable[Read], facts: Facts) -> list[Value]:
    values = [facts.at_rest(read) for read in reads]
    return [value for value in values if value is not None]


def _limit_change(interaction: Interaction, limit: Limit, facts: Facts, counters: Counters) -> Change:
    key = curve.limit_key(interaction, limit, *_group(limit.basis, facts))
    return Change(key, counters.get(key, 0), 1)


def _units(interaction: Interaction, line: CountsLine, facts: Facts) -> int:
    expression = line.units or interaction.units
    if expression is None:
        return UNIT
    exact = max(number_of(expression, facts), Fraction(0)) * UNIT
    return divide_half_even(exact.numerator, exact.denominator)


def _chosen(interaction: Interaction, facts: Facts) -> tuple[SimplePrice, Case | None]:
    price = interaction.price
    if not isinstance(price, ByPrice):
        return price, None
    values = tuple(_values(price.attributes, facts))
    for case in price.cases:
        if case.values == values:
            return case.price, case
    assert price.otherwise is not None
    return price.otherwise, None


# ── the price ───────────────────────────────────────────────────────────────


def _price(
    interaction: Interaction,
    price: SimplePrice,
    case: Case | None,
    units: int,
    facts: Facts,
    counters: Counters,
    trace: Trace,
) -> tuple[int, Change | None]:
    """The price before adjustments and caps, and the change of the running total where there is one."""
    match price:
        case UnitPrice(basis=None):
            amount = curve.amount(price.curve, units)
            trace.tiers(interaction, price.curve, 0, units)
            return (_bounded(price, amount, trace) if units else 0), None
        case UnitPrice(basis=Basis() as basis):
            key = curve.total_key(interaction, basis, case, *_group(basis, facts))
            before = counters.get(key, 0)
            trace.total(basis, before)
            trace.tiers(interaction, price.curve, before, before + units)
            amount = curve.amount(price.curve, before + units) - curve.amount(price.curve, before)
            return amount, Change(key, before, units)
        case PercentagePrice():
            share = Fraction(price.percent) / 100 * max(number_of(price.amount, facts), Fraction(0)) * MONEY
            amount = divide_half_even(share.numerator, share.denominator) + price.plus
            trace.percentage(price, value_of(price.amount, facts), amount)
            return _bounded(price, amount, trace), None
        case ComputedPrice():
            exact = max(number_of(price.amount, facts), Fraction(0)) * MONEY
            amount = divide_half_even(exact.numerator, exact.denominator)
            trace.computed(price, amount)
            return _bounded(price, amount, trace), None
    raise AssertionError(price)


def _bounded(price: SimplePrice, amount: int, trace: Trace) -> int:
    bounded = amount
    if price.at_least is not None:
        bounded = max(bounded, price.at_least)
    if price.at_most is not None:
        bounded = min(bounded, price.at_most)
    trace.bounded(amount, bounded)
    return bounded


def _adjusted(interaction: Interaction, amount: int, facts: Facts, trace: Trace) -> int:
    for adjustment in interaction.adjustments:
        applies = holds(adjustment.condition, facts)
        if applies:
            factor = adjustment.factor
            amount = divide_half_even(amount * factor.numerator, factor.denominator)
        trace.adjustment(adjustment, applies, amount)
    return amount


def _capped(
    interaction: Interaction, amount: int, facts: Facts, counters: Counters, trace: Trace
) -> tuple[int, list[Change]]:
    """The smallest price that a cap allows, and each cap's sum of uncapped amounts moved on."""
    prices, changes = [], []
    for cap in interaction.caps:
        before = 0
        if cap.basis is not None:
            key = curve.cap_key(interaction, cap.basis, *_group(cap.basis, facts))
            before = counters.get(key, 0)
            changes.append(Change(key, before, amount))
        prices.append(min(cap.amount, before + amount) - min(cap.amount, before))
        trace.cap(cap, before, amount, prices[-1])
    return min(prices, default=amount), changes
