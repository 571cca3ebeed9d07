"""Checks one condition or one number about an event, for tests."""

from dsl import core, syntax
from dsl.checker.conditions import Presence, check_condition
from dsl.checker.context import Context
from dsl.checker.events import check_events
from dsl.checker.expressions import check_number
from dsl.checker.scope import Scope
from dsl.diagnostics import Diagnostic
from dsl.parser import parse
from dsl.source import Source
from dsl.zones import Zone

ATTRIBUTES = """
  on       boolean
  n        integer from 0 to 100
  big      integer
  d        decimal
  s        string
  other    string
  w        one of app, "call centre", yes
  t        timestamp
  tags     list of string
  a        string optional
  b        string optional
  c        string optional
  m        integer optional
  words    list of string optional
"""


def _read(clause: str, zone: str) -> tuple[syntax.Counts, Scope, Context]:
    text = f"event search {ATTRIBUTES} interaction found counts search {clause} price 0.05"
    source = Source("example.vpi", text)
    file, found = parse(source)
    assert found == [], [diagnostic.message for diagnostic in found]
    context = Context(source, Zone(zone))
    scope = check_events(file, context).scope(("search",))
    assert context.diagnostics == []
    counts = next(
        clause
        for declaration in file.declarations
        if isinstance(declaration, syntax.Interaction)
        for clause in declaration.clauses
        if isinstance(clause, syntax.Counts)
    )
    return counts, scope, context


def condition(text: str, zone: str = "UTC") -> tuple[tuple[core.Expression, Presence] | None, list[Diagnostic]]:
    """What a condition is checked to, and what is wrong with it."""
    counts, scope, context = _read(f"with {text}", zone)
    assert counts.condition is not None
    return check_condition(counts.condition, scope, context), context.diagnostics


def number(text: str, zone: str = "UTC") -> tuple[core.Expression | None, list[Diagnostic]]:
    """What a number is checked to, and what is wrong with it."""
    counts, scope, context = _read(f"as {text} units", zone)
    assert counts.units is not None
    return check_number(counts.units, scope, context), context.diagnostics
