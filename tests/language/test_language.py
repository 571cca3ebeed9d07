"""Runs the specification: each rule file of each page of this folder, on the interpreter and as compiled Python.

A page is Markdown. Its headings are the tests' names. A `vpi` block is a rule file: it must check without a word, and
its examples must come out. A `text` block behind it lists what the checker says of it instead, one line each, as
`severity[id]: message`; a file with an error runs no examples. A `vpi prelude` block stands before each later file of
its page, in place of any prelude before it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsl import examples, interpreter
from dsl.checker import check
from dsl.source import Source
from dsl.to_python import compile_ruleset

PAGES = Path(__file__).parent
_PART = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```(?P<info>vpi prelude|vpi|text)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass
class Case:
    """One rule file of a page, and what the checker should say of it."""

    name: str
    text: str
    expected: str = ""


def cases_of(path: Path) -> list[Case]:
    """All rule files of a page, each named after the heading above it."""
    cases: list[Case] = []
    prelude = heading = ""
    for part in _PART.finditer(path.read_text(encoding="utf-8")):
        body = part["body"]
        match part["info"]:
            case None:
                heading = part["heading"]
            case "vpi prelude":
                prelude = body + "\n"
            case "vpi":
                cases.append(Case(f"{path.stem}: {heading}", prelude + body))
            case _:
                cases[-1].expected += body
    return cases


CASES = [case for path in sorted(PAGES.glob("*.md")) for case in cases_of(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_says_what_it_does(case: Case) -> None:
    ruleset, found = check(Source("page.vpi", case.text))
    said = "".join(f"{d.severity}[{d.id}]: {d.message}\n" for d in found)
    assert said == case.expected
    if ruleset is None:
        return
    assert ruleset.examples or case.expected, "a file without an example shows nothing"
    compiled = compile_ruleset(ruleset)
    for name, evaluate in (
        ("interpreted", lambda event, counters: interpreter.evaluate(ruleset, event, counters)),
        ("compiled", compiled.evaluate),
    ):
        failures = examples.run(ruleset, evaluate)
        assert not failures, "\n".join(f"{name}, {f.example}, step {f.step + 1}: {f.message}" for f in failures)


def test_every_page_has_a_title_and_shows_something() -> None:
    pages = sorted(PAGES.glob("*.md"))
    assert pages
    for path in pages:
        assert path.read_text(encoding="utf-8").startswith("# "), path.name
        assert cases_of(path), path.name
