"""Periods of a zone's calendar, and what a customer used in one."""

from datetime import datetime

import pytest

from dsl.zones import DAY, EPOCH, HOUR, MICROSECOND, SECOND, zone_named
from service.errors import InvalidRequest
from service.evaluator import Evaluator
from service.ledger.interface import UsageLine
from service.ledger.memory import MemoryLedger
from service.usage import InteractionUsage, Period, period_of, summed, usage_of
from tests.service.rules import JULY, JUNE, answer, registry, search

NOW = JULY + 14 * DAY
MINUTE = 60 * SECOND


def instant(text: str) -> int:
    """An instant of UTC, from text without an offset."""
    return (datetime.fromisoformat(text) - EPOCH) // MICROSECOND


def day(text: str) -> int:
    """A calendar day, counted from 1970-01-01."""
    return instant(text) // DAY


def period(text: str, zone: str = "UTC") -> Period:
    return period_of(text, zone_named(zone), NOW)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-07", "2026-07-01", "2026-07-31"),
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2026-07-15", "2026-07-15", "2026-07-15"),
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026-07-01/2026-07-15", "2026-07-01", "2026-07-15"),
        ("2026-07-01/2026-07-01", "2026-07-01", "2026-07-01"),
        ("1900", "1900-01-01", "1900-12-31"),
        ("2999-12", "2999-12-01", "2999-12-31"),
    ],
)
def test_a_period_is_days_of_the_calendar_both_included(text: str, first: str, last: str) -> None:
    found = period(text)
    assert found == Period(text, day(first), day(last), day(first) * DAY, (day(last) + 1) * DAY)


@pytest.mark.parametrize(
    ("zone", "now", "month"),
    [
        ("UTC", "2026-07-31T23:59:59", "2026-07"),
        ("UTC", "2026-08-01T00:00:00", "2026-08"),
        ("America/New_York", "2026-08-01T03:59:59", "2026-07"),
        ("Pacific/Auckland", "2026-12-31T12:00:00", "2027-01"),
    ],
)
def test_no_period_is_the_current_month_of_the_zone(zone: str, now: str, month: str) -> None:
    assert period_of("", zone_named(zone), instant(now)) == period(month, zone)


@pytest.mark.parametrize(
    ("zone", "text", "start", "end"),
    [
        ("America/New_York", "2026-07", "2026-07-01T04:00", "2026-08-01T04:00"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00", "2026-03-09T04:00"),  # a day of 23 hours
        ("America/New_York", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00"),  # a day of 25 hours
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", "2018-11-05T02:00"),  # begins at one o'clock
        ("America/Sao_Paulo", "2018-11-03", "2018-11-03T03:00", "2018-11-04T03:00"),
        ("America/Havana", "2024-11-03", "2024-11-03T04:00", "2024-11-04T05:00"),  # its midnight comes twice
        ("America/Havana", "2024-11-02", "2024-11-02T04:00", "2024-11-03T04:00"),
        ("America/Havana", "2024-10", "2024-10-01T04:00", "2024-11-01T04:00"),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", "2011-12-30T10:00"),  # Samoa had no such day
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00", "2011-12-31T10:00"),
    ],
)
def test_days_begin_at_their_first_instant_where_clocks_change(zone: str, text: str, start: str, end: str) -> None:
    found = period(text, zone)
    assert (found.start, found.end) == (instant(start), instant(end))


def test_a_day_may_go_on_after_the_next_has_begun() -> None:
    # In Newfoundland clocks once went back at one past midnight: one minute of November, then October again.
    october, november = period("2009-10", "America/St_Johns"), period("2009-11", "America/St_Johns")
    assert november.start == instant("2009-11-01T02:30")
    assert october.end == november.start + HOUR
    zone = zone_named("America/St_Johns")
    assert [zone.day(at) for at in (november.start, november.start + MINUTE, october.end - 1, october.end)] == [
        november.first_day,
        october.last_day,
        october.last_day,
        november.first_day,
    ]


@pytest.mark.parametrize(
    "zone", ["America/Havana", "America/Sao_Paulo", "America/St_Johns", "Asia/Gaza", "Africa/Cairo"]
)
def test_every_instant_of_a_day_lies_within_its_period(zone: str) -> None:
    found = zone_named(zone)
    for first in range(day("2009-01-01"), day("2019-01-01")):
        if len(found.instants(EPOCH + first * DAY * MICROSECOND)) == 1:
            continue
        for number in (first - 1, first):
            text = (EPOCH + number * DAY * MICROSECOND).date().isoformat()
            asked = period(text, zone)
            around = range(number * DAY - 14 * HOUR, number * DAY + 40 * HOUR, 15 * MINUTE)
            own = [at for at in around if found.day(at) == number]
            assert asked.start <= own[0] < asked.start + 15 * MINUTE
            assert asked.end - 15 * MINUTE <= own[-1] < asked.end


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("July", "`July` is no period; write a month as 2026-07, a day as 2026-07-15, a year as 2026, or two days as "),
        ("2026-7", "`2026-7` is no period"),
        ("2026-07-01/", "`2026-07-01/` is no period"),
        ("2026-07/2026-08", "`2026-07/2026-08` is no period"),
        ("2026-07-01/2026-07-02/2026-07-03", "is no period"),
        ("２０２６", "is no period"),
        ("2026\n", "is no period"),
        ("2026-13", "there is no month `2026-13`; months are 01 to 12"),
        ("2026-00", "there is no month `2026-00`"),
        ("2026-02-30", "there is no day `2026-02-30` in the calendar"),
        ("2026-07-01/2026-06-31", "there is no day `2026-06-31` in the calendar"),
        ("2026-07-15/2026-07-01", "it ends before it begins; write the earlier day first: 2026-07-01/2026-07-15"),
        ("1899", "the year 1899 is out of range; years are 1900 to 2999"),
        ("3000-01", "the year 3000 is out of range"),
        ("2026-01-01/9999-12-31", "the year 9999 is out of range"),
        ("0000-01-01", "the year 0000 is out of range"),
    ],
)
def test_what_is_no_period_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        period(text)
    (violation,) = caught.value.violations
    assert violation.field == "period"
    assert sentence in violation.description


