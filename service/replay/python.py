"""Events priced one after the other by the compiled Python: the per-event engine, and the way of those that SQL leaves.

Order and repeated ids mean what they mean to a ledger: an id is claimed by the first of its events that is rated. So
do voids: they give back what the event cost by these rules, and its places in limits, from the counters as they stand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dsl import evaluation, voiding
from dsl.evaluation import Change, CounterKey, Evaluation, Line
from dsl.event import Event
from dsl.to_sql import Outcome
from service.errors import EventRefused, NoVersionInForce, ServiceError
from service.ledger.interface import Rate, Rated

_OUTCOMES = {
    evaluation.Outcome.COUNTED: Outcome.COUNTED,
    evaluation.Outcome.NOT_COUNTED: Outcome.NOT_COUNTED,
    evaluation.Outcome.LIMITED: Outcome.LIMITED,
    evaluation.Outcome.UNKNOWN_EVENT: Outcome.UNKNOWN_EVENT,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event in its turn. Events with one id have one `id_number`, those with one content one `content`; both are
    None where the id comes once.

    `voids` is the sequence of the event that this row takes back. An event that will be taken back has its own there.
    """

    seq: int
    event: Event
    id_number: int | None = None
    content: int | None = None
    voids: int | None = None


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What became of an event; `version` is 0 where none rated it."""

    seq: int
    outcome: Outcome
    version: int = 0
    evaluation: Evaluation | None = None
    error: ServiceError | None = None


class Engine:
    """Prices events in order against counters of its own; with `voids` it can take some of them back."""

    def __init__(self, rate: Rate, voids: bool = False) -> None:
        self._rate = rate
        self._voids = voids
        self._counters: dict[CounterKey, int] = {}
        self._claimed: dict[int, int] = {}
        # Which version alone moved a counter (0: several did), and what was rated and will be taken back.
        self._versions: dict[CounterKey, int] = {}
        self._rated: dict[int, Rated] = {}

    def forget(self) -> None:
        """Start anew, for events that share nothing with those before."""
        self._counters.clear()
        self._claimed.clear()
        self._versions.clear()
        self._rated.clear()

    def price(self, arrival: Arrival) -> Reckoned:
        """What becomes of the next event, or of the void of one."""
        if arrival.voids is not None and arrival.voids != arrival.seq:
            return self._take_back(arrival.seq, self._rated.pop(arrival.voids, None))
        number, content = arrival.id_number, arrival.content
        if number is not None and number in self._claimed:
            same = self._claimed[number] == content
            return Reckoned(arrival.seq, Outcome.DUPLICATE if same else Outcome.CONFLICT)
        rated = self._rate(arrival.event, self._counters)
        if isinstance(rated, ServiceError):
            assert isinstance(rated, EventRefused | NoVersionInForce), rated
            refused = isinstance(rated, EventRefused)
            return Reckoned(arrival.seq, Outcome.REFUSED if refused else Outcome.NOT_IN_FORCE, error=rated)
        ruleset, answer = rated
        for change in answer.changes:
            self._counters[change.key] = change.before + change.delta
        if self._voids:
            self._note_version(answer.changes, ruleset.version)
            if arrival.voids is not None:
                self._rated[arrival.seq] = rated
        if number is not None and content is not None and answer.outcome is not evaluation.Outcome.UNKNOWN_EVENT:
            self._claimed[number] = content
        return Reckoned(arrival.seq, _OUTCOMES[answer.outcome], ruleset.version, answer)

    def _take_back(self, seq: int, rated: Rated | None) -> Reckoned:
        """A void: of nothing, where its event was not rated or did not count."""
        if rated is None:
            return Reckoned(seq, Outcome.VOIDED)
        ruleset, answer = rated
        version = ruleset.version
        lines, changes = voiding.void(
            ruleset, answer, self._counters, lambda key: self._versions.get(key, 0) == version
        )
        for change in changes:
            self._counters[change.key] = change.before + change.delta
        self._note_version(changes, version)
        if not lines:
            return Reckoned(seq, Outcome.VOIDED, version)
        return Reckoned(seq, Outcome.VOIDED, version, taken_back(answer, lines, changes))

    def _note_version(self, changes: Iterable[Change], version: int) -> None:
        for change in changes:
            if change.delta and self._versions.setdefault(change.key, version) != version:
                self._versions[change.key] = 0


def taken_back(answer: Evaluation, lines: tuple[Line, ...], changes: tuple[Change, ...] = ()) -> Evaluation:
    """The void of an evaluation, whose lines have minus the units, as an evaluation itself."""
    return replace(answer, lines=lines, changes=changes, reason=f"taken back; it was {answer.reason}", steps=())
