"""Every ledger keeps counters exactly: limits, tiers and caps across calls and versions, up to the largest numbers."""

from decimal import Decimal

from dsl.core import MOST_TOTAL, MOST_UNITS, UNIT
from service.errors import EventRefused
from service.evaluator import Evaluator
from service.ledger.interface import Ledger, Query
from tests.service.ledger.calls import cost, counters, entry_in, entry_of, evaluate, listed, money, outcomes, recorded
from tests.service.ledger.ledgers import LedgerUnderTest
from tests.service.rules import JULY, JUNE, answer, event, search

MOST = 10**12
"""The most units of one event."""


def test_limits_hold_across_calls_and_versions(evaluator: Evaluator) -> None:
    events = (answer("a", "1"), answer("b", "1"), answer("c", "1", time=JULY), answer("d", "2", time=JULY))
    results = [result for one in events for result in evaluate(evaluator, one)]
    assert outcomes(results) == ["COUNTED", "LIMITED", "LIMITED", "COUNTED"]
    assert [entry_of(result).version for result in results] == [1, 1, 2, 2]


def test_limits_hold_within_one_submission(evaluator: Evaluator) -> None:
    results = evaluate(evaluator, *(event("ask", str(n)) for n in range(12)), ruleset="limited")
    assert outcomes(results) == ["COUNTED"] * 10 + ["LIMITED"] * 2


def test_limits_hold_across_submissions_of_one_group(evaluator: Evaluator, ledger: Ledger) -> None:
    group = [evaluator.submission("limited", [event("ask", str(n))]) for n in range(12)]
    results = [answer for part in ledger.record(group) for answer in part]
    assert outcomes(results) == ["COUNTED"] * 10 + ["LIMITED"] * 2


def test_every_customer_and_every_period_has_its_own_limit(evaluator: Evaluator) -> None:
    asks = [
        event("ask", f"{subject} {time} {n}", time, subject)
        for subject in "ab"
        for time in (JUNE, JULY)
        for n in range(11)
    ]
    results = evaluate(evaluator, *asks, ruleset="limited")
    assert outcomes(results) == (["COUNTED"] * 10 + ["LIMITED"]) * 4


def test_tiers_and_caps_follow_the_counters(evaluator: Evaluator) -> None:
    events = [answer(str(n), str(n), words) for n, words in enumerate((9, 2, Decimal("0.5"), 100, 1))]
    assert [cost(a) for a in evaluate(evaluator, *events)] == [0, Decimal("0.5"), Decimal("0.25"), Decimal("5.25"), 0]


def test_each_event_is_priced_by_the_version_of_its_time(evaluator: Evaluator) -> None:
    results = evaluate(evaluator, search("a"), search("b", time=JULY), search("c", time=JULY - 1))
    assert [cost(r) for r in results] == [Decimal("0.05"), Decimal("0.07"), Decimal("0.05")]


def test_rulesets_with_interactions_of_one_name_share_no_counter(evaluator: Evaluator, ledger: Ledger) -> None:
    here, there = (recorded(evaluator, answer("a", "1", 12), ruleset=name)[0] for name in ("shop", "store"))
    assert outcomes([here, there]) == ["COUNTED", "COUNTED"]
    assert cost(here) == cost(there) == 1
    assert sorted(name for name, _ in counters(ledger)) == ["shop"] * 3 + ["store"] * 3


def test_rulesets_in_one_group_share_no_counter(evaluator: Evaluator, ledger: Ledger) -> None:
    group = [evaluator.submission(name, [answer("a", "1", 12)]) for name in ("shop", "store")]
    assert [cost(part[0]) for part in ledger.record(group)] == [1, 1]


def test_counters_say_where_everything_stands(evaluator: Evaluator, ledger: Ledger) -> None:
    assert list(ledger.counters()) == []
    recorded(evaluator, answer("a", "t1", Decimal("12.5")), answer("b", "t1", 3), search())
    moved = counters(ledger).items()
    assert sorted((name, key[0], str(key[1]).split()[0], key[2], value) for (name, key), value in moved) == [
        ("shop", "answered", "cap", "acme", 125 * 10**16),
        ("shop", "answered", "limit", "acme", 1),
        ("shop", "answered", "total", "acme", 12_500_000),
    ]


