"""What is said of a file as a whole, where it lies, and what can be wrong between the versions of one ruleset."""

from dataclasses import dataclass
from typing import ClassVar

from dsl.diagnostics import Diagnostic, Severity, quoted

MOST_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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
