"""Rows of a ledger's tables in an SQL database, as they are read and written."""

from dataclasses import dataclass, field
from typing import NamedTuple

from dsl.event import Event
from service.ledger import codec
from service.ledger.interface import Entry


class EntryRow(NamedTuple):
    """A row of `entries`; see the first migration."""

    sequence: int
    stream: int
    event_id: str
    customer: int
    day: int
    time: int
    type: str
    data: str
    version: int
    currency: str
    outcome: str
    interactions: str
    answer: str
    recorded: int
    content: bytes
    writer: int
    number: int
    chain: bytes
    voids: int | None


class RefusedRow(NamedTuple):
    """A row of `refused`."""

    ruleset: str
    event: str
    reason: str
    violations: str
    recorded: int


class CounterRow(NamedTuple):
    """A row of `counters`: the value as text."""

    ruleset: str
    key: str
    value: str
    version: int


class UsageRow(NamedTuple):
    """A row of `usage`: units and price as text."""

    customer: int
    day: int
    interaction: str
    noun: str
    events: int
    units: str
    price: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of an entry that an event may repeat."""

    sequence: int
    customer: int
    subject: str
    day: int
    time: int
    type: str
    data: str
    version: int
    currency: str
    outcome: str
    interactions: str
    answer: str
    recorded: int
    content: bytes

    def entry(self, ruleset: str, event: Event, duplicate: bool = True) -> Entry:
        """The entry, of an event with the same content."""
        evaluation = codec.evaluation_of(self.answer)
        return Entry(ruleset, self.version, self.currency, event, evaluation, self.recorded, duplicate)


@dataclass(slots=True)
class Rows:
    """What one transaction adds. Counters and usage are new values under keys that may be there already."""

    entries: list[EntryRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    counters: list[CounterRow] = field(default_factory=list)
    usage: list[UsageRow] = field(default_factory=list)
    used: set[tuple[str, int]] = field(default_factory=set)
    """Versions that an entry names for the first time, as far as this book knows."""


@dataclass(slots=True)
class Chained:
    """Where a writer's chain stands."""

    writer: int
    rows: int
    head: bytes
