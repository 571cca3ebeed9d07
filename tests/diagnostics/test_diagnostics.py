"""Runs the page of every diagnostic: what it shows is what is said, to the letter.

A page is Markdown. One or more `vpi` blocks, each a whole rule file, stand before a `text` block: all that is said of
them. A block is `example.vpi` unless its info string names it. What is too long to print, or is no text, stands in
angle brackets: `⟨1001× word⟨n⟩ ⟩` is repeated so often, with its number, and `⟨byte FF⟩` is that byte. A line `⋮` in
a `text` block stands for any lines.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsl.diagnostics import catalogue, show
from dsl.parser import decode
from dsl.source import Source
from tests.diagnostics.saying import said_of

PAGES = sorted(Path(__file__).parent.glob("*.md"))
_BLOCK = re.compile(r"^```(?P<kind>vpi|text)(?: (?P<name>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_REPEATED = re.compile(r"⟨(?P<times>\d+)× (?P<what>(?:[^⟨⟩]|⟨n⟩)*)⟩")
_BYTE = re.compile(r"⟨byte ([0-9A-F]{2})⟩")


@dataclass
class Case:
    """Some rule files by name as a page writes them, and what should be said of them."""

    page: str
    files: dict[str, str]
    expected: str


def cases_of(path: Path) -> list[Case]:
    """All cases of a page."""
    cases: list[Case] = []
    files: dict[str, str] = {}
    for block in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        if block["kind"] == "vpi":
            files[block["name"] or "example.vpi"] = block["body"]
        else:
            cases.append(Case(path.stem, files, block["body"].rstrip("\n")))
            files = {}
    assert not files, f"{path.name}: a file without a text block behind it"
    return cases


def _repeated(found: re.Match[str]) -> str:
    return "".join(found["what"].replace("⟨n⟩", str(n)) for n in range(1, int(found["times"]) + 1))


def said(files: dict[str, str]) -> str:
    """What is said of files as a page writes them."""
    whole = {name: _REPEATED.sub(_repeated, text) for name, text in files.items()}
    read: dict[str, str] = {}
    for name, text in whole.items():
        parts = _BYTE.split(text)
        data = b"".join(bytes.fromhex(p) if i % 2 else p.encode() for i, p in enumerate(parts))
        source, found = decode(data, name)
        if source is None:
            return "\n".join(show(d, Source(name, "")) for d in found)
        read[name] = source.text
    return said_of(read)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


CASES = [case for path in PAGES for case in cases_of(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.page)
def test_a_page_shows_what_is_said(case: Case) -> None:
    found, expected = _lines(said(case.files)), _lines(case.expected)
    if "⋮" in expected:
        first = expected.index("⋮")
        found[first : len(found) - len(expected) + first + 1] = ["⋮"]
    assert found == expected


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_about_its_own_diagnostic(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem}\n\n")
    assert not text[len(path.stem) + 4 :].startswith("```"), "say why it is an error before showing it"
    cases = cases_of(path)
    assert cases
    for case in cases:
        assert f"[{path.stem}]" in case.expected


def test_every_diagnostic_has_a_page_and_every_page_a_diagnostic() -> None:
    assert {path.stem for path in PAGES} == set(catalogue())
