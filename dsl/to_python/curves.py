"""Curves as Python functions of one integer, the total of units; all that can be computed beforehand is."""

import math
from fractions import Fraction

from dsl.core import Curve, Tier
from dsl.curve import MONEY_PER_RATE, amount, due_within
from dsl.numbers import divide_half_even
from dsl.to_python.module import Module


class Curves:
    """Writes curves for one module, each distinct curve once."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._names: dict[Curve, str] = {}

    def amount(self, curve: Curve, total: str) -> str:
        """The code of the amount owed for a total, a local name or number."""
        if total.isdecimal():
            return str(amount(curve, int(total)))
        factor = linear_factor(curve)
        return f"{total} * {factor}" if factor is not None else f"{self._name(curve)}({total})"

    def _name(self, curve: Curve) -> str:
        known = self._names.get(curve)
        if known is not None:
            return known
        name = self._names[curve] = self._module.fresh("curve")
        codes = _codes(curve)
        with self._module.function(name, ["t"]):
            with self._module.block("if not t:"):
                self._module.line("return 0")
            self._choose(curve.tiers, codes, 0, len(codes))
        return name

    def _choose(self, tiers: tuple[Tier, ...], codes: list[str], first: int, end: int) -> None:
        """Halve the tiers until one is left."""
        if end - first == 1:
            self._module.line(f"return {codes[first]}")
            return
        middle = (first + end) // 2
        with self._module.block(f"if t <= {tiers[middle].lower}:"):
            self._choose(tiers, codes, first, middle)
        self._choose(tiers, codes, middle, end)


def linear_factor(curve: Curve) -> int | None:
    """The money per millionth of a unit, where the curve is nothing but that: then an event's price needs no total."""
    if len(curve.tiers) != 1:
        return None
    (tier,) = curve.tiers
    factor = Fraction(tier.rate * MONEY_PER_RATE, tier.size)
    if tier.blocks is not None or tier.plus or factor.denominator != 1:
        return None
    return factor.numerator


def _codes(curve: Curve) -> list[str]:
    """The code of each tier's amount, what is owed for the tiers below it included."""
    codes, base = [], Fraction(0)
    for tier in curve.tiers:
        codes.append(_code(tier, 0 if curve.by_volume else tier.lower, base))
        if tier.upper is not None and not curve.by_volume:
            base += due_within(tier, tier.upper - tier.lower)
    return codes


def _code(tier: Tier, start: int, base: Fraction) -> str:
    """The amount for a total `t` in a tier that counts from `start`, rounded once."""
    rate, fixed = tier.rate * MONEY_PER_RATE, base + tier.plus
    if tier.blocks is not None:
        within = f"(t - {start})" if start else "t"
        times = f"-(-{within} // {tier.size})" if tier.blocks == "started" else f"({within} // {tier.size})"
        return _divided(f"{times} * {rate * fixed.denominator}", fixed.numerator, fixed.denominator)
    each = Fraction(rate, tier.size)
    denominator = math.lcm(each.denominator, fixed.denominator)
    slope, offset = each * denominator, (fixed - each * start) * denominator
    if not slope:
        return str(divide_half_even(int(offset), denominator))  # A free tier, or a fixed amount, needs no calculation.
    return _divided(f"t * {slope}", int(offset), denominator)


def _divided(product: str, offset: int, denominator: int) -> str:
    numerator = f"{product} + {offset}" if offset > 0 else f"{product} - {-offset}" if offset else product
    return numerator if denominator == 1 else f"half_even({numerator}, {denominator})"
