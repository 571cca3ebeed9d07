"""A token: a piece of the text that the grammar takes as one."""

from dsl.source import Span


class Token:
    """A piece of the text, `start` to `end`, of one of the grammar's terminals.

    `text` is as written, or as it should have been written where the lexer has already reported a mistake in it.
    `fresh` says that nothing but comments stands before it on its line.
    """

    __slots__ = ("end", "fresh", "start", "text", "type")

    def __init__(self, kind: str, text: str, start: int, end: int, fresh: bool) -> None:
        self.type = kind
        self.text = text
        self.start = start
        self.end = end
        self.fresh = fresh

    @property
    def span(self) -> Span:
        """Its place."""
        return Span(self.start, self.end)

    def __repr__(self) -> str:
        return f"{self.type}({self.text!r} {self.start}:{self.end}{' fresh' if self.fresh else ''})"
