"""A ledger in memory: for trying things out and for tests; what it holds ends with the process."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dsl.core import Ruleset
from dsl.evaluation import CounterKey, Evaluation, Outcome, Violation
from dsl.event import Event
from service.content import same_content
from service.errors import IdTaken, ServiceError
from service.ledger.interface import Answer, Entry, Refused, Submission
from service.times import as_text

Key = tuple[str, object, object]


class MemoryLedger:
    """Keeps everything in dicts; not for use from several threads at once."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._entries: dict[Key, Entry] = {}
        self._counters: dict[CounterKey, int] = {}
        self._refused: list[Refused] = []

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """See `Ledger.record`."""
        return [self._record(submission) for submission in group]

    def _record(self, submission: Submission) -> list[Answer]:
        now = self._clock()
        name, rate, entries, counters = submission.ruleset, submission.rater(), self._entries, self._counters
        answers: list[Answer] = []
        for event in submission.events:
            key = (name, event.source, event.id)
            known = entries.get(key) if type(event.source) is str and type(event.id) is str else None
            if known is not None:
                answers.append(_repeated(known, event))
                continue
            rated = rate(event, counters)
            if isinstance(rated, ServiceError):
                self._refuse(name, event, str(rated), getattr(rated, "violations", ()), now)
                answers.append(rated)
                continue
            ruleset, evaluation = rated
            entry = Entry(name, ruleset.version, ruleset.currency, event, evaluation, now)
            answers.append(entry)
            if evaluation.outcome is Outcome.UNKNOWN_EVENT:
                self._refuse(name, event, evaluation.reason, (), now)
                continue
            entries[key] = entry
            for change in evaluation.changes:
                counters[change.key] = change.before + change.delta
        return answers

    def _refuse(self, name: str, event: Event, reason: str, violations: tuple[Violation, ...], now: int) -> None:
        self._refused.append(Refused(len(self._refused) + 1, name, event, reason, violations, now))

    def preview(self, submission: Submission) -> list[Answer]:
        """See `Ledger.preview`."""
        now = self._clock()
        counters = Overlay(self._counters)
        answers: list[Answer] = []
        rate = submission.rater()
        for event in submission.events:
            rated = rate(event, counters)
            if isinstance(rated, ServiceError):
                answers.append(rated)
                continue
            counters.apply(rated[1])
            answers.append(self._previewed(submission.ruleset, event, rated[0], rated[1], now))
        return answers

    def _previewed(self, name: str, event: Event, ruleset: Ruleset, evaluation: Evaluation, now: int) -> Entry:
        known = (name, event.source, event.id) in self._entries
        return Entry(name, ruleset.version, ruleset.currency, event, evaluation, now, known)

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

    def apply(self, evaluation: Evaluation) -> None:
        """Takes an evaluation's changes over."""
        for change in evaluation.changes:
            self._own[change.key] = change.before + change.delta


def _repeated(known: Entry, event: Event) -> Answer:
    if same_content(known.event, event):
        return replace(known, duplicate=True)
    return IdTaken(as_text(known.recorded), known.ruleset, known.version)
