"""Expressions as written."""

from dataclasses import dataclass
from typing import Literal

from dsl.syntax.literals import Boolean, Clock, Date, Empty, Node, Number, Path, Percent, Text, TextList, Timestamp

Comparator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Reference(Node):
    """A bare name in an expression: an attribute, a built-in, or one word of a list. Quoted words are `Text`."""

    path: Path


@dataclass(frozen=True, slots=True)
class Group(Node):
    """A parenthesised expression."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class And(Node):
    """Two or more conditions joined by `and`."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """Two or more conditions joined by `or`."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`not` before a condition."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """Two sides compared. `operator` is the meaning; `spelling` the author's words with single blanks (`at least`,
    `≥`, `>=`, `is`, `is not`, `exactly`, …)."""

    operator: Comparator
    left: "Expression"
    right: "Expression"
    spelling: str


@dataclass(frozen=True, slots=True)
class Quantity(Node):
    """A quantity phrase: `≥1 result`, `at least 2 photos`, `exactly 1 result`."""

    operator: Comparator
    number: Number
    noun: Path
    spelling: str


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`X [is] between A and B`, both ends included (half open after `time of day`)."""

    operand: "Expression"
    low: "Expression"
    high: "Expression"
    with_is: bool


@dataclass(frozen=True, slots=True)
class OneOf(Node):
    """`X is [not] one of (a, b)`."""

    operand: "Expression"
    values: tuple["Expression", ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Given(Node):
    """`X is [not] given` and `X is [not] missing`; `given` is the meaning, `spelling` the author's words."""

    operand: "Expression"
    given: bool
    spelling: str


@dataclass(frozen=True, slots=True)
class TextTest(Node):
    """`X contains Y`, `X starts with Y`, `X ends with Y`."""

    test: Literal["contains", "starts with", "ends with"]
    operand: "Expression"
    argument: "Expression"


@dataclass(frozen=True, slots=True)
class TimeOfDay(Node):
    """`time of day`: the event's wall clock in the file's zone; stands only before `[is] between`."""


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Two operands and one of `+ - * /`; left associative."""

    operator: Literal["+", "-", "*", "/"]
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """A minus sign before an operand that is not a number literal."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Rounded(Node):
    """`X rounded up | down | [to N places]`: binds the whole product before it."""

    operand: "Expression"
    mode: Literal["up", "down", "half even"]
    places: Number | None


@dataclass(frozen=True, slots=True)
class OrElse(Node):
    """`X or else VALUE`: the value where the attribute is missing. A word of a list is a `Reference`."""

    operand: "Expression"
    default: "Expression"


@dataclass(frozen=True, slots=True)
class Function(Node):
    """`count of L`, `length of S`, `hour of T`, `date of T`, `weekday of T`."""

    function: Literal["count", "length", "hour", "date", "weekday"]
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Extreme(Node):
    """`smaller of (A, B)`, `larger of (A, B)`."""

    which: Literal["smaller", "larger"]
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class PercentOf(Node):
    """`X% of A`."""

    percent: Percent
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Elapsed(Node):
    """`seconds | minutes | hours from A to B`."""

    unit: Literal["seconds", "minutes", "hours"]
    start: "Expression"
    end: "Expression"


Expression = (
    Reference
    | Number
    | Text
    | Boolean
    | Date
    | Timestamp
    | Clock
    | Empty
    | TextList
    | Group
    | And
    | Or
    | Not
    | Compare
    | Quantity
    | Between
    | OneOf
    | Given
    | TextTest
    | TimeOfDay
    | Arithmetic
    | Negate
    | Rounded
    | OrElse
    | Function
    | Extreme
    | PercentOf
    | Elapsed
)
