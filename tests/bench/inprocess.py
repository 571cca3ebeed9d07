"""One event through a ruleset, in process: against the same rules by hand, against peers, and 1,000 interactions against 10."""

from collections.abc import Callable, Sequence

from dsl.checker import check
from dsl.core import Ruleset
from dsl.evaluation import CounterKey, Evaluation
from dsl.event import Event
from dsl.source import Source
from dsl.to_python import CompiledRuleset, compile_ruleset
from tests.bench.peers import PEERS
from tests.bench.rules10 import TEXT, by_hand, events, events_for_many, many
from tests.bench.timing import report, seconds, side_by_side

EVENTS = 20_000


def ruleset_of(text: str) -> Ruleset:
    """A sound rule text, checked."""
    ruleset, diagnostics = check(Source("bench.vpi", text))
    assert ruleset is not None, diagnostics
    return ruleset


def evaluate_all(compiled: CompiledRuleset, given: Sequence[Event]) -> dict[CounterKey, int]:
    """Every event evaluated and its changes applied to the counters, which are returned."""
    counters: dict[CounterKey, int] = {}
    evaluate = compiled.evaluate
    for event in given:
        result = evaluate(event, counters)
        assert isinstance(result, Evaluation)
        for change in result.changes:
            counters[change.key] = change.before + change.delta
    return counters


def each(work: Callable[[], object], count: int) -> Callable[[], float]:
    """Microseconds an event."""
    return lambda: seconds(work) / count * 1e6


def against_hand() -> None:
    """(a), first half."""
    given = events(EVENTS)
    compiled = compile_ruleset(ruleset_of(TEXT))

    def hand() -> None:
        totals: dict[object, int] = {}
        for event in given:
            by_hand(event, totals)

    pair = side_by_side(each(lambda: evaluate_all(compiled, given), EVENTS), each(hand, EVENTS))
    report("one event, 10 interactions, counters included", pair, "µs", "at most 3", "hand-written function")


def against_peers() -> None:
    """(a), second half: the peers only match the conditions."""
    given = events(EVENTS // 4)
    compiled = compile_ruleset(ruleset_of(TEXT))
    for name, make in PEERS.items():
        match = make()

        def conditions(match: Callable[[Event], str | None] = match) -> None:
            for event in given:
                match(event)

        pair = side_by_side(each(conditions, len(given)), each(lambda: evaluate_all(compiled, given), len(given)))
        report(f"{name}: the conditions alone", pair, "µs", "at least 5 for the fastest of them", "VPI, everything")


def thousand_against_ten() -> None:
    """(b)."""
    for types, what in ((100, "100 event types"), (1, "one event type")):
        few, lots = max(1, types // 100), types
        ten = compile_ruleset(ruleset_of(many(10, few)))
        thousand = compile_ruleset(ruleset_of(many(1000, lots)))
        small, large = events_for_many(10, few, EVENTS), events_for_many(1000, lots, EVENTS)
        evaluate_all(thousand, large)
        pair = side_by_side(
            each(lambda t=thousand, e=large: evaluate_all(t, e), EVENTS),  # type: ignore[misc]
            each(lambda t=ten, e=small: evaluate_all(t, e), EVENTS),  # type: ignore[misc]
        )
        report(f"one event, 1,000 interactions over {what}", pair, "µs", "at most 1.5", "10 interactions")


def run() -> None:
    """All of it."""
    against_hand()
    against_peers()
    thousand_against_ten()
