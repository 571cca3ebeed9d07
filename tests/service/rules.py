"""Rulesets and events that the service's tests share."""

from functools import cache
from typing import Any

from dsl.event import Event
from dsl.zones import SECOND
from service.loading import check_text
from service.registry import Registry, Version

JULY = 1_782_864_000 * SECOND
"""2026-07-01T00:00:00Z, in microseconds."""
JUNE = JULY - 30 * 24 * 3600 * SECOND

FIRST = """
ruleset   shop
version   1
effective 2026-06-01
currency  EUR

event search
  voice    boolean default no
  results  integer from 0 to 100_000
  query    string optional

event answer
  ticket  string
  words   decimal from 0 to 1_000_000 default 1

interaction voice_search
  counts  search with voice and ≥1 result
  price   0.05

interaction answered
  counts    answer
  once per  ticket
  units     words
  price     per month
              first 10  free
              then      at 0.5
  cap       6 per month
"""
SECOND_VERSION = FIRST.replace("version   1", "version   2").replace("2026-06-01", "2026-07-01").replace("0.05", "0.07")
OTHER = """
ruleset   flat
version   1
effective 2026-06-01
currency  EUR

event search

interaction active
  counts     any event
  once per   month
  price      9.00
"""


def version_of(text: str) -> Version:
    """A version of a rule text that must be sound."""
    checked = check_text("test.vpi", text)
    assert checked.ruleset is not None, checked.diagnostics
    return Version(checked.ruleset, text)


def registry() -> Registry:
    """Two versions of `shop`, one of `flat`."""
    return Registry([version_of(FIRST), version_of(SECOND_VERSION), version_of(OTHER)])


def search(event_id: str = "e1", time: object = JUNE, **data: Any) -> Event:
    """A voice search that counts, unless `data` says otherwise."""
    return Event(event_id, "app", "search", "acme", time, {"voice": True, "results": 3} | data)


def answer(event_id: str, ticket: str, words: object = 1, time: object = JUNE, subject: str = "acme") -> Event:
    """An answered question."""
    return Event(event_id, "app", "answer", subject, time, {"ticket": ticket, "words": words})


STORE = FIRST.replace("ruleset   shop", "ruleset   store")
"""The interactions of `shop`, word for word, under another name."""
LIMITED = """
ruleset   limited
version   1
effective 2026-06-01
currency  EUR

event ask
  ticket  string optional

interaction asked
  counts  ask
  limit   10 per month
  price   1.00
"""
VOLUME = """
ruleset   volume
version   1
effective 2026-06-01
currency  USD

event load
  amount  integer from 0 to 1_000_000_000_000

interaction loaded
  counts  load
  units   amount
  price   per month by volume
            up to 100  at 2.00
            above      at 1.00
"""
LARGE = """
ruleset   large
version   1
effective 2026-06-01
currency  USD

event load
  amount  integer from 0 to 1_000_000_000_000
event sip
  amount  decimal from 0 to 1_000

interaction loaded
  counts  load
  units   amount
  price   per month
            first 10  at 0.000000000001
            then      at 999_999.999999999999

interaction sipped
  counts  sip
  units   amount
  price   0.333333333333
"""
ZONED = """
ruleset   zoned
version   1
effective 2026-06-01
currency  USD
timezone  America/New_York

event call
  spent  integer from 0 to 1_000

interaction called
  counts  call
  units   spent
  price   0.10 per minute

interaction connected
  also counts  call
  price        0.01
"""
ZONED_LATER = (
    ZONED.replace("version   1", "version   2")
    .replace("2026-06-01", "2026-07-01T16:00:00Z")
    .replace("per minute", "per second")
)
ALL = (FIRST, SECOND_VERSION, OTHER, STORE, LIMITED, VOLUME, LARGE, ZONED, ZONED_LATER)


@cache
def all_rules() -> Registry:
    """Every ruleset here."""
    return Registry([version_of(text) for text in ALL])


def event(type_: str, event_id: str, time: object = JUNE, subject: object = "acme", **data: Any) -> Event:
    """An event of any type."""
    return Event(event_id, "app", type_, subject, time, data)
