"""Which interactions may match, from the value of one attribute: so that an event tries few of a thousand.

An interaction that must see `plan is pro`, or `channel is one of (app, web)`, or `voice`, before anything of it can
match, need not be tried for an event with another value there. Of an event type's attributes the one is chosen that
leaves the fewest to try at worst; those that remain for one value may be told apart by another attribute.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsl.core import AllOf, AnyOf, Compare, Constant, CountsLine, Expression, Not, NumberType, OneOf, Read, Value

FEW = 8
"""So many interactions are simply tried one after the other."""
_MOST_COPIES = 4
"""A table may name interactions so many times as often as there are any."""

Required = dict[Read, frozenset[Value]]
"""The values that attributes must have for a condition to hold."""


@dataclass(frozen=True, slots=True)
class Table:
    """Where to go on by an attribute's value, and where with any other, or none."""

    read: Read
    branches: dict[Value, "Choice"]
    otherwise: "Choice"


Choice = Table | tuple[int, ...]
"""The positions of the interactions to be tried, in order, or a table that leads to them."""


def choose(required: Sequence[Required]) -> Choice:
    """The way to the interactions that may match, from what each requires."""
    return _choose(required, tuple(range(len(required))), frozenset())


def _choose(required: Sequence[Required], positions: tuple[int, ...], used: frozenset[Read]) -> Choice:
    if len(positions) <= FEW:
        return positions
    reads = dict.fromkeys(read for position in positions for read in required[position])
    best: tuple[int, Read] | None = None
    for read in reads:
        worst, copies = _measure(required, positions, read)
        if read not in used and copies <= _MOST_COPIES * len(positions) and (best is None or worst < best[0]):
            best = worst, read
    if best is None or best[0] > len(positions) * 3 // 4:
        return positions
    read = best[1]
    branches: dict[Value, list[int]] = {value: [] for p in positions for value in sorted_values(required[p].get(read))}
    rest: list[int] = []
    for position in positions:
        values = required[position].get(read)
        if values is None:
            rest.append(position)
        for value in branches if values is None else sorted_values(values):
            branches[value].append(position)
    below = used | {read}
    return Table(
        read,
        {value: _choose(required, tuple(found), below) for value, found in branches.items()},
        _choose(required, tuple(rest), below),
    )


def _measure(required: Sequence[Required], positions: Sequence[int], read: Read) -> tuple[int, int]:
    """How many interactions remain at worst, and how many a table by this attribute names in all."""
    counts: dict[Value, int] = {}
    free = 0
    for position in positions:
        values = required[position].get(read)
        if values is None:
            free += 1
        else:
            for value in values:
                counts[value] = counts.get(value, 0) + 1
    return free + max(counts.values(), default=0), free * (len(counts) + 1) + sum(counts.values())


def sorted_values(values: frozenset[Value] | None) -> list[Value]:
    """The values in an order that is the same in every run."""
    return sorted(values or (), key=lambda value: (type(value).__name__, str(value)))


# ── what a condition requires ───────────────────────────────────────────────


def required_by(lines: Sequence[CountsLine]) -> Required:
    """What must be so for any of the lines to match."""
    found = [dict(_required(line.condition)) if line.condition is not None else {} for line in lines]
    return _either(found)


def _either(found: Sequence[Required]) -> Required:
    first, *others = found
    return {
        read: frozenset(values.union(*(other[read] for other in others)))
        for read, values in first.items()
        if all(read in other for other in others)
    }


def _required(condition: Expression) -> Iterator[tuple[Read, frozenset[Value]]]:
    match condition:
        case AllOf():
            merged: Required = {}
            for part in condition.parts:
                for read, values in _required(part):
                    merged[read] = merged[read] & values if read in merged else values
            yield from merged.items()
        case AnyOf():
            yield from _either([dict(_required(part)) for part in condition.parts]).items()
        case Read() as read:
            yield read, frozenset((True,))
        case Not(operand=Read() as read):
            yield read, frozenset((False,))
        case Compare(operator="=", left=Read() as read, right=Constant() as constant):
            if _same_scale(read, constant):
                yield read, frozenset((constant.value,))
        case OneOf(operand=Read() as read, negated=False):
            if all(_same_scale(read, value) for value in condition.values):
                yield read, frozenset(value.value for value in condition.values)


def _same_scale(read: Read, constant: Constant) -> bool:
    """Whether a constant's value is what the attribute would hold."""
    if not isinstance(read.type, NumberType) or not isinstance(constant.type, NumberType):
        return True
    return read.type.scale == constant.type.scale
