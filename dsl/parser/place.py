"""The place of a syntax error: what stands around it, and what could have stood there."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from dsl.parser.automaton import BREAK, Automaton
from dsl.parser.token import Token
from dsl.source import Source, Span
from dsl.words import CLAUSES


class Piece(NamedTuple):
    """A run of tokens, `begin` to `end`, that one start rule parses: `header`, `event`, `interaction`, `example`."""

    kind: str
    begin: int
    end: int
    broken: bool = False
    """Whether something is known to be wrong with it before it is parsed."""


@dataclass
class Place:
    """A token, at the index `at`, that cannot stand where it stands; `at == end` where something is missing.

    `begin` and `end` bound the piece, `start` is where its clause begins. The machine has taken all before `at`.
    """

    source: Source
    tokens: list[Token]
    kind: str
    begin: int
    start: int
    at: int
    end: int
    machine: Automaton

    @property
    def found(self) -> Token | None:
        """The token that cannot stand here, or None at the end of the piece."""
        return self.tokens[self.at] if self.at < self.end else None

    @property
    def type(self) -> str:
        """The type of the token that cannot stand here; empty at the end."""
        return self.tokens[self.at].type if self.at < self.end else ""

    @property
    def text(self) -> str:
        """Its text; empty at the end."""
        return self.tokens[self.at].text if self.at < self.end else ""

    def follows(self, distance: int = 1) -> Token | None:
        """The token so far behind it, within the piece."""
        index = self.at + distance
        return self.tokens[index] if index < self.end else None

    @property
    def before(self) -> Token | None:
        """The token before it, within the piece."""
        return self.tokens[self.at - 1] if self.at > self.begin else None

    @property
    def first(self) -> Token:
        """The first token of the clause; at the end of a complete piece, the last token."""
        return self.tokens[min(self.start, self.end - 1)]

    @property
    def at_start(self) -> bool:
        """Whether a new clause was to begin here."""
        return self.at == self.start and self.at > self.begin

    @cached_property
    def expected(self) -> frozenset[str]:
        """The terminals that could stand here."""
        return frozenset(self.machine.expected())

    @cached_property
    def complete(self) -> bool:
        """Whether the clause could end here."""
        return self.machine.accepts(self.machine.states, (BREAK,)) == 1

    def fits(self, *kinds: str) -> bool:
        """Whether tokens of these types, in order, could stand here."""
        return self.machine.accepts(self.machine.states, kinds) == len(kinds)

    @property
    def span(self) -> Span:
        """The token that cannot stand here; just after the one before it where that ends its line."""
        found, before = self.found, self.before
        if found is None or (found.fresh and before is not None and not self.at_start):
            end = before.end if before else self.tokens[self.end - 1].end
            return Span(end, end)
        return Span(found.start, found.end)

    @property
    def lines_end(self) -> bool:
        """Whether the line, or the piece, ends here."""
        return self.found is None or (self.found.fresh and not self.at_start)

    @property
    def at_clause_end(self) -> bool:
        """Whether the line ends here, or another clause of an interaction begins."""
        return self.lines_end or self.text in CLAUSES

    def column(self, index: int) -> int:
        """The column of a token, from 1."""
        offset = self.tokens[index].start
        return offset - self.source.text.rfind("\n", 0, offset)

    def deeper(self, index: int) -> bool:
        """Whether a token is indented more than the first line of its declaration."""
        return self.column(index) > self.column(self.begin)

    def deeper_than_clauses(self, index: int) -> bool:
        """Whether a token is indented more than the first clause of its interaction."""
        first = next((i for i in range(self.begin + 1, self.end) if self.tokens[i].fresh), index)
        return self.column(index) > self.column(first)

    def within_cases(self) -> bool:
        """Whether the clause before this one is a `by` price."""
        for index in range(self.start - 1, self.begin, -1):
            if self.tokens[index].type == "BY":
                return self.tokens[index - 1].type == "PRICE"
        return False
