"""Interactions, examples, and the ruleset that holds it all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dsl.core.events import EventType
from dsl.core.expressions import Expression
from dsl.core.prices import Adjustment, Basis, Cap, Price
from dsl.source import Span


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` events counted in each group of the basis."""

    count: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class CountsLine:
    """The event types that may count, the condition (None: always) and, with `as`, the units."""

    events: tuple[str, ...]
    condition: Expression | None
    units: Expression | None
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One billable interaction. `noun` is how the author names a unit, singular where the author did.

    Where only examples name it, it is for people: an example never changes what a running total carries over by.

    `units` is None where a unit is counted for each event, or where every counts line has its own.
    """

    name: str
    label: str | None
    also: bool
    counts: tuple[CountsLine, ...]
    limits: tuple[Limit, ...]
    units: Expression | None
    noun: str
    price: Price
    adjustments: tuple[Adjustment, ...] = ()
    caps: tuple[Cap, ...] = ()
    noun_in_examples_only: bool = False
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """A line that a step expects: units in millionths, price in 10⁻¹⁸."""

    interaction: str
    units: int
    price: int


@dataclass(frozen=True, slots=True)
class Step:
    """One event of an example: `data` by outside path, as a client would send it; what is expected, a word or lines."""

    event: str
    data: Mapping[str, object]
    time: int
    subject: str
    word: Literal["nothing", "limited", "refused"] | None
    lines: tuple[ExpectedLine, ...]
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Example:
    """A named run of steps against one fresh ledger."""

    title: str
    steps: tuple[Step, ...]
    span: Span = field(default=Span(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A checked version of a ruleset; `effective` is an instant, `zone` a key of the tz database."""

    name: str
    version: int
    effective: int
    currency: str
    zone: str
    events: tuple[EventType, ...]
    interactions: tuple[Interaction, ...]
    examples: tuple[Example, ...] = ()

    def event(self, name: str) -> EventType:
        """The declared event type of that inside name; KeyError where there is none."""
        for event in self.events:
            if event.name == name:
                return event
        raise KeyError(name)
