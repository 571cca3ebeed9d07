"""Integers as SQL expressions, each with the interval that it lies in, so that no engine ever overflows or rounds.

A number is computed in 64 bits where all that it is made of fits them, else in the dialect's wide type; what might need
more than 38 digits raises `TooLarge` when it is written, and the caller finds another way. Everything is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from dsl.numbers import divide_half_even
from dsl.to_sql.dialect import Dialect

MOST = 10**38 - 1
"""The largest number that every dialect's wide type holds."""
MOST_SMALL = 2**63 - 1
_LONGEST = 100_000


class TooLarge(Exception):
    """An expression that SQL can't be trusted with: its numbers might need more than 38 digits, or its text is huge."""


@dataclass(frozen=True, slots=True)
class Number:
    """The text of an integer, the interval that it lies in, and whether its type is the wide one."""

    text: str
    low: int
    high: int
    wide: bool = False

    @property
    def constant(self) -> bool:
        """Whether it is the same whatever the row."""
        return self.low == self.high


class Numbers:
    """Writes the arithmetic of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def literal(self, value: int) -> Number:
        """A number that is known."""
        return self._made(str(value), value, value, not -MOST_SMALL <= value <= MOST_SMALL, cast=True)

    def widened(self, a: Number) -> str:
        """The text of a number in the wide type."""
        if a.constant:
            return f"CAST({a.low} AS {self._dialect.wide})"
        return a.text if a.wide else f"CAST({a.text} AS {self._dialect.wide})"

    def narrowed(self, a: Number) -> Number:
        """A number in 64 bits, which it fits."""
        assert a.low >= -MOST_SMALL and a.high <= MOST_SMALL
        return Number(f"CAST({a.text} AS {self._dialect.small})", a.low, a.high) if a.wide else a

    def add(self, a: Number, b: Number) -> Number:
        """a + b."""
        if a.constant and b.constant:
            return self.literal(a.low + b.low)
        if b.constant and b.low == 0:
            return a
        return self._combined("+", a, b, a.low + b.low, a.high + b.high)

    def subtract(self, a: Number, b: Number) -> Number:
        """a - b."""
        if b.constant:
            return self.add(a, self.literal(-b.low))
        return self._combined("-", a, b, a.low - b.high, a.high - b.low)

    def multiply(self, a: Number, b: Number) -> Number:
        """a × b."""
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        if a.constant and b.constant:
            return self.literal(ends[0])
        if b.constant and b.low == 1:
            return a
        return self._combined("*", a, b, min(ends), max(ends))

    def times(self, a: Number, factor: Fraction) -> Number:
        """A number times a factor that leaves it whole."""
        if a.constant:
            return self.literal(int(a.low * factor))
        product = self.multiply(a, self.literal(factor.numerator))
        if factor.denominator == 1:
            return product
        # Both ends of the interval are rounded outwards: the interval may be wider than its whole numbers.
        low, high = -(-product.low // factor.denominator), product.high // factor.denominator
        return self._divided(product, factor.denominator, min(low, high), max(low, high))

    def floor_divide(self, a: Number, by: int) -> Number:
        """⌊a / by⌋ of a positive `by`: `a` is first moved above 0 by a multiple of it."""
        if a.constant:
            return self.literal(a.low // by)
        if by == 1:
            return a
        shift = max(0, -(a.low // by))
        raised = self.add(a, self.literal(shift * by))
        quotient = self._divided(raised, by, raised.low // by, raised.high // by)
        return self.add(quotient, self.literal(-shift))

    def floor_remainder(self, a: Number, by: int) -> Number:
        """a - by × ⌊a / by⌋ of a positive `by`."""
        raised = self.add(a, self.literal(max(0, -(a.low // by)) * by))
        self._check(raised, by)
        return self._made(self._dialect.remainder(raised.text, by, raised.wide), 0, by - 1, raised.wide)

    def ceil_divide(self, a: Number, by: int) -> Number:
        """⌈a / by⌉ of a positive `by`."""
        return self.floor_divide(self.add(a, self.literal(by - 1)), by)

    def half_even(self, a: Number, by: int) -> Number:
        """a / by of a positive `by`, rounded half to even.

        With h = ⌊by / 2⌋ it is ⌊(a + h) / by⌋, less 1 where that is odd and was reached by a tie, which is where a + h
        is an odd multiple of an even `by`. Moving `a` by an even multiple of `by` changes nothing of this.
        """
        if by == 1:
            return a
        if a.constant:
            return self.literal(divide_half_even(a.low, by))
        shift = max(0, -(a.low // by) + 1) // 2 * 2
        raised = self.add(a, self.literal(shift * by + by // 2))
        quotient = self._divided(raised, by, raised.low // by, raised.high // by)
        if by % 2 == 0:
            self._check(raised, 2 * by)
            left = self._dialect.remainder(raised.text, 2 * by, raised.wide)
            tie = f"CASE WHEN {left} = {self._like(raised, by)} THEN 1 ELSE 0 END"
            quotient = self._made(f"({quotient.text} - {tie})", quotient.low - 1, quotient.high, quotient.wide)
        return self.add(quotient, self.literal(-shift))

    def least(self, a: Number, b: Number) -> Number:
        """The smaller of two."""
        if a.high <= b.low:
            return a
        return self._extreme("least", a, b, min(a.low, b.low), min(a.high, b.high))

    def greatest(self, a: Number, b: Number) -> Number:
        """The larger of two."""
        if a.low >= b.high:
            return a
        return self._extreme("greatest", a, b, max(a.low, b.low), max(a.high, b.high))

    def either(self, condition: str, a: Number, b: Number) -> Number:
        """`a` where a condition holds, else `b`."""
        wide = a.wide or b.wide
        first, second = (self.widened(a), self.widened(b)) if wide else (a.text, b.text)
        low, high = min(a.low, b.low), max(a.high, b.high)
        return self._made(f"CASE WHEN {condition} THEN {first} ELSE {second} END", low, high, wide, cast=True)

    def cast(self, text: str, low: int, high: int, wide: bool) -> Number:
        """What an expression of another kind gives, as a number of one type."""
        return self._made(text, low, high, wide, cast=True)

    def united(self, numbers: Sequence[Number]) -> tuple[list[str], bool]:
        """The texts of some numbers in one type, and whether it is the wide one."""
        wide = any(number.wide for number in numbers)
        return [self.widened(number) if wide else number.text for number in numbers], wide

    # ── how results are made ────────────────────────────────────────────────

    def _combined(self, operator: str, a: Number, b: Number, low: int, high: int) -> Number:
        wide = a.wide or b.wide or low < -MOST_SMALL or high > MOST_SMALL
        left, right = (self.widened(a), self.widened(b)) if wide else (a.text, b.text)
        return self._made(f"({left} {operator} {right})", low, high, wide)

    def _divided(self, a: Number, by: int, low: int, high: int) -> Number:
        self._check(a, by)
        text = self._dialect.quotient(a.text, by, a.wide, max(abs(low), abs(high)))
        return self._made(text, low, high, a.wide)

    def _extreme(self, function: str, a: Number, b: Number, low: int, high: int) -> Number:
        if a.constant and b.constant:
            return self.literal(low)
        (left, right), wide = self.united((a, b))
        return self._made(f"{function}({left}, {right})", low, high, wide)

    def _like(self, a: Number, value: int) -> str:
        """A literal of the type of another number."""
        self._check(a, value)
        return f"CAST({value} AS {self._dialect.wide if a.wide else self._dialect.small})"

    def _check(self, a: Number, value: int) -> None:
        """That a value fits the type of another number."""
        if value > (MOST if a.wide else MOST_SMALL):
            raise TooLarge

    def _made(self, text: str, low: int, high: int, wide: bool, cast: bool = False) -> Number:
        if low < -MOST or high > MOST or len(text) > _LONGEST:
            raise TooLarge
        if cast:
            text = f"CAST({text} AS {self._dialect.wide if wide else self._dialect.small})"
        return Number(text, low, high, wide)
