"""Whatever the text, a parse gives a tree and diagnostics whose places lie in the text; a right text gives none."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.diagnostics import as_data, show
from dsl.parser import parse
from dsl.parser.automaton import tables
from dsl.source import Source

ROOT = Path(__file__).parents[3]
REAL = sorted((*ROOT.glob("rules/*/*.vpi"), *ROOT.glob("tests/price_lists/*.vpi")))
TEXTS = [path.read_text(encoding="utf-8") for path in REAL]
PIECE = re.compile(r'\s+|\w+|"[^"\n]*"|.')
WORDS = sorted({*tables().words, *tables().marks, "else", "sent", "fee", "until"})
ODD = [
    "x",
    "a.b",
    "1",
    "0.5",
    "5%",
    '"t"',
    "2026-07-01",
    "22:30",
    "≥",
    "=",
    "\n",
    "\n  ",
    " ",
    "USD",
    "$",
    "(",
    ")",
    "“",
    "\u200b",
]


def holds(text: str) -> None:
    """A parse of the text keeps its promises."""
    source = Source("example.vpi", text)
    file, diagnostics = parse(source)
    places = [d.span for d in diagnostics]
    assert places == sorted(places)
    for diagnostic in diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
        assert show(diagnostic, source) and as_data(diagnostic, source)["id"] == diagnostic.id
    for node in (*file.header, *file.declarations, *file.comments, *file.broken):
        assert 0 <= node.span.start <= node.span.end <= len(text)
    assert diagnostics or not file.broken


@given(st.text())
def test_any_text(text: str) -> None:
    holds(text)


@settings(max_examples=300)
@given(st.lists(st.sampled_from([*WORDS, *ODD]), max_size=60))
def test_any_words(words: list[str]) -> None:
    holds(" ".join(words))


@settings(max_examples=300)
@given(st.data())
def test_real_files_with_slips(data: st.DataObject) -> None:
    pieces = PIECE.findall(data.draw(st.sampled_from(TEXTS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(pieces) - 1))
        match data.draw(st.sampled_from(["drop", "double", "put", "replace", "swap", "cut"])):
            case "drop":
                del pieces[at]
            case "double":
                pieces.insert(at, pieces[at])
            case "put":
                pieces.insert(at, data.draw(st.sampled_from([*WORDS, *ODD])))
            case "replace":
                pieces[at] = data.draw(st.sampled_from([*WORDS, *ODD]))
            case "swap":
                other = data.draw(st.integers(0, len(pieces) - 1))
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case _:
                pieces = pieces[: at + 1]
        if not pieces:
            return
    holds("".join(pieces))


def test_real_files_are_right() -> None:
    assert REAL
    for text in TEXTS:
        file, diagnostics = parse(Source("example.vpi", text))
        assert [d.id for d in diagnostics] == [] and file.declarations and not file.broken
