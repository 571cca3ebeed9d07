"""Rulesets and events that the service's tests share."""

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
