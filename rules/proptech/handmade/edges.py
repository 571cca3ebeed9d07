"""Events on the edges of the rules, each with its exact outcome.

`expect` is an outcome as a rule's example writes it ("listing, 21 units, 0.4"), reckoned by hand for `rules/proptech`
and for the events of this file alone, in their order. Each customer belongs to one group of edges.
"""

from __future__ import annotations

from .case import DROP, GOOD_DATA, NOON, SEARCH, Case


def _case(expect: str, note: str, kind: str, subject: str, time: str = NOON, /, **data: object) -> Case:
    return Case(expect, note, kind, {**GOOD_DATA[kind], **data}, subject, time)


def _voice(amount: str, note: str, subject: str, time: str = NOON, /, **data: object) -> Case:
    return _case(f"voice_search, 1 unit, {amount}", note, "search", subject, time, **data)


def _answer(amount: str, note: str, subject: str, time: str = NOON, /, **data: object) -> Case:
    return _case(f"answered_question, 1 unit, {amount}", note, "support.query", subject, time, **data)


def _used_up(note: str, subject: str, time: str = NOON, /, **data: object) -> Case:
    return _case("limited", note, "support.query", subject, time, **data)


def _listing(units: int, amount: str, note: str, subject: str, time: str = NOON, /, **data: object) -> Case:
    """A listing that weighs the given units: one, and ten photos for each of the others."""
    noun = "unit" if units == 1 else "units"
    photos: dict[str, object] = {"photos": 10 * (units - 1)}
    return _case(f"listing, {units} {noun}, {amount}", note, "listing.submit", subject, time, **{**photos, **data})


TIERS = (
    _listing(20, "0", "the 20th unit of the month is the last free one", "edge-tiers"),
    _listing(1, "0.4", "the 21st unit is the first that costs", "edge-tiers"),
    _listing(51, "20.4", "all in the second tier", "edge-tiers"),
    _listing(51, "20.4", "all in the second tier", "edge-tiers"),
    _listing(51, "20.4", "all in the second tier", "edge-tiers"),
    _listing(26, "10.4", "ends on the 200th unit, the last at 0.40", "edge-tiers"),
    _listing(1, "0.25", "the 201st unit is the first at 0.25", "edge-tiers"),
    _listing(51, "12.75", "all in the last tier", "edge-tiers"),
    _listing(51, "12.75", "all in the last tier", "edge-tiers"),
    _listing(9, "2.25", "meets the month's cap of 100.00 exactly", "edge-tiers"),
    _listing(1, "0", "above the cap", "edge-tiers"),
    _listing(1, "0", "the last microsecond of July in New York", "edge-tiers", "2026-08-01T03:59:59.999999Z"),
    _listing(21, "0.4", "the first moment of August in New York: a new month", "edge-tiers", "2026-08-01T04:00:00Z"),
    _listing(1, "0", "July again, after August has begun: its own total", "edge-tiers", "2026-07-31T23:59:59-04:00"),
    _listing(51, "12.4", "20 free and 31 at 0.40", "edge-cap"),
    _listing(51, "20.4", "all at 0.40", "edge-cap"),
    _listing(51, "20.4", "all at 0.40", "edge-cap"),
    _listing(51, "19.8", "47 at 0.40 and 4 at 0.25", "edge-cap"),
    _listing(51, "12.75", "all at 0.25", "edge-cap"),
    _listing(51, "12.75", "all at 0.25", "edge-cap"),
    _listing(51, "1.5", "runs into the cap", "edge-cap"),
    _listing(51, "0", "above the cap", "edge-cap"),
)

