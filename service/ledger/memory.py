"""A ledger in memory: for trying things out and for tests; what it holds ends with the process."""

from collections.abc import Callable, Sequence

from dsl.evaluation import CounterKey, Outcome
from service.content import content_of
from service.errors import IdTaken, ServiceError
from service.ledger.interface import Answer, Entry, Rated, Refused, Submission
from service.times import as_text

Key = tuple[str, object, object]


class MemoryLedger:
    """Keeps everything in dicts; not for use from several threads at once."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._entries: dict[Key, Entry] = {}
        self._counters: dict[CounterKey, int] = {}
        self._refused: list[Refused] = []

    def record(self, submissions: Sequence[Submission]) -> list[Answer | ServiceError]:
        """See `Ledger.record`."""
        now = self._clock()
        answers: list[Answer | ServiceError] = []
        entries, counters = self._entries, self._counters
        for submission in submissions:
            event = submission.event
            key = (submission.ruleset, event.source, event.id)
            known = entries.get(key) if _usable(event.source, event.id) else None
            if known is not None:
                answers.append(_repeated(known, submission))
                continue
            rated = submission.rate(event, counters)
            if isinstance(rated, ServiceError):
                self._refused.append(Refused(submission.ruleset, event, str(rated), now))
                answers.append(rated)
                continue
            entry = Entry(submission.ruleset, event, rated, now)
            if rated.evaluation.outcome is Outcome.UNKNOWN_EVENT:
                self._refused.append(Refused(submission.ruleset, event, rated.evaluation.reason, now))
            else:
                entries[key] = entry
                for change in rated.evaluation.changes:
                    counters[change.key] = change.before + change.delta
            answers.append(Answer(entry, False))
        return answers

    def preview(self, submissions: Sequence[Submission]) -> list[Answer | ServiceError]:
        """See `Ledger.preview`."""
        now = self._clock()
        counters = Overlay(self._counters)
        answers: list[Answer | ServiceError] = []
        for submission in submissions:
            event = submission.event
            rated = submission.rate(event, counters)
            if isinstance(rated, Rated):
                counters.apply(rated)
                known = (
                    _usable(event.source, event.id) and (submission.ruleset, event.source, event.id) in self._entries
                )
                answers.append(Answer(Entry(submission.ruleset, event, rated, now), known))
            else:
                answers.append(rated)
        return answers

    def entries(self) -> list[Entry]:
        """Everything recorded, in order."""
        return list(self._entries.values())

    def refused(self) -> list[Refused]:
        """Every event that was not recorded, in order."""
        return list(self._refused)

    def close(self) -> None:
        """Nothing to let go of."""


class Overlay:
    """Counters that read through to others and keep what is added to themselves."""

    def __init__(self, below: dict[CounterKey, int]) -> None:
        self._below = below
        self._own: dict[CounterKey, int] = {}

    def get(self, key: CounterKey, default: int, /) -> int:
        """The counter's value here, or below, or the default."""
        own = self._own.get(key)
        return self._below.get(key, default) if own is None else own

    def apply(self, rated: Rated) -> None:
        """Takes an evaluation's changes over."""
        for change in rated.evaluation.changes:
            self._own[change.key] = change.before + change.delta


def _usable(source: object, event_id: object) -> bool:
    return type(source) is str and type(event_id) is str


def _repeated(known: Entry, submission: Submission) -> Answer | ServiceError:
    if content_of(known.event) == content_of(submission.event):
        return Answer(known, True)
    return IdTaken(as_text(known.recorded), known.ruleset, known.rated.version)
