"""Every ledger keeps text as it came: all of Unicode, compared by code point, the longest and the empty."""

from typing import Any

import pytest

from dsl.event import Event, Instant, Other
from service.errors import EventRefused
from service.evaluator import Evaluator
from service.ledger import codec
from service.ledger.interface import Ledger, Query
from tests.service.ledger.calls import counters, entry_in, evaluate, ids, listed, recorded
from tests.service.rules import JUNE, answer, search

ALIKE = [
    "e1", "E1", "e1 ", " e1", "é1", "e\u0301", "\u00e9", "É", "\u0130", "i", "I", "ı", "\U0001f600", "e1\u200b",
    "ß", "ss", "ſ", "\ufb01", "fi", "%", "_", "e%", "e_",
    "\\", "'", "''", '"', "0", "00", "1", "1.0", "1e0", "null", "NULL", "None",
    "\n", "\t", "\x01", "\x7f", "\x85", "\u2028", "\ufeff", "\uffff", "\U0010ffff", "x" * 256, "\U0001f600" * 256,
]  # fmt: skip
"""Texts that a store could take for one another: by case, by normal form, as patterns, as numbers, by their ends."""


def test_ids_are_compared_by_code_point(evaluator: Evaluator, ledger: Ledger) -> None:
    results = recorded(evaluator, *(search(event_id) for event_id in ALIKE))
    assert not any(entry.duplicate for entry in results)
    assert all(entry.duplicate for entry in recorded(evaluator, *(search(event_id) for event_id in ALIKE)))
    assert [entry_in(record).event.id for record in ledger.records()] == ALIKE
    for event_id in ALIKE:
        assert ids(listed(ledger, Query(event_id=event_id))) == [event_id]
        assert evaluator.void("shop", "app", event_id, "why").entry.event.id == event_id


def test_sources_are_compared_by_code_point(evaluator: Evaluator, ledger: Ledger) -> None:
    events = [Event("e1", source, "search", "acme", JUNE, {"results": 0}) for source in ALIKE]
    assert not any(entry.duplicate for entry in recorded(evaluator, *events))
    assert [len(listed(ledger, Query(source=source))) for source in ALIKE] == [1] * len(ALIKE)


def test_customers_are_compared_by_code_point(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, *(answer(str(n), "t", 3, subject=subject) for n, subject in enumerate(ALIKE)))
    assert len(counters(ledger)) == 2 * len(ALIKE), "a limit's count and a total each; nothing is owed yet"
    for n, subject in enumerate(ALIKE):
        assert ids(listed(ledger, Query("shop", subject))) == [str(n)]
        assert [line.events for line in ledger.usage("shop", subject, -(10**6), 10**6)] == [1]


def test_keys_of_limits_are_compared_by_code_point(evaluator: Evaluator) -> None:
    tickets = [*ALIKE, "", "\U0001f600" * 4096]
    results = recorded(evaluator, *(answer(str(n), ticket, 0) for n, ticket in enumerate(tickets)))
    assert {entry.evaluation.outcome.value for entry in results} == {"COUNTED"}
    results = recorded(evaluator, *(answer(f"{n} again", ticket, 0) for n, ticket in enumerate(tickets)))
    assert {entry.evaluation.outcome.value for entry in results} == {"LIMITED"}


@pytest.mark.parametrize("wrong", ["\0", "a\0b", "\ud800", "a\udfff", "", "x" * 257])
@pytest.mark.parametrize("member", ["id", "source", "subject"])
def test_a_member_that_is_no_clean_text_is_refused_and_kept(
    evaluator: Evaluator, ledger: Ledger, member: str, wrong: str
) -> None:
    event = search()
    setattr(event, member, wrong)
    (refused,) = evaluate(evaluator, event)
    assert isinstance(refused, EventRefused)
    (kept,) = ledger.refused("shop", 10)
    assert kept.event == event
    assert listed(ledger, Query()) == []


