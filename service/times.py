"""Instants as people and protocols write them."""

import time
from datetime import timedelta

from dsl.zones import EPOCH


def as_text(microseconds: int) -> str:
    """An instant as RFC 3339 text in UTC, with as many digits of the second as it needs."""
    moment = EPOCH + timedelta(microseconds=microseconds)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def now() -> int:
    """The present instant, by this machine's clock."""
    return time.time_ns() // 1000
