"""The checker: a rule file's text in, a checked ruleset or all of its mistakes out."""

from dataclasses import replace

from dsl import core
from dsl.checker.context import Context
from dsl.checker.events import check_events
from dsl.checker.examples import check_examples
from dsl.checker.header import check_header
from dsl.checker.interactions import check_interactions
from dsl.diagnostics import Diagnostic, Severity
from dsl.parser import parse
from dsl.source import Source
from dsl.zones import Zone

__all__ = ["check"]


def check(source: Source) -> tuple[core.Ruleset | None, list[Diagnostic]]:
    """The checked ruleset, None exactly where there is an error, and all diagnostics in the order of their places.

    Whether its examples come out as they say is another question: `dsl.examples` runs them.
    """
    file, found = parse(source)
    context = Context(source, Zone("UTC"), found)
    header = check_header(file, context)
    declared = check_events(file, context)
    interactions = check_interactions(file, declared, context)
    examples = check_examples(file, declared, interactions, header.effective, context)
    diagnostics = _in_order(context.diagnostics)
    if any(d.severity is Severity.ERROR for d in diagnostics):
        return None, diagnostics
    checked = [replace(i, noun=interactions.named[i.name].noun.text) for i in interactions.checked]
    ruleset = core.Ruleset(
        name=header.name,
        version=header.version,
        effective=header.effective,
        currency=header.currency,
        zone=header.zone,
        events=tuple(declared.types.values()),
        interactions=tuple(checked),
        examples=examples,
    )
    return ruleset, diagnostics


def _in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics by place, each once."""
    ordered = sorted(diagnostics, key=lambda d: (d.span.start, d.span.end, d.id))
    seen: set[tuple[int, int, str]] = set()
    kept: list[Diagnostic] = []
    for diagnostic in ordered:
        key = (diagnostic.span.start, diagnostic.span.end, diagnostic.id)
        if key not in seen:
            seen.add(key)
            kept.append(diagnostic)
    return kept
