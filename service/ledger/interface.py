"""What every ledger promises.

- An event whose rating succeeds is recorded once: its key is (ruleset, source, id), without a time window.
- The same event again gets its first answer; the same key with other content gets `IdTaken` and changes nothing.
- Rating reads counters and the entry adds to them in one atomic step: no two events ever see the same room in a limit.
- Refused events, unknown ones and those for which no version is in force are kept with their reason, and claim no key.
- The ledger is append-only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dsl.evaluation import Counters, Evaluation
from dsl.event import Event
from service.errors import ServiceError


@dataclass(slots=True)
class Rated:
    """An accepted event's evaluation, and the version that made it."""

    version: int
    currency: str
    evaluation: Evaluation


Rate = Callable[[Event, Counters], Rated | ServiceError]
"""Rates one event against the counters as they stand; reads nothing else and changes nothing."""


@dataclass(slots=True)
class Submission:
    """An event to be recorded under a ruleset, and how it is rated if its key is free."""

    ruleset: str
    event: Event
    rate: Rate


@dataclass(slots=True)
class Entry:
    """A recorded evaluation: the event as it came and what it cost; `recorded` is the instant of recording."""

    ruleset: str
    event: Event
    rated: Rated
    recorded: int


@dataclass(slots=True)
class Refused:
    """An event that was not recorded as an entry, with the reason."""

    ruleset: str
    event: Event
    reason: str
    recorded: int


@dataclass(slots=True)
class Answer:
    """What a submission gets: its entry, and whether it was there before."""

    entry: Entry
    duplicate: bool


class Ledger(Protocol):
    """A store of entries, counters and refused events."""

    def record(self, submissions: Sequence[Submission]) -> list[Answer | ServiceError]:
        """Rates and records in order, one result each; when it returns, what it answers is kept.

        Raises LedgerUnavailable, with nothing recorded.
        """
        ...

    def preview(self, submissions: Sequence[Submission]) -> list[Answer | ServiceError]:
        """Rates in order against the same counters and records nothing.

        The submissions of one call see each other's changes. Keys are ignored; `duplicate` says whether a key is known.
        """
        ...

    def close(self) -> None:
        """Lets go of files and connections."""
        ...
