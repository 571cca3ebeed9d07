"""Interactions: what counts, how often, how many units, at what price."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

from dsl import core, syntax
from dsl.checker import amounts
from dsl.checker.bases import Reading, check_keys, check_total_basis, same_over, text_of
from dsl.checker.conditions import check_condition
from dsl.checker.context import Context
from dsl.checker.counting import Counting, check_counts, warn_of_negative_units
from dsl.checker.event_types import EventTypes
from dsl.checker.expressions import check_number
from dsl.checker.prices import check_price, fits_money, highest, running_basis, simple_prices
from dsl.checker.shadows import warn_of_shadows
from dsl.checker.unit_nouns import UnitNoun
from dsl.diagnostics.interactions import (
    DuplicateInteraction,
    InteractionWithoutPrice,
    LimitNumber,
    PeriodAsNoun,
    RepeatedBasis,
    RepeatedClause,
    UnitsBesideAs,
)
from dsl.diagnostics.prices import AdjustmentOnRunningTotal, DiscountAboveAll
from dsl.source import Span
from dsl.words import PERIODS

LIMIT_DIGITS = 12
_Clause = TypeVar("_Clause", bound=syntax.Node)


@dataclass(frozen=True, slots=True)
class Named:
    """What is known of a declared interaction, be it right or wrong: its name, how it counts, its noun so far."""

    name: str
    also: bool
    noun: UnitNoun


@dataclass
class Interactions:
    """The interactions of a file: those that are right, and what is known of all by name.

    `complete` is False where a whole interaction may have been lost to a mistake that the parser reported.
    """

    named: dict[str, Named] = field(default_factory=dict)
    checked: list[core.Interaction] = field(default_factory=list)
    complete: bool = True


def check_interactions(file: syntax.File, types: EventTypes, context: Context) -> Interactions:
    """All interactions of the file; mistakes are reported."""
    lost = [b for b in file.broken if b.kind in ("interaction", "unknown")]
    broken = {b.name for b in lost}
    result = Interactions(complete=all(b.name is not None and b.kind == "interaction" for b in lost))
    places: dict[str, Span] = {}
    for node in file.declarations:
        if not isinstance(node, syntax.Interaction):
            continue
        name = node.name.text
        if name in places:
            line, _ = context.source.position(places[name].start)
            context.report(DuplicateInteraction(span=node.name.span, name=name, line=line))
        check = _Check(node, types, context, whole=name not in broken)
        interaction = check.run()
        if name not in places:
            places[name] = node.name.span
            result.named[name] = Named(name, check.also, check.noun)
            if interaction is not None:
                result.checked.append(interaction)
    for missing in broken - set(places):
        if missing is not None:
            result.named[missing] = Named(missing, True, UnitNoun(missing))
    warn_of_shadows(result.checked, places, len(types.names), context)
    return result


class _Check:
    """The check of one interaction. `whole`: it parsed whole, so what is not there was not written."""

    def __init__(self, node: syntax.Interaction, types: EventTypes, context: Context, whole: bool) -> None:
        self.node = node
        self.name = node.name.text
        self.types = types
        self.context = context
        self.whole = whole
        self.noun = UnitNoun(self.name)
        self.also = False
        self._clauses: dict[type, list[Any]] = {}
        for clause in node.clauses:
            self._clauses.setdefault(type(clause), []).append(clause)

    def run(self) -> core.Interaction | None:
        """The checked interaction; None, with everything reported, where something is wrong."""
        before = len(self.context.diagnostics)
        clauses = self.node.clauses
        lines = self._of(syntax.Counts)
        counting = check_counts(self.node, lines, self.noun, self.types, self.context, self.whole)
        self.also = counting.also
        reading = counting.reading(self.types, self.context)
        limits = self._limits(self._of(syntax.Limit), reading)
        units = self._units(self._of(syntax.Units), counting, reading)
        price = self._price(self._of(syntax.PriceClause), reading)
        adjustments = self._adjustments(self._of(syntax.Adjustment), price, reading)
        caps = self._caps(self._of(syntax.Cap), reading)
        self._warn_of_period_as_noun(clauses)
        errors = any(d.severity == "error" for d in self.context.diagnostics[before:])
        if errors or price is None or not counting.complete or not self.whole:
            return None
        return core.Interaction(
            name=self.name,
            label=None if self.node.label is None else self.node.label.value,
            also=counting.also,
            counts=tuple(counting.lines),
            limits=limits,
            units=units,
            noun=self.noun.text,
            price=price,
            adjustments=adjustments,
            caps=caps,
            span=self.node.span,
        )

    def _of(self, kind: type[_Clause]) -> list[_Clause]:
        """The clauses of one kind, in their order."""
        return self._clauses.get(kind, [])

    def _line(self, node: syntax.Node) -> int:
        line, _ = self.context.source.position(node.span.start)
        return line

    def _limits(self, nodes: list[syntax.Limit], reading: Reading) -> tuple[core.Limit, ...]:
        limits: list[core.Limit] = []
        known: dict[object, int] = {}
        for node in nodes:
            keys = check_keys(node.keys, reading, self.context)
            count = 1 if node.number is None else self._limit_number(node.number)
            if keys is None:
                continue
            basis = core.Basis(keys, node.period)
            if self._repeated("limits", node, basis, known) or count is None:
                continue
            limits.append(core.Limit(count, basis))
        return tuple(limits)

    def _limit_number(self, number: syntax.Number) -> int | None:
        count = amounts.scaled(number.value, LIMIT_DIGITS, 0)
        if count is None or count < 1:
            self.context.report(LimitNumber(span=number.span, text=number.text))
            return None
        return count

    def _repeated(self, what: str, node: syntax.Node, basis: core.Basis | None, known: dict[object, int]) -> bool:
        key = same_over(basis)
        if key in known:
            text = text_of(basis)
            self.context.report(RepeatedBasis(span=node.span, what=what, basis=text, line=known[key]))
            return True
        known[key] = self._line(node)
        return False

    def _units(self, nodes: list[syntax.Units], counting: Counting, reading: Reading) -> core.Expression | None:
        self._at_most_one("units", nodes)
        if nodes and counting.with_units:
            self.context.report(UnitsBesideAs(span=nodes[0].span, name=self.name))
        if nodes:
            checked = check_number(nodes[0].amount, reading.scope, reading.context)
            if checked is not None and counting.lines:
                conditions = [line.condition for line in counting.lines]
                warn_of_negative_units(self.name, nodes[0].amount, checked, conditions, self.context)
            return checked
        return None

    def _at_most_one(self, clause: str, nodes: list[syntax.Units] | list[syntax.PriceClause]) -> None:
        for node in nodes[1:]:
            line = self._line(nodes[0])
            self.context.report(RepeatedClause(span=node.span, name=self.name, clause=clause, line=line))

    def _price(self, nodes: list[syntax.PriceClause], reading: Reading) -> core.Price | None:
        self._at_most_one("price", nodes)
        if nodes:
            return check_price(nodes[0].price, reading, self.noun, self.context)
        if self.whole:
            self.context.report(InteractionWithoutPrice(span=self.node.name.span, name=self.name))
        return None

    def _warn_of_period_as_noun(self, clauses: Sequence[syntax.Clause]) -> None:
        """`price 5.00 per month` reads like a charge a month: it is one, only if something says what a month is."""
        for clause in clauses:
            match clause:
                case syntax.Units() | syntax.Counts(units=syntax.Node()):
                    return
                case syntax.Limit(period=str()):
                    return
        for clause in clauses:
            match clause:
                case syntax.PriceClause(price=syntax.PerUnit(noun=syntax.Name(text=noun), size=None) as price):
                    if noun in PERIODS:
                        amount = price.amount.text
                        self.context.report(PeriodAsNoun(span=price.span, amount=amount, period=noun))

    def _adjustments(
        self, nodes: list[syntax.Adjustment], price: core.Price | None, reading: Reading
    ) -> tuple[core.Adjustment, ...]:
        adjustments: list[core.Adjustment] = []
        basis = None if price is None else running_basis(price)
        most = Fraction(0) if price is None or not nodes else max(map(highest, simple_prices(price)))
        for node in nodes:
            if basis is not None:
                report = AdjustmentOnRunningTotal(span=node.span, kind=node.kind, basis=text_of(basis))
                self.context.report(report)
            percent = amounts.percentage(node.percent, self.context)
            if percent is not None and node.kind == "discount" and percent > 100:
                self.context.report(DiscountAboveAll(span=node.percent.span, text=node.percent.text))
            condition = check_condition(node.condition, reading.scope, reading.context)
            if percent is not None and condition is not None:
                adjustment = core.Adjustment(node.kind, percent, condition[0])
                most = max(most, most * adjustment.factor)
                fits_money(node.span, most, self.context)
                adjustments.append(adjustment)
        return tuple(adjustments)

    def _caps(self, nodes: list[syntax.Cap], reading: Reading) -> tuple[core.Cap, ...]:
        caps: list[core.Cap] = []
        known: dict[object, int] = {}
        for node in nodes:
            amount = amounts.cap_money(node.amount, self.context)
            basis = check_total_basis(node.basis, reading, self.context)
            if basis is None or self._repeated("caps", node, basis[0], known) or amount is None:
                continue
            caps.append(core.Cap(amount, basis[0]))
        return tuple(caps)
