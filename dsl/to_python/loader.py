"""From the text of Python functions to functions to call: at once or, for the largest rulesets, when needed."""

import itertools
import linecache
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from dsl.acceptance import unknown
from dsl.core import EventType, Ruleset
from dsl.evaluation import Counters, Evaluation, Refusal
from dsl.event import Event
from dsl.to_python.event_types import EventTypes
from dsl.to_python.module import Module
from dsl.to_python.support import namespace
from dsl.zones import zone_named

MOST_AT_ONCE = 5_000
"""So many pairs of an event type and an interaction that counts it are compiled beforehand, in about two seconds."""

Evaluate = Callable[[Event, Counters], Evaluation | Refusal]

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class CompiledRuleset:
    """A ruleset, the Python source that it became, and the function that prices one event with it.

    `evaluate` reads counters and changes none; it never raises. `source` lacks the event types that are compiled later.
    """

    ruleset: Ruleset
    source: str
    evaluate: Evaluate


class Loader:
    """Compiles one ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._module = Module()
        self._writer = EventTypes(self._module, ruleset)
        self._names = namespace(zone_named(ruleset.zone))
        self._types: dict[str, Evaluate] = {}
        self._lock = Lock()
        self._filenames: list[str] = []

    def load(self) -> CompiledRuleset:
        """The compiled ruleset; event types beyond a number of interactions are compiled when one first comes."""
        declared = tuple(event.outside for event in self._ruleset.events)

        def unknown_type(event: Event) -> Evaluation | Refusal:
            return unknown(declared, event)

        self._names |= {"TYPES": self._types, "unknown_type": unknown_type}
        with self._module.function("evaluate", ["event", "counters"]):
            with self._module.block("try:"):
                self._module.line("found = TYPES[event.type]")
            with self._module.block("except (KeyError, TypeError):"):
                self._module.line("return unknown_type(event)")
            self._module.line("return found(event, counters)")
        written: dict[str, str] = {}
        left = MOST_AT_ONCE
        for event in self._ruleset.events:
            left -= sum(event.name in line.events for i in self._ruleset.interactions for line in i.counts)
            if left >= 0:
                written[event.outside] = self._writer.write(event)
            else:
                self._types[event.outside] = self._later(event)
        source = self._execute()
        self._types |= {outside: self._function(name) for outside, name in written.items()}
        compiled = CompiledRuleset(self._ruleset, source, self._function("evaluate"))
        weakref.finalize(compiled, _forget, self._filenames)
        return compiled

    def _later(self, event: EventType) -> Evaluate:
        """A function that compiles its event type when it is first called, and gives way to what it compiled."""

        def evaluate(raw: Event, counters: Counters) -> Evaluation | Refusal:
            with self._lock:
                if self._types[event.outside] is evaluate:
                    name = self._writer.write(event)
                    self._execute()
                    self._types[event.outside] = self._function(name)
            return self._types[event.outside](raw, counters)

        return evaluate

    def _execute(self) -> str:
        """Run what has been written so far; its source is kept where tracebacks and debuggers look for it."""
        pieces = self._module.take()
        self._names |= self._module.namespace
        for source in pieces:
            filename = f"<{self._ruleset.name} {self._ruleset.version}, compiled {next(_numbers)}>"
            exec(compile(source, filename, "exec"), self._names)  # the source is this package's own, from checked rules
            linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
            self._filenames.append(filename)
        return "\n".join(pieces)

    def _function(self, name: str) -> Evaluate:
        return self._names[name]  # type: ignore[return-value]  # as it was written


def _forget(filenames: list[str]) -> None:
    for filename in filenames:
        linecache.cache.pop(filename, None)
