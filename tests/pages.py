"""Reads the project's pages, so that tests can try what they show: rule files, tables, commands, links."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for path in ROOT.rglob("README.md")
    if not any(part.startswith(".") or part == "node_modules" for part in path.relative_to(ROOT).parts)
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass
class RuleFile:
    """A rule file that a page shows; `expected` is the text block behind it, what the checker says of the file."""

    name: str
    text: str
    expected: str = ""


@dataclass
class Table:
    """A table: the heading above it, its head and rows as cells, and the prelude that holds where it stands."""

    heading: str
    head: tuple[str, ...]
    prelude: str
    rows: list[tuple[str, ...]] = field(default_factory=list)


@dataclass
class Page:
    """What a page shows.

    `rules` are the rule files, each with the last `vpi prelude` block above it unless it has a header of its own;
    `plain` are the lines of blocks without a language; `prose` is everything outside of blocks.
    """

    path: Path
    rules: list[RuleFile] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    prose: str = ""

    @property
    def name(self) -> str:
        """Its path within the project."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def spans(self) -> list[str]:
        """All that stands in backticks outside of blocks."""
        return spans(self.prose)

    @property
    def links(self) -> list[str]:
        """Where its links lead, as written."""
        return _LINK.findall(self.prose)

    def table(self, head: str) -> Table:
        """The one table whose head begins with that cell."""
        (found,) = [table for table in self.tables if table.head[0] == head]
        return found


def spans(markdown: str) -> list[str]:
    """All that stands in single backticks."""
    return _SPAN.findall(markdown)


def anchor(heading: str) -> str:
    """What a link to a heading ends in."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def read(path: Path) -> Page:
    """The page at a path."""
    page = Page(path)
    prose: list[str] = []
    prelude, info, block = "", None, list[str]()
    for line in path.read_text(encoding="utf-8").splitlines():
        if info is not None and line == "```":
            prelude = _keep(page, info, "".join(f"{kept}\n" for kept in block), prelude)
            info = None
        elif info is not None:
            block.append(line)
        elif line.startswith("```"):
            info, block = line.removeprefix("```"), []
        else:
            if line.startswith("#"):
                page.headings.append(line.lstrip("#").strip())
            elif line.startswith("|"):
                _row(page, line, not prose[-1].startswith("|"), prelude)
            prose.append(line)
    page.prose = "\n".join(prose)
    return page


def _keep(page: Page, info: str, text: str, prelude: str) -> str:
    """Keeps a block that has ended; returns the prelude that holds from here on."""
    heading = page.headings[-1] if page.headings else ""
    match info:
        case "vpi prelude":
            return text + "\n"
        case "vpi":
            whole = re.search(r"^ruleset\b", text, re.MULTILINE) is not None
            page.rules.append(RuleFile(f"{page.name}: {heading}", text if whole else prelude + text))
        case "text" if page.rules:
            page.rules[-1].expected += text
        case "":
            page.plain += text.splitlines()
    return prelude


def _row(page: Page, line: str, first: bool, prelude: str) -> None:
    cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
    if first:
        page.tables.append(Table(page.headings[-1] if page.headings else "", cells, prelude))
    elif not re.fullmatch(r"[|: -]+", line):
        page.tables[-1].rows.append(cells)
