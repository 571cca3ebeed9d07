"""What an event counts as, what it costs and why: the decisions of the language, one by one."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from dsl.core import MONEY, UNIT, Ruleset
from dsl.evaluation import CounterKey, Evaluation, Outcome, Refusal, Step
from dsl.event import Event
from dsl.interpreter import evaluate
from tests.dsl.rules import apply, event, hours, ruleset


def run(checked: Ruleset, *events: Event) -> list[Evaluation | Refusal]:
    """Evaluate events in order against one ledger."""
    counters: dict[CounterKey, int] = {}
    results = []
    for one in events:
        result = evaluate(checked, one, counters)
        apply(counters, result)
        results.append(result)
    return results


def last(checked: Ruleset, *events: Event) -> Evaluation:
    result = run(checked, *events)[-1]
    assert isinstance(result, Evaluation), result
    return result


def lines(result: Evaluation) -> list[tuple[Any, ...]]:
    """Name, units and price of each line."""
    return [(line.interaction, Fraction(line.units, UNIT), Fraction(line.price, MONEY)) for line in result.lines]


def price(text: str, *events: Event) -> Fraction:
    """What the last event costs under one interaction."""
    return Fraction(last(ruleset(f"interaction sold\n  counts sale\n{text}"), *events).price, MONEY)


# ── which interaction ───────────────────────────────────────────────────────

CHAIN = ruleset(
    """
interaction gifts
  counts sale with gift
  once per member
  price 1.00
interaction many
  counts sale with n ≥ 10
  price 2.00
interaction every_sale
  also counts sale with plan is pro
  price 0.10
interaction rest
  counts sale
  price 3.00
