"""Mistakes in how a rule file is put together: what stands where it cannot, and what is missing."""

from decimal import Decimal

from dsl.diagnostics import Diagnostic, listed, quoted
from dsl.words import CLAUSES, TYPES

# ── declarations and clauses ────────────────────────────────────────────────


class UnknownDeclaration(Diagnostic):
    """A line that begins neither a line of the header nor a declaration; `near` is what was likely meant."""

    id = "unknown-declaration"
    word: str
    near: str | None

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} begins nothing that a rule file holds"

    @property
    def help(self) -> str:
        if self.near:
            return f"did you mean {quoted(self.near)}?"
        return "a file holds its header, then events, interactions and examples, each begun by its word"


class HeaderTooLate(Diagnostic):
    """A line of the header after the first declaration."""

    id = "header-too-late"
    word: str

    @property
    def message(self) -> str:
        return f"the line {quoted(self.word)} belongs at the top of the file"

    @property
    def help(self) -> str:
        return "move it above the first event"


class UnknownClause(Diagnostic):
    """A word in an interaction that begins no clause; `advice` says what to write."""

    id = "unknown-clause"
    word: str
    advice: str | None

    @property
    def message(self) -> str:
        return f"an interaction has no clause {quoted(self.word)}"

    @property
    def help(self) -> str:
        return self.advice or f"its clauses are {listed([c for c in CLAUSES if c != 'also'], 'and', len(CLAUSES))}"


class ClauseOutside(Diagnostic):
    """A clause of an interaction somewhere else."""

    id = "clause-outside-interaction"
    word: str

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} belongs to an interaction, and none begins above it"

    @property
    def help(self) -> str:
        return "write `interaction` and its name before it"


class MissingType(Diagnostic):
    """An attribute without its type."""

    id = "missing-type"
    attribute: str

    @property
    def message(self) -> str:
        return f"the attribute {quoted(self.attribute)} has no type"

    @property
    def help(self) -> str:
        return f"write one after its name: {listed(TYPES)}"


class UnknownType(Diagnostic):
    """A type that there is not; `near` is what was likely meant."""

    id = "unknown-type"
    word: str
    near: str | None

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} is not a type"

    @property
    def help(self) -> str:
        return f"write {quoted(self.near)}" if self.near else f"the types are {listed(TYPES, 'and')}"


class TypeBeforeName(Diagnostic):
    """`boolean voice`."""

    id = "type-before-name"
    type: str
    attribute: str

    @property
    def message(self) -> str:
        return f"the name of an attribute stands before its type: {quoted(self.attribute)} after {quoted(self.type)}"

    @property
    def help(self) -> str:
        return f"write `{self.attribute} {self.type}`"


# ── parentheses, quotes and signs ───────────────────────────────────────────


class UnclosedParenthesis(Diagnostic):
    """`(` without `)`; the place is that of the `(`."""

    id = "unclosed-parenthesis"

    @property
    def message(self) -> str:
        return "this parenthesis is not closed"

    @property
    def help(self) -> str:
        return "write `)` where what it holds ends"


class ExtraParenthesis(Diagnostic):
    """`)` without `(`."""

    id = "extra-parenthesis"

    @property
    def message(self) -> str:
        return "this `)` closes nothing"

    @property
    def help(self) -> str:
        return "leave it out, or write `(` where it should begin"


class MissingQuotes(Diagnostic):
    """Text without its double quotes."""

    id = "missing-quotes"
    text: str

    @property
    def message(self) -> str:
        return f"text stands in double quotes: {quoted(self.text)}"

    @property
    def help(self) -> str:
        shown = self.text.replace(chr(34), "")
        return f"write {quoted(chr(34) + shown + chr(34))}"


class CaseNeedsQuotes(Diagnostic):
    """A case of a `by` price that is also a word that may follow a price."""

    id = "case-needs-quotes"
    word: str

    @property
    def message(self) -> str:
        return f"after a price, {quoted(self.word)} is a word of the language and not a case"

    @property
    def help(self) -> str:
        return f'write `"{self.word}"`, in double quotes, for the case'


class Needless(Diagnostic):
    """A word or sign that nothing needs, as in `price = 5` or `voice: boolean`."""

    id = "needless-word"
    word: str
    before: str

    @property
    def message(self) -> str:
        return f"no {quoted(self.word)} stands after {quoted(self.before)}"

    @property
    def help(self) -> str:
        return "leave it out"


class MissingWord(Diagnostic):
    """A connecting word or sign that was left out, such as `per` or `with`."""

    id = "missing-word"
    word: str
    before: str
    after: str

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} is missing between {quoted(self.before)} and {quoted(self.after)}"

    @property
    def help(self) -> str:
        blank = "" if self.word in (",", ":") else " "
        return f"write `{self.before}{blank}{self.word} {self.after}`"


