"""Amounts as people write them, read as the numbers that they mean."""

import re
from decimal import Decimal

_THOUSANDS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+")
LONGEST_AMOUNT = 40


def hundredth(number: str) -> str | None:
    """The hundredth part of a written number, with at least two places: 50 cents are `0.50`; None of a huge one."""
    if len(number) > LONGEST_AMOUNT:
        return None
    value = Decimal(number.replace("_", "")) / 100
    whole, _, places = f"{value:f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"


def with_point(text: str) -> str | None:
    """`1.234,50`, with the point and the comma the other way round, as `1_234.50`; None where it is not such a one."""
    if not _THOUSANDS.fullmatch(text):
        return None
    whole, _, places = text.partition(",")
    return f"{whole.replace('.', '_')}.{places}"
