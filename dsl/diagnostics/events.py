"""Mistakes in the declarations of events and their attributes."""

from dsl.diagnostics import Diagnostic, Severity, quoted


class DuplicateEvent(Diagnostic):
    """An event type that is declared again; `first` is the number of the line that declares it already."""

    id = "duplicate-event"
    name: str
    first: int

    @property
    def message(self) -> str:
        """Which event type."""
        return f"the event {quoted(self.name)} is declared twice"

    @property
    def help(self) -> str:
        """Where the first one is."""
        return f"put its attributes together in one place; the first is on line {self.first}"


class IndentedEvent(Diagnostic):
    """`event string` on a line that looks like an attribute of the event above it."""

    id = "indented-event"
    severity = Severity.WARNING
    name: str
    above: str

    @property
    def message(self) -> str:
        """What the line is."""
        return f"this begins an event called {quoted(self.name)}; it is no attribute of {quoted(self.above)}"

    @property
    def help(self) -> str:
        """How to write the one and the other."""
        return (
            'an attribute cannot be called `event`: choose another name, and `sent as "event"` keeps the one that is '
            "sent; an event begins where the one above it does"
        )


class DuplicateEveryEvent(Diagnostic):
    """A second `every event`; `first` is the number of the first one's line."""

    id = "duplicate-every-event"
    first: int

    @property
    def message(self) -> str:
        """What is there twice."""
        return "`every event` stands here a second time"

    @property
    def help(self) -> str:
        """Where the first one is."""
        return f"put its attributes together in one place; the first is on line {self.first}"


class DuplicateAttribute(Diagnostic):
    """An attribute that its event has already, from line `first`; `everywhere` where it has it from `every event`."""

    id = "duplicate-attribute"
    name: str
    first: int
    everywhere: bool

    @property
    def message(self) -> str:
        """Which attribute, and why it is there already."""
        if self.everywhere:
            return f"{quoted(self.name)} is an attribute of every event already"
        return f"the attribute {quoted(self.name)} is declared twice"

    @property
    def help(self) -> str:
        """Where the first one is."""
        return f"leave this line out, or give it another name; the first is on line {self.first}"


class DuplicateOutsideName(Diagnostic):
    """Two event types, or two attributes of an event, that are sent under one name."""

    id = "duplicate-outside-name"
    what: str
    outside: str
    other: str

    @property
    def message(self) -> str:
        """The name, and what has it already."""
        return f"{self.what} {quoted(self.other)} is sent as {quoted(self.outside)} already"

    @property
    def help(self) -> str:
        """How to tell them apart."""
        return "give one of the two another name after `sent as`"


class PathConflict(Diagnostic):
    """A path that would be both a value and a holder of values."""

    id = "path-conflict"
    shorter: str
    longer: str

    @property
    def message(self) -> str:
        """The two paths."""
        return f"{quoted(self.shorter)} and {quoted(self.longer)} can't both be in one event"

    @property
    def help(self) -> str:
        """Why they exclude each other."""
        return f"{quoted(self.shorter)} is either a value of its own or holds others; rename one of the two"


class BuiltInRedeclared(Diagnostic):
    """An attribute with the name of a built-in."""

    id = "built-in-redeclared"
    name: str

    @property
    def message(self) -> str:
        """Which name."""
        return f"every event has {'an' if self.name == 'id' else 'a'} {quoted(self.name)} of its own"

    @property
    def help(self) -> str:
        """How to go on."""
        return (
            f"leave this line out to use that one; if your event carries another, call it `my_{self.name}` and add"
            f' `sent as "{self.name}"`'
        )


class BadOutsideName(Diagnostic):
    """A `sent as` that names nothing."""

    id = "bad-outside-name"
    name: str
    most: int

    @property
    def message(self) -> str:
        """What is wrong with the name."""
        if len(self.name) > self.most:
            return f"the name after `sent as` has {len(self.name):,} characters, and a name has at most {self.most}"
        if not self.name:
            return "the name after `sent as` is empty"
        return f"{quoted(self.name)} has nothing before or after one of its dots"

    @property
    def help(self) -> str | None:
        """What dots do."""
        return 'a dot goes one level down, as in `sent as "filters.minPrice"`' if "." in self.name else None


class RangeReversed(Diagnostic):
    """A range whose first end is above its second."""

    id = "range-reversed"
    low: str
    high: str

    @property
    def message(self) -> str:
        """The range."""
        return f"no number is in the range from {quoted(self.low)} to {quoted(self.high)}"

    @property
    def help(self) -> str:
        """The range the other way round."""
        return f"the smaller number comes first: {quoted(f'from {self.high} to {self.low}')}"


class RangeTooWide(Diagnostic):
    """An end of a range that no value of the type reaches; `type` is `integer` or `decimal`."""

    id = "range-too-wide"
    type: str
    end: str
    low: str
    high: str

    @property
    def message(self) -> str:
        """The end, and how far the type goes."""
        article = "an" if self.type == "integer" else "a"
        return f"{quoted(self.end)} is beyond what {article} {quoted(self.type)} can be, {self.low} to {self.high}"


class RepeatedWord(Diagnostic):
    """A word that stands twice in a list of words."""

    id = "repeated-word"
    word: str

    @property
    def message(self) -> str:
        """Which word."""
        return f"{quoted(self.word)} is in the list twice"


class EmptyWord(Diagnostic):
    """A word without a letter in a list of words."""

    id = "empty-word"

    @property
    def message(self) -> str:
        """What is wrong."""
        return "a word of a list can't be empty"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "leave it out; write `optional` after the list if the attribute may be missing"


class TooManyEvents(Diagnostic):
    """More event types than a file may have."""

    id = "too-many-events"
    most: int

    @property
    def message(self) -> str:
        """The limit."""
        return f"a file declares at most {self.most:,} events, and this is one more"


class TooManyAttributesTogether(Diagnostic):
    """More attributes than all events together may have; those of `every event` count for each."""

    id = "too-many-attributes-together"
    most: int

    @property
    def message(self) -> str:
        """The limit."""
        return f"all events together have at most {self.most:,} attributes, and from here on they have more"

    @property
    def help(self) -> str:
        """What counts."""
        return "the attributes of `every event` count for each event; declare only those that a rule reads"
