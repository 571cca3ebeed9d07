"""Every form of the language becomes the tree that `trees.md` shows; the places of its parts are those of its text."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from dsl import syntax
from dsl.parser import parse
from dsl.source import Source, Span

PAGE = Path(__file__).with_name("trees.md")
HEADS = {"interaction": "interaction x\n  ", "event": "event x\n  ", "example": 'example "x"\n  '}
_CASE = re.compile(r"^## Within an (\w+)$|^```vpi\n(.*?)^```\n\n```tree\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WIDTH = 100


def parsed(kind: str, form: str) -> tuple[Source, syntax.Node]:
    """A form as the only part of a declaration."""
    source = Source("example.vpi", f"{HEADS[kind]}{form}\n")
    file, diagnostics = parse(source)
    assert not diagnostics, diagnostics
    (declaration,) = file.declarations
    parts = {syntax.Interaction: "clauses", syntax.Event: "attributes", syntax.Example: "steps"}
    (part,) = getattr(declaration, parts[type(declaration)])
    return source, part


def tree_of(kind: str, form: str) -> str:
    """The tree of a form, as the page shows it."""
    return "\n".join(shown(parsed(kind, form)[1]))


def shown(node: object) -> list[str]:
    """A node in one line, or over several where it is long."""
    flat = flat_tree(node)
    if len(flat) <= _WIDTH or not isinstance(node, syntax.Node | tuple):
        return [flat]
    parts = list(node) if isinstance(node, tuple) else [v for v in values(node) if v not in (None, (), False)]
    head = "(" if isinstance(node, tuple) else f"{type(node).__name__}("
    return [head, *(f"  {line}" for part in parts for line in shown(part)), ")"]


def values(node: syntax.Node) -> list[object]:
    """The fields of a node but its span."""
    return [getattr(node, field.name) for field in fields(node) if field.name != "span"]


def flat_tree(node: object) -> str:
    """A node in one line."""
    if isinstance(node, syntax.Node):
        inner = [flat_tree(value) for value in values(node)]
        while inner and inner[-1] == "-":
            inner.pop()
        return f"{type(node).__name__}({', '.join(inner)})"
    if isinstance(node, Span):
        return f"{node.start}–{node.end}"
    if isinstance(node, tuple):
        return f"({', '.join(flat_tree(part) for part in node)})" if node else "-"
    return "-" if node is None or node is False else "true" if node is True else str(node)


def cases() -> Iterator[tuple[str, str, str]]:
    """The declaration, the form and its tree, of each pair of blocks."""
    kind = ""
    for found in _CASE.finditer(PAGE.read_text(encoding="utf-8")):
        if found[1]:
            kind = found[1]
        else:
            yield kind, found[2].rstrip("\n"), found[3].rstrip("\n")


@pytest.mark.parametrize(("kind", "form", "tree"), list(cases()) if PAGE.exists() else [])
def test_a_form_becomes_its_tree(kind: str, form: str, tree: str) -> None:
    assert tree_of(kind, form) == tree


@pytest.mark.parametrize(("kind", "form", "tree"), list(cases()) if PAGE.exists() else [])
def test_the_places_are_those_of_the_text(kind: str, form: str, tree: str) -> None:
    source, part = parsed(kind, form)
    assert source.slice(part.span) == form

    def check(node: object, start: int, end: int) -> None:
        if isinstance(node, tuple):
            for each in node:
                check(each, start, end)
        elif isinstance(node, syntax.Node):
            text = source.slice(node.span)
            assert start <= node.span.start <= node.span.end <= end
            assert text == text.strip() != ""
            if isinstance(node, syntax.Name | syntax.Path | syntax.Number | syntax.Percent | syntax.Timestamp):
                assert text == node.text
            for value in values(node):
                check(value, node.span.start, node.span.end)

    check(part, part.span.start, part.span.end)
