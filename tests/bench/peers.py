"""Three rule engines from PyPI doing the conditions of `rules10` alone: no units, no prices, no counters, no reasons.

Each gets the ten conditions, event type included, in file order, compiled once; the first that holds wins. zen-engine
also runs them as its users write them: a decision table of ten rows with the hit policy "first".
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cel
import rule_engine
import zen

from dsl.event import Event

CONDITIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("voice_search", (("type", "== 'search'"), ("voice", "== true"), ("results", ">= 1"))),
    ("typed_search", (("type", "== 'search'"), ("voice", "== false"), ("results", ">= 1"), ("channel", "== 'web'"))),
    ("empty_search", (("type", "== 'search'"), ("results", "== 0"), ("channel", "== 'kiosk'"))),
    ("answered", (("type", "== 'support'"), ("resolved", "== true"), ("via", "== 'tool'"))),
    ("handed_over", (("type", "== 'support'"), ("resolved", "== true"), ("via", "== 'agent'"))),
    ("mailed", (("type", "== 'support'"), ("via", "== 'email'"))),
    ("accepted", (("type", "== 'listing'"), ("status", "== 'accepted'"))),
    ("rejected", (("type", "== 'listing'"), ("status", "== 'rejected'"))),
    ("home_call", (("type", "== 'call'"), ("country", "in ['us', 'ca']"))),
    ("far_call", (("type", "== 'call'"), ("country", "== 'other'"), ("seconds", "> 0"))),
)
"""Interaction, and what must hold: attribute and test, which all of them hold together."""
Matcher = Callable[[Mapping[str, Any]], str | None]


def fields(event: Event) -> dict[str, object]:
    """What a peer is given: the data and the event type."""
    return {"type": event.type, **event.data}


def _first_match(compiled: Sequence[tuple[str, Callable[[Any], Any]]]) -> Matcher:
    def match(data: Mapping[str, Any]) -> str | None:
        for name, holds in compiled:
            if holds(data):
                return name
        return None

    return match


def _texts(conjunction: str) -> list[tuple[str, str]]:
    return [(name, conjunction.join(f"{field} {test}" for field, test in tests)) for name, tests in CONDITIONS]


def zen_expressions() -> Matcher:
    """GoRules' engine, its expressions compiled once and called one by one."""
    return _first_match([(name, zen.compile_expression(text).evaluate) for name, text in _texts(" and ")])


def zen_table() -> Matcher:
    """GoRules' engine with a decision table, as its editor writes them."""
    inputs = sorted({field for _, tests in CONDITIONS for field, _ in tests})
    columns = [{"id": field, "name": field, "field": field} for field in inputs]
    rules = []
    for name, tests in CONDITIONS:
        cells = {field: _cell(test) for field, test in tests}
        rules.append({"_id": name, **{field: cells.get(field, "") for field in inputs}, "out": json.dumps(name)})
    content = {
        "hitPolicy": "first",
        "rules": rules,
        "inputs": columns,
        "outputs": [{"id": "out", "name": "out", "field": "out"}],
    }
    graph = {
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode"},
            {"id": "table", "name": "table", "type": "decisionTableNode", "content": content},
            {"id": "out", "name": "out", "type": "outputNode"},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }
    decision = zen.ZenEngine().create_decision(json.dumps(graph))

    def match(data: Mapping[str, Any]) -> str | None:
        found = decision.evaluate(dict(data))["result"]
        return str(found["out"]) if found else None

    return match


def _cell(test: str) -> str:
    return test.removeprefix("== ").removeprefix("in ")


def cel_expressions() -> Matcher:
    """CEL in its Rust implementation."""
    return _first_match([(name, cel.compile(text).execute) for name, text in _texts(" && ")])


def rule_engine_expressions() -> Matcher:
    """rule-engine; what is not there is null to it."""
    context = rule_engine.Context(default_value=None)
    return _first_match([(name, rule_engine.Rule(text, context=context).matches) for name, text in _texts(" and ")])


PEERS: dict[str, Callable[[], Matcher]] = {
    "zen-engine, compiled expressions": zen_expressions,
    "zen-engine, a decision table": zen_table,
    "common-expression-language": cel_expressions,
    "rule-engine": rule_engine_expressions,
}
