"""Which constructs of the language a file uses, by name; and all there are, as the syntax tree's own types say."""

import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from dsl import syntax
from dsl.source import Span

FREE_TEXT = {"span", "text", "value", "source", "title", "label"}
"""Fields that hold what an author makes up."""
SPELLINGS = {
    "Compare": (
        "is", "is not", "=", "!=", "≠", "<", "<=", "≤", ">", ">=", "≥", "at least", "at most", "more than", "less than",
        "fewer than", "exactly",
    ),
    "Quantity": (
        "=", "≠", "<", "<=", "≤", ">", ">=", "≥", "at least", "at most", "more than", "less than", "fewer than",
        "exactly",
    ),
    "Given": ("is given", "is missing", "is not given", "is not missing"),
}  # fmt: skip
UNREACHED = {
    "Broken", "And.parts: one", "Or.parts: one", "Interaction.clauses: one", "Tiers.tiers: one", "TypeName.words: one",
}  # fmt: skip
"""What the types allow and a program without errors does not hold."""


def nodes(value: object) -> Iterator[syntax.Node]:
    """A node and all below it; also through tuples."""
    if isinstance(value, tuple):
        for each in value:
            yield from nodes(each)
    elif isinstance(value, syntax.Node):
        yield value
        for each in fields(value):
            yield from nodes(getattr(value, each.name))


def constructs_used(file: syntax.File) -> Counter[str]:
    """How often the file uses each construct: `Tiers`, `Tier.kind: up to`, `price: by volume per key`, …"""
    used: Counter[str] = Counter()
    for part in (file.header, file.declarations, file.comments):
        for node in nodes(part):
            used[type(node).__name__] += 1
            used.update(_variants(node))
            used.update(_forms(node))
    return used


def _variants(node: syntax.Node) -> Iterator[str]:
    """What each field of the node says about itself."""
    kind: Any = type(node)
    hints = _hints(kind)
    for each in fields(node):
        if each.name in FREE_TEXT:
            continue
        name, value, hint = f"{type(node).__name__}.{each.name}", getattr(node, each.name), hints[each.name]
        shape = _shape(value)
        if shape in _options(hint):
            yield f"{name}: {shape}"
        if each.name == "spelling":
            yield f"{name}: {value}"


def _shape(value: object) -> str:
    if isinstance(value, bool | str) or value is None:
        return str(value)
    if isinstance(value, tuple) and not isinstance(value, Span):
        return "several" if len(value) > 1 else "one" if value else "none"
    return "given"


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _options(hint: Any) -> set[str]:
    """The shapes that a field of that type can have, where they say something."""
    if get_origin(hint) is Literal:
        return {str(option) for option in get_args(hint)}
    if hint is bool:
        return {"True", "False"}
    if get_origin(hint) is tuple:
        return {"one", "several"}
    if get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint):
        inner = set().union(*(_options(each) for each in get_args(hint) if each is not type(None)))
        return {"None"} | (inner or {"given"})
    return set()


def _basis(basis: syntax.Basis | None) -> str:
    if basis is None:
        return "per event"
    return "per event" if basis.each_event else "per key" if basis.keys else "per period"


