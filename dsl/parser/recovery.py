"""Parses one declaration, and after a mistake goes on with what follows it.

A mistake costs the clause, attribute or step that it is in. What was complete before it is kept; parsing goes on at
the next line that looks like the start of another one. Layout means nothing to the grammar, but it is the best sign of
what an author meant, and here it is used for nothing else.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from dsl import syntax
from dsl.diagnostics import Diagnostic, nearest
from dsl.diagnostics.misplaced import CaseNeedsQuotes, ClauseOutside
from dsl.parser import declarations, expressions, prices
from dsl.parser.automaton import BREAK, Action, Automaton
from dsl.parser.builder import Builder, Open, TooLong
from dsl.parser.explain import explain
from dsl.parser.place import Piece, Place
from dsl.parser.remedy import Dropped, Joined, NewPiece, Repair, Rephrased, Requoted
from dsl.parser.token import Token
from dsl.source import Source, Span
from dsl.words import CLAUSES, DECLARATIONS, HEADER

ACTIONS: dict[str, Action] = {**expressions.ACTIONS, **prices.ACTIONS, **declarations.ACTIONS}

_HEADS: dict[str, tuple[tuple[str, str], ...]] = {
    "header": (),
    "event": (("EVENT", "event"), ("NAME", "name")),
    "interaction": (("INTERACTION", "interaction"), ("NAME", "name")),
    "example": (("EXAMPLE", "example"), ("QUOTED", '""')),
}
"""A first line to parse on with, where the author's own could not be read."""

_STARTERS = frozenset((*CLAUSES, *DECLARATIONS, *HEADER))


def _near_clause(token: Token) -> bool:
    """Whether a name is most likely a misspelt clause."""
    return token.type == "NAME" and nearest(token.text, CLAUSES) is not None


@dataclass
class Result:
    """What a piece came to: the declaration as far as it was read, whether it is whole, and what is wrong."""

    opened: Open | None
    broken: syntax.Broken | None
    diagnostics: list[Diagnostic]
    rest: Piece | None = None
    """A part of the piece that turned out to be a declaration of its own."""
    joined: Diagnostic | None = None
    """Says that the next piece belongs to this one: the word that begins it was to be a name."""


MOST_REPAIRS = 100
"""Of one piece; what is wrong beyond them is left out with its clause."""


LONGEST_REWIND = 2_000
"""How many tokens of a clause are read again for a better message; more would double the time of a huge one."""


