"""The smallest ledger that voids can be tried against."""

from collections import defaultdict

from dsl.core import Ruleset
from dsl.evaluation import Change, CounterKey, Evaluation, Line
from dsl.event import Event
from dsl.interpreter import evaluate
from dsl.voiding import void
from tests.dsl.rules import apply


class Books:
    """What a ledger keeps: counters, which versions moved them, what was recorded, and the bill."""

    def __init__(self) -> None:
        self.counters: dict[CounterKey, int] = {}
        self.movers: defaultdict[CounterKey, set[int]] = defaultdict(set)
        self.recorded: list[tuple[Ruleset, Event, Evaluation]] = []
        self.bill = 0

    def record(self, checked: Ruleset, one: Event) -> Evaluation | None:
        """Rates and records an event; None, with nothing recorded, where it is refused."""
        result = evaluate(checked, one, self.counters)
        if not isinstance(result, Evaluation):
            return None
        apply(self.counters, result)
        for change in result.changes:
            if change.delta:
                self.movers[change.key].add(checked.version)
        self.recorded.append((checked, one, result))
        self.bill += result.price
        return result

    def void(self, number: int) -> tuple[tuple[Line, ...], tuple[Change, ...]]:
        """Takes what was recorded at that place back."""
        checked, _, evaluation = self.recorded[number]
        lines, changes = void(checked, evaluation, self.counters, lambda key: self.movers[key] <= {checked.version})
        assert len({change.key for change in changes}) == len(changes)
        for change in changes:
            assert change.before == self.counters[change.key]
            assert change.delta != 0
            self.counters[change.key] += change.delta
        self.bill += sum(line.price for line in lines)
        return lines, changes

    def moved(self) -> dict[CounterKey, int]:
        """The counters that are not at 0."""
        return {key: value for key, value in self.counters.items() if value}


def recorded(checked: Ruleset, *events: Event) -> Books:
    """The books after these events, none of which is refused."""
    books = Books()
    for one in events:
        assert books.record(checked, one) is not None
    return books
