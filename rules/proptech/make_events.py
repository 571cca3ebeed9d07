"""Writes the events that ship with the rules, the same bytes on every run.

Run `python rules/proptech/make_events.py` to rewrite `rules/proptech/events/*.jsonl`, or name another folder to write
there. `events/README.md` says what each file holds. Ordinary traffic is drawn from a fixed seed; late, malformed and
edge events are written out by hand, each with a `note`, and with an `expect` that says what must come of it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import TypeVar

from handmade.case import DROP, Case, instant
from handmade.edges import EDGES
from handmade.malformed import MALFORMED, NOT_JSON

SEED = 20_260_701
FOLDER = Path(__file__).parent / "events"
T = TypeVar("T")
Event = dict[str, object]


@dataclass(frozen=True)
class Customer:
    """A customer of the platform: its id, how many members it has, its share of the traffic, and its habit."""

    subject: str
    members: int
    weight: int
    habit: str


# What a customer's members do, as shares of: typed search, voice search, support question, listing.
HABITS: Mapping[str, tuple[int, int, int, int]] = {
    "agency": (40, 15, 15, 30),
    "feed": (6, 2, 4, 88),
    "portal": (60, 25, 10, 5),
    "kiosk": (5, 92, 2, 1),
    "helpdesk": (15, 5, 70, 10),
    "solo": (25, 35, 15, 25),
}

CUSTOMERS = (
    Customer("harbour-homes", 64, 130, "agency"), Customer("metro-listings", 12, 150, "feed"),
    Customer("keystone-portal", 48, 110, "portal"), Customer("openhouse-kiosks", 3, 140, "kiosk"),
    Customer("northgate-realty", 36, 60, "agency"), Customer("tenant-line", 28, 55, "helpdesk"),
    Customer("lakeside-group", 24, 45, "agency"), Customer("brightkey", 20, 40, "portal"),
    Customer("hudson-lettings", 18, 36, "agency"), Customer("atlas-new-builds", 6, 34, "feed"),
    Customer("maple-and-main", 14, 30, "agency"), Customer("citynest", 13, 28, "portal"),
    Customer("old-town-brokers", 11, 26, "agency"), Customer("sunbelt-rentals", 10, 24, "agency"),
    Customer("doorstep-help", 9, 24, "helpdesk"), Customer("cornerstone", 8, 20, "agency"),
    Customer("blue-gable", 8, 18, "agency"), Customer("fifth-street", 7, 16, "agency"),
    Customer("walk-in-homes", 2, 16, "kiosk"), Customer("riverbend", 6, 14, "agency"),
    Customer("greenfield-lots", 4, 14, "feed"), Customer("stoop-and-sill", 5, 12, "agency"),
    Customer("parkview", 5, 12, "portal"), Customer("elm-court", 4, 10, "agency"),
    Customer("two-rivers", 4, 10, "agency"), Customer("highline", 4, 9, "portal"),
    Customer("saltbox", 3, 8, "agency"), Customer("first-keys", 3, 8, "solo"),
    Customer("coop-council", 3, 7, "helpdesk"), Customer("red-brick", 2, 6, "agency"),
    Customer("attic-finder", 2, 6, "solo"), Customer("meadow-lane", 2, 5, "solo"),
    Customer("ferry-point", 2, 5, "solo"), Customer("ann-okafor", 1, 5, "solo"),
    Customer("lee-and-daughter", 2, 4, "solo"), Customer("jm-castillo", 1, 4, "solo"),
    Customer("pier-nine", 1, 3, "solo"), Customer("p-lindqvist", 1, 2, "solo"), Customer("the-garret", 1, 2, "solo"),
    Customer("dana-wu", 1, 1, "solo"),
)  # fmt: skip

QUERIES = (
    "two bedrooms near a park", "house with a garden under 600k", "studio close to the subway", "pet friendly rental",
    "new build with parking", "three bedrooms good schools", "loft with high ceilings", "ground floor, no stairs",
    "furnished for six months", "open house this sunday", "waterfront", "first floor flat with a balcony",
)  # fmt: skip


class Dice:
    """Draws from one seeded stream, using only what Python promises to keep the same from release to release."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def below(self, bound: int) -> int:
        """An integer from 0 to `bound` - 1."""
        return int(self._random.random() * bound)

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both possible."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in `percent` of 100 draws."""
        return self.below(100) < percent

    def one_of(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely as the others."""
        return choices[self.below(len(choices))]

    def weighted(self, weights: Sequence[int]) -> int:
        """The index of one of the weights, as likely as its share of their sum."""
        left = self.below(sum(weights))
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return index
        raise AssertionError("the weights add up to less than their sum")

    def identifier(self) -> str:
        """32 hexadecimal digits in the shape of a UUID."""
        digits = "".join(f"{self.below(16):x}" for _ in range(32))
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Traffic:
    """Ordinary events: customers of very different size, busy and quiet hours, tickets that come back."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._tickets: dict[str, list[str]] = {}
        self._next_ticket = 10_001

    def month(self, year: int, month: int, count: int) -> list[Event]:
        """`count` events of a calendar month in New York (of the summer half-year), in the order of their times."""
        first = datetime(year, month, 1, 4, tzinfo=UTC)
        after = datetime(year, month + 1, 1, 4, tzinfo=UTC)
        times = sorted(self._moment(first, (after - first).days) for _ in range(count))
        return [self.event(time) for time in times]

    def _moment(self, first: datetime, days: int) -> datetime:
        """A time in the month; weekends are quieter, and few are awake at night."""
        day = self._dice.below(days)
        while (first + timedelta(days=day)).weekday() >= 5 and self._dice.chance(55):
            day = self._dice.below(days)
        hour = self._dice.weighted((1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 16, 14, 15, 17, 17, 16, 15, 13, 11, 8, 5, 3, 2))
        milliseconds = self._dice.below(3_600_000)
        return first + timedelta(days=day, hours=hour, milliseconds=milliseconds)

    def event(self, time: datetime) -> Event:
        """One event of some customer at the given time (UTC)."""
        customer = CUSTOMERS[self._dice.weighted([each.weight for each in CUSTOMERS])]
        kind = self._dice.weighted(HABITS[customer.habit])
        number = min(self._dice.below(customer.members), self._dice.below(customer.members)) + 1
        who: Event = {"member": f"{customer.subject}/m{number:02}"}
        if (number + customer.weight) % 3 == 0:
            who["plan"] = "pro"
        elif self._dice.chance(40):
            who["plan"] = "free"
        if kind < 2:
            channel = "kiosk" if customer.habit == "kiosk" else self._dice.one_of(("app", "app", "web"))
            return self._envelope(
                "search", f"/{channel}/search", customer, time, who | self._search(kind == 1, channel)
            )
        if kind == 2:
            return self._envelope("support.query", "/support/desk", customer, time, who | self._question(customer))
        source = "/feeds/mls" if customer.habit == "feed" else "/listings/intake"
        return self._envelope("listing.submit", source, customer, time, who | self._listing(customer))

    def _search(self, voice: bool, channel: str) -> Event:
        found = 0 if self._dice.chance(22) else self._dice.between(1, self._dice.one_of((3, 12, 60, 900)))
        data: Event = {"resultCount": found, "channel": channel}
        if voice or self._dice.chance(50):
            data["voice"] = voice
        if self._dice.chance(60):
            data["query"] = self._dice.one_of(QUERIES)
        if self._dice.chance(25):
            city = self._dice.one_of(("Albany", "Brooklyn", "Queens", "White Plains", "Yonkers"))
            data["filters"] = {"min_price": self._dice.between(2, 30) * 25_000, "city": city}
        elif self._dice.chance(10):
            data["filters.min_price"] = f"{self._dice.between(900, 4_000)}.50"
        return data

    def _question(self, customer: Customer) -> Event:
        mine = self._tickets.setdefault(customer.subject, [])
        if mine and self._dice.chance(30):
            ticket = self._dice.one_of(mine[-8:])
        else:
            ticket = f"T-{self._next_ticket}"
            self._next_ticket += 1
            mine.append(ticket)
        via = self._dice.one_of(("knowledge_tool", "knowledge_tool", "knowledge_tool", "agent", "email"))
        return {"resolved": self._dice.chance(72), "via": via, "ticket": ticket}

    def _listing(self, customer: Customer) -> Event:
        status = self._dice.one_of(("accepted",) * 7 + ("draft", "draft", "rejected"))
        data: Event = {"status": status}
        if not self._dice.chance(8):
            most = 180 if customer.subject == "atlas-new-builds" else 60
            data["photos"] = min(self._dice.between(0, most), self._dice.between(0, most))
        rent = self._dice.chance(25)
        data["price"] = (
            f"{self._dice.between(950, 6_500)}.{self._dice.one_of(('00', '50', '95'))}"
            if rent
            else (self._dice.between(90, 2_400) * 1_000)
        )
        return data

    def _envelope(self, kind: str, source: str, customer: Customer, time: datetime, data: Event) -> Event:
        event: Event = {"id": self._dice.identifier(), "source": source, "type": kind, "subject": customer.subject}
        event["time"] = self._written(time)
        if self._dice.chance(70):
            event["specversion"] = "1.0"
        if self._dice.chance(30):
            event["datacontenttype"] = "application/json"
        event["data"] = data
        return event

    def _written(self, time: datetime) -> str:
        """The time as a source might write it: mostly UTC, with or without milliseconds, now and then at an offset."""
        detail = "milliseconds" if self._dice.chance(70) else "seconds"
        if self._dice.chance(15):
            return (time.replace(tzinfo=None) - timedelta(hours=4)).isoformat(timespec=detail) + "-04:00"
        return time.replace(tzinfo=None).isoformat(timespec=detail) + "Z"


def late(traffic: Traffic, dice: Dice) -> list[Event]:
    """Events of January to June that arrive when version 2 is in force, in no order of time."""
    start, end = instant("2026-01-01T05:00:00Z"), instant("2026-07-01T04:00:00Z")
    span = int((end - start).total_seconds())
    # Most are days late, some months.
    seconds = [dice.below(span) if dice.chance(30) else span - 1 - dice.below(86_400 * 12) for _ in range(280)]
    return [
        traffic.event(start + timedelta(seconds=each)) | {"note": "late: version 1 was in force at its time"}
        for each in seconds
    ]


def _as_offset(event: Event) -> Event:
    """The same instant, written at another offset."""
    kolkata = timezone(timedelta(hours=5, minutes=30))
    return event | {"time": instant(str(event["time"])).astimezone(kolkata).isoformat()}


def _reordered(event: Event) -> Event:
    """The same members, in the opposite order."""
    data = event["data"]
    assert isinstance(data, dict)
    return dict(reversed([*(event | {"data": dict(reversed(data.items()))}).items()]))


def _with_data(event: Event, **changes: object) -> Event:
    data = event["data"]
    assert isinstance(data, dict)
    return event | {"data": data | changes}


def _flattened(event: Event) -> Event:
    """The same data, with a dotted key in place of the nested object."""
    data = event["data"]
    assert isinstance(data, dict)
    filters = data["filters"]
    flat = {key: value for key, value in data.items() if key != "filters"}
    return event | {"data": flat | {f"filters.{key}": value for key, value in filters.items()}}


def duplicates(months: Sequence[Event], dice: Dice) -> list[Event]:
    """Events of the month files sent again: unchanged, in another spelling, with other content, or from elsewhere."""
    by_type = {kind: [e for e in months if e["type"] == kind] for kind in ("search", "support.query", "listing.submit")}
    nested = [e for e in by_type["search"] if "filters" in dict_of(e)]
    whole = [e for e in by_type["listing.submit"] if isinstance(dict_of(e)["price"], int)]
    plain = [e for e in months if "specversion" not in e]
    plan: tuple[tuple[int, Sequence[Event], str, str, Callable[[Event], Event]], ...] = (
        (60, months, "duplicate", "sent again, unchanged", lambda e: e),
        (12, months, "duplicate", "members in another order", _reordered),
        (12, months, "duplicate", "the same instant at another offset", _as_offset),
        (8, plain, "duplicate", "another envelope, the same content",
         lambda e: e | {"specversion": "1.0", "trace": "7f3a"}),
        (8, whole, "duplicate", "the same price, written with a fraction of zero",
         lambda e: _with_data(e, price=f"@{dict_of(e)['price']}.00@")),
        (6, nested, "duplicate", "the same data, a dotted key for a nested object", _flattened),
        (8, by_type["search"], "conflict", "the same id, another number of results",
         lambda e: _with_data(e, resultCount=99_999)),
        (6, by_type["listing.submit"], "conflict", "the same id, another price", lambda e: _with_data(e, price=1)),
        (4, by_type["support.query"], "conflict", "the same id, another ticket", lambda e: _with_data(e, ticket="T-9")),
        (4, months, "conflict", "the same id, another customer", lambda e: e | {"subject": "someone-else"}),
        (4, months, "conflict", "the same id, an hour later",
         lambda e: e | {"time": (instant(str(e["time"])) + timedelta(hours=1)).isoformat()}),
        (8, months, "new", "the same id from another source is another event", lambda e: e | {"source": "/replica/2"}),
    )  # fmt: skip
    again: list[Event] = []
    for count, choices, expect, note, change in plan:
        remark: Event = {"expect": expect, "note": note}
        again.extend(change(dice.one_of(choices)) | remark for _ in range(count))
    return again + repairs(whole)


def repairs(listings: Sequence[Event]) -> list[Event]:
    """A refused event does not claim its id: repaired and sent again it gets a first real answer."""
    sent: list[Event] = []
    for number, listing in enumerate(listings[:4], start=1):
        good = listing | {"id": f"repair-{number}"}
        broken = good | {"data": {key: value for key, value in dict_of(good).items() if key != "price"}}
        sent.append(broken | {"expect": "refused", "note": "no price yet"})
        sent.append(good | {"expect": "new", "note": "repaired: the first real answer"})
        sent.append(good | {"expect": "duplicate", "note": "sent once more"})
    return sent


def dict_of(event: Event) -> Event:
    """The event's data, which every ordinary event has as an object."""
    data = event["data"]
    assert isinstance(data, dict)
    return data


def by_hand(cases: Iterable[Case], prefix: str) -> list[Event]:
    """The cases written out as events; a member set to DROP is left out."""
    events: list[Event] = []
    for number, case in enumerate(cases, start=1):
        event: Event = {
            "id": f"{prefix}-{number:03}", "source": "/handmade", "type": case.type, "subject": case.subject,
            "time": case.time, "specversion": "1.0", "data": kept(case.data),
        }  # fmt: skip
        events.append(kept({**event, **case.envelope}) | {"expect": case.expect, "note": case.note})
    return events


def kept(members: Mapping[str, object]) -> Event:
    """The members that are not to be dropped."""
    return {key: value for key, value in members.items() if value is not DROP}


def line(event: Event) -> str:
    """The event as one line of JSON; a text such as "@1.10@" stands for a number in exactly that spelling."""
    text = json.dumps(event, ensure_ascii=False, separators=(", ", ": "))
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")  # a lone surrogate is written as its escape
    return re.sub(r'"@([^"@]*)@"', r"\1", text)


def files() -> dict[str, bytes]:
    """Every file's name and its bytes."""
    dice = Dice(SEED)
    traffic = Traffic(dice)
    june = traffic.month(2026, 6, 1_150)
    july = traffic.month(2026, 7, 1_350)
    themes: dict[str, list[str]] = {
        "2026-06.jsonl": [line(event) for event in june],
        "2026-07.jsonl": [line(event) for event in july],
        "late.jsonl": [line(event) for event in late(traffic, dice)],
        "duplicates.jsonl": [line(event) for event in duplicates(june + july, dice)],
        "malformed.jsonl": [line(event) for event in by_hand(MALFORMED, "malformed")] + list(NOT_JSON),
        "edges.jsonl": [line(event) for event in by_hand(EDGES, "edge")],
    }
    return {name: "".join(each + "\n" for each in lines).encode() for name, lines in themes.items()}


def main(arguments: Sequence[str]) -> None:
    """Writes all files into the folder named first in `arguments`, or else into `events` beside this script."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
