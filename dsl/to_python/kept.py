"""Answers that are made once and given again: those that move no counter and depend on few values of few kinds.

Making an answer and writing its reason is a third of what an event costs. Where both follow from some words, booleans
and small integers alone, a look-up takes their place. Answers may be shared, since nothing ever changes one.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dsl.core import UNIT, BooleanType, ClockBetween, Expression, ListType, NumberType, Read, TextType, WordType
from dsl.to_python.module import Module, tuple_of
from dsl.to_python.support import MOST_COMMON, KeptAnswers
from dsl.traversal import below
from dsl.wording import Slot, Template

_MOST_VALUES = 4
"""A key of more values takes as long as what it saves."""
_MOST_ANSWERS = 50_000
"""So many answers, of a few hundred bytes each, are kept for a ruleset in all; fewer for each place if it has many."""
_MOST_EACH = 250


@dataclass(frozen=True, slots=True)
class Key:
    """The locals that decide an answer, and the conditions under which these are values that come again and again."""

    values: tuple[str, ...]
    conditions: tuple[str, ...]


class Kept:
    """Writes the keeping of answers for one module that has about so many places where one is made."""

    def __init__(self, module: Module, places: int) -> None:
        self._module = module
        self._most = min(_MOST_EACH, _MOST_ANSWERS // max(places, 1))

    def key(self, reads: Iterable[Read] | None, *others: str, units: str = "0") -> Key | None:
        """What decides an answer that depends on what is read, on other locals and on units, a local or a number; None
        where it is not to be kept. None for `reads` stands for more than attributes."""
        if reads is None:
            return None
        values, conditions = list(others), ["not warnings"]
        if not units.isdecimal():
            values.append(units)
            conditions.append(f"{units} <= {MOST_COMMON * UNIT}")
        for read in dict.fromkeys(reads):
            name = self._module.read(read)
            match read.type:
                case BooleanType() | WordType():
                    pass
                case NumberType(places=0, divisor=1):
                    # Large integers hardly come again: neither a key is made for them, nor room taken.
                    conditions.append(f"{name} in COMMON")
                case _:
                    return None
            values.append(name)
        return Key(tuple(values), tuple(conditions)) if len(values) <= _MOST_VALUES else None

    @contextmanager
    def answer(self, key: Key | None) -> Iterator[None]:
        """Return the local `answer`, which the lines written within make; where it was kept, they are not reached."""
        line, block = self._module.line, self._module.block
        if key is None or not self._most:
            yield
            line("return answer")
            return
        answers = self._module.constant(KeptAnswers(self._most), "ANSWERS")
        code = tuple_of(key.values) if len(key.values) > 1 else key.values[0] if key.values else "0"
        line(f"common = {' and '.join(key.conditions)}")
        with block("if common:"):
            line(f"answer = {answers}.get({code})")
            with block("if answer is not None:"):
                line("return answer")
        yield
        with block("if common:"):
            line(f"{answers}.keep({code}, answer)")
        line("return answer")


def read_by(*expressions: Expression | None) -> tuple[Read, ...] | None:
    """All that some expressions read; None where one looks at the clock."""
    nodes = [node for expression in expressions if expression is not None for node in below(expression)]
    if any(isinstance(node, ClockBetween) for node in nodes):
        return None
    return tuple(node for node in nodes if isinstance(node, Read))


def read_by_template(template: Template) -> tuple[Read, ...] | None:
    """All that a template's slots read; None where one shows the clock. Texts and lists are masked, and not read."""
    slots = [piece.expression for piece in template if isinstance(piece, Slot)]
    if any(expression is None for expression in slots):
        return None
    return read_by(*(e for e in slots if e is not None and not isinstance(e.type, TextType | ListType)))
