"""Events from files as prepared ones: every row of every file becomes a row of the table, or is named with its place.

JSON lines are read in large chunks and numbered from 1, blank lines included; Parquet by batches. No engine's reader
sees them: numbers are taken from their text, and nothing is skipped without a word.
"""

import codecs
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pyarrow import parquet

from dsl.acceptance import parse_rfc3339
from dsl.event import Event, Instant, Other
from dsl.to_sql import Column
from dsl.zones import EPOCH, MICROSECOND
from service.cloudevents import LONGEST_LINE, MalformedEvent, flatten, json_value, parse_event
from service.replay.duckdb import Settings, find_repeats
from service.replay.prepared import Prepared, Writer, write_manifest

OnError = Literal["stop", "skip"]
_CHUNK = 8 * 2**20
_BATCH = 8192
_MEMBERS = ("id", "source", "type", "subject", "time")
_SUFFIXES = {".jsonl": "json", ".ndjson": "json", ".json": "json", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that is no event: its file, its number in it from 1 (0: the whole file), and why in one sentence."""

    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.reason}" if self.row else f"{self.file}: {self.reason}"


class CantPrepare(Exception):
    """The events can't be prepared: `broken` says where, or the text what was looked for."""

    def __init__(self, text: str, broken: Broken | None = None) -> None:
        super().__init__(text)
        self.broken = broken


@dataclass
class Preparation:
    """What came of it: the prepared events, and the rows that are none of them."""

    prepared: Prepared
    broken: list[Broken] = field(default_factory=list)
    blank_lines: int = 0


def prepare(
    given: Sequence[str],
    folder: Path,
    columns: Sequence[Column],
    *,
    on_error: OnError = "stop",
    settings: Settings | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> Preparation:
    """Files, folders or globs as prepared events in a folder that is not there yet.

    Raises CantPrepare: for what names no file, and, unless broken rows are skipped, for the first of them. What is left
    half-written is removed.
    """
    files = find(given)
    if folder.exists():
        raise CantPrepare(f"{folder} is there already; events are prepared into a folder of their own")
    folder.mkdir(parents=True)
    try:
        return _prepare(files, folder, tuple(columns), on_error, settings or Settings(), progress)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def find(given: Sequence[str]) -> list[Path]:
    """The files that paths name, in order, each once; raises CantPrepare."""
    found: dict[Path, None] = {}
    for text in given:
        path = Path(text)
        matches = [path] if path.exists() else sorted(_glob(path))
        files = [file for match in matches for file in _files(match)]
        if not files:
            raise CantPrepare(f"{text} names no file of events (*.jsonl, *.ndjson, *.json, *.parquet)")
        found |= dict.fromkeys(files)
    return list(found)


def _glob(pattern: Path) -> Iterator[Path]:
    anchor = pattern.anchor
    return Path(anchor or ".").glob(str(pattern.relative_to(anchor)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())


def _prepare(
    files: Sequence[Path],
    folder: Path,
    columns: tuple[Column, ...],
    on_error: OnError,
    settings: Settings,
    progress: Callable[[int], None],
) -> Preparation:
    writer = Writer(folder / "events-00000.parquet", columns)
    result = Preparation(Prepared(folder, columns, 0, frozenset(), 0))
    try:
        for file in files:
            for item in _items(file):
                if isinstance(item, Event):
                    writer.add(writer.rows, item)
                    if writer.rows % 100_000 == 0:
                        progress(writer.rows)
                elif item is None:
                    result.blank_lines += 1
                elif on_error == "stop":
                    raise CantPrepare(str(item), item)
                else:
                    result.broken.append(item)
    finally:
        writer.close()
    prepared = replace(result.prepared, rows=writer.rows, stretches=frozenset(writer.stretches))
    # The search for repeated ids works in a database of its own, which goes when it is done.
    work = folder / "work"
    work.mkdir()
    prepared = replace(prepared, repeats=find_repeats(prepared, work, settings))
    shutil.rmtree(work)
    write_manifest(prepared)
    result.prepared = prepared
    return result


Item = Event | Broken | None
"""What a row is; None for a blank line."""


def _items(file: Path) -> Iterator[Item]:
    if _SUFFIXES.get(file.suffix) == "parquet":
        return _from_parquet(file)
    return _from_lines(file)


# ── JSON lines ──────────────────────────────────────────────────────────────


def _from_lines(file: Path) -> Iterator[Item]:
    try:
        for number, line in enumerate(lines_of(file), start=1):
            if line is None:
                yield Broken(str(file), number, f"the line is longer than {LONGEST_LINE // 2**20} MiB")
            elif not line.strip():
                yield None
            else:
                try:
                    yield parse_event(line)
                except MalformedEvent as error:
                    yield Broken(str(file), number, str(error))
    except OSError as error:
        yield Broken(str(file), 0, f"the file can't be read: {error.strerror}")


def lines_of(file: Path) -> Iterator[bytes | None]:
    """The lines of a file without their ends, a byte order mark taken off; None for one that is too long to hold."""
    with file.open("rb") as opened:
        rest, too_long, first = b"", False, True
        while chunk := opened.read(_CHUNK):
            if first:
                chunk, first = chunk.removeprefix(codecs.BOM_UTF8), False
            *lines, last = chunk.split(b"\n")
            if lines:
                yield None if too_long else rest + lines[0]
                yield from lines[1:]
                rest, too_long = last, False
            elif not too_long:
                rest += last
            if len(rest) > LONGEST_LINE:
                rest, too_long = b"", True
        if rest or too_long:
            yield None if too_long else rest


# ── Parquet ─────────────────────────────────────────────────────────────────


def _from_parquet(file: Path) -> Iterator[Item]:
    """Rows with the members of an event as columns, and its data in a struct, in JSON text or in further columns."""
    row = 0
    try:
        opened = parquet.ParquetFile(file)
        lacking = [name for name in _MEMBERS if name not in opened.schema_arrow.names]
        if lacking:
            yield Broken(str(file), 0, f"the column `{lacking[0]}` is missing")
            return
        for batch in opened.iter_batches(_BATCH):
            for members in batch.to_pylist():
                row += 1
                yield _from_row(str(file), row, members)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0] or "it is damaged"
        yield Broken(str(file), 0, f"the file can't be read behind row {row}: {reason}")


def _from_row(file: str, row: int, members: dict[str, object]) -> Item:
    data: object = {name: value for name, value in members.items() if name not in _MEMBERS}
    given = members.get("data")
    if "data" in members:
        data = {} if given is None else given
    try:
        if isinstance(data, str):
            data = json_value(data)
        if not isinstance(data, dict):
            return Broken(file, row, "`data` is a struct, or the text of a JSON object")
        flat, conflicts = flatten({name: _plain(value) for name, value in data.items()})
    except MalformedEvent as error:
        return Broken(file, row, str(error))
    return _with_data(members, Event(None, None, None, None, None, flat, conflicts))


def _with_data(members: dict[str, object], event: Event) -> Event:
    event.id, event.source, event.type, event.subject = (members.get(name) for name in _MEMBERS[:4])
    time = _plain(members.get("time"))
    if isinstance(time, str):
        instant = parse_rfc3339(time)
        event.time = time if instant is None else instant
    else:
        event.time = time.microseconds if isinstance(time, Instant) else time
    return event


def _plain(value: object) -> object:
    """A value of a column as an event holds it."""
    match value:
        case datetime():
            utc = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
            return Instant((utc - EPOCH) // MICROSECOND)
        case date():
            return value.isoformat()
        case dict():
            return {name: _plain(member) for name, member in value.items()}
        case list():
            return [_plain(member) for member in value]
        case None | bool() | int() | float() | Decimal() | str():
            return value
    return Other(f"a value of type {type(value).__name__}", repr(value))
