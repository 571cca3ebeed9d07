"""Many JSON lines at once as typed columns, where nothing about any of them is odd.

Arrow's own reader takes a whole block of lines in a tenth of the time that Python takes for them one by one. It is told
every name and type, and what it gives is looked over as a whole. Where anything is not plainly in order it gives
nothing, and the lines take the ways that decide what each of them is: `QuickRows`, and behind it `Rows`.
"""

import json
import re
from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyarrow import compute
from pyarrow import json as arrow_json

from dsl.acceptance import DIGITS_BEFORE_POINT, LONGEST_BUILT_IN, LONGEST_LIST, LONGEST_STRING
from dsl.core import UNIT_PLACES
from dsl.to_sql import Column, Storage
from dsl.zones import EARLIEST, LATEST
from service.cloudevents import LONGEST_LINE
from service.replay.prepared import schema_of
from service.replay.rows import FIXED

MOST_BYTES = 2**20
"""Of lines that are taken at once, as long as nothing is odd. A longer line is taken by itself."""
_LEAST_BYTES = 2**16
"""What can be gained with less, the call itself takes."""
_MOST_UNTRIED = 2**22
_BUILT_INS = ("id", "source", "type", "subject")
_KNOWN = (*_BUILT_INS, "time", "data")
_LARGEST = 10 ** (DIGITS_BEFORE_POINT + UNIT_PLACES)
_MOST_OTHERS = 64
_NAME = re.compile("[A-Za-z0-9_]{1,100}", re.ASCII)
"""What names of extensions are learnt; CloudEvents allows small letters and digits."""
_RFC_3339 = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})\z"
"""Arrow takes more for an instant than an event may have: other lengths, a space, no zone's colon."""
_INSTANT = pa.timestamp("us", "UTC")
_TINY = "|".join(
    (
        r'"[ \t\r]*:[ \t\r]*-?[0-9.]+[eE]-0*[1-9][0-9]',
        # Arrow's own: a plus before another sign, and hexadecimal digits, of which the highest is the sign.
        r'"[+-]?[0-9.]+[eE]\+?(-[0-9]+|0[xX][0-9A-Fa-f]+)"',
        # A letter of any of these, written as its number.
        r"\\u00(2[BDEbde]|3[0-9]|[46][1-6]|[57]8)",
    )
)
"""No text of a UUID is so; if it were, few blocks would be left in which nothing is."""
_READ: dict[Storage, pa.DataType | None] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(DIGITS_BEFORE_POINT + UNIT_PLACES, UNIT_PLACES),
    "text": pa.string(),
    # How an instant was written is kept beside it, and that is not done here.
    "timestamp": None,
    "list": pa.list_(pa.string()),
}
_OTHERS: dict[type, pa.DataType] = {str: pa.string(), bool: pa.bool_(), int: pa.int64()}


