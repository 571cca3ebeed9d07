"""The LALR automaton: runs the tables that `make_tables` builds from the grammar.

lark builds the tables but takes no part in a parse: starting without it halves the time of a small check, and a loop
over plain lists is several times faster and can be stopped, looked at and put back on its feet after a mistake.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dsl.parser.token import Token
from dsl.source import Span

END = "$END"
BREAK = "BREAK"

Action = Callable[[Any, Span, list[Any]], Any]
"""Builds the value of one rule: the builder, the span of the rule's text, the values of its children."""


class Tables:
    """The tables, in memory. `make_tables.build` says what each holds."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.words: dict[str, str] = data["words"]
        self.marks: dict[str, str] = data["marks"]
        self.patterns: dict[str, str] = data["patterns"]
        self.soft: frozenset[str] = frozenset(data["soft"])
        self.starts: dict[str, list[int]] = data["starts"]
        self.actions: list[dict[str, int]] = [data["rows"][row] for row in data["actions"]]
        self.gotos: list[dict[str, int]] = data["gotos"]
        self.defaults: list[int] = data["defaults"]
        self.rules: list[tuple[str, int, str | None, list[int | None]]] = [tuple(rule) for rule in data["rules"]]
        self.renamings = [r[0] if r[1] == 1 and r[2] is None and len(r[3]) == 1 else None for r in self.rules]
        """For each rule that only gives its one child another name: the name."""
        self.whole = self._whole_rules(data["inline"])
        """For each rule whose children are single values, none of them left out: which of the right side they are."""
        self.singles = [
            (rule[0], str(rule[2]), bool(whole)) if rule[1] == 1 and whole is not None else None
            for rule, whole in zip(self.rules, self.whole, strict=True)
        ]
        """For each rule of one part and with a value of its own: its left side, its name, and if it keeps that part."""

    def _whole_rules(self, inline: list[int]) -> list[tuple[int, ...] | None]:
        listed = set(inline)
        whole: list[tuple[int, ...] | None] = []
        for number, (_, _, name, children) in enumerate(self.rules):
            indexes = tuple(index for index in children if index is not None)
            single = name is not None and number not in listed and len(indexes) == len(children)
            whole.append(indexes if single else None)
        return whole


@cache
def tables() -> Tables:
    """The tables of the grammar, read once."""
    # As `importlib.resources` would, which takes longer to import than a small file to check: from a zip file as well.
    loader: Any = __spec__.loader
    return Tables(json.loads(loader.get_data(str(Path(__file__).with_name("tables.json")))))


class _Inline(list[Any]):
    """The children of a rule that has no value of its own; they join the children of the rule that holds it."""


class Automaton:
    """One parse of one declaration: a stack of states, and the value and place of each."""

    def __init__(self, start: str, builder: Any, actions: dict[str, Action]) -> None:
        self._tables = tables()
        self._builder = builder
        self._actions = actions
        first, self._accepting = self._tables.starts[start]
        self.states = [first]
        self.values: list[Any] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    def run(self, tokens: Sequence[Token], at: int, stop: int) -> int:
        """Takes tokens from `at` on; returns the index of the first that cannot stand there, or `stop`."""
        rows, defaults, gotos = self._tables.actions, self._tables.defaults, self._tables.gotos
        renamings, singles, actions, builder = (
            self._tables.renamings,
            self._tables.singles,
            self._actions,
            self._builder,
        )
        states, values, starts, ends, reduce = self.states, self.values, self._starts, self._ends, self._reduce
        while at < stop:
            token = tokens[at]
            kind = token.type
            while True:
                state = states[-1]
                move = rows[state].get(kind)
                if move is None:
                    rule = defaults[state]
                    if rule < 0:
                        return at
                elif move < 0:
                    rule = -1 - move
                else:
                    states.append(move)
                    values.append(token)
                    starts.append(token.start)
                    ends.append(token.end)
                    break
                if (name := renamings[rule]) is not None:
                    states[-1] = gotos[states[-2]][name]
                elif (single := singles[rule]) is not None:
                    origin, name, kept = single
                    span = Span(starts[-1], ends[-1])
                    values[-1] = actions[name](builder, span, [values[-1]] if kept else [])
                    states[-1] = gotos[states[-2]][origin]
                else:
                    reduce(rule)
            at += 1
        return stop

    def _reduce(self, number: int) -> None:
        """Replaces the right side of a rule by its value."""
        tables, states, values, starts, ends = self._tables, self.states, self.values, self._starts, self._ends
        origin, size, name, children = tables.rules[number]
        if (renaming := tables.renamings[number]) is not None:
            states[-1] = tables.gotos[states[-2]][renaming]
            return
        raw = values[-size:]
        span = Span(starts[-size], ends[-1])
        del values[-size:], starts[-size:], ends[-size:], states[-size:]
        if (whole := tables.whole[number]) is not None:
            value = self._actions[str(name)](self._builder, span, [raw[index] for index in whole])
        else:
            value = self._gathered(name, span, raw, children)
        values.append(value)
        starts.append(span.start)
        ends.append(span.end)
        states.append(tables.gotos[states[-1]][origin])

    def _gathered(self, name: str | None, span: Span, raw: list[Any], children: Sequence[int | None]) -> Any:
        """The value of a rule that leaves parts out, or holds the parts of another in its own."""
        arguments: list[Any] = _Inline()
        for index in children:
            value = None if index is None else raw[index]
            if value.__class__ is not _Inline:
                arguments.append(value)
            elif arguments:
                arguments += value
            else:
                arguments = value  # so that a long list is built in place
        return arguments if name is None else self._actions[name](self._builder, span, arguments)

    def finish(self) -> Any:
        """Ends the text: the value of the start rule, or None where it cannot end here."""
        while True:
            state = self.states[-1]
            move = self._tables.actions[state].get(END, -1 - self._tables.defaults[state])
            if move >= 0:
                return self.values[-1] if state == self._accepting else None
            self._reduce(-1 - move)

    def close(self) -> bool:
        """Completes what is complete, as though a new clause followed; False where something is still missing."""
        if not self.accepts(self.states, (BREAK,)):
            return False
        end = self._ends[-1] if self._ends else 0
        return self.run([Token(BREAK, "", end, end, False)], 0, 1) == 1

    def unwind(self, to: type) -> bool:
        """Drops what stands on the stack above the topmost value of a class; False, and all is dropped, if none."""
        while self.values and not isinstance(self.values[-1], to):
            self.values.pop()
            self.states.pop()
            self._starts.pop()
            self._ends.pop()
        return bool(self.values)

    def top(self, kind: type) -> Any:
        """The topmost value of a class on the stack, or None."""
        return next((value for value in reversed(self.values) if isinstance(value, kind)), None)

    def start_above(self, kind: type) -> int | None:
        """The offset where what stands above the topmost value of a class begins; None where nothing does."""
        for index in range(len(self.values) - 1, -1, -1):
            if isinstance(self.values[index], kind):
                return self._starts[index + 1] if index + 1 < len(self.values) else None
        return self._starts[0] if self._starts else None

    def accepts(self, states: Sequence[int], kinds: Sequence[str]) -> int:
        """How many tokens of these kinds, in order, could be taken from a stack of states. Changes nothing."""
        # Only the part of the stack that rules reach into is copied: it may be long.
        stack, borrowed = [states[-1]], len(states) - 1
        for taken, kind in enumerate(kinds):
            while True:
                state = stack[-1]
                move = self._tables.actions[state].get(kind)
                if move is None:
                    if self._tables.defaults[state] < 0:
                        return taken
                    move = -1 - self._tables.defaults[state]
                if move >= 0:
                    stack.append(move)
                    break
                origin, size, _, _ = self._tables.rules[-1 - move]
                if len(stack) <= size:
                    need = size + 1 - len(stack)
                    stack[:0] = states[borrowed - need : borrowed]
                    borrowed -= need
                del stack[-size:]
                stack.append(self._tables.gotos[stack[-1]][origin])
        return len(kinds)

    def expected(self) -> set[str]:
        """The terminals that could stand next."""
        kinds = {*self._tables.words.values(), *self._tables.marks.values(), *self._tables.patterns, "OR_ELSE", "SENT"}
        return {kind for kind in kinds if self.accepts(self.states, (kind,))}