"""
)


@pytest.mark.parametrize(
    ("data", "names", "main"),
    [
        ({"gift": True, "n": 10}, ["gifts"], 0),
        ({"n": 10}, ["many"], 0),
        ({"n": 10, "plan": "pro"}, ["many", "every_sale"], 0),
        ({"plan": "pro"}, ["every_sale", "rest"], 1),
        ({}, ["rest"], 0),
    ],
)
def test_the_first_of_the_chain_counts_and_also_is_added(data: dict[str, object], names: list[str], main: int) -> None:
    result = last(CHAIN, event(**data))
    assert [line.interaction for line in result.lines] == names
    assert (result.outcome, result.main) == (Outcome.COUNTED, main)


def test_a_limited_interaction_ends_the_chain_but_hides_nothing_from_also() -> None:
    limited = last(CHAIN, event(gift=True), event(gift=True, n=10))
    assert (limited.outcome, limited.lines, limited.main) == (Outcome.LIMITED, (), -1)
    assert limited.reason == "limited: gifts counts once per member, and this member has been counted"
    assert limited.limited_by == "gifts"
    assert [(change.before, change.delta) for change in limited.changes] == [(1, 0)]
    also = last(CHAIN, event(gift=True), event(gift=True, n=10, plan="pro"))
    assert (also.outcome, also.main) == (Outcome.COUNTED, 0)
    assert [line.interaction for line in also.lines] == ["every_sale"]
    assert also.reason == (
        "counted as every_sale: plan is pro; limited: gifts counts once per member, and this member has been counted"
    )
    assert also.limited_by == "gifts"


def test_a_limited_also_hides_nothing_from_the_chain() -> None:
    checked = ruleset(
        "interaction extra\n  also counts sale\n  once per day\n  price 1\ninteraction sold\n  counts sale\n  price 2\n"
    )
    first, second = run(checked, event(), event())
    assert isinstance(first, Evaluation)
    assert isinstance(second, Evaluation)
    assert first.reason == "counted as sold: every sale counts; also as extra: every sale counts"
    assert (first.main, second.main, lines(second)) == (1, 0, [("sold", 1, 2)])


def test_the_first_line_that_matches_decides() -> None:
    checked = ruleset(
        "interaction work\n  counts sale with gift as 2 * n credits\n  counts sale as n credits\n"
        "  counts refund as 1 credit\n  price 1.00 per credit\n"
    )
    assert lines(last(checked, event(n=3, gift=True))) == [("work", 6, 6)]
    assert lines(last(checked, event(n=3))) == [("work", 3, 3)]
    assert lines(last(checked, event("sale.refund", n=3))) == [("work", 1, 1)]


# ── limits, units ───────────────────────────────────────────────────────────


def test_all_limits_must_have_room_and_only_what_counts_uses_them() -> None:
    checked = ruleset(
        "interaction sold\n  counts sale\n  limit 2 per member per day\n  limit 3 per day\n  units n\n  price 1.00\n"
    )
    given = [event(member=member, n=0) for member in "aaabbc"]
    outcomes = [result.outcome for result in run(checked, *given) if isinstance(result, Evaluation)]
    counted, limited = Outcome.COUNTED, Outcome.LIMITED
    assert outcomes == [counted, counted, limited, counted, limited, limited]
    assert last(checked, *given).reason == "limited: sold allows 3 per day, and 3 have been counted in that day"
    assert last(checked, *given, event(time=hours(12))).outcome is counted


@pytest.mark.parametrize(
    ("units", "data", "expected"),
    [
        ("n", {"n": -5}, "0"),
        ("n", {"n": 7}, "7"),
        ("amount * 0.5", {"amount": "0.000001"}, "0"),
        ("amount * 0.5", {"amount": "0.000003"}, "0.000002"),
        ("amount / 3 rounded to 8 places", {"amount": "1"}, "0.333333"),
        ("1 + n / 10 rounded up", {"n": 1}, "2"),
        ("n / 3 rounded down", {"n": -1}, "0"),
        ("5 - n / 3 rounded up", {"n": 4}, "3"),
        ("n / 2 rounded", {"n": 5}, "2"),
        ("n / 2 rounded", {"n": 7}, "4"),
        ("smaller of (n, 3) + larger of (n, 3)", {"n": 5}, "8"),
        ("10% of amount", {"amount": "5"}, "0.5"),
        ("count of tags + length of member", {"tags": ["a", "b"], "member": "é😀"}, "4"),
        ("hour of time", {}, "14"),
        ("(seconds from time to seen or else 2026-07-06T12:00:01.5Z)", {}, "1.5"),
    ],
)
def test_units(units: str, data: dict[str, object], expected: str) -> None:
    checked = ruleset(f"interaction sold\n  counts sale\n  units {units}\n  price 1.00\n")
    assert lines(last(checked, event(**data))) == [("sold", Fraction(expected), Fraction(expected))]


def test_too_many_units_refuse_the_event() -> None:
    checked = ruleset(
        "interaction sold\n  counts sale\n  units amount * 100\n  price per month\n  first 1 free\n  then at 1.00\n"
    )
    most = event(amount="10_000_000_000".replace("_", ""))
    assert lines(last(checked, most))[0][1] == 10**12
    (refused,) = run(checked, event(amount="10000000000.01"))
    assert isinstance(refused, Refusal)
    assert [(v.field, v.id) for v in refused.violations] == [("units", "too-many-units")]
    results = run(checked, *[most] * 101)
    assert all(isinstance(result, Evaluation) for result in results[:100])
    assert isinstance(results[100], Refusal)
    assert [(v.field, v.id) for v in results[100].violations] == [("units", "total-too-large")]


# ── prices ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "data", "expected"),
    [
        ("price free", {}, "0"),
        ("price 0.05", {}, "0.05"),
        ("units n\n price 5.00 per 3 units", {"n": 2}, "3.333333333333333333"),
        ("units n\n price per event\n up to 5 at 0.20\n then at 0.10\n at least 0.50 at most 2.00", {"n": 1}, "0.5"),
        ("units n\n price per event\n up to 5 at 0.20\n then at 0.10\n at least 0.50 at most 2.00", {"n": 0}, "0"),
        ("units n\n price per event\n up to 5 at 0.20\n then at 0.10\n at least 0.50 at most 2.00", {"n": 90}, "2"),
        ("price 2.9% of amount plus 0.30", {"amount": "100"}, "3.2"),
        ("price 2.9% of amount plus 0.30", {"amount": "-100"}, "0.3"),
        ("price 2.9% of amount plus 0.30 at least 0.50 at most 20.00", {"amount": "1"}, "0.5"),
        ("price 2.9% of amount plus 0.30 at least 0.50 at most 20.00", {"amount": "10000"}, "20"),
        ("units n\n price 1% of amount", {"amount": "5", "n": 0}, "0.05"),
        ("price is 0.10 + amount * 2", {"amount": "1.5"}, "3.1"),
        ("price is amount", {"amount": "-3"}, "0"),
        ("price is amount at least 1 at most 5", {"amount": "-3"}, "1"),
        ("price is amount at least 1 at most 5", {"amount": "30"}, "5"),
        ('price by plan\n free 1.00\n "call centre" 2.00\n otherwise 3.00', {"plan": "call centre"}, "2"),
        ('price by plan\n free 1.00\n "call centre" 2.00\n otherwise 3.00', {"plan": "pro"}, "3"),
        ("price by gift, plan\n yes, free 1.00\n no, free 2.00\n otherwise 9.00", {"gift": True}, "1"),
        ("price by gift, plan\n yes, free 1.00\n no, free 2.00\n otherwise 9.00", {"plan": "pro"}, "9"),
        ("price 1.00\n discount 50% with gift\n surcharge 10% with n ≥ 1", {"gift": True}, "0.55"),
        ("price 1.00\n discount 100% with gift", {"gift": True}, "0"),
        ("price 0.000000000001\n discount 99.9999% with gift", {"gift": True}, "0.000000000000000001"),
        ("price 1.00\n cap 0.40 per event", {}, "0.4"),
    ],
)
def test_prices_of_one_event(text: str, data: dict[str, object], expected: str) -> None:
    assert price(text + "\n", event(**data)) == Fraction(expected)


def test_of_several_caps_the_smallest_price_holds() -> None:
    text = "units n\n price 1.00\n cap 10 per day\n cap 12 per month\n cap 8 per event\n"
    assert price(text, event(n=7)) == 7
    assert price(text, event(n=7), event(n=7)) == 3
    assert price(text, event(n=7), event(n=7), event(n=7, time=hours(24))) == 0
    assert price(text, event(n=9)) == 8
    # Caps sum what would have been owed: 14 in the month, of which the month's cap leaves nothing.
    assert price(text, event(n=9), event(n=2)) == 1


def test_a_case_has_its_own_total_and_otherwise_has_one() -> None:
    checked = ruleset(
        "interaction sold\n  counts sale\n  price by plan\n"
        "    free per month\n      first 1 free\n      then at 1.00\n"
        "    otherwise per month\n      first 1 at 5.00\n      then free\n"
    )
    assert lines(last(checked, event()))[0][2] == 0
    assert lines(last(checked, event(), event()))[0][2] == 1
    assert lines(last(checked, event(), event(plan="pro")))[0][2] == 5
    assert lines(last(checked, event(plan="call centre"), event(plan="pro")))[0][2] == 0


# ── reasons ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("condition", "data", "reason"),
    [
        ("gift and n ≥ 1", {"gift": True, "n": 3}, "counted as x: gift is yes and n 3 ≥ 1"),
        ("gift and n ≥ 1", {"n": 3}, "not counted: gift is no, x needs yes"),
        ("gift and n ≥ 1", {"gift": True, "n": 0}, "not counted: n is 0, x needs ≥ 1"),
        ("not gift", {"gift": True}, "not counted: gift is yes, x needs no"),
        ("not (gift or n > 5)", {"n": 7}, "not counted: n is 7, x needs ≤ 5"),
        ("not (gift or n > 5)", {"n": 5}, "counted as x: gift is no and n 5 ≤ 5"),
        ("gift or n > 5", {"n": 7}, "counted as x: n 7 > 5"),
        ("gift or n > 5", {"n": 5}, "not counted: gift is no and n is 5, x needs gift yes or n > 5"),
        (
            "plan is pro or plan is free",
            {"plan": "call centre"},
            'not counted: plan is "call centre", x needs plan pro or plan free',
        ),
        ("plan is not free", {}, "not counted: plan is free, x needs anything but free"),
        ("plan is one of (free, pro)", {}, "counted as x: plan is free"),
        (
            "plan is one of (free, pro)",
            {"plan": "call centre"},
            'not counted: plan is "call centre", x needs free or pro',
        ),
        ("n is between 2 and 5", {}, "not counted: n is 1, x needs between 2 and 5"),
        ("amount < n", {"amount": "0.5"}, "counted as x: amount 0.5 < n 1"),
        ('member is "secret"', {"member": "secret"}, 'counted as x: member is "…"'),
        ('member is "secret"', {"member": "public"}, 'not counted: member is not "…", x needs that'),
        ('member starts with "secret"', {}, 'not counted: member does not start with "…", x needs that'),
        ('tags contains "a"', {"tags": ["a"]}, 'counted as x: tags contains "…"'),
        ("note is given and length of note ≥ 2", {}, "not counted: note is missing, x needs it"),
        ("note is missing", {"note": "secret"}, "not counted: note is given, x needs none"),
        ("weekday of time is monday", {}, "counted as x: weekday of time is monday"),
        ("date of time < 2026-07-06", {}, "not counted: date of time is 2026-07-06, x needs < 2026-07-06"),
        (
            "time of day is between 22:30 and 07:00",
            {},
            "not counted: the time of day is 14:00, x needs between 22:30 and 07:00",
        ),
    ],
)
def test_reasons_of_conditions(condition: str, data: dict[str, object], reason: str) -> None:
    assert last(ruleset(f"interaction x\n  counts sale with {condition}\n  price 1\n"), event(**data)).reason == reason


def test_reasons_where_much_was_tried() -> None:
    many = ruleset("".join(f"interaction x{i}\n  counts sale with n ≥ {i + 2}\n  price 1\n" for i in range(5)))
    assert last(many, event()).reason == (
        "not counted: n is 1, x0 needs ≥ 2; n is 1, x1 needs ≥ 3; n is 1, x2 needs ≥ 4; and 2 more do not match"
    )
    assert last(many, event("sale.refund")).reason == "not counted: no interaction counts refund events"
    assert last(many, event("sales")).reason == "unknown event type; the nearest declared one is `sale`"
    unknown = last(many, event("zzz"))
    assert (unknown.outcome, unknown.reason) == (
        Outcome.UNKNOWN_EVENT, "unknown event type: no declared event has this type",
    )  # fmt: skip


def test_built_ins_are_looked_at_before_the_type_is() -> None:
    (result,) = run(CHAIN, event("zzz", subject=""))
    assert isinstance(result, Refusal)
    assert [violation.field for violation in result.violations] == ["subject"]


# ── explanations ────────────────────────────────────────────────────────────


def sentences(steps: Sequence[Step], depth: int = 0) -> list[str]:
    """All sentences, indented, with their verdicts."""
    marks = {None: "", True: "+ ", False: "- "}
    return [
        text
        for step in steps
        for text in ("  " * depth + marks[step.verdict] + step.text, *sentences(step.steps, depth + 1))
    ]


def explained(checked: Ruleset, *events: Event) -> list[str]:
    counters: dict[CounterKey, int] = {}
    for one in events[:-1]:
        apply(counters, evaluate(checked, one, counters))
    result = evaluate(checked, events[-1], counters, explain=True)
    assert isinstance(result, Evaluation)
    assert result == evaluate(checked, events[-1], counters)
    return sentences(result.steps)


def test_an_explanation_shows_all_that_was_tried_and_every_number() -> None:
    checked = ruleset(
        """
