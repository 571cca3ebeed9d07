"""Event types that many interactions count: each is a function, and a table leads to those that may match."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsl.core import EventType, Interaction
from dsl.to_python.dispatch import Choice, Table, choose, required_by, sorted_values
from dsl.to_python.expressions import Expressions
from dsl.to_python.lines import Lines
from dsl.to_python.module import Module, tuple_of
from dsl.wording import every_event

_PASSED = ("counters", "subject", "time", "warnings")


@dataclass(frozen=True, slots=True)
class Entry:
    """An interaction that counts an event type, and which of its lines do."""

    interaction: Interaction
    lines: tuple[int, ...]


class Many:
    """Writes the attempts of many interactions at one event type."""

    def __init__(self, module: Module, expressions: Expressions, lines: Lines, event: EventType) -> None:
        self._module = module
        self._expressions = expressions
        self._lines = lines
        self._every = module.text(every_event(event))

    def attempt(self, entries: Sequence[Entry], several: bool) -> None:
        """Try those that may match, in order. `several`: more than one may; what comes of them is left in `found`."""
        line, block = self._module.line, self._module.block
        # All are called alike, with whatever any of them reads.
        needed = dict.fromkeys(name for entry in entries for name in self._needed(entry))
        arguments = [*_PASSED, *(name for name in needed if name not in _PASSED)]
        functions = [self._function(entry, arguments) for entry in entries]
        if several:
            functions = [f"({not e.interaction.also}, {f})" for e, f in zip(entries, functions, strict=True)]
        required = [required_by([entry.interaction.counts[i] for i in entry.lines]) for entry in entries]
        found = self._found(choose(required), functions, arguments)
        with block(f"for {'is_main, attempt' if several else 'attempt'} in {found}:"):
            if several:
                with block("if is_main and main >= 0:"):
                    line("continue")
            line(f"result = attempt({', '.join(arguments)})")
            with block("if result is not None:"):
                if not several:
                    line("return result")
                    return
                with block("if type(result) is Refusal:"):
                    line("return result")
                with block("if is_main:"):
                    line("main = len(found)")
                line("found.append(result)")

    def _needed(self, entry: Entry) -> Iterator[str]:
        for index in entry.lines:
            counts = entry.interaction.counts[index]
            yield from self._lines.parameters(entry.interaction, counts)
            yield from self._module.parameters(counts.condition)

    def _function(self, entry: Entry, parameters: Sequence[str]) -> str:
        """A function that counts the event if one of the lines matches, and else gives None."""
        name, interaction = self._module.fresh("attempt"), entry.interaction
        with self._module.function(name, parameters):
            for index in entry.lines:
                condition = interaction.counts[index].condition
                if condition is None:
                    self._lines.write_return(interaction, index, self._every)
                    break
                with self._module.block(f"if {self._expressions.condition(condition)}:"):
                    self._lines.write_return(interaction, index, self._every)
        return name

    # ── tables ──────────────────────────────────────────────────────────────

    def _found(self, choice: Choice, functions: Sequence[str], arguments: Sequence[str]) -> str:
        """The code of the attempts to be made."""
        if not isinstance(choice, Table):
            name = self._module.fresh("ATTEMPTS")
            self._module.statement(f"{name} = {tuple_of([functions[position] for position in choice])}")
            return name
        values = sorted_values(frozenset(choice.branches))
        targets = [*(choice.branches[value] for value in values), choice.otherwise]
        nested = any(isinstance(target, Table) for target in targets)
        find = self._finder if nested else self._found
        *codes, otherwise = [find(target, functions, arguments) for target in targets]
        table = self._module.fresh("TABLE")
        pairs = (f"{self._module.value(value)}: {code}" for value, code in zip(values, codes, strict=True))
        self._module.statement(f"{table} = {{{', '.join(pairs)}}}")
        found = f"{table}.get({self._module.read(choice.read)}, {otherwise})"
        return f"{found}({', '.join(arguments)})" if nested else found

    def _finder(self, choice: Choice, functions: Sequence[str], arguments: Sequence[str]) -> str:
        """A function to the attempts."""
        name = self._module.fresh("find")
        with self._module.function(name, arguments):
            self._module.line(f"return {self._found(choice, functions, arguments)}")
        return name
