"""Three rule engines from PyPI doing the conditions of `rules10` alone: no units, no prices, no counters."""

from collections.abc import Callable, Sequence
from typing import Any

import cel
import rule_engine
import zen

from dsl.event import Event

CONDITIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    # event type -> (interaction, in the syntax that zen and CEL share, in rule-engine's)
    "search": (
        ("voice_search", "voice == true {and} results >= 1", "voice == true and results >= 1"),
        (
            "typed_search",
            "voice == false {and} results >= 1 {and} channel == 'web'",
            "voice == false and results >= 1 and channel == 'web'",
        ),
        ("empty_search", "results == 0 {and} channel == 'kiosk'", "results == 0 and channel == 'kiosk'"),
    ),
    "support": (
        ("answered", "resolved == true {and} via == 'tool'", "resolved == true and via == 'tool'"),
        ("handed_over", "resolved == true {and} via == 'agent'", "resolved == true and via == 'agent'"),
        ("mailed", "via == 'email'", "via == 'email'"),
    ),
    "listing": (
        ("accepted", "status == 'accepted'", "status == 'accepted'"),
        ("rejected", "status == 'rejected'", "status == 'rejected'"),
    ),
    "call": (
        ("home_call", "country in ['us', 'ca']", "country in ['us', 'ca']"),
        ("far_call", "country == 'other' {and} seconds > 0", "country == 'other' and seconds > 0"),
    ),
}
Matcher = Callable[[Event], str | None]


def _first_match(compiled: dict[str, Sequence[tuple[str, Callable[[Any], Any]]]]) -> Matcher:
    def match(event: Event) -> str | None:
        data = event.data
        for name, holds in compiled.get(event.type, ()):  # type: ignore[call-overload]
            if holds(data):
                return str(name)
        return None

    return match


def zen_engine() -> Matcher:
    """GoRules' engine: every condition compiled once."""
    compiled = {
        kind: tuple((name, zen.compile_expression(text.format(**{"and": "and"})).evaluate) for name, text, _ in rows)
        for kind, rows in CONDITIONS.items()
    }
    return _first_match(compiled)


def cel_engine() -> Matcher:
    """CEL, the Rust implementation: every condition compiled once."""
    compiled = {
        kind: tuple((name, cel.compile(text.format(**{"and": "&&"})).execute) for name, text, _ in rows)
        for kind, rows in CONDITIONS.items()
    }
    return _first_match(compiled)


def rule_engine_engine() -> Matcher:
    """rule-engine: every condition parsed once."""
    compiled = {
        kind: tuple((name, rule_engine.Rule(text).matches) for name, _, text in rows)
        for kind, rows in CONDITIONS.items()
    }
    return _first_match(compiled)


PEERS: dict[str, Callable[[], Matcher]] = {
    "zen-engine": zen_engine,
    "common-expression-language": cel_engine,
    "rule-engine": rule_engine_engine,
}
