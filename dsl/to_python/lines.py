"""One counts line of an interaction as a function: limits, units, price, caps, and the evaluation that comes of them.

It is reached once the line's condition holds, and what is read and refused comes in the interpreter's order. One
function serves every event type that the line counts.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from dsl import curve
from dsl.core import (
    MOST_UNITS,
    UNIT,
    UNIT_PLACES,
    ByPrice,
    CountsLine,
    Expression,
    Interaction,
    Limit,
    NumberType,
    Read,
)
from dsl.evaluation import Change, Evaluation, Line
from dsl.to_python.expressions import Expressions
from dsl.to_python.kept import Kept, Key, read_by, read_by_template
from dsl.to_python.module import Local, Module, tuple_of
from dsl.to_python.prices import Body, ChangeCode, Prices, expressions_of
from dsl.to_python.reasons import Reasons
from dsl.wording import counted, limited, normal, refused_total, refused_units, without_room

_PASSED = ["counters", "subject", "time", "warnings"]


class Lines:
    """Writes counts lines for one module, each once."""

    def __init__(self, module: Module, expressions: Expressions, reasons: Reasons, kept: Kept) -> None:
        self._module = module
        self._expressions = expressions
        self._reasons = reasons
        self._kept = kept
        self._prices = Prices(module, expressions)
        self._known: dict[tuple[str, int], tuple[str, list[str]]] = {}

    def call(self, interaction: Interaction, index: int, every: str) -> str:
        """The code that counts an event by a line, where `parameters` and `counters subject time warnings` are locals.

        `every` is the code of what to say of the event's type where the line has no condition.
        """
        line = interaction.counts[index]
        known = self._known.get((interaction.name, index))
        if known is None:
            name, parameters = self._module.fresh("count"), self.parameters(interaction, line)
            known = self._known[interaction.name, index] = name, parameters
            extra = ["every"] if line.condition is None else []
            with self._module.function(name, [*_PASSED, *parameters, *extra]):
                self._write(interaction, line, "every")
        name, parameters = known
        told = [every] if line.condition is None else []
        return f"{name}({', '.join([*_PASSED, *parameters, *told])})"

    def write_return(self, interaction: Interaction, index: int, every: str) -> None:
        """Return, from where the module stands, what `call` would give; in line where no other event type needs it."""
        line = interaction.counts[index]
        if len(line.events) == 1:
            self._write(interaction, line, every)
        else:
            self._module.line(f"return {self.call(interaction, index, every)}")

    def parameters(self, interaction: Interaction, line: CountsLine) -> list[str]:
        """The local names that a line needs beside those that every function has."""
        names = self._module.parameters(*_read_by(interaction, line))
        return [name for name in names if name not in ("subject", "time")]

    # ── the function ────────────────────────────────────────────────────────

    def _write(self, interaction: Interaction, line: CountsLine, every: str) -> None:
        body = Body(interaction)
        for limit in interaction.limits:
            used = self._prices.counter(body, curve.limit_signature(limit), limit.basis, "1")
            with self._module.block(f"if {used} >= {limit.count}:"):
                self._return_limited(body, limit, used)
        units = self._units(interaction, line.units or interaction.units)
        reason, reads = self._because(interaction, line, every)
        key = None if body.changes else self._key(interaction, units, reads, [every] if line.condition is None else [])
        with self._kept.answer(key):
            lines = self._fixed_line(interaction, units) or self._new_line(body, units)
            changes = self._changes(body.changes)
            self._module.record(
                "answer",
                Evaluation,
                outcome="COUNTED",
                lines=lines,
                main="0",
                reason=reason,
                warnings="warnings",
                changes=changes,
            )

    def _new_line(self, body: Body, units: str) -> str:
        """The code of a tuple of the one line, which is made before it."""
        interaction = body.interaction
        refusal = self._module.constant(refused_total(interaction.name), "REFUSED")
        self._module.line(f"price = {self._prices.amount(body, units, refusal)}")
        self._adjust(interaction)
        self._cap(body)
        name, noun = self._module.text(interaction.name), self._module.text(interaction.noun)
        self._module.record("line", Line, interaction=name, units=units, noun=noun, price="price")
        return "(line,)"

    def _key(self, interaction: Interaction, units: str, reads: Sequence[Read] | None, others: list[str]) -> Key | None:
        """What decides the answer where no limit is counted: units, and what is read for its reason and its price;
        None where the price depends on more."""
        price = interaction.price
        if reads is None or interaction.adjustments or interaction.caps or self._prices.fixed(price, 1) is None:
            return None
        by = price.attributes if isinstance(price, ByPrice) else ()
        return self._kept.key((*reads, *by), *others, units=units)

    def _return_limited(self, body: Body, limit: Limit, used: str) -> None:
        reason = self._reasons.sentence(limited(without_room(body.interaction, limit, (Local(used),))))
        changes = self._changes([(number, "0") for number in range(len(body.counters))])
        self._module.record(
            "answer",
            Evaluation,
            outcome="LIMITED",
            lines="()",
            main="(-1)",
            reason=reason,
            warnings="warnings",
            changes=changes,
            limited_by=self._module.text(body.interaction.name),
        )
        self._module.line("return answer")

    def _changes(self, changes: Sequence[ChangeCode | str]) -> str:
        """The code of a tuple of changes, each made before it."""
        codes = []
        for change in changes:
            if isinstance(change, str):
                codes.append(change)
            else:
                number, delta = change
                fields = {"key": f"key{number}", "before": f"before{number}", "delta": delta}
                self._module.record(f"change{number}", Change, **fields)
                codes.append(f"change{number}")
        return tuple_of(codes)

    def _fixed_line(self, interaction: Interaction, units: str) -> str | None:
        """The code of the lines, where there are few of them: made beforehand, and shared by all events."""
        if interaction.adjustments or interaction.caps or not units.isdecimal():
            return None
        fixed = self._prices.fixed(interaction.price, int(units))
        if fixed is None:
            return None

        def lines(amount: int) -> str:
            return self._module.constant((Line(interaction.name, int(units), interaction.noun, amount),), "LINES")

        if not fixed.amounts:
            return lines(fixed.otherwise or 0)
        table = self._module.fresh("TABLE")
        self._module.statement(f"{table} = {{{', '.join(f'{c}: {lines(a)}' for c, a in fixed.amounts.items())}}}")
        if fixed.otherwise is None:
            return f"{table}[{fixed.chosen_by}]"
        return f"{table}.get({fixed.chosen_by}, {lines(fixed.otherwise)})"

    def _because(self, interaction: Interaction, line: CountsLine, every: str) -> tuple[str, tuple[Read, ...] | None]:
        """The code of the reason and the attributes that it depends on, `every` apart; None where on the clock too."""
        if line.condition is None:
            return self._reasons.sentence(counted(interaction, (Local(every),))), ()
        told = self._reasons.met(normal(line.condition))
        if isinstance(told, str):
            return self._reasons.sentence(counted(interaction, (Local(told),))), read_by(line.condition)
        return self._reasons.sentence(counted(interaction, told)), read_by_template(told)

    def _units(self, interaction: Interaction, expression: Expression | None) -> str:
        """The number of units, or the local name that holds it."""
        if expression is None:
            return str(UNIT)
        assert isinstance(expression.type, NumberType)
        code, ratio = self._expressions.value(expression), Fraction(10**UNIT_PLACES, expression.type.scale)
        product = code if ratio.numerator == 1 else f"{code} * {ratio.numerator}"
        rounded = product if ratio.denominator == 1 else f"half_even({product}, {ratio.denominator})"
        self._module.line(f"units = {rounded if expression.type.low >= 0 else f'max({rounded}, 0)'}")
        if expression.type.high * UNIT > MOST_UNITS:
            with self._module.block(f"if units > {MOST_UNITS}:"):
                self._module.line(f"return {self._module.constant(refused_units(interaction.name), 'REFUSED')}")
        return "units"

    def _adjust(self, interaction: Interaction) -> None:
        for adjustment in interaction.adjustments:
            factor = adjustment.factor
            product = f"price * {factor.numerator}"
            result = product if factor.denominator == 1 else f"half_even({product}, {factor.denominator})"
            with self._module.block(f"if {self._expressions.condition(adjustment.condition)}:"):
                self._module.line(f"price = {result}")

    def _cap(self, body: Body) -> None:
        prices = []
        for cap in body.interaction.caps:
            if cap.basis is None:
                prices.append(f"({cap.amount} if whole > {cap.amount} else whole)")
            else:
                used = self._prices.counter(body, curve.cap_signature(cap.basis), cap.basis, "whole")
                # A comparison takes a quarter of the time of a call of `min`.
                sum_ = f"({cap.amount} if (sum_ := {used} + whole) > {cap.amount} else sum_)"
                prices.append(f"{sum_} - ({cap.amount} if {used} > {cap.amount} else {used})")
        if prices:
            self._module.line("whole = price")
            smallest = f"min({', '.join(prices)})" if len(prices) > 1 else prices[0]
            self._module.line(f"price = {smallest}")


def _read_by(interaction: Interaction, line: CountsLine) -> Iterator[Expression | None]:
    """Every expression that a line's function evaluates."""
    yield line.condition
    yield line.units or interaction.units
    for limit in interaction.limits:
        yield from limit.basis.keys
    price = interaction.price
    if isinstance(price, ByPrice):
        yield from price.attributes
        for case in price.cases:
            yield from expressions_of(case.price)
        if price.otherwise is not None:
            yield from expressions_of(price.otherwise)
    else:
        yield from expressions_of(price)
    for adjustment in interaction.adjustments:
        yield adjustment.condition
    for cap in interaction.caps:
        if cap.basis is not None:
            yield from cap.basis.keys
