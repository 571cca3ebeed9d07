"""Cuts a rule file into tokens and comments, and reports what is wrong with its characters.

The patterns are those of the grammar. What matches none of them goes to `mistakes`, which reports it and, where it is
clear what was meant, goes on with the token that should have been there, so that one slip makes one error.
"""

import re
import unicodedata
from functools import cache

from dsl.diagnostics import Diagnostic
from dsl.diagnostics.lexical import (
    DEEPEST_NESTING,
    LONGEST_FILE,
    LONGEST_NAME,
    LONGEST_NUMBER,
    BadDate,
    BadTime,
    FileTooLong,
    ForeignWord,
    InvisibleCharacter,
    NameTooLong,
    NestingTooDeep,
    NumberTooLong,
    TextNotNfc,
)
from dsl.parser.automaton import tables
from dsl.parser.calendar import moment, why_no_date, why_no_time
from dsl.parser.mistakes import MISTAKES
from dsl.parser.token import Token
from dsl.source import Source, Span
from dsl.syntax import Comment
from dsl.words import DECLARATIONS, RESERVED

MOST_MISTAKES = 100
JUNK = "JUNK"
"""The type of a token that can stand nowhere: it stands for text that was reported already."""

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
"""A run of control and format characters, those that reorder text, fillers, and lone surrogates."""

_BLANKS = re.compile(r"[ \t\r\n]+")

_LISTED = re.compile(r"[0-9]+(_[0-9]+)*(\.[0-9]+)?(?=,[0-9])")
"""A number in a list with no blank after its comma."""

_LISTING = frozenset(("OF", "NAME", "DECIMAL", "INTEGER", "STRING"))
"""What a list in parentheses may follow: rightly only `of`, but `in (1,2)` and `decimal(10,2)` hold no fractions."""

_FOREIGN_WORDS = {
    "true": ("YES", "write `yes`"),
    "false": ("NO", "write `no`"),
    "null": (JUNK, "a value that is not there is `missing`, as in `query is missing`; in an example, leave it out"),
}


@cache
def _pattern() -> re.Pattern[str]:
    """All that is right, behind any blanks, as it is tried in order; each form must not run on into something else."""
    forms = {name: re.sub(r"(?<!\\)\((?!\?)", "(?:", text) for name, text in tables().patterns.items()}
    marks = "|".join(re.escape(mark) for mark in sorted(tables().marks, key=len, reverse=True))
    return re.compile(
        rf"""(?P<BLANK>[ \t\r\n]*)(?:(?P<WORD>(?:{forms["DOTTED"]}|{forms["NAME"]})(?![\w.]))
        |(?P<INSTANT>{forms["INSTANT"]}(?![\w.:%+-]))
        |(?P<CALENDAR_DATE>{forms["CALENDAR_DATE"]}(?![\w.:%-]))
        |(?P<CLOCK_TIME>{forms["CLOCK_TIME"]}(?![\w.:%]))
        |(?P<PERCENT>{forms["PERCENT"]}(?![\w.%]))
        |(?P<NUMBER>{forms["NUMBER"]}(?![\w.%]|[:,][0-9]|-[0-9]+-[0-9]))
        |(?P<QUOTED>{forms["QUOTED"]})
        |(?P<COMMENT>[#][^\n]*)
        |(?P<SIGN>(?:{forms["SIGN"]})(?![=<>]))
        |(?P<MARK>(?:{marks})(?![=>*/]|-[ ])))""",
        re.VERBOSE,
    )


@cache
def _plain() -> dict[str, str]:
    """The words and marks of the language that nothing needs to be looked at for, each with its type."""
    looked_at = {*DECLARATIONS, "as", "(", ")"}
    return {text: kind for text, kind in (*tables().words.items(), *tables().marks.items()) if text not in looked_at}


