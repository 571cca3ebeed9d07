"""Every ledger takes an evaluation back once, by an entry of its own, and frees what it used."""

from decimal import Decimal

import pytest

from service.errors import IdTaken, NotRecorded
from service.evaluator import Evaluator
from service.ledger.interface import Entry, Ledger, Query, Reprice, Void, VoidCounters
from tests.service.ledger.calls import (
    cost,
    counters,
    entry_of,
    evaluate,
    ids,
    listed,
    money,
    outcomes,
    recorded,
)
from tests.service.ledger.ledgers import LedgerUnderTest
from tests.service.rules import JULY, answer, event, search

WHY = "a test call, “not” a customer's"


def void(evaluator: Evaluator, event_id: str, ruleset: str = "shop") -> Void:
    return evaluator.void(ruleset, "app", event_id, WHY)


def test_a_void_has_minus_the_units_and_the_price_that_falls_away(evaluator: Evaluator) -> None:
    recorded(evaluator, answer("a", "1", 12), answer("b", "2", 4))
    taken = void(evaluator, "a")
    assert [(line.interaction, line.units) for line in taken.lines] == [("answered", -12_000_000)]
    # 16 words are 6 above the free ones, 4 are none: 3.00 falls away, though the event itself had cost 1.00.
    assert money(taken.price) == -3
    assert (taken.reason, taken.duplicate, taken.entry.event.id) == (WHY, False, "a")


def test_a_void_moves_the_counters_back(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("b", "2", 4))
    before = counters(ledger)
    recorded(evaluator, answer("a", "1", 12))
    void(evaluator, "a")
    assert counters(ledger) == before
    assert list(ledger.verify()) == []