VERSIONS = (
    _case(
        "no version",
        "before the first version, by a microsecond",
        "search",
        "edge-first",
        "2026-01-01T04:59:59.999999Z",
    ),
    _voice("0.04", "the first moment of version 1", "edge-first", "2026-01-01T05:00:00Z"),
    _case("no version", "last year", "listing.submit", "edge-first", "2025-11-30T12:00:00Z"),
    _voice("0.04", "the last microsecond of version 1", "edge-change", "2026-07-01T03:59:59.999999Z"),
    _voice("0.04", "finer than a microsecond is cut, not rounded", "edge-change", "2026-07-01T03:59:59.9999999Z"),
    _voice("0.05", "the first moment of version 2", "edge-change", "2026-07-01T04:00:00Z"),
    _voice("0.05", "the same moment at New York's offset", "edge-change", "2026-07-01T00:00:00-04:00"),
    _voice("0.04", "already July in Kiribati, still June in New York", "edge-change", "2026-07-01T17:59:59+14:00"),
    *(
        _voice("0.04", "paid in June", "edge-carry", f"2026-06-30T{hour}:00:00Z", member="bea")
        for hour in range(12, 17)
    ),
    _voice("0.05", "0.20 carried over: the cap has 0.05 left", "edge-carry", "2026-07-01T12:00:00Z", member="bea"),
    _voice("0", "the week's 0.25 is reached across two versions", "edge-carry", "2026-07-01T13:00:00Z", member="bea"),
    *(
        _voice("0.04", "paid in June", "edge-carry", f"2026-06-29T{hour}:00:00Z", member="cai")
        for hour in range(12, 18)
    ),
    _voice("0.01", "0.24 carried over: the cap has 0.01 left", "edge-carry", "2026-07-05T12:00:00Z", member="cai"),
    _voice("0.05", "Monday: a new week", "edge-carry", "2026-07-06T04:00:00Z", member="cai"),
    _answer("1.5", "billed in June", "edge-carry", "2026-06-30T20:00:00Z", ticket="T-8"),
    _answer("1.5", "version 1 bills a ticket every time", "edge-carry", "2026-06-30T21:00:00Z", ticket="T-8"),
    _answer(
        "1.2", "version 2 begins with an empty list of tickets", "edge-carry", "2026-07-01T20:00:00Z", ticket="T-8"
    ),
    _used_up("and now the ticket is used up", "edge-carry", "2026-07-02T20:00:00Z", ticket="T-8"),
    _answer("1.5", "late: a June answer under version 1", "edge-carry", "2026-06-30T22:00:00Z", ticket="T-8"),
    _listing(1, "0.5", "June has one price", "edge-carry", "2026-06-30T20:00:00Z", photos=240),
    _listing(25, "2", "July begins a new month: 20 free, 5 at 0.40", "edge-carry", "2026-07-01T20:00:00Z"),
)


def _week(subject: str, first: str, last: str, monday: str, prices: tuple[str, ...]) -> tuple[Case, ...]:
    """A week filled to its cap, its last second, and the first moment of the next."""
    filled = tuple(_voice(price, "towards the week's cap", subject, first) for price in prices)
    end = _voice("0", "Sunday's last second in New York: the week is still full", subject, last)
    return (*filled, end, _voice(prices[0], "Monday in New York: a new week", subject, monday))


CLOCKS = (
    *_week("edge-week", "2026-07-06T04:00:00Z", "2026-07-13T03:59:59Z", "2026-07-13T04:00:00Z", ("0.05",) * 5),
    *_week(
        "edge-spring", "2026-03-02T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z", ("0.04",) * 6 + ("0.01",)
    ),
    *_week("edge-autumn", "2026-10-26T04:00:00Z", "2026-11-02T04:59:59Z", "2026-11-02T05:00:00Z", ("0.05",) * 5),
    _voice("0.04", "the last second of winter time", "edge-dst", "2026-03-08T06:59:59Z"),
    _voice("0.04", "the first of summer time: 02:00 to 03:00 does not exist", "edge-dst", "2026-03-08T07:00:00Z"),
    _voice("0.04", "with its offset", "edge-dst", "2026-03-08T03:30:00-04:00"),
    _voice("0.05", "01:30 the first time", "edge-dst", "2026-11-01T05:30:00Z"),
    _voice("0.05", "01:30 the second time", "edge-dst", "2026-11-01T06:30:00Z"),
    _voice("0.05", "01:30 with an offset", "edge-dst", "2026-11-01T01:30:00-05:00"),
    _listing(21, "0.4", "October's last second", "edge-dst", "2026-11-01T03:59:59Z"),
    _listing(21, "0.4", "November's first moment, before the clock goes back", "edge-dst", "2026-11-01T04:00:00Z"),
    _voice("0.05", "half an hour's offset", "edge-time", "2026-07-15T21:30:00+05:30"),
    _voice("0.05", "small letters, as the standard allows", "edge-time", "2026-07-15t16:00:00z"),
    _voice("0.05", "one digit of a second", "edge-time", "2026-07-15T16:00:00.5Z"),
    _voice("0.05", "nanoseconds", "edge-time", "2026-07-15T16:00:00.123456789Z"),
    _voice("0.05", "29 July, just before midnight in New York", "edge-time", "2026-07-30T03:59:59.999Z"),
)

