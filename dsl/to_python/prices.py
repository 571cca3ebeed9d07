"""Prices as Python: the code of an amount, and the counters that it moves."""

from dataclasses import dataclass, field
from fractions import Fraction

from dsl import curve
from dsl.core import (
    MONEY,
    MOST_TOTAL,
    Basis,
    ByPrice,
    Case,
    ComputedPrice,
    Expression,
    Interaction,
    NumberType,
    PercentagePrice,
    Period,
    Price,
    SimplePrice,
    UnitPrice,
)
from dsl.to_python.curves import Curves, linear_factor
from dsl.to_python.expressions import Expressions
from dsl.to_python.module import Module, tuple_of
from dsl.zones import HOUR

ChangeCode = tuple[int, str]
"""The number of a counter in its function, and the code of what is added to it."""


@dataclass
class Body:
    """What the function that is being written has so far: counters read, by signature, whose key and value are the
    locals `keyN` and `beforeN`; periods found; changes to answer with, where a text is the code of some more."""

    interaction: Interaction
    counters: dict[str, str] = field(default_factory=dict)
    periods: dict[Period, str] = field(default_factory=dict)
    changes: list[ChangeCode | str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A price that depends on nothing, or only on the case of a `by`: amounts by the code of the case's values, and
    what stands for all others, None where there are none."""

    chosen_by: str
    amounts: dict[str, int]
    otherwise: int | None


class Prices:
    """Writes prices for one module. The function being written has the locals `counters subject time`."""

    def __init__(self, module: Module, expressions: Expressions) -> None:
        self._module = module
        self._expressions = expressions
        self._curves = Curves(module)

    # ── counters ────────────────────────────────────────────────────────────

    def counter(self, body: Body, signature: str, basis: Basis, delta: str, case: Case | None = None) -> str:
        """The local name of a counter's value before the event; the change by `delta` is kept, once a counter."""
        known = body.counters.get(signature)
        if known is not None:
            return known
        number = len(body.counters)
        name = body.counters[signature] = f"before{number}"
        period = self._period(body, basis.period)
        values = [self._module.read(read) for read in curve.ordered_keys(basis)]
        constants = [] if case is None else [self._module.value(value) for value in case.values]
        interaction, what = self._module.text(body.interaction.name), self._module.text(signature)
        self._module.line(f"key{number} = {tuple_of([interaction, what, 'subject', period, *values, *constants])}")
        self._module.line(f"{name} = counters.get(key{number}, 0)")
        body.changes.append((number, delta))
        return name

    def _period(self, body: Body, period: Period | None) -> str:
        if period is None:
            return "0"
        known = body.periods.get(period)
        if known is not None:
            return known
        # The zone remembers the period of whole hours; only where it does not, it is asked.
        body.periods[period] = period
        self._module.line(f"{period} = {period}s.get(time // {HOUR})")
        with self._module.block(f"if {period} is None:"):
            self._module.line(f"{period} = period_of({self._module.text(period)}, time)")
        return period

    # ── amounts ─────────────────────────────────────────────────────────────

    def amount(self, body: Body, units: str, refusal: str) -> str:
        """The code of the price before adjustments; `units` is a local name or number, `refusal` what the function
        returns where a running total grows too large."""
        price = body.interaction.price
        if isinstance(price, ByPrice):
            return self._by(body, price, units, refusal)
        return self._simple(body, price, None, units, refusal)

    def _simple(self, body: Body, price: SimplePrice, case: Case | None, units: str, refusal: str) -> str:
        match price:
            case UnitPrice(basis=None):
                amount = self._curves.amount(price.curve, units)
                bounded = self._bounded(price, amount)
                return amount if bounded == amount else f"({bounded} if {units} else 0)"
            case UnitPrice(basis=Basis() as basis):
                signature = curve.total_signature(body.interaction, basis, case)
                before = self.counter(body, signature, basis, units, case)
                self._module.line(f"after = {before} + {units}")
                with self._module.block(f"if after > {MOST_TOTAL}:"):
                    self._module.line(f"return {refusal}")
                factor = linear_factor(price.curve)
                if factor is not None:
                    return self._curves.amount(price.curve, units)
                return f"{self._curves.amount(price.curve, 'after')} - {self._curves.amount(price.curve, before)}"
            case PercentagePrice():
                share = self._money(price.amount, Fraction(price.percent) / 100)
                return self._bounded(price, f"{share} + {price.plus}" if price.plus else share)
            case ComputedPrice():
                return self._bounded(price, self._money(price.amount, Fraction(1)))
        raise AssertionError(price)

    def _money(self, amount: Expression, share: Fraction) -> str:
        """A share of an expression's money, nothing where it is negative, rounded half to even."""
        assert isinstance(amount.type, NumberType)
        code = self._expressions.value(amount)
        positive = code if amount.type.low >= 0 else f"max({code}, 0)"
        factor = share * MONEY / amount.type.scale
        if factor.denominator == 1:
            return f"{positive} * {factor.numerator}"
        return f"half_even({positive} * {factor.numerator}, {factor.denominator})"

    def _bounded(self, price: SimplePrice, amount: str) -> str:
        if price.at_least is not None:
            amount = f"max({amount}, {price.at_least})"
        if price.at_most is not None:
            amount = f"min({amount}, {price.at_most})"
        return amount

    # ── by ──────────────────────────────────────────────────────────────────

    def fixed(self, price: Price, units: int) -> Fixed | None:
        """The price of a number of units that is the same for every event, where that decides it."""
        if not isinstance(price, ByPrice):
            factor = _plain_factor(price)
            return None if factor is None else Fixed("", {}, units * factor)
        amounts: dict[str, int] = {}
        for case in price.cases:
            factor = _plain_factor(case.price)
            if factor is None:
                return None
            amounts[self._case_values(case)] = units * factor
        if price.otherwise is None:
            return Fixed(self._chosen_by(price), amounts, None)
        otherwise = _plain_factor(price.otherwise)
        return None if otherwise is None else Fixed(self._chosen_by(price), amounts, units * otherwise)

    def _by(self, body: Body, price: ByPrice, units: str, refusal: str) -> str:
        table, factors = self._module.fresh("PRICES"), self.fixed(price, 1)
        if factors is not None:
            entries = [f"{code}: {factor}" for code, factor in factors.amounts.items()]
            self._module.statement(f"{table} = {{{', '.join(entries)}}}")
            return f"{units} * {table}.get({factors.chosen_by}, {factors.otherwise or 0})"
        parameters = self._parameters(price)
        entries = [
            f"{self._case_values(case)}: {self._case_function(body, case, case.price, parameters)}"
            for case in price.cases
        ]
        self._module.statement(f"{table} = {{{', '.join(entries)}}}")
        found = f"{table}[{self._chosen_by(price)}]"
        if price.otherwise is not None:
            otherwise = self._case_function(body, None, price.otherwise, parameters)
            found = f"{table}.get({self._chosen_by(price)}, {otherwise})"
        arguments = ["counters", "subject", "time", units, *parameters]
        self._module.line(f"priced = {found}({', '.join(arguments)})")
        with self._module.block("if priced is None:"):
            self._module.line(f"return {refusal}")
        body.changes.append("*priced[1]")
        return "priced[0]"

    def _chosen_by(self, price: ByPrice) -> str:
        """The code of the value, or the tuple of values, that chooses the case."""
        values = [self._module.read(read) for read in price.attributes]
        return values[0] if len(values) == 1 else tuple_of(values)

    def _case_values(self, case: Case) -> str:
        codes = [self._module.value(value) for value in case.values]
        return codes[0] if len(codes) == 1 else tuple_of(codes)

    def _parameters(self, price: ByPrice) -> list[str]:
        """What any of the cases reads, so that all are called alike."""
        simple = [case.price for case in price.cases] + ([price.otherwise] if price.otherwise is not None else [])
        names = self._module.parameters(*(e for one in simple for e in expressions_of(one)))
        return [name for name in names if name not in ("subject", "time")]

    def _case_function(self, outer: Body, case: Case | None, price: SimplePrice, parameters: list[str]) -> str:
        """A function to the amount and a tuple of changes, or to None where a running total grows too large."""
        name, body = self._module.fresh("case"), Body(outer.interaction)
        with self._module.function(name, ["counters", "subject", "time", "units", *parameters]):
            amount = self._simple(body, price, case, "units", "None")
            changes = [f"Change(key{c[0]}, before{c[0]}, {c[1]})" for c in body.changes if not isinstance(c, str)]
            self._module.line(f"return {amount}, {tuple_of(changes)}")
        return name


def _plain_factor(price: SimplePrice) -> int | None:
    """The money per millionth of a unit of a price that has no total, tiers or bounds."""
    if not isinstance(price, UnitPrice) or (price.basis, price.at_least, price.at_most) != (None, None, None):
        return None
    return linear_factor(price.curve)


def expressions_of(price: SimplePrice) -> tuple[Expression, ...]:
    """All that a price reads."""
    match price:
        case UnitPrice(basis=Basis() as basis):
            return basis.keys
        case PercentagePrice() | ComputedPrice():
            return (price.amount,)
        case _:
            return ()
