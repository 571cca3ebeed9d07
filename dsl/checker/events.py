"""The declared events: their attributes, names inside and outside, and what is wrong with them."""

from dataclasses import dataclass, field
from typing import Literal

from dsl import core, syntax
from dsl.checker.attributes import check_attribute, outside_name
from dsl.checker.context import Context
from dsl.checker.scope import BUILT_IN, Scope, scope_of
from dsl.diagnostics import events as mistakes
from dsl.diagnostics.grammar import MOST_ATTRIBUTES, TooManyAttributes
from dsl.words import TYPES

_TYPES = frozenset((*TYPES, "one", "list"))
MOST_EVENTS = 1_000
MOST_ATTRIBUTES_TOGETHER = 200_000
"""Attributes of all events, those of `every event` counted for each."""


@dataclass(frozen=True, slots=True)
class Declared:
    """The event types of a file, by name.

    `incomplete` are those whose declaration did not parse whole, so that an attribute nobody knows may have been lost.
    `complete` is False where a whole event type may have been lost: an unknown event type is then no error of its own.
    """

    types: dict[str, core.EventType]
    complete: bool = True
    incomplete: frozenset[str] = frozenset()
    _scopes: dict[tuple[str, ...], Scope] = field(default_factory=dict, compare=False, repr=False)

    def scope(self, names: tuple[str, ...]) -> Scope:
        """The scope of an expression about these event types, all of them declared; kept, so asking again is quick."""
        known = self._scopes.get(names)
        if known is None:
            complete = self.incomplete.isdisjoint(names)
            known = self._scopes[names] = scope_of([self.types[name] for name in names], complete)
        return known


def check_events(file: syntax.File, context: Context) -> Declared:
    """The file's event types; mistakes are reported and mended, so that what follows can be checked against them."""
    common = _every_event(file, context)
    types: dict[str, core.EventType] = {}
    lines: dict[str, int] = {}
    outsides: dict[str, str] = {}
    together = 0
    above: syntax.Event | None = None
    for node in file.declarations:
        if not isinstance(node, syntax.Event):
            continue
        name = node.name.text
        if above is not None and name in _TYPES and _column(node, context) > _column(above, context):
            context.report(mistakes.IndentedEvent(span=node.name.span, name=name, above=above.name.text))
        above = node
        if name in types:
            context.report(mistakes.DuplicateEvent(span=node.name.span, name=name, first=lines[name]))
            continue
        if len(types) == MOST_EVENTS:
            context.report(mistakes.TooManyEvents(span=node.name.span, most=MOST_EVENTS))
            break
        event = _event(node, common, context)
        together += len(event.attributes)
        if together > MOST_ATTRIBUTES_TOGETHER:
            most = MOST_ATTRIBUTES_TOGETHER
            context.report(mistakes.TooManyAttributesTogether(span=node.name.span, most=most))
            break
        types[name] = event
        lines[name] = context.source.position(node.name.span.start)[0]
        other = outsides.setdefault(event.outside, name)
        if other != name:
            span = node.name.span if node.sent_as is None else node.sent_as.span
            clash = {"what": "the event", "outside": event.outside, "other": other}
            context.report(mistakes.DuplicateOutsideName(span=span, **clash))
    else:
        return _with_broken(file, types, common, complete=True)
    return _with_broken(file, types, common, complete=False)


def _column(node: syntax.Event, context: Context) -> int:
    return context.source.position(node.span.start)[1]


def _with_broken(
    file: syntax.File, types: dict[str, core.EventType], common: "_Attributes", complete: bool
) -> Declared:
    """What is declared, and what of it may have been lost in declarations that did not parse whole."""
    incomplete: set[str] = set()
    all_incomplete = False
    for broken in file.broken:
        if broken.kind == "event" and broken.name is not None:
            incomplete.add(broken.name)
            types.setdefault(broken.name, core.EventType(broken.name, broken.name, tuple(common.found)))
        elif broken.kind in ("event", "unknown"):
            complete = False
        if broken.kind in ("every event", "unknown"):
            all_incomplete = True
    return Declared(types, complete, frozenset(types) if all_incomplete else frozenset(incomplete))


