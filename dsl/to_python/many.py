"""Event types that many interactions count: each is a function of its own, and a table leads to those that may match."""

from collections.abc import Sequence
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
    """Writes the attempts of many interactions at an event."""

    def __init__(self, module: Module, expressions: Expressions, lines: Lines) -> None:
        self._module = module
        self._expressions = expressions
        self._lines = lines
        self._known: dict[tuple[str, tuple[int, ...]], str] = {}

    def attempt(self, event: EventType, entries: Sequence[Entry], several: bool) -> None:
        """Try those that may match, in order. `several`: more than one may; what comes of them is left in `found`."""
        line, block = self._module.line, self._module.block
        names = [self._module.variable(attribute.name) for attribute in event.attributes]
        pairs = (f"{self._module.text(name)}: {name}" for name in (*names, "id_", "source_", "type_"))
        line(f"values = {{{', '.join(pairs)}}}")
        functions = [self._function(entry) for entry in entries]
        if several:
            functions = [f"({not e.interaction.also}, {f})" for e, f in zip(entries, functions, strict=True)]
        required = [required_by([entry.interaction.counts[i] for i in entry.lines]) for entry in entries]
        every = self._module.text(every_event(event))
        call = f"attempt({', '.join(_PASSED)}, values, {every})"
        found = self._found(choose(required), functions)
        with block(f"for {'is_main, attempt' if several else 'attempt'} in {found}:"):
            if several:
                with block("if is_main and main >= 0:"):
                    line("continue")
            line(f"result = {call}")
            with block("if result is not None:"):
                if not several:
                    line("return result")
                    return
                with block("if type(result) is Refusal:"):
                    line("return result")
                with block("if is_main:"):
                    line("main = len(found)")
                line("found.append(result)")

    def _function(self, entry: Entry) -> str:
        """A function that counts the event if one of the lines matches, and else gives None."""
        interaction, key = entry.interaction, (entry.interaction.name, entry.lines)
        known = self._known.get(key)
        if known is not None:
            return known
        name = self._known[key] = self._module.fresh("attempt")
        lines = [interaction.counts[index] for index in entry.lines]
        needed = [p for line in lines for p in self._lines.parameters(interaction, line)]
        needed += self._module.parameters(*(line.condition for line in lines))
        with self._module.function(name, [*_PASSED, "values", "every"]):
            self._unpack(needed)
            for index, line in zip(entry.lines, lines, strict=True):
                call = self._lines.call(interaction, index, "every")
                if line.condition is None:
                    self._module.line(f"return {call}")
                    break
                with self._module.block(f"if {self._expressions.condition(line.condition)}:"):
                    self._module.line(f"return {call}")
        return name

    def _unpack(self, names: Sequence[str]) -> None:
        for name in dict.fromkeys(names):
            if name not in ("subject", "time"):
                self._module.line(f"{name} = values[{self._module.text(name)}]")

    # ── tables ──────────────────────────────────────────────────────────────

    def _found(self, choice: Choice, functions: Sequence[str]) -> str:
        """The code of the attempts to be made, `values` and the values' names being locals."""
        if not isinstance(choice, Table):
            return self._attempts(choice, functions)
        table, read = self._module.fresh("TABLE"), self._module.read(choice.read)
        below = [choice.branches[value] for value in sorted_values(frozenset(choice.branches))]
        nested = any(isinstance(branch, Table) for branch in (*below, choice.otherwise))
        targets = [self._finder(b, functions) if nested else self._attempts_of(b, functions) for b in below]
        values = map(self._module.value, sorted_values(frozenset(choice.branches)))
        pairs = (f"{value}: {target}" for value, target in zip(values, targets, strict=True))
        self._module.statement(f"{table} = {{{', '.join(pairs)}}}")
        if nested:
            return f"{table}.get({read}, {self._finder(choice.otherwise, functions)})(values)"
        return f"{table}.get({read}, {self._attempts_of(choice.otherwise, functions)})"

    def _finder(self, choice: Choice, functions: Sequence[str]) -> str:
        """A function from the values to the attempts."""
        name = self._module.fresh("find")
        with self._module.function(name, ["values"]):
            if isinstance(choice, Table):
                self._unpack([self._module.read(choice.read)])
            self._module.line(f"return {self._found(choice, functions)}")
        return name

    def _attempts_of(self, choice: Choice, functions: Sequence[str]) -> str:
        assert not isinstance(choice, Table)
        return self._attempts(choice, functions)

    def _attempts(self, positions: tuple[int, ...], functions: Sequence[str]) -> str:
        name = self._module.fresh("ATTEMPTS")
        self._module.statement(f"{name} = {tuple_of([functions[position] for position in positions])}")
        return name
