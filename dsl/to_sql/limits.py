"""Where windows decide limits and caps: in which order, and where they can't.

Of several limits on one interaction a window can tell who has room only if each runs within the next, finer groups
first: then whatever a later limit turns away would have found no room for good. Groups that cross, and limits that
change between versions, are left to whoever rates a customer's events in order, as soon as one event lacks room.
"""

from collections.abc import Container, Sequence
from itertools import pairwise

from dsl.core import Basis, Period
from dsl.to_sql.lines import Priced, Slot

_WITHIN: dict[Period, tuple[Period, ...]] = {
    "hour": ("hour", "day", "week", "month", "year"),
    "day": ("day", "week", "month", "year"),
    "week": ("week",),
    "month": ("month", "year"),
    "year": ("year",),
}


def limit_slots(priced: Sequence[Priced]) -> list[dict[int, Slot]]:
    """The first, second, … limit of each counts line, finer groups first; one group has one place in all versions."""
    places: list[dict[int, Slot]] = []
    for versions in _by_name(priced):
        strictest: dict[int, Slot] = {}
        for slot in (slot for one in versions for slot in one.limits):
            strictest.setdefault(slot.group, slot)
        order = sorted(strictest.values(), key=lambda slot: _fineness(slot.basis))
        for one in versions:
            for place, group in enumerate(slot.group for slot in order):
                allowed = [slot.allowed for slot in one.limits if slot.group == group]
                if allowed:
                    _put(places, place, one, Slot(group, strictest[group].basis, min(allowed)))
    return places


def capped_totals(priced: Sequence[Priced]) -> dict[int, int]:
    """The caps that run over the very rows of a running total, by the number of the leaf: the smallest of each.

    What was owed before and after an event then says how much of a cap was used, and no sum of prices is needed.
    """
    found: dict[int, int] = {}
    for versions in _by_name(priced):
        leaves = [leaf for one in versions for leaf in one.leaves]
        first = versions[0].interaction
        if (
            all(one.caps and one.event_cap is None and not one.interaction.adjustments for one in versions)
            and all(one.interaction.price == first.price and one.interaction.caps == first.caps for one in versions)
            and len(leaves) == len(versions)
            and all(leaf.price is None and leaf.group is not None for leaf in leaves)
            and len({leaf.group for leaf in leaves}) == 1
            and all(_same(leaf.curve.basis, slot.basis) for leaf in leaves if leaf.curve for slot in versions[0].caps)
        ):
            found |= dict.fromkeys((leaf.number for leaf in leaves), min(slot.allowed for slot in versions[0].caps))
    return found


def cap_slots(priced: Sequence[Priced], on_totals: Container[int] = ()) -> list[dict[int, Slot]]:
    """The first, second, … cap of each counts line; caps over one group stand at places of their own.

    Those that are read off running totals (`capped_totals`) are left out.
    """
    places: list[dict[int, Slot]] = []
    for versions in _by_name([one for one in priced if not any(leaf.number in on_totals for leaf in one.leaves)]):
        known: dict[tuple[int, int], int] = {}
        for one in versions:
            seen: dict[int, int] = {}
            for slot in one.caps:
                times = seen[slot.group] = seen.get(slot.group, -1) + 1
                _put(places, known.setdefault((slot.group, times), len(known)), one, slot)
    return places


def undecided_lines(priced: Sequence[Priced], hours_hold: bool) -> set[int]:
    """The counts lines whose limits windows can't decide once one of them has no room."""
    found: set[int] = set()
    for versions in _by_name(priced):
        limited = [one for one in versions if one.limits]
        changed = len({frozenset((slot.group, slot.allowed) for slot in one.limits) for one in limited}) > 1
        for one in limited:
            bases = sorted((slot.basis for slot in one.limits), key=_fineness)
            pairs = pairwise(bases)
            if changed or not all(_within(fine, coarse, hours_hold) for fine, coarse in pairs):
                found.update(one.lines)
    return found


def _by_name(priced: Sequence[Priced]) -> list[list[Priced]]:
    names: dict[str, list[Priced]] = {}
    for one in priced:
        names.setdefault(one.interaction.name, []).append(one)
    return list(names.values())


def _put(places: list[dict[int, Slot]], place: int, priced: Priced, slot: Slot) -> None:
    while len(places) <= place:
        places.append({})
    places[place].update(dict.fromkeys(priced.lines, slot))


def _same(one: Basis | None, other: Basis) -> bool:
    """Whether two bases make the same groups."""
    if one is None or one.period != other.period:
        return False
    return {(key.builtin, key.name) for key in one.keys} == {(key.builtin, key.name) for key in other.keys}


def _within(fine: Basis, coarse: Basis, hours_hold: bool) -> bool:
    """Whether each group of one basis lies within one group of another."""
    if not {(key.builtin, key.name) for key in fine.keys} >= {(key.builtin, key.name) for key in coarse.keys}:
        return False
    if coarse.period is None or fine.period == coarse.period:
        return True
    return fine.period is not None and coarse.period in _WITHIN[fine.period] and (hours_hold or fine.period != "hour")


def _fineness(basis: Basis) -> tuple[int, int]:
    """A basis within another comes before it."""
    periods = [None, "year", "month", "week", "day", "hour"]
    return -len(basis.keys), -periods.index(basis.period)