def test_the_changes_of_a_void_say_what_it_did_to_the_counters(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1", 12), answer("b", "2", 4))
    before = counters(ledger)
    taken = void(evaluator, "a")
    after = counters(ledger)
    assert taken.changes
    for change in taken.changes:
        assert before["shop", change.key] == change.before
        assert after.get(("shop", change.key), 0) == change.before + change.delta


def test_a_second_void_gives_the_first_one(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1", 12), answer("b", "2", 4))
    first = void(evaluator, "a")
    before = list(ledger.records()), counters(ledger)
    again = evaluator.void("shop", "app", "a", "for another reason")
    assert again.duplicate
    assert not first.duplicate
    assert (again.reason, again.recorded, again.lines, again.changes) == (
        first.reason,
        first.recorded,
        first.lines,
        first.changes,
    )
    assert again.entry.evaluation == first.entry.evaluation
    assert (list(ledger.records()), counters(ledger)) == before


@pytest.mark.parametrize(
    ("source", "event_id"),
    [("app", "b"), ("web", "a"), ("", ""), ("app", "a\0"), ("app", "\ud800"), ("app", "x" * 300)],
)
def test_what_is_not_recorded_cannot_be_voided(evaluator: Evaluator, source: str, event_id: str) -> None:
    recorded(evaluator, search("a"))
    with pytest.raises(NotRecorded):
        evaluator.void("shop", source, event_id, WHY)


def test_what_another_ruleset_recorded_cannot_be_voided(evaluator: Evaluator) -> None:
    recorded(evaluator, search("a"), ruleset="flat")
    with pytest.raises(NotRecorded, match="shop"):
        void(evaluator, "a")


def test_a_refused_event_cannot_be_voided(evaluator: Evaluator) -> None:
    evaluate(evaluator, search("a", results="many"), event("no.such", "b"))
    for event_id in "ab":
        with pytest.raises(NotRecorded):
            void(evaluator, event_id)


def test_a_voided_event_keeps_its_id(evaluator: Evaluator) -> None:
    (first,) = recorded(evaluator, search("a"))
    void(evaluator, "a")
    again, conflict = evaluate(evaluator, search("a"), search("a", results=9))
    assert entry_of(again).duplicate
    assert entry_of(again).evaluation == first.evaluation
    assert isinstance(conflict, IdTaken)


def test_a_void_frees_a_place_in_a_limit(evaluator: Evaluator) -> None:
    assert outcomes(evaluate(evaluator, answer("a", "1"), answer("b", "1"))) == ["COUNTED", "LIMITED"]
    void(evaluator, "a")
    results = evaluate(evaluator, answer("b", "1"), answer("c", "1"), answer("d", "1"))
    assert outcomes(results) == ["LIMITED", "COUNTED", "LIMITED"]


def test_the_void_of_what_did_not_count_changes_nothing_but_is_kept(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1"), answer("b", "1"), search("c", results=0))
    before = counters(ledger)
    for event_id in "bc":
        taken = void(evaluator, event_id)
        assert (taken.lines, taken.price) == ((), 0)
        assert void(evaluator, event_id).duplicate
    assert counters(ledger) == before
    assert ids(ledger.records()) == ["a", "b", "c", "-b", "-c"]


def test_a_void_is_a_record_of_its_own(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1", 12), search("b"))
    taken = void(evaluator, "a")
    entry, other, voided = ledger.records()
    assert isinstance(voided.row, Void)
    assert (voided.row.lines, voided.row.changes, voided.row.reason) == (taken.lines, taken.changes, WHY)
    assert (voided.row.recorded, voided.row.entry) == (taken.recorded, entry.row)
    assert voided.content == entry.content
    assert [record.voided for record in (entry, other, voided)] == [True, False, False]
    assert entry.sequence < other.sequence < voided.sequence


def test_the_place_under_a_cap_is_free_again(evaluator: Evaluator) -> None:
    costs = [cost(a) for a in evaluate(evaluator, answer("a", "1", 30), answer("b", "2", 4))]
    assert costs == [6, 0]
    assert money(void(evaluator, "a").price) == -6
    assert [cost(a) for a in evaluate(evaluator, answer("c", "3", 10))] == [2]


def test_all_voids_together_take_back_all_that_was_paid(evaluator: Evaluator, ledger: Ledger) -> None:
    events = [answer(str(n), str(n), words) for n, words in enumerate((9, 2, Decimal("0.5"), 100, 1))]
    results = recorded(evaluator, *events)
    taken = [void(evaluator, event_id).price for event_id in "31402"]
    assert sum(entry.evaluation.price for entry in results) + sum(taken) == 0
    assert counters(ledger) == {}
    assert list(ledger.verify()) == []


def test_a_total_that_two_versions_moved_gives_back_the_recorded_price(evaluator: Evaluator) -> None:
    # The day is July's first in UTC, and June's last where the ruleset is at home: one month, two versions.
    early, late = JULY, JULY + 17 * 3_600_000_000
    recorded(evaluator, event("call", "a", early, spent=5), event("call", "b", late, spent=7), ruleset="zoned")
    assert money(void(evaluator, "a", "zoned").price) == Decimal("-0.51")
    recorded(evaluator, answer("x", "1", 12, time=JULY), answer("y", "2", 4, time=JULY))
    assert money(void(evaluator, "x").price) == -3


class Seen:
    """Reprices as told, and keeps which version it was told of for each counter."""

    def __init__(self, reprice: Reprice) -> None:
        self._reprice = reprice
        self.versions: dict[str, int] = {}

    def __call__(self, entry: Entry, counters: VoidCounters):  # type: ignore[no-untyped-def]  # as Reprice
        self.versions = {
            str(change.key[1]).split()[0]: counters.priced_by(change.key) for change in entry.evaluation.changes
        }
        assert counters.get(("no", "such", "counter"), 0) == 0
        assert counters.priced_by(("no", "such", "counter")) == 0
        return self._reprice(entry, counters)


def test_a_counter_knows_the_one_version_that_moved_it(evaluator: Evaluator, ledger: Ledger) -> None:
    # The limit is for ever, so that both versions move it; total and cap are the month's.
    recorded(evaluator, answer("a", "1", 12), answer("b", "1", 12, time=JULY), answer("c", "2", 12, time=JULY))
    seen = Seen(lambda _entry, _counters: ((), ()))
    ledger.void("shop", "app", "a", WHY, seen)
    assert seen.versions == {"limit": 1, "total": 1, "cap": 1}
    ledger.void("shop", "app", "c", WHY, seen)
    assert seen.versions == {"limit": 2, "total": 2, "cap": 2}


def test_a_counter_that_several_versions_moved_has_none(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1", 12))
    void(evaluator, "a")
    recorded(evaluator, answer("b", "1", 12, time=JULY))
    seen = Seen(lambda _entry, _counters: ((), ()))
    ledger.void("shop", "app", "b", WHY, seen)
    assert seen.versions == {"limit": 0, "total": 2, "cap": 2}


def test_a_limit_that_was_only_read_is_still_its_versions_own(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1", 12), answer("b", "1", 12, time=JULY))
    seen = Seen(lambda _entry, _counters: ((), ()))
    ledger.void("shop", "app", "a", WHY, seen)
    assert seen.versions["limit"] == 1


def test_a_void_that_breaks_off_leaves_nothing_behind(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1", 12))
    before = list(ledger.records()), counters(ledger)

    def breaks(entry: Entry, counters: VoidCounters) -> None:
        raise RuntimeError("no price today")

    with pytest.raises(RuntimeError, match="no price today"):
        ledger.void("shop", "app", "a", WHY, breaks)  # type: ignore[arg-type]
    assert (list(ledger.records()), counters(ledger)) == before
    assert not void(evaluator, "a").duplicate


def test_a_void_is_known_after_a_restart_and_to_another_handle(durable: LedgerUnderTest) -> None:
    evaluator = durable.evaluator()
    recorded(evaluator, answer("a", "1", 12), answer("b", "2", 3))
    first = void(evaluator, "a")
    other = durable.second()
    again = void(durable.evaluator(other), "a")
    assert again.duplicate
    assert (again.lines, again.reason, again.recorded) == (first.lines, first.reason, first.recorded)
    evaluator = durable.evaluator(durable.reopen())
    assert void(evaluator, "a").duplicate
    assert outcomes(evaluate(evaluator, answer("c", "1"))) == ["COUNTED"]
    assert ids(listed(durable.ledger, Query())) == ["a", "b", "-a", "c"]
    assert [record.voided for record in durable.ledger.records()] == [True, False, False, False]
