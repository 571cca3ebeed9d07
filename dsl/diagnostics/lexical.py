"""Mistakes in the characters of a rule file: text, numbers, quotes and signs, before any of it is put together."""

import unicodedata

from dsl.diagnostics import Diagnostic, Severity, listed, quoted

LARGEST_FILE = 1_048_576
LONGEST_FILE = 250_000
LONGEST_NAME = 256
LONGEST_NUMBER = 40
DEEPEST_NESTING = 64


def _named(character: str) -> str:
    """A character by its number and name, for one that cannot be shown."""
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}{f' ({name})' if name else ''}"


# ── the file ────────────────────────────────────────────────────────────────


class NotUtf8(Diagnostic):
    """The bytes are not UTF-8; `line` counts from 1."""

    id = "not-utf8"
    line: int

    @property
    def message(self) -> str:
        return f"line {self.line} holds a character that is not saved as UTF-8"

    @property
    def help(self) -> str:
        return "save the file again with the encoding UTF-8"


class FileTooLarge(Diagnostic):
    """More than 1 MiB."""

    id = "file-too-large"

    @property
    def message(self) -> str:
        return f"the file is too large: a rule file holds at most {LARGEST_FILE:,} bytes"

    @property
    def help(self) -> str:
        return "divide it into several rulesets"


class FileTooLong(Diagnostic):
    """More than 250,000 words, numbers and signs."""

    id = "file-too-long"

    @property
    def message(self) -> str:
        return f"the file is too long: a rule file holds at most {LONGEST_FILE:,} words, numbers and signs"

    @property
    def help(self) -> str:
        return "divide it into several rulesets"


# ── characters ──────────────────────────────────────────────────────────────


class InvisibleCharacter(Diagnostic):
    """A control or format character, which shows nothing or reorders what is shown."""

    id = "invisible-character"
    character: str

    @property
    def message(self) -> str:
        return f"an invisible character stands here: {_named(self.character)}"

    @property
    def help(self) -> str:
        return "delete it; the text may not read as it looks"


class StrangeBlank(Diagnostic):
    """A blank other than the plain one, such as a no-break space."""

    id = "strange-blank"
    character: str

    @property
    def message(self) -> str:
        return f"this blank is not a plain one: {_named(self.character)}"

    @property
    def help(self) -> str:
        return "replace it by a plain blank, from the space bar"


class UnknownCharacter(Diagnostic):
    """A character that has no meaning in the language; `advice` says what may have been meant."""

    id = "unknown-character"
    character: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"{quoted(self.character)} has no meaning in a rule file"

    @property
    def help(self) -> str | None:
        return self.advice


class LookAlikeLetter(Diagnostic):
    """A letter of another alphabet that looks like a Latin one."""

    id = "look-alike-letter"
    character: str
    latin: str
    name: str

    @property
    def message(self) -> str:
        shown = f"the {quoted(self.character)} in {quoted(self.name)}"
        return f"{shown} is not the letter that it looks like, but {_named(self.character)}"

    @property
    def help(self) -> str:
        return f"type the Latin letter {quoted(self.latin)} in its place"


class LetterOutsideNames(Diagnostic):
    """A letter that names do not have, such as `é`."""

    id = "letter-outside-names"
    name: str
    instead: str | None

    @property
    def message(self) -> str:
        return f"{quoted(self.name)} has a letter that names do not have: they are made of a to z, 0 to 9 and _"

    @property
    def help(self) -> str:
        if self.instead:
            return f"write {quoted(self.instead)}; a word in double quotes may have any letters"
        return "write the name in Latin letters; a word in double quotes may have any letters"


class UpperCase(Diagnostic):
    """Capital letters in a name, or in a word of the language, as `word` says; `value` where a word may stand."""

    id = "upper-case"
    name: str
    instead: str
    word: bool
    value: bool = True

    @property
    def message(self) -> str:
        return f"{quoted(self.name)} has capital letters; all words and names are written in small letters"

    @property
    def help(self) -> str:
        if self.word or not self.value:
            return f"write {quoted(self.instead)}"
        return f"write {quoted(self.instead)}, or, if it is a word of a list, {quoted(chr(34) + self.name + chr(34))}"


class BadName(Diagnostic):
    """A name with a stray point, or that begins with `_`."""

    id = "bad-name"
    name: str
    instead: str | None

    @property
    def message(self) -> str:
        return f"{quoted(self.name)} is not a name: a name begins with a letter, and points stand between its parts"

    @property
    def help(self) -> str | None:
        return f"write {quoted(self.instead)}" if self.instead else None


class NameTooLong(Diagnostic):
    """More than 256 characters."""

    id = "name-too-long"
    length: int

    @property
    def message(self) -> str:
        return f"this name has {self.length:,} characters; a name or a word has at most {LONGEST_NAME}"


# ── numbers ─────────────────────────────────────────────────────────────────


class DecimalComma(Diagnostic):
    """`0,05` or `1,000`."""

    id = "decimal-comma"
    number: str

    @property
    def message(self) -> str:
        return f"a number has no comma: {quoted(self.number)}"

    @property
    def help(self) -> str:
        whole, *groups = self.number.split(",")
        last, point, fraction = groups[-1].partition(".")
        thousands = "_".join([whole, *groups[:-1], last]) + point + fraction
        grouped = all(len(g) == 3 for g in [*groups[:-1], last]) and whole.strip("0") and len(whole) <= 3
        if len(groups) > 1:
            return f"write {quoted(thousands)}" if grouped else "write the fraction after a point"
        decimal = f"{whole}.{groups[0]}"
        if not grouped:
            return f"write {quoted(decimal)}"
        if point:
            return f"write {quoted(thousands)}"
        return f"write {quoted(thousands)} for the thousands, or {quoted(decimal)} for the fraction"


