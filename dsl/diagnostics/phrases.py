"""Mistakes of phrasing: what is said in other words elsewhere, in plain English, a spreadsheet, SQL or a program."""

from dsl.diagnostics import Diagnostic, Severity, listed, quoted
from dsl.words import PERIODS


class OtherPhrase(Diagnostic):
    """Several words for which the language has others, such as `all events` for `any event`.

    `other` is what to write where something else is meant.
    """

    id = "other-phrase"
    phrase: str
    instead: str
    other: str | None = None

    @property
    def message(self) -> str:
        return f"{quoted(self.phrase)} is said in other words here"

    @property
    def help(self) -> str:
        return f"write {quoted(self.instead)}{f' or {quoted(self.other)}' if self.other else ''}"


class UniqueEvents(Diagnostic):
    """`counts unique search`."""

    id = "unique-events"
    word: str

    @property
    def message(self) -> str:
        return f"{quoted(self.word)} cannot stand before an event: what counts only once has a line of its own"

    @property
    def help(self) -> str:
        return f"leave {quoted(self.word)} out, and add a line such as `once per member` or `once per ticket per month`"


class OtherwiseNotLast(Diagnostic):
    """`otherwise` above another case of the same price."""

    id = "otherwise-not-last"

    @property
    def message(self) -> str:
        return "`otherwise` takes all the rest, so it is the last case of a price"

    @property
    def help(self) -> str:
        return "move it below the other cases"


class SizedType(Diagnostic):
    """`decimal(10,2)`, `varchar(20)`."""

    id = "sized-type"
    written: str
    type: str

    @property
    def message(self) -> str:
        return f"a type has no size in parentheses: {quoted(self.written)}"

    @property
    def help(self) -> str:
        if self.type in ("integer", "decimal"):
            return f"write {quoted(self.type)}, or with its smallest and largest value `{self.type} from 0 to 1_000`"
        return f"write {quoted(self.type)}"


class SecondPer(Diagnostic):
    """`price 0.05 per minute per month`."""

    id = "second-per"
    amount: str
    first: str
    second: str

    @property
    def message(self) -> str:
        return f"a price has one `per`, and {quoted('per ' + self.first)} is it"

    @property
    def help(self) -> str:
        plain = f"write `price {self.amount} per {self.first}`"
        if self.second not in PERIODS:
            return f"{plain}; a total for each `{self.second}` needs `price per {self.second} per month` and tiers"
        return (
            f"{plain}; for a price that falls with the total of a {self.second} write `price per {self.second}` and "
            f"tiers, for a most in it `cap 10.00 per {self.second}`"
        )


class SeveralCurrencies(Diagnostic):
    """`currency USD, EUR`."""

    id = "several-currencies"
    codes: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"a price list has one currency, and here stand {listed(self.codes, 'and')}"

    @property
    def help(self) -> str:
        return f"write `currency {self.codes[0]}`, and another ruleset for each of the others"


class PointOfThousands(Diagnostic):
    """`first 10.000 free`: ten, where ten thousand is likely meant."""

    id = "point-of-thousands"
    severity = Severity.WARNING
    number: str
    means: str

    @property
    def message(self) -> str:
        return f"{quoted(self.number)} means {self.means}: the fraction of a number stands behind its point"

    @property
    def help(self) -> str:
        return (
            f"write {quoted(self.number.replace('.', '_'))} for the thousands, or {quoted(self.means)} if that is meant"
        )


class ConditionOnPrice(Diagnostic):
    """`price 1.20 when plan is pro`."""

    id = "condition-on-price"
    word: str

    @property
    def message(self) -> str:
        return f"a price holds for all that its interaction counts, so it has no {quoted(self.word)}"

    @property
    def help(self) -> str:
        return (
            "write `price by plan` and a price for each of its values, or take a part off with "
            "`discount 50% with plan is pro`"
        )


class BoundOnAmount(Diagnostic):
    """`price 1.20 max 5.00`."""

    id = "bound-on-amount"
    amount: str

    @property
    def message(self) -> str:
        return f"the price of a unit, {quoted(self.amount)}, has no least or most of its own"

    @property
    def help(self) -> str:
        return (
            f"for the most that one event costs write `cap 5.00 per event`, for the least "
            f"`price is {self.amount} * minutes at least 0.50`"
        )


class SeveralEvents(Diagnostic):
    """`counts search, support.query`."""

    id = "several-events"
    first: str
    second: str

    @property
    def message(self) -> str:
        return f"a `counts` line names one event, and here stand {quoted(self.first)} and {quoted(self.second)}"

    @property
    def help(self) -> str:
        return f"write `counts {self.second}` on a line of its own"
