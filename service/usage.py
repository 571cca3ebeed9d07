"""What a customer used in a calendar period: which days and instants the period has, and the sum of its days."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from dsl.diagnostics import quoted
from dsl.nouns import noun_key, singular
from dsl.zones import DAY, EPOCH, HOUR, Zone, zone_named
from service.errors import InvalidRequest
from service.ledger.interface import Ledger, UsageLine
from service.registry import Versions

FIRST_YEAR = 1900
LAST_YEAR = 2999
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_WIDEST_OFFSET = 27 * HOUR
"""No wall clock is as far from UTC as this, not even across a change of a whole day."""
_YEAR = re.compile(r"[0-9]{4}\Z")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_FORMS = "a month as 2026-07, a day as 2026-07-15, a year as 2026, or two days as 2026-07-01/2026-07-15"


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar days of a zone, both included, counted from 1970-01-01; `text` names them, and is never empty.

    `start` is the first instant of the first day; `end` the first instant after the last of the last day.
    """

    text: str
    first_day: int
    last_day: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class InteractionUsage:
    """What was used of one interaction: `units` are millionths, `noun` is in the singular, `price` 10⁻¹⁸."""

    interaction: str
    events: int
    units: int
    noun: str
    price: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a customer used in a period, by interaction; `timezone` is the zone whose calendar the period follows."""

    ruleset: str
    subject: str
    period: Period
    timezone: str
    currency: str
    interactions: tuple[InteractionUsage, ...]

    @property
    def price(self) -> int:
        """The sum of the interactions' prices, 10⁻¹⁸ of the currency."""
        return sum(used.price for used in self.interactions)


def usage_of(ledger: Ledger, versions: Versions, subject: str, period: str, now: int) -> Usage:
    """What a customer used of a ruleset in a period, as `period_of` reads it.

    Raises InvalidRequest for an empty subject or a period that is none, and LedgerUnavailable.
    """
    if not subject:
        raise InvalidRequest("subject", "name the customer whose usage you ask for")
    # Every version of a ruleset has one currency and one zone.
    ruleset = versions.latest.ruleset
    found = period_of(period, zone_named(ruleset.zone), now)
    lines = ledger.usage(versions.name, subject, found.first_day, found.last_day)
    return Usage(versions.name, subject, found, ruleset.zone, ruleset.currency, summed(lines))


def summed(lines: Iterable[UsageLine]) -> tuple[InteractionUsage, ...]:
    """The sums over all days by interaction, in the order of the names.

    An interaction whose unit became another one within the period comes once for each: calls and minutes don't add up.
    """
    sums: dict[tuple[str, str], InteractionUsage] = {}
    for line in lines:
        key = (line.interaction, noun_key(line.noun))
        so_far = sums.get(key)
        if so_far is None:
            so_far = InteractionUsage(line.interaction, 0, 0, singular(line.noun), 0)
        sums[key] = InteractionUsage(
            line.interaction,
            so_far.events + line.events,
            so_far.units + line.units,
            so_far.noun,
            so_far.price + line.price,
        )
    return tuple(sums[key] for key in sorted(sums))


# ── periods ─────────────────────────────────────────────────────────────────


def period_of(text: str, zone: Zone, now: int) -> Period:
    """The period that a text names: `2026-07`, `2026-07-15`, `2026`, or `2026-07-01/2026-07-15`, both included.

    An empty text is the month of the instant `now`. Raises InvalidRequest for anything else.
    """
    if not text:
        month = zone.month(now)
        text = f"{month // 12:04d}-{month % 12 + 1:02d}"
    first, last = _days(text)
    if last < first:
        raise _wrong(f"it ends before it begins; write the earlier day first: {last}/{first}")
    first_day, last_day = (day.toordinal() - _EPOCH_DAY for day in (first, last))
    return Period(text, first_day, last_day, day_start(zone, first_day), _after(zone, last_day))


def _days(text: str) -> tuple[date, date]:
    """The first and the last day that a text names."""
    if _YEAR.match(text):
        year = _year(text)
        return date(year, 1, 1), date(year, 12, 31)
    if _MONTH.match(text):
        year, month = _year(text), int(text[5:])
        if not 1 <= month <= 12:
            raise _wrong(f"there is no month {quoted(text)}; months are 01 to 12")
        next_year, next_month = divmod(year * 12 + month, 12)
        return date(year, month, 1), date(next_year, next_month + 1, 1) - timedelta(days=1)
    first, slash, last = text.partition("/")
    if not _DATE.match(first) or (slash and not _DATE.match(last)):
        raise _wrong(f"{quoted(text)} is no period; write {_FORMS}")
    return _date(first), _date(last if slash else first)


def _year(text: str) -> int:
    year = int(text[:4])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise _wrong(f"the year {text[:4]} is out of range; years are {FIRST_YEAR} to {LAST_YEAR}")
    return year


def _date(text: str) -> date:
    year = _year(text)
    try:
        return date(year, int(text[5:7]), int(text[8:]))
    except ValueError:
        raise _wrong(f"there is no day {quoted(text)} in the calendar") from None


def _wrong(sentence: str) -> InvalidRequest:
    return InvalidRequest("period", sentence)


def day_start(zone: Zone, day: int) -> int:
    """The first instant of a calendar day of the zone, counted from 1970-01-01, wherever its clocks change.

    Where a zone left the whole day out, it is the first instant after it.
    """
    midnights = zone.instants(EPOCH + timedelta(days=day))
    return midnights[0] if midnights else _skipped(zone, day)


def _after(zone: Zone, day: int) -> int:
    """The first instant after all of a calendar day."""
    midnights = zone.instants(EPOCH + timedelta(days=day + 1))
    # Midnight comes twice where clocks go back over it: to the evening before, which then goes on until the second
    # time, or from one o'clock to midnight, which is the next day all along.
    ends = [midnight for midnight in midnights if zone.day(midnight - 1) <= day]
    return ends[-1] if ends else _skipped(zone, day + 1)


def _skipped(zone: Zone, day: int) -> int:
    """The instant at which the clocks jump over a day's midnight: the first whose day is not before that day."""
    before, after = day * DAY - _WIDEST_OFFSET, day * DAY + _WIDEST_OFFSET
    while after - before > 1:
        middle = (before + after) // 2
        if zone.day(middle) < day:
            before = middle
        else:
            after = middle
    return after
