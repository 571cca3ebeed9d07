"""Declared event types and their attributes."""

from dataclasses import dataclass
from typing import Literal

from dsl.core.types import Value

AttributeKind = Literal["boolean", "integer", "decimal", "string", "timestamp", "one of", "list of string"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A declared attribute of one event type.

    `outside` is its dotted path in an event's data. `low` and `high` bound an integer (in ones) or a decimal (in
    millionths), and are always given for these two. `default` is given where a missing value has one, `optional` where
    it stays missing.
    """

    name: str
    outside: str
    kind: AttributeKind
    optional: bool = False
    default: Value | None = None
    low: int = 0
    high: int = 0
    words: tuple[str, ...] = ()
    label: str | None = None

    @property
    def required(self) -> bool:
        """An event without it is refused."""
        return not self.optional and self.default is None


@dataclass(frozen=True, slots=True)
class EventType:
    """A declared event type with all its attributes, those of `every event` first."""

    name: str
    outside: str
    attributes: tuple[Attribute, ...]
    label: str | None = None
