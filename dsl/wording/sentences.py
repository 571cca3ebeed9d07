"""The whole sentences of `reason`, and those of a refusal that only the rules can bring about."""

from collections.abc import Sequence
from functools import lru_cache

from dsl.core import MOST_TOTAL, MOST_UNITS, UNIT, Basis, EventType, Interaction, Limit
from dsl.diagnostics import nearest, quoted
from dsl.evaluation import Refusal, Violation
from dsl.wording.texts import Template

MOST_TRIED = 3
"""A sentence names so many of the interactions that did not match, or had no room."""

_COUNTED, _LIMITED = "counted as ", "limited: "


def every_event(event: EventType) -> str:
    """Why an event counts where no condition is set."""
    return f"every {event.name} counts"


def counted(interaction: Interaction, because: Template) -> Template:
    """The reason where an interaction counted."""
    return (f"{_COUNTED}{interaction.name}: ", *because)


def over(basis: Basis) -> str:
    """What something runs over: `per member`, `per month`, `per member per month`."""
    keys = ", ".join(key.name for key in basis.keys)
    return " ".join(([f"per {keys}"] if keys else []) + ([f"per {basis.period}"] if basis.period else []))


def without_room(interaction: Interaction, limit: Limit, used: Template) -> Template:
    """What an interaction allows, and that it is used up; `used` is how many have been counted, as text."""
    basis = limit.basis
    keys = [key.name for key in basis.keys]
    span = f" in that {basis.period}" if basis.period else ""
    if limit.count != 1:
        return (f"{interaction.name} allows {limit.count} {over(basis)}, and ", *used, f" have been counted{span}")
    what = f"this {' and '.join(keys)}" if keys else "it"
    return (f"{interaction.name} counts once {over(basis)}, and {what} has been counted{span}",)


def limited(without: Template) -> Template:
    """The reason where nothing counted and an interaction had no room."""
    return (_LIMITED, *without)


def merged(counted: Sequence[str], without_room: Sequence[str]) -> str:
    """One reason of those of several interactions, each as it would be alone; the main one is first."""
    limited = "; ".join(reason.removeprefix(_LIMITED) for reason in without_room[:MOST_TRIED])
    if not counted:
        return _LIMITED + limited
    also = "".join(f"; also as {reason.removeprefix(_COUNTED)}" for reason in counted[1:])
    return counted[0] + also + (f"; {_LIMITED}{limited}" if limited else "")


def not_counted(event: EventType, tried: Sequence[Template], others: int) -> Template:
    """The reason where no interaction matched: why not, for each of the first, and how many more there are."""
    if not tried:
        return (f"not counted: no interaction counts {event.name} events",)
    more = f"; and {others} more {'does' if others == 1 else 'do'} not match" if others else ""
    return ("not counted: ", *_joined(tried), more)


def needs(interaction: Interaction, fact: Template, need: Template) -> Template:
    """Why an interaction does not match, from its condition's fact and need."""
    return (*fact, f", {interaction.name} needs ", *need)


@lru_cache(maxsize=1024)
def unknown_event(type_: str, declared: tuple[str, ...]) -> str:
    """The reason where no declared event has the type; `declared` are the outside names."""
    near = nearest(type_, declared)
    if near is None:
        return "unknown event type: no declared event has this type"
    return f"unknown event type; the nearest declared one is {quoted(near)}"


def refused_units(interaction: str) -> Refusal:
    """The refusal of an event with too many units."""
    most = MOST_UNITS // UNIT
    text = f"{quoted(interaction)} would count more than {most} units for one event"
    return Refusal((Violation("units", "too-many-units", text),))


def refused_total(interaction: str) -> Refusal:
    """The refusal of an event that takes a running total too far."""
    most = MOST_TOTAL // UNIT
    text = f"{quoted(interaction)} would count more than {most} units in its period"
    return Refusal((Violation("units", "total-too-large", text),))


def _joined(templates: Sequence[Template]) -> Template:
    joined: list[Template] = [templates[0], *(("; ", *template) for template in templates[1:])]
    return tuple(piece for template in joined for piece in template)
