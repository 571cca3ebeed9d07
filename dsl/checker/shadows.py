"""Interactions that never count anything, because others before them count every one of their events."""

from collections.abc import Iterable

from dsl import core
from dsl.checker.context import Context
from dsl.diagnostics.interactions import ShadowedCounts, ShadowedInteraction
from dsl.source import Span


def warn_of_shadows(
    interactions: Iterable[core.Interaction], names: dict[str, Span], events: int, context: Context
) -> None:
    """Warn of each interaction, and each counts line, that no event ever comes to.

    `names` are the places of the interactions' names; `events` is how many event types there are.
    """
    taken: dict[str, str] = {}
    everything: str | None = None
    for interaction in interactions:
        before = {} if interaction.also else taken
        own: dict[str, str] = {}
        shadowed: list[tuple[core.CountsLine, str]] = []
        for line in interaction.counts:
            by = _taker(line, before, None if interaction.also else everything, own, events)
            if by is not None:
                shadowed.append((line, by))
            elif line.condition is None:
                own.update(dict.fromkeys(line.events, interaction.name))
        _report(interaction, shadowed, names[interaction.name], events, context)
        if interaction.also or everything is not None:
            continue
        for event in own:
            taken.setdefault(event, interaction.name)
        if len(own) == events:
            everything = interaction.name


def _taker(
    line: core.CountsLine, before: dict[str, str], everything: str | None, own: dict[str, str], events: int
) -> str | None:
    """The interaction that counts whatever the line could, or None."""
    if everything is not None:
        return everything
    if len(line.events) == 1:
        event = line.events[0]
        return before.get(event) or own.get(event)
    if len(before) == events:
        return before[line.events[-1]]
    return None


def _report(
    interaction: core.Interaction,
    shadowed: list[tuple[core.CountsLine, str]],
    name: Span,
    events: int,
    context: Context,
) -> None:
    others = tuple(dict.fromkeys(by for _, by in shadowed if by != interaction.name))
    if len(shadowed) == len(interaction.counts) and others:
        context.report(ShadowedInteraction(span=name, name=interaction.name, by=others))
        return
    for line, by in shadowed:
        event = line.events[0]
        context.report(ShadowedCounts(span=line.span, event=event, by=by, own=by == interaction.name))
