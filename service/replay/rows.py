"""An event as a row of prepared columns, and back.

A value stands in the column of its path and storage if it fits that storage; a path with several storages has several
columns. What fits none is named in `misfits`. A row from which the event could not be made again, content and all, also
keeps the event itself as text in `raw`.
"""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import TypeGuard

from dsl import acceptance
from dsl.acceptance import LONGEST_BUILT_IN
from dsl.core import UNIT_PLACES
from dsl.event import Event, Instant
from dsl.to_sql import OUTSIDE_PATHS, Column, Storage
from dsl.zones import EARLIEST, LATEST
from service.ledger import codec

FIXED = ("seq", "id", "source", "type", "subject", "time_us", "flawed", "misfits", "raw")
"""The columns of every prepared table, before those of values."""
_LARGEST = 2**63 - 1
_MILLION = Decimal(10**UNIT_PLACES)
_EXACT = Context(prec=28, traps=[Inexact, InvalidOperation, Overflow])
"""Raises an exception where a digit would be lost."""

Row = list[object]
"""Values in the order of `FIXED` and the columns of values."""


def _is_simple(raw: object) -> TypeGuard[str]:
    """Whether a value is a string of printable ASCII: most are, and none of its characters is forbidden then."""
    return type(raw) is str and raw.isascii() and raw.isprintable()


def _is_simple_text(raw: object) -> TypeGuard[str]:
    return type(raw) is str and raw.isascii() and raw.isprintable() and len(raw) <= acceptance.LONGEST_STRING


def _integer(raw: object) -> int | None:
    number = raw if type(raw) is int else acceptance.integer_value(raw)
    return number if number is not None and -_LARGEST - 1 <= number <= _LARGEST else None


def _decimal(raw: object) -> int | None:
    if type(raw) is Decimal and -UNIT_PLACES <= raw.adjusted() < acceptance.DIGITS_BEFORE_POINT:
        try:
            return int(_EXACT.multiply(raw, _MILLION).to_integral_exact(None, _EXACT))
        except (ArithmeticError, ValueError):
            # Digits were left over: whether they are zeros is seen there.
            pass
    return acceptance.decimal_value(raw)


def _boolean(raw: object) -> bool | None:
    return raw if isinstance(raw, bool) else None


def _text(raw: object) -> str | None:
    if _is_simple_text(raw):
        return raw
    return raw if acceptance.is_text(raw) else None


def _list(raw: object) -> list[str] | None:
    if type(raw) is list and len(raw) <= acceptance.LONGEST_LIST and all(map(_is_simple_text, raw)):
        return raw
    fitting = acceptance.list_value(raw)
    return None if fitting is None else list(fitting)


_FITTING: dict[Storage, Callable[[object], object]] = {
    "boolean": _boolean,
    "integer": _integer,
    "decimal": _decimal,
    "text": _text,
    "timestamp": acceptance.timestamp_value,
    "list": _list,
}
_SPELT: dict[Storage, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int, float, Decimal),
    "decimal": (int, float, Decimal),
    "text": (str,),
    "timestamp": (Instant,),
    "list": (list,),
}
"""What a raw value may be to be the same again when it is made from its column."""


class Rows:
    """Turns events into rows of some columns, and rows into events."""

    def __init__(self, columns: Sequence[Column]) -> None:
        paths: dict[str, list[tuple[int, str, tuple[type, ...], Callable[[object], object]]]] = {}
        storages: dict[str, list[tuple[int, Storage]]] = {}
        for place, column in enumerate(columns, start=len(FIXED)):
            storage = column.storage
            paths.setdefault(column.path, []).append((place, column.name, _SPELT[storage], _FITTING[storage]))
            storages.setdefault(column.path, []).append((place, storage))
        self._paths = list(paths.items())
        self._storages = list(storages.items())
        self._width = len(FIXED) + len(columns)

    def row(self, seq: int, event: Event) -> Row:
        """The row of an event."""
        row: Row = [None] * self._width
        row[0] = seq
        flawed, time = False, event.time
        for place, value in enumerate((event.id, event.source, event.type, event.subject), start=1):
            if (_is_simple(value) and 0 < len(value) <= LONGEST_BUILT_IN) or acceptance.is_built_in(value):
                row[place] = value
            else:
                flawed = True
        if type(time) is int and EARLIEST <= time <= LATEST:
            row[5] = time
        else:
            row[5], violations = acceptance.check_built_ins(event)
            flawed = flawed or bool(violations)
        row[6] = flawed
        misfits = [OUTSIDE_PATHS] if event.conflicts else []
        plain = not flawed and type(time) is int
        data = event.data
        left = len(data)
        for path, columns in self._paths:
            raw = data.get(path)
            if raw is None:
                left -= path in data
                continue
            left -= 1
            same = False
            kind = type(raw)
            for place, name, kinds, fitting in columns:
                value = row[place] = fitting(raw)
                if value is None:
                    misfits.append(name)
                elif kind in kinds:
                    same = True
            plain = plain and same
        if misfits:
            row[7] = f",{','.join(misfits)},"
        if left or not plain or misfits:
            row[8] = codec.event_text(event)
        return row

    def event(self, row: Sequence[object]) -> Event:
        """The event of a row, with the content that it had; its values may be written another way."""
        raw = row[8]
        if raw is not None:
            return codec.event_of(str(raw))
        data: dict[str, object] = {}
        for path, columns in self._storages:
            for place, storage in columns:
                value = row[place]
                if value is None:
                    continue
                if storage == "decimal":
                    value = Decimal(value).scaleb(-6)  # type: ignore[arg-type]  # millionths
                elif storage == "timestamp":
                    value = Instant(value)  # type: ignore[arg-type]  # microseconds
                data[path] = value
                if storage == "text":
                    break
        return Event(row[1], row[2], row[3], row[4], row[5], data)
