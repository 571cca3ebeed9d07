"""Parquet as batches of rows: the members of an event as columns, its data in a struct, in JSON text or in columns.

Values are read by the file's own types. A timestamp of any resolution is an instant in microseconds, finer digits cut,
as in text; a float of any width is its shortest decimal; NaN and infinity are no numbers, and their rows are broken.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from dsl.event import Event, Instant, Other
from dsl.to_sql import Column
from service.cloudevents import MalformedEvent
from service.replay.batches import Batch, Broken, Builder
from service.replay.members import MEMBERS, data_paths, event_of

_MOST_ROWS = 8192
_MOST_BYTES = 16 * 2**20
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_MICROSECOND = 10**3

Reader = Callable[[object], object]
"""From what Arrow gives to a value of an event; raises MalformedEvent."""


class Kinds:
    """Which kind of values each column has had in the files so far: a column that changes it is a mistake."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, str]] = {}

    def add(self, file: str, schema: pa.Schema, paths: dict[str, str]) -> None:
        """Take note of a file's columns; raises MalformedEvent where one has another kind than in an earlier file."""
        found = dict(_kinds(schema, paths))
        for path, kind in found.items():
            earlier, where = self._seen.get(path, (kind, file))
            if earlier != kind:
                raise MalformedEvent(f"`{path}` is {kind} in this file, and {earlier} in {where}")
        for path, kind in found.items():
            self._seen.setdefault(path, (kind, file))


def _kinds(schema: pa.Schema, paths: dict[str, str]) -> Iterator[tuple[str, str]]:
    waiting = [(paths.get(field.name, field.name), field.type) for field in schema]
    while waiting:
        path, type_ = waiting.pop()
        if pa.types.is_struct(type_):
            waiting += [(f"{path}.{field.name}", field.type) for field in type_]
        elif not pa.types.is_null(type_):
            yield path, _kind(type_)


def _kind(type_: pa.DataType) -> str:
    types = pa.types
    if types.is_dictionary(type_):
        return _kind(type_.value_type)
    if types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_):
        return "a number"
    if types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return "text"
    if types.is_timestamp(type_):
        return "a timestamp"
    if types.is_list(type_) or types.is_large_list(type_):
        return "a list"
    return "a boolean" if types.is_boolean(type_) else f"of the type {type_}"


def read_parquet(file: Path, columns: Sequence[Column], kinds: Kinds) -> Iterator[Batch]:
    """The rows of a file; a part of it that can't be read is left out and named, and reading goes on behind it."""
    builder, name = Builder(columns), str(file)
    try:
        with parquet.ParquetFile(file, page_checksum_verification=True) as opened:
            try:
                table = _Table(opened.schema_arrow, columns)
                kinds.add(name, opened.schema_arrow, table.paths)
            except MalformedEvent as error:
                builder.broken(Broken(name, 0, str(error), rows=opened.metadata.num_rows))
            else:
                before = 0
                for group in range(opened.num_row_groups):
                    yield from _group(name, opened, group, before, table, builder)
                    before += opened.metadata.row_group(group).num_rows
    except (pa.ArrowException, OSError) as error:
        builder.broken(Broken(name, 0, f"the file can't be read: {_why(error)}", rows=0))
    yield builder.take()


