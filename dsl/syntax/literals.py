"""Nodes, names, comments and literals."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from dsl.source import Span

Period = Literal["hour", "day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands at a place in the file."""

    span: Span


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A simple name, `[a-z][a-z0-9_]*`."""

    text: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    """A name that may be dotted: an event type or an attribute; `text` joins the parts with dots."""

    text: str


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A value of a `one of` list, or a case of a `by` price; `yes` and `no` stay words here."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Comment(Node):
    """A `#` comment; `text` starts with `#` and has no trailing blanks; `own_line` where nothing stands before it."""

    text: str
    own_line: bool


@dataclass(frozen=True, slots=True)
class Number(Node):
    """An exact number; the sign, where one may stand, is part of it. `text` is as written."""

    value: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Percent(Node):
    """`2.9%`: `value` is 2.9."""

    value: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A string; `value` has its escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """`yes` or `no`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Date(Node):
    """A calendar date; what it means as an instant depends on the file's zone."""

    value: date


@dataclass(frozen=True, slots=True)
class Timestamp(Node):
    """A date and wall-clock time to the microsecond; without `offset` the file's zone gives it."""

    local: datetime
    offset: timedelta | None
    text: str


@dataclass(frozen=True, slots=True)
class Clock(Node):
    """A wall-clock time `22:30`, as minutes after midnight, 0–1439."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Empty(Node):
    """The list without members, `empty`."""


@dataclass(frozen=True, slots=True)
class TextList(Node):
    """`("a", "b")`."""

    items: tuple[Text, ...]


Literal_ = Number | Percent | Text | Boolean | Date | Timestamp | Clock | Empty | TextList
