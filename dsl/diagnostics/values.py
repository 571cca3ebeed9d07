"""Mistakes in a value that is written out: a default, a case, a step's value, a date or a time."""

from dsl.diagnostics import Diagnostic, did_you_mean, listed, quoted


class ValueMismatch(Diagnostic):
    """A value of another kind than the attribute's; `expected` is in words."""

    id = "value-mismatch"
    attribute: str
    expected: str
    value: str
    instead: str | None = None

    @property
    def message(self) -> str:
        """What the attribute takes, and what stands there."""
        return f"{quoted(self.attribute)} takes {self.expected}, not {quoted(self.value)}"

    @property
    def help(self) -> str | None:
        """The value with its quotes, or without them, where that is all."""
        return f"write {quoted(self.instead)}" if self.instead else None


class UnknownWord(Diagnostic):
    """A word that is not in the attribute's list."""

    id = "unknown-word"
    attribute: str
    word: str
    words: tuple[str, ...]

    @property
    def message(self) -> str:
        """The list, and the word that is not in it."""
        return f"{quoted(self.attribute)} is one of {listed(self.words)}, never {quoted(self.word)}"

    @property
    def help(self) -> str | None:
        """The nearest word of the list."""
        return did_you_mean(self.word, self.words)


class ValueOutOfRange(Diagnostic):
    """A number outside the attribute's range; the ends are decimal text."""

    id = "value-out-of-range"
    attribute: str
    value: str
    low: str
    high: str

    @property
    def message(self) -> str:
        """The range, and the number outside it."""
        return f"{quoted(self.attribute)} is a number from {self.low} to {self.high}, never {quoted(self.value)}"


class TooManyPlaces(Diagnostic):
    """A number with more digits after the point than are kept where it stands."""

    id = "too-many-places"
    value: str
    most: int

    @property
    def message(self) -> str:
        """How many digits may stand after the point."""
        if self.most == 0:
            return f"{quoted(self.value)} must be a whole number here"
        return f"{quoted(self.value)} has more than {self.most} digits after the point"


class TextTooLong(Diagnostic):
    """A text that no event could hold."""

    id = "text-too-long"
    length: int
    most: int

    @property
    def message(self) -> str:
        """The text's length, and the longest that may be."""
        return f"this text has {self.length:,} characters, and a text has at most {self.most:,}"


class ListTooLong(Diagnostic):
    """A list that no event could hold."""

    id = "list-too-long"
    length: int
    most: int

    @property
    def message(self) -> str:
        """The list's length, and the longest that may be."""
        return f"this list has {self.length} members, and a list has at most {self.most}"


class DateOutOfRange(Diagnostic):
    """A date or time before 1900 or after 2999."""

    id = "date-out-of-range"
    value: str

    @property
    def message(self) -> str:
        """The years that a date may have."""
        return f"{quoted(self.value)} is not within the years 1900 to 2999"


class SkippedTime(Diagnostic):
    """A local time that a clock change skips; `suggestion` is the same with an offset."""

    id = "skipped-time"
    value: str
    zone: str
    suggestion: str

    @property
    def message(self) -> str:
        """Why no clock ever shows it."""
        return f"clocks in {quoted(self.zone)} never show {quoted(self.value)}, since they are put forward past it"

    @property
    def help(self) -> str:
        """The time with an offset."""
        return f"say which moment is meant with an offset from UTC: `{self.suggestion}`"


class RepeatedTime(Diagnostic):
    """A local time that clocks show twice; the suggestions are the same with either offset."""

    id = "repeated-time"
    value: str
    zone: str
    first: str
    second: str

    @property
    def message(self) -> str:
        """Why it is not one moment."""
        return f"clocks in {quoted(self.zone)} show {quoted(self.value)} twice, since they are put back past it"

    @property
    def help(self) -> str:
        """The time with either offset."""
        return f"say which moment is meant with an offset from UTC: `{self.first}` or `{self.second}`"
