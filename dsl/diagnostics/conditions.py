"""Mistakes in conditions: comparisons that can't be made, and those that are decided before any event comes."""

from dsl.diagnostics import Diagnostic, Severity, listed, quoted


class DifferentKinds(Diagnostic):
    """Two sides of a comparison that are of different kinds, in words; `suggestion` is a help sentence."""

    id = "different-kinds"
    left: str
    left_kind: str
    right: str
    right_kind: str
    suggestion: str | None = None

    @property
    def message(self) -> str:
        """What either side is."""
        return (
            f"{quoted(self.left)} is {self.left_kind} but {quoted(self.right)} is {self.right_kind},"
            " so they can't be compared"
        )

    @property
    def help(self) -> str | None:
        """What may have been meant."""
        return self.suggestion


class NotOrdered(Diagnostic):
    """A comparison by order of what has none; `words` are the comparison's."""

    id = "not-ordered"
    words: str
    text: str
    kind: str

    @property
    def message(self) -> str:
        """What has no order."""
        return f"{quoted(self.text)} has no order for {quoted(self.words)} to go by: it is {self.kind}"

    @property
    def help(self) -> str:
        """What can be asked."""
        return "only numbers, times, dates and weekdays have an order; for others use `is`, `is not` or `is one of`"


class BetweenReversed(Diagnostic):
    """`between` whose first bound is above its second; `suggestion` is what to write instead."""

    id = "between-reversed"
    low: str
    high: str
    suggestion: str
    week: bool = False

    @property
    def message(self) -> str:
        """The bounds."""
        return f"nothing is between {quoted(self.low)} and {quoted(self.high)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        rule = "a week begins on monday" if self.week else "the smaller bound comes first"
        return f"{rule}: write `{self.suggestion}`"


class EmptyHours(Diagnostic):
    """`time of day is between` one and the same time."""

    id = "empty-hours"
    time: str

    @property
    def message(self) -> str:
        """The time."""
        return f"no time of day is between {self.time} and {self.time}"

    @property
    def help(self) -> str:
        """What the second time means."""
        return "the second time is the first that no longer counts; leave the condition out for the whole day"


class RepeatedValue(Diagnostic):
    """A value that is twice in `is one of (…)`."""

    id = "repeated-value"
    value: str

    @property
    def message(self) -> str:
        """Which one."""
        return f"{quoted(self.value)} is in the list twice"


class NotWrittenOut(Diagnostic):
    """Something to be looked up in `is one of (…)`, which holds values only."""

    id = "not-written-out"
    operand: str
    text: str

    @property
    def message(self) -> str:
        """What stands there."""
        return f"a list holds values that are written out, and {quoted(self.text)} is none"

    @property
    def help(self) -> str:
        """How to ask for it."""
        return f"write a comparison of its own: {quoted(f'{self.operand} is {self.text}')}"


class EmptyText(Diagnostic):
    """A search for a text without a character; `test` is `contains`, `starts with` or `ends with`."""

    id = "empty-text"
    test: str

    @property
    def message(self) -> str:
        """Why it is an error."""
        return f"`{self.test}` needs something to look for, and this text is empty"


class AmbiguousNoun(Diagnostic):
    """A noun that could be the name, or the singular, of several attributes."""

    id = "ambiguous-noun"
    noun: str
    names: tuple[str, ...]

    @property
    def message(self) -> str:
        """Which attributes it could be."""
        return f"{quoted(self.noun)} could be {listed(self.names)}"

    @property
    def help(self) -> str:
        """How to be clear."""
        return f"say which with a comparison, as in {quoted(f'{self.names[0]} ≥ 1')}"


class AlwaysTrue(Diagnostic):
    """A condition that holds for every event; `why` is a clause that says so."""

    id = "always-true"
    severity = Severity.WARNING
    text: str
    why: str

    @property
    def message(self) -> str:
        """The condition, and why."""
        return f"{quoted(self.text)} always holds: {self.why}"


class NeverTrue(Diagnostic):
    """A condition that holds for no event; `why` is a clause that says so."""

    id = "never-true"
    severity = Severity.WARNING
    text: str
    why: str

    @property
    def message(self) -> str:
        """The condition, and why."""
        return f"{quoted(self.text)} never holds: {self.why}"
