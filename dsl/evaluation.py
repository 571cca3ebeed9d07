"""What evaluating one event gives, whichever back end did it.

`Line`, `Change` and `Evaluation` are made for every event; a frozen dataclass costs four times as much to make, so they
are not frozen. Nothing ever changes one, and some are shared between events.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

CounterKey = tuple[Hashable, ...]
"""(interaction, what is counted and over what, customer, period, key values …): see `dsl/curve.py`."""


class Outcome(StrEnum):
    """What became of an accepted event."""

    COUNTED = "COUNTED"
    NOT_COUNTED = "NOT_COUNTED"
    LIMITED = "LIMITED"
    UNKNOWN_EVENT = "UNKNOWN_EVENT"


@dataclass(slots=True)
class Line:
    """An interaction that counted: units in millionths, price in 10⁻¹⁸ of the currency."""

    interaction: str
    units: int
    noun: str
    price: int


@dataclass(slots=True)
class Change:
    """A counter's value before this event, and what the event adds to it."""

    key: CounterKey
    before: int
    delta: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an explanation: a sentence, its verdict where it is a condition, and the steps below it."""

    text: str
    verdict: bool | None = None
    steps: tuple["Step", ...] = ()


@dataclass(frozen=True, slots=True)
class Violation:
    """Why an event is refused: the field (`data.results`, `subject`), a stable id, a sentence that shows no string."""

    field: str
    id: str
    description: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The event does not fit its declaration, or its numbers a bound; it changes nothing."""

    violations: tuple[Violation, ...]


@dataclass(slots=True)
class Evaluation:
    """The answer for an accepted event. `main` is the index of the main line, -1 where nothing counted.

    `limited_by` names the first interaction whose limit had no room, "" where none was limited. The counters that were
    read for it then stand among `changes` with a delta of 0, so that the answer can be explained again later.
    """

    outcome: Outcome
    lines: tuple[Line, ...]
    main: int
    reason: str
    warnings: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = field(default=(), compare=False)
    limited_by: str = ""

    @property
    def interaction(self) -> str:
        """The main line's interaction; of a LIMITED event the one whose limit had no room; else ""."""
        if self.main >= 0:
            return self.lines[self.main].interaction
        return self.limited_by

    @property
    def units(self) -> int:
        """The main line's units, 0 where nothing counted."""
        return self.lines[self.main].units if self.main >= 0 else 0

    @property
    def price(self) -> int:
        """The sum of the lines' prices."""
        return sum(line.price for line in self.lines)


class Counters(Protocol):
    """Where running totals, limits' counts and caps' sums are read; a dict will do."""

    def get(self, key: CounterKey, default: int, /) -> int:
        """The counter's value, or `default` where it has none."""
        ...
