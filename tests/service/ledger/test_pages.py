"""Every ledger lists what is recorded: filtered, in a fixed order, page by page, each record exactly once."""

import pytest

from dsl.evaluation import Outcome
from dsl.event import Event
from dsl.zones import EARLIEST, LATEST
from service.errors import InvalidRequest
from service.evaluator import Evaluator
from service.ledger.interface import Ledger, Query
from tests.service.ledger.calls import entry_in, ids, listed, recorded
from tests.service.rules import JULY, JUNE, answer, event, search

TIMES = [5, 3, 9, 3, 1, 9, 0]


@pytest.fixture
def filled(evaluator: Evaluator) -> Evaluator:
    """Searches of two customers and sources out of order, answers, a limited one, and a void."""
    for n, offset in enumerate(TIMES):
        recorded(evaluator, search(f"a{n}", JUNE + offset))
        recorded(evaluator, Event(f"b{n}", "web", "search", "bob", JUNE + offset, {"results": 0}))
    recorded(evaluator, answer("x", "1"), answer("y", "1"), search("late", JULY), search("f"))
    recorded(evaluator, search("a0"), ruleset="flat")
    evaluator.void("shop", "app", "a2", "why")
    return evaluator


def test_records_are_listed_in_the_order_of_recording(filled: Evaluator, ledger: Ledger) -> None:
    found = listed(ledger, Query())
    assert found == list(ledger.records())
    sequences = [record.sequence for record in found]
    assert sequences == sorted(set(sequences))
    pairs = [one for n in range(len(TIMES)) for one in (f"a{n}", f"b{n}")]
    assert ids(found) == [*pairs, "x", "y", "late", "f", "a0", "-a2"]


def test_one_customers_records_are_listed_by_their_own_time(filled: Evaluator, ledger: Ledger) -> None:
    found = listed(ledger, Query("shop", "bob"))
    assert ids(found) == ["b6", "b4", "b1", "b3", "b0", "b2", "b5"]
    assert ids(listed(ledger, Query("shop", "acme", source="app"))) == [
        "a6", "x", "y", "f", "a4", "a1", "a3", "a0", "a2", "a5", "-a2", "late",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (Query("flat"), ["a0"]),
        (Query("nothing"), []),
        (Query(source="web"), [f"b{n}" for n in range(7)]),
        (Query(event_id="a2"), ["a2", "-a2"]),
        (Query("flat", event_id="a0"), ["a0"]),
        (Query(event_id="a0"), ["a0", "a0"]),
        (Query(outcome=Outcome.LIMITED), ["y"]),
        (Query("shop", outcome=Outcome.NOT_COUNTED), [f"b{n}" for n in range(7)]),
        (Query(outcome=Outcome.UNKNOWN_EVENT), []),
        (Query("shop", "acme", outcome=Outcome.COUNTED, event_id="a2"), ["a2", "-a2"]),
        (Query(interaction="active"), ["a0"]),
        (Query(interaction="voice"), []),
        (Query(interaction="voice%search"), []),
        (Query("shop", "bob", interaction="voice_search"), []),
        (Query("shop", "acme", start=JUNE + 5), ["a0", "a2", "a5", "-a2", "late"]),
        (Query("shop", "acme", end=JUNE + 1), ["a6", "x", "y", "f"]),
        (Query("shop", "acme", start=JUNE + 3, end=JUNE + 9), ["a1", "a3", "a0"]),
        (Query("shop", "acme", start=JUNE + 9, end=JUNE + 10, interaction="voice_search"), ["a2", "a5", "-a2"]),
        (Query("shop", "acme", start=5, end=5), []),
        (Query("shop", "acme", start=EARLIEST, end=LATEST + 1, event_id="late"), ["late"]),
        (Query(subject="acme", event_id="a0"), ["a0", "a0"]),
    ],
)
def test_filters_all_hold_together(filled: Evaluator, ledger: Ledger, query: Query, wanted: list[str]) -> None:
    for size in (1, 2, 1_000):
        assert ids(listed(ledger, query, size)) == wanted


def test_what_a_limit_held_back_is_found_by_its_interaction(filled: Evaluator, ledger: Ledger) -> None:
    assert ids(listed(ledger, Query(interaction="answered"))) == ["x", "y"]


def test_an_interaction_is_found_among_several_lines(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, event("call", "a", JULY, spent=1), ruleset="zoned")
    evaluator.void("zoned", "app", "a", "why")
    for name in ("called", "connected"):
        assert ids(listed(ledger, Query(interaction=name))) == ["a", "-a"]
    assert ids(listed(ledger, Query(interaction="call"))) == []


