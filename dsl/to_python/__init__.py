"""A checked ruleset as one Python function.

It answers in every field as `interpreter.evaluate` does, and is made to be fast:

- the event's type leads to a function of its own, and there, where many interactions count the type, a value of the event
  leads to the few that may match (`dispatch`);
- numbers are integers over denominators known beforehand (`expressions`), curves are computed as far as they can be
  (`curves`), sentences are f-strings (`reasons`);
- values of the usual Python types are checked in line (`event_types`); all others take the way of `acceptance`.

`module` holds what is written, `lines` and `prices` what happens once an interaction matches, `support` what the compiled
code calls.
"""

import itertools
import linecache
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from dsl.acceptance import unknown
from dsl.core import Ruleset
from dsl.evaluation import Counters, Evaluation, Refusal
from dsl.event import Event
from dsl.to_python.event_types import EventTypes
from dsl.to_python.module import Module
from dsl.to_python.support import namespace
from dsl.zones import zone_named

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class CompiledRuleset:
    """A ruleset, the Python source that it became, and the function that prices one event with it.

    `evaluate` reads counters and changes none; it never raises.
    """

    ruleset: Ruleset
    source: str
    evaluate: Callable[[Event, Counters], Evaluation | Refusal]


def compile_ruleset(ruleset: Ruleset) -> CompiledRuleset:
    """The ruleset compiled; its source shows in tracebacks and debuggers for as long as it lives."""
    module = Module()
    writer = EventTypes(module, ruleset)
    entries = [f"{module.text(event.outside)}: {writer.write(event)}" for event in ruleset.events]
    module.statement(f"TYPES = {{{', '.join(entries)}}}")
    declared = tuple(event.outside for event in ruleset.events)

    def unknown_type(event: Event) -> Evaluation | Refusal:
        return unknown(declared, event)

    module.namespace["unknown_type"] = unknown_type
    with module.function("evaluate", ["event", "counters"]):
        with module.block("try:"):
            module.line("found = TYPES[event.type]")
        with module.block("except (KeyError, TypeError):"):
            module.line("return unknown_type(event)")
        module.line("return found(event, counters)")
    source, filename = module.source, f"<{ruleset.name} {ruleset.version}, compiled {next(_numbers)}>"
    names = {**namespace(zone_named(ruleset.zone)), **module.namespace}
    exec(compile(source, filename, "exec"), names)  # the source is this package's own, made from checked rules
    compiled = CompiledRuleset(ruleset, source, names["evaluate"])  # type: ignore[arg-type]  # just defined
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(compiled, linecache.cache.pop, filename, None)
    return compiled
