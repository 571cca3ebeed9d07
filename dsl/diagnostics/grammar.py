"""Mistakes in what a rule file is made of: conditions that read two ways, too much of anything, words as names."""

from dsl.diagnostics import Diagnostic, did_you_mean, listed, quoted
from dsl.words import PERIODS

MOST_INTERACTIONS = 10_000
MOST_ATTRIBUTES = 1_000
MOST_WORDS = 1_000
MOST_TIERS = 100
MOST_STEPS = 100
MOST_ERRORS = 100


# ── conditions ──────────────────────────────────────────────────────────────


class MixedAndOr(Diagnostic):
    """`A and B or C`; `readings` are the two ways to read it, or None where they are too long to show."""

    id = "mixed-and-or"
    readings: tuple[str, str] | None

    @property
    def message(self) -> str:
        return "`and` and `or` stand side by side, and this can be read in two ways"

    @property
    def help(self) -> str:
        if self.readings is None:
            return "put parentheses around the part with `and`, or around the part with `or`"
        return f"write `{self.readings[0]}` or `{self.readings[1]}`"


class ChainedComparison(Diagnostic):
    """`1 < results < 5`, `a is b is c`."""

    id = "chained-comparison"
    middle: str

    @property
    def message(self) -> str:
        return f"{quoted(self.middle)} is compared twice in one breath"

    @property
    def help(self) -> str:
        return "join two comparisons with `and`, or write `between … and …`"


class ExpressionTooLong(Diagnostic):
    """More than 100 steps that build on each other."""

    id = "expression-too-long"

    @property
    def message(self) -> str:
        return f"this calculation or condition has too many steps that build on each other: at most {MOST_STEPS}"

    @property
    def help(self) -> str:
        return "let the events carry the result, or divide it into several interactions"


# ── too many ────────────────────────────────────────────────────────────────


class TooManyInteractions(Diagnostic):
    """More than 10,000."""

    id = "too-many-interactions"

    @property
    def message(self) -> str:
        return f"a ruleset has at most {MOST_INTERACTIONS:,} interactions; the rest of the file was not read"


class TooManyAttributes(Diagnostic):
    """More than 1,000 in one event."""

    id = "too-many-attributes"

    @property
    def message(self) -> str:
        return f"an event has at most {MOST_ATTRIBUTES:,} attributes"


class TooManyWords(Diagnostic):
    """More than 1,000 in one list."""

    id = "too-many-words"

    @property
    def message(self) -> str:
        return f"a list has at most {MOST_WORDS:,} members"


class TooManyCases(Diagnostic):
    """More than 1,000 in one `by` price."""

    id = "too-many-cases"

    @property
    def message(self) -> str:
        return f"a price has at most {MOST_WORDS:,} cases"


class TooManyTiers(Diagnostic):
    """More than 100 in one price."""

    id = "too-many-tiers"

    @property
    def message(self) -> str:
        return f"a price has at most {MOST_TIERS} tiers"


class TooManyErrors(Diagnostic):
    """The file has more mistakes than are shown."""

    id = "too-many-errors"

    @property
    def message(self) -> str:
        return f"the first {MOST_ERRORS} mistakes are shown; the rest of the file was not read"


# ── words ───────────────────────────────────────────────────────────────────


class HardWordAsName(Diagnostic):
    """A word of the language where a name should stand; `value` where it may stand in quotes,
    `outside` where an outside name may keep it."""

    id = "hard-word-as-name"
    word: str
    value: bool = False
    outside: bool = False

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} is a word of the language, so it cannot be a name"

    @property
    def help(self) -> str:
        if self.value:
            return f'write `"{self.word}"`, in double quotes, for the word itself'
        if self.outside:
            return f'choose another name; `sent as "{self.word}"` keeps the name that the events use'
        return "choose another name"


class ReservedWord(Diagnostic):
    """A word that is kept for later; `value` and `outside` as for a hard word."""

    id = "reserved-word"
    word: str
    value: bool = False
    outside: bool = False

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} is kept for a later version of the language and has no meaning yet"

    @property
    def help(self) -> str:
        if self.value:
            return f'write `"{self.word}"`, in double quotes, for the word itself'
        if self.outside:
            return f'choose another name; `sent as "{self.word}"` keeps the name that the events use'
        return "choose another name"


class EventCalledAny(Diagnostic):
    """`event any`."""

    id = "event-called-any"

    @property
    def message(self) -> str:
        return "an event cannot be called `any`, since `counts any event` means every event"

    @property
    def help(self) -> str:
        return 'choose another name; `event any_event sent as "any"` keeps the name that is sent'


class UnknownPeriod(Diagnostic):
    """A name where a period should stand; `key` where it may be meant as an attribute, `keys` are those before it."""

    id = "unknown-period"
    name: str
    key: bool
    keys: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        return f"{quoted(self.name)} is not a period: {listed(PERIODS)}"

    @property
    def help(self) -> str | None:
        if near := nearest_period(self.name):
            return f"did you mean {quoted(near)}?"
        if self.name in ("minute", "second", "fortnight", "quarter", "season", "decade"):
            return "choose the nearest of them"
        if self.key:
            return f"to keep a total for each {quoted(self.name)}, write `per {self.name} per month`"
        if self.name in ("customer", "subject"):
            return f"leave out `per {self.name}`: everything is counted for each customer already"
        if self.keys:
            return f"to keep them apart by {quoted(self.name)} too, write `per {', '.join((*self.keys, self.name))}`"
        return None


def nearest_period(name: str) -> str | None:
    """The period that a word such as `monthly`, `days` or `mnth` most likely means."""
    stems = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
    if name in stems or name.rstrip("s") in PERIODS:
        return stems.get(name, name.rstrip("s"))
    hint = did_you_mean(name, PERIODS)
    return None if hint is None else hint.split("`")[1]
