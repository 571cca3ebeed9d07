"""One hostile or mistaken input, and the house style that every answer to one must keep."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dsl.checker import check
from dsl.diagnostics import Diagnostic, Severity, show
from dsl.parser import decode
from dsl.source import Source

ROOT = Path(__file__).parents[2]
PROPTECH = "rules/proptech/2.vpi"

LONGEST_MESSAGE = 250
_JARGON = re.compile(
    r"\b(tokens?|Expected|None|Traceback|LALR|grammar|pars(?:e|er|ing)|lexer|lexical|identifiers?|literals?|expressions?|"
    r"operators?|operands?|keywords?|arguments?|exceptions?|enums?|tuples?|dicts?|int|str|bool|regex|nodes?|"
    r"spans?|[A-Z]{2,}_[A-Z_]+|NAME|NUMBER|QUOTED|DOTTED|EOF|eof)\b"
)
"""What only a programmer says; the author's own text, in backticks, is not looked at."""
_CODE = re.compile(r"``.*?``|`[^`]*`")


@dataclass(frozen=True)
class Case:
    """An input by name; `first` is the id that its first error must have, empty for none, None for whichever."""

    name: str
    data: bytes
    first: str | None = None


@cache
def text_of(path: str) -> str:
    """A file of this project."""
    return (ROOT / path).read_text(encoding="utf-8")


def real_files() -> tuple[str, ...]:
    """The paths of rule files that are right."""
    lists = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/price_lists").glob("*.vpi"))
    return (PROPTECH, *lists)


def diagnose(data: bytes) -> tuple[Source, list[Diagnostic]]:
    """What the checker says of a file's bytes."""
    source, found = decode(data, "hostile.vpi")
    if source is None:
        return Source("hostile.vpi", ""), found
    return source, [*found, *check(source)[1]]


def errors(found: list[Diagnostic]) -> list[Diagnostic]:
    """The errors among diagnostics."""
    return [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]


def faults(source: Source, diagnostic: Diagnostic) -> list[str]:
    """What a diagnostic does against the house style; empty where it is as it should be."""
    start, end = diagnostic.span.start, diagnostic.span.end
    said = [diagnostic.message] + ([diagnostic.help] if diagnostic.help is not None else [])
    shown = show(diagnostic, source)
    wrong = {
        "its place lies outside the file": not 0 <= start <= end <= len(source.text),
        "an empty sentence": not all(text.strip() for text in said),
        "a sentence of several lines": any("\n" in text for text in said),
        "a full stop at the end": any(text.endswith(".") for text in said),
        "a capital at the start": any(text[0].isupper() for text in said if not text.startswith("U+")),
        "too long to read": any(len(text) > LONGEST_MESSAGE for text in said),
        "a programmer's word": any(_JARGON.search(_CODE.sub("", text)) for text in said),
        "a character that cannot be shown": not all(c.isprintable() or c == "\n" for c in shown),
        "a snippet that fills the screen": any(len(line) > LONGEST_MESSAGE + 120 for line in shown.split("\n")),
    }
    return [f"{what}: {shown}" for what, true in wrong.items() if true]
