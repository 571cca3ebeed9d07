"""Rulesets and events for the tests of what runs them."""

from typing import Any

from dsl import core
from dsl.checker import check
from dsl.diagnostics import Severity, show
from dsl.evaluation import CounterKey, Evaluation, Refusal
from dsl.event import Event
from dsl.source import Source
from dsl.zones import HOUR

HEAD = """ruleset shop
version {version}
effective 2026-01-01
currency EUR
timezone Europe/Berlin

event sale
  n integer from -1_000_000 to 1_000_000 default 1
  amount decimal default 0
  plan one of free, pro, "call centre" default free
  member string default "m"
  gift boolean default no
  note string optional
  seen timestamp optional
  tags list of string default empty

event refund sent as "sale.refund"
  n integer default 1
  member string default "m"
  plan one of free, pro, "call centre" default free
"""
JULY = 1_783_339_200_000_000
"""2026-07-06T12:00:00Z, a Monday."""


def ruleset(text: str, version: int = 1) -> core.Ruleset:
    """The checked form of some interactions below `HEAD`."""
    source = Source("shop.vpi", HEAD.format(version=version) + text)
    checked, diagnostics = check(source)
    errors = [show(found, source) for found in diagnostics if found.severity is Severity.ERROR]
    assert checked is not None, "\n".join(errors)
    return checked


def event(type_: Any = "sale", *, time: Any = JULY, subject: Any = "acme", **data: Any) -> Event:
    """An event; its attributes are named arguments."""
    return Event("1", "/test", type_, subject, time, data)


def apply(counters: dict[CounterKey, int], result: Evaluation | Refusal) -> None:
    """Move the counters as an evaluation says."""
    if isinstance(result, Evaluation):
        for change in result.changes:
            assert counters.get(change.key, 0) == change.before
            counters[change.key] = change.before + change.delta


def hours(count: int) -> int:
    """Some hours after `JULY`."""
    return JULY + count * HOUR
