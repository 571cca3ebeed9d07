"""The checker: a rule file's text in, a checked ruleset or all of its mistakes out."""

from collections.abc import Sequence
from dataclasses import replace

from dsl import core, syntax
from dsl.checker.context import Context
from dsl.checker.event_types import EventTypes
from dsl.checker.events import check_events
from dsl.checker.examples import check_examples
from dsl.checker.header import check_header
from dsl.checker.interactions import check_interactions
from dsl.diagnostics import Diagnostic, Severity
from dsl.diagnostics.grammar import TooManyErrors, TooManyInteractions
from dsl.diagnostics.lexical import FileTooLarge
from dsl.diagnostics.prices import MissingCases
from dsl.diagnostics.rulesets import MOST_SHOWN, MoreMistakes
from dsl.nouns import same_noun
from dsl.parser import collector_paused, parse
from dsl.source import Source
from dsl.zones import Zone

__all__ = ["check"]


def check(source: Source) -> tuple[core.Ruleset | None, list[Diagnostic]]:
    """The checked ruleset, None exactly where there is an error, and all diagnostics in the order of their places.

    Whether its examples come out as they say is another question: `dsl.examples` runs them.
    """
    with collector_paused():
        return _check(source)


def _check(source: Source) -> tuple[core.Ruleset | None, list[Diagnostic]]:
    file, found = parse(source)
    if any(isinstance(d, FileTooLarge | TooManyErrors | TooManyInteractions) for d in found):
        return None, found
    unreadable = {(d.span.start, d.span.end) for d in found if d.severity is Severity.ERROR}
    context = Context(source, Zone("UTC"), list(found))
    header = check_header(file, context)
    declared = check_events(file, context)
    types = EventTypes(declared)
    interactions = check_interactions(file, types, context)
    examples = check_examples(file, types, interactions, header.effective, context)
    # What could not be read has been reported; what was taken in its place is no mistake of the author's.
    about = [d for d in context.diagnostics[len(found) :] if not _known(d, unreadable, file.broken)]
    diagnostics = _shown(_in_order([*found, *about]))
    if any(d.severity is Severity.ERROR for d in diagnostics):
        return None, diagnostics
    checked = [_named(one, interactions.named[one.name].noun.text) for one in interactions.checked]
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


def _named(interaction: core.Interaction, noun: str) -> core.Interaction:
    """The interaction with the noun that its examples may have shortened to its singular, or even given."""
    if noun == interaction.noun:
        return interaction
    return replace(interaction, noun=noun, noun_in_examples_only=not same_noun(interaction.noun, noun))


def _known(diagnostic: Diagnostic, unreadable: set[tuple[int, int]], broken: Sequence[syntax.Broken]) -> bool:
    """Whether a mistake was reported by the parser: at the very place, or as the loss of the case that is missed."""
    span = diagnostic.span
    if (span.start, span.end) in unreadable:
        return True
    return isinstance(diagnostic, MissingCases) and any(b.span.start <= span.start < b.span.end for b in broken)


def _shown(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """At most `MOST_SHOWN` of them, errors before warnings, and where some are left out a word on how many."""
    if len(diagnostics) <= MOST_SHOWN:
        return diagnostics
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    warnings = [d for d in diagnostics if d.severity is not Severity.ERROR]
    kept = (errors + warnings)[:MOST_SHOWN]
    left = len(diagnostics) - len(kept)
    return _in_order([*kept, MoreMistakes(span=diagnostics[-1].span, shown=MOST_SHOWN, left=left)])


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
