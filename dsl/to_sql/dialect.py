"""What an SQL engine must be told in its own words; everything else is the same text for all."""

from collections.abc import Sequence
from typing import Protocol


class Dialect(Protocol):
    """The operators that engines write differently. Texts among arguments, and all results, are those of expressions.

    `small` is the type of 64-bit integers, `wide` one of integers of at least 38 digits whose arithmetic fails where it
    overflows. Division is only asked for as `quotient` and `remainder`, of numbers of one of these types.
    """

    small: str
    wide: str
    boolean: str
    text: str
    texts: str
    numbers_customers: bool
    """Whether customers are numbered before rows are sorted by them, which takes a join and makes sorting cheaper."""

    def string(self, value: str) -> str:
        """A text literal."""
        ...

    def strings(self, values: Sequence[str]) -> str:
        """A literal list of texts."""
        ...

    def quotient(self, number: str, by: int, wide: bool, most: int) -> str:
        """number / by as a whole number of the same type, for a number that is not negative or a multiple of `by`.

        `by` is positive and fits the type, which is the wide one or not; no quotient lies further from 0 than `most`.
        """
        ...

    def remainder(self, number: str, by: int, wide: bool) -> str:
        """What `quotient` leaves, for a number that is not negative."""
        ...

    def total(self, number: str) -> str:
        """The aggregate sum of 64-bit integers, which may itself be larger."""
        ...

    def place(self, columns: Sequence[str]) -> str:
        """A value that compares as rows do when they are ordered by some columns, NULLs last; no two rows are alike."""
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
    numbers_customers = True

    def string(self, value: str) -> str:
        """See `Dialect.string`; backslashes mean nothing in it."""
        return "'" + value.replace("'", "''") + "'"

    def strings(self, values: Sequence[str]) -> str:
        """See `Dialect.strings`."""
        return f"CAST([{', '.join(map(self.string, values))}] AS VARCHAR[])"

    def quotient(self, number: str, by: int, wide: bool, most: int) -> str:
        """See `Dialect.quotient`."""
        return f"({number} // CAST({by} AS {self.wide if wide else self.small}))"

    def remainder(self, number: str, by: int, wide: bool) -> str:
        """See `Dialect.remainder`."""
        return f"({number} % CAST({by} AS {self.wide if wide else self.small}))"

    def total(self, number: str) -> str:
        """See `Dialect.total`; of BIGINT it is a HUGEINT."""
        return f"sum({number})"

    def place(self, columns: Sequence[str]) -> str:
        """See `Dialect.place`."""
        return f"row_number() OVER (ORDER BY {', '.join(f'{column} NULLS LAST' for column in columns)})"

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


class Spark:
    """Spark 4 in ANSI mode, where overflow is an error. Its integers of 38 digits are DECIMAL(38,0).

    Sums, differences and products of these keep scale 0 and are exact. Their `/` has six places, so that 32 digits are
    left before the point, and their `div` is cut to 64 bits without a word.
    """

    small = "BIGINT"
    wide = "DECIMAL(38,0)"
    boolean = "BOOLEAN"
    text = "STRING"
    texts = "ARRAY<STRING>"
    numbers_customers = False

    def string(self, value: str) -> str:
        """See `Dialect.string`.

        Backslashes escape; `${…}` would be replaced even within a literal, so that a dollar sign is escaped too.
        """
        return "'" + "".join(_SPARK_ESCAPES.get(letter, letter) for letter in value) + "'"

    def strings(self, values: Sequence[str]) -> str:
        """See `Dialect.strings`."""
        return f"CAST(array({', '.join(map(self.string, values))}) AS ARRAY<STRING>)"

    def quotient(self, number: str, by: int, wide: bool, most: int) -> str:
        """See `Dialect.quotient`: always one of the ways that are exact for numbers of this size."""
        if not wide:
            return f"({number} div CAST({by} AS BIGINT))"
        if most < 2**63:
            return self._wide(f"{number} div {self._wide(str(by))}")
        if most < _SPARK_QUOTIENTS:
            if by <= _SPARK_FRACTIONS:
                # What is behind the point is a multiple of 1/by: rounding to six places never reaches the next integer.
                return self._wide(f"floor({number} / {self._wide(str(by))})")
            return self._wide(f"({number} - {self.remainder(number, by, wide)}) / {self._wide(str(by))}")
        # All but the last six digits, then those with what was left over: each step has few digits enough.
        assert by <= _SPARK_FRACTIONS
        million = self._wide("1000000")
        high = self._wide(f"floor({number} / {million})")
        rest = f"pmod({high}, {self._wide(str(by))}) * {million} + pmod({number}, {million})"
        above = self._wide(f"floor({high} / {self._wide(str(by))})")
        return self._wide(f"{above} * {million} + {self._wide(f'({rest}) div {self._wide(str(by))}')}")

    def remainder(self, number: str, by: int, wide: bool) -> str:
        """See `Dialect.remainder`."""
        return f"({number} % CAST({by} AS {self.wide if wide else self.small}))"

    def total(self, number: str) -> str:
        """See `Dialect.total`; a sum has ten digits more than what is added up."""
        return f"sum(CAST({number} AS DECIMAL(28,0)))"

    def place(self, columns: Sequence[str]) -> str:
        """See `Dialect.place`: a number for each row would bring all of them to one machine."""
        return f"struct({', '.join(f'{column} IS NULL, {column}' for column in columns)})"

    def month_number(self, local: str) -> str:
        """See `Dialect.month_number`; of a date, which knows no time zone."""
        day = f"CAST(({local} - pmod({local}, 86400000000)) div 86400000000 AS INT)"
        date = f"date_from_unix_date({day})"
        return f"CAST(year({date}) * 12 + month({date}) - 1 AS BIGINT)"

    def length(self, text: str) -> str:
        """See `Dialect.length`."""
        return f"CAST(char_length({text}) AS BIGINT)"

    def size(self, texts: str) -> str:
        """See `Dialect.size`; `size` gives -1 for NULL in some settings."""
        return f"CAST(array_size({texts}) AS BIGINT)"

    def has_member(self, texts: str, text: str) -> str:
        """See `Dialect.has_member`; prepared lists hold no NULL."""
        return f"array_contains({texts}, {text})"

    def has_part(self, text: str, part: str) -> str:
        """See `Dialect.has_part`."""
        return f"contains({text}, {part})"

    def starts_with(self, text: str, part: str) -> str:
        """See `Dialect.starts_with`."""
        return f"startswith({text}, {part})"

    def ends_with(self, text: str, part: str) -> str:
        """See `Dialect.ends_with`."""
        return f"endswith({text}, {part})"

    def joined(self, texts: str) -> str:
        """See `Dialect.joined`."""
        members = f"transform({texts}, x -> concat(CAST(char_length(x) AS STRING), ':', x))"
        return f"concat(CAST(array_size({texts}) AS STRING), ';', array_join({members}, ','))"

    def _wide(self, text: str) -> str:
        return f"CAST({text} AS {self.wide})"


_SPARK_QUOTIENTS = 10**32
"""What a quotient of two wide numbers must be smaller than."""
_SPARK_FRACTIONS = 10**6
"""Up to this divisor six places tell a quotient from the next integer."""
_SPARK_ESCAPES = {"\\": "\\\\", "'": "\\'", "$": "\\u0024", "\n": "\\n", "\r": "\\r", "\x00": "\\u0000"}
