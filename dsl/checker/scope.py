"""What an expression may read: the attributes that every event type it is about declares alike, and the built-ins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dsl import core
from dsl.checker import intervals

BUILT_IN: Mapping[str, core.Type] = {
    "id": core.TextType(),
    "source": core.TextType(),
    "type": core.TextType(),
    "subject": core.TextType(),
    "time": core.TimestampType(),
}
"""What every event has besides its attributes; never missing."""


@dataclass(frozen=True, slots=True)
class Readable:
    """An attribute or a built-in that may be read; `optional`: it may be missing."""

    name: str
    type: core.Type
    optional: bool = False
    builtin: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression may use.

    `events` are the event types it is about, all of them `counts any event` where it says so. `present` are the
    attributes proven to be there although they are optional. `complete` is False where a declaration that did not parse
    may have held more names: an unknown name is then no error of its own. `forgiven` are optional attributes of
    which it has been said already that they may be missing; once is enough.
    """

    events: tuple[core.EventType, ...]
    readable: Mapping[str, Readable]
    present: frozenset[str] = frozenset()
    complete: bool = True
    forgiven: frozenset[str] = frozenset()

    def knowing(self, paths: Iterable[str]) -> "Scope":
        """The same scope where these attributes are proven to be present."""
        present = self.present.union(paths)
        return self if len(present) == len(self.present) else replace(self, present=present)

    def forgiving(self, paths: Iterable[str]) -> "Scope":
        """The same scope where nothing more is said of these optional attributes."""
        return replace(self, forgiven=self.forgiven.union(paths))

    def may_be_missing(self, name: str) -> bool:
        """Whether the readable attribute of that name is optional, not proven to be present, and not spoken of yet."""
        return self.readable[name].optional and name not in self.present and name not in self.forgiven

    @property
    def event_names(self) -> tuple[str, ...]:
        """The event types' names, in the order given."""
        return tuple(event.name for event in self.events)


def scope_of(events: Sequence[core.EventType], complete: bool = True) -> Scope:
    """The scope of an expression about all of these event types.

    Takes time in proportion to their attributes: `Declared.scope` keeps what it gives.
    """
    if not events:
        return Scope((), _built_in(), complete=complete)
    readable: dict[str, Readable] = {a.name: readable_of(a) for a in events[0].attributes}
    for event in events[1:]:
        others = {a.name: a for a in event.attributes}
        readable = {
            name: united
            for name, known in readable.items()
            if name in others and (united := _united(known, readable_of(others[name]))) is not None
        }
    return Scope(tuple(events), readable | _built_in(), complete=complete)


def readable_of(attribute: core.Attribute) -> Readable:
    """How one event type's attribute is read."""
    return Readable(attribute.name, type_of(attribute), attribute.optional)


def type_of(attribute: core.Attribute) -> core.Type:
    """The type of an attribute's value."""
    match attribute.kind:
        case "boolean":
            return core.BooleanType()
        case "integer":
            return intervals.whole(attribute.low, attribute.high)
        case "decimal":
            return intervals.millionths(attribute.low, attribute.high)
        case "string":
            return core.TextType()
        case "timestamp":
            return core.TimestampType()
        case "one of":
            return core.WordType(attribute.words)
        case "list of string":
            return core.ListType()


def _built_in() -> dict[str, Readable]:
    return {name: Readable(name, type_, builtin=True) for name, type_ in BUILT_IN.items()}


def _united(a: Readable, b: Readable) -> Readable | None:
    """How an attribute of two event types is read, or None where their types differ."""
    type_ = united_type(a.type, b.type)
    return None if type_ is None else Readable(a.name, type_, a.optional or b.optional)


def united_type(a: core.Type, b: core.Type) -> core.Type | None:
    """The type that holds the values of both, or None where they are of different kinds or have different words."""
    if isinstance(a, core.NumberType) and isinstance(b, core.NumberType):
        return intervals.united(a, b) if a.places == b.places else None
    if isinstance(a, core.WordType) and isinstance(b, core.WordType):
        return a if set(a.words) == set(b.words) else None
    return a if a == b else None
