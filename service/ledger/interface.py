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

from dsl.core import Ruleset
from dsl.evaluation import Counters, Evaluation
from dsl.event import Event
from service.errors import ServiceError

Rated = tuple[Ruleset, Evaluation]
"""An accepted event's evaluation, and the version of the ruleset that made it."""

Rate = Callable[[Event, Counters], Rated | ServiceError]
"""Rates one event against the counters as they stand; reads nothing else and changes nothing."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Events of one ruleset to be recorded in order, and how each is rated if its key is free."""

    ruleset: str
    events: Sequence[Event]
    rate: Rate


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
class Refused:
    """An event that was not recorded as an entry, with the reason."""

    ruleset: str
    event: Event
    reason: str
    recorded: int


Answer = Entry | ServiceError


class Ledger(Protocol):
    """A store of entries, counters and refused events."""

    def record(self, submission: Submission) -> list[Answer]:
        """Rates and records in order, one answer an event; when it returns, what it answers is kept.

        Raises LedgerUnavailable, with nothing recorded.
        """
        ...

    def preview(self, submission: Submission) -> list[Answer]:
        """Rates in order against the same counters and records nothing.

        The events of one submission see each other's changes. Keys are ignored; `duplicate` says whether one is known.
        """
        ...

    def close(self) -> None:
        """Lets go of files and connections."""
        ...
