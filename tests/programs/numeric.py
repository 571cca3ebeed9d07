"""Random expressions with a number for a value, each with the interval and places that a checker would find."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

from tests.programs.layout import Tokens
from tests.programs.literals import number_text, percent
from tests.programs.model import DECIMAL_EDGE, INTEGER_EDGE, Attribute, chance
from tests.programs.scope import BUILT_IN, Scope

SUM, ROUNDED, PRODUCT, UNARY, OPERAND, ATOM = range(6)
MOST = 10**37
"""Scaled values stay below this: one digit under the language's 38."""
SPAN_OF_TIME = Fraction(1100 * 366 * 86_400)


@dataclass(frozen=True)
class Numeric:
    """An expression, its interval, its places after the point, and how tightly it binds.

    The divisor is not 1 while a division waits to be rounded.
    """

    tokens: Tokens
    low: Fraction
    high: Fraction
    places: int
    binding: int
    divisor: int = 1

    @property
    def scale(self) -> int:
        """The denominator that makes every value of it an integer."""
        return int(10**self.places) * self.divisor

    def at(self, binding: int) -> Tokens:
        """The tokens, in parentheses where they would not bind tightly enough."""
        return self.tokens if self.binding >= binding else ["(", *self.tokens, ")"]

    def fits(self, scale: int = 1) -> bool:
        """No value of it is too long, also at a finer scale."""
        largest: Fraction = max(abs(self.low), abs(self.high), Fraction(1))
        return largest * self.scale * scale < MOST


def read(attribute: Attribute, tokens: Tokens | None = None, binding: int = ATOM) -> Numeric:
    """An attribute of a kind of numbers."""
    places = 0 if attribute.kind == "integer" else 6
    low, high = Fraction(attribute.low), Fraction(attribute.high)
    return Numeric([attribute.name] if tokens is None else tokens, low, high, places, binding)


def literal(scope: Scope, value: Decimal | int) -> Numeric:
    """A number that is not negative."""
    exact = Decimal(value)
    return Numeric([number_text(scope.rng, exact)], Fraction(exact), Fraction(exact), _places(exact), ATOM)


def _places(value: Decimal) -> int:
    return max(0, -int(value.as_tuple().exponent))


def value_near(scope: Scope, attribute: Attribute) -> Decimal:
    """A value of the attribute that a program would compare with; events will know of it."""
    rng = scope.rng
    small = [Decimal(text) for text in ("0", "1", "2", "3", "5", "10", "100", "-1", "7", "60")]
    if attribute.kind == "decimal":
        small += [Decimal(text) for text in ("0.5", "0.25", "99.99", "0.000001", "-0.5")]
    edges = [attribute.low, attribute.high] if chance(rng, 15) else []
    fitting = [value for value in [*small, *edges] if attribute.low <= value <= attribute.high]
    value = rng.choice(fitting or [attribute.low])
    scope.shop.landmarks[attribute.name].append(value)
    return value


def or_else(scope: Scope, attribute: Attribute) -> Tokens:
    """`photos or else 0`."""
    default = value_near(scope, attribute)
    return [attribute.name, "or else", number_text(scope.rng, default)]


def numeric(scope: Scope, depth: int, pending: bool = False) -> Numeric:
    """Any expression with a number for a value; with `pending` it may hold a division."""
    rng = scope.rng
    if depth > 0 and not chance(rng, 30):
        for _ in range(4):
            made = rng.choice(_COMPOSITES)(scope, depth - 1, pending)
            if made is not None and made.fits():
                return made
    return _leaf(scope)


def moderate(scope: Scope, depth: int, places: int, most: int) -> Numeric:
    """An expression with at most so many places and values under `most`, without a pending division."""
    for _ in range(6):
        made = numeric(scope, depth)
        if made.places <= places and max(abs(made.low), abs(made.high)) < most:
            return made
    return literal(scope, scope.rng.choice((1, 2, 10)))


def _leaf(scope: Scope) -> Numeric:
    rng = scope.rng
    choices: list[Callable[[], Numeric]] = []
    numbers, doubtful = scope.usable("integer", "decimal"), scope.doubtful("integer", "decimal")
    texts, lists, times = scope.usable("string"), scope.usable("list of string"), scope.usable("timestamp")
    if numbers:
        choices += [lambda: read(rng.choice(numbers))] * 6
    if doubtful:
        chosen = rng.choice(doubtful)
        choices += [lambda: read(chosen, or_else(scope, chosen), OPERAND)] * 3
    if texts:
        choices.append(lambda: _measure("length", rng.choice(texts).name, 4096))
    if lists:
        choices += [lambda: _measure("count", rng.choice(lists).name, 256)] * 2
    if times:
        choices.append(lambda: _measure("hour", rng.choice(times).name, 23))
        choices.append(lambda: _elapsed(scope, "seconds"))
    choices.append(lambda: literal(scope, rng.choice((1, 2, 3, 10, 60, Decimal("0.5"), Decimal("1.25"), 1000))))
    return rng.choice(choices)()


