"""The value of an expression for one event, exactly as the language defines it: numbers are rationals."""

import math
from collections.abc import Mapping
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
    Type,
    Value,
    WeekdayOf,
)
from dsl.numbers import RoundingMode, divide_half_even
from dsl.zones import SECOND, Zone

Computed = bool | int | str | tuple[str, ...] | Fraction
"""A value in a computation: a number is a Fraction, all else is as at rest."""

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules read: the accepted values, the built-ins (`time` in microseconds), the file's zone."""

    values: Mapping[str, Value]
    built_ins: Mapping[str, Value]
    zone: Zone

    @property
    def time(self) -> int:
        """The event's time, an instant."""
        return self.built_ins["time"]  # type: ignore[return-value]  # the one built-in that is no text

    def at_rest(self, read: Read) -> Value | None:
        """What is read, as it stands; None where it is missing."""
        return self.built_ins[read.name] if read.builtin else self.values.get(read.name)


def value_of(node: Expression, facts: Facts) -> Computed:
    """The value of any expression whose attributes, by the checker's proof, are there."""
    match node:
        case Constant():
            return _number(node.value, node.type)
        case Read():
            value = facts.at_rest(node)
            assert value is not None
            return _number(value, node.type)
        case OrElse():
            value = facts.at_rest(node.operand)
            return value_of(node.default, facts) if value is None else _number(value, node.operand.type)
        case DateOf():
            return facts.zone.day(instant_of(node.operand, facts))
        case WeekdayOf():
            return facts.zone.weekday(instant_of(node.operand, facts))
        case _ if isinstance(node.type, NumberType):
            return number_of(node, facts)
        case _:
            return holds(node, facts)


def _number(value: Value, type_: Type) -> Computed:
    return Fraction(int(value), type_.scale) if isinstance(type_, NumberType) else value  # type: ignore[arg-type]


def instant_of(node: Expression, facts: Facts) -> int:
    """The value of an expression that is a timestamp."""
    return value_of(node, facts)  # type: ignore[return-value]  # the type of the node says so


def number_of(node: Expression, facts: Facts) -> Fraction:
    """The value of an expression that is a number."""
    match node:
        case Arithmetic():
            left, right = number_of(node.left, facts), number_of(node.right, facts)
            return left + right if node.operator == "+" else left - right if node.operator == "-" else left * right
        case Divide():
            return number_of(node.operand, facts) / Fraction(node.by)
        case Negate():
            return -number_of(node.operand, facts)
        case Rounded():
            return _rounded(number_of(node.operand, facts), node.mode, node.places)
        case Extreme():
            pick = min if node.which == "smaller" else max
            return pick(number_of(node.left, facts), number_of(node.right, facts))
        case PercentOf():
            return Fraction(node.percent) / 100 * number_of(node.operand, facts)
        case Count() | Length():
            return Fraction(len(value_of(node.operand, facts)))  # type: ignore[arg-type]  # a list, or a text
        case HourOf():
            return Fraction(facts.zone.hour_of_day(instant_of(node.operand, facts)))
        case Elapsed():
            elapsed = instant_of(node.end, facts) - instant_of(node.start, facts)
            return Fraction(elapsed, SECOND * _SECONDS[node.unit])
        case _:
            return value_of(node, facts)  # type: ignore[return-value]  # a constant, or what is read


def _rounded(value: Fraction, mode: RoundingMode, places: int) -> Fraction:
    scaled = value * 10**places
    match mode:
        case "up":
            whole = math.ceil(scaled)
        case "down":
            whole = math.floor(scaled)
        case "half even":
            whole = divide_half_even(scaled.numerator, scaled.denominator)
    return Fraction(whole, 10**places)


def holds(node: Expression, facts: Facts) -> bool:
    """The verdict of a condition."""
    match node:
        case Compare():
            return _compare(node, value_of(node.left, facts), value_of(node.right, facts))
        case Between():
            low, value, high = (value_of(part, facts) for part in (node.low, node.operand, node.high))
            return low <= value <= high  # type: ignore[operator]  # all three have one ordered type
        case OneOf():
            value = value_of(node.operand, facts)
            return any(value == value_of(constant, facts) for constant in node.values) != node.negated
        case IsGiven():
            return (facts.at_rest(node.operand) is not None) == node.given
        case Contains():
            return value_of(node.argument, facts) in value_of(node.operand, facts)  # type: ignore[operator]
        case Affix():
            text, part = str(value_of(node.operand, facts)), str(value_of(node.argument, facts))
            return text.startswith(part) if node.which == "starts with" else text.endswith(part)
        case ClockBetween(low=low, high=high):
            minute = facts.zone.minute_of_day(facts.time)
            return low <= minute < high if low <= high else minute >= low or minute < high
        case AllOf():
            return all(holds(part, facts) for part in node.parts)
        case AnyOf():
            return any(holds(part, facts) for part in node.parts)
        case Not():
            return not holds(node.operand, facts)
        case _:
            return bool(value_of(node, facts))


def _compare(node: Compare, left: Computed, right: Computed) -> bool:
    match node.operator:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right  # type: ignore[operator]  # the two have one ordered type
        case "<=":
            return left <= right  # type: ignore[operator]
        case ">":
            return left > right  # type: ignore[operator]
        case ">=":
            return left >= right  # type: ignore[operator]
