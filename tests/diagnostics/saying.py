"""What is said of the files of a page: by the checker, by their own examples, and between the versions of a ruleset."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from dsl import examples, interpreter
from dsl.checker import check
from dsl.core import Ruleset
from dsl.diagnostics import Diagnostic, show
from dsl.evaluation import Counters, Evaluation, Refusal
from dsl.event import Event
from dsl.rulesets import Checked, check_place, check_together
from dsl.source import Source


def diagnostics_of(files: Mapping[str, str]) -> list[tuple[Source, Diagnostic]]:
    """All diagnostics of some rule files by name. A name with a folder is also held against what the file says."""
    found: list[tuple[Source, Diagnostic]] = []
    checked: list[Checked] = []
    for name, text in files.items():
        source = Source(name, text)
        ruleset, diagnostics = check(source)
        found += [(source, d) for d in diagnostics]
        if ruleset is None:
            continue
        found += [(source, d) for d in _failures(ruleset)]
        checked.append(Checked(source, ruleset))
        path = PurePosixPath(name)
        if path.parent.name:
            found += [(source, d) for d in check_place(checked[-1], path.parent.name, path.stem)]
    return found + check_together(checked)


def said_of(files: Mapping[str, str]) -> str:
    """The same as people see it."""
    return "\n".join(show(diagnostic, source) for source, diagnostic in diagnostics_of(files))


def _failures(ruleset: Ruleset) -> list[Diagnostic]:
    def evaluate(event: Event, counters: Counters) -> Evaluation | Refusal:
        return interpreter.evaluate(ruleset, event, counters)

    return [failure.diagnostic for failure in examples.run(ruleset, evaluate)]
