"""What a condition proves of numbers: between which ends an attribute lies wherever the condition holds."""

import math
from collections.abc import Mapping
from fractions import Fraction

from dsl import core
from dsl.checker import intervals

Proven = Mapping[str, core.NumberType]
"""Attributes by name, with the interval that each lies in; those of which nothing is known are not there."""

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def proven(condition: core.Expression | None) -> Proven:
    """What a condition proves by comparing attributes with written numbers, alone or joined by `and`."""
    match condition:
        case core.AllOf(parts=parts):
            found: dict[str, core.NumberType] = {}
            for part in parts:
                for name, type_ in proven(part).items():
                    found[name] = _common(found[name], type_) if name in found else type_
            return found
        case core.Compare(operator=operator, left=core.Read() as read, right=core.Constant() as end):
            return _compared(operator, read, end)
        case core.Compare(operator=operator, left=core.Constant() as end, right=core.Read() as read):
            return _compared(_MIRRORED.get(operator, operator), read, end)
        case core.Between(operand=core.Read() as read, low=core.Constant() as low, high=core.Constant() as high):
            above, below = _compared(">=", read, low), _compared("<=", read, high)
            return {name: _common(above[name], below[name]) for name in above}
        case core.OneOf(operand=core.Read() as read, values=values, negated=False):
            ends = [value.type.low for value in values if isinstance(value.type, core.NumberType)]
            return _within(read, min(ends), max(ends)) if ends else {}
        case _:
            return {}


def either(one: Proven, other: Proven) -> Proven:
    """What is proven whichever of two conditions holds."""
    return {name: intervals.united(type_, other[name]) for name, type_ in one.items() if name in other}


def _compared(operator: str, read: core.Read, end: core.Constant) -> Proven:
    if not isinstance(read.type, core.NumberType) or not isinstance(end.type, core.NumberType):
        return {}
    value, scale = end.type.low, read.type.scale
    match operator:
        case "=":
            return _within(read, value, value)
        case ">" | ">=":
            low = math.floor(value * scale) + 1 if operator == ">" else math.ceil(value * scale)
            return _within(read, Fraction(low, scale), read.type.high)
        case "<" | "<=":
            high = math.ceil(value * scale) - 1 if operator == "<" else math.floor(value * scale)
            return _within(read, read.type.low, Fraction(high, scale))
        case _:
            return {}


def _within(read: core.Read, low: Fraction, high: Fraction) -> Proven:
    """The attribute's own interval as far as it lies between two ends; nothing where no number lies there."""
    assert isinstance(read.type, core.NumberType)
    low, high = max(low, read.type.low), min(high, read.type.high)
    return {read.name: core.NumberType(low, high, read.type.places)} if low <= high else {}


def _common(a: core.NumberType, b: core.NumberType) -> core.NumberType:
    low, high = max(a.low, b.low), min(a.high, b.high)
    return core.NumberType(low, high, a.places) if low <= high else a


def interval(expression: core.Expression, known: Proven) -> core.NumberType:
    """The interval of a checked number, where these attributes lie in those intervals."""
    assert isinstance(expression.type, core.NumberType)
    match expression:
        case core.Read(name=name):
            return known.get(name, expression.type)
        case core.Arithmetic(operator=operator, left=left, right=right):
            return intervals.arithmetic(operator, interval(left, known), interval(right, known))
        case core.Divide(operand=operand, by=by):
            return intervals.divided(interval(operand, known), by)
        case core.Negate(operand=operand):
            return intervals.negated(interval(operand, known))
        case core.Rounded(operand=operand, mode=mode, places=places):
            return intervals.rounded(interval(operand, known), mode, places)
        case core.Extreme(which=which, left=left, right=right):
            return intervals.extreme(which, interval(left, known), interval(right, known))
        case core.PercentOf(percent=percent, operand=operand):
            return intervals.percent_of(percent, interval(operand, known))
        case _:
            return expression.type
