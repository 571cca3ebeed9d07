"""What a generated program is made of, as far as its events need to know it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from random import Random

Kind = str
"""`boolean integer decimal string timestamp`, `one of` or `list of string`."""

INTEGER_EDGE = 2**63
DECIMAL_EDGE = Decimal("999999999999.999999")


@dataclass(frozen=True)
class Attribute:
    """A declared attribute; `low` and `high` are always set for the two kinds of numbers."""

    name: str
    outside: str
    kind: Kind
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    words: tuple[str, ...] = ()
    optional: bool = False
    defaulted: bool = False

    @property
    def required(self) -> bool:
        """An event without it is refused."""
        return not (self.optional or self.defaulted)


@dataclass(frozen=True)
class EventType:
    """A declared event type with all its attributes, those of `every event` first."""

    name: str
    outside: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True)
class Program:
    """A generated rule file, and what random events for it are made from.

    `landmarks` holds, by attribute name, values that the program compares with; `zone` is a key of the tz database.
    """

    text: str
    zone: str
    event_types: tuple[EventType, ...]
    landmarks: dict[str, tuple[object, ...]]

    def __repr__(self) -> str:
        return f"Program(zone={self.zone!r}, text=\n{self.text})"


@dataclass(frozen=True)
class Size:
    """How much of everything a program has at most."""

    events: int
    attributes: int
    interactions: int
    depth: int
    examples: int

    @staticmethod
    def of(step: int) -> "Size":
        """0 is the smallest program there is, 3 an ordinary one, 5 a large one."""
        return Size(1 + step, 2 + 2 * step, 1 + 2 * step, 1 + step // 2, step)


def chance(rng: Random, percent: int) -> bool:
    """True so many times in a hundred."""
    return rng.random() * 100 < percent


PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def quoted(text: str) -> str:
    """The text as a string token."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def word_token(rng: Random, word: str) -> str:
    """A word of a list, quoted where it must be and sometimes where it need not."""
    return word if PLAIN_NAME.match(word) and not chance(rng, 12) else quoted(word)