def test_a_refused_event_moves_no_counter(evaluator: Evaluator, ledger: Ledger) -> None:
    evaluate(evaluator, answer("a", "1", "many"))
    assert list(ledger.counters()) == []


def test_an_event_may_have_a_million_million_units(evaluator: Evaluator, ledger: Ledger) -> None:
    (entry,) = recorded(evaluator, event("load", "a", amount=MOST), ruleset="large")
    assert entry.evaluation.units == MOST_UNITS
    rate = Decimal("999999.999999999999")
    assert cost(entry) == (MOST - 10) * rate + 10 * Decimal("0.000000000001")
    assert entry_in(listed(ledger, Query(event_id="a"))[0]).evaluation == entry.evaluation
    month = ledger.usage("large", "acme", -(10**6), 10**6)
    assert [(line.units, money(line.price)) for line in month] == [(MOST_UNITS, cost(entry))]


def test_a_running_total_goes_up_to_a_hundred_million_million(evaluator: Evaluator, ledger: Ledger) -> None:
    loads = [event("load", str(n), amount=MOST) for n in range(100)]
    results = recorded(evaluator, *loads, ruleset="large")
    assert outcomes(results) == ["COUNTED"] * 100
    assert list(counters(ledger).values()) == [MOST_TOTAL]
    (over,) = evaluate(evaluator, event("load", "one more", amount=1), ruleset="large")
    assert isinstance(over, EventRefused)
    assert outcomes(evaluate(evaluator, event("load", "nothing more", amount=0), ruleset="large")) == ["COUNTED"]
    (usage,) = ledger.usage("large", "acme", -(10**6), 10**6)
    assert usage.events == 101
    assert usage.units == 100 * MOST * UNIT
    assert usage.price == sum(entry.evaluation.price for entry in results)
    assert list(ledger.verify()) == []


def test_amounts_keep_eighteen_places(evaluator: Evaluator, ledger: Ledger) -> None:
    results = recorded(
        evaluator, *(event("sip", str(n), amount=Decimal("0.000001")) for n in range(3)), ruleset="large"
    )
    assert [cost(entry) for entry in results] == [Decimal("0.000000333333333333")] * 3
    assert [cost(entry_in(record)) for record in listed(ledger, Query())] == [Decimal("0.000000333333333333")] * 3
    (usage,) = ledger.usage("large", "acme", -(10**6), 10**6)
    assert money(usage.price) == Decimal("0.000000999999999999")


def test_a_price_by_volume_may_be_negative(evaluator: Evaluator, ledger: Ledger) -> None:
    results = recorded(evaluator, event("load", "a", amount=100), event("load", "b", amount=1), ruleset="volume")
    assert [cost(entry) for entry in results] == [200, -99]
    assert [cost(entry_in(record)) for record in listed(ledger, Query())] == [200, -99]
    (usage,) = ledger.usage("volume", "acme", -(10**6), 10**6)
    assert money(usage.price) == 101


def test_counters_go_on_after_a_restart(durable: LedgerUnderTest) -> None:
    recorded(durable.evaluator(), answer("a", "1", 9))
    recorded(durable.evaluator(), *(event("load", str(n), amount=MOST) for n in range(99)), ruleset="large")
    evaluator = durable.evaluator(durable.reopen())
    results = evaluate(evaluator, answer("b", "1", 2), answer("c", "2", 2))
    assert outcomes(results) == ["LIMITED", "COUNTED"]
    assert cost(results[1]) == Decimal("0.5")
    last, over = evaluate(evaluator, event("load", "x", amount=MOST), event("load", "y", amount=1), ruleset="large")
    assert outcomes([last]) == ["COUNTED"]
    assert isinstance(over, EventRefused)


def test_counters_follow_what_another_handle_records(durable: LedgerUnderTest) -> None:
    here, there = durable.evaluator(), durable.evaluator(durable.second())
    costs = []
    for n in range(6):
        costs += [cost(a) for a in evaluate((here, there)[n % 2], answer(str(n), str(n), 4))]
    assert costs == [0, 0, 1, 2, 2, 1]
    assert outcomes(evaluate(here, answer("x", "5"))) == ["LIMITED"]
