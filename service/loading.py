"""Rule files from disk: which a path names, what is wrong with them, and the versions that they make."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.checker import check
from dsl.core import Ruleset
from dsl.diagnostics import Diagnostic, Severity
from dsl.examples import Failure, run
from dsl.parser import decode
from dsl.rulesets import Checked as Sound
from dsl.rulesets import check_place, check_together
from dsl.source import Source
from dsl.to_python import compile_ruleset
from service.registry import Registry, Version

_NAME_AND_VERSION = re.compile(r"([a-z][a-z0-9_]*)@([1-9][0-9]{0,9})\Z")


class NoRules(Exception):
    """A path names no rule file; the text says what was looked for."""


@dataclass(frozen=True)
class Checked:
    """A rule file, checked; `ruleset` is None where it has an error."""

    source: Source
    ruleset: Ruleset | None
    diagnostics: tuple[Diagnostic, ...]


def find(paths: Sequence[str], rules: Path) -> list[Path]:
    """The rule files that paths name: a file, a folder (all below it), or `NAME@VERSION` within `rules`; each once.

    Raises NoRules.
    """
    found: dict[Path, None] = {}
    for given in paths or [str(rules)]:
        for path in _find_one(given, rules):
            found[path] = None
    return list(found)


def _find_one(given: str, rules: Path) -> list[Path]:
    if not given:
        raise NoRules("a path is empty; the folder that you are in is `.`")
    path = Path(given)
    if path.is_dir():
        files = sorted(path.rglob("*.vpi"), key=_natural)
        if not files:
            raise NoRules(f"no rule file (*.vpi) in {given}")
        return files
    if path.exists():
        return [path]
    named = _NAME_AND_VERSION.match(given)
    if named:
        path = rules / named[1] / f"{named[2]}.vpi"
        if path.is_file():
            return [path]
        raise NoRules(f"no version {named[2]} of {named[1]}: there is no {path}")
    raise NoRules(f"no such file or folder: {given}")


def _natural(path: Path) -> tuple[str, int, str]:
    return str(path.parent), int(path.stem) if path.stem.isascii() and path.stem.isdigit() else 0, path.name


def check_text(name: str, text: str) -> Checked:
    """A rule file that is in memory, checked."""
    return check_bytes(name, text.encode("utf-8", "surrogatepass"))


def check_bytes(name: str, data: bytes) -> Checked:
    """A rule file's bytes, checked."""
    source, diagnostics = decode(data, name)
    if source is None:
        return Checked(Source(name, ""), None, tuple(diagnostics))
    ruleset, found = check(source)
    return Checked(source, ruleset, (*diagnostics, *found))


def check_files(paths: Sequence[Path]) -> list[Checked]:
    """Rule files, each checked by itself, then the versions of one ruleset against each other. Raises OSError."""
    checked = [_in_place(path, check_bytes(str(path), path.read_bytes())) for path in paths]
    crossed = across(checked)
    return [Checked(one.source, one.ruleset, (*one.diagnostics, *crossed.get(one.source.name, ()))) for one in checked]


def _in_place(path: Path, checked: Checked) -> Checked:
    """A file whose name is a number lies in a rules folder: its header must say what its place does."""
    if checked.ruleset is None or not (path.stem.isascii() and path.stem.isdigit()):
        return checked
    found = check_place(Sound(checked.source, checked.ruleset), path.resolve().parent.name, path.stem)
    return Checked(checked.source, checked.ruleset, (*checked.diagnostics, *found))


def across(checked: Sequence[Checked]) -> Mapping[str, Sequence[Diagnostic]]:
    """What is wrong between files that are each sound, by the file's name."""
    found: dict[str, list[Diagnostic]] = {}
    sound_files = [Sound(one.source, one.ruleset) for one in checked if one.ruleset is not None]
    for source, diagnostic in check_together(sound_files):
        found.setdefault(source.name, []).append(diagnostic)
    return found


def sound(checked: Sequence[Checked]) -> bool:
    """Whether no file has an error."""
    return all(one.ruleset is not None for one in checked) and not any(
        diagnostic.severity is Severity.ERROR for one in checked for diagnostic in one.diagnostics
    )


def failed_examples(checked: Sequence[Checked]) -> list[tuple[Checked, Failure]]:
    """The examples of files that are sound, run: the steps that did not come out as expected."""
    rulesets = [(one, one.ruleset) for one in checked if one.ruleset is not None and one.ruleset.examples]
    return [(one, failure) for one, rules in rulesets for failure in run(rules, compile_ruleset(rules).evaluate)]


def registry_of(checked: Sequence[Checked]) -> Registry:
    """The registry of files that are sound."""
    return Registry(Version(one.ruleset, one.source.text) for one in checked if one.ruleset is not None)
