"""One function for each event type: takes the event's values, finds the interactions that match, and answers.

Values of the expected Python types are checked in line. Anything else goes to `acceptance.accept`, which knows every other
way to write a value and can say what is wrong.
"""

from collections.abc import Sequence

from dsl import acceptance
from dsl.core import Attribute, EventType, Ruleset
from dsl.to_python.dispatch import FEW
from dsl.to_python.expressions import Expressions
from dsl.to_python.lines import Lines
from dsl.to_python.many import Entry, Many
from dsl.to_python.module import Local, Module
from dsl.to_python.reasons import Reasons
from dsl.wording import MOST_TRIED, Some, every_event, normal, not_counted
from dsl.zones import EARLIEST, LATEST


class EventTypes:
    """Writes the functions of all event types of one ruleset."""

    def __init__(self, module: Module, ruleset: Ruleset) -> None:
        self._module = module
        self._expressions = Expressions(module)
        self._reasons = Reasons(module, self._expressions)
        self._lines = Lines(module, self._expressions, self._reasons)
        self._entries: dict[str, list[Entry]] = {event.name: [] for event in ruleset.events}
        self._many = Many(module, self._expressions, self._lines)
        for interaction in ruleset.interactions:
            lines: dict[str, list[int]] = {}
            for index, line in enumerate(interaction.counts):
                for name in line.events:
                    lines.setdefault(name, []).append(index)
            for name, indices in lines.items():
                self._entries[name].append(Entry(interaction, tuple(indices)))

    def write(self, event: EventType) -> str:
        """The name of the function of one event type; it takes the event and the counters."""
        name = self._module.fresh("event")
        with self._module.function(name, ["event", "counters"]):
            self._accept(event)
            self._answer(event)
        return name

    # ── the event's values ──────────────────────────────────────────────────

    def _accept(self, event: EventType) -> None:
        line, variable = self._module.line, self._module.variable
        line("id_ = event.id; source_ = event.source; type_ = event.type; subject = event.subject; time = event.time")
        if event.attributes:
            line("get = event.data.get")
        for attribute in event.attributes:
            line(f"{variable(attribute.name)} = get({self._module.text(attribute.outside)})")
        checks = [_text_check(name, acceptance.LONGEST_BUILT_IN, 1) for name in ("id_", "source_", "subject")]
        checks.append("(type(time) is int or (time := timestamp_value(time)) is not None)")
        checks.append(f"{EARLIEST} <= time <= {LATEST} and not event.conflicts")
        checks += [self._check(attribute, variable(attribute.name)) for attribute in event.attributes]
        # What is no text has no `isascii`; what cannot be hashed is no word.
        with self._module.block("try:"):
            line(f"fits = {' and '.join(checks)}")
        with self._module.block("except (AttributeError, TypeError):"):
            line("fits = False")
        with self._module.block("if fits:"):
            line("warnings = ()")
            self._fill_in(event)
        with self._module.block("else:"):
            line(f"accepted = accept({self._module.constant(event, 'EVENT')}, event)")
            with self._module.block("if type(accepted) is Refusal:"):
                line("return accepted")
            line("time = accepted.time; warnings = accepted.warnings; get = accepted.values.get")
            for attribute in event.attributes:
                line(f"{variable(attribute.name)} = get({self._module.text(attribute.name)})")

    def _fill_in(self, event: EventType) -> None:
        """Defaults for what is missing; then, if the event has keys that are not declared, perhaps warnings."""
        if all(attribute.required for attribute in event.attributes):
            return
        self._module.line("missing = 0")
        for attribute in event.attributes:
            if not attribute.required:
                name, default = self._module.variable(attribute.name), attribute.default
                filled = "" if default is None else f"{name} = {self._module.value(default)}; "
                with self._module.block(f"if {name} is None:"):
                    self._module.line(f"{filled}missing += 1")
        with self._module.block(f"if missing and len(event.data) > {len(event.attributes)} - missing:"):
            self._module.line(f"warnings = warnings_of({self._module.constant(event, 'EVENT')}, event)")

    def _check(self, attribute: Attribute, name: str) -> str:
        check = self._kind_check(attribute, name)
        return check if attribute.required else f"({name} is None or {check})"

    def _kind_check(self, attribute: Attribute, name: str) -> str:
        match attribute.kind:
            case "boolean":
                return f"({name} is True or {name} is False)"
            case "integer":
                whole = f"(type({name}) is int or ({name} := integer_value({name})) is not None)"
                return f"{whole} and {attribute.low} <= {name} <= {attribute.high}"
            case "decimal":
                return f"({name} := decimal_value({name})) is not None and {attribute.low} <= {name} <= {attribute.high}"
            case "string":
                return _text_check(name, acceptance.LONGEST_STRING, 0)
            case "timestamp":
                return f"({name} := timestamp_value({name})) is not None"
            case "one of":
                return f"{name} in {self._module.constant(frozenset(attribute.words))}"
            case "list of string":
                return f"({name} := list_value({name})) is not None"

    # ── the answer ──────────────────────────────────────────────────────────

    def _answer(self, event: EventType) -> None:
        entries = self._entries[event.name]
        several = any(entry.interaction.also for entry in entries)
        if several:
            self._module.line("found = []; main = -1")
        if len(entries) > 2 * FEW:
            self._many.attempt(event, entries, several)
            self._conclude(event, entries, several)
            return
        for entry in entries:
            if several:
                self._try_one_of_several(event, entry)
            else:
                for index in entry.lines:
                    self._if_matches(event, entry, index, "return {}")
                    if entry.interaction.counts[index].condition is None:
                        return
        self._conclude(event, entries, several)

    def _if_matches(self, event: EventType, entry: Entry, index: int, then: str) -> None:
        """What to do where a line matches; `then` takes the code of the call that counts it."""
        condition = entry.interaction.counts[index].condition
        told = self._module.text(every_event(event))
        statement = then.format(self._lines.call(entry.interaction, index, told))
        if condition is None:
            self._module.line(statement)
        else:
            with self._module.block(f"if {self._expressions.condition(condition)}:"):
                self._module.line(statement)

    def _try_one_of_several(self, event: EventType, entry: Entry) -> None:
        line = self._module.line
        line("result = None")
        with self._module.block("if main < 0:" if not entry.interaction.also else "if True:"):
            for position, index in enumerate(entry.lines):
                if position:
                    with self._module.block("if result is None:"):
                        self._if_matches(event, entry, index, "result = {}")
                else:
                    self._if_matches(event, entry, index, "result = {}")
        with self._module.block("if result is not None:"):
            with self._module.block("if type(result) is Refusal:"):
                line("return result")
            if not entry.interaction.also:
                line("main = len(found)")
            line("found.append(result)")

    def _conclude(self, event: EventType, entries: Sequence[Entry], several: bool) -> None:
        """What is answered where nothing was returned before."""
        if several:
            with self._module.block("if found:"):
                self._module.line("return merged(found, main, warnings)")
        named = [(Local(self._why_not(entry)),) for entry in entries[:MOST_TRIED]]
        reason = self._reasons.sentence(not_counted(event, named, len(entries) - len(named)))
        self._module.line(f"return Evaluation(NOT_COUNTED, (), -1, {reason}, warnings)")

    def _why_not(self, entry: Entry) -> str:
        conditions = [entry.interaction.counts[index].condition for index in entry.lines]
        parts = tuple(normal(condition) for condition in conditions if condition is not None)
        if len(parts) < len(conditions):
            return self._module.text("")  # It always matches, and this is never said.
        return self._reasons.unmet_function(entry.interaction, parts[0] if len(parts) == 1 else Some(parts))


def _text_check(name: str, longest: int, shortest: int) -> str:
    """Whether a local holds a text of a length without U+0000 or half a surrogate pair; quick where it is ASCII."""
    length = f"{shortest} <= len({name}) <= {longest}" if shortest else f"len({name}) <= {longest}"
    return f"({length} and ({name}.isascii() and NUL not in {name} or is_text({name})))"
