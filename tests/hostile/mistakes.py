"""The slips of `mistakes.md` as files, each made from one that is right."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.case import Case, text_of

PAGE = Path(__file__).with_name("mistakes.md")
_CELL = re.compile(r"(?<!\\)\|")


def mistakes() -> Iterator[Case]:
    """Every row of the page, in its order; the name is the heading, what stood there and what she wrote."""
    section = base = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif found := re.match(r"The file is `([^`]+)`\.", line):
            base = text_of(found[1])
        elif line.startswith("| `"):
            stood, wrote, first = (cell.strip() for cell in _CELL.split(line)[1:-1])
            case = f"{section}: {stood} -> {wrote}"
            yield Case(case, _changed(base, stood, wrote).encode(), "" if first == "fine" else first)


def _changed(text: str, stood: str, wrote: str) -> str:
    """The text with the first place of what stood there changed; blanks match any run of blanks."""
    words = stood.strip("`").split()
    pattern = re.compile(r"(?<![\w.])" + r"\s+".join(re.escape(word) for word in words) + r"(?!(?<=\w)\w)")
    instead = wrote.strip("`").replace("⏎", "\n").replace("\\|", "|")
    changed, times = pattern.subn(lambda _: instead, text, count=1)
    assert times == 1, f"{stood} does not stand in the file"
    return changed
