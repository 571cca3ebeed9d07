"""One event through a ruleset, in process: against the same rules by hand, peers, and 1,000 interactions against 10."""

from collections.abc import Callable, Sequence
from functools import partial

from dsl.checker import check
from dsl.core import Ruleset
from dsl.evaluation import CounterKey, Evaluation
from dsl.event import Event
from dsl.source import Source
from dsl.to_python import CompiledRuleset, compile_ruleset
from tests.bench.peers import PEERS, Matcher, fields
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
    """(a), second half: the peers only match the conditions; their answers are held against the hand-written rules."""
    given = events(EVENTS // 4)
    inputs = [fields(event) for event in given]
    expected = [_by_hand_alone(event) for event in given]
    compiled = compile_ruleset(ruleset_of(TEXT))
    for name, make in PEERS.items():
        match = make()
        assert [match(data) for data in inputs] == expected, name

        def conditions(match: Matcher = match) -> None:
            for data in inputs:
                match(data)

        pair = side_by_side(each(conditions, len(given)), each(lambda: evaluate_all(compiled, given), len(given)))
        report(f"{name}: the conditions alone", pair, "µs", "at least 5 for the fastest of them", "VPI, everything")


def _by_hand_alone(event: Event) -> str | None:
    """Which interaction matches where no limit is in the way."""
    found = by_hand(event, {})
    return found and found[0]


def thousand_against_ten() -> None:
    """(b). Both sides keep as many counters, so that what is compared is the rules and not the size of a dict."""
    for types, what in ((100, "100 event types"), (1, "one event type")):
        few = max(1, types // 100)
        ten = compile_ruleset(ruleset_of(many(10, few)))
        thousand = compile_ruleset(ruleset_of(many(1000, types)))
        small = events_for_many(10, few, EVENTS, customers=5000)
        large = events_for_many(1000, types, EVENTS, customers=50)
        pair = side_by_side(
            each(partial(evaluate_all, thousand, large), EVENTS), each(partial(evaluate_all, ten, small), EVENTS)
        )
        report(f"one event, 1,000 interactions over {what}", pair, "µs", "at most 1.5", "10 interactions")


def run() -> None:
    """All of it."""
    against_hand()
    against_peers()
    thousand_against_ten()
