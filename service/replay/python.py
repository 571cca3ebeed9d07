"""Events priced one after the other by the compiled Python: the per-event engine, and the way of those that SQL leaves.

Order and repeated ids mean what they mean to a ledger: an id is claimed by the first of its events that is rated.
"""

from dataclasses import dataclass

from dsl import evaluation
from dsl.evaluation import CounterKey, Evaluation
from dsl.event import Event
from dsl.to_sql import Outcome
from service.errors import EventRefused, NoVersionInForce, ServiceError
from service.ledger.interface import Rate

_OUTCOMES = {
    evaluation.Outcome.COUNTED: Outcome.COUNTED,
    evaluation.Outcome.NOT_COUNTED: Outcome.NOT_COUNTED,
    evaluation.Outcome.LIMITED: Outcome.LIMITED,
    evaluation.Outcome.UNKNOWN_EVENT: Outcome.UNKNOWN_EVENT,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event in its turn. Events with one id have one `id_number`, those with one content one `content`; both are
    None where the id comes once."""

    seq: int
    event: Event
    id_number: int | None = None
    content: int | None = None


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What became of an event; `version` is 0 where none rated it."""

    seq: int
    outcome: Outcome
    version: int = 0
    evaluation: Evaluation | None = None
    error: ServiceError | None = None


class Engine:
    """Prices events in order against counters of its own."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._counters: dict[CounterKey, int] = {}
        self._claimed: dict[int, int] = {}

    def forget(self) -> None:
        """Start anew, for events that share nothing with those before."""
        self._counters.clear()
        self._claimed.clear()

    def price(self, arrival: Arrival) -> Reckoned:
        """What becomes of the next event."""
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
        if number is not None and content is not None and answer.outcome is not evaluation.Outcome.UNKNOWN_EVENT:
            self._claimed[number] = content
        return Reckoned(arrival.seq, _OUTCOMES[answer.outcome], ruleset.version, answer)