def _every_event(file: syntax.File, context: Context) -> "_Attributes":
    common = _Attributes(context, None)
    first: syntax.EveryEvent | None = None
    for node in file.declarations:
        if not isinstance(node, syntax.EveryEvent):
            continue
        if first is None:
            first = node
        else:
            line, _ = context.source.position(first.span.start)
            context.report(mistakes.DuplicateEveryEvent(span=node.span, first=line))
        common.add_all(node.attributes)
    return common


def _event(node: syntax.Event, common: "_Attributes", context: Context) -> core.EventType:
    name = node.name.text
    own = _Attributes(context, common)
    own.add_all(node.attributes)
    return core.EventType(
        name=name,
        outside=name if node.sent_as is None else outside_name(node.sent_as, name, False, context),
        attributes=(*common.found, *own.found),
        label=None if node.label is None else node.label.value,
    )


class _Attributes:
    """The attributes of an event as they are met, beside those of `every event`."""

    def __init__(self, context: Context, common: "_Attributes | None") -> None:
        self.found: list[core.Attribute] = []
        self._context = context
        self._common = common
        self._nodes: dict[str, syntax.Attribute] = {}
        self._inside: _Paths = _Paths(None if common is None else common._inside)
        self._outside: _Paths = _Paths(None if common is None else common._outside)

    def add_all(self, nodes: tuple[syntax.Attribute, ...]) -> None:
        """Check and keep each; those of `every event` count towards the limit."""
        room = MOST_ATTRIBUTES - (len(self._common.found) if self._common is not None else 0)
        for node in nodes:
            if len(self.found) >= room:
                self._context.report(TooManyAttributes(span=node.name.span))
                return
            self._add(node)

    def _add(self, node: syntax.Attribute) -> None:
        name = node.name.text
        if name in BUILT_IN:
            self._context.report(mistakes.BuiltInRedeclared(span=node.name.span, name=name))
            return
        first = self._nodes.get(name)
        everywhere = first is None and self._common is not None
        if first is None and self._common is not None:
            first = self._common._nodes.get(name)
        if first is not None:
            line, _ = self._context.source.position(first.name.span.start)
            repeated = mistakes.DuplicateAttribute(span=node.name.span, name=name, first=line, everywhere=everywhere)
            self._context.report(repeated)
            return
        attribute = check_attribute(node, self._context)
        self._nodes[name] = node
        self.found.append(attribute)
        clash = self._inside.add(name, name)
        clash_outside = self._outside.add(attribute.outside, name)
        if clash is not None:
            self._report(clash, node.name)
        elif clash_outside is not None:
            self._report(clash_outside, node.name if node.sent_as is None else node.sent_as)

    def _report(self, clash: "_Clash", node: syntax.Path | syntax.Text) -> None:
        if clash.kind == "same":
            same = {"what": "the attribute", "outside": clash.path, "other": clash.owner}
            self._context.report(mistakes.DuplicateOutsideName(span=node.span, **same))
        else:
            shorter, longer = sorted((clash.path, clash.other), key=len)
            self._context.report(mistakes.PathConflict(span=node.span, shorter=shorter, longer=longer))


@dataclass(frozen=True, slots=True)
class _Clash:
    """A path that is the `same` as another or lies `within` it (or the other way round); `owner` has the other."""

    kind: Literal["same", "within"]
    path: str
    other: str
    owner: str


class _Paths:
    """Dotted paths, none of which may equal another or lie within it; those of `beside` are looked at as well."""

    def __init__(self, beside: "_Paths | None") -> None:
        self._all = [self] if beside is None else [self, beside]
        self._owners: dict[str, str] = {}
        self._holders: dict[str, str] = {}

    def add(self, path: str, owner: str) -> _Clash | None:
        """Keep a path, unless it clashes with another."""
        prefixes = [path[:at] for at, character in enumerate(path) if character == "."]
        for paths in self._all:
            if path in paths._owners:
                return _Clash("same", path, path, paths._owners[path])
            if path in paths._holders:
                longer = paths._holders[path]
                return _Clash("within", path, longer, paths._owners[longer])
            for prefix in prefixes:
                if prefix in paths._owners:
                    return _Clash("within", path, prefix, paths._owners[prefix])
        self._owners[path] = owner
        for prefix in prefixes:
            self._holders.setdefault(prefix, path)
        return None