def _measure(function: str, name: str, most: int) -> Numeric:
    return Numeric([f"{function} of", name], Fraction(0), Fraction(most), 0, ATOM)


def _elapsed(scope: Scope, unit: str) -> Numeric:
    times = [*scope.usable("timestamp"), BUILT_IN[-1]]
    start, end = scope.rng.choice(times), scope.rng.choice(times)
    divisor = {"seconds": 1, "minutes": 60, "hours": 3600}[unit]
    span = SPAN_OF_TIME / divisor
    tokens = [f"{unit} from", start.name, "to", end.name]
    return Numeric(tokens, -span, span, 6, ATOM, divisor)


def _sum(scope: Scope, depth: int, pending: bool) -> Numeric | None:
    left, right = numeric(scope, depth, pending), numeric(scope, depth, pending)
    operator = scope.rng.choice(("+", "-"))
    low, high = (right.low, right.high) if operator == "+" else (-right.high, -right.low)
    tokens = [*left.at(SUM), operator, *right.at(ROUNDED)]
    places, divisor = max(left.places, right.places), lcm(left.divisor, right.divisor)
    return Numeric(tokens, left.low + low, left.high + high, places, SUM, divisor)


def _product(scope: Scope, depth: int, pending: bool) -> Numeric | None:
    left, right = numeric(scope, depth, pending), numeric(scope, depth, pending)
    corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    tokens = [*left.at(PRODUCT), "*", *right.at(UNARY)]
    return Numeric(
        tokens, min(corners), max(corners), left.places + right.places, PRODUCT, left.divisor * right.divisor
    )


def _quotient(scope: Scope, depth: int, pending: bool) -> Numeric | None:
    if not pending:
        return None
    rng = scope.rng
    left = numeric(scope, depth, pending)
    by = Decimal(rng.choice(("60", "3", "7", "10", "1000", "0.5", "2.5", "3600", "12")))
    tokens = [*left.at(PRODUCT), "/", number_text(rng, by)]
    exact = Fraction(by)
    digits = exact.numerator
    return Numeric(tokens, left.low / exact, left.high / exact, left.places, PRODUCT, left.divisor * digits)


def _negation(scope: Scope, depth: int, pending: bool) -> Numeric | None:
    inner = numeric(scope, depth, pending)
    if inner.tokens[0][0].isdigit() or inner.tokens[0].startswith("-"):
        return None
    return Numeric(["-", *inner.at(UNARY)], -inner.high, -inner.low, inner.places, UNARY, inner.divisor)


def _rounded(scope: Scope, depth: int, pending: bool) -> Numeric | None:
    rng = scope.rng
    if chance(rng, 25):
        inner = _elapsed(scope, rng.choice(("minutes", "hours")))
    else:
        inner = numeric(scope, depth + 1, pending=True)
    mode = rng.choice(("rounded up", "rounded down", "rounded"))
    places = rng.choice((0, 1, 2, 4, 6)) if mode == "rounded" else 0
    words = [mode] if places == 0 else [mode, "to", str(places), "place" if places == 1 else "places"]
    scale = 10**places
    low, high = Fraction(inner.low * scale // 1, scale), Fraction(-(-inner.high * scale // 1), scale)
    return Numeric([*inner.at(PRODUCT), *words], low, high, places, ROUNDED)


def _extreme(scope: Scope, depth: int, pending: bool) -> Numeric | None:
    left, right = numeric(scope, depth, pending), numeric(scope, depth, pending)
    which, pick = scope.rng.choice((("smaller of", min), ("larger of", max)))
    tokens = [which, "(", *left.tokens, ",", *right.tokens, ")"]
    low: Fraction = pick(left.low, right.low)
    high: Fraction = pick(left.high, right.high)
    return Numeric(tokens, low, high, max(left.places, right.places), ATOM, lcm(left.divisor, right.divisor))


def _share(scope: Scope, depth: int, pending: bool) -> Numeric | None:
    inner = numeric(scope, depth, pending)
    share = percent(scope.rng, 250)
    places = inner.places + _places(share) + 2
    factor = Fraction(share) / 100
    tokens = [number_text(scope.rng, share) + "%", "of", *inner.at(ATOM)]
    return Numeric(tokens, inner.low * factor, inner.high * factor, places, ATOM, inner.divisor)


_COMPOSITES: tuple[Callable[[Scope, int, bool], Numeric | None], ...] = (
    _sum, _sum, _product, _quotient, _quotient, _negation, _rounded, _rounded, _extreme, _share,
)  # fmt: skip

WIDEST_INTEGER = (Decimal(-INTEGER_EDGE), Decimal(INTEGER_EDGE - 1))
WIDEST_DECIMAL = (-DECIMAL_EDGE, DECIMAL_EDGE)
