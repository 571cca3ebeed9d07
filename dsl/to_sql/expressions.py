"""Checked expressions as SQL: numbers as integers over their type's scale, conditions in SQL's three-valued logic.

A missing value is NULL. The checker has proven that a verdict never depends on reading one: such a reading stands in an
`and` or `or` that another part decides, and there NULL gives way, so that a whole condition is never NULL by it.
"""

import math
from collections.abc import Callable
from fractions import Fraction

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
    Period,
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
from dsl.to_sql.dialect import Dialect
from dsl.to_sql.numbers import Number, Numbers, TooLarge
from dsl.zones import DAY, EARLIEST, HOUR, LATEST, SECOND

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}
_LONGEST_STRING = 4096
_LONGEST_LIST = 256
_LONGEST_TEXT = 200_000

Reads = Callable[[Read], str]
"""The name of the column that holds what is read, with its default."""
Locals = Callable[[str], str]
"""The name of a column that holds the wall clock of an instant's column, or the text of a known instant's."""


class Expressions:
    """Writes the expressions of one version; `reads` and `locals_` name the columns that they need."""

    def __init__(self, dialect: Dialect, reads: Reads, locals_: Locals, local_of: Callable[[int], int]) -> None:
        self.numbers = Numbers(dialect)
        self._dialect = dialect
        self._reads = reads
        self._locals = locals_
        self._local_of = local_of

    def condition(self, node: Expression) -> str:
        """The text of a condition; raises TooLarge."""
        text = self._other(node)
        if len(text) > _LONGEST_TEXT:
            raise TooLarge
        return text

    def number(self, node: Expression) -> Number:
        """A number's numerator over its type's scale, within the type's interval; raises TooLarge."""
        found = self._number(node)
        low, high = _ends(node.type)
        return Number(found.text, max(low, found.low), min(high, found.high), found.wide)

    def key(self, read: Read) -> str:
        """What is read as a text by which groups are told apart, injective for the kind of what is read."""
        name = self._reads(read)
        match read.type:
            case TextType() | WordType():
                return name
            case ListType():
                return self._dialect.joined(name)
            case BooleanType():
                return f"CASE WHEN {name} THEN '1' ELSE '0' END"
            case _:
                return f"CAST({name} AS {self._dialect.text})"

    def equals(self, read: Read, value: Value) -> str:
        """Whether what is read is a known value."""
        return f"{self._reads(read)} = {self._at_rest(value, read.type)}"

    def period(self, period: Period) -> str:
        """The number of the calendar period that holds the event's time, as `Zone.period` gives it."""
        time, local = Number("time_us", EARLIEST, LATEST), self._clock("time_us")
        match period:
            case "hour":
                return self.numbers.subtract(time, self.numbers.floor_remainder(local, HOUR)).text
            case "day":
                return self._day(local).text
            case "week":
                day = self._day(local)
                return self.numbers.subtract(day, self._weekday(day)).text
            case "month":
                return self._dialect.month_number(local.text)
            case "year":
                return self._dialect.quotient(self._dialect.month_number(local.text), 12, wide=False, most=3000)

    # ── numbers ─────────────────────────────────────────────────────────────

    def _number(self, node: Expression) -> Number:
        assert isinstance(node.type, NumberType)
        numbers, scale = self.numbers, node.type.scale
        match node:
            case Constant():
                return numbers.literal(int(node.value))  # type: ignore[arg-type]  # a number's value
            case Read():
                return Number(self._reads(node), *_ends(node.type))
            case OrElse():
                present = self._at(node.operand, scale)
                (first, second), wide = numbers.united((present, self._at(node.default, scale)))
                return Number(f"coalesce({first}, {second})", *_ends(node.type), wide)
            case Arithmetic(operator="*"):
                factor = Fraction(scale, _scale(node.left) * _scale(node.right))
                return numbers.times(numbers.multiply(self.number(node.left), self.number(node.right)), factor)
            case Arithmetic():
                write = numbers.add if node.operator == "+" else numbers.subtract
                return write(self._at(node.left, scale), self._at(node.right, scale))
            case Divide():
                return self._times(node.operand, 1 / Fraction(node.by), scale)
            case Negate():
                return self._times(node.operand, Fraction(-1), scale)
            case PercentOf():
                return self._times(node.operand, Fraction(node.percent) / 100, scale)
            case Rounded():
                return self._rounded(node, scale)
            case Extreme():
                write = numbers.least if node.which == "smaller" else numbers.greatest
                return write(self._at(node.left, scale), self._at(node.right, scale))
            case Count():
                size = self._dialect.size(self._value(node.operand))
                return numbers.times(Number(size, 0, _LONGEST_LIST), Fraction(scale))
            case Length():
                length = self._dialect.length(self._value(node.operand))
                return numbers.times(Number(length, 0, _LONGEST_STRING), Fraction(scale))
            case HourOf():
                hour = numbers.floor_divide(numbers.floor_remainder(self._local(node.operand), DAY), HOUR)
                return numbers.times(hour, Fraction(scale))
            case Elapsed():
                elapsed = numbers.subtract(self._instant(node.end), self._instant(node.start))
                return numbers.times(elapsed, Fraction(scale, SECOND * _SECONDS[node.unit]))
        raise AssertionError(node)

    def _at(self, node: Expression, scale: int) -> Number:
        """A number as its numerator over another scale that it has."""
        return self.numbers.times(self.number(node), Fraction(scale, _scale(node)))

    def _times(self, node: Expression, factor: Fraction, scale: int) -> Number:
        return self.numbers.times(self.number(node), factor * Fraction(scale, _scale(node)))

    def _rounded(self, node: Rounded, scale: int) -> Number:
        ratio = Fraction(10**node.places, _scale(node.operand))
        numerator = self.numbers.multiply(self.number(node.operand), self.numbers.literal(ratio.numerator))
        match node.mode:
            case "down":
                whole = self.numbers.floor_divide(numerator, ratio.denominator)
            case "up":
                whole = self.numbers.ceil_divide(numerator, ratio.denominator)
            case "half even":
                whole = self.numbers.half_even(numerator, ratio.denominator)
        return self.numbers.times(whole, Fraction(scale, 10**node.places))

    # ── instants ────────────────────────────────────────────────────────────

    def _instant(self, node: Expression) -> Number:
        if isinstance(node, Constant):
            return self.numbers.literal(int(node.value))  # type: ignore[arg-type]  # an instant
        return Number(self._value(node), EARLIEST, LATEST)

    def _local(self, node: Expression) -> Number:
        """The wall clock of an instant: what is read, perhaps with a value in its place, or a literal."""
        match node:
            case Constant():
                return self.numbers.literal(self._local_of(int(node.value)))  # type: ignore[arg-type]  # an instant
            case Read():
                return self._clock(self._reads(node))
            case OrElse():
                present, default = self._local(node.operand), self._local(node.default)
                return Number(f"coalesce({present.text}, {default.text})", present.low, present.high)
        raise AssertionError(node)

    def _clock(self, column: str) -> Number:
        return Number(self._locals(column), EARLIEST - 2 * DAY, LATEST + 2 * DAY)

    def _day(self, local: Number) -> Number:
        return self.numbers.floor_divide(local, DAY)

    def _weekday(self, day: Number) -> Number:
        return self.numbers.floor_remainder(self.numbers.add(day, self.numbers.literal(3)), 7)

    # ── conditions and other values ─────────────────────────────────────────

    def _value(self, node: Expression) -> str:
        return self.number(node).text if isinstance(node.type, NumberType) else self._other(node)

    def _other(self, node: Expression) -> str:
        match node:
            case Constant():
                return self._at_rest(node.value, node.type)
            case Read():
                return self._reads(node)
            case OrElse():
                return f"coalesce({self._reads(node.operand)}, {self._at_rest(node.default.value, node.type)})"
            case DateOf():
                return self._day(self._local(node.operand)).text
            case WeekdayOf():
                return self._weekday(self._day(self._local(node.operand))).text
            case Compare():
                left, right = self._alike((node.left, node.right))
                return f"({left} {'<>' if node.operator == '!=' else node.operator} {right})"
            case Between():
                operand, low, high = self._alike((node.operand, node.low, node.high))
                return f"({operand} BETWEEN {low} AND {high})"
            case OneOf():
                operand, *values = self._alike((node.operand, *node.values))
                return f"({operand} {'NOT IN' if node.negated else 'IN'} ({', '.join(values)}))"
            case IsGiven():
                return f"({self._reads(node.operand)} IS {'NOT ' if node.given else ''}NULL)"
            case Contains():
                write = self._dialect.has_member if isinstance(node.operand.type, ListType) else self._dialect.has_part
                return write(self._other(node.operand), self._other(node.argument))
            case Affix():
                write = self._dialect.starts_with if node.which == "starts with" else self._dialect.ends_with
                return write(self._other(node.operand), self._other(node.argument))
            case ClockBetween():
                return self._clock_between(node)
            case AllOf() | AnyOf():
                word = " AND " if isinstance(node, AllOf) else " OR "
                return f"({word.join(map(self._other, node.parts))})"
            case Not():
                return f"(NOT {self._other(node.operand)})"
        raise AssertionError(node)

    def _clock_between(self, node: ClockBetween) -> str:
        of_day = self.numbers.floor_remainder(self._clock("time_us"), DAY)
        minute = self.numbers.floor_divide(of_day, 60 * SECOND).text
        if node.low <= node.high:
            return f"({minute} BETWEEN {node.low} AND {node.high - 1})"
        return f"({minute} NOT BETWEEN {node.high} AND {node.low - 1})"

    def _alike(self, nodes: tuple[Expression, ...]) -> list[str]:
        """Values of one type that are compared; numbers are brought to one scale."""
        if not isinstance(nodes[0].type, NumberType):
            return [self._other(node) for node in nodes]
        common = math.lcm(*(_scale(node) for node in nodes))
        return self.numbers.united([self._at(node, common) for node in nodes])[0]

    def _at_rest(self, value: Value, type_: Type) -> str:
        match value:
            case bool():
                return "TRUE" if value else "FALSE"
            case str():
                return self._dialect.string(value)
            case tuple():
                return self._dialect.strings(value)
            case int() if isinstance(type_, NumberType | TimestampType | DateType | WeekdayType):
                return self.numbers.literal(value).text
        raise AssertionError(value)


def _scale(node: Expression) -> int:
    assert isinstance(node.type, NumberType)
    return node.type.scale


def _ends(type_: Type) -> tuple[int, int]:
    """The interval of a number's numerator."""
    assert isinstance(type_, NumberType)
    return math.ceil(type_.low * type_.scale), math.floor(type_.high * type_.scale)