def _group(
    file: str, opened: parquet.ParquetFile, group: int, before: int, table: "_Table", builder: Builder
) -> Iterator[Batch]:
    """The rows of one group, the rest of which is lost where a page of it is damaged."""
    described = opened.metadata.row_group(group)
    size = described.total_byte_size // max(1, described.num_rows) + 1
    at_once = max(1, min(_MOST_ROWS, _MOST_BYTES // size))
    row, last = before, before + described.num_rows
    try:
        for batch in opened.iter_batches(at_once, row_groups=[group]):
            for item in table.items(batch):
                row += 1
                if isinstance(item, str):
                    builder.broken(Broken(file, row, item))
                elif builder.event(item, size):
                    yield builder.take()
        if row != last:
            builder.broken(Broken(file, row + 1, f"rows are missing up to row {last}", rows=last - row))
    except (pa.ArrowException, OSError) as error:
        reason = f"rows {row + 1} to {last} can't be read: {_why(error)}"
        builder.broken(Broken(file, row + 1, reason, rows=last - row))


def _why(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".") or "it is damaged"


class _Table:
    """How the columns of one file become events."""

    def __init__(self, schema: pa.Schema, columns: Sequence[Column]) -> None:
        self.paths = data_paths(schema.names, (column.path for column in columns))
        self._wanted = {*MEMBERS, *(["data"] if "data" in schema.names else self.paths)}
        self._fields = [(field.name, _plain_type(field.type), _reader(field.name, field.type)) for field in schema]

    def items(self, batch: pa.RecordBatch) -> Iterator[Event | str]:
        """The rows of a batch as events; text says why one is none."""
        given = [
            (name, batch.column(place).cast(type_), reader)
            for place, (name, type_, reader) in enumerate(self._fields)
            if name in self._wanted
        ]
        try:
            columns = [(name, array.to_pylist(), reader) for name, array, reader in given]
        except (ValueError, OverflowError):
            # A text that is no UTF-8, or a date without a name: the row is found by looking at each.
            yield from self._one_by_one(given)
            return
        for place in range(batch.num_rows):
            yield self._item((name, values[place], reader) for name, values, reader in columns)

    def _one_by_one(self, given: list[tuple[str, pa.Array, Reader]]) -> Iterator[Event | str]:
        for place in range(len(given[0][1])):
            values: list[tuple[str, object, Reader]] = []
            for name, array, reader in given:
                try:
                    values.append((name, array[place].as_py(), reader))
                except UnicodeDecodeError:
                    yield f"`{name}` is not UTF-8"
                    break
                except (ValueError, OverflowError) as error:
                    yield f"`{name}` can't be read: {error}"
                    break
            else:
                yield self._item(values)

    def _item(self, values: "Iterator[tuple[str, object, Reader]] | list[tuple[str, object, Reader]]") -> Event | str:
        try:
            row = {name: None if value is None else reader(value) for name, value, reader in values}
            data = row["data"] if "data" in row else {path: row[name] for name, path in self.paths.items()}
            return event_of(row, data)
        except MalformedEvent as error:
            return str(error)


# ── values by their type ────────────────────────────────────────────────────


def _plain_type(type_: pa.DataType) -> pa.DataType:
    """The type that Arrow is to give values in, without loss: instants as numbers, short floats as text."""
    types = pa.types
    if types.is_timestamp(type_):
        return pa.int64()
    if types.is_float16(type_):
        return pa.float64()
    if types.is_float32(type_):
        return pa.string()
    if types.is_dictionary(type_):
        return _plain_type(type_.value_type)
    if types.is_struct(type_):
        return pa.struct([pa.field(field.name, _plain_type(field.type)) for field in type_])
    if types.is_list(type_):
        return pa.list_(_plain_type(type_.value_type))
    if types.is_large_list(type_):
        return pa.large_list(_plain_type(type_.value_type))
    return type_


def _reader(name: str, type_: pa.DataType) -> Reader:
    """What reads the values of a type, which `_plain_type` gave; raises MalformedEvent for a type that says nothing."""
    types = pa.types
    if types.is_dictionary(type_):
        return _reader(name, type_.value_type)
    if types.is_timestamp(type_):
        unit = _NANOSECONDS[type_.unit]
        return lambda value: Instant(int(value) * unit // _MICROSECOND)  # type: ignore[call-overload]  # an integer
    if types.is_floating(type_):
        return lambda value: _number(name, value)
    if types.is_struct(type_):
        readers = {field.name: _reader(f"{name}.{field.name}", field.type) for field in type_}
        if len(readers) < len(type_):
            raise MalformedEvent(f"a member of `{name}` stands twice")
        return lambda value: {
            member: None if inner is None else readers[member](inner)
            for member, inner in value.items()  # type: ignore[attr-defined]  # a dict
        }
    if types.is_list(type_) or types.is_large_list(type_):
        inside = _reader(f"a member of {name}", type_.value_type)
        return lambda value: [None if one is None else inside(one) for one in value]  # type: ignore[attr-defined]
    if types.is_map(type_):
        return lambda value: _map(name, value)
    if types.is_date(type_):
        return lambda value: value.isoformat()  # type: ignore[attr-defined]  # a date
    return _as_it_is


def _number(name: str, value: object) -> object:
    """A float: the double itself, or the shortest decimal of a shorter one from its text."""
    number = Decimal(value) if isinstance(value, str) else value
    assert isinstance(number, float | Decimal)
    if not math.isfinite(number):
        raise MalformedEvent(f"`{name}` is {value}, which is no number")
    return number


def _map(name: str, value: object) -> object:
    pairs = [(key, None if inner is None else _as_it_is(inner)) for key, inner in value]  # type: ignore[attr-defined]  # pairs
    members = dict(pairs)
    if len(members) < len(pairs) or not all(isinstance(key, str) for key in members):
        raise MalformedEvent(f"the members of `{name}` have texts as names, each once, and these have not")
    return members


def _as_it_is(value: object) -> object:
    if isinstance(value, bool | int | str | Decimal):
        return value
    return Other(f"a value of type {type(value).__name__}", repr(value))
