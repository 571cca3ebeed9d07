"""The steps of an explanation, written down beside the computation that they explain; sentences for people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from dsl import curve, wording
from dsl.core import (
    MONEY_PLACES,
    UNIT,
    Adjustment,
    Basis,
    ByPrice,
    Cap,
    Case,
    ComputedPrice,
    CountsLine,
    Curve,
    EventType,
    Expression,
    Interaction,
    Limit,
    NumberType,
    PercentagePrice,
    Tier,
    Type,
)
from dsl.evaluation import Step
from dsl.nouns import with_number
from dsl.numbers import divide_half_even, format_money, format_scaled, format_units
from dsl.traversal import reads_of
from dsl.values import Computed, Facts, holds, value_of
from dsl.wording import Every, Leaf, Normal, Slot, Some, Template


@dataclass
class Trace:
    """The steps so far, where `on`; else nothing is kept. `fill` and `part_holds` serve sentences either way."""

    on: bool
    facts: Facts
    _done: list[Step] = field(default_factory=list)
    _below: list[Step] = field(default_factory=list)
    _open: tuple[str, bool] | None = None

    def steps(self) -> tuple[Step, ...]:
        """All steps, one for each interaction tried."""
        self._close()
        return tuple(self._done)

    def _close(self) -> None:
        if self._open is not None:
            self._done.append(Step(*self._open, tuple(self._below)))
            self._open, self._below = None, []

    def _note(self, text: str, verdict: bool | None = None, steps: Iterable[Step] = ()) -> None:
        if self.on:
            self._below.append(Step(text, verdict, tuple(steps)))

    # ── conditions ──────────────────────────────────────────────────────────

    def fill(self, template: Template) -> str:
        """A template's text with the event's values."""
        return "".join(piece if isinstance(piece, str) else self._filled(piece) for piece in template)

    def _filled(self, slot: Slot) -> str:
        if slot.expression is None:
            return wording.shown_clock(self.facts.zone.minute_of_day(self.facts.time))
        return _shown(value_of(slot.expression, self.facts), slot.expression.type)

    def part_holds(self, part: Normal) -> bool:
        """The verdict of a condition without `not`; parts are tried in order."""
        match part:
            case Leaf():
                return holds(part.condition, self.facts) == part.positive
            case Every():
                return all(map(self.part_holds, part.parts))
            case Some():
                return any(map(self.part_holds, part.parts))

    def tried(
        self, interaction: Interaction, event: EventType, lines: Sequence[CountsLine], matched: CountsLine | None
    ) -> None:
        """An interaction's lines for this event, as far as they were tried."""
        if not self.on:
            return
        self._close()
        verdict = matched is not None
        self._open = (f"{interaction.name} {'matches' if verdict else 'does not match'}", verdict)
        for line in lines:
            if line.condition is None:
                self._note(wording.every_event(event), True)
            else:
                self._below.append(self._condition(wording.normal(line.condition)))
            if line is matched:
                break

    def _condition(self, part: Normal) -> Step:
        if isinstance(part, Leaf):
            verdict = self.part_holds(part)
            if verdict:
                return Step(self.fill(wording.met(part)), True)
            why = wording.unmet(part)
            return Step(f"{self.fill(why.fact)}, needs {self.fill(why.need)}", False)
        steps: list[Step] = []
        stop = isinstance(part, Some)
        for inner in part.parts:
            steps.append(self._condition(inner))
            if steps[-1].verdict == stop:
                return Step("one of these holds" if stop else "all of these must hold", stop, tuple(steps))
        return Step("none of these holds" if stop else "all of these hold", not stop, tuple(steps))

    def passed_over(self, interaction: Interaction) -> None:
        """An interaction that an earlier one kept from being tried."""
        if self.on:
            self._close()
            self._done.append(Step(f"{interaction.name} is not tried: an earlier interaction has the event"))

    # ── limits and units ────────────────────────────────────────────────────

    def limit(self, limit: Limit, used: int) -> None:
        """A limit and how much of it is used."""
        if self.on:
            room = used < limit.count
            text = f"{limit.count} allowed {wording.over(limit.basis)}, {used} counted so far"
            self._note(text if room else f"{text}: no room", room)

    def units(self, interaction: Interaction, line: CountsLine, units: int) -> None:
        """How many units there are, and what made them."""
        if not self.on:
            return
        expression = line.units or interaction.units
        count = with_number(format_units(units), interaction.noun)
        if expression is None:
            self._note(f"{count}: one for each event")
            return
        value = value_of(expression, self.facts)
        text = wording.expression_text(expression)
        steps = [Step(f"{name} is {shown}") for name, shown in self._read(expression)]
        cut = "; below 0 counts as 0" if isinstance(value, Fraction) and value < 0 else ""
        self._note(f"{count}: {text} is {_shown(value, expression.type)}{cut}", None, steps)

    def _read(self, expression: Expression) -> list[tuple[str, str]]:
        values = [(read, self.facts.at_rest(read)) for read in reads_of(expression)]
        return [(read.name, "missing" if value is None else wording.shown(value, read.type)) for read, value in values]

    # ── prices ──────────────────────────────────────────────────────────────

    def case(self, interaction: Interaction, case: Case | None) -> None:
        """Which price of a `by` holds."""
        price = interaction.price
        if not self.on or not isinstance(price, ByPrice):
            return
        named = ", ".join(f"{name} is {shown}" for read in price.attributes for name, shown in self._read(read))
        self._note(f"price for {named}" + ("" if case is not None else ": the one for all others (otherwise)"))

    def total(self, basis: Basis, before: int) -> None:
        """The running total before this event."""
        if self.on:
            self._note(f"running total {wording.over(basis)}: {format_units(before)} before this event")

    def tiers(self, interaction: Interaction, prices: Curve, before: int, after: int) -> None:
        """The amount between two totals, tier by tier."""
        if not self.on or before == after:
            return
        if prices.by_volume:
            for total, when in ((before, "before"), (after, "after")):
                if total:
                    tier = curve.holding(prices.tiers, total)
                    head = f"{when}, all {format_units(total)} in {_tier_name(prices, tier)}"
                    self._note(f"{head}: {_due(interaction, tier, 0, total)}")
        else:
            for tier in prices.tiers:
                low, high = max(before, tier.lower), after if tier.upper is None else min(after, tier.upper)
                if low < high:
                    due = _due(interaction, tier, low - tier.lower, high - tier.lower)
                    self._note(f"{_tier_name(prices, tier)}: {due}" if len(prices.tiers) > 1 else due)
        if before:
            owed, owed_before = curve.amount(prices, after), curve.amount(prices, before)
            self._note(
                f"{format_money(owed)} owed for {format_units(after)}, {format_money(owed_before)} for "
                f"{format_units(before)}: {format_money(owed - owed_before)} for this event"
            )

    def percentage(self, price: PercentagePrice, value: Computed, amount: int) -> None:
        """A percentage of an amount."""
        if self.on:
            text, shown = wording.expression_text(price.amount), _shown(value, price.amount.type)
            plus = f" plus {format_money(price.plus)}" if price.plus else ""
            self._note(f"{price.percent:f}% of {text} {shown}{plus} = {format_money(amount)}")

    def computed(self, price: ComputedPrice, amount: int) -> None:
        """A price that is an expression."""
        if self.on:
            steps = [Step(f"{name} is {shown}") for name, shown in self._read(price.amount)]
            self._note(f"{wording.expression_text(price.amount)} = {format_money(amount)}", None, steps)

    def bounded(self, amount: int, bounded: int) -> None:
        """A price that a bound changed."""
        if self.on and bounded != amount:
            self._note(f"at {'least' if bounded > amount else 'most'} {format_money(bounded)}")

    def adjustment(self, adjustment: Adjustment, applies: bool, amount: int) -> None:
        """A discount or surcharge and the price after it."""
        if self.on:
            effect = f"gives {format_money(amount)}" if applies else "does not apply"
            condition = self._condition(wording.normal(adjustment.condition))
            self._note(f"{adjustment.kind} {adjustment.percent:f}% {effect}", applies, [condition])

    def cap(self, cap: Cap, before: int, amount: int, price: int) -> None:
        """A cap, what was used of it, and what it leaves of the price."""
        if self.on:
            so_far = f", {format_money(before)} before it" if cap.basis is not None else ""
            span = wording.over(cap.basis) if cap.basis is not None else "per event"
            effect = "keeps the price" if price == amount else f"leaves {format_money(price)} of {format_money(amount)}"
            self._note(f"cap {format_money(cap.amount)} {span}{so_far}: {effect}")

    def priced(self, interaction: Interaction, units: int, price: int) -> None:
        """The line."""
        if self.on:
            self._note(f"{with_number(format_units(units), interaction.noun)} cost {format_money(price)}")