class QuickTables:
    """Makes columns of blocks of lines, the same values as `Rows` makes of what `parse_event` reads.

    CloudEvents' own members and those of its extensions are no data. Which ones there are is learnt from lines that
    have them (`learn`).
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        storages: dict[str, list[Storage]] = {}
        for column in columns:
            storages.setdefault(column.path, []).append(column.storage)
        # A path with several storages is for those who know what stands where.
        self._types = {
            path: type_
            for path, (storage, *others) in storages.items()
            if not others and (type_ := _READ[storage]) is not None
        }
        self._has_decimals = any(map(pa.types.is_decimal, self._types.values()))
        self._columns = columns
        self._kept = [field.type for field in schema_of(columns)][len(FIXED) :]
        self._others: dict[str, pa.DataType] = {"specversion": pa.string()}
        self._parsing = self._parse_options(self._types)
        self._size = MOST_BYTES
        self._untried = 0
        self._patience = 0

    def blocks(self, text: bytes) -> Iterator[tuple[bytes, list[pa.Array] | None]]:
        """All the lines of a text in their order, some at a time: with their columns, or None where they are to be
        read singly.

        Where something is odd, fewer lines are tried at once; where nothing else comes, it is rarely tried.
        """
        place = 0
        while place <= len(text):
            some = _some_lines(text, place, self._untried or self._size)
            columns = None
            if self._untried:
                self._untried = max(0, self._untried - len(some) - 1)
            else:
                columns = self.columns(some)
                if columns is not None:
                    self._size = min(self._size + self._size // 4, MOST_BYTES)
                    self._patience //= 2
                elif self._should_retry(some):
                    continue
            place += len(some) + 1
            yield some, columns

    def _should_retry(self, text: bytes) -> bool:
        if self._size > _LEAST_BYTES:
            if not self.learn(text.split(b"\n", 1)[0]):
                self._size = max(_LEAST_BYTES, min(self._size, len(text)) // 4)
            return True
        if self.learn(text):
            return True
        self._untried = self._patience
        self._patience = min(max(2 * self._patience, _LEAST_BYTES), _MOST_UNTRIED)
        return False

    def columns(self, text: bytes) -> list[pa.Array] | None:
        """The columns of prepared events behind their sequence, a row for each line; None where this can't tell."""
        lines = text.count(b"\n") + 1
        if len(text) > LONGEST_LINE or not _is_objects(text, lines):
            return None
        if self._has_decimals and _may_be_tiny(text):
            return None
        try:
            if not text.isascii():
                text.decode()
            table = _read(text, self._parsing)
            # So one object a line is sure: no line has two, and none goes on in the next.
            if len(table) != lines or any(table[name].null_count for name in _KNOWN):
                return None
            members = {name: _whole(table[name]) for name in table.column_names}
            data = members.pop("data")
            values = {path: data.field(place) for place, path in enumerate(self._types)}
            if not self._are_numbers(text, table, values):
                return None
            return self._looked_over(members, values)
        except (pa.ArrowException, UnicodeError):
            return None

    def learn(self, text: bytes) -> bool:
        """Find members beside the known ones in lines that gave no columns; whether there were new ones."""
        before = len(self._others)
        for line in text.split(b"\n"):
            try:
                members = json.loads(line)
            except (ValueError, RecursionError):
                continue
            for name, value in members.items() if isinstance(members, dict) else ():
                type_ = _OTHERS.get(type(value))
                if type_ is None or name in self._others or name in _KNOWN or not _NAME.fullmatch(name):
                    continue
                if len(self._others) < _MOST_OTHERS:
                    self._others[name] = type_
        if len(self._others) == before:
            return False
        self._parsing = self._parse_options(self._types)
        return True

    def _parse_options(self, types: dict[str, pa.DataType]) -> arrow_json.ParseOptions:
        texts = [(name, pa.string()) for name in (*_BUILT_INS, "time")]
        schema = pa.schema([*texts, ("data", pa.struct(list(types.items()))), *self._others.items()])
        return arrow_json.ParseOptions(schema, newlines_in_values=False, unexpected_field_behavior="error")

    def _are_numbers(self, text: bytes, table: pa.Table, values: dict[str, pa.Array]) -> bool:
        """Whether every decimal was written as a number: Arrow also takes one from a string, which is kept as such."""
        if not self._has_decimals:
            return True
        quotes = text.count(b'"')
        if b"\\" in text:
            quotes -= text.replace(b"\\\\", b"").count(b'\\"')
        strings = 0
        for array in (*table.columns, *values.values()):
            known = len(array) - array.null_count
            strings += 2 * known if pa.types.is_string(array.type) else known
            if pa.types.is_list(array.type):
                strings += len(array.flatten())
        if quotes == 2 * strings:
            return True
        # There are members that are null, or decimals in strings. A reader that is told of other numbers takes no
        # string for one.
        numbers = {path: pa.float64() if pa.types.is_decimal(type_) else type_ for path, type_ in self._types.items()}
        _read(text, self._parse_options(numbers))
        return True

    def _looked_over(self, members: dict[str, pa.Array], values: dict[str, pa.Array]) -> list[pa.Array] | None:
        texts = [members[name] for name in _BUILT_INS]
        if not _within(compute.binary_length(pa.chunked_array(texts)), 1, LONGEST_BUILT_IN):
            return None
        declared = [array for array in values.values() if pa.types.is_string(array.type)]
        if not _within(compute.binary_length(pa.chunked_array(declared, pa.string())), 0, LONGEST_STRING):
            return None
        times = members["time"]
        if not compute.all(compute.match_substring_regex(times, _RFC_3339)).as_py():
            return None
        instants = times.cast(_INSTANT).cast(pa.int64())
        if not _within(instants, EARLIEST, LATEST):
            return None
        fitting = {path: _fitting(array) for path, array in values.items()}
        if any(array is None for array in fitting.values()):
            return None
        rows = len(times)
        flawed = pa.repeat(pa.scalar(False), rows)
        nothing = pa.nulls(rows, pa.string())
        found = (fitting.get(column.path) for column in self._columns)
        kept = (pa.nulls(rows, type_) if one is None else one for one, type_ in zip(found, self._kept, strict=True))
        return [*texts, instants, flawed, nothing, nothing, *kept]


