"""What is wrong with a rule file, said in a pricing owner's words.

Each mistake is a class of its own: its fields hold what the sentence needs, its `id` never changes once published.
The modules of this package hold the mistakes, one module a stage of checking; `catalogue()` lists them all.
Each has a page `tests/diagnostics/<id>.md` that shows it and fixes its exact words.
"""

import difflib
from collections.abc import Iterable
from enum import StrEnum
from inspect import get_annotations
from typing import Any, ClassVar, dataclass_transform

from dsl.source import Source, Span

LONGEST_QUOTE = 40
LONGEST_SNIPPET = 120


class Severity(StrEnum):
    """An error keeps a file from being used; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass_transform(frozen_default=True, kw_only_default=True)
class _Fields:
    """A frozen dataclass by name without its price: to generate so many would take a third of a small check's time."""

    _needed: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._needed = cls._needed.union(name for name in get_annotations(cls) if not hasattr(cls, name))

    def __init__(self, **fields: Any) -> None:
        if not self._needed <= fields.keys():
            raise TypeError(f"{type(self).__name__} needs {sorted(self._needed - fields.keys())}")
        self.__dict__.update(fields)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"the {name} of a diagnostic never changes")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class Diagnostic(_Fields):
    """One mistake at one place; subclasses give `id`, `message` and, where there is one, `help`.

    The annotated names of a subclass are its fields, given by name.
    """

    span: Span

    id: ClassVar[str] = ""
    severity: ClassVar[Severity] = Severity.ERROR
    _known: ClassVar[dict[str, type["Diagnostic"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.id:
            if cls.id in Diagnostic._known:
                raise TypeError(f"two diagnostics have the id {cls.id}")
            Diagnostic._known[cls.id] = cls

    @property
    def message(self) -> str:
        """One lower-case sentence without a full stop; the author's own text stands in backticks."""
        raise NotImplementedError

    @property
    def help(self) -> str | None:
        """What to write instead, or None."""
        return None


def catalogue() -> dict[str, type[Diagnostic]]:
    """Every kind of diagnostic that the imported modules define, by id."""
    return dict(Diagnostic._known)


def quoted(text: str) -> str:
    """The author's own text in backticks, shortened, with control characters and backticks made visible."""
    shown = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    visible = "".join(c if c.isprintable() and c != "`" else f"U+{ord(c):04X}" for c in shown)
    return f"`{visible}`"


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name most like `name` among `names`, or None where none is near."""
    candidates = sorted(set(names) - {name})
    if len(name) > 64 or not candidates:
        return None
    folded = [n for n in candidates if n.casefold().replace("_", "") == name.casefold().replace("_", "")]
    close = folded or difflib.get_close_matches(name, candidates[:2000], n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """The help sentence for a misspelt name, or None."""
    near = nearest(name, names)
    return None if near is None else f"did you mean {quoted(near)}?"


def listed(words: Iterable[str], last: str = "or", most: int = 8) -> str:
    """Names as people list them: `a`, `b` or `c`; at most `most`, then a count of the others."""
    names = [quoted(w) for w in words]
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} others"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def show(diagnostic: Diagnostic, source: Source) -> str:
    """A diagnostic as text: place, severity and id, message, the line with the place marked, help."""
    line, column = source.position(diagnostic.span.start)
    end_line, end_column = source.position(max(diagnostic.span.start, diagnostic.span.end))
    head = f"{source.name}:{line}:{column}: {diagnostic.severity}[{diagnostic.id}]: {diagnostic.message}"
    text = source.line(line)
    width = (end_column if end_line == line else len(text) + 1) - column
    skipped = 0
    if len(text) > LONGEST_SNIPPET:
        skipped = max(0, column - 1 - LONGEST_SNIPPET // 2)
        text = text[skipped : skipped + LONGEST_SNIPPET]
    width = max(1, min(width, len(text) - (column - 1 - skipped)))
    visible = "".join(c if c.isprintable() else " " if c == "\t" else "·" for c in text)
    margin = f"{line:>5} | "
    marks = " " * (len(margin) - 2) + "| " + " " * (column - 1 - skipped) + "^" * width
    lines = [head, margin + visible, marks]
    if diagnostic.help is not None:
        lines.append(f"  help: {diagnostic.help}")
    return "\n".join(lines)


def as_data(diagnostic: Diagnostic, source: Source) -> dict[str, object]:
    """A diagnostic as plain data, the shape that `--json` prints; places count from 1, ends are exclusive."""
    line, column = source.position(diagnostic.span.start)
    end_line, end_column = source.position(max(diagnostic.span.start, diagnostic.span.end))
    return {
        "id": diagnostic.id,
        "severity": str(diagnostic.severity),
        "path": source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "message": diagnostic.message,
        "help": diagnostic.help,
    }
