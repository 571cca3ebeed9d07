"""Exact decimal numbers as scaled integers: reading, rounding, writing. No float touches them."""

import re
from typing import Literal

_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")
LONGEST_NUMBER = 400
"""Characters of number text that are looked at; the conversion of longer text would take quadratic time."""

RoundingMode = Literal["up", "down", "half even"]


def divide_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator, rounded half to even; the denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


def divide_up(numerator: int, denominator: int) -> int:
    """numerator / denominator, rounded towards +∞; the denominator is positive."""
    return -(-numerator // denominator)


def parse_scaled(text: str, places: int) -> int | None:
    """Decimal text (`-?digits[.digits]`) times 10^places, or None where it is none or has more places than that."""
    if len(text) > LONGEST_NUMBER or not _DECIMAL.match(text):
        return None
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > places:
        return None
    return int(whole + fraction + "0" * (places - len(fraction)))


def format_scaled(value: int, places: int) -> str:
    """value / 10^places as `-?digits[.digits]`, without exponent or trailing zeros."""
    if value < 0:
        return "-" + format_scaled(-value, places)
    digits = str(value)
    if len(digits) <= places:
        digits = digits.zfill(places + 1)
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :].rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def format_units(units: int) -> str:
    """Units in millionths as a decimal string."""
    return format_scaled(units, 6)


def format_money(amount: int) -> str:
    """Money in 10⁻¹⁸ of the currency as a decimal string."""
    return format_scaled(amount, 18)
