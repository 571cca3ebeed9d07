"""Mistakes in what an expression reads, and values of the wrong kind."""

from collections.abc import Iterable

from dsl.diagnostics import Diagnostic, Severity, did_you_mean, listed, quoted


class UnknownAttribute(Diagnostic):
    """A name that the events have no attribute for; `names` are those they have.

    `suggestion` is a sentence that helps where the name is something else, such as a word of a list.
    """

    id = "unknown-attribute"
    events: tuple[str, ...]
    name: str
    names: Iterable[str]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        """Which event lacks which attribute."""
        verb = "has" if len(self.events) == 1 else "have"
        return f"{listed(self.events, 'and', 3)} {verb} no attribute {quoted(self.name)}"

    @property
    def help(self) -> str | None:
        """What it may be instead, or the nearest attribute."""
        return self.suggestion or did_you_mean(self.name, self.names)


class AttributeNotEverywhere(Diagnostic):
    """An attribute of some of the events that a rule is about, but not of all."""

    id = "attribute-not-everywhere"
    name: str
    has: str
    lacks: str

    @property
    def message(self) -> str:
        """An event that has it, and one that has not."""
        return f"{quoted(self.has)} has an attribute {quoted(self.name)}, but {quoted(self.lacks)} has none"

    @property
    def help(self) -> str:
        """How to go on."""
        return "only what every counted event has can be used here; declare it there too, or split the rule"


class AttributeDiffers(Diagnostic):
    """An attribute that two of the events declare differently; the kinds are in words."""

    id = "attribute-differs"
    name: str
    one: str
    one_kind: str
    other: str
    other_kind: str

    @property
    def message(self) -> str:
        """How either event declares it."""
        one, other = quoted(self.one), quoted(self.other)
        return f"{quoted(self.name)} is {self.one_kind} in {one} but {self.other_kind} in {other}"

    @property
    def help(self) -> str:
        """How to go on."""
        return "declare it alike in both, or split the rule"


class MaybeMissing(Diagnostic):
    """An optional attribute, used without a word on what happens where it is missing; `key` where it is one."""

    id = "maybe-missing"
    name: str
    sample: str
    key: bool = False

    @property
    def message(self) -> str:
        """Which attribute."""
        return f"{quoted(self.name)} may be missing, and nothing says what happens then"

    @property
    def help(self) -> str:
        """The ways to say so."""
        if self.key:
            return f"count only events that have it: {quoted(f'with {self.name} is given')}"
        return (
            f"write {quoted(f'{self.name} is given and …')} before this,"
            f" or {quoted(f'({self.name} or else {self.sample})')} in its place"
        )


class NeverMissing(Diagnostic):
    """`is given` or `is missing` about what is always there; `builtin` where the author did not declare it."""

    id = "never-missing"
    name: str
    builtin: bool

    @property
    def message(self) -> str:
        """Which attribute."""
        return f"{quoted(self.name)} is never missing, so there is nothing to ask"

    @property
    def help(self) -> str:
        """How to go on."""
        if self.builtin:
            return "leave this condition out: every event has it"
        return f"leave this condition out, or declare {quoted(self.name)} as `optional` and without a default"


class UnusedOrElse(Diagnostic):
    """`or else` after what is always there."""

    id = "unused-or-else"
    severity = Severity.WARNING
    name: str

    @property
    def message(self) -> str:
        """Which attribute."""
        return f"{quoted(self.name)} is never missing, so `or else` is never used"

    @property
    def help(self) -> str:
        """How to go on."""
        return "leave `or else` and what follows it out"


class NotAnAttribute(Diagnostic):
    """Something other than an attribute's name before `or else`, `is given` or `is missing`, which `words` says."""

    id = "not-an-attribute"
    words: str
    text: str

    @property
    def message(self) -> str:
        """What stands there."""
        return f"`{self.words}` follows the name of an attribute, and {quoted(self.text)} is none"


class WrongKind(Diagnostic):
    """A value of one kind where another is needed; both are in words. `suggestion` is what to write instead."""

    id = "wrong-kind"
    text: str
    kind: str
    needed: str
    suggestion: str | None = None

    @property
    def message(self) -> str:
        """What it is, and what is needed."""
        return f"{quoted(self.text)} is {self.kind}, and {self.needed} is needed here"

    @property
    def help(self) -> str | None:
        """What to write instead."""
        return None if self.suggestion is None else f"write {quoted(self.suggestion)}"


class ListAsKey(Diagnostic):
    """A list where one value is needed that events share."""

    id = "list-as-key"
    name: str

    @property
    def message(self) -> str:
        """Which list."""
        return f"{quoted(self.name)} is a list, and one value is needed here"


class MisplacedClock(Diagnostic):
    """A clock time, or `time of day`, where it has no meaning."""

    id = "misplaced-time-of-day"
    text: str

    @property
    def message(self) -> str:
        """What stands there."""
        return f"{quoted(self.text)} can't stand here"

    @property
    def help(self) -> str:
        """The one form with clock times."""
        return "hours of the day are written `time of day is between 22:30 and 07:00`"
