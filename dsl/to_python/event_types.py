"""One function for each event type: takes the event's values and gives its answer.

Values of the expected Python types are checked in line. Anything else goes to `acceptance.accept`, which knows every
other way to write a value and can say what is wrong.
"""

from dsl import acceptance
from dsl.core import Attribute, EventType, Ruleset
from dsl.to_python.answers import Answers
from dsl.to_python.module import Module
from dsl.zones import EARLIEST, LATEST


class EventTypes:
    """Writes the functions of the event types of one ruleset."""

    def __init__(self, module: Module, ruleset: Ruleset) -> None:
        self._module = module
        self._answers = Answers(module, ruleset)

    def write(self, event: EventType) -> str:
        """The name of the function of one event type; it takes the event and the counters."""
        name = self._module.fresh("event")
        with self._module.function(name, ["event", "counters"]):
            self._accept(event)
            self._answers.write(event)
        return name

    # ── the event's values ──────────────────────────────────────────────────

    def _accept(self, event: EventType) -> None:
        line, variable = self._module.line, self._module.variable
        line("id_ = event.id; source_ = event.source; type_ = event.type; subject = event.subject; time = event.time")
        line("data = event.data")
        # Sources and customers come again and again; those seen before need no second look.
        checks = ["id_", _text_check("id_", acceptance.LONGEST_BUILT_IN)]
        checks += [f"({name} in known or known.admits({name}))" for name in ("source_", "subject")]
        checks.append("(type(time) is int or (time := timestamp_value(time)) is not None)")
        checks.append(f"{EARLIEST} <= time <= {LATEST} and not event.conflicts")
        checks += [self._check(attribute, variable(attribute.name)) for attribute in event.attributes]
        # A required attribute may be missing, what is no text has no `isascii`, what cannot be hashed is no word.
        with self._module.block("try:"):
            for attribute in event.attributes:
                outside = self._module.text(attribute.outside)
                code = f"data[{outside}]" if attribute.required else f"data.get({outside})"
                line(f"{variable(attribute.name)} = {code}")
            line(f"fits = {' and '.join(checks)}")
        with self._module.block("except (AttributeError, KeyError, TypeError):"):
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
        with self._module.block(f"if missing and len(data) > {len(event.attributes)} - missing:"):
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
                number = f"({name} := decimal_value({name})) is not None"
                return f"{number} and {attribute.low} <= {name} <= {attribute.high}"
            case "string":
                return _text_check(name, acceptance.LONGEST_STRING)
            case "timestamp":
                return f"({name} := timestamp_value({name})) is not None"
            case "one of":
                return f"{name} in {self._module.constant(frozenset(attribute.words))}"
            case "list of string":
                return f"({name} := list_value({name})) is not None"


def _text_check(name: str, longest: int) -> str:
    """Whether a local holds a text without U+0000 or half a surrogate pair; quick where it is ASCII."""
    return f"(len({name}) <= {longest} and ({name}.isascii() and NUL not in {name} or is_text({name})))"
