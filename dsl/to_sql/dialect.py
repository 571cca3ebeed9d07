"""What an SQL engine must be told in its own words; everything else is the same text for all."""

from collections.abc import Sequence
from typing import Protocol


class Dialect(Protocol):
    """The operators that engines write differently. Every argument and result is the text of an expression.

    `small` is the type of 64-bit integers, `wide` one of integers of at least 38 digits whose arithmetic fails where it
    overflows. Division is only asked for as `quotient` and `remainder`.
    """

    small: str
    wide: str
    boolean: str
    text: str
    texts: str

    def string(self, value: str) -> str:
        """A text literal."""
        ...

    def strings(self, values: Sequence[str]) -> str:
        """A literal list of texts."""
        ...

    def quotient(self, number: str, by: str) -> str:
        """number / by as a whole number, for a number that is not negative or a multiple of `by`; `by` is positive."""
        ...

    def remainder(self, number: str, by: str) -> str:
        """What `quotient` leaves, for a number that is not negative."""
        ...

    def total(self, number: str) -> str:
        """The aggregate sum of 64-bit integers, which may itself be larger."""
        ...

    def month_number(self, local: str) -> str:
        """year × 12 + month - 1 of a wall clock in microseconds since 1970, years 1899 to 3000."""
        ...

    def length(self, text: str) -> str:
        """Code points of a text."""
        ...

    def size(self, texts: str) -> str:
        """Members of a list."""
        ...

    def has_member(self, texts: str, text: str) -> str:
        """Whether a list has a text as a member."""
        ...

    def has_part(self, text: str, part: str) -> str:
        """Whether a text has another as a part, byte for byte."""
        ...

    def starts_with(self, text: str, part: str) -> str:
        """Whether a text starts with another, byte for byte."""
        ...

    def ends_with(self, text: str, part: str) -> str:
        """Whether a text ends with another, byte for byte."""
        ...

    def joined(self, texts: str) -> str:
        """A list of texts as one text that no other list gives."""
        ...


class DuckDb:
    """DuckDB 1.4 and later. Its `//` cuts towards zero and its HUGEINT has 127 bits."""

    small = "BIGINT"
    wide = "HUGEINT"
    boolean = "BOOLEAN"
    text = "VARCHAR"
    texts = "VARCHAR[]"

    def string(self, value: str) -> str:
        """See `Dialect.string`; backslashes mean nothing in it."""
        return "'" + value.replace("'", "''") + "'"

    def strings(self, values: Sequence[str]) -> str:
        """See `Dialect.strings`."""
        return f"CAST([{', '.join(map(self.string, values))}] AS VARCHAR[])"

    def quotient(self, number: str, by: str) -> str:
        """See `Dialect.quotient`."""
        return f"({number} // {by})"

    def remainder(self, number: str, by: str) -> str:
        """See `Dialect.remainder`."""
        return f"({number} % {by})"

    def total(self, number: str) -> str:
        """See `Dialect.total`; of BIGINT it is a HUGEINT."""
        return f"sum({number})"

    def month_number(self, local: str) -> str:
        """See `Dialect.month_number`."""
        return f"(year(make_timestamp({local})) * 12 + month(make_timestamp({local})) - 1)"

    def length(self, text: str) -> str:
        """See `Dialect.length`."""
        return f"length({text})"

    def size(self, texts: str) -> str:
        """See `Dialect.size`."""
        return f"len({texts})"

    def has_member(self, texts: str, text: str) -> str:
        """See `Dialect.has_member`; prepared lists hold no NULL."""
        return f"list_contains({texts}, {text})"

    def has_part(self, text: str, part: str) -> str:
        """See `Dialect.has_part`."""
        return f"contains({text}, {part})"

    def starts_with(self, text: str, part: str) -> str:
        """See `Dialect.starts_with`."""
        return f"starts_with({text}, {part})"

    def ends_with(self, text: str, part: str) -> str:
        """See `Dialect.ends_with`."""
        return f"ends_with({text}, {part})"

    def joined(self, texts: str) -> str:
        """See `Dialect.joined`."""
        members = f"list_transform({texts}, lambda x: concat(length(x), ':', x))"
        return f"concat(len({texts}), ';', array_to_string({members}, ','))"
