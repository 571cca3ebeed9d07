"""Expressions: conditions, numbers, texts, instants, each with its type."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from dsl.core.types import BooleanType, DateType, NumberType, Type, Value, WeekdayType

Comparator = Literal["=", "!=", "<", "<=", ">", ">="]

CONDITION = BooleanType()


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: for a number, its numerator over `type.scale`; else a value at rest (dates and weekdays as ints)."""

    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Read:
    """The value of an attribute, by its declared path, or of a built-in (`id source type subject time`).

    Where the attribute may be missing, the checker has proven that it is there whenever this is evaluated,
    except directly below `OrElse` and `IsGiven`. A number read is an integer, or a decimal of 6 places.
    """

    name: str
    type: Type
    builtin: bool = False


@dataclass(frozen=True, slots=True)
class OrElse:
    """The attribute's value, or the constant where it is missing; both have the node's type, a number its scale."""

    operand: Read
    default: Constant
    type: Type


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left + - * right`, exact."""

    operator: Literal["+", "-", "*"]
    left: "Expression"
    right: "Expression"
    type: NumberType


@dataclass(frozen=True, slots=True)
class Divide:
    """`operand / by`, exact: `by` is a literal other than 0, and a `Rounded` stands above."""

    operand: "Expression"
    by: Decimal
    type: NumberType


@dataclass(frozen=True, slots=True)
class Negate:
    """`- operand`."""

    operand: "Expression"
    type: NumberType


@dataclass(frozen=True, slots=True)
class Rounded:
    """Rounded to `places`: towards +∞, towards −∞, or half to even."""

    operand: "Expression"
    mode: Literal["up", "down", "half even"]
    places: int
    type: NumberType


@dataclass(frozen=True, slots=True)
class Extreme:
    """The smaller or larger of two numbers."""

    which: Literal["smaller", "larger"]
    left: "Expression"
    right: "Expression"
    type: NumberType


@dataclass(frozen=True, slots=True)
class PercentOf:
    """`percent % of operand`, exact."""

    percent: Decimal
    operand: "Expression"
    type: NumberType


@dataclass(frozen=True, slots=True)
class Count:
    """How many members a list has."""

    operand: "Expression"
    type: NumberType


@dataclass(frozen=True, slots=True)
class Length:
    """How many code points a text has."""

    operand: "Expression"
    type: NumberType


@dataclass(frozen=True, slots=True)
class HourOf:
    """The hour, 0–23, on the wall clock of the file's zone."""

    operand: "Expression"
    type: NumberType


@dataclass(frozen=True, slots=True)
class DateOf:
    """The calendar day in the file's zone."""

    operand: "Expression"
    type: DateType


@dataclass(frozen=True, slots=True)
class WeekdayOf:
    """The weekday in the file's zone."""

    operand: "Expression"
    type: WeekdayType


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The time from one instant to another, negative where `end` is earlier; `seconds` is exact to 6 places,
    `minutes` and `hours` wait to be rounded (their type's divisor is 60 or 3,600)."""

    unit: Literal["seconds", "minutes", "hours"]
    start: "Expression"
    end: "Expression"
    type: NumberType


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values of one type compared; `=` and `!=` for every type, the others for numbers, instants, dates, weekdays.

    Numbers may have different scales. `spelling` is the author's.
    """

    operator: Comparator
    left: "Expression"
    right: "Expression"
    spelling: str
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class Between:
    """`low <= operand <= high`."""

    operand: "Expression"
    low: "Expression"
    high: "Expression"
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class OneOf:
    """The operand equals one of the constants (all distinct); `negated`: none of them. Numbers have the operand's scale
    or their own."""

    operand: "Expression"
    values: tuple[Constant, ...]
    negated: bool
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class IsGiven:
    """The attribute is there; `given` False: it is missing."""

    operand: Read
    given: bool
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class Contains:
    """A list has the text as a member, or a text has it as a part; by code point."""

    operand: "Expression"
    argument: "Expression"
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class Affix:
    """A text starts or ends with another."""

    which: Literal["starts with", "ends with"]
    operand: "Expression"
    argument: "Expression"
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class ClockBetween:
    """The event's wall clock, in minutes after midnight, lies in [low, high), over midnight where low > high."""

    low: int
    high: int
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; parts are tried in order and the first that fails ends it."""

    parts: tuple["Expression", ...]
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part holds; parts are tried in order and the first that holds ends it."""

    parts: tuple["Expression", ...]
    type: BooleanType = CONDITION


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: "Expression"
    type: BooleanType = CONDITION


Expression = (
    Constant
    | Read
    | OrElse
    | Arithmetic
    | Divide
    | Negate
    | Rounded
    | Extreme
    | PercentOf
    | Count
    | Length
    | HourOf
    | DateOf
    | WeekdayOf
    | Elapsed
    | Compare
    | Between
    | OneOf
    | IsGiven
    | Contains
    | Affix
    | ClockBetween
    | AllOf
    | AnyOf
    | Not
)
