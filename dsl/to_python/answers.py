"""What an accepted event is answered: the interactions that match, in file order, or why none does."""

from collections.abc import Sequence

from dsl.core import EventType, Ruleset
from dsl.evaluation import Evaluation
from dsl.to_python.dispatch import FEW
from dsl.to_python.expressions import Expressions
from dsl.to_python.kept import Kept, read_by
from dsl.to_python.lines import Lines
from dsl.to_python.many import Entry, Many
from dsl.to_python.module import Local, Module
from dsl.to_python.reasons import Reasons
from dsl.wording import MOST_TRIED, Some, every_event, normal, not_counted


class Answers:
    """Writes the second half of the functions of one ruleset's event types."""

    def __init__(self, module: Module, ruleset: Ruleset) -> None:
        self._module = module
        self._expressions = Expressions(module)
        self._reasons = Reasons(module, self._expressions)
        self._kept = Kept(module, len(ruleset.interactions) + len(ruleset.events))
        self._lines = Lines(module, self._expressions, self._reasons, self._kept)
        self._interactions = ruleset.interactions

    def write(self, event: EventType) -> None:
        """Return the answer; the event's values, the built-ins, `counters` and `warnings` are locals.

        Where no interaction of the type is `also`, the first that matches ends it. Else what comes of each is gathered
        in `found`, with the position of the one that is not `also` in `main`.
        """
        entries = self._entries(event)
        several = any(entry.interaction.also for entry in entries)
        if several:
            self._module.line("found = []; main = -1")
        if len(entries) > 2 * FEW:
            Many(self._module, self._expressions, self._lines, event).attempt(entries, several)
        else:
            for entry in entries:
                if several:
                    self._try_in_turn(event, entry)
                else:
                    self._return_first(event, entry)
        self._conclude(event, entries, several)

    def _entries(self, event: EventType) -> list[Entry]:
        """The interactions that count an event type, in file order."""
        found = []
        for interaction in self._interactions:
            lines = tuple(index for index, line in enumerate(interaction.counts) if event.name in line.events)
            if lines:
                found.append(Entry(interaction, lines))
        return found

    def _return_first(self, event: EventType, entry: Entry) -> None:
        every = self._module.text(every_event(event))
        for index in entry.lines:
            condition = entry.interaction.counts[index].condition
            test = "True" if condition is None else self._expressions.condition(condition)
            with self._module.block(f"if {test}:"):
                self._lines.write_return(entry.interaction, index, every)

    def _try_in_turn(self, event: EventType, entry: Entry) -> None:
        line, block = self._module.line, self._module.block
        every = self._module.text(every_event(event))
        line("result = None")
        for index in entry.lines:
            condition = entry.interaction.counts[index].condition
            tests = ["result is None"] if entry.interaction.also else ["main < 0", "result is None"]
            if condition is not None:
                tests.append(self._expressions.condition(condition))
            with block(f"if {' and '.join(tests)}:"):
                line(f"result = {self._lines.call(entry.interaction, index, every)}")
        with block("if result is not None:"):
            with block("if type(result) is Refusal:"):
                line("return result")
            if not entry.interaction.also:
                line("main = len(found)")
            line("found.append(result)")

    def _conclude(self, event: EventType, entries: Sequence[Entry], several: bool) -> None:
        """What is answered where nothing was returned before."""
        if several:
            with self._module.block("if found:"):
                self._module.line("return merged(found, main, warnings)")
        conditions = [e.interaction.counts[index].condition for e in entries[:MOST_TRIED] for index in e.lines]
        with self._kept.answer(self._kept.key(read_by(*conditions))):
            named = [(Local(self._why_not(entry, position)),) for position, entry in enumerate(entries[:MOST_TRIED])]
            reason = self._reasons.sentence(not_counted(event, named, len(entries) - len(named)))
            self._module.record(
                "answer", Evaluation, outcome="NOT_COUNTED", lines="()", main="(-1)", reason=reason, warnings="warnings"
            )

    def _why_not(self, entry: Entry, position: int) -> str:
        """The code of a text that says why an interaction does not match."""
        conditions = [entry.interaction.counts[index].condition for index in entry.lines]
        parts = tuple(normal(condition) for condition in conditions if condition is not None)
        if len(parts) < len(conditions):
            return self._module.text("")  # It always matches, and this is never said.
        self._module.line(
            f"why{position} = {self._reasons.why_not(entry.interaction, parts[0] if len(parts) == 1 else Some(parts))}"
        )
        return f"why{position}"
