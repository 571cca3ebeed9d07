"""An event as a row of prepared columns, and back.

A value stands in the column of its path and storage if it fits that storage; a path with several storages has several
columns. What fits none is named in `misfits`. A row from which the event could not be made again, content and all, also
keeps the event itself as text in `raw`.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dsl import acceptance
from dsl.event import Event, Instant, Other
from dsl.to_sql import OUTSIDE_PATHS, Column, Storage

FIXED = ("seq", "id", "source", "type", "subject", "time_us", "flawed", "misfits", "raw")
"""The columns of every prepared table, before those of values."""
_LARGEST = 2**63 - 1

Row = list[object]
"""Values in the order of `FIXED` and the columns of values."""


@dataclass(frozen=True, slots=True)
class Path:
    """An outside path and its columns: for each the place in a row, its name, storage, and what makes a value fit."""

    path: str
    columns: tuple[tuple[int, str, Storage, Callable[[object], object]], ...]


def _integer(raw: object) -> int | None:
    number = acceptance.integer_value(raw)
    return number if number is not None and -_LARGEST - 1 <= number <= _LARGEST else None


def _boolean(raw: object) -> bool | None:
    return raw if isinstance(raw, bool) else None


def _text(raw: object) -> str | None:
    return raw if acceptance.is_text(raw) else None


def _list(raw: object) -> list[str] | None:
    fitting = acceptance.list_value(raw)
    return None if fitting is None else list(fitting)


_FITTING: dict[Storage, Callable[[object], object]] = {
    "boolean": _boolean,
    "integer": _integer,
    "decimal": acceptance.decimal_value,
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
        paths: dict[str, list[tuple[int, str, Storage, Callable[[object], object]]]] = {}
        for place, column in enumerate(columns, start=len(FIXED)):
            paths.setdefault(column.path, []).append((place, column.name, column.storage, _FITTING[column.storage]))
        self._paths = [Path(path, tuple(found)) for path, found in paths.items()]
        self._width = len(FIXED) + len(columns)

    def row(self, seq: int, event: Event) -> Row:
        """The row of an event."""
        time, violations = acceptance.check_built_ins(event)
        row: Row = [None] * self._width
        row[0] = seq
        for place, value in enumerate((event.id, event.source, event.type, event.subject), start=1):
            row[place] = value if acceptance.is_built_in(value) else None
        row[5], row[6] = time, bool(violations)
        misfits = [OUTSIDE_PATHS] if event.conflicts else []
        plain = not violations and not misfits and type(event.time) is int
        left = len(event.data)
        for path in self._paths:
            raw = event.data.get(path.path)
            if raw is None:
                left -= path.path in event.data
                continue
            left -= 1
            same = False
            for place, name, storage, fitting in path.columns:
                value = row[place] = fitting(raw)
                if value is None:
                    misfits.append(name)
                elif isinstance(raw, _SPELT[storage]):
                    same = True
            plain = plain and same
        if misfits:
            row[7] = f",{','.join(misfits)},"
        if left or not plain or misfits:
            row[8] = encode(event)
        return row

    def event(self, row: Sequence[object]) -> Event:
        """The event of a row, with the content that it had; its values may be written another way."""
        raw = row[8]
        if raw is not None:
            return decode(str(raw))
        data: dict[str, object] = {}
        for path in self._paths:
            for place, _, storage, _ in path.columns:
                value = row[place]
                if value is None:
                    continue
                if storage == "decimal":
                    value = Decimal(value).scaleb(-6)  # type: ignore[arg-type]  # millionths
                elif storage == "timestamp":
                    value = Instant(value)  # type: ignore[arg-type]  # microseconds
                data[path.path] = value
                if storage == "text":
                    break
        return Event(row[1], row[2], row[3], row[4], row[5], data)


# ── an event as text ────────────────────────────────────────────────────────


def encode(event: Event) -> str:
    """An event as JSON text, whatever its values are."""
    members = [event.id, event.source, event.type, event.subject, event.time]
    data = {path: encoded(value) for path, value in event.data.items()}
    return json.dumps([*map(encoded, members), data, event.conflicts], separators=(",", ":"))


def decode(text: str) -> Event:
    """The event that `encode` wrote."""
    *members, data, conflicts = json.loads(text)
    id_, source, type_, subject, time = map(_decoded, members)
    return Event(
        id_, source, type_, subject, time, {path: _decoded(value) for path, value in data.items()}, tuple(conflicts)
    )


def encoded(value: object) -> object:
    """A value of an event as what JSON can hold; equal for equal values only."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -_LARGEST <= value <= _LARGEST else {"decimal": str(Decimal(value))}
        case Decimal():
            return {"decimal": str(value)}
        case float():
            return {"double": repr(value)}
        case Instant():
            return {"instant": value.microseconds}
        case Other():
            return {"other": [value.shape, value.content]}
        case list() | tuple():
            return [encoded(member) for member in value]
    return {"other": [type(value).__name__, repr(value)]}


def _decoded(value: object) -> object:
    match value:
        case {"decimal": str(text)}:
            return Decimal(text)
        case {"double": str(text)}:
            return float(text)
        case {"instant": int(microseconds)}:
            return Instant(microseconds)
        case {"other": [str(shape), str(content)]}:
            return Other(shape, content)
        case list():
            return [_decoded(member) for member in value]
    return value
