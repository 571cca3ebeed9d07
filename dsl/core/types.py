"""Units of measure, and the types that values and expressions have."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

UNIT = 10**6
MONEY = 10**18
RATE = 10**12
UNIT_PLACES = 6
MONEY_PLACES = 18
MOST_UNITS = 10**12 * UNIT
"""An event may have this many units, and no more."""
MOST_TOTAL = 10**14 * UNIT
"""A running total may reach this, and no more."""

Period = Literal["hour", "day", "week", "month", "year"]
Value = bool | int | str | tuple[str, ...]
"""A value at rest: booleans; integers; decimals as millionths; strings and words; instants; lists as tuples."""


@dataclass(frozen=True, slots=True)
class BooleanType:
    """Yes or no; the type of every condition."""


@dataclass(frozen=True, slots=True)
class NumberType:
    """A number between `low` and `high`, both possible, that times `scale` is always an integer.

    `divisor` is not 1 while a division waits to be rounded; no checked clause ends in such a number.
    """

    low: Fraction
    high: Fraction
    places: int
    divisor: int = 1

    @property
    def scale(self) -> int:
        """The denominator: 10^places × divisor."""
        return 10**self.places * self.divisor  # type: ignore[no-any-return]  # int ** int is Any to mypy


@dataclass(frozen=True, slots=True)
class TextType:
    """Unicode text."""


@dataclass(frozen=True, slots=True)
class WordType:
    """One word of a closed list, in the order of its declaration; not ordered otherwise."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListType:
    """A list of strings."""


@dataclass(frozen=True, slots=True)
class TimestampType:
    """An instant."""


@dataclass(frozen=True, slots=True)
class DateType:
    """A calendar day in the file's zone."""


@dataclass(frozen=True, slots=True)
class WeekdayType:
    """Monday to Sunday, ordered."""


Type = BooleanType | NumberType | TextType | WordType | ListType | TimestampType | DateType | WeekdayType
