"""What each counts line of each version makes of an event: units, a price or a running total, limits and caps.

Everything that has a number here has it within one plan: counts lines, leaves (a price of an interaction, or of a case
of its `by`), and groups (what limits, totals and caps run over; versions share one where `dsl.curve` says that they
share a counter).
"""

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from dsl import curve
from dsl.core import (
    MONEY,
    MOST_UNITS,
    UNIT,
    Basis,
    ByPrice,
    Case,
    ComputedPrice,
    CountsLine,
    Expression,
    Interaction,
    NumberType,
    PercentagePrice,
    Ruleset,
    SimplePrice,
    UnitPrice,
)
from dsl.to_sql.cases import choose
from dsl.to_sql.columns import Columns
from dsl.to_sql.curves import LARGEST_TOTALS, amount_of, linear_factor
from dsl.to_sql.numbers import Number, Numbers, TooLarge

_Write = Callable[[Number], Number]
_UNIT_BOUNDS = (MOST_UNITS, *(10**power * UNIT for power in (11, 10, 9, 8, 7, 6, 5, 4, 3)))


@dataclass(frozen=True, slots=True)
class Line:
    """A counts line of one version's interaction; `place` is the interaction's in its file."""

    number: int
    version: int
    place: int
    interaction: Interaction
    counts: CountsLine


@dataclass(frozen=True, slots=True)
class Slot:
    """One limit or cap of a line: the group that it runs over, and how many events or how much money it allows."""

    group: int
    basis: Basis
    allowed: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A price of one interaction, or of a case.

    `price` is what it makes of a row by itself; None where it needs the running total of `group` (None: it has none).
    `units` is how many units an event may have, `total` how many a total, for the price to be trusted; `certain` says
    that no total can exceed it.
    """

    number: int
    price: Number | None
    group: int | None
    curve: UnitPrice | None
    units: int
    total: int
    certain: bool = False


@dataclass(slots=True)
class Priced:
    """An interaction of one version: its counts lines' numbers, its leaves, and how a row finds its own."""

    version: int
    interaction: Interaction
    lines: tuple[int, ...]
    leaves: list[Leaf] = field(default_factory=list)
    leaf: str = "NULL"
    limits: list[Slot] = field(default_factory=list)
    caps: list[Slot] = field(default_factory=list)
    event_cap: int | None = None