def _some_lines(text: bytes, start: int, size: int) -> bytes:
    """Whole lines from a place in a text, of about that many bytes; at least one."""
    if len(text) - start <= size:
        return text[start:]
    end = text.rfind(b"\n", start, start + size)
    if end < 0:
        end = text.find(b"\n", start + size)
    return text[start:] if end < 0 else text[start:end]


def _is_objects(text: bytes, lines: int) -> bool:
    """Whether each line begins and ends as an object does, and text stands for what it looks like.

    No JSON value goes on over the end of such a line, as nothing may stand between `}` and `{` but the end of one.
    """
    end = b"}\r" if text.endswith(b"\r") else b"}"
    return (
        text.startswith(b"{")
        and text.endswith(end)
        and text.count(end + b"\n{") == lines - 1
        and (b"\\" not in text or b"\\u0000" not in text)
    )


def _may_be_tiny(text: bytes) -> bool:
    """Whether a value may have an exponent of -10 or below, as a number or as a string that Arrow takes for one.

    For a decimal with such a one Arrow looks for a power of ten beyond the end of its list, and takes what it finds
    there: `1e-45` is 0, and `1e-99999999` ends the process.
    """
    found: bool = compute.match_substring_regex(pa.scalar(text, pa.binary()), _TINY).as_py()
    return found


def _read(text: bytes, parsing: arrow_json.ParseOptions) -> pa.Table:
    reading = arrow_json.ReadOptions(use_threads=False, block_size=len(text) + 1)
    return arrow_json.read_json(pa.BufferReader(text), reading, parsing)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _within(numbers: pa.Array | pa.ChunkedArray, low: int, high: int) -> bool:
    """Whether all numbers lie within bounds; nulls do."""
    found = compute.min_max(numbers)
    least, most = found["min"].as_py(), found["max"].as_py()
    return least is None or low <= least <= most <= high


def _fitting(array: pa.Array) -> pa.Array | None:
    """Values as their column keeps them; None where any of them does not fit it. Texts are looked at before."""
    type_ = array.type
    if pa.types.is_decimal(type_):
        # The same digits without a point are the number in millionths.
        scaled = array.view(pa.decimal128(38, 0)).cast(pa.int64())
        return scaled if _within(scaled, 1 - _LARGEST, _LARGEST - 1) else None
    if pa.types.is_list(type_):
        items = array.flatten()
        if items.null_count or not _within(compute.binary_length(items), 0, LONGEST_STRING):
            return None
        return array if _within(compute.list_value_length(array), 0, LONGEST_LIST) else None
    return array