@pytest.mark.parametrize("wrong", ["\0", "a\0b", "\ud800", "a\udfff"])
def test_a_value_that_is_no_clean_text_is_refused_and_kept(evaluator: Evaluator, ledger: Ledger, wrong: str) -> None:
    (refused,) = evaluate(evaluator, search(query=wrong))
    assert isinstance(refused, EventRefused)
    (kept,) = ledger.refused("shop", 10)
    assert kept.event.data["query"] == wrong


def test_what_is_beyond_the_declaration_is_kept_as_it_came(evaluator: Evaluator, ledger: Ledger) -> None:
    beyond: dict[str, Any] = {
        "zero": "\0", "alone": "\ud800", "low.first": "\udc00\ud800", "empty": "", "": "no name", "null": None,
        "nested.path": Other("an object", '{"a":1}'), "\0": True, "\ud800": 5, "when": Instant(-1), "list": [],
        "lists": ["a", "", "\0"], "deep": Other("a list", "[[1]]"), "long": "x" * 100_000, "double": 0.1,
        "large": 10**60, "small": -(10**60), "'; DROP TABLE entries; --": "'",
    }  # fmt: skip
    event = search(**beyond)
    recorded(evaluator, event)
    (record,) = ledger.records()
    assert entry_in(record).event == event
    assert recorded(evaluator, event)[0].duplicate
    assert list(ledger.verify()) == []


def test_data_may_be_empty(evaluator: Evaluator, ledger: Ledger) -> None:
    event = Event("e", "app", "search", "acme", JUNE, {"results": 0})
    bare = Event("f", "app", "search", "acme", JUNE, {})
    recorded(evaluator, event, bare, ruleset="flat")
    assert [entry_in(record).event for record in ledger.records()] == [event, bare]


def test_an_empty_string_is_no_missing_value(evaluator: Evaluator, ledger: Ledger) -> None:
    given: list[dict[str, Any]] = [{"query": ""}, {}, {"query": None}]
    empty, missing, null = (search(str(n), **data) for n, data in enumerate(given))
    recorded(evaluator, empty, missing, null)
    contents = [record.content for record in ledger.records()]
    assert contents[0] != contents[1] == contents[2]
    assert [entry_in(record).event.data.get("query", "none") for record in ledger.records()] == ["", "none", None]


def test_no_query_is_answered_for_text_that_nobody_can_have_sent(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, search())
    for text in ("\0", "acme\0", "\ud800", "x" * 100_000):
        for query in (
            Query(text),
            Query("shop", text),
            Query(source=text),
            Query(event_id=text),
            Query(interaction=text),
        ):
            assert ledger.find(query, 10) == ([], "")
        assert ledger.usage("shop", text, -(10**6), 10**6) == []
        assert ledger.usage(text, "acme", -(10**6), 10**6) == []
        assert ledger.refused(text, 10) == []


def test_the_reason_of_a_void_is_kept_as_it_came(evaluator: Evaluator, ledger: Ledger) -> None:
    for n, reason in enumerate(("é ≠ e\u0301 \U0001f600", "\0", "x" * 1000, "a\nb\t'\"\\")):
        recorded(evaluator, search(str(n)))
        assert evaluator.void("shop", "app", str(n), reason).reason == reason
        assert evaluator.void("shop", "app", str(n), "").reason == reason


def test_data_of_ever_new_paths_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = codec._Shapes()
    monkeypatch.setattr(codec, "_SHAPES", shapes)
    long: dict[str, object] = {f"{place}.{'x' * 100}": 1 for place in range(codec.LONGEST_SHAPE // 100 + 1)}
    assert codec.data_of(codec.data_texts(long)[0]) == long
    assert not shapes
    for number in range(codec.MOST_SHAPES + 10):
        codec.data_texts({f"path {number}": 1})
    assert len(shapes) == codec.MOST_SHAPES
