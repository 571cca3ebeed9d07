"""The declared event types, and what the checks of interactions and examples ask of them over and over."""

from collections.abc import Mapping

from dsl import core, syntax
from dsl.checker.context import Context
from dsl.checker.events import Declared
from dsl.checker.scope import Scope
from dsl.diagnostics.interactions import UnknownEvent


class EventTypes:
    """The event types of a file; each answer is found once, so that a check takes time in proportion to the file."""

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.names = tuple(declared.types)
        self._knowing: dict[tuple[tuple[str, ...], frozenset[str] | None], Scope] = {}
        self._always: dict[tuple[str, ...], frozenset[str]] = {}
        self._attributes: dict[str, dict[str, core.Attribute]] = {}
        self._required: dict[str, dict[str, None]] = {}

    def scope(self, names: tuple[str, ...]) -> Scope:
        """The scope of an expression about these event types, all of them declared."""
        return self.declared.scope(names)

    def knowing(self, names: tuple[str, ...], present: frozenset[str] | None) -> Scope:
        """The scope where these attributes are proven to be there; None is all."""
        known = self._knowing.get((names, present))
        if known is None:
            scope = self.scope(names)
            known = self._knowing[names, present] = scope.knowing(scope.readable if present is None else present)
        return known

    def always(self, names: tuple[str, ...]) -> frozenset[str]:
        """The names that these event types have in common and that are never missing."""
        known = self._always.get(names)
        if known is None:
            readable = self.scope(names).readable
            known = self._always[names] = frozenset(n for n, r in readable.items() if not r.optional)
        return known

    def attributes(self, event: core.EventType) -> Mapping[str, core.Attribute]:
        """An event type's attributes by name."""
        known = self._attributes.get(event.name)
        if known is None:
            known = self._attributes[event.name] = {a.name: a for a in event.attributes}
        return known

    def required(self, event: core.EventType) -> Mapping[str, None]:
        """The names of an event type's required attributes, in order, as keys."""
        known = self._required.get(event.name)
        if known is None:
            known = self._required[event.name] = {a.name: None for a in event.attributes if a.required}
        return known

    def report_unknown(self, path: syntax.Path, context: Context) -> None:
        """Report an event type that is not declared, unless its declaration may be among what did not parse."""
        if self.declared.complete:
            context.report(UnknownEvent(span=path.span, name=path.text, known=self.names))
