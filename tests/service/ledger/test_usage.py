"""Every ledger sums up what a customer used, by interaction and by day of the ruleset's zone, voids taken off."""

from dsl.zones import HOUR
from service.evaluator import Evaluator
from service.ledger.interface import Ledger, UsageLine
from service.registry import Registry
from tests.service.ledger.calls import evaluate, money, recorded
from tests.service.ledger.ledgers import NOW, LedgerUnderTest
from tests.service.rules import FIRST, JULY, JUNE, answer, event, search, version_of

DAY = JUNE // (24 * HOUR)
"""The 1st of June 2026, in days since 1970-01-01."""
ALWAYS = (-(10**6), 10**6)


def lines(
    ledger: Ledger, ruleset: str = "shop", subject: str = "acme", first: int = ALWAYS[0], last: int = ALWAYS[1]
) -> list[tuple[object, ...]]:
    """Usage as (day after the 1st of June, interaction, noun, events, whole units, money)."""
    return [
        (line.day - DAY, line.interaction, line.noun, line.events, line.units / 10**6, money(line.price))
        for line in ledger.usage(ruleset, subject, first, last)
    ]  # fmt: skip


def test_usage_is_summed_by_day_and_interaction(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(
        evaluator,
        answer("a", "1", 9),
        answer("b", "2", 2),
        search("c"),
        search("d", JUNE + 24 * HOUR),
        answer("e", "3", 5, JUNE - 1 + 24 * HOUR),
    )
    assert [(day, name, count, units, str(price)) for day, name, _, count, units, price in lines(ledger)] == [
        (0, "answered", 3, 16, "3.000000000000000000"),
        (0, "voice_search", 1, 1, "0.050000000000000000"),
        (1, "voice_search", 1, 1, "0.050000000000000000"),
    ]


def test_only_what_counted_is_usage(evaluator: Evaluator, ledger: Ledger) -> None:
    evaluate(evaluator, search("a", results=0), search("b", results="x"), event("no.such", "c"))
    assert lines(ledger) == []
    recorded(evaluator, answer("x", "1"), answer("y", "1"))
    assert [line[3:5] for line in lines(ledger)] == [(1, 1)]


def test_a_repeated_event_is_used_once(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, search("a"), search("a"))
    recorded(evaluator, search("a"))
    assert [line[3] for line in lines(ledger)] == [1]


def test_both_days_are_included(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, *(search(str(n), JUNE + n * 24 * HOUR) for n in range(6)))
    for first, last in ((0, 5), (1, 3), (2, 2), (3, 2), (-9, 0), (5, 9), (6, 9)):
        days = [line[0] for line in lines(ledger, first=DAY + first, last=DAY + last)]
        assert days == [day for day in range(6) if first <= day <= last]


def test_usage_is_one_customers_of_one_ruleset(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, search("a"), answer("b", "1", subject="bob"))
    recorded(evaluator, search("a"), ruleset="store")
    assert [line[1] for line in lines(ledger)] == ["voice_search"]
    assert [line[1] for line in lines(ledger, subject="bob")] == ["answered"]
    assert [line[1] for line in lines(ledger, "store")] == ["voice_search"]
    assert lines(ledger, "flat") == lines(ledger, "nothing") == lines(ledger, subject="Acme") == []


def test_days_are_those_of_the_rulesets_zone(evaluator: Evaluator, ledger: Ledger) -> None:
    midnight = JUNE + 10 * 24 * HOUR + 4 * HOUR
    recorded(
        evaluator, event("call", "a", midnight - 1, spent=1), event("call", "b", midnight, spent=2), ruleset="zoned"
    )
    recorded(evaluator, search("a", midnight - 1), search("b", midnight))
    assert [line[:2] for line in lines(ledger, "zoned")] == [
        (9, "called"),
        (9, "connected"),
        (10, "called"),
        (10, "connected"),
    ]
    assert [line[0] for line in lines(ledger)] == [10]


def test_days_before_1970_are_counted_backwards(ledger: Ledger) -> None:
    early = Registry([version_of(FIRST.replace("2026-06-01", "1960-01-01"))])
    times = (-24 * HOUR - 1, -24 * HOUR, -HOUR // 2, -1, 0, HOUR // 2)
    recorded(Evaluator(early, ledger, lambda: NOW), *(search(f"e{n}", time) for n, time in enumerate(times)))
    assert [(line.day, line.events) for line in ledger.usage("shop", "acme", *ALWAYS)] == [(-2, 1), (-1, 3), (0, 2)]


def test_every_line_of_an_event_is_usage(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, event("call", "a", JULY, spent=5), ruleset="zoned")
    assert [(*line[1:5], str(line[5])[:4]) for line in lines(ledger, "zoned")] == [
        ("called", "minute", 1, 5, "0.50"), ("connected", "unit", 1, 1, "0.01"),
    ]  # fmt: skip


def test_units_of_two_kinds_on_one_day_are_never_added_up(evaluator: Evaluator, ledger: Ledger) -> None:
    # From 16:00 on the 1st of July a call is counted in seconds, no longer in minutes.
    noon = JULY + 16 * HOUR
    recorded(evaluator, event("call", "a", noon - 1, spent=5), event("call", "b", noon, spent=300), ruleset="zoned")
    called = [line for line in lines(ledger, "zoned") if line[1] == "called"]
    assert sorted((line[2], line[3], line[4]) for line in called) == [("minute", 1, 5), ("second", 1, 300)]


def test_a_void_is_taken_off_the_day_of_its_event(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, search("a"), search("b"), search("c", JUNE + 24 * HOUR))
    evaluator.void("shop", "app", "a", "why")
    assert [(line[0], line[3], line[4], str(line[5])[:4]) for line in lines(ledger)] == [
        (0, 1, 1, "0.05"),
        (1, 1, 1, "0.05"),
    ]
    evaluator.void("shop", "app", "a", "once more")
    assert [line[3] for line in lines(ledger)] == [1, 1]


def test_an_interaction_whose_events_are_all_voided_is_there_with_nothing(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, search("a"))
    evaluator.void("shop", "app", "a", "why")
    assert ledger.usage("shop", "acme", *ALWAYS) == [UsageLine(DAY, "voice_search", "unit", 0, 0, 0)]


def test_what_a_void_gives_back_beyond_its_own_price_stays_on_its_day(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, answer("free", "1", 10), answer("dear", "2", 4, JUNE + 24 * HOUR))
    evaluator.void("shop", "app", "free", "why")
    assert [(line[0], line[3], line[4], int(line[5])) for line in lines(ledger)] == [(0, 0, 0, -2), (1, 1, 4, 2)]  # type: ignore[call-overload]


def test_usage_is_there_after_a_restart_and_goes_on(durable: LedgerUnderTest) -> None:
    recorded(durable.evaluator(), search("a"), answer("b", "1", 12))
    before = lines(durable.ledger)
    ledger = durable.reopen()
    assert lines(ledger) == before
    recorded(durable.evaluator(durable.second()), search("c"))
    recorded(durable.evaluator(), search("d"))
    assert [line[3] for line in lines(ledger)] == [1, 3]
