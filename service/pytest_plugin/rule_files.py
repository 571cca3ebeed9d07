"""A rule file as tests: `checks` for what `vpi check` says of it, and one test an example."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from dsl import core
from dsl.diagnostics import Diagnostic, Severity, show
from dsl.examples import run
from dsl.source import Source
from dsl.to_python import CompiledRuleset, compile_ruleset
from service.loading import Checked, check_files

_CHECKED = pytest.StashKey[dict[Path, dict[Path, Checked]]]()
LONGEST_NAME = 120
"""Characters of a test's name."""


def shown_path(path: Path) -> Path:
    """A path as people and editors want it: from the current folder where it lies below that."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def name_of_item(text: str) -> str:
    """A text as the name of a test, which is one line and has no `::`: that is what pytest parts names with."""
    visible = "".join(c if c.isprintable() else " " for c in text).replace("::", ":")
    return visible if len(visible) <= LONGEST_NAME else visible[: LONGEST_NAME - 1] + "…"


def headline(item: pytest.Item) -> str:
    """The file and the test. Were it the end of the test's id, pytest would show each full stop in it as `::`."""
    return f"{item.path.name}: {item.name}"


class RuleFile(pytest.File):
    """A `*.vpi` file. It is checked together with the other rule files of its folder, as `vpi check FOLDER` does."""

    def collect(self) -> Iterable[pytest.Item]:
        """One failing item an error; where there is none, an item `checks` that passes, and one an example."""
        self.checked = self._checked()
        errors = [found for found in self.checked.diagnostics if found.severity is Severity.ERROR]
        if not errors:
            yield Check.from_parent(self, name="checks", found=None)
        for found in errors:
            line, column = self.checked.source.position(found.span.start)
            yield Check.from_parent(self, name=f"checks[{found.id} at {line}:{column}]", found=found)
        ruleset = self.checked.ruleset
        for example in () if ruleset is None else ruleset.examples:
            yield Example.from_parent(self, name=name_of_item(example.title), ruleset=ruleset, example=example)

    def _checked(self) -> Checked:
        """This file, checked once a session with all others of its folder."""
        folders = self.config.stash.setdefault(_CHECKED, {})
        folder = self.path.parent
        if self.path not in folders.get(folder, {}):
            files = sorted({*folder.glob("*.vpi"), self.path})
            try:
                checked = check_files([shown_path(path) for path in files if path.is_file()])
            except OSError as error:
                raise self.CollectError(unreadable(error)) from None
            folders[folder] = dict(zip(files, checked, strict=True))
        return folders[folder][self.path]

    @cached_property
    def compiled(self) -> CompiledRuleset:
        """The rules as the service runs them."""
        assert self.checked.ruleset is not None
        return compile_ruleset(self.checked.ruleset)


def unreadable(error: OSError) -> str:
    """Why a file can't be read, in a sentence."""
    return f"can't read {error.filename}: {(error.strerror or str(error)).lower()}"


class Check(pytest.Item):
    """What the check of a file came to: one error, or none at all."""

    parent: RuleFile

    def __init__(self, *, found: Diagnostic | None, **of_node: Any) -> None:
        super().__init__(**of_node)
        self._found = found

    def runtest(self) -> None:
        """Fails with the error as `vpi check` shows it; warnings are a section of the report."""
        checked = self.parent.checked
        if self._found is not None:
            pytest.fail(show(self._found, checked.source), pytrace=False)
        if checked.diagnostics:
            self.add_report_section("call", "warnings", all_shown(checked.diagnostics, checked.source))

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, the line from 0, and what a failure is headed with."""
        return self.path, line_of(self.parent.checked.source, self._found), headline(self)


def line_of(source: Source, found: Diagnostic | None) -> int:
    """The line of a diagnostic, from 0; 0 for none."""
    return 0 if found is None else source.position(found.span.start)[0] - 1


def all_shown(diagnostics: Sequence[Diagnostic], source: Source) -> str:
    """Diagnostics as text, each with its place."""
    return "\n\n".join(show(found, source) for found in diagnostics)


class Example(pytest.Item):
    """One example: its steps in order, from nothing."""

    parent: RuleFile

    def __init__(self, *, ruleset: core.Ruleset, example: core.Example, **of_node: Any) -> None:
        super().__init__(**of_node)
        self._alone = replace(ruleset, examples=(example,))

    def runtest(self) -> None:
        """Fails with every step that did not come out as expected, as `vpi test` shows them."""
        failures = run(self._alone, self.parent.compiled.evaluate)
        if failures:
            shown = all_shown([failure.diagnostic for failure in failures], self.parent.checked.source)
            pytest.fail(shown, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, the example's line from 0, and what a failure is headed with."""
        line, _ = self.parent.checked.source.position(self._alone.examples[0].span.start)
        return self.path, line - 1, headline(self)
