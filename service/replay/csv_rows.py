"""CSV as batches of rows. All its values are text: the rules' declarations say which of them are meant otherwise.

The first line names the columns: id, source, type, subject, time, and data by its paths (with or without `data.`), or a
column `data` with JSON text. Values are separated by commas and quoted with `"`. An empty value is a missing one. Where
a number is declared, number text is that number, digit for digit; where a boolean is, `yes`, `no`, `true` and `false`
in any case are one; where a list is, a JSON list of strings. Other text stays text, which the rules then refuse.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from dsl.to_sql import Column, Storage
from service.cloudevents import LONGEST_LINE, MalformedEvent, json_value
from service.replay.batches import Batch, Broken, Builder
from service.replay.lines import TOO_LONG, lines_of
from service.replay.members import MEMBERS, data_paths, event_of

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?\Z")
_WHOLE = re.compile(r"-?[0-9]{1,18}\Z")
_BOOLEANS = {"yes": True, "true": True, "no": False, "false": False}
_NOT_UTF_8 = re.compile("[\ud800-\udfff]")
_MISTAKES = {
    "unexpected end of data": "a quoted value is not closed before the end of the file",
    "new-line character seen in unquoted field": "a carriage return stands in the row; only a line feed ends a row",
    "',' expected after": "something follows the closing quote of a value; a quote within one is doubled",
    "field larger than field limit": "a value is longer than 131,072 characters; is a quote not closed?",
}


_NO_NAMES = "the first line names the columns and can't be read; the lines behind it are left out"


class _Lines:
    """The lines of a file for the csv module, which counts what a row took."""

    def __init__(self, file: Path) -> None:
        self._lines = lines_of(file)
        self.number = 0
        self.begin_row()

    def begin_row(self) -> None:
        self.first = self.number + 1
        self.too_long = False
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        if line is None or self.size + len(line) > LONGEST_LINE:
            self.too_long = True
            return "\n"
        self.size += len(line)
        return line.decode("utf-8", "surrogateescape") + "\n"


def read_csv(file: Path, columns: Sequence[Column]) -> Iterator[Batch]:
    """The rows of a file."""
    builder, lines = Builder(columns), _Lines(file)
    try:
        rows = _rows(str(file), lines, builder)
        header = next(rows, None)
        if builder.places:
            # The first line itself is broken: what follows it has no names, and is only counted.
            builder.broken(Broken(str(file), 1, _NO_NAMES, rows=(header is not None) + sum(1 for _ in lines)))
        elif header is None:
            builder.broken(Broken(str(file), 0, "the file is empty; its first line names the columns", rows=0))
        else:
            yield from _events(str(file), lines, header, rows, columns, builder)
    except OSError as error:
        reason = f"the file can't be read behind line {lines.number}: {error.strerror}"
        builder.broken(Broken(str(file), lines.number + 1, reason, rows=0))
    yield builder.take()


def _events(
    file: str, lines: _Lines, header: list[str], rows: Iterator[list[str]], columns: Sequence[Column], builder: Builder
) -> Iterator[Batch]:
    try:
        paths = data_paths(header, (column.path for column in columns))
        readers = {name: _reader(path, columns) for name, path in paths.items()}
    except MalformedEvent as error:
        only = len(header) == 1 and not header[0].isidentifier()
        hint = "; values are separated by commas" if only else ""
        # The rows are counted, so that what is left out has a number.
        builder.broken(Broken(file, lines.first, f"{error}{hint}", rows=sum(1 for _ in lines)))
        return
    for row in rows:
        if len(row) != len(header):
            reason = f"the row has {len(row)} values, the first line names {len(header)} columns"
            builder.broken(Broken(file, lines.first, reason + _span(lines)))
            continue
        members = dict(zip(header, row, strict=True))
        try:
            event = event_of(*_members(members, paths, readers))
        except MalformedEvent as error:
            builder.broken(Broken(file, lines.first, str(error)))
            continue
        if builder.event(event, lines.size):
            yield builder.take()


def _members(
    row: dict[str, str], paths: dict[str, str], readers: dict[str, "Callable[[str], object]"]
) -> tuple[dict[str, object], object]:
    members: dict[str, object] = {name: row[name] or None for name in MEMBERS}
    if "data" in row:
        return members, row["data"] or None
    return members, {path: readers[name](row[name]) for name, path in paths.items() if row[name]}


def _rows(file: str, lines: _Lines, builder: Builder) -> Iterator[list[str]]:
    """The rows that are none of them broken; those that are go to the builder."""
    parsed = csv.reader(lines, strict=True)
    while True:
        lines.begin_row()
        reason = None
        try:
            row = next(parsed)
        except StopIteration:
            return
        except csv.Error as error:
            known = (words for begin, words in _MISTAKES.items() if str(error).startswith(begin))
            reason = next(known, f"not CSV: {error}")
        else:
            if not row and not lines.too_long:
                builder.blank += 1
                continue
            if any(not value.isascii() and _NOT_UTF_8.search(value) for value in row):
                reason = "the row is not UTF-8"
        if lines.too_long:
            reason = TOO_LONG
        if reason is None:
            yield row
        else:
            builder.broken(Broken(file, lines.first, reason + _span(lines)))


def _span(lines: _Lines) -> str:
    return f" (lines {lines.first} to {lines.number})" if lines.number > lines.first else ""


# ── text as values ──────────────────────────────────────────────────────────


def _reader(path: str, columns: Sequence[Column]) -> Callable[[str], object]:
    """What turns the text of a path's values into what the declarations want; raises MalformedEvent."""
    wanted: set[Storage] = {column.storage for column in columns if column.path == path}
    if "text" in wanted and wanted & {"integer", "boolean", "list"}:
        others = ", ".join(sorted(wanted - {"text"}))
        raise MalformedEvent(
            f"`{path}` is text in one declaration and {others} in another, and CSV can't tell them apart: "
            "use JSON lines or Parquet, or a column `data` with JSON text"
        )
    numbers, booleans, lists = bool(wanted & {"integer", "decimal"}), "boolean" in wanted, "list" in wanted

    def read(text: str) -> object:
        if numbers and _WHOLE.match(text):
            return int(text)
        if numbers and _NUMBER.match(text):
            return Decimal(text)
        if booleans and (found := _BOOLEANS.get(text.lower())) is not None:
            return found
        if lists and text.startswith("["):
            return json_value(text)
        return text

    # A decimal may come as text, and then fits a declaration of either kind.
    return str if "text" in wanted else read