@pytest.mark.parametrize("query", [Query(), Query("shop"), Query("shop", "acme"), Query(subject="acme")])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 100])
def test_every_record_comes_on_exactly_one_page(filled: Evaluator, ledger: Ledger, query: Query, size: int) -> None:
    pages = []
    token = ""
    while True:
        page, token = ledger.find(query, size, token)
        pages.append(page)
        assert len(page) <= size
        if not token:
            break
    assert [record for page in pages for record in page] == ledger.find(query, 1_000)[0]


def test_the_last_page_has_no_token_even_if_it_is_full(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, *(search(str(n)) for n in range(4)))
    page, token = ledger.find(Query(), 2)
    assert (ids(page), bool(token)) == (["0", "1"], True)
    page, token = ledger.find(Query(), 2, token)
    assert (ids(page), token) == (["2", "3"], "")


def test_nothing_recorded_is_one_empty_page(ledger: Ledger) -> None:
    assert ledger.find(Query(), 10) == ([], "")
    assert ledger.find(Query("shop", "acme"), 10) == ([], "")
    assert list(ledger.records()) == []


@pytest.mark.parametrize("query", [Query("shop"), Query("shop", "acme")])
def test_pages_are_stable_while_records_are_added(evaluator: Evaluator, ledger: Ledger, query: Query) -> None:
    recorded(evaluator, *(search(f"old {n}", JUNE + n % 3) for n in range(9)))
    there = ids(listed(ledger, query))
    found = []
    token = ""
    for n in range(100):
        page, token = ledger.find(query, 2, token)
        found += ids(page)
        # One before what was listed, one right at it, one after; and a void.
        recorded(evaluator, *(search(f"new {n} {offset}", JUNE + offset) for offset in (0, 1, 99)))
        if n < 2:
            evaluator.void("shop", "app", f"old {n}", "why")
        if not token or set(there) <= set(found):
            break
    assert [one for one in found if one in there] == there
    assert len(found) == len(set(found))


def test_a_token_of_another_query_is_refused(filled: Evaluator, ledger: Ledger) -> None:
    tokens = {
        query: ledger.find(query, 1)[1]
        for query in (Query(), Query("shop"), Query("shop", "acme"), Query("shop", "bob"))
    }
    for query, token in tokens.items():
        assert token
        for other in set(tokens) - {query}:
            with pytest.raises(InvalidRequest, match="page_token"):
                ledger.find(other, 1, token)


@pytest.mark.parametrize("token", ["x", "AAAA", "\0", "1", "' OR 1=1", "\ud800"])
def test_what_is_no_token_is_refused(filled: Evaluator, ledger: Ledger, token: str) -> None:
    for query in (Query(), Query("shop", "acme")):
        with pytest.raises(InvalidRequest, match="page_token"):
            ledger.find(query, 1, token)


def test_the_page_size_may_change_from_page_to_page(filled: Evaluator, ledger: Ledger) -> None:
    first, token = ledger.find(Query("shop", "bob"), 2)
    second, token = ledger.find(Query("shop", "bob"), 100, token)
    assert ids([*first, *second]) == ["b6", "b4", "b1", "b3", "b0", "b2", "b5"]
    assert token == ""


def test_times_without_a_customer_are_refused(filled: Evaluator, ledger: Ledger) -> None:
    for query in (Query(start=0), Query("shop", end=0), Query("shop", start=0, end=1)):
        with pytest.raises(InvalidRequest, match="subject"):
            ledger.find(query, 10)


def test_records_begin_after_a_sequence(filled: Evaluator, ledger: Ledger) -> None:
    found = list(ledger.records())
    for n in (0, 1, 7, len(found) - 1):
        assert list(ledger.records(found[n].sequence)) == found[n + 1 :]
    assert list(ledger.records(0)) == found
    assert list(ledger.records(10**12)) == []


def test_a_record_holds_the_entry_as_it_was_answered(evaluator: Evaluator, ledger: Ledger) -> None:
    answers = recorded(evaluator, answer("a", "1", 12), search("b", results=0), answer("c", "1"), search("d", JULY))
    assert [record.row for record in ledger.records()] == answers


def test_one_content_has_one_hash(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("a", "1", 5), answer("b", "1", 5.0), answer("c", "1", 6), answer("d", "1", 5, JUNE + 1))
    recorded(evaluator, answer("a", "1", 5), ruleset="store")
    found = [record.content for record in ledger.records()]
    assert found[0] == found[1] == found[4]
    assert len(set(found)) == 3
    assert all(len(content) == 64 and set(content) <= set("0123456789abcdef") for content in found)
    assert len({entry_in(record).recorded for record in ledger.records()}) == 2