VALUES = (
    _listing(1, "0", "the smallest price", "edge-numbers", price="@0.000001@"),
    _listing(1, "0", "the smallest price, as text", "edge-numbers", price="0.000001"),
    _listing(1, "0", "the smallest price, with an exponent in JSON", "edge-numbers", price="@1e-6@"),
    _listing(1, "0", "the largest price", "edge-numbers", price="@999999999999.999999@"),
    _listing(1, "0", "the largest price, as text", "edge-numbers", price="999999999999.999999"),
    _listing(1, "0", "a price below zero plays no part", "edge-numbers", price="@-0.000001@"),
    _listing(1, "0", "minus nothing", "edge-numbers", price="@-0@"),
    _listing(1, "0", "zeros after the point", "edge-numbers", price="@425000.000000@"),
    _listing(1, "0", "more zeros than places", "edge-numbers", price="@425000.0000000000@"),
    _listing(51, "12.4", "500 photos, the most that there may be", "edge-photos", photos=500),
    _voice("0.05", "100,000 results, the most that there may be", "edge-numbers", resultCount=100_000),
    _voice("0.05", "a whole number with a fraction of zero", "edge-numbers", resultCount="@3.0@"),
    _voice("0.05", "a whole number with an exponent", "edge-numbers", resultCount="@1e2@"),
    _case("nothing", "minus nothing is nothing", "search", "edge-numbers", resultCount="@-0@"),
    _case("nothing", "nothing found", "search", "edge-numbers", resultCount=0),
    _voice("0.05", "a huge number where nobody reads it", "edge-numbers", trace=10**40),
    _voice("0.05", "a lower price as a number", "edge-filters", filters={"min_price": 250_000}),
    _voice("0.05", "a dotted key", "edge-filters", **{"filters.min_price": "250000.50"}),
    _voice(
        "0.05", "nested, with others that nobody declared", "edge-filters", filters={"min_price": 1, "rooms": [2, 3]}
    ),
    _voice("0.05", "nested and empty", "edge-filters", filters={}),
    _voice("0.05", "nested and null", "edge-filters", filters={"min_price": None}),
    _voice("0.05", "an optional attribute that is null", "edge-nulls", query=None),
    _case("nothing", "voice is null: its default is no", "search", "edge-nulls", voice=None),
    _case("nothing", "voice is missing: its default is no", "search", "edge-nulls", voice=DROP),
    _answer("1.2", "the plan is null: its default is free", "edge-nulls", plan=None),
    _listing(1, "0", "photos are null: their default is 0", "edge-nulls", photos=None),
    _answer("0.6", "half price on the pro plan", "edge-plan", plan="pro", ticket="T-1"),
    _used_up("the ticket is used up on every plan", "edge-plan", plan="free", ticket="T-1"),
    _answer("1.2", "nearly `plan`: a warning, and the default", "edge-spelling", pln="pro", ticket="T-1"),
    _listing(1, "0", "nearly `photos`: a warning, and the default", "edge-spelling", photos=DROP, photo=240),
    _case("nothing", "nearly `voice`: a warning, and the default", "search", "edge-spelling", voice=DROP, voise=True),
)

NFC, NFD = "Z\u00fcrich", "Zu\u0308rich"
TEXTS = (
    _voice("0.05", "a customer with an umlaut", "Immobilien M\u00fcller"),
    _voice("0.05", "the same letters, composed otherwise: another customer", "Immobilien Mu\u0308ller"),
    _voice("0.05", "Japanese", "\u6771\u4eac\u4e0d\u52d5\u7523"),
    _voice("0.05", "written from right to left", "\u05e0\u05d3\u05dc\u05df"),
    _voice("0.05", "beyond the first 65,536 characters", "\U0001f3e0 homes"),
    _voice("0.05", "a family of emoji, joined", "\U0001f469\u200d\U0001f469\u200d\U0001f467"),
    _voice("0.05", "spaces and quotes", ' the "Old" Mill \\ Lane '),
    _voice("0.05", "256 characters, the most that there may be", "c" * 256),
    _voice("0.05", "256 characters beyond the first 65,536", "\U0001f3e0" * 256),
    _voice("0.05", "4,096 characters, the most that there may be", "edge-text", member="m" * 4_096),
    _voice("0.05", "a line separator and a control character", "edge-text", query="two\u2028bedrooms\u0001"),
    _voice("0.05", "an empty text is a text", "edge-text", member=""),
    _answer("1.2", "a ticket", "edge-tickets", ticket=NFC),
    _answer("1.2", "the same letters, composed otherwise: another ticket", "edge-tickets", ticket=NFD),
    _used_up("the first ticket again", "edge-tickets", ticket=NFC),
    _answer("1.2", "a small letter", "edge-tickets", ticket="t-1"),
    _answer("1.2", "a capital is another ticket", "edge-tickets", ticket="T-1"),
    _answer("1.2", "a space is another ticket", "edge-tickets", ticket="T-1 "),
    _answer("1.2", "an empty ticket is a ticket", "edge-tickets", ticket=""),
    _used_up("and it is used up", "edge-tickets", ticket=""),
    _used_up("months later it still is", "edge-tickets", "2026-11-20T12:00:00Z", ticket=""),
    _answer("1.2", "another customer's empty ticket is another", "edge-tickets-2", ticket=""),
    _case(
        "nothing",
        "an answer by a person does not use a ticket up",
        "support.query",
        "edge-tickets",
        via="agent",
        ticket="T-5",
    ),
    _answer("1.2", "so the tool's answer is billed", "edge-tickets", ticket="T-5"),
    Case(
        "voice_search, 1 unit, 0.05",
        "an id of 256 characters",
        "search",
        SEARCH,
        "edge-text",
        envelope={"id": "i" * 256},
    ),
    Case("unknown", "an event type that no rule declares", "viewing.booked", {"member": "ann"}, "edge-text"),
    Case("unknown", "an event type in capitals is another", "Search", SEARCH, "edge-text"),
)

EDGES = TIERS + VERSIONS + CLOCKS + VALUES + TEXTS
