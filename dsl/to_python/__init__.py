"""A checked ruleset as one Python function.

It answers in every field as `interpreter.evaluate` does, and is made to be fast:

- the event's type leads to a function of its own, and there, where many interactions count the type, a value of the
  event leads to the few that may match (`dispatch`);
- numbers are integers over denominators known beforehand (`expressions`), curves are computed as far as they can be
  (`curves`), sentences are f-strings (`reasons`);
- an answer that moves no counter and follows from a few common values is made once, and given again (`kept`);
- values of the usual Python types are checked in line (`event_types`); all others take the way of `acceptance`.

`module` holds what is written, `lines` and `prices` what happens once an interaction matches, `support` what compiled
code calls, and `loader` turns text into functions.
"""

from dsl.core import Ruleset
from dsl.to_python.loader import CompiledRuleset, Loader

__all__ = ["CompiledRuleset", "compile_ruleset"]


def compile_ruleset(ruleset: Ruleset) -> CompiledRuleset:
    """The ruleset compiled; its source shows in tracebacks and debuggers for as long as it lives."""
    return Loader(ruleset).load()
