"""Reads a rule file: its bytes to text, its text to the syntax tree, with every mistake on the way.

`lexer` cuts the text into tokens, `automaton` runs the grammar's tables over them, `expressions`, `prices` and
`declarations` build the tree, and `recovery` goes on after a mistake that `explain` has put into words. `make_tables`,
which needs lark, is not part of a parse.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from dsl import syntax
from dsl.diagnostics import Diagnostic, Severity
from dsl.diagnostics.grammar import MOST_ERRORS, MOST_INTERACTIONS, TooManyErrors, TooManyInteractions
from dsl.diagnostics.lexical import LARGEST_FILE, FileTooLarge, NotUtf8
from dsl.parser.declarations import finished
from dsl.parser.lexer import Lexer
from dsl.parser.place import Piece
from dsl.parser.recovery import PieceParser
from dsl.parser.token import Token
from dsl.source import Source, Span
from dsl.words import CLAUSES, DECLARATIONS

__all__ = ["collector_paused", "decode", "parse"]

_STARTS = {"EVENT": "event", "EVERY": "event", "INTERACTION": "interaction", "EXAMPLE": "example"}
_NAMED = ("EVENT", "INTERACTION", "RULESET", "CURRENCY", "TIMEZONE")
"""What a name follows, which may be `counts`."""
_AFTER_INTERACTION = (*CLAUSES, *DECLARATIONS)
_TYPES = ("BOOLEAN", "INTEGER", "DECIMAL", "STRING", "TIMESTAMP", "ONE", "LIST")


def decode(data: bytes, name: str) -> tuple[Source | None, list[Diagnostic]]:
    """A rule file's bytes as text, without a byte order mark; None with a diagnostic if too large or not UTF-8.

    Where there is no text, the diagnostic's place is the start of a text that is empty but for its line breaks.
    """
    if len(data) > LARGEST_FILE:
        return None, [FileTooLarge(span=Span(0, 0))]
    try:
        return Source(name, data.decode("utf-8").removeprefix("\ufeff")), []
    except UnicodeDecodeError as error:
        return None, [NotUtf8(span=Span(0, 0), line=data.count(b"\n", 0, error.start) + 1)]


def parse(source: Source) -> tuple[syntax.File, list[Diagnostic]]:
    """The tree of a rule file and its mistakes in order of their place. Never raises, whatever the text."""
    with collector_paused():
        return _parse(source)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pauses the collector of cycles: reading a file makes none, and looking for them takes a quarter of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parse(source: Source) -> tuple[syntax.File, list[Diagnostic]]:
    if len(source.text) > LARGEST_FILE:
        return syntax.File(source, (), (), ()), [FileTooLarge(span=Span(0, 0))]
    lexer = Lexer(source)
    lexer.run()
    if len(lexer.diagnostics) >= MOST_ERRORS:
        first = sorted(lexer.diagnostics, key=lambda d: d.span)[:MOST_ERRORS]
        return syntax.File(source, (), (), ()), [*first, TooManyErrors(span=first[-1].span)]
    damage = sorted(d.span.start for d in lexer.diagnostics if d.severity is Severity.ERROR)
    header: list[syntax.HeaderLine] = []
    found: list[syntax.Declaration] = []
    broken: list[syntax.Broken] = []
    diagnostics = lexer.diagnostics
    pending = _pieces(lexer.tokens, source.text)[::-1]
    interactions = 0
    while pending:
        piece = pending.pop()
        interactions += piece.kind == "interaction"
        if interactions > MOST_INTERACTIONS:
            diagnostics.append(TooManyInteractions(span=lexer.tokens[piece.begin].span))
            break
        room = MOST_ERRORS - len(diagnostics)
        if room <= 0:
            diagnostics.append(TooManyErrors(span=lexer.tokens[piece.begin].span))
            break
        result = PieceParser(source, lexer.tokens, piece, damage, room).parse()
        if result.joined is not None:
            following = pending.pop()
            lexer.tokens[following.begin].type = "NAME"
            diagnostics.append(result.joined)
            pending.append(Piece(piece.kind, piece.begin, following.end, broken=True))
            interactions -= piece.kind == "interaction"
            continue
        diagnostics += result.diagnostics
        broken += [result.broken] if result.broken else []
        pending += [result.rest] if result.rest else []
        if result.opened is not None:
            lines, declaration = finished(result.opened)
            header += lines
            found += [declaration] if declaration else []
    diagnostics.sort(key=lambda d: d.span)
    return syntax.File(source, tuple(header), tuple(found), tuple(lexer.comments), tuple(broken)), diagnostics


def _pieces(tokens: list[Token], text: str) -> list[Piece]:
    """The header and the declarations: each of these begins at a hard word, which stands nowhere else."""
    starts = [0] if tokens and tokens[0].type not in _STARTS else []
    for index, token in enumerate(tokens):
        if token.type in _STARTS and not _belongs(tokens, index) and not _an_attribute(tokens, index, starts, text):
            starts.append(index)
    bounds = pairwise([*starts, len(tokens)])
    return [Piece(_STARTS.get(tokens[begin].type, "header"), begin, end) for begin, end in bounds]


def _belongs(tokens: list[Token], index: int) -> bool:
    """Whether `event` ends `every event`, `any event` or `per event`, or `every` stands within a line alone."""
    before = [token.type for token in tokens[max(0, index - 2) : index]]
    if tokens[index].type == "EVENT":
        return before[-1:] in (["EVERY"], ["PER"]) or before == ["COUNTS", "ANY"] or _counted(tokens, index)
    after = tokens[index + 1].type if index + 1 < len(tokens) else ""
    apart = after != "EVENT" and not tokens[index].fresh
    return tokens[index].type == "EVERY" and (apart or _counted(tokens, index))


def _counted(tokens: list[Token], index: int) -> bool:
    """Whether a word is meant as what `counts` counts, on its line: `counts event search`, `counts every event`."""
    if index == 0 or tokens[index - 1].type != "COUNTS" or not tokens[index - 1].fresh or tokens[index].fresh:
        return False
    return index < 2 or tokens[index - 2].type not in _NAMED


def _an_attribute(tokens: list[Token], index: int, starts: list[int], text: str) -> bool:
    """Whether a line such as `every string` is meant as an attribute: indented, below an event, with a type.

    What may also begin a declaration does so, such as `event string`: indentation means nothing.
    """
    token = tokens[index]
    if not starts or not token.fresh or index + 1 == len(tokens) or tokens[index + 1].type not in _TYPES:
        return False
    after = tokens[index + 2] if index + 2 < len(tokens) else None
    if token.type == "EVENT" and (after is None or after.fresh or after.type in ("QUOTED", "SENT")):
        return False
    if token.type == "INTERACTION" and (after is None or after.type == "QUOTED" or after.text in _AFTER_INTERACTION):
        return False
    above = tokens[starts[-1]]
    if _STARTS.get(above.type) != "event":
        return False
    return _column(token, text) > _column(above, text)


def _column(token: Token, text: str) -> int:
    return token.start - text.rfind("\n", 0, token.start)
