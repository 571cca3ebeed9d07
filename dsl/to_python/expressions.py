"""Checked expressions as Python expressions: numbers as integers, each over a denominator that is known here.

A number's value is its code divided by its scale, exactly: scales are brought together by constant factors, and nothing
is divided before it is rounded. Python limits how deep parentheses nest, so that every so many levels an expression
becomes a function of its own; where it stands, and so whether it is evaluated at all, stays the same.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from dsl.core import (
    Affix,
    AllOf,
    AnyOf,
    Arithmetic,
    Between,
    ClockBetween,
    Compare,
    Constant,
    Contains,
    Count,
    DateOf,
    Divide,
    Elapsed,
    Expression,
    Extreme,
    HourOf,
    IsGiven,
    Length,
    Negate,
    Not,
    NumberType,
    OneOf,
    OrElse,
    PercentOf,
    Read,
    Rounded,
    WeekdayOf,
)
from dsl.to_python.module import Module
from dsl.zones import SECOND

_LEVELS = 10
"""After so many levels an expression becomes a function."""
_OPERATORS = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


@dataclass(frozen=True, slots=True)
class Code:
    """An expression that may stand anywhere, and how many levels deep it is."""

    text: str
    level: int = 0


class Expressions:
    """Writes expressions for one module."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def condition(self, node: Expression) -> str:
        """The code of a condition; its value is a bool."""
        return self._value(node).text

    def value(self, node: Expression) -> str:
        """The code of any expression; a number is its numerator over its type's scale."""
        return self._value(node).text

    def scaled(self, node: Expression, scale: int) -> str:
        """The code of a number as its numerator over another scale that it has."""
        assert isinstance(node.type, NumberType)
        return rescaled(self._value(node).text, Fraction(scale, node.type.scale))

    def _value(self, node: Expression) -> Code:
        code = self._number(node) if isinstance(node.type, NumberType) else self._other(node)
        if code.level < _LEVELS:
            return code
        name, parameters = self._module.fresh("x"), self._module.parameters(node)
        with self._module.function(name, parameters):
            self._module.line(f"return {code.text}")
        return Code(f"{name}({', '.join(parameters)})")

    # ── numbers ─────────────────────────────────────────────────────────────

    def _number(self, node: Expression) -> Code:
        assert isinstance(node.type, NumberType)
        scale = node.type.scale
        match node:
            case Constant():
                assert isinstance(node.value, int)
                return Code(str(node.value) if node.value >= 0 else f"({node.value})")
            case Read():
                return Code(self._module.read(node))
            case OrElse():
                name, (default, _) = self._module.read(node.operand), self._at(node.default, scale)
                present = rescaled(name, Fraction(scale, _scale(node.operand)))
                return Code(f"({present} if {name} is not None else {default})", 1)
            case Arithmetic(operator="*"):
                left, right = self._value(node.left), self._value(node.right)
                factor = Fraction(scale, _scale(node.left) * _scale(node.right))
                return Code(rescaled(f"({left.text} * {right.text})", factor), max(left.level, right.level) + 1)
            case Arithmetic():
                (left_text, low), (right_text, high) = self._at(node.left, scale), self._at(node.right, scale)
                return Code(f"({left_text} {node.operator} {right_text})", max(low, high) + 1)
            case Divide():
                return self._times(node.operand, 1 / Fraction(node.by), scale)
            case Negate():
                return self._times(node.operand, Fraction(-1), scale)
            case PercentOf():
                return self._times(node.operand, Fraction(node.percent) / 100, scale)
            case Rounded():
                return self._rounded(node, scale)
            case Extreme():
                (left_text, low), (right_text, high) = self._at(node.left, scale), self._at(node.right, scale)
                pick = "min" if node.which == "smaller" else "max"
                return Code(f"{pick}({left_text}, {right_text})", max(low, high) + 1)
            case Count() | Length():
                operand = self._value(node.operand)
                return Code(rescaled(f"len({operand.text})", Fraction(scale)), operand.level + 1)
            case HourOf():
                operand = self._value(node.operand)
                return Code(rescaled(f"hour_of_day({operand.text})", Fraction(scale)), operand.level + 1)
            case Elapsed():
                start, end = self._value(node.start), self._value(node.end)
                factor = Fraction(scale, SECOND * _SECONDS[node.unit])
                return Code(rescaled(f"({end.text} - {start.text})", factor), max(start.level, end.level) + 1)
            case _:
                raise AssertionError(node)

    def _at(self, node: Expression, scale: int) -> tuple[str, int]:
        code = self._value(node)
        if isinstance(node, Constant) and isinstance(node.value, int):
            exact = Fraction(node.value * scale, _scale(node))
            if exact.denominator == 1:
                return (str(exact) if exact >= 0 else f"({exact})"), 0
        return rescaled(code.text, Fraction(scale, _scale(node))), code.level

    def _times(self, node: Expression, factor: Fraction, scale: int) -> Code:
        code = self._value(node)
        return Code(rescaled(code.text, factor * Fraction(scale, _scale(node))), code.level + 1)

    def _rounded(self, node: Rounded, scale: int) -> Code:
        code = self._value(node.operand)
        ratio = Fraction(10**node.places, _scale(node.operand))
        after = Fraction(scale, 10**node.places)
        if ratio.denominator == 1:
            return Code(rescaled(code.text, ratio * after), code.level + 1)
        numerator = code.text if ratio.numerator == 1 else f"{code.text} * {ratio.numerator}"
        match node.mode:
            case "down":
                whole = f"({numerator} // {ratio.denominator})"
            case "up":
                whole = f"(-(-{numerator} // {ratio.denominator}))"
            case "half even":
                whole = f"half_even({numerator}, {ratio.denominator})"
        return Code(rescaled(whole, after), code.level + 1)

    # ── conditions and other values ─────────────────────────────────────────

    def _other(self, node: Expression) -> Code:
        match node:
            case Constant():
                return Code(self._module.value(node.value))
            case Read():
                return Code(self._module.read(node))
            case OrElse():
                name = self._module.read(node.operand)
                return Code(f"({name} if {name} is not None else {self._module.value(node.default.value)})", 1)
            case DateOf():
                operand = self._value(node.operand)
                return Code(f"day_of({operand.text})", operand.level + 1)
            case WeekdayOf():
                operand = self._value(node.operand)
                return Code(f"weekday_of({operand.text})", operand.level + 1)
            case Compare():
                operator = _OPERATORS[node.operator]
                return self._compared((node.left, node.right), f"({{}} {operator} {{}})")
            case Between():
                return self._compared((node.low, node.operand, node.high), "({} <= {} <= {})")
            case OneOf():
                return self._one_of(node)
            case IsGiven():
                negation = "not " if node.given else ""
                return Code(f"({self._module.read(node.operand)} is {negation}None)", 1)
            case Contains():
                return self._compared((node.argument, node.operand), "({} in {})")
            case Affix():
                method = "startswith" if node.which == "starts with" else "endswith"
                return self._compared((node.operand, node.argument), f"{{}}.{method}({{}})")
            case ClockBetween(low=low, high=high):
                clock = "minute_of_day(time)"
                if low <= high:
                    return Code(f"({low} <= {clock} < {high})", 1)
                return Code(f"(not {high} <= {clock} < {low})", 1)
            case AllOf() | AnyOf():
                parts = [self._value(part) for part in node.parts]
                word = " and " if isinstance(node, AllOf) else " or "
                return Code(f"({word.join(part.text for part in parts)})", max(part.level for part in parts) + 1)
            case Not():
                operand = self._value(node.operand)
                return Code(f"(not {operand.text})", operand.level + 1)
            case _:
                raise AssertionError(node)

    def _compared(self, nodes: tuple[Expression, ...], form: str) -> Code:
        """Values of one type within a form; numbers are brought to one scale."""
        if isinstance(nodes[0].type, NumberType):
            codes = [self._at(node, common_scale(nodes)) for node in nodes]
        else:
            codes = [(code.text, code.level) for code in map(self._value, nodes)]
        return Code(form.format(*(text for text, _ in codes)), max(level for _, level in codes) + 1)

    def _one_of(self, node: OneOf) -> Code:
        if isinstance(node.operand.type, NumberType):
            scale = common_scale((node.operand, *node.values))
            operand, level = self._at(node.operand, scale)
            values = [int(value.value) * scale // _scale(value) for value in node.values]  # type: ignore[arg-type]
        else:
            code = self._value(node.operand)
            operand, level = code.text, code.level
            values = [value.value for value in node.values]  # type: ignore[misc]
        name = self._module.constant(frozenset(values))
        return Code(f"({operand} {'not in' if node.negated else 'in'} {name})", level + 1)


def rescaled(code: str, factor: Fraction) -> str:
    """An integer times a factor that leaves it one."""
    if factor == 1:
        return code
    if factor.denominator == 1:
        return f"({code} * {factor.numerator})"
    product = code if factor.numerator == 1 else f"{code} * {factor.numerator}"
    return f"({product} // {factor.denominator})"


def common_scale(nodes: tuple[Expression, ...]) -> int:
    """A scale that all of some numbers have."""
    return math.lcm(*(_scale(node) for node in nodes))


def _scale(node: Expression) -> int:
    assert isinstance(node.type, NumberType)
    return node.type.scale
