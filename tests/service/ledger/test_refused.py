"""Every ledger keeps refused events exactly as they came, with the reason; repaired, they can be sent again."""

import math
from decimal import Decimal

import pytest

from dsl.event import Event, Instant, Other
from service.cloudevents import parse_event
from service.errors import EventRefused, NoVersionInForce
from service.evaluator import Evaluator
from service.ledger.interface import Ledger
from tests.service.ledger.calls import entry_of, evaluate, recorded
from tests.service.ledger.ledgers import LedgerUnderTest
from tests.service.rules import JUNE, answer, event, search

VALUES = [
    None, True, False, 0, 1, -1, 2**63, 10**100, -(10**100), "", "text", "\0", "\ud800", "\U0001f600", Decimal("1.10"),
    Decimal("1.1"), Decimal(1), Decimal("1E+2"), Decimal("-0"), Decimal("0.000"), Decimal("1E-400"), Decimal("9" * 200),
    0.1, -0.0, 1.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, Instant(0), Instant(-(2**60)),
    [], [""], ["a", "\0", "\ud800"],
    Other("an object"), Other("a list", "[1,[2]]"), Other("", ""), Other("null"),
]  # fmt: skip


def same(one: object, other: object) -> bool:
    """Whether two values are the same in kind and to the digit: 1.10 is not 1.1 here, nor 1 the double 1.0."""
    return type(one) is type(other) and repr(one) == repr(other)


def assert_same(one: Event, other: Event) -> None:
    """Asserts that two events are the same in every member and value; data has no order."""
    for name in ("id", "source", "type", "subject", "time", "conflicts"):
        assert same(getattr(one, name), getattr(other, name)), name
    assert one.data.keys() == other.data.keys()
    for path, value in one.data.items():
        assert same(value, other.data[path]), path


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_every_kind_of_value_is_kept_exactly(evaluator: Evaluator, ledger: Ledger, value: object) -> None:
    given = Event("e1", "app", "search", "acme", JUNE, {"results": "none", "value": value, "nested.path": value})
    (answered,) = evaluate(evaluator, given)
    assert isinstance(answered, EventRefused)
    (kept,) = ledger.refused("shop", 10)
    assert sorted(kept.event.data) == ["nested.path", "results", "value"]
    assert same(kept.event.data["value"], value)
    assert same(kept.event.data["nested.path"], value)


def test_not_a_number_is_kept(evaluator: Evaluator, ledger: Ledger) -> None:
    evaluate(evaluator, search(results=math.nan, words=Decimal("NaN"), more=Decimal("-Infinity")))
    data = ledger.refused("shop", 10)[0].event.data
    assert same(data["results"], math.nan)
    assert same(data["words"], Decimal("NaN"))
    assert same(data["more"], Decimal("-Infinity"))


@pytest.mark.parametrize("member", ["id", "source", "type", "subject", "time"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_every_member_is_kept_exactly(evaluator: Evaluator, ledger: Ledger, member: str, value: object) -> None:
    given = search(results="none")
    setattr(given, member, value)
    evaluate(evaluator, given)
    (kept,) = ledger.refused("shop", 10)
    assert same(getattr(kept.event, member), value)


def test_members_that_are_no_text_are_kept_as_the_json_had_them(evaluator: Evaluator, ledger: Ledger) -> None:
    text = """{"id": 7, "source": {"a": [1, {"b": null}]}, "type": ["x", 1.10], "subject": {}, "time": 5,
      "data": {"a": {"b": 1.10, "c": [{"d": 1e400}]}, "a.b": 2, "n": null}}"""
    given = parse_event(text)
    (answered,) = evaluate(evaluator, given)
    assert isinstance(answered, EventRefused)
    (kept,) = ledger.refused("", 10)
    assert_same(kept.event, given)


def test_conflicts_are_kept(evaluator: Evaluator, ledger: Ledger) -> None:
    given = search()
    given.conflicts = ("results", "\0", "")
    (answered,) = evaluate(evaluator, given)
    assert isinstance(answered, EventRefused)
    assert ledger.refused("shop", 10)[0].event.conflicts == ("results", "\0", "")


def test_the_reason_and_every_violation_are_kept(evaluator: Evaluator, ledger: Ledger) -> None:
    (answered,) = evaluate(evaluator, search(results="x", voice=1, query=5))
    assert isinstance(answered, EventRefused)
    (kept,) = ledger.refused("shop", 10)
    assert len(answered.violations) == 3
    assert (kept.violations, kept.reason, kept.ruleset) == (answered.violations, str(answered), "shop")


def test_an_event_of_an_unknown_type_is_kept(evaluator: Evaluator, ledger: Ledger) -> None:
    (answered,) = evaluate(evaluator, event("no.such", "e1"))
    (kept,) = ledger.refused("shop", 10)
    assert (kept.reason, kept.violations) == (entry_of(answered).evaluation.reason, ())
    assert kept.event.type == "no.such"
    assert kept.recorded == entry_of(answered).recorded


def test_an_event_before_the_first_version_is_kept(evaluator: Evaluator, ledger: Ledger) -> None:
    early = search(time=0)
    (answered,) = evaluate(evaluator, early)
    assert isinstance(answered, NoVersionInForce)
    (kept,) = ledger.refused("shop", 10)
    assert (kept.event, kept.reason, kept.violations) == (early, str(answered), answered.violations)


def test_a_refused_event_that_is_sent_again_is_refused_and_kept_again(evaluator: Evaluator, ledger: Ledger) -> None:
    evaluate(evaluator, search(results="x"))
    (kept,) = ledger.refused("shop", 10)
    (answered,) = evaluate(evaluator, kept.event)
    assert isinstance(answered, EventRefused)
    assert [refused.event for refused in ledger.refused("shop", 10)] == [kept.event] * 2


def test_what_was_kept_can_be_repaired_and_sent_again(evaluator: Evaluator, ledger: Ledger) -> None:
    evaluate(evaluator, answer("a", "t", "twelve"))
    (kept,) = ledger.refused("shop", 10)
    kept.event.data["words"] = 12
    assert [entry.duplicate for entry in recorded(evaluator, kept.event, answer("a", "t", 12))] == [False, True]


def test_refused_events_are_listed_page_by_page(evaluator: Evaluator, ledger: Ledger) -> None:
    for n in range(7):
        evaluate(evaluator, event("no.such", f"s{n}"))
        evaluate(evaluator, event("no.such", f"v{n}"), ruleset="volume")
    for name, wanted in (("shop", [f"s{n}" for n in range(7)]), ("", [f"{r}{n}" for n in range(7) for r in "sv"])):
        found = []
        after = 0
        while page := ledger.refused(name, 3, after):
            assert len(page) <= 3
            found += [refused.event.id for refused in page]
            assert [refused.sequence for refused in page] == sorted({refused.sequence for refused in page})
            assert page[0].sequence > after
            after = page[-1].sequence
        assert found == wanted
    assert ledger.refused("flat", 10) == []
    assert ledger.refused("", 10, 10**12) == []


def test_refused_events_are_there_after_a_restart(durable: LedgerUnderTest) -> None:
    given = search(results=Decimal("1.10"), beyond=0.1)
    evaluate(durable.evaluator(), given)
    (before,) = durable.ledger.refused("", 10)
    assert durable.reopen().refused("", 10) == [before]
    assert_same(before.event, given)
