"""What every ledger promises; each test runs on every ledger."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from dsl.evaluation import Outcome
from dsl.event import Event, Instant
from service.errors import EventRefused, IdTaken
from service.evaluator import Evaluator, Options
from service.ledger.interface import Answer, Entry, Ledger
from service.ledger.memory import MemoryLedger
from tests.service.rules import JULY, JUNE, answer, registry, search

NOW = JULY + 1_000_000


def memory() -> Ledger:
    return MemoryLedger(lambda: NOW)


LEDGERS: dict[str, Callable[[], Ledger]] = {"memory": memory}


@pytest.fixture(params=sorted(LEDGERS))
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    made = LEDGERS[request.param]()
    yield made
    made.close()


@pytest.fixture
def evaluator(ledger: Ledger) -> Evaluator:
    return Evaluator(registry(), ledger, lambda: NOW)


def cost(result: Answer) -> Decimal:
    assert isinstance(result, Entry), result
    return Decimal(result.evaluation.price) / 10**18


def evaluate(evaluator: Evaluator, *events: Event, dry: bool = False) -> list[Answer]:
    return evaluator.evaluate("shop", events, Options(dry_run=dry))


def test_the_same_event_again_gets_its_first_answer(evaluator: Evaluator) -> None:
    first, again = evaluate(evaluator, search(), search())
    assert isinstance(first, Entry)
    assert isinstance(again, Entry)
    assert not first.duplicate
    assert again.duplicate
    assert first.evaluation == again.evaluation


def test_a_repeated_event_moves_no_counter(evaluator: Evaluator) -> None:
    costs = [cost(a) for a in evaluate(evaluator, answer("a", "1", 12), answer("a", "1", 12), answer("b", "2", 2))]
    assert costs == [Decimal(1), Decimal(1), Decimal(1)]


def test_numbers_of_one_value_are_the_same_content(evaluator: Evaluator) -> None:
    results = evaluate(evaluator, *(answer("a", "1", words) for words in (Decimal("1.10"), Decimal("1.1"), 1.1)))
    assert [isinstance(r, Entry) and r.duplicate for r in results] == [False, True, True]


@pytest.mark.parametrize(
    "other",
    [
        search(results=4),
        search(time=JUNE + 1),
        search(voice=1),
        search(results="3"),
        search(query="x"),
        Event("e1", "app", "search", "other", JUNE, {"voice": True, "results": 3}),
        Event("e1", "app", "answer", "acme", JUNE, {"voice": True, "results": 3}),
        search(when=Instant(5)),
    ],
)
def test_a_used_id_with_other_content_changes_nothing(evaluator: Evaluator, other: Event) -> None:
    evaluate(evaluator, search())
    (conflict,) = evaluate(evaluator, other)
    assert isinstance(conflict, IdTaken)
    (again,) = evaluate(evaluator, search())
    assert isinstance(again, Entry)
    assert again.duplicate


def test_ids_belong_to_their_ruleset_and_source(evaluator: Evaluator) -> None:
    evaluate(evaluator, search())
    elsewhere = Event("e1", "kiosk", "search", "acme", JUNE, {"results": 0})
    (result,) = evaluate(evaluator, elsewhere)
    assert isinstance(result, Entry)
    assert not result.duplicate
    (other,) = evaluator.evaluate("flat", [search()])
    assert isinstance(other, Entry)
    assert not other.duplicate


@pytest.mark.parametrize("event_id", ["E1", "e1 ", "\u00e9", "e\u0301", "\U0001f600", "e1\u200b"])
def test_ids_are_compared_by_code_point(evaluator: Evaluator, event_id: str) -> None:
    first, second = evaluate(evaluator, search("e1"), search(event_id))
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert not second.duplicate


def test_a_refused_event_does_not_claim_its_id(evaluator: Evaluator) -> None:
    refused, repaired = evaluate(evaluator, search(results=-1), search())
    assert isinstance(refused, EventRefused)
    assert isinstance(repaired, Entry)
    assert not repaired.duplicate


def test_an_unknown_event_does_not_claim_its_id(evaluator: Evaluator) -> None:
    unknown = Event("e1", "app", "serach", "acme", JUNE, {})
    first, repaired = evaluate(evaluator, unknown, search())
    assert isinstance(first, Entry)
    assert first.evaluation.outcome is Outcome.UNKNOWN_EVENT
    assert isinstance(repaired, Entry)
    assert not repaired.duplicate


def test_an_event_that_does_not_count_claims_its_id(evaluator: Evaluator) -> None:
    first, again = evaluate(evaluator, search(results=0), search(results=0))
    assert isinstance(first, Entry)
    assert first.evaluation.outcome is Outcome.NOT_COUNTED
    assert isinstance(again, Entry)
    assert again.duplicate


def test_limits_hold_across_calls_and_versions(evaluator: Evaluator) -> None:
    outcomes = []
    for event in (answer("a", "1"), answer("b", "1"), answer("c", "1", time=JULY), answer("d", "2", time=JULY)):
        (result,) = evaluate(evaluator, event)
        assert isinstance(result, Entry)
        outcomes.append(result.evaluation.outcome)
    assert outcomes == [Outcome.COUNTED, Outcome.LIMITED, Outcome.LIMITED, Outcome.COUNTED]


def test_tiers_and_caps_follow_the_counters(evaluator: Evaluator) -> None:
    events = [answer(str(n), str(n), words) for n, words in enumerate((9, 2, Decimal("0.5"), 100, 1))]
    costs = [cost(a) for a in evaluate(evaluator, *events)]
    assert costs == [Decimal(0), Decimal("0.5"), Decimal("0.25"), Decimal("5.25"), Decimal(0)]


def test_each_event_is_priced_by_the_version_of_its_time(evaluator: Evaluator) -> None:
    results = evaluate(evaluator, search("a"), search("b", time=JULY), search("c", time=JULY - 1))
    assert [cost(r) for r in results] == [Decimal("0.05"), Decimal("0.07"), Decimal("0.05")]


def test_a_dry_run_records_nothing(evaluator: Evaluator) -> None:
    evaluate(evaluator, answer("a", "1", 9), dry=True)
    (result,) = evaluate(evaluator, answer("a", "1", 9))
    assert isinstance(result, Entry)
    assert not result.duplicate


def test_a_dry_run_reads_the_counters_and_its_own_events(evaluator: Evaluator) -> None:
    evaluate(evaluator, answer("a", "1", 9))
    costs = [cost(a) for a in evaluate(evaluator, answer("b", "2", 2), answer("c", "3", 2), dry=True)]
    assert costs == [Decimal("0.5"), Decimal(1)]


def test_a_dry_run_ignores_which_ids_are_known_and_says_so(evaluator: Evaluator) -> None:
    evaluate(evaluator, answer("a", "1", 12))
    (result,) = evaluate(evaluator, answer("a", "2", 2), dry=True)
    assert isinstance(result, Entry)
    assert result.duplicate
    assert cost(result) == 1


def test_a_duplicate_is_explained_from_the_totals_kept_with_it(evaluator: Evaluator) -> None:
    options = Options(explain=True)
    (first,) = evaluator.evaluate("shop", [answer("a", "1", 12)], options)
    evaluate(evaluator, answer("b", "2", 30))
    (again,) = evaluator.evaluate("shop", [answer("a", "1", 12)], options)
    assert isinstance(first, Entry)
    assert isinstance(again, Entry)
    assert again.duplicate
    assert first.evaluation.steps
    assert again.evaluation.steps == first.evaluation.steps


def test_a_limited_duplicate_is_explained_as_limited(evaluator: Evaluator) -> None:
    evaluate(evaluator, answer("a", "1"))
    options = Options(explain=True)
    (first,) = evaluator.evaluate("shop", [answer("b", "1")], options)
    (again,) = evaluator.evaluate("shop", [answer("b", "1")], options)
    assert isinstance(first, Entry)
    assert isinstance(again, Entry)
    assert first.evaluation.outcome is Outcome.LIMITED
    assert again.evaluation.steps == first.evaluation.steps