def test_days_are_summed_by_interaction_in_the_order_of_names() -> None:
    lines = [
        UsageLine(1, "search", "search", 3, 3_000_000, 30),
        UsageLine(1, "answer", "word", 1, 2_500_000, 5),
        UsageLine(2, "search", "searches", -1, -1_000_000, -10),
    ]
    assert summed(lines) == (
        InteractionUsage("answer", 1, 2_500_000, "word", 5),
        InteractionUsage("search", 2, 2_000_000, "search", 20),
    )


def test_calls_and_minutes_are_not_added_up() -> None:
    lines = [UsageLine(1, "talk", "minute", 1, 90, 1), UsageLine(2, "talk", "call", 2, 2, 2)]
    assert [(used.noun, used.units) for used in summed(lines)] == [("call", 2), ("minute", 90)]


def test_what_a_customer_used_is_summed_over_the_period() -> None:
    ledger = MemoryLedger(lambda: NOW)
    evaluator = Evaluator(registry(), ledger, None)
    events = [
        search("a"),
        search("b", results=0),
        answer("c", "1", 12),
        search("d", time=JULY),
        search("e", time=JULY - 1),
    ]
    evaluator.evaluate("shop", events)
    used = usage_of(ledger, registry().versions("shop"), "acme", "2026-06", NOW)
    assert (used.ruleset, used.subject, used.timezone, used.currency) == ("shop", "acme", "UTC", "EUR")
    assert (used.period.start, used.period.end) == (JUNE, JULY)
    assert used.interactions == (
        InteractionUsage("answered", 1, 12_000_000, "unit", 10**18),
        InteractionUsage("voice_search", 2, 2_000_000, "unit", 10**17),
    )
    assert used.price == 11 * 10**17
    assert usage_of(ledger, registry().versions("shop"), "acme", "2026-07", NOW).price == 7 * 10**16
    assert usage_of(ledger, registry().versions("shop"), "nobody", "2026-06", NOW).interactions == ()


def test_a_customer_must_be_named() -> None:
    with pytest.raises(InvalidRequest, match="subject: name the customer"):
        usage_of(MemoryLedger(lambda: NOW), registry().versions("shop"), "", "2026-06", NOW)
