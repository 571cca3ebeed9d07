"""A zone's offsets from UTC as data: which hold from when, for the stretches of time that events lie in."""

import struct
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from itertools import pairwise

from dsl.zones import DAY, EARLIEST, HOUR, LATEST, SECOND, zone_named

STRETCH = 400 * DAY
"""Offsets are looked up by stretches of this length, counted from 1970."""

Offsets = tuple[tuple[int, int], ...]
"""(from which instant on, offset), both in microseconds, in order; the first holds for all time before as well."""

_WEEK = 7 * DAY


def stretch_of(instant: int) -> int:
    """The number of the stretch that holds an instant."""
    return instant // STRETCH


def offsets_in(zone: str, stretches: Iterable[int]) -> Offsets:
    """The offsets of a zone, exact for every instant of the given stretches."""
    found: list[tuple[int, int]] = []
    for stretch in sorted(set(stretches)):
        for start, offset in _within(zone, stretch):
            if not found or found[-1][1] != offset:
                found.append((start, offset))
    return tuple(found) or ((EARLIEST, 0),)


@cache
def _within(zone: str, stretch: int) -> Offsets:
    """The offsets of one stretch, from its first instant on."""
    start, end = max(stretch * STRETCH, EARLIEST), min((stretch + 1) * STRETCH - 1, LATEST)
    named = zone_named(zone)
    written = _transitions(zone)
    # What is written out is taken as it is; behind it a yearly rule holds, whose changes lie weeks apart.
    moments = [at for at in written if start < at <= end]
    rule_from = max(start, written[-1] if written else start)
    moments += range(rule_from + _WEEK, end, _WEEK) if rule_from < end else ()
    found = [(start, named.offset(start))]
    for moment in (*moments, end):
        found += _changes(zone, found[-1], moment)
    return tuple(found)


def _changes(zone: str, before: tuple[int, int], moment: int) -> list[tuple[int, int]]:
    """The change of offset after one that is known, up to a moment, to the second; at most one lies there."""
    named = zone_named(zone)
    offset = named.offset(moment)
    if offset == before[1]:
        return []
    low, high = before[0] // SECOND, -(-moment // SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        if named.offset(middle * SECOND) == before[1]:
            low = middle
        else:
            high = middle
    return [(high * SECOND, named.offset(high * SECOND))]


@cache
def _transitions(zone: str) -> Sequence[int]:
    """The instants at which a zone's file says that something changes, in order."""
    with resources.files("tzdata.zoneinfo").joinpath(*zone.split("/")).open("rb") as file:
        data = file.read()
    # Two blocks follow each other, the first for readers of 32 bits; what a header counts says how long its block is.
    counts = struct.unpack(">6l", data[20:44])
    is_utc, is_standard, leaps, times, types, characters = counts
    second = 44 + times * 5 + types * 6 + characters + leaps * 8 + is_standard + is_utc
    times = struct.unpack(">6l", data[second + 20 : second + 44])[3]
    return [at * SECOND for at in struct.unpack(f">{times}q", data[second + 44 : second + 44 + 8 * times])]


def hours_hold(offsets: Offsets) -> bool:
    """Whether every hour of the wall clock lies within one calendar day: each change of offset falls on a full hour."""
    return all((start + before) % HOUR == 0 for (_, before), (start, _) in pairwise(offsets))
