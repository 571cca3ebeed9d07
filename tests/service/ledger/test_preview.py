"""Every ledger can rate without recording: dry runs, and explanations of what is recorded."""

from decimal import Decimal

from dsl.evaluation import Outcome
from service.errors import EventRefused
from service.evaluator import Evaluator, Options
from service.ledger.interface import Ledger, Query
from tests.service.ledger.calls import cost, entry_of, evaluate, listed, outcomes, recorded
from tests.service.rules import answer, event, search


def test_a_dry_run_records_nothing(evaluator: Evaluator, ledger: Ledger) -> None:
    evaluate(evaluator, answer("a", "1", 9), search(results="x"), event("no.such", "b"), dry=True)
    assert listed(ledger, Query()) == []
    assert ledger.refused("", 10) == []
    assert list(ledger.counters()) == []
    assert ledger.usage("shop", "acme", -(10**6), 10**6) == []
    assert not recorded(evaluator, answer("a", "1", 9))[0].duplicate


def test_a_dry_run_reads_the_counters_and_its_own_events(evaluator: Evaluator) -> None:
    recorded(evaluator, answer("a", "1", 9))
    events = (answer("b", "2", 2), answer("c", "3", 2), answer("d", "3", 2), answer("e", "1", 2))
    results = evaluate(evaluator, *events, dry=True)
    assert outcomes(results) == ["COUNTED", "COUNTED", "LIMITED", "LIMITED"]
    assert [cost(a) for a in results] == [Decimal("0.5"), 1, 0, 0]


def test_a_dry_run_answers_as_the_recording_after_it(evaluator: Evaluator) -> None:
    events = (answer("a", "1", 12), search("b"), answer("c", "1", 2), answer("d", "2", 30), search(results="x"))
    tried, done = evaluate(evaluator, *events, dry=True), evaluate(evaluator, *events)
    assert [entry_of(a).evaluation for a in tried[:4]] == [entry_of(a).evaluation for a in done[:4]]
    assert isinstance(tried[4], EventRefused)
    assert str(tried[4]) == str(done[4])


def test_a_dry_run_ignores_which_ids_are_known_and_says_so(evaluator: Evaluator) -> None:
    recorded(evaluator, answer("a", "1", 12))
    known, new = evaluate(evaluator, answer("a", "2", 2), answer("b", "3", 2), dry=True)
    assert (entry_of(known).duplicate, entry_of(new).duplicate) == (True, False)
    assert cost(known) == 1


def test_a_dry_run_before_anything_is_recorded_reads_zeros(ledger: Ledger, evaluator: Evaluator) -> None:
    (first,) = ledger.preview(evaluator.submission("shop", [answer("a", "1", 12)]))
    assert cost(first) == 1


def test_a_duplicate_is_explained_from_the_totals_kept_with_it(evaluator: Evaluator) -> None:
    options = Options(explain=True)
    first = entry_of(evaluator.evaluate("shop", [answer("a", "1", 12)], options)[0])
    evaluate(evaluator, answer("b", "2", 30))
    again = entry_of(evaluator.evaluate("shop", [answer("a", "1", 12)], options)[0])
    assert again.duplicate
    assert first.evaluation.steps
    assert again.evaluation.steps == first.evaluation.steps


def test_a_limited_duplicate_is_explained_as_limited(evaluator: Evaluator) -> None:
    evaluate(evaluator, answer("a", "1"))
    options = Options(explain=True)
    first = entry_of(evaluator.evaluate("shop", [answer("b", "1")], options)[0])
    again = entry_of(evaluator.evaluate("shop", [answer("b", "1")], options)[0])
    assert first.evaluation.outcome is Outcome.LIMITED
    assert first.evaluation.steps
    assert again.evaluation.steps == first.evaluation.steps