interaction gifts
  counts sale with gift and n ≥ 1
  price 1.00
interaction sold
  counts sale with n ≥ 1
  units 1 + n / 10 rounded up
  price per month
    first 100 free
    next 900 at 0.40
    then at 0.25 plus 2.00
  cap 500.00 per month
interaction rest
  counts sale
  price 1.00
"""
    )
    assert explained(checked, event(n=590), event(n=10_000)) == [
        "- gifts does not match",
        "  - all of these must hold",
        "    - gift is no, needs yes",
        "+ sold matches",
        "  + n 10000 ≥ 1",
        "  1001 units: 1 + n / 10 rounded up is 1001",
        "    n is 10000",
        "  running total per month: 60 before this event",
        "  tier 1, first 100: 40 units free",
        "  tier 2, next 900: 900 × 0.4 = 360",
        "  tier 3, above 1000: 61 × 0.25 + 2 = 17.25",
        "  377.25 owed for 1061, 0 for 60: 377.25 for this event",
        "  cap 500 per month, 0 before it: keeps the price",
        "  1001 units cost 377.25",
        "rest is not tried: an earlier interaction has the event",
    ]


def test_an_explanation_of_blocks_bounds_limits_and_adjustments() -> None:
    checked = ruleset(
        """
interaction sold
  counts sale
  limit 2 per member
  units n
  price by plan
    free per event
      up to 10 at 1.00 per started 4 units
      then at 0.10
      at least 5.00
    otherwise 3.00
  discount 50% with gift
  cap 2.00 per event
"""
    )
    assert explained(checked, event(n=6, gift=True)) == [
        "+ sold matches",
        "  + every sale counts",
        "  + 2 allowed per member, 0 counted so far",
        "  6 units: n is 6",
        "    n is 6",
        "  price for plan is free",
        "  tier 1, first 10: 2 started blocks of 4 units × 1 = 2",
        "  at least 5",
        "  + discount 50% gives 2.5",
        "    + gift is yes",
        "  cap 2 per event: leaves 2 of 2.5",
        "  6 units cost 2",
    ]
    assert explained(checked, event(), event(), event())[-1] == "  - 2 allowed per member, 2 counted so far: no room"


def test_a_decimal_comes_as_it_was_sent() -> None:
    assert price("price is amount\n", event(amount=Decimal("0.10"))) == Fraction("0.1")