class OtherWord(Diagnostic):
    """A word or sign for which the language has another, such as `where` for `with`."""

    id = "other-word"
    word: str
    instead: str

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} is not the word for this here"

    @property
    def help(self) -> str:
        return f"write {quoted(self.instead)}"


class MisspeltWord(Diagnostic):
    """A word much like one that could stand there, such as `wiht` for `with`."""

    id = "misspelt-word"
    word: str
    near: str

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} means nothing here"

    @property
    def help(self) -> str:
        return f"did you mean {quoted(self.near)}?"


class NameOfSeveralWords(Diagnostic):
    """`interaction voice search`, `ruleset prop-tech`."""

    id = "name-of-several-words"
    name: str
    instead: str

    @property
    def message(self) -> str:
        return f"a name is one word: {quoted(self.name)}"

    @property
    def help(self) -> str:
        return f"write {quoted(self.instead)}"


class NeedlessQuotes(Diagnostic):
    """Quotes around a name, a number or a date; `instead` is what to write where it is not the text itself."""

    id = "needless-quotes"
    text: str
    instead: str | None = None

    @property
    def message(self) -> str:
        return f"no quotes stand around {quoted(self.text)} here"

    @property
    def help(self) -> str:
        if self.instead:
            return f"write `{self.instead}`: its name is one word in small letters, and a title may follow"
        return f"write {quoted(self.text)}"


# ── conditions, amounts and prices ──────────────────────────────────────────


class ReversedQuantity(Diagnostic):
    """`≥ results 1`."""

    id = "reversed-quantity"
    instead: str

    @property
    def message(self) -> str:
        return "the number stands before what it counts"

    @property
    def help(self) -> str:
        return f"write {quoted(self.instead)}"


class NeedlessIs(Diagnostic):
    """`results is at least 3`."""

    id = "needless-is"
    comparison: str

    @property
    def message(self) -> str:
        return f"no `is` stands before {quoted(self.comparison)}"

    @property
    def help(self) -> str:
        return "leave out `is`, as in `results at least 3`"


class NotAPercentage(Diagnostic):
    """A bare number, or `10 percent`, where a percentage stands."""

    id = "not-a-percentage"
    number: str

    @property
    def message(self) -> str:
        return "a percentage is a number with `%` right after it"

    @property
    def help(self) -> str:
        share = Decimal(self.number.replace("_", ""))
        if 0 < share < 1:
            hundredths = f"{(share * 100).normalize():f}%"
            return f"write {quoted(hundredths)}, or {quoted(self.number + '%')} for less than one in a hundred"
        return f"write {quoted(self.number + '%')}"


class NegativeNumber(Diagnostic):
    """A minus sign where no number below zero can stand."""

    id = "negative-number"

    @property
    def message(self) -> str:
        return "a number below zero cannot stand here"

    @property
    def help(self) -> str:
        return "leave out `-`; a `discount` lowers a price"


class TiersWithoutEnd(Diagnostic):
    """Tiers of which the last is bounded."""

    id = "tiers-without-end"

    @property
    def message(self) -> str:
        return "these tiers do not say what the units after the last one cost"

    @property
    def help(self) -> str:
        return "end them with `then at` and a price, or `then free`"


class UnknownOutcome(Diagnostic):
    """A word after `=>` that is none of the outcomes, and no bill."""

    id = "unknown-outcome"
    word: str

    @property
    def message(self) -> str:
        return f"a step cannot come to {quoted(self.word)} alone"

    @property
    def help(self) -> str:
        if self.word in ("free", "gratis"):
            return "write `nothing` if the event does not count, or a bill such as `voice_search, 1 unit, 0.00`"
        name = self.word if len(self.word) <= 40 else "voice_search"
        return f"write `nothing`, `limited`, `refused`, or a bill such as `{name}, 1 unit, 0.05`"


# ── everything else ─────────────────────────────────────────────────────────


class Expected(Diagnostic):
    """Something else, or something more, was to stand here; `model` is a line that shows it."""

    id = "expected"
    what: str
    before: str | None
    found: str | None
    model: str | None

    @property
    def message(self) -> str:
        after = f" after {quoted(self.before)}" if self.before else " here"
        found = f", not {quoted(self.found)}" if self.found else ""
        return f"{self.what}{',' if ', ' in self.what and ' or ' in self.what else ''} is expected{after}{found}"

    @property
    def help(self) -> str | None:
        return f"such as `{self.model}`" if self.model else None


class OutOfPlace(Diagnostic):
    """A word after something that is complete; `follow` are words that may stand here."""

    id = "out-of-place"
    found: str
    before: str
    follow: tuple[str, ...]
    part: str

    @property
    def message(self) -> str:
        return f"{quoted(self.found)} cannot stand after {quoted(self.before)}"

    @property
    def help(self) -> str:
        if self.follow:
            return f"go on with {listed(self.follow)}, or begin the next {self.part}"
        return f"leave it out, or begin the next {self.part}"
