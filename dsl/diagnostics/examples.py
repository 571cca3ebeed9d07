"""What can be wrong with an example: its events, its values, what it expects, and what came out instead."""

from typing import ClassVar

from dsl.diagnostics import Diagnostic, Severity, did_you_mean, listed, quoted


class DuplicateExample(Diagnostic):
    """Two examples of one title."""

    title: str
    line: int

    id: ClassVar[str] = "duplicate-example"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"there are two examples titled {quoted(self.title)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"the first is on line {self.line}; give each a title of its own, so that a failure says which it is"


class ExampleWithoutSteps(Diagnostic):
    """An example that holds nothing to try."""

    title: str

    id: ClassVar[str] = "example-without-steps"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"the example {quoted(self.title)} has no steps, so it proves nothing"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "write an event and what it comes to, such as `search (voice: yes) => nothing`, or leave the example out"


class ExampleUnknownAttribute(Diagnostic):
    """A step gives an attribute that its event does not declare."""

    event: str
    name: str
    known: tuple[str, ...]

    id: ClassVar[str] = "example-unknown-attribute"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{quoted(self.event)} has no attribute {quoted(self.name)}"

    @property
    def help(self) -> str | None:
        """What to write instead."""
        if self.name == "subject":
            return 'the customer of a step stands behind it: `by "customer"`'
        if self.name == "time":
            return "the time of a step stands behind it: `at 2026-07-01T09:00:00`"
        if self.name in ("id", "source", "type"):
            return f"every event has its own `{self.name}`; in an example it cannot be chosen"
        near = did_you_mean(self.name, self.known)
        if near is not None or not self.known:
            return near
        return f"its attributes are {listed(self.known, 'and')}"


class ExampleRepeatedAttribute(Diagnostic):
    """A step gives an attribute twice."""

    name: str

    id: ClassVar[str] = "example-repeated-attribute"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{quoted(self.name)} is given twice in this step"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "give each attribute once"


class ExampleMissingAttribute(Diagnostic):
    """A step lacks required attributes, and does not expect to be refused."""

    event: str
    names: tuple[str, ...]
    more: int

    id: ClassVar[str] = "example-missing-attribute"

    @property
    def message(self) -> str:
        """What is wrong."""
        names = [quoted(name) for name in self.names] + ([f"{self.more} more"] if self.more else [])
        lacks = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        return f"this {quoted(self.event)} lacks {lacks}, so it would be refused"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "give it, declare it `optional` or with a `default`, or expect `=> refused`"


class ExampleValue(Diagnostic):
    """What is given for an attribute is no value at all."""

    name: str

    id: ClassVar[str] = "example-value"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"what is given for {quoted(self.name)} is no value"

    @property
    def help(self) -> str:
        """What to write instead."""
        return 'give a number, `yes` or `no`, a word, a "text", a date, a time, `empty` or a list ("a", "b")'


class ExampleUnknownInteraction(Diagnostic):
    """A step expects an interaction that is not there."""

    name: str
    known: tuple[str, ...]

    id: ClassVar[str] = "example-unknown-interaction"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"there is no interaction {quoted(self.name)}"

    @property
    def help(self) -> str | None:
        """What to write instead."""
        near = did_you_mean(self.name, self.known)
        if near is not None or not self.known:
            return near
        return f"this file has {listed(self.known, 'and')}"


class ExampleRepeatedInteraction(Diagnostic):
    """A step expects one interaction twice."""

    name: str

    id: ClassVar[str] = "example-repeated-interaction"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{quoted(self.name)} is expected twice, and one event counts as an interaction once at most"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "expect each interaction once, with all its units"


class ExampleTwoMain(Diagnostic):
    """A step expects two interactions of the main chain."""

    first: str
    second: str

    id: ClassVar[str] = "example-two-interactions"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"an event counts as {quoted(self.first)} or as {quoted(self.second)}, and never as both"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "expect the one that stands first in the file, or write `also counts` in one of the two"


class ExampleNumber(Diagnostic):
    """Units or a price with more digits than there can be."""

    what: str
    text: str

    id: ClassVar[str] = "example-number"

    @property
    def message(self) -> str:
        """What is wrong."""
        if self.what == "units":
            what = "they are 0 or more, with at most 13 digits before the point and 6 after"
            return f"{quoted(self.text)} can't be units: {what}"
        return f"{quoted(self.text)} can't be a price: it has at most 20 digits before the point and 18 after"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "write what the event should come to, exactly"


class ExampleFailed(Diagnostic):
    """What came out is not what the step expects."""

    title: str
    expected: str
    actual: str
    reason: str

    id: ClassVar[str] = "example-failed"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"in the example {quoted(self.title)}, expected `{self.expected}`, but {self.actual}"

    @property
    def help(self) -> str | None:
        """What to write instead."""
        return self.reason or None
