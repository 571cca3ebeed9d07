"""Reads a rule file: its bytes to text, its text to the syntax tree, with every mistake on the way.

`lexer` cuts the text into tokens, `automaton` runs the grammar's tables over them, `expressions`, `prices` and
`declarations` build the tree, and `recovery` goes on after a mistake that `explain` has put into words. `make_tables`,
which needs lark, is not part of a parse.
"""

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

__all__ = ["decode", "parse"]

_STARTS = {"EVENT": "event", "EVERY": "event", "INTERACTION": "interaction", "EXAMPLE": "example"}


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
    if len(source.text) > LARGEST_FILE:
        return syntax.File(source, (), (), ()), [FileTooLarge(span=Span(0, 0))]
    lexer = Lexer(source)
    lexer.run()
    damage = sorted(d.span.start for d in lexer.diagnostics if d.severity is Severity.ERROR)
    header: list[syntax.HeaderLine] = []
    found: list[syntax.Declaration] = []
    broken: list[syntax.Broken] = []
    diagnostics = lexer.diagnostics
    pending = _pieces(lexer.tokens)[::-1]
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
        diagnostics += result.diagnostics
        broken += [result.broken] if result.broken else []
        pending += [result.rest] if result.rest else []
        if result.opened is not None:
            lines, declaration = finished(result.opened)
            header += lines
            found += [declaration] if declaration else []
    diagnostics.sort(key=lambda d: d.span)
    return syntax.File(source, tuple(header), tuple(found), tuple(lexer.comments), tuple(broken)), diagnostics


def _pieces(tokens: list[Token]) -> list[Piece]:
    """The header and the declarations: each of these begins at a hard word, which stands nowhere else."""
    starts = [0] if tokens and tokens[0].type not in _STARTS else []
    for index, token in enumerate(tokens):
        if token.type in _STARTS and not (token.type == "EVENT" and _belongs(tokens, index)):
            starts.append(index)
    bounds = pairwise([*starts, len(tokens)])
    return [Piece(_STARTS.get(tokens[begin].type, "header"), begin, end) for begin, end in bounds]


def _belongs(tokens: list[Token], index: int) -> bool:
    """Whether `event` ends `every event`, `counts any event` or `per event`, and begins no declaration."""
    before = [token.type for token in tokens[max(0, index - 2) : index]]
    return before[-1:] in (["EVERY"], ["PER"]) or before == ["COUNTS", "ANY"]
