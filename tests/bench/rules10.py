"""A ruleset of ten interactions, the same rules written by hand in Python, and events for both."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from dsl.event import Event
from dsl.zones import DAY, SECOND

JULY = 1_782_864_000 * SECOND

TEXT = """
ruleset   bench
version   1
effective 2026-07-01
currency  USD

event search
  voice    boolean default no
  results  integer from 0 to 100_000
  channel  one of app, web, kiosk

event support
  resolved  boolean
  via       one of tool, agent, email
  ticket    string

event listing
  status  one of draft, accepted, rejected
  photos  integer from 0 to 500 default 0

event call
  seconds  integer from 0 to 86_400
  country  one of us, ca, mx, other

interaction voice_search
  counts  search with voice and ≥1 result
  price   by channel
            app        0.05
            otherwise  0.03

interaction typed_search
  counts  search with not voice and ≥1 result and channel is web
  price   0.01

interaction empty_search
  counts  search with results is 0 and channel is kiosk
  price   free

interaction answered
  counts    support with resolved and via is tool
  once per  ticket
  price     1.20

interaction handed_over
  counts  support with resolved and via is agent
  price   2.50

interaction mailed
  counts    support with via is email
  limit 100 per day
  price     0.10

interaction accepted
  counts  listing with status is accepted
  units   1 + photos / 10 rounded up
  price   per month
            first 100  free
            next 900   at 0.40
            then       at 0.25
  cap     500.00 per month

interaction rejected
  counts  listing with status is rejected
  price   0.02

interaction home_call
  counts  call with country is one of (us, ca)
  units   seconds / 60 rounded up
  price   0.02

interaction far_call
  counts  call with country is other and seconds > 0
  units   seconds / 60 rounded up
  price   0.11
"""

MONEY = 10**18


def by_hand(event: Event, totals: dict[Any, int]) -> tuple[str, int, int] | None:
    """The same rules by hand: interaction, units and price (10⁻¹⁸), or None; raises ValueError for an event that does
    not fit. Months are taken from the calendar in UTC, as the ruleset's zone is."""
    data = event.data
    match event.type:
        case "search":
            return _search(data)
        case "support":
            return _support(event, data, totals)
        case "listing":
            return _listing(event, data, totals)
        case "call":
            return _call(data)
        case _:
            return None


def _search(data: Mapping[str, Any]) -> tuple[str, int, int] | None:
    voice = data.get("voice", False)
    results = data["results"]
    channel = data["channel"]
    if type(voice) is not bool or type(results) is not int or not 0 <= results <= 100_000:
        raise ValueError
    if channel not in ("app", "web", "kiosk"):
        raise ValueError
    if voice and results >= 1:
        return "voice_search", 1, 5 * 10**16 if channel == "app" else 3 * 10**16
    if not voice and results >= 1 and channel == "web":
        return "typed_search", 1, 10**16
    if results == 0 and channel == "kiosk":
        return "empty_search", 1, 0
    return None


