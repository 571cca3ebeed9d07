"""Curves as SQL: the money owed for a total of units, tier by tier, exact and rounded once."""

import math
from collections.abc import Sequence
from fractions import Fraction

from dsl.core import MONEY, UNIT, Curve, Tier
from dsl.curve import MONEY_PER_RATE, amount, due_within
from dsl.to_sql.numbers import Number, Numbers

_FEW = 8
"""So many tiers are tried one after the other; more are halved."""


def linear_factor(curve: Curve) -> int | None:
    """The money per millionth of a unit, where the curve is nothing but that: then an event's price needs no total."""
    if len(curve.tiers) != 1:
        return None
    (tier,) = curve.tiers
    factor = Fraction(tier.rate * MONEY_PER_RATE, tier.size)
    return factor.numerator if tier.blocks is None and not tier.plus and factor.denominator == 1 else None


def amount_of(numbers: Numbers, curve: Curve, total: Number) -> Number:
    """The money owed for a total of units, a column's name or a short text, at least 0; raises TooLarge."""
    if total.constant:
        return numbers.literal(amount(curve, total.low))
    factor = linear_factor(curve)
    if factor is not None:
        return numbers.multiply(total, numbers.literal(factor))
    reached = [tier for tier in curve.tiers if tier.lower < total.high]
    codes = _codes(numbers, curve, reached, total)
    low, high = min(code.low for code in codes), max(code.high for code in codes)
    texts, wide = numbers.united(codes)
    found = _chosen(total.text, reached, texts)
    if reached[0].plus or reached[0].blocks is not None:
        found = f"CASE WHEN {total.text} = 0 THEN 0 ELSE {found} END"
    return numbers.cast(found, min(low, 0), high, wide)


def _chosen(total: str, tiers: Sequence[Tier], texts: Sequence[str]) -> str:
    """The text of the tier that holds the total."""
    if len(tiers) == 1:
        return texts[0]
    if len(tiers) <= _FEW:
        arms = [f"WHEN {total} <= {tier.upper} THEN {text}" for tier, text in zip(tiers, texts[:-1], strict=False)]
        return f"CASE {' '.join(arms)} ELSE {texts[-1]} END"
    middle = len(tiers) // 2
    first, second = _chosen(total, tiers[:middle], texts[:middle]), _chosen(total, tiers[middle:], texts[middle:])
    return f"CASE WHEN {total} <= {tiers[middle].lower} THEN {first} ELSE {second} END"


def _codes(numbers: Numbers, curve: Curve, tiers: Sequence[Tier], total: Number) -> list[Number]:
    """Each tier's amount, what is owed for the tiers below it included."""
    codes, base = [], Fraction(0)
    for tier in tiers:
        within = Number(
            total.text,
            max(total.low, tier.lower),
            max(tier.lower, total.high if tier.upper is None else min(total.high, tier.upper)),
            total.wide,
        )
        codes.append(_code(numbers, tier, 0 if curve.by_volume else tier.lower, base, within))
        if tier.upper is not None and not curve.by_volume:
            base += due_within(tier, tier.upper - tier.lower)
    return codes


def _code(numbers: Numbers, tier: Tier, start: int, base: Fraction, total: Number) -> Number:
    """The amount for a total in a tier that counts from `start`."""
    rate, fixed = tier.rate * MONEY_PER_RATE, base + tier.plus
    if tier.blocks is not None:
        within = numbers.subtract(total, numbers.literal(start))
        write = numbers.ceil_divide if tier.blocks == "started" else numbers.floor_divide
        product = numbers.multiply(write(within, tier.size), numbers.literal(rate * fixed.denominator))
        return numbers.half_even(numbers.add(product, numbers.literal(fixed.numerator)), fixed.denominator)
    each = Fraction(rate, tier.size)
    denominator = math.lcm(each.denominator, fixed.denominator)
    slope, offset = int(each * denominator), int((fixed - each * start) * denominator)
    product = numbers.multiply(total, numbers.literal(slope))
    return numbers.half_even(numbers.add(product, numbers.literal(offset)), denominator)


LARGEST_AMOUNT = 10**9 * MONEY
"""An event that costs more than this, either way, is left to Python where caps add prices up."""
LARGEST_TOTALS = (9 * 10**18, *(10**power * UNIT for power in (11, 10, 9, 8, 7, 6)))
"""How far a running total is followed, in millionths: the first at which all of a curve stays within 38 digits."""