def _shown(value: Computed, type_: Type) -> str:
    if isinstance(value, Fraction):
        assert isinstance(type_, NumberType)
        return wording.shown(int(value * type_.scale), type_)
    return wording.shown(value, type_)


def _tier_name(prices: Curve, tier: Tier) -> str:
    number = prices.tiers.index(tier) + 1
    if prices.by_volume:
        bound = f"above {format_units(tier.lower)}" if tier.upper is None else f"up to {format_units(tier.upper)}"
    elif tier.upper is None:
        bound = f"above {format_units(tier.lower)}"
    else:
        bound = f"{'next' if tier.lower else 'first'} {format_units(tier.upper - tier.lower)}"
    return f"tier {number}, {bound}"


def _due(interaction: Interaction, tier: Tier, low: int, high: int) -> str:
    """The arithmetic of one tier, from `low` to `high` units within it."""
    due = curve.due_within(tier, high) - (curve.due_within(tier, low) if low else 0)
    flat = tier.plus if not low else 0
    if not due and not tier.rate:
        return f"{with_number(format_units(high - low), interaction.noun)} free"
    rate = format_scaled(tier.rate, 12)
    if tier.blocks is not None:
        times = int(curve.started_of(tier, high) - (curve.started_of(tier, low) if low else 0))
        size = with_number(format_units(tier.size), interaction.noun)
        product = f"{times} {tier.blocks} {'block' if times == 1 else 'blocks'} of {size} × {rate}"
    elif not tier.rate:
        return f"{with_number(format_units(high - low), interaction.noun)} for {format_money(flat)}"
    else:
        per = "" if tier.size == UNIT else f" / {format_units(tier.size)}"
        product = f"{format_units(high - low)} × {rate}{per}"
    plus = f" + {format_money(flat)}" if flat else ""
    rounded = divide_half_even(due.numerator, due.denominator)
    return f"{product}{plus} {'=' if rounded == due else '≈'} {format_scaled(rounded, MONEY_PLACES)}"