def _forms(node: syntax.Node) -> Iterator[str]:
    """Combinations that mean something together."""
    match node:
        case syntax.PerUnit(size=size, noun=noun, blocks=blocks, basis=basis):
            if blocks is not None:
                yield f"price: {blocks} blocks {_basis(basis)}"
            else:
                yield "price: flat" if noun is None else "price: per noun" if size is None else "price: pro rata"
        case syntax.Tiers(basis=basis, by_volume=by_volume, bounds=bounds):
            kind = "by volume" if by_volume else "graduated"
            yield f"price: {kind} {_basis(basis)}{'' if bounds is None else ' with bounds'}"
        case syntax.TierRate(free=free, percent=percent, flat=flat, size=size, noun=noun, blocks=blocks, plus=plus):
            rate = "free" if free else "percent" if percent is not None else "for" if flat is not None else "at"
            size_words = "" if noun is None else " per noun" if size is None else f" {blocks or 'pro rata'}"
            yield f"rate: {rate}{size_words}{'' if plus is None else ' plus'}"
        case syntax.ByPrice(attributes=attributes, cases=cases, otherwise=otherwise):
            prices = [case.price for case in cases] + ([] if otherwise is None else [otherwise])
            running = [_running(price) for price in prices]
            mixed = "mixed" if any(running) and not all(running) else "running" if all(running) else "each event"
            yield f"by: {len(attributes)} {'exhaustive' if otherwise is None else 'otherwise'} {mixed}"
        case syntax.Attribute(type=kind, optional=optional, default=default):
            presence = "optional" if optional else "required" if default is None else "default"
            yield f"attribute: {kind.kind}{'' if kind.low is None else ' from to'} {presence}"
        case syntax.Limit(number=number, keys=keys, period=period):
            over = " ".join([*(["keys"] if keys else []), *(["period"] if period else [])])
            yield f"limit: {'once' if number is None else 'number'} {over}"
        case syntax.Cap(basis=basis):
            yield f"cap: {_basis(basis)}"
        case syntax.Counts(event=event, also=also, condition=condition, units=units):
            words = ["also " if also else "", "any event" if event is None else "event"]
            words += ["" if condition is None else " with", "" if units is None else " as"]
            yield f"counts: {''.join(words)}"
        case syntax.Rounded(mode=mode, places=places):
            yield f"rounded: {mode}{'' if places is None else ' to places'}"
        case syntax.Compare(left=left, right=right):
            if isinstance(left, syntax.Function):
                yield f"compare: {left.function} of"
            if isinstance(right, syntax.Empty | syntax.TextList | syntax.Function | syntax.Boolean | syntax.Date):
                yield f"compare: with {type(right).__name__}"


def _running(price: syntax.SimplePrice) -> bool:
    basis = price.basis if isinstance(price, syntax.PerUnit | syntax.Tiers) else None
    return basis is not None and not basis.each_event


def all_constructs() -> set[str]:
    """Every construct that the syntax tree's types allow, and the combinations that `_forms` names."""
    found: set[str] = set()
    for kind in vars(syntax).values():
        if not (isinstance(kind, type) and issubclass(kind, syntax.Node)) or kind in (syntax.Node, syntax.File):
            continue
        found.add(kind.__name__)
        for each, hint in get_type_hints(kind).items():
            if each not in FREE_TEXT:
                found |= {f"{kind.__name__}.{each}: {option}" for option in _options(hint)}
    for name, spellings in SPELLINGS.items():
        found |= {f"{name}.spelling: {spelling}" for spelling in spellings}
    return {name for name in found | set(_all_forms()) if name.partition(".")[0] not in UNREACHED} - UNREACHED


def _all_forms() -> Iterator[str]:
    bases = ("per event", "per period", "per key")
    yield from ("price: flat", "price: per noun", "price: pro rata")
    yield from (f"price: {blocks} blocks {basis}" for blocks in ("started", "full") for basis in bases)
    yield from (f"price: {kind} {basis}" for kind in ("by volume", "graduated") for basis in bases)
    yield from ("price: graduated per event with bounds", "price: by volume per event with bounds")
    rates = ("free", "percent", "at", "at per noun", "at pro rata", "at started", "at full")
    yield from (f"rate: {rate}{plus}" for rate in rates for plus in ("", " plus"))
    yield "rate: for"
    for number in (1, 2):
        yield from (f"by: {number} otherwise {mixed}" for mixed in ("mixed", "running", "each event"))
        yield from (f"by: {number} exhaustive {mixed}" for mixed in ("mixed", "running", "each event"))
    kinds = get_args(get_type_hints(syntax.TypeName)["kind"])
    ranged = [f"{kind} from to" for kind in ("integer", "decimal")]
    presences = ("required", "optional", "default")
    yield from (f"attribute: {kind} {presence}" for kind in [*kinds, *ranged] for presence in presences)
    yield from (f"limit: {kind} {over}" for kind in ("once", "number") for over in ("keys", "period", "keys period"))
    yield from (f"cap: {basis}" for basis in bases)
    for also in ("", "also "):
        for event in ("event", "any event"):
            yield from (f"counts: {also}{event}{tail}" for tail in ("", " with", " as", " with as"))
    yield from ("rounded: up", "rounded: down", "rounded: half even", "rounded: half even to places")
    yield from (f"compare: with {kind}" for kind in ("Empty", "TextList", "Function", "Boolean", "Date"))
    yield from (f"compare: {function} of" for function in get_args(get_type_hints(syntax.Function)["function"]))