class Groups:
    """Numbers for what counters run over."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number(self, *key: Hashable) -> int:
        """The number of a group, the same for the same key."""
        return self._numbers.setdefault(key, len(self._numbers))


class Lines:
    """All counts lines of some versions, and what becomes of the rows that they match."""

    def __init__(self, numbers: Numbers, columns: Columns, versions: Sequence[Ruleset], most_rows: int) -> None:
        self._numbers = numbers
        self._columns = columns
        self.groups = Groups()
        self.lines: list[Line] = []
        self.undecided: set[int] = set()
        """Lines whose rows SQL can't price: their customers go another way."""
        self._leaf_numbers = itertools.count()
        self._followed = set(self._groups_that_need_totals(versions))
        self.priced = [
            self._interaction(version, place, interaction)
            for version, ruleset in enumerate(versions)
            for place, interaction in enumerate(ruleset.interactions)
        ]
        self.units = {line.number: self._units(line) for line in self.lines}
        self._most_totals: dict[str, int] = {}
        for line in self.lines:
            most = most_rows * self.units[line.number].high
            self._most_totals[line.interaction.name] = max(most, self._most_totals.get(line.interaction.name, 0))
        for priced in self.priced:
            self._fill(priced)

    def _interaction(self, version: int, place: int, interaction: Interaction) -> Priced:
        first = len(self.lines)
        self.lines += [
            Line(first + n, version, place, interaction, counts) for n, counts in enumerate(interaction.counts)
        ]
        return Priced(version, interaction, tuple(range(first, len(self.lines))))

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf of every interaction."""
        for priced in self.priced:
            yield from priced.leaves

    # ── units ───────────────────────────────────────────────────────────────

    def _units(self, line: Line) -> Number:
        """The units of a line's rows; more than MOST_UNITS stands for any number above."""
        expression = line.counts.units or line.interaction.units
        if expression is None:
            return self._numbers.literal(UNIT)
        try:
            numbers = self._numbers
            exact = self._scaled(expression, Fraction(UNIT))
            return numbers.narrowed(
                numbers.least(numbers.greatest(exact, numbers.literal(0)), numbers.literal(MOST_UNITS + 1))
            )
        except TooLarge:
            self.undecided.add(line.number)
            return self._numbers.literal(0)

    def _scaled(self, expression: Expression, factor: Fraction) -> Number:
        """An expression times a factor, rounded half to even."""
        assert isinstance(expression.type, NumberType)
        number = self._columns.expressions.number(expression)
        ratio = factor / expression.type.scale
        return self._numbers.half_even(
            self._numbers.multiply(number, self._numbers.literal(ratio.numerator)), ratio.denominator
        )

    # ── prices ──────────────────────────────────────────────────────────────

    def _groups_that_need_totals(self, versions: Sequence[Ruleset]) -> Iterator[int]:
        """The groups of running totals of which some curve is not the same price for each unit."""
        for ruleset in versions:
            for interaction in ruleset.interactions:
                for price, case in simple_prices(interaction):
                    if isinstance(price, UnitPrice) and price.basis is not None and linear_factor(price.curve) is None:
                        yield self._total_group(interaction, price.basis, case)

    def _total_group(self, interaction: Interaction, basis: Basis, case: Case | None) -> int:
        """The number of the group of a running total; the values of a case tell groups apart, as keys would."""
        values = tuple((type(value), value) for value in case.values) if case is not None else ()
        return self.groups.number(interaction.name, curve.total_signature(interaction, basis, case), values)

    def _fill(self, priced: Priced) -> None:
        interaction = priced.interaction
        price = interaction.price
        try:
            for simple, case in simple_prices(interaction):
                priced.leaves.append(self._leaf(priced, simple, case))
        except TooLarge:
            self.undecided.update(priced.lines)
            priced.leaves = []
            return
        if isinstance(price, ByPrice):
            priced.leaf = self._case_of(price, [str(leaf.number) for leaf in priced.leaves])
        else:
            priced.leaf = str(priced.leaves[0].number)
        for limit in interaction.limits:
            group = self.groups.number(interaction.name, curve.limit_signature(limit))
            priced.limits.append(Slot(group, limit.basis, limit.count))
        for cap in interaction.caps:
            if cap.basis is None:
                priced.event_cap = min(cap.amount, priced.event_cap or cap.amount)
            else:
                group = self.groups.number(interaction.name, curve.cap_signature(cap.basis))
                priced.caps.append(Slot(group, cap.basis, cap.amount))

    def _case_of(self, price: ByPrice, texts: Sequence[str]) -> str:
        """The text of the case that a row's values choose; of `otherwise` last."""
        equals = self._columns.expressions.equals
        arms = [
            " AND ".join(equals(read, value) for read, value in zip(price.attributes, case.values, strict=True))
            for case in price.cases
        ]
        written = [f"WHEN {arm} THEN {text}" for arm, text in zip(arms, texts, strict=False)]
        otherwise = f" ELSE {texts[-1]}" if price.otherwise is not None else ""
        return f"CASE {' '.join(written)}{otherwise} END"

    def _leaf(self, priced: Priced, price: SimplePrice, case: Case | None) -> Leaf:
        number = next(self._leaf_numbers)
        units = self._of_row(priced)
        if not isinstance(price, UnitPrice):
            return Leaf(number, self._computed(price), None, None, MOST_UNITS, LARGEST_TOTALS[0])
        if price.basis is None:
            most, amount = self._first(units, lambda of: self._of_event(price, of))
            return Leaf(number, amount, None, None, most, LARGEST_TOTALS[0])
        group = self._total_group(priced.interaction, price.basis, case)
        factor = linear_factor(price.curve)
        most = self._most_totals[priced.interaction.name]
        if factor is not None:
            few, amount = self._first(units, lambda of: self._numbers.multiply(of, self._numbers.literal(factor)))
            return Leaf(number, amount, group, price, few, LARGEST_TOTALS[0], certain=most <= LARGEST_TOTALS[0])
        for total in (most, *LARGEST_TOTALS) if most <= LARGEST_TOTALS[0] else LARGEST_TOTALS:
            try:
                self.owed(price, total, "total")
            except TooLarge:
                continue
            return Leaf(number, None, group, price, MOST_UNITS, total, certain=total == most)
        raise TooLarge

    def followed(self, leaf: Leaf) -> bool:
        """Whether the running total of a leaf's group is computed."""
        return leaf.group in self._followed

    def owed(self, price: UnitPrice, most: int, total: str) -> Number:
        """The amount owed for a column that holds a total up to `most`; raises TooLarge."""
        return amount_of(self._numbers, price.curve, Number(total, 0, most))

    def _of_row(self, priced: Priced) -> Number:
        """The column of units, or the number that all rows of an interaction have."""
        found = {self.units[line].text: self.units[line] for line in priced.lines}
        if len(found) == 1 and next(iter(found.values())).constant:
            return next(iter(found.values()))
        return Number("units", 0, max(min(units.high, MOST_UNITS) for units in found.values()))

    def _first(self, units: Number, write: _Write) -> tuple[int, Number]:
        """The price of as many units as stay within 38 digits, and how many these are; 0 of more units."""
        for most in _UNIT_BOUNDS:
            try:
                price = write(Number(units.text, units.low, min(units.high, most), units.wide))
            except TooLarge:
                if units.constant:
                    raise
            else:
                if units.high <= most:
                    return most, price
                return most, self._numbers.either(f"{units.text} <= {most}", price, self._numbers.literal(0))
        raise TooLarge

    def _of_event(self, price: UnitPrice, units: Number) -> Number:
        amount = amount_of(self._numbers, price.curve, units)
        bounded = self._bounded(price, amount)
        if bounded is amount or (units.constant and units.low):
            return bounded
        return self._numbers.either(f"{units.text} = 0", self._numbers.literal(0), bounded)

    def _computed(self, price: PercentagePrice | ComputedPrice) -> Number:
        numbers = self._numbers
        share = Fraction(price.percent) / 100 if isinstance(price, PercentagePrice) else Fraction(1)
        amount = numbers.greatest(self._scaled(price.amount, share * MONEY), numbers.literal(0))
        if isinstance(price, PercentagePrice):
            amount = numbers.add(amount, numbers.literal(price.plus))
        return self._bounded(price, amount)

    def _bounded(self, price: SimplePrice, amount: Number) -> Number:
        if price.at_least is not None:
            amount = self._numbers.greatest(amount, self._numbers.literal(price.at_least))
        if price.at_most is not None:
            amount = self._numbers.least(amount, self._numbers.literal(price.at_most))
        return amount

    # ── adjustments ─────────────────────────────────────────────────────────

    def adjustments(self) -> Iterator[tuple[str, str]]:
        """Column after column, each from the one before it: (name, text), the last is the price but for totals and
        caps; the first is the price that a leaf makes of a row by itself."""
        yield "price0", choose("line", {n: text for p in self.priced for n, text in self._immediate(p).items()})
        known: dict[int, Number] = {}
        for index, priced in enumerate(self.priced):
            prices = [leaf.price for leaf in priced.leaves if leaf.price is not None]
            if prices:
                known[index] = Number("price0", min(p.low for p in prices), max(p.high for p in prices), wide=True)
        most = max((len(priced.interaction.adjustments) for priced in self.priced), default=0)
        for step in range(most):
            texts: dict[int, str] = {}
            for index, before in list(known.items()):
                here = Number(f"price{step}", before.low, before.high, wide=True)
                adjusted = self._adjusted(self.priced[index], step, here)
                if adjusted is not None:
                    known[index] = adjusted
                    texts |= dict.fromkeys(self.priced[index].lines, adjusted.text)
            yield f"price{step + 1}", choose("line", texts, f"price{step}")

    def _immediate(self, priced: Priced) -> dict[int, str]:
        """For each line of an interaction the price that its leaves make of a row by itself."""
        texts = [self._numbers.widened(leaf.price) if leaf.price else "NULL" for leaf in priced.leaves]
        if set(texts) <= {"NULL"}:
            return {}
        price = priced.interaction.price
        return dict.fromkeys(priced.lines, self._case_of(price, texts) if isinstance(price, ByPrice) else texts[0])

    def _adjusted(self, priced: Priced, step: int, price: Number) -> Number | None:
        """The price after one adjustment; None where there is none, or SQL can't be trusted with it."""
        adjustments = priced.interaction.adjustments
        if step >= len(adjustments) or self.undecided.issuperset(priced.lines):
            return None
        factor = adjustments[step].factor
        try:
            condition = self._columns.expressions.condition(adjustments[step].condition)
            product = self._numbers.multiply(price, self._numbers.literal(factor.numerator))
            return self._numbers.either(condition, self._numbers.half_even(product, factor.denominator), price)
        except TooLarge:
            self.undecided.update(priced.lines)
            return None


def simple_prices(interaction: Interaction) -> Iterator[tuple[SimplePrice, Case | None]]:
    """The prices of an interaction: of its cases, of `otherwise` last, or the only one."""
    price = interaction.price
    if not isinstance(price, ByPrice):
        yield price, None
        return
    for case in price.cases:
        yield case.price, case
    if price.otherwise is not None:
        yield price.otherwise, None