def _support(event: Event, data: Mapping[str, Any], totals: dict[Any, int]) -> tuple[str, int, int] | None:
    resolved = data["resolved"]
    via = data["via"]
    ticket = data["ticket"]
    if type(resolved) is not bool or via not in ("tool", "agent", "email") or type(ticket) is not str:
        raise ValueError
    if len(ticket) > 4096 or "\0" in ticket:
        raise ValueError
    if resolved and via == "tool":
        key = ("answered", event.subject, ticket)
        if totals.get(key, 0) >= 1:
            return None
        totals[key] = 1
        return "answered", 1, 12 * 10**17
    if resolved and via == "agent":
        return "handed_over", 1, 25 * 10**17
    if via == "email":
        day_key = ("mailed", event.subject, event.time // DAY)  # type: ignore[operator]
        used = totals.get(day_key, 0)
        if used >= 100:
            return None
        totals[day_key] = used + 1
        return "mailed", 1, 10**17
    return None


def _owed(units: int) -> int:
    owed = 0
    if units > 100:
        owed += (min(units, 1000) - 100) * 4 * 10**17
    if units > 1000:
        owed += (units - 1000) * 25 * 10**16
    return owed


def _listing(event: Event, data: Mapping[str, Any], totals: dict[Any, int]) -> tuple[str, int, int] | None:
    status = data["status"]
    photos = data.get("photos", 0)
    if status not in ("draft", "accepted", "rejected") or type(photos) is not int or not 0 <= photos <= 500:
        raise ValueError
    if status == "accepted":
        units = 1 - (-photos // 10)
        month = _month(event.time)  # type: ignore[arg-type]
        key = ("accepted", event.subject, month)
        before = totals.get(key, 0)
        totals[key] = before + units
        price = _owed(before + units) - _owed(before)
        cap_key = ("accepted cap", event.subject, month)
        spent = totals.get(cap_key, 0)
        totals[cap_key] = spent + price
        cap = 500 * MONEY
        return "accepted", units, min(cap, spent + price) - min(cap, spent)
    if status == "rejected":
        return "rejected", 1, 2 * 10**16
    return None


_MONTHS: dict[int, int] = {}


def _month(time: int) -> int:
    day = time // DAY
    month = _MONTHS.get(day)
    if month is None:
        at = date(1970, 1, 1) + timedelta(days=day)
        month = _MONTHS[day] = at.year * 12 + at.month
    return month


def _call(data: Mapping[str, Any]) -> tuple[str, int, int] | None:
    seconds = data["seconds"]
    country = data["country"]
    if type(seconds) is not int or not 0 <= seconds <= 86_400 or country not in ("us", "ca", "mx", "other"):
        raise ValueError
    if country in ("us", "ca"):
        units = -(-seconds // 60)
        return "home_call", units, units * 2 * 10**16
    if country == "other" and seconds > 0:
        units = -(-seconds // 60)
        return "far_call", units, units * 11 * 10**16
    return None


def events(count: int, seed: int = 7) -> list[Event]:
    """Varied events that all fit, time-ordered, for 200 customers."""
    draw = random.Random(seed)
    made: list[Event] = []
    for number in range(count):
        kind = draw.choice(("search", "search", "search", "support", "listing", "call"))
        data: dict[str, object]
        if kind == "search":
            data = {
                "voice": draw.random() < 0.5,
                "results": draw.choice((0, 0, 1, 3, 40)),
                "channel": draw.choice(("app", "web", "kiosk")),
            }
        elif kind == "support":
            ticket = f"T-{draw.randrange(5000)}"
            data = {"resolved": draw.random() < 0.7, "via": draw.choice(("tool", "agent", "email")), "ticket": ticket}
        elif kind == "listing":
            data = {"status": draw.choice(("draft", "accepted", "rejected")), "photos": draw.randrange(40)}
        else:
            data = {"seconds": draw.randrange(3600), "country": draw.choice(("us", "ca", "mx", "other"))}
        subject = f"customer-{draw.randrange(200)}"
        made.append(Event(f"e-{number:08d}", "bench", kind, subject, JULY + number * 20 * SECOND, data))
    return made


def many(interactions: int, types: int) -> str:
    """A ruleset of that many interactions, spread evenly over event types; those of one type ask for other words."""
    each = interactions // types
    words = ", ".join(f"w{n}" for n in range(each))
    lines = ["ruleset   many", "version   1", "effective 2026-07-01", "currency  USD", ""]
    for kind in range(types):
        lines += [f"event kind{kind}", f"  word   one of {words}", "  amount integer from 0 to 1_000", ""]
    for number in range(interactions):
        kind, word = number % types, number // types
        lines += [
            f"interaction i{number}",
            f"  counts  kind{kind} with word is w{word} and amount > 3",
            "  units   amount",
            "  price   per month",
            "            first 100  free",
            "            then       at 0.01",
            "",
        ]
    return "\n".join(lines)


def events_for_many(interactions: int, types: int, count: int, customers: int, seed: int = 7) -> list[Event]:
    """Events for `many`, evenly over its types and words."""
    draw = random.Random(seed)
    each = interactions // types
    return [
        Event(
            f"e-{number:08d}",
            "bench",
            f"kind{draw.randrange(types)}",
            f"customer-{draw.randrange(customers)}",
            JULY + number * SECOND,
            {"word": f"w{draw.randrange(each)}", "amount": draw.randrange(1000)},
        )
        for number in range(count)
    ]
