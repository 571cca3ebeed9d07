"""What those who recognise mistakes need of the lexer."""

from typing import Protocol

from dsl.diagnostics import Diagnostic
from dsl.parser.token import Token

DECLARATIONS = ("EVENT", "EVERY", "INTERACTION", "EXAMPLE")
"""What a line begins with that declares something; the header is what stands before the first of them."""
_HEADER_TOKENS = 10
"""Five lines of two words or values each."""


class Reader(Protocol):
    """The lexer while it reads, after the token before and `fresh` at the start of a line."""

    text: str
    tokens: list[Token]
    fresh: bool

    def add(self, kind: str, text: str, start: int, end: int) -> None:
        """Adds a token that is no word."""

    def word(self, text: str, start: int, end: int) -> None:
        """Adds a word or name."""

    def report(self, diagnostic: Diagnostic) -> None:
        """Keeps a diagnostic."""


def in_header(reader: Reader) -> bool:
    """Whether nothing is declared yet, as far as the header's own length."""
    return not any(token.type in DECLARATIONS for token in reader.tokens[:_HEADER_TOKENS])