class Lexer:
    """One run over one text; `tokens`, `comments` and `diagnostics` are its results."""

    def __init__(self, source: Source) -> None:
        self.text = source.text
        self.tokens: list[Token] = []
        self.comments: list[Comment] = []
        self.diagnostics: list[Diagnostic] = []
        self.fresh = True
        self._open: list[bool] = []
        """For each open parenthesis, whether numbers in it may be parted by bare commas."""

    def run(self) -> None:
        """Reads the whole text, or up to the hundredth mistake."""
        self._find_invisible()
        match, text, plain = _pattern().match, self.text, _plain()
        at, end, tokens = 0, len(text), self.tokens
        while at < end:
            found = match(text, at)
            if len(tokens) + len(self.comments) > LONGEST_FILE:
                self.report(FileTooLong(span=Span(at, at + 1)))
                tokens.clear()
                return
            if found is None:
                if len(self.diagnostics) >= MOST_MISTAKES:
                    break
                at = self._beyond(at)
                continue
            at, stop = found.span(kind := found.lastgroup)  # type: ignore[arg-type]
            if "\n" in found["BLANK"]:
                self.fresh = True
            token = text[at:stop]
            if (known := plain.get(token)) is not None:
                tokens.append(Token(known, token, at, stop, self.fresh))
                self.fresh = False
            elif kind == "WORD":
                self.word(token, at, stop)
            elif kind == "COMMENT":
                self.comments.append(Comment(Span(at, stop), token.rstrip(), self._alone(at)))
            else:
                self.add(str(kind), token, at, stop)
            at = stop

    def _beyond(self, at: int) -> int:
        """Skips blanks, or reports what stands where nothing right does; returns where to go on."""
        blanks = _BLANKS.match(self.text, at)
        if blanks is None:
            return self._mistake(at)
        self.fresh = self.fresh or "\n" in blanks.group()
        return blanks.end()

    def add(self, kind: str, text: str, start: int, end: int) -> None:
        """Adds a token, looking at what its kind asks to be looked at."""
        if kind == "MARK":
            kind = tables().marks[text]
            if (kind == "LPAR" and not self._opens(start)) or (kind == "RPAR" and not self._closes()):
                return
        elif kind in ("NUMBER", "PERCENT"):
            digits = (
                len(text) - text.count("_") - text.count(".") - text.count("%") if len(text) > LONGEST_NUMBER else 0
            )
            if digits > LONGEST_NUMBER:
                self.report(NumberTooLong(span=Span(start, end), length=digits))
                text = "1%" if kind == "PERCENT" else "1"
        elif kind == "QUOTED":
            if not text.isascii() and not unicodedata.is_normalized("NFC", text):
                self.report(TextNotNfc(span=Span(start, end), text=text[1:-1]))
        elif kind in ("CALENDAR_DATE", "INSTANT", "CLOCK_TIME"):
            text = self._checked_moment(kind, text, Span(start, end))
        self.tokens.append(Token(kind, text, start, end, self.fresh))
        self.fresh = False

    def word(self, text: str, start: int, end: int) -> None:
        """Adds a word of the language or a name."""
        kind = tables().words.get(text)
        if kind is None:
            kind = "DOTTED" if "." in text else "NAME"
            if text == "else":
                if self.tokens and self.tokens[-1].type == "OR":
                    self.tokens[-1] = Token("OR_ELSE", "or else", self.tokens[-1].start, end, self.tokens[-1].fresh)
                    return
                kind = "ELSE"
            elif text in RESERVED:
                kind = "RESERVED"
            elif text in _FOREIGN_WORDS:
                kind, advice = _FOREIGN_WORDS[text]
                self.report(ForeignWord(span=Span(start, end), word=text, advice=advice))
            elif len(text) > LONGEST_NAME:
                self.report(NameTooLong(span=Span(start, end), length=len(text)))
                text = text[:LONGEST_NAME].rstrip(".")
        elif self.fresh and text in DECLARATIONS:
            self._open.clear()
        elif kind == "AS" and self._before() == "sent" and (self._before(2) != "counts" or self._before(3) == "event"):
            # Only the name of an event that is counted may be `sent` and stand before `as`.
            self.tokens[-1].type = "SENT"
        self.tokens.append(Token(kind, text, start, end, self.fresh))
        self.fresh = False

    def _before(self, distance: int = 1) -> str:
        """The text of an earlier token; empty where there is none."""
        return self.tokens[-distance].text if len(self.tokens) >= distance else ""

    def report(self, diagnostic: Diagnostic) -> None:
        """Keeps a diagnostic, up to the hundredth."""
        if len(self.diagnostics) < MOST_MISTAKES:
            self.diagnostics.append(diagnostic)

    def _opens(self, at: int) -> bool:
        """Notes an opening parenthesis; False where it is one too deep, and left out."""
        self._open.append(bool(self.tokens) and self.tokens[-1].type in _LISTING)
        if len(self._open) == DEEPEST_NESTING + 1:
            self.report(NestingTooDeep(span=Span(at, at + 1)))
        return len(self._open) <= DEEPEST_NESTING

    def _closes(self) -> bool:
        """Notes a closing parenthesis; False where the one that it closes was left out."""
        deep = len(self._open) > DEEPEST_NESTING
        if self._open:
            self._open.pop()
        return not deep

    def _checked_moment(self, kind: str, text: str, span: Span) -> str:
        """Reports a date or time that does not exist, and puts one that does in its place."""
        if moment(kind, text) is not None:
            return text
        if why := why_no_date(text) if kind != "CLOCK_TIME" else None:
            self.report(BadDate(span=span, text=text, why=why))
        else:
            self.report(BadTime(span=span, text=text, why=why_no_time(text)))
        return {
            "CALENDAR_DATE": "2000-01-01",
            "INSTANT": "2000-01-01T00:00Z",
            "CLOCK_TIME": "23:59" if text > "23:59" else "00:00",
        }[kind]

    def _alone(self, at: int) -> bool:
        """Whether a comment has its line to itself."""
        return not self.text[self.text.rfind("\n", 0, at) + 1 : at].strip()

    def _find_invisible(self) -> None:
        """Reports invisible characters wherever they are, in texts and comments too: one for each run of them."""
        if self.text.isascii() and self.text.isprintable():
            return
        for found in _INVISIBLE.finditer(self.text):
            if len(self.diagnostics) >= MOST_MISTAKES:
                return
            self.report(InvisibleCharacter(span=Span(*found.span()), character=found.group()[0]))

    def _joined(self, at: int, end: int) -> int:
        """Joins the two halves of a word around an invisible character; returns where to go on."""
        last = self.tokens[-1] if self.tokens else None
        rest = re.compile("[a-z0-9_]+").match(self.text, end)
        if last is None or rest is None or last.end != at or not last.text[-1:].isalnum():
            return end
        self.tokens.pop()
        self.fresh = last.fresh
        self.word(last.text + rest.group(), last.start, rest.end())
        return rest.end()

    def _mistake(self, at: int) -> int:
        """Reports what stands at a place where nothing right does; returns where to go on."""
        if found := _INVISIBLE.match(self.text, at):
            return self._joined(at, found.end())
        if self._open and self._open[-1] and (found := _LISTED.match(self.text, at)):
            self.add("NUMBER", found.group(), at, found.end())
            return found.end()
        for form, handle in MISTAKES:
            if found := form.match(self.text, at):
                return handle(self, found)
        raise AssertionError("the last form matches any character")
