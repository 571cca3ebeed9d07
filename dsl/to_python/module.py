"""The Python module that is being written: its lines, its constants, its helper functions, and how names are spelt."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from dsl.core import ClockBetween, Expression, Read
from dsl.traversal import below, reads_of

_UNSAFE = re.compile(r"[^a-z0-9_]")
_BUILT_INS = {"id": "id_", "source": "source_", "type": "type_", "subject": "subject", "time": "time"}

LONGEST_PIECE = 200_000
"""Characters of source after which a new piece begins."""


class Local(str):
    """A piece of a sentence that is the code of a text, not text."""


class Module:
    """Lines of Python and the objects that they name.

    All text constants are global names, so that no generated expression holds a quote or a backslash, and any of them
    may stand within an f-string.
    """

    def __init__(self) -> None:
        self.namespace: dict[str, object] = {}
        self._functions: list[str] = []
        self._statements: list[str] = []
        self._lines: list[str] = []
        self._indent = 1
        self._texts: dict[str, str] = {}
        self._names: dict[tuple[bool, str], str] = {}
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    # ── names ───────────────────────────────────────────────────────────────

    def fresh(self, prefix: str) -> str:
        """A global name that nothing has yet."""
        number = self._counts[prefix] = self._counts.get(prefix, -1) + 1
        return f"{prefix}{number}"

    def constant(self, value: object, prefix: str = "K") -> str:
        """A global name for an object."""
        name = self.fresh(prefix)
        self.namespace[name] = value
        return name

    def text(self, value: str) -> str:
        """A global name for a text, one for each text."""
        name = self._texts.get(value)
        if name is None:
            name = self._texts[value] = self.constant(value, f"S_{_UNSAFE.sub('_', value.lower())[:24]}_")
        return name

    def value(self, value: object) -> str:
        """The code of a value at rest."""
        if isinstance(value, str):
            return self.text(value)
        if value == ():
            return "()"
        return self.constant(value) if isinstance(value, tuple) else f"({value})"

    def variable(self, name: str, builtin: bool = False) -> str:
        """The local name that holds an attribute's value wherever it is read."""
        if builtin:
            return _BUILT_INS[name]
        known = self._names.get((builtin, name))
        if known is None:
            plain = "v_" + _UNSAFE.sub("_", name)
            known = plain
            while known in self._taken:
                known = f"{plain}_{len(self._taken)}"
            self._taken.add(known)
            self._names[builtin, name] = known
        return known

    def read(self, read: Read) -> str:
        """The local name of what is read."""
        return self.variable(read.name, read.builtin)

    def parameters(self, *expressions: Expression | None) -> list[str]:
        """The local names of all that some expressions read, once each; `time` where they read a clock."""
        given = [expression for expression in expressions if expression is not None]
        names = dict.fromkeys(self.read(read) for expression in given for read in reads_of(expression))
        if any(isinstance(node, ClockBetween) for expression in given for node in below(expression)):
            names["time"] = None
        return list(names)

    # ── lines ───────────────────────────────────────────────────────────────

    def line(self, text: str) -> None:
        """A line at the current indentation."""
        self._lines.append("    " * self._indent + text)

    def record(self, name: str, kind: type, **fields: str) -> None:
        """A local that is a new object of one of the dataclasses of `dsl.evaluation`; fields that are not given have
        their defaults. Its slots are filled one by one: its own `__init__` would take twice as long."""
        stores = [f"{name} = new({kind.__name__})"]
        for field in dataclasses.fields(kind):
            code = fields[field.name] if field.name in fields else self.value(field.default)
            stores.append(f"{name}.{field.name} = {code}")
        self.line("; ".join(stores))

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A line that ends in a colon, and the lines below it."""
        self.line(head)
        self._indent += 1
        yield
        self._indent -= 1

    @contextmanager
    def function(self, name: str, parameters: Iterable[str]) -> Iterator[None]:
        """A global function; another may be written while one is open."""
        saved, self._lines, indent, self._indent = self._lines, [], self._indent, 1
        yield
        self._functions.append("\n".join((f"def {name}({', '.join(parameters)}):", *self._lines, "", "")))
        self._lines, self._indent = saved, indent

    def statement(self, text: str) -> None:
        """A line that runs once, after all functions are defined."""
        self._statements.append(text)

    def take(self) -> list[str]:
        """The source of what was written since this was last asked, in pieces that run one after the other.

        Python's compiler needs a hundred times the memory of what it compiles; hence pieces.
        """
        pieces: list[list[str]] = [[]]
        length = 0
        for part in (*self._functions, *self._statements):
            if length > LONGEST_PIECE:
                pieces.append([])
                length = 0
            pieces[-1].append(part)
            length += len(part)
        self._functions, self._statements = [], []
        return ["\n".join([*piece, ""]) for piece in pieces]


def literal(text: str) -> str:
    """Text as it stands within an f-string in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped)


def tuple_of(codes: Sequence[str]) -> str:
    """The code of a tuple."""
    return f"({', '.join(codes)}{',' if len(codes) == 1 else ''})"
