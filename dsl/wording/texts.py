"""Expressions and values as text for people."""

import re
from dataclasses import dataclass
from datetime import timedelta

from dsl.core import (
    Affix,
    AllOf,
    AnyOf,
    Arithmetic,
    Between,
    BooleanType,
    ClockBetween,
    Compare,
    Constant,
    Contains,
    Count,
    DateOf,
    DateType,
    Divide,
    Elapsed,
    Expression,
    Extreme,
    HourOf,
    IsGiven,
    Length,
    ListType,
    Negate,
    Not,
    NumberType,
    OneOf,
    OrElse,
    PercentOf,
    Read,
    Rounded,
    TextType,
    TimestampType,
    Type,
    Value,
    WeekdayOf,
    WeekdayType,
    WordType,
)
from dsl.numbers import divide_half_even, format_scaled
from dsl.zones import EPOCH

MASK = '"…"'
"""What stands for any text's value."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SIGNS = {"=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
LONGEST_TEXT = 80
_PLAIN_WORD = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a sentence for an expression's value; None: for the wall clock at the event's time."""

    expression: Expression | None


Template = tuple[str | Slot, ...]
"""A sentence with its slots."""


# ── values ──────────────────────────────────────────────────────────────────


def shown(value: Value, type_: Type) -> str:
    """A value as people read it; a number is given by its numerator over the type's scale. Text is masked."""
    match type_:
        case BooleanType():
            return "yes" if value else "no"
        case NumberType():
            assert isinstance(value, int)
            return shown_number(value, type_)
        case TextType():
            return MASK
        case WordType():
            return shown_word(str(value))
        case ListType():
            return "[…]"
        case TimestampType():
            return shown_instant(int(value))  # type: ignore[arg-type]  # an instant is an int
        case DateType():
            return shown_date(int(value))  # type: ignore[arg-type]  # a date is an int
        case WeekdayType():
            return WEEKDAYS[int(value)]  # type: ignore[arg-type]  # a weekday is an int


def shown_number(numerator: int, type_: NumberType) -> str:
    """numerator / scale as a decimal; where a division waits to be rounded, to 6 more places than the type has."""
    if type_.divisor == 1:
        return format_scaled(numerator, type_.places)
    return format_scaled(divide_half_even(numerator * 10**6, type_.divisor), type_.places + 6)


def shown_word(word: str) -> str:
    """A word of a list as an author writes it: bare, or in quotes."""
    return word if _PLAIN_WORD.match(word) else f'"{word}"'


def shown_instant(microseconds: int) -> str:
    """An instant as RFC 3339 text in UTC."""
    return (EPOCH + timedelta(microseconds=microseconds)).isoformat() + "Z"


def shown_date(days: int) -> str:
    """A date as `2026-07-01`."""
    return (EPOCH + timedelta(days=days)).date().isoformat()


def shown_clock(minutes: int) -> str:
    """Minutes after midnight as `07:30`; the end of the day is `24:00`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def is_plain(type_: Type) -> bool:
    """Whether every value of the type is shown as Python's `str` writes it."""
    if isinstance(type_, WordType):
        return all(map(_PLAIN_WORD.match, type_.words))
    return isinstance(type_, NumberType) and type_.scale == 1


# ── expressions ─────────────────────────────────────────────────────────────


def expression_text(expression: Expression) -> str:
    """An expression in the words of its author, shortened where it is long; text literals are masked."""
    text = _text(expression)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1].rstrip() + "…"


def _text(node: Expression) -> str:
    match node:
        case Constant():
            return shown(node.value, node.type)
        case Read():
            return node.name
        case OrElse():
            return f"{node.operand.name} or else {shown(node.default.value, node.default.type)}"
        case Arithmetic(operator="*"):
            return f"{_factor(node.left)} * {_factor(node.right)}"
        case Arithmetic():
            right = node.right
            grouped = isinstance(right, Arithmetic) and right.operator != "*"
            return f"{_text(node.left)} {node.operator} {_factor(right) if grouped else _text(right)}"
        case Divide():
            return f"{_factor(node.operand)} / {node.by:f}"
        case Negate():
            return f"-{_factor(node.operand)}"
        case Rounded():
            return f"{_factor(node.operand)} {_rounding(node)}"
        case Extreme():
            return f"{node.which} of ({_text(node.left)}, {_text(node.right)})"
        case PercentOf():
            return f"{node.percent:f}% of {_factor(node.operand)}"
        case Count():
            return f"count of {_text(node.operand)}"
        case Length():
            return f"length of {_factor(node.operand)}"
        case HourOf():
            return f"hour of {_text(node.operand)}"
        case DateOf():
            return f"date of {_text(node.operand)}"
        case WeekdayOf():
            return f"weekday of {_text(node.operand)}"
        case Elapsed():
            return f"{node.unit} from {_text(node.start)} to {_text(node.end)}"
        case _:
            return _condition_text(node)


def _factor(node: Expression) -> str:
    """The text of an operand that binds tighter than `+` and `or else`."""
    loose = isinstance(node, OrElse) or (isinstance(node, Arithmetic) and node.operator != "*")
    return f"({_text(node)})" if loose else _text(node)


def _rounding(node: Rounded) -> str:
    if node.mode != "half even":
        return f"rounded {node.mode}" + (f" to {node.places} places" if node.places else "")
    return f"rounded to {node.places} places" if node.places else "rounded"


def _condition_text(node: Expression) -> str:
    match node:
        case Compare():
            return f"{_text(node.left)} {SIGNS[node.operator]} {_text(node.right)}"
        case Between():
            return f"{_text(node.operand)} between {_text(node.low)} and {_text(node.high)}"
        case OneOf():
            negation = "not " if node.negated else ""
            return f"{_text(node.operand)} is {negation}one of ({', '.join(map(_text, node.values[:5]))})"
        case IsGiven():
            return f"{node.operand.name} is {'given' if node.given else 'missing'}"
        case Contains():
            return f"{_text(node.operand)} contains {_text(node.argument)}"
        case Affix():
            return f"{_text(node.operand)} {node.which} {_text(node.argument)}"
        case ClockBetween():
            return f"time of day is between {shown_clock(node.low)} and {shown_clock(node.high)}"
        case AllOf():
            return "(" + " and ".join(map(_text, node.parts[:5])) + ")"
        case AnyOf():
            return "(" + " or ".join(map(_text, node.parts[:5])) + ")"
        case Not():
            return f"not {_text(node.operand)}"
        case _:
            raise AssertionError(node)
