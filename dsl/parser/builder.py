"""What building the tree of one declaration needs: the text, the mistakes found, and how deep expressions are."""

from dataclasses import dataclass, field
from typing import Any, Literal

from dsl import syntax
from dsl.diagnostics import Diagnostic
from dsl.diagnostics.grammar import MOST_STEPS, ExpressionTooLong
from dsl.source import Source, Span

Kind = Literal["header", "every event", "event", "interaction", "example"]


@dataclass
class Open:
    """A declaration of which more may follow: its first line, and the parts read so far."""

    kind: Kind
    span: Span
    name: syntax.Name | syntax.Path | syntax.Text | None = None
    sent_as: syntax.Text | None = None
    label: syntax.Text | None = None
    parts: list[Any] = field(default_factory=list)


class TooLong(Exception):
    """An expression has more steps than what reads the tree later could follow; reported already."""


class Builder:
    """Passed to every rule's function."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self._heights: dict[int, tuple[syntax.Node, int]] = {}

    def report(self, diagnostic: Diagnostic) -> None:
        """Keeps a diagnostic, unless the last is of its kind and within it: one cause, found again further out."""
        last = self.diagnostics[-1] if self.diagnostics else None
        if last is not None and last.id == diagnostic.id and last.span.start >= diagnostic.span.start:
            return
        self.diagnostics.append(diagnostic)

    def built(self, node: Any, *operands: Any) -> Any:
        """An expression over operands; raises TooLong where it is too deep."""
        heights = self._heights
        height = 1 + max((heights[id(o)][1] for o in operands if id(o) in heights), default=0)
        if height > MOST_STEPS:
            self.report(ExpressionTooLong(span=node.span))
            raise TooLong
        heights[id(node)] = (node, height)  # holds the node too, so that its id is not used again
        return node

    def forget(self) -> None:
        """Drops the heights of a clause that is complete."""
        self._heights.clear()
