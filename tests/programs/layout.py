"""Tokens as text in any layout: blanks, line breaks, blank lines and comments wherever they may stand."""

from collections.abc import Iterable
from random import Random

from tests.programs.model import chance

Tokens = list[str]
BREAK = "\n"
"""A token that stands for nothing: a place where a person would start a new line."""
LINE = "\n\n"
"""The same where everybody does: capital letters are understood behind a key that starts a line of the header."""

_TIGHT_BEFORE = frozenset("),:")
_TIGHT_AFTER = frozenset({"(", ",", ":", "≥", "≤", "≠", "<", ">", "=", ">=", "<=", "!="})
_REMARKS = (
    "see the contract", 'says "20% off"', "agreed on 2026-03-01, §4 ≥ 3", "", "interaction nothing", "# twice",
    "trailing blanks   ", "naïve – ünïcödé 🙂", "\\", "price 0.05", "ask Ann: why (not)?",
)  # fmt: skip


def commas(values: Iterable[Tokens]) -> Tokens:
    """The values' tokens with commas between them."""
    return [token for number, value in enumerate(values) for token in ([",", *value] if number else value)]


class Layout:
    """One way of laying a program out; every program has its own."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._newline = "\r\n" if chance(rng, 8) else "\n"
        self._wild = chance(rng, 30)
        self._remark_percent = rng.choice((0, 0, 5, 15, 40))
        self._tabs = chance(rng, 10)
        self._count = 0

    def text(self, tokens: Tokens) -> str:
        """The tokens as a file's text."""
        rng = self._rng
        out: list[str] = []
        if chance(rng, self._remark_percent):
            out.append(self._remarks())
        previous = ""
        for token in tokens:
            if token in (BREAK, LINE):
                if previous:
                    previous = token if previous != LINE else LINE
                continue
            if previous:
                out.append(self._gap(previous, token))
            out.append(" ".join(token.split(" ")) if token.startswith('"') else self._inner(token))
            previous = token
        out.append(self._ending())
        return "".join(out)

    def _inner(self, token: str) -> str:
        """Words that belong together, sometimes far apart."""
        if " " in token and self._wild and chance(self._rng, 10):
            return self._rng.choice(("  ", self._newline + "  ")).join(token.split(" "))
        return token

    def _gap(self, previous: str, token: str) -> str:
        rng = self._rng
        if previous in (BREAK, LINE):
            if chance(rng, self._remark_percent):
                return self._line_end() + self._remarks() + self._margin()
            if self._wild and previous == BREAK and chance(rng, 30):
                return " " * rng.randint(1, 4)
            return self._line_end() + self._margin()
        if self._wild and chance(rng, 12):
            if chance(rng, self._remark_percent):
                return self._line_end() + self._remarks() + self._margin()
            return self._line_end() + self._margin()
        tight = token in _TIGHT_BEFORE or previous in _TIGHT_AFTER or token in ("≥", "≤", "≠", "=>")
        if tight and chance(rng, 70):
            return ""
        if token == "(" and chance(rng, 20) and previous[-1].isalnum():
            return ""
        return "\t" if self._tabs and chance(rng, 30) else " " * rng.choice((1, 1, 1, 1, 2, 5))

    def _line_end(self) -> str:
        rng = self._rng
        remark = f"{rng.choice(('', ' ', '  '))}{self._remark()}" if chance(rng, self._remark_percent) else ""
        return remark + self._newline * rng.choice((1, 1, 1, 1, 2, 3))

    def _margin(self) -> str:
        return self._rng.choice(("", "  ", "  ", "  ", "      ", "\t" if self._tabs else "    "))

    def _remarks(self) -> str:
        return "".join(
            self._margin() + self._remark() + self._newline * self._rng.choice((1, 1, 2))
            for _ in range(self._rng.choice((1, 1, 2, 3)))
        )

    def _remark(self) -> str:
        self._count += 1
        return f"#{self._rng.choice(('', ' '))}{self._count} {self._rng.choice(_REMARKS)}"

    def _ending(self) -> str:
        if chance(self._rng, self._remark_percent):
            return self._line_end() + self._remarks()
        return self._rng.choice(("", self._newline, self._newline, self._newline * 3))
