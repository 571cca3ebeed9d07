"""The rows of JSON lines that hold nothing odd, made without an event in between.

Most lines are so, and take half the time. They come here where a line near them is odd, as `QuickTables` takes many
lines or none. Whatever is not plainly in order gives None here, and takes the one way that decides what it is:
`parse_event` and `Rows`. So no line has a row here that it would not have there.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from dsl.acceptance import DIGITS_BEFORE_POINT, LONGEST_BUILT_IN, LONGEST_LIST, LONGEST_STRING, parse_rfc3339
from dsl.core import UNIT_PLACES
from dsl.to_sql import Column, Storage
from dsl.zones import EARLIEST, LATEST, SECOND
from service.replay.rows import FIXED, Row

_LARGEST = 2**63 - 1
_LARGEST_WHOLE = 10**DIGITS_BEFORE_POINT
_MILLION = 10**UNIT_PLACES
_MOST_MINUTES = 50_000
_MINUTE, _POINT = len("2026-07-01T09:00:"), len("2026-07-01T09:00:00")
_WHOLE, _FINE = len("2026-07-01T09:00:00Z"), len("2026-07-01T09:00:00.000000Z")


class _Digits(str):
    """The text of a JSON number with a point or an exponent."""

    __slots__ = ()


class QuickRows:
    """Makes rows of some columns, the same as `Rows` makes of what `parse_event` reads."""

    def __init__(self, columns: Sequence[Column]) -> None:
        places: dict[str, list[tuple[int, Storage]]] = {}
        for place, column in enumerate(columns, start=len(FIXED)):
            places.setdefault(column.path, []).append((place, column.storage))
        # A path with several storages is for those who know what stands where.
        self._places = {
            path: (place, _KEPT[storage], _READ[storage])
            for path, ((place, storage), *others) in places.items()
            if not others
        }
        self._empty: Row = [None] * len(columns)
        self._minutes: dict[str, int] = {}

    def row(self, seq: int, line: bytes) -> Row | None:
        """The row of a line, None where this can't tell."""
        if b"\\" in line:
            return None
        try:
            text = line.decode()
            members, end = _SCAN(text, 0)
            if end != len(text) and text[end:].strip(" \t\r"):
                return None
            data: dict[str, Any] = members["data"]
            id_, source, kind, subject = members["id"], members["source"], members["type"], members["subject"]
            time = self._instant(members["time"])
            if time is None or type(data) is not dict:
                return None
            if not (type(id_) is type(source) is type(kind) is type(subject) is str):
                return None
            if not (0 < len(id_) <= LONGEST_BUILT_IN and 0 < len(source) <= LONGEST_BUILT_IN):
                return None
            if not (0 < len(kind) <= LONGEST_BUILT_IN and 0 < len(subject) <= LONGEST_BUILT_IN):
                return None
            row: Row = [seq, id_, source, kind, subject, time, False, None, None, *self._empty]
            strings = self._fill(row, data)
        except (ValueError, LookupError, TypeError, AttributeError, StopIteration, RecursionError):
            return None
        if strings is None:
            return None
        strings += len(members) + len(data)
        for value in members.values():
            if type(value) is str:
                strings += 1
        # Without backslashes each quotation mark begins or ends a string. If all of them are known, no key came twice,
        # and no object but these two has any.
        return row if text.count('"') == 2 * strings else None

    def _fill(self, row: Row, data: dict[str, Any]) -> int | None:
        """Put values into their places; returns how many strings they are, None where a value is not plain."""
        strings = 0
        places = self._places
        for path, value in data.items():
            place, kept, read = places[path]
            kind = type(value)
            if kind is kept:
                if kept is str:
                    strings += 1
                    if len(value) > LONGEST_STRING:
                        return None
                elif kept is int and not -_LARGEST <= value <= _LARGEST:
                    return None
                row[place] = value
            elif value is not None:
                row[place] = fitting = read(value)
                if fitting is None:
                    return None
                if type(fitting) is list:
                    strings += len(fitting)
        return strings

    def _instant(self, text: str) -> int | None:
        """An instant; None for text that is none, or lies outside the years of instants."""
        start = self._minutes.get(text[:_MINUTE])
        length = len(text)
        if start is not None and (length == _WHOLE or (length == _FINE and text[_POINT] == ".")) and text[-1] == "Z":
            # Seconds and six digits behind them are microseconds when they are put together.
            digits = text[_MINUTE:_POINT] + (text[_POINT + 1 : -1] or "000000")
            if digits < "6" and digits.isascii() and digits.isdigit():
                return start + int(digits)
        instant = parse_rfc3339(text)
        if instant is None or not EARLIEST <= instant <= LATEST:
            return None
        start = parse_rfc3339(f"{text[:_MINUTE]}00Z")
        if start is not None and EARLIEST <= start <= LATEST - 60 * SECOND:
            if len(self._minutes) >= _MOST_MINUTES:
                self._minutes.clear()
            self._minutes[text[:_MINUTE]] = start
        return instant


# ── values ──────────────────────────────────────────────────────────────────
# There is no backslash in the line, so that no text holds U+0000 or half a surrogate pair.


def _decimal(value: Any) -> object:
    if type(value) is int:
        return value * _MILLION if -_LARGEST_WHOLE < value < _LARGEST_WHOLE else None
    if type(value) is not _Digits:
        return None
    whole, _, fraction = value.partition(".")
    if not (0 < len(fraction) <= UNIT_PLACES and fraction.isdigit() and len(whole) <= DIGITS_BEFORE_POINT):
        return None
    return int(whole + fraction.ljust(UNIT_PLACES, "0"))


def _list(value: Any) -> object:
    if type(value) is not list or len(value) > LONGEST_LIST:
        return None
    return value if all(type(item) is str and len(item) <= LONGEST_STRING for item in value) else None


def _not_plain(value: Any) -> object:
    return None


_KEPT: dict[Storage, type | None] = {
    "boolean": bool,
    "integer": int,
    "decimal": None,
    "text": str,
    "timestamp": None,
    "list": None,
}
"""The type whose values stand in a column as they come."""
_READ: dict[Storage, Callable[[Any], object]] = {
    "boolean": _not_plain,
    "integer": _not_plain,
    "decimal": _decimal,
    "text": _not_plain,
    # How an instant was written is kept beside it, and that is not done here.
    "timestamp": _not_plain,
    "list": _list,
}
"""What other values stand for; None where they are not plain."""


def _constant(text: str) -> object:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_float=_Digits, parse_constant=_constant)
_SCAN: Callable[[str, int], tuple[Any, int]] = _DECODER.scan_once  # type: ignore[attr-defined]  # of C
