"""Every ledger records an event once: repeated it gets its first answer, and its id is taken for anything else."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dsl.event import Event, Instant, Other
from service.errors import EventRefused, IdTaken, NoVersionInForce
from service.evaluator import Evaluator
from service.ledger.interface import Entry, Ledger, Query, Rate
from service.registry import Registry
from service.times import as_text
from tests.service.ledger.calls import cost, counters, entry_of, evaluate, listed, outcomes, recorded
from tests.service.ledger.ledgers import NOW, LedgerUnderTest
from tests.service.rules import FIRST, JULY, JUNE, answer, event, search, version_of


def digits_of(number: int) -> str:
    """A name for a number that Python would not write out."""
    return f"{'minus ' if number < 0 else ''}{Decimal(number).adjusted() + 1} digits"


OTHERS = [
    search(results=4),
    search(time=JUNE + 1),
    search(voice=1),
    search(results="3"),
    search(query="x"),
    search(query=""),
    Event("e1", "app", "search", "other", JUNE, {"voice": True, "results": 3}),
    Event("e1", "app", "answer", "acme", JUNE, {"voice": True, "results": 3}),
    Event("e1", "app", "no.such.type", "acme", JUNE, {"voice": True, "results": 3}),
    Event("e1", "app", None, None, None, {}),
    search(when=Instant(5)),
    search(beyond=Other("an object", "{}")),
]
"""Other content under the id of `search()`, some of it refused on its own."""


def test_the_same_event_again_gets_its_first_answer(evaluator: Evaluator) -> None:
    first, again = recorded(evaluator, search(), search())
    (later,) = recorded(evaluator, search())
    assert [first.duplicate, again.duplicate, later.duplicate] == [False, True, True]
    assert first.evaluation == again.evaluation == later.evaluation
    assert first.recorded == again.recorded == later.recorded


def test_a_repeated_event_moves_no_counter(evaluator: Evaluator, ledger: Ledger) -> None:
    costs = [cost(a) for a in evaluate(evaluator, answer("a", "1", 12), answer("a", "1", 12), answer("b", "2", 2))]
    assert costs == [Decimal(1), Decimal(1), Decimal(1)]
    moved = counters(ledger)
    evaluate(evaluator, answer("a", "1", 12))
    assert counters(ledger) == moved
    assert len(listed(ledger, Query())) == 2


def test_numbers_of_one_value_are_the_same_content(evaluator: Evaluator) -> None:
    same = (Decimal("1.10"), Decimal("1.1"), 1.1, Decimal("1.1000"))
    results = [entry for words in same for entry in recorded(evaluator, answer("a", "1", words))]
    assert [entry.duplicate for entry in results] == [False, True, True, True]


@pytest.mark.parametrize("same", [5, Decimal(5), Decimal("5.0"), 5.0, Decimal("0.5e1")])
def test_a_whole_number_is_one_number_however_it_is_written(evaluator: Evaluator, same: object) -> None:
    recorded(evaluator, answer("a", "1", 5))
    assert recorded(evaluator, answer("a", "1", same))[0].duplicate


@pytest.mark.parametrize(
    "number", [10**39, 10**40 - 1, 10**40, 10**41 + 1, 10**5_000, -(10**39), -(10**40)], ids=digits_of
)
def test_a_huge_whole_number_is_one_number_too(evaluator: Evaluator, number: int) -> None:
    first, again, other = evaluate(
        evaluator, search(huge=number), search(huge=Decimal(number)), search(huge=Decimal(number).next_minus())
    )
    assert (entry_of(first).duplicate, entry_of(again).duplicate) == (False, True)
    assert isinstance(other, IdTaken)


def test_null_is_the_same_as_missing(evaluator: Evaluator) -> None:
    first, again = recorded(evaluator, search(query=None, other=None), search())
    assert (first.duplicate, again.duplicate) == (False, True)


@pytest.mark.parametrize("other", OTHERS)
def test_a_used_id_with_other_content_changes_nothing(evaluator: Evaluator, ledger: Ledger, other: Event) -> None:
    evaluate(evaluator, search())
    before = list(ledger.records()), counters(ledger)
    (conflict,) = evaluate(evaluator, other)
    assert isinstance(conflict, IdTaken)
    assert (list(ledger.records()), counters(ledger)) == before
    assert not ledger.refused("", 10)
    assert recorded(evaluator, search())[0].duplicate


@pytest.mark.parametrize("other", OTHERS)
def test_so_it_is_within_one_submission(evaluator: Evaluator, ledger: Ledger, other: Event) -> None:
    # Without the event once more: where a group holds one that is recorded, a ledger may begin it again otherwise.
    first, conflict = evaluate(evaluator, search(), other)
    assert isinstance(conflict, IdTaken)
    assert [record.row for record in listed(ledger, Query())] == [first]
    assert not ledger.refused("", 10)


def test_a_conflict_says_what_was_recorded_when(evaluator: Evaluator) -> None:
    first, conflict = evaluate(evaluator, search(time=JULY), search())
    assert isinstance(conflict, IdTaken)
    assert (conflict.ruleset, conflict.version) == ("shop", 2)
    assert conflict.recorded == as_text(entry_of(first).recorded)


def test_a_conflict_within_one_submission_holds_up_nothing_else(evaluator: Evaluator) -> None:
    first, conflict, last = evaluate(evaluator, search("a"), search("a", results=4), search("b"))
    assert isinstance(first, Entry)
    assert isinstance(conflict, IdTaken)
    assert isinstance(last, Entry)


def test_ids_belong_to_their_ruleset_and_source(evaluator: Evaluator) -> None:
    elsewhere = Event("e1", "kiosk", "search", "acme", JUNE, {"results": 0})
    results = [*recorded(evaluator, search(), elsewhere), *recorded(evaluator, search(), ruleset="flat")]
    assert not any(entry.duplicate for entry in results)


def test_events_of_several_rulesets_and_sources_are_recorded_in_one_group(evaluator: Evaluator, ledger: Ledger) -> None:
    group = [
        evaluator.submission("shop", [search("a"), search("b")]),
        evaluator.submission("flat", [search("a")]),
        evaluator.submission("shop", [search("a"), search("c")]),
        evaluator.submission("shop", []),
    ]
    answers = ledger.record(group)
    assert [[entry_of(answer).duplicate for answer in part] for part in answers] == [
        [False] * 2,
        [False],
        [True, False],
        [],
    ]
    assert [entry_of(part[0]).ruleset for part in answers[:3]] == ["shop", "flat", "shop"]


def test_a_group_of_any_size_is_recorded_whole(evaluator: Evaluator, ledger: Ledger) -> None:
    """Rows are added many at a time: around each such number none may be lost."""
    sizes = (1, 63, 64, 65, 128, 249, 250, 251, 252, 253, 315, 502)
    for size in sizes:
        assert len(recorded(evaluator, *(search(f"{size}/{n}") for n in range(size)))) == size
    assert ledger.stats().entries == sum(sizes)
    assert list(ledger.verify()) == []


def test_one_repeated_event_at_the_end_of_a_large_group_makes_no_others_repeated(
    evaluator: Evaluator, ledger: Ledger
) -> None:
    recorded(evaluator, search("last"))
    answers = recorded(evaluator, *(search(f"e{n}") for n in range(300)), search("last"))
    assert [entry.duplicate for entry in answers] == [False] * 300 + [True]
    assert ledger.stats().entries == 301
    assert list(ledger.verify()) == []


def test_a_group_that_breaks_off_leaves_nothing_behind(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1", 2))
    before = list(ledger.records()), counters(ledger), ledger.stats().entries, ledger.refused("", 10)
    sound = evaluator.submission("shop", [answer("b", "1", 3), answer("c", "2", 3), search(results="x"), search("d")])

    def breaks() -> Rate:
        raise RuntimeError("no rates today")

    broken = replace(evaluator.submission("flat", [search("e")]), rater=breaks)
    with pytest.raises(RuntimeError, match="no rates today"):
        ledger.record([sound, broken])
    assert (list(ledger.records()), counters(ledger), ledger.stats().entries, ledger.refused("", 10)) == before
    costs = [cost(a) for a in evaluate(evaluator, answer("b", "3", 10))]
    assert costs == [Decimal(1)]
    assert list(ledger.verify()) == []


def test_an_event_that_does_not_count_claims_its_id(evaluator: Evaluator) -> None:
    first, again = recorded(evaluator, search(results=0), search(results=0))
    assert outcomes([first, again]) == ["NOT_COUNTED"] * 2
    assert again.duplicate


def test_a_limited_event_claims_its_id(evaluator: Evaluator) -> None:
    recorded(evaluator, answer("a", "1"))
    first, again = recorded(evaluator, answer("b", "1"), answer("b", "1"))
    assert outcomes([first, again]) == ["LIMITED"] * 2
    assert again.duplicate


def test_a_refused_event_claims_no_id(evaluator: Evaluator) -> None:
    refused, repaired = evaluate(evaluator, search(results="many"), search())
    assert isinstance(refused, EventRefused)
    assert not entry_of(repaired).duplicate


def test_an_unknown_event_claims_no_id(evaluator: Evaluator) -> None:
    unknown, repaired = evaluate(evaluator, event("no.such", "e1"), search())
    assert outcomes([unknown]) == ["UNKNOWN_EVENT"]
    assert not entry_of(repaired).duplicate


@pytest.mark.parametrize(
    "later",
    [
        FIRST.replace("0 to 100_000", "0 to 2"),
        FIRST.replace("event search", "event find").replace("counts  search", "counts  find"),
        FIRST.replace("2026-06-01", "2026-07-01"),
    ],
    ids=["a range has shrunk", "the type is gone", "no version is in force"],
)
def test_a_recorded_event_keeps_its_answer_where_later_rules_would_turn_it_away(
    under_test: LedgerUnderTest, later: str
) -> None:
    (first,) = recorded(under_test.evaluator(), search())
    evaluator = Evaluator(Registry([version_of(later)]), under_test.ledger, lambda: NOW)
    for _ in range(3):
        (alone,) = recorded(evaluator, search())
        assert alone == replace(first, duplicate=True)
        turned_away, again, conflict = evaluate(evaluator, search("new"), search(), search(results=9))
        assert isinstance(turned_away, EventRefused | NoVersionInForce) or outcomes([turned_away]) == ["UNKNOWN_EVENT"]
        assert again == replace(first, duplicate=True)
        assert isinstance(conflict, IdTaken)
    assert [kept.event.id for kept in under_test.ledger.refused("", 10)] == ["new"] * 3
    assert len(listed(under_test.ledger, Query())) == 1


def test_an_event_is_known_after_a_restart(durable: LedgerUnderTest) -> None:
    (first,) = recorded(durable.evaluator(), answer("a", "1", 12))
    evaluator = durable.evaluator(durable.reopen())
    again, conflict = evaluate(evaluator, answer("a", "1", 12), answer("a", "2", 12))
    assert entry_of(again).duplicate
    assert entry_of(again).evaluation == first.evaluation
    assert entry_of(again).recorded == first.recorded
    assert isinstance(conflict, IdTaken)


def test_an_event_is_known_to_another_handle(durable: LedgerUnderTest) -> None:
    other = durable.evaluator(durable.second())
    recorded(other, search("x"))
    (first,) = recorded(durable.evaluator(), search("a"))
    assert not first.duplicate
    again, conflict = evaluate(other, search("a"), search("a", results=9))
    assert entry_of(again).duplicate
    assert isinstance(conflict, IdTaken)
