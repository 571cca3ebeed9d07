"""What every ledger promises.

- An event whose rating succeeds is recorded once: its key is (ruleset, source, id), without a time window.
- The same event again gets its first answer; the same key with other content gets `IdTaken` and changes nothing.
- Rating reads counters and the entry moves them in one atomic step: no two events ever see the same room in a limit.
- Refused events, unknown ones and those for which no version is in force are kept with their reason, and claim no key.
- What a call has answered is on disk; what it could not write, it did not write in part.
- The ledger is append-only: a void is an entry of its own, that takes another back.
- Entries are chained by hash, one chain a writer, so that a row changed afterwards is found.

`record`, `void` and `publish` write; a ledger is given one of these at a time. The others read, at any time and from
any thread, and see what is committed. All raise LedgerUnavailable where the store can't be reached.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dsl.core import Ruleset
from dsl.evaluation import Change, CounterKey, Counters, Evaluation, Line, Outcome, Violation
from dsl.event import Event
from service.errors import ServiceError

Rated = tuple[Ruleset, Evaluation]
"""An accepted event's evaluation, and the version of the ruleset that made it."""

Rate = Callable[[Event, Counters], Rated | ServiceError]
"""Rates one event against the counters as they stand; reads nothing else and changes nothing."""


@dataclass(slots=True)
class Submission:
    """Events of one ruleset to be recorded in order.

    `rater` gives how each is rated if its key is free. It is asked inside the transaction, after versions that others
    published have been taken over, and may be asked again where the transaction has to be repeated. `contents` are the
    events' data as text and the hashes of their content (see `codec.kept_content`), where another has worked them out.
    """

    ruleset: str
    events: Sequence[Event]
    rater: Callable[[], Rate]
    contents: Sequence[tuple[str, bytes]] | None = None


@dataclass(slots=True)
class Entry:
    """A recorded evaluation: the event as it came and what it cost, under which version.

    `recorded` is the instant of recording. `duplicate` is set where it answers an event that was recorded before.
    """

    ruleset: str
    version: int
    currency: str
    event: Event
    evaluation: Evaluation
    recorded: int
    duplicate: bool = False


@dataclass(slots=True)
class Void:
    """An entry that takes another back, wholly: its lines have minus the units and the price that falls away.

    `reason` is why, as it was given. `duplicate` is set where the evaluation had been voided before: then this is the
    first void. `changes` are what it did to the counters, places in limits included.
    """

    entry: Entry
    lines: tuple[Line, ...]
    changes: tuple[Change, ...]
    reason: str
    recorded: int
    duplicate: bool = False

    @property
    def price(self) -> int:
        """The sum of the lines' prices, 10⁻¹⁸ of the currency; 0 or below, save where a price by volume rises."""
        return sum(line.price for line in self.lines)


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the ledger. Sequences rise in the order in which one customer's events were recorded.

    `writer` and `number` are the chain and the place in it, from 1; `sha256` the chain's hash up to this row, in
    hexadecimal; `content` the hash of the event's content, by which repeated events are known.
    """

    sequence: int
    writer: int
    number: int
    sha256: str
    content: str
    row: Entry | Void
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that claimed no key, with the reason: refused, unknown, or without a version in force."""

    sequence: int
    ruleset: str
    event: Event
    reason: str
    violations: tuple[Violation, ...]
    recorded: int


@dataclass(frozen=True, slots=True)
class Published:
    """A version as it was published: `text` to the byte, `sha256` its hash in hexadecimal.

    `used` tells whether an entry names it. `effective` is an instant.
    """

    ruleset: str
    version: int
    effective: int
    text: str
    sha256: str
    published: int
    used: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Which records to list. Empty strings and None filter nothing; times are instants of events, `end` exclusive.

    Both `start` and `end` are only allowed with a subject: a ledger has no index of times alone.
    """

    ruleset: str = ""
    subject: str = ""
    source: str = ""
    event_id: str = ""
    start: int | None = None
    end: int | None = None
    outcome: Outcome | None = None
    interaction: str = ""


@dataclass(frozen=True, slots=True)
class UsageLine:
    """A customer's use of one interaction on one calendar day of the ruleset's zone, voids taken off.

    `day` counts from 1970-01-01; `units` are millionths, `price` 10⁻¹⁸ of the currency.
    """

    day: int
    interaction: str
    noun: str
    events: int
    units: int
    price: int


@dataclass(frozen=True, slots=True)
class Chain:
    """A writer's chain: how many rows it has, its last hash (hexadecimal), and when the writer began."""

    writer: int
    rows: int
    sha256: str
    began: int