class PieceParser:
    """Parses one piece of the tokens; `damage` holds the offsets of what the lexer reported, in order."""

    def __init__(self, source: Source, tokens: list[Token], piece: Piece, damage: Sequence[int], room: int) -> None:
        self.source = source
        self.tokens = tokens
        self.kind, self.begin, self.end, self.broken = piece
        self.damage = damage
        self.room = room
        self.builder = Builder(source)
        self.headless = False
        self.repaired: set[int] = set()
        self.replaced: set[int] = set()
        self.rest: Piece | None = None
        self.joined: Diagnostic | None = None
        self.machine = self._machine()

    def _machine(self) -> Automaton:
        machine = Automaton(self.kind, self.builder, ACTIONS)
        if self.kind == "header":
            place = self.tokens[self.begin].start
            machine.run([Token(BREAK, "", place, place, False)], 0, 1)
        return machine

    def parse(self) -> Result:
        """Reads the whole piece, or up to as many mistakes as there is room for."""
        at = self.begin
        while True:
            try:
                at = self.machine.run(self.tokens, at, self.end)
                if at == self.end and isinstance(opened := self.machine.finish(), Open):
                    return self._result(opened)
                if len(self.builder.diagnostics) >= self.room:
                    return self._result(None)
                at = self._recover(at)
                if self.joined or self.begin == self.end:
                    return self._result(None)
            except TooLong:
                at = self._give_up()

    def _result(self, opened: Open | None) -> Result:
        kind = "every event" if self.tokens[self.begin].type == "EVERY" else self.kind
        name = opened.name if opened else None
        shown = name.value if isinstance(name, syntax.Text) else name.text if name else None
        span = self.tokens[self.begin].span.to(self.tokens[self.end - 1].span)
        broken = syntax.Broken(span, kind, None if self.headless else shown) if self.broken else None  # type: ignore[arg-type]
        return Result(None if self.headless else opened, broken, self.builder.diagnostics, self.rest, self.joined)

    def _recover(self, at: int) -> int:
        """Explains a mistake before the token at an index and puts it right or drops it; returns where to go on."""
        start = self._clause_start(at)
        if start < at < self.end and self.tokens[at].fresh and self._column(at) <= self._column(start):
            start = at if self.machine.close() else start
        if (taken := self._taken_for_more(start)) is not None:
            start, at = self._without_last(taken)
        elif (swallowed := self._swallowed(start, at)) is not None:
            at = self._back_to(start, swallowed)
        else:
            self._rewind(start, at)
        place = Place(self.source, self.tokens, self.kind, self.begin, start, at, self.end, self.machine)
        remedy = explain(place)
        if isinstance(remedy, Joined):
            self.joined = remedy.diagnostic
            return self.end
        self._report(remedy.diagnostic, start, at)
        self.broken = True
        # A place is put right once: taken back before it, the machine would come here again, and again. And only so
        # many places: to look at one may take as long as its clause.
        if isinstance(remedy, Rephrased) and at not in self.repaired and len(self.repaired) < MOST_REPAIRS:
            self.repaired.add(at)
            if remedy.part:
                self._without_last(remedy.begin)
            else:
                self._reread(start, remedy.begin)
            whole = self.tokens[remedy.begin].span.to(self.tokens[remedy.stop - 1].span)
            return self._fed(remedy.feed, whole, remedy.stop)
        if isinstance(remedy, Repair) and at not in self.repaired and len(self.repaired) < MOST_REPAIRS:
            self.repaired.add(at)
            if len(remedy.feed) == remedy.skip:
                for index, (kind, text) in enumerate(remedy.feed, at):
                    self._replace(index, kind, text)
                return at
            here = self.tokens[at].span if remedy.skip else place.span
            return self._fed(remedy.feed, here, at + remedy.skip)
        if isinstance(remedy, NewPiece):
            self._begin_another(remedy.kind, start)
            at = min(at, self.end)
        if isinstance(remedy, Requoted) and (opened := self.machine.top(Open)) is not None and opened.parts:
            self._replace(start, "QUOTED", f'"{self.tokens[start].text}"')
            return self._without_last(start)[1]
        # A price by cases that lacks some of them would be wrong in another way.
        drop = isinstance(remedy, Dropped) or [t.type for t in self.tokens[start : min(start + 2, at)]] == [
            "PRICE",
            "BY",
        ]
        if (drop or not self.machine.close()) and not self.machine.unwind(Open):
            self._replace_head()
        return self._next_start(start, at)

    def _fed(self, feed: Sequence[tuple[str, str]], place: Span, at: int) -> int:
        """Takes the tokens that were meant, all of them at one place; the index to go on from."""
        tokens = [Token(kind, text, place.start, place.end, False) for kind, text in feed]
        self.machine.run(tokens, 0, len(tokens))
        return at

    def _replace(self, index: int, kind: str, text: str) -> None:
        """Puts another token in place of one that was reported: read again, it is no mistake any more."""
        old = self.tokens[index]
        self.tokens[index] = Token(kind, text, old.start, old.end, old.fresh)
        self.replaced.add(old.start)

    def _forget_from(self, offset: int) -> None:
        """Drops the diagnostics of what is read again, but those of tokens that were replaced."""
        found = self.builder.diagnostics
        found[:] = [d for d in found if d.span.start < offset or d.span.start in self.replaced]

    def _begin_another(self, word: str, start: int) -> None:
        """Ends the piece before the clause, which is the first line of a declaration with its word misspelt."""
        self._replace(start, word.upper(), word)
        self.rest = Piece("event" if word == "every" else word, start, self.end)
        self.end = start

    def _give_up(self) -> int:
        """Drops the clause of an expression that is too long; returns where to go on."""
        self.broken = True
        last = self.builder.diagnostics[-1].span.end
        at = bisect_left(self.tokens, last, self.begin, self.end, key=lambda token: token.start)
        start = self._clause_start(at)
        if not self.machine.unwind(Open):
            self._replace_head()
        return self._next_start(start, at)

    def _report(self, diagnostic: Diagnostic, start: int, at: int) -> None:
        """Keeps a diagnostic, unless the lexer reported something in the same clause: the likely cause."""
        first = self.tokens[start].start
        last = self.source.text.find("\n", self.tokens[min(at, self.end - 1)].start)
        last = last if last >= 0 else len(self.source.text)
        found = bisect_left(self.damage, first)
        if found < len(self.damage) and self.damage[found] < last:
            return
        about = self.builder.diagnostics[-3:]
        if not isinstance(diagnostic, CaseNeedsQuotes) and any(first <= d.span.start < last for d in about):
            return
        if isinstance(diagnostic, ClauseOutside) and any(d.id == diagnostic.id for d in self.builder.diagnostics):
            return
        self.builder.diagnostics.append(diagnostic)

    def _clause_start(self, at: int) -> int:
        """The index of the first token of the clause that the machine is in the middle of."""
        offset = self.machine.start_above(Open)
        index = min(at, self.end - 1)
        if offset is None:
            if at < self.end and self.tokens[at].fresh:
                return at
            # What follows a complete clause on its line is a mistake of that clause.
            while index > self.begin and not self.tokens[index].fresh:
                index -= 1
            return index
        while index > self.begin and self.tokens[index].start > offset:
            index -= 1
        return index

    def _swallowed(self, start: int, at: int) -> int | None:
        """A line's first word, after `start`, that begins a clause but was read as a name of the clause before it."""
        for index in range(start + 1, min(at, self.end)):
            token = self.tokens[index]
            if not token.fresh:
                continue
            if self.kind == "interaction" and token.text not in CLAUSES and not _near_clause(token):
                continue
            if self.kind == "header" and token.text not in HEADER:
                continue
            if self.kind == "example" or self._column(index) > self._column(start):
                continue
            return index
        return None

    def _rewind(self, start: int, at: int) -> None:
        """Takes the clause again, up to the token at an index: that token has closed what could have gone on."""
        if not 0 < at - start <= LONGEST_REWIND or any(start <= index <= at for index in self.repaired):
            return
        self._forget_from(self.tokens[start].start)
        self._reread(start, at)

    def _reread(self, start: int, at: int) -> None:
        """Takes the clause from its start again, up to the token at an index."""
        opened, offset = self.machine.top(Open), self.tokens[start].start
        if not self.machine.unwind(Open):
            self.machine = self._machine()
        elif opened.parts and opened.parts[-1].span.start == offset:
            opened.parts.pop()
        self.machine.run(self.tokens, start, at)

    def _taken_for_more(self, start: int) -> int | None:
        """The line's first word, if it ended the part before, as its unit or value, where that was left out."""
        while start > self.begin and not self.tokens[start].fresh:
            start -= 1
        opened = self.machine.top(Open)
        if opened is None or not opened.parts or start == self.begin:
            return None
        part = opened.parts[-1].span
        return start if part.start < self.tokens[start].start < part.end else None

    def _without_last(self, index: int) -> tuple[int, int]:
        """Takes back the last part, which holds the token at an index; where it starts, and where it cannot go on."""
        self.machine.unwind(Open)
        offset = self.machine.top(Open).parts.pop().span.start
        start = bisect_left(self.tokens, offset, self.begin, self.end, key=lambda token: token.start)
        return start, self.machine.run(self.tokens, start, index)

    def _back_to(self, start: int, index: int) -> int:
        """Takes the machine back to where it was before the token at an index, or where it could go no further."""
        self._forget_from(self.tokens[index].start)
        if not self.machine.unwind(Open):
            self.machine = self._machine()
        return self.machine.run(self.tokens, start, index)

    def _replace_head(self) -> None:
        """Starts the machine again behind a first line that could not be read."""
        self.headless = True
        self.machine = self._machine()
        place = self.tokens[self.begin].start
        head = [Token(kind, text, place, place, False) for kind, text in _HEADS[self.kind]]
        self.machine.run(head, 0, len(head))
        self.machine.close()

    def _next_start(self, start: int, at: int) -> int:
        """The index where the next clause, attribute or step seems to begin."""
        tokens = self.tokens
        one_line = not any(t.fresh for t in tokens[self.begin + 1 : self.end])
        column = self._column(start) if tokens[start].fresh and start > self.begin else None
        for index in range(at if at > start else at + 1, self.end):
            token = tokens[index]
            if not token.fresh and not (one_line and token.text in CLAUSES):
                continue
            kinds = [t.type for t in tokens[index : min(index + 2, self.end)]]
            if self.machine.accepts(self.machine.states, kinds) == len(kinds):
                return index
            plain = token.type in ("NAME", "DOTTED", "RESERVED", "JUNK", "ELSE") or token.text in _STARTERS
            if plain and token.fresh and column is not None and self._column(index) <= column:
                return index
        return self.end

    def _column(self, index: int) -> int:
        offset = self.tokens[index].start
        return offset - self.source.text.rfind("\n", 0, offset)
