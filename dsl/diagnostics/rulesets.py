"""What is said of a file as a whole, where it lies, and what can be wrong between the versions of one ruleset."""

from typing import ClassVar

from dsl.diagnostics import Diagnostic, Severity, quoted

MOST_SHOWN = 100


class MoreMistakes(Diagnostic):
    """More diagnostics than are shown; those left out are no worse than those shown."""

    shown: int
    left: int

    id: ClassVar[str] = "more-mistakes"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{self.shown} mistakes are shown, and {self.left:,} more are not"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "mend these and check again; one cause may have many effects"


class RepeatedVersion(Diagnostic):
    """Two files are one version of one ruleset."""

    ruleset: str
    version: int
    other: str

    id: ClassVar[str] = "repeated-version"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"version {self.version} of {quoted(self.ruleset)} is already in {quoted(self.other)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "give this file the next number"


class ChangedForLife(Diagnostic):
    """A version has another currency, or another time zone, than the one before it."""

    what: str
    ruleset: str
    first: str
    first_version: int
    second: str

    id: ClassVar[str] = "changed-for-life"

    @property
    def message(self) -> str:
        """What is wrong."""
        before = f"{quoted(self.first)} in version {self.first_version}"
        return f"the {self.what} of {quoted(self.ruleset)} is {before}, and {quoted(self.second)} here"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"a ruleset keeps its {self.what} for life; give a ruleset with another one another name"


class EqualEffective(Diagnostic):
    """Two versions begin at one instant."""

    ruleset: str
    version: int
    other: int

    id: ClassVar[str] = "equal-effective"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"versions {self.other} and {self.version} of {quoted(self.ruleset)} take effect at the same time"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"version {self.version} prices every event from then on, and version {self.other} none"


class TotalStartsAgain(Diagnostic):
    """A total of the version before does not carry over, within a period that both versions have a part of."""

    interaction: str
    what: str
    period: str | None
    version: int
    before: int

    id: ClassVar[str] = "total-starts-again"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        within = f", in the middle of {'an' if self.period == 'hour' else 'a'} {self.period}" if self.period else ""
        return f"the {self.what} of {quoted(self.interaction)} starts again at 0 with version {self.version}{within}"

    @property
    def help(self) -> str:
        """What to write instead."""
        kept = {"running total": "period, keys, `by` and unit", "limit": "period and keys", "cap": "period and keys"}
        help_text = f"it goes on where its {kept[self.what]} are those of version {self.before}"
        return f"{help_text}; or let this version take effect with a new {self.period}" if self.period else help_text


class UnlikePlace(Diagnostic):
    """A file's folder or name does not say what its header says."""

    what: str
    written: str
    place: str

    id: ClassVar[str] = "unlike-place"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"the {self.what} is {quoted(self.written)} here, and the file lies under {quoted(self.place)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "a rule file lies at `RULESET/VERSION.vpi`, and its header says the same"