@dataclass(frozen=True, slots=True)
class Stats:
    """How much a ledger holds. `details` are the store's own facts (sizes in bytes, versions, settings) in words."""

    entries: int
    voids: int
    refused: int
    counters: int
    customers: int
    versions: int
    chains: int
    details: Mapping[str, str | int]


class VoidCounters(Counters, Protocol):
    """The counters as a void sees them."""

    def priced_by(self, key: CounterKey) -> int:
        """The one version that moved a counter; 0 where several did."""
        ...


Reprice = Callable[[Entry, VoidCounters], tuple[tuple[Line, ...], tuple[Change, ...]]]
"""What taking an entry back does, against the counters as they stand: lines with minus the units, and changes."""

Answer = Entry | ServiceError


class OthersPublished(Exception):
    """A ruleset's versions are not those that a new one was checked with; it must be checked again."""


class CantOpen(Exception):
    """What was named is no ledger that this release can use; the text says why and what to do."""


class CantBackUp(Exception):
    """No backup was made; the text says why and what to do."""


class Ledger(Protocol):
    """A store of entries, counters, refused events and published versions."""

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """Rates and records submissions in order, in one transaction: for each, one answer an event.

        When it returns, what it answers is kept. Raises LedgerUnavailable, with nothing recorded.
        """
        ...

    def preview(self, submission: Submission) -> list[Answer]:
        """Rates in order against the same counters and records nothing.

        The events of one submission see each other's changes. Keys are ignored; `duplicate` says whether one is known.
        """
        ...

    def void(self, ruleset: str, source: str, event_id: str, reason: str, reprice: Reprice) -> Void:
        """Takes a recorded evaluation back; once: after that the first void is the answer. Raises NotRecorded."""
        ...

    def publish(self, version: Published, replace: bool = False, beside: Collection[str] | None = None) -> Published:
        """Keeps a version for good and gives it back as it is kept; the same text again changes nothing.

        With `replace` a version of another text takes the place of one that no entry names. `beside` are the hashes of
        the ruleset's other versions that this one was checked with. Raises VersionTaken, and OthersPublished where
        there are others by now, since versions have to agree on some things for life.
        """
        ...

    def published(self) -> list[Published]:
        """Every version in force or to come, by ruleset and number."""
        ...

    def on_publication(self, react: Callable[[Sequence[Published]], None]) -> None:
        """Has `react` called with all versions, inside a transaction and before it rates, where others published some
        since the last one."""
        ...

    def find(self, query: Query, size: int, after: str = "") -> tuple[list[Record], str]:
        """A page of records, and the token of the next, "" where there is none.

        Ordered by sequence; for one subject by the event's time and then by sequence. Raises InvalidRequest for a
        token that is none.
        """
        ...

    def refused(self, ruleset: str, size: int, after: int = 0) -> list[Refused]:
        """Refused events with a higher sequence than `after`, ascending; of all rulesets where the name is empty."""
        ...

    def usage(self, ruleset: str, subject: str, first_day: int, last_day: int) -> list[UsageLine]:
        """A customer's use from one day to another, both included, by day and interaction."""
        ...

    def records(self, after: int = 0) -> Iterator[Record]:
        """Every record with a higher sequence, ascending, however many there are."""
        ...

    def counters(self) -> Iterator[tuple[str, CounterKey, int]]:
        """Every counter that has moved: its ruleset, key and value. Rulesets share none."""
        ...

    def verify(self) -> Iterator[str]:
        """What is wrong with what is stored, a sentence each, the first bad row first; nothing where all is well."""
        ...

    def chains(self) -> list[Chain]:
        """Every chain, by writer."""
        ...

    def stats(self) -> Stats:
        """How much there is."""
        ...

    def backup(self, target: Path) -> None:
        """Writes a copy of the whole ledger to a new file while it is in use; raises CantBackUp."""
        ...

    def close(self) -> None:
        """Lets go of files and connections."""
        ...


def check_beside(version: Published, published: Iterable[Published], beside: Collection[str] | None) -> None:
    """Raises OthersPublished where a ruleset's other versions are not those with these hashes."""
    others = {one.sha256 for one in published if one.ruleset == version.ruleset and one.version != version.version}
    if beside is not None and others != set(beside):
        raise OthersPublished
