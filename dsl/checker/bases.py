"""What totals run over: the keys and the period of limits, prices and caps."""

from dataclasses import dataclass

from dsl import core, syntax
from dsl.checker.context import Context
from dsl.checker.expressions import check_read
from dsl.checker.scope import Scope
from dsl.diagnostics.interactions import RepeatedKey


@dataclass(frozen=True, slots=True)
class Reading:
    """The names that keys, units and prices may read, and where mistakes in reading are reported.

    `context` is one that nobody looks at where the events are not all known: what follows from that is no new mistake.
    """

    scope: Scope
    context: Context


def text_of(basis: core.Basis | None) -> str:
    """A basis in the author's words: `per event` (None), `per month`, `per member, plan per month`."""
    if basis is None:
        return "per event"
    names = ", ".join(key.name for key in basis.keys)
    return " ".join(f"per {part}" for part in (names, basis.period) if part)


def same_over(basis: core.Basis | None) -> tuple[frozenset[str], str | None] | None:
    """What makes two bases the same: the set of their keys, and the period."""
    return None if basis is None else (frozenset(k.name for k in basis.keys), basis.period)


def check_keys(paths: tuple[syntax.Path, ...], reading: Reading, context: Context) -> tuple[core.Read, ...] | None:
    """The reads of the keys; None, reported, where one can't be read or stands twice."""
    keys: list[core.Read] = []
    seen: set[str] = set()
    good = True
    for path in paths:
        if path.text in seen:
            context.report(RepeatedKey(span=path.span, name=path.text))
            good = False
            continue
        seen.add(path.text)
        read = check_read(path, reading.scope, reading.context)
        if read is None:
            good = False
        else:
            keys.append(read)
    return tuple(keys) if good else None


def check_total_basis(node: syntax.Basis, reading: Reading, context: Context) -> tuple[core.Basis | None] | None:
    """The basis of a price or a cap, in a tuple: None in it is `per event`. None, reported, where it is wrong."""
    if node.each_event:
        return (None,)
    keys = check_keys(node.keys, reading, context)
    return None if keys is None else (core.Basis(keys, node.period),)
