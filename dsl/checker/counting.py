"""`counts` lines: which events an interaction counts, under what condition, as how many units."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from functools import reduce

from dsl import core, syntax
from dsl.checker.bases import Reading
from dsl.checker.conditions import check_condition
from dsl.checker.context import Context
from dsl.checker.event_types import EventTypes
from dsl.checker.expressions import check_number
from dsl.checker.narrowing import Proven, either, interval, proven
from dsl.checker.unit_nouns import UnitNoun
from dsl.diagnostics.interactions import (
    AnyEventNotAlone,
    AsMissing,
    InteractionWithoutCounts,
    MixedCounts,
    NoEventDeclared,
    UnitsMayBeNegative,
)
from dsl.nouns import singular


@dataclass
class Counting:
    """The counts lines of one interaction, as far as they are right.

    `complete` is False where one is wrong or missing; `proven` are the attributes that are there whenever any counts.
    """

    also: bool = False
    with_units: bool = False
    complete: bool = True
    lines: list[core.CountsLine] = field(default_factory=list)
    events: dict[str, None] = field(default_factory=dict)
    proven: frozenset[str] | None = None
    """None is everything, as long as no condition is known."""

    def reading(self, types: EventTypes, context: Context) -> Reading:
        """What the interaction's keys, units and price may read."""
        # A scope begins with its first event's attributes and keeps what the others share: few first is quickest.
        events = sorted(self.events, key=lambda name: len(types.declared.types[name].attributes))
        scope = types.knowing(tuple(events), self.proven)
        return Reading(scope, context if self.complete else Context(context.source, context.zone))

    def prove(self, present: frozenset[str]) -> None:
        """Take note of what is there whenever one more line counts."""
        if self.proven is not present:
            self.proven = present if self.proven is None else self.proven & present


def check_counts(
    node: syntax.Interaction,
    lines: list[syntax.Counts],
    noun: UnitNoun,
    types: EventTypes,
    context: Context,
    whole: bool,
) -> Counting:
    """The counts lines of an interaction; mistakes are reported. `whole`: a line that is not there was not written."""
    counting = Counting()
    if not lines:
        if whole:
            context.report(InteractionWithoutCounts(span=node.name.span, name=node.name.text))
        counting.complete = False
        return counting
    counting.also = lines[0].also
    counting.complete = whole
    _check_together(node, lines, context)
    counting.with_units = any(line.units is not None for line in lines)
    for line in lines:
        noun.mention(line.noun, context)
        if line.event is None and len(lines) > 1:
            counting.complete = False
        else:
            _check_line(line, node.name.text, counting, types, context)
    return counting


def _check_together(node: syntax.Interaction, lines: list[syntax.Counts], context: Context) -> None:
    name = node.name.text
    for line in lines:
        if line.also != lines[0].also:
            context.report(MixedCounts(span=line.span, name=name, also=line.also))
            break
    alone = next((line for line in lines if line.event is None), None)
    if alone is not None and len(lines) > 1:
        context.report(AnyEventNotAlone(span=alone.span, name=name))
    said = next((line.noun for line in lines if line.noun is not None), None)
    if said is not None:
        for line in lines:
            if line.units is None:
                context.report(AsMissing(span=line.span, name=name, noun=singular(said.text)))


def _check_line(line: syntax.Counts, name: str, counting: Counting, types: EventTypes, context: Context) -> None:
    events = _events(line, types, context)
    if not events:
        counting.complete = False
        return
    counting.events.update(dict.fromkeys(events))
    scope = types.scope(events)
    condition: core.Expression | None = None
    if line.condition is None:
        counting.prove(types.always(events))
    elif (checked := check_condition(line.condition, scope, context)) is None:
        scope = scope.knowing(scope.readable)
    else:
        condition, presence = checked
        scope = scope.knowing(presence.if_true)
        always = types.always(events)
        counting.prove(always | presence.if_true if presence.if_true else always)
    units: core.Expression | None = None
    if line.units is not None:
        units = check_number(line.units, scope, context)
        if units is not None:
            warn_of_negative_units(name, line.units, units, (condition,), context)
    counting.lines.append(core.CountsLine(events, condition, units, line.span))


def _events(line: syntax.Counts, types: EventTypes, context: Context) -> tuple[str, ...]:
    """The event types that a line names; none, reported, where it names none that is declared."""
    if line.event is None:
        if not types.names and types.declared.complete:
            context.report(NoEventDeclared(span=line.span))
        return types.names
    if line.event.text in types.declared.types:
        return (line.event.text,)
    types.report_unknown(line.event, context)
    return ()


def warn_of_negative_units(
    name: str,
    node: syntax.Expression,
    units: core.Expression,
    conditions: Iterable[core.Expression | None],
    context: Context,
) -> None:
    """Warn where units can come out below 0 although one of the conditions holds; an attribute that can is named."""
    assert isinstance(units.type, core.NumberType)
    if units.type.low >= 0:
        return
    known = reduce(either, map(proven, conditions))
    if interval(units, known).low < 0:
        attribute = _negative_attribute(units, known)
        context.report(UnitsMayBeNegative(span=node.span, name=name, attribute=attribute))


def _negative_attribute(expression: object, known: Proven) -> str | None:
    """The first attribute within an expression that is a number and can be below 0."""
    if isinstance(expression, core.Read):
        below = isinstance(expression.type, core.NumberType) and interval(expression, known).low < 0
        return expression.name if below else None
    if not is_dataclass(expression):
        return None
    for part in fields(expression):
        found = _negative_attribute(getattr(expression, part.name), known)
        if found is not None:
            return found
    return None