class CurrencySign(Diagnostic):
    """`$0.05`, `0.05€`."""

    id = "currency-sign"
    sign: str
    number: str | None

    @property
    def message(self) -> str:
        return f"an amount has no currency sign: {quoted(self.sign)}"

    @property
    def help(self) -> str:
        amount = f"write {quoted(self.number)}" if self.number else "write the number alone"
        return f"{amount}; the line `currency` at the top of the file says the currency"


class BadNumber(Diagnostic):
    """A number in a form that the language does not have; `instead` is the plain form where it is clear, or `other`."""

    id = "bad-number"
    number: str
    why: str
    instead: str | None
    other: str | None = None

    @property
    def message(self) -> str:
        return f"{quoted(self.number)} is not a number as it is written here: {self.why}"

    @property
    def help(self) -> str | None:
        if self.instead and self.other:
            return f"write {listed((self.instead, self.other))}"
        return f"write {quoted(self.instead)}" if self.instead else None


class NumberTooLong(Diagnostic):
    """More digits than any amount needs."""

    id = "number-too-long"
    length: int

    @property
    def message(self) -> str:
        return f"this number has {self.length:,} digits; a number has at most {LONGEST_NUMBER}"


class MisplacedPercent(Diagnostic):
    """`5 %` or `%5`."""

    id = "misplaced-percent"
    number: str | None

    @property
    def message(self) -> str:
        return "`%` stands right after its number, without a blank"

    @property
    def help(self) -> str | None:
        return f"write {quoted(self.number + '%')}" if self.number else None


# ── dates and times ─────────────────────────────────────────────────────────


class BadDate(Diagnostic):
    """A date that the calendar does not have, or in another form."""

    id = "bad-date"
    text: str
    why: str
    instead: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        return f"{quoted(self.text)} is not a date: {self.why}"

    @property
    def help(self) -> str:
        if self.instead:
            return f"write {listed(self.instead)}"
        return "a date is year, month and day, such as `2026-07-01`"


class BadTime(Diagnostic):
    """A time of day that the clock does not have, or in another form; `instead` is the right form where it is clear."""

    id = "bad-time"
    text: str
    why: str
    instead: str | None = None

    @property
    def message(self) -> str:
        return f"{quoted(self.text)} is not a time: {self.why}"

    @property
    def help(self) -> str:
        if self.instead:
            return f"write {quoted(self.instead)}"
        return "a time of day is `22:30`, a time on a date `2026-07-01T22:30:00` or `2026-07-01T22:30:00Z`"


# ── text ────────────────────────────────────────────────────────────────────


class WrongQuotes(Diagnostic):
    """Curly, single or other quotes; `instead` is the text in the right ones, where it is closed."""

    id = "wrong-quotes"
    mark: str
    instead: str | None

    @property
    def message(self) -> str:
        return f"text stands in straight double quotes, not in {quoted(self.mark)}"

    @property
    def help(self) -> str:
        return f"write {quoted(self.instead)}" if self.instead else 'write `"` before and after the text'


class UnclosedText(Diagnostic):
    """A string without its closing quote on its line."""

    id = "unclosed-text"

    @property
    def message(self) -> str:
        return 'the text that begins here has no closing `"` on its line'

    @property
    def help(self) -> str:
        return 'end it with `"`; text stays on one line, and a quote within it is written `\\"`'


class BadEscape(Diagnostic):
    """A backslash before another character than `"` or a backslash."""

    id = "bad-escape"
    escape: str

    @property
    def message(self) -> str:
        return f"{quoted(self.escape)} has no meaning in a text"

    @property
    def help(self) -> str:
        return 'write `\\"` for a quote and `\\\\` for a backslash'


class TextNotNfc(Diagnostic):
    """A string whose letters are not in their composed form: it looks equal to one that it does not equal."""

    id = "text-not-nfc"
    severity = Severity.WARNING
    text: str

    @property
    def message(self) -> str:
        return (
            f"an accent in {quoted(self.text)} is a character of its own: the same word typed anew is not equal to it"
        )

    @property
    def help(self) -> str:
        return "type the word anew, unless the events send it like this"


# ── habits of other languages ───────────────────────────────────────────────


class ForeignSign(Diagnostic):
    """A sign of a programming language or of typography, such as `==`, `&&` or `−`."""

    id = "foreign-sign"
    sign: str
    instead: str

    @property
    def message(self) -> str:
        return f"{quoted(self.sign)} is not a sign of this language"

    @property
    def help(self) -> str:
        return f"write {quoted(self.instead)}"


class ForeignWord(Diagnostic):
    """`true`, `false`, `null` and their like; `advice` says what to write."""

    id = "foreign-word"
    word: str
    advice: str

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} is not a word of this language"

    @property
    def help(self) -> str:
        return self.advice


class ForeignComment(Diagnostic):
    """`//` or `/* */`."""

    id = "foreign-comment"
    mark: str

    @property
    def message(self) -> str:
        return f"a comment begins with `#`, not with {quoted(self.mark)}"

    @property
    def help(self) -> str:
        return "write `#` before each line of the comment"


class NestingTooDeep(Diagnostic):
    """More than 64 open parentheses."""

    id = "nesting-too-deep"

    @property
    def message(self) -> str:
        return f"parentheses stand at most {DEEPEST_NESTING} deep in each other"

    @property
    def help(self) -> str:
        return "leave out the parentheses that change nothing"
