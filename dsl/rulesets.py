"""Several checked versions side by side: what must not change between them, and where their files lie."""

from collections.abc import Sequence
from dataclasses import dataclass

from dsl import core, syntax
from dsl.diagnostics import Diagnostic
from dsl.diagnostics.rulesets import ChangedForLife, EqualEffective, RepeatedVersion, UnlikePlace
from dsl.parser import parse
from dsl.source import Source, Span


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule file that is right by itself."""

    source: Source
    ruleset: core.Ruleset

    def place(self, key: str) -> Span:
        """Where the header says it; the file's start where it does not."""
        file, _ = parse(self.source)
        lines: dict[str, syntax.HeaderLine] = {line.key: line for line in reversed(file.header)}
        return lines[key].value.span if key in lines else Span(0, 0)


def check_together(files: Sequence[Checked]) -> list[tuple[Source, Diagnostic]]:
    """What is wrong between the versions of each ruleset: by file, each version held against those before it.

    Files of any number of rulesets, in any order.
    """
    found: list[tuple[Source, Diagnostic]] = []
    rulesets: dict[str, list[Checked]] = {}
    for file in sorted(files, key=lambda f: (f.ruleset.name, f.ruleset.version, f.source.name)):
        rulesets.setdefault(file.ruleset.name, []).append(file)
    for versions in rulesets.values():
        for index, file in enumerate(versions):
            found += [(file.source, diagnostic) for diagnostic in _against(file, versions[:index])]
    return found


def _against(file: Checked, earlier: Sequence[Checked]) -> list[Diagnostic]:
    if not earlier:
        return []
    ruleset, first, last = file.ruleset, earlier[0].ruleset, earlier[-1]
    if last.ruleset.version == ruleset.version:
        span, other = file.place("version"), last.source.name
        return [RepeatedVersion(span=span, ruleset=ruleset.name, version=ruleset.version, other=other)]
    found: list[Diagnostic] = []
    for key, what, before, here in (
        ("currency", "currency", first.currency, ruleset.currency),
        ("timezone", "time zone", first.zone, ruleset.zone),
    ):
        if before != here:
            found.append(
                ChangedForLife(
                    span=file.place(key),
                    what=what,
                    ruleset=ruleset.name,
                    first=before,
                    first_version=first.version,
                    second=here,
                )
            )
    equal = [e.ruleset.version for e in earlier if e.ruleset.effective == ruleset.effective]
    if equal:
        span = file.place("effective")
        found.append(EqualEffective(span=span, ruleset=ruleset.name, version=ruleset.version, other=equal[-1]))
    return found


def check_place(file: Checked, folder: str, stem: str) -> list[Diagnostic]:
    """What is wrong where a file `FOLDER/STEM.vpi` says another ruleset or version than its place does."""
    found: list[Diagnostic] = []
    if file.ruleset.name != folder:
        span = file.place("ruleset")
        found.append(UnlikePlace(span=span, what="ruleset", written=file.ruleset.name, place=folder))
    if str(file.ruleset.version) != stem:
        span = file.place("version")
        found.append(UnlikePlace(span=span, what="version", written=str(file.ruleset.version), place=stem))
    return found
