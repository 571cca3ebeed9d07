"""Events from files as prepared ones: every row of every file becomes a row of the table, or is named with its place.

JSON lines, CSV and Parquet are read by the project itself, a batch at a time and numbered from 1, blank lines included.
No engine's reader sees them: numbers are taken from their text, and nothing is skipped without a word.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from dsl.to_sql import Column
from service.replay.batches import MOST_PLACES, Batch
from service.replay.batches import Broken as Broken
from service.replay.csv_rows import read_csv
from service.replay.duckdb import Settings, find_repeats
from service.replay.json_lines import WorkerLost, Workers, read_lines
from service.replay.parquet_rows import Kinds, read_parquet
from service.replay.prepared import LeftOut, Prepared, Writer, write_manifest

OnError = Literal["stop", "skip"]
_SUFFIXES = {".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "csv", ".parquet": "parquet"}
_WORTH_WORKERS = 24 * 2**20
"""Bytes of JSON lines from which on processes are started: below, starting them takes longer than reading."""
_ROWS_BETWEEN_REPORTS = 50_000


class CantPrepare(Exception):
    """The events can't be prepared: `broken` says where, or the text what was looked for."""

    def __init__(self, text: str, broken: Broken | None = None) -> None:
        super().__init__(text)
        self.broken = broken


@dataclass
class Preparation:
    """What came of it: the prepared events, and the rows that are none of them.

    `broken` holds the first hundred places of `places` in all. `skipped` is how many rows those are, as far as that is
    known; `unread` counts the files that could not be read, or not to their end, whose rows nobody can count.
    """

    prepared: Prepared
    broken: list[Broken] = field(default_factory=list)
    blank_lines: int = 0
    skipped: int = 0
    places: int = 0
    unread: int = 0


def prepare(
    given: Sequence[str],
    folder: Path,
    columns: Sequence[Column],
    *,
    on_error: OnError = "stop",
    settings: Settings | None = None,
    progress: Callable[[int], None] = lambda rows: None,
    processes: int | None = None,
    work: Path | None = None,
) -> Preparation:
    """Files, folders or globs as prepared events in a folder that is not there yet.

    JSON lines are read by `processes` processes (None: as many as the settings' threads, or as there are cores; 0: by
    this one). `work` is another folder that is not there yet, for what is only needed meanwhile; None: within the
    first. Raises CantPrepare: for what names no file, and, unless broken rows are skipped, for the first of them. What
    is left half-written is removed, also on an interruption.
    """
    files = find(given)
    if folder.exists():
        raise CantPrepare(f"{folder} is there already; events are prepared into a folder of their own")
    settings = settings or Settings()
    if processes is None:
        processes = settings.threads or os.cpu_count() or 1
        processes = processes if _bytes_of_lines(files) >= _WORTH_WORKERS else 0
    try:
        folder.mkdir(parents=True)
        return _prepare(files, folder, tuple(columns), on_error, settings, progress, processes, work or folder / "work")
    except WorkerLost as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise CantPrepare(str(error)) from None
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
            raise CantPrepare(
                f"{text} names no file of events (*.jsonl, *.ndjson, *.json, *.csv, *.parquet) and no ledger"
            )
        found |= dict.fromkeys(files)
    return list(found)


def _glob(pattern: Path) -> Iterator[Path]:
    anchor = pattern.anchor
    return Path(anchor or ".").glob(str(pattern.relative_to(anchor)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())


def _format(file: Path) -> str:
    return _SUFFIXES.get(file.suffix, "json")


def _bytes_of_lines(files: Sequence[Path]) -> int:
    return sum(file.stat().st_size for file in files if _format(file) == "json" and file.is_file())


def _prepare(
    files: Sequence[Path],
    folder: Path,
    columns: tuple[Column, ...],
    on_error: OnError,
    settings: Settings,
    progress: Callable[[int], None],
    processes: int,
    work: Path,
) -> Preparation:
    result = Preparation(Prepared(folder, columns, 0, frozenset(), 0))
    with ExitStack() as leaving:
        workers = leaving.enter_context(Workers(processes, columns)) if processes else None
        writer = Writer(folder / "events-00000.parquet", columns)
        leaving.callback(writer.close)
        reported = 0
        for batch in _batches(files, columns, workers):
            if batch.places and on_error == "stop":
                raise CantPrepare(str(batch.broken[0]), batch.broken[0])
            writer.append(batch.table, batch.stretches)
            _note(result, batch)
            if writer.rows - reported >= _ROWS_BETWEEN_REPORTS:
                progress(writer.rows)
                reported = writer.rows
    prepared = replace(result.prepared, rows=writer.rows, stretches=frozenset(writer.stretches))
    # The search for repeated ids works in a database of its own, which goes when it is done.
    work.mkdir()
    prepared = replace(prepared, repeats=find_repeats(prepared, work, settings))
    shutil.rmtree(work)
    first = tuple((one.file, one.row, one.reason, one.rows) for one in result.broken)
    left_out = LeftOut(first, result.places, result.skipped, result.unread, result.blank_lines)
    prepared = replace(prepared, left_out=left_out)
    write_manifest(prepared)
    result.prepared = prepared
    return result


def _note(result: Preparation, batch: Batch) -> None:
    result.broken += batch.broken[: MOST_PLACES - len(result.broken)]
    result.skipped += batch.skipped
    result.places += batch.places
    result.unread += batch.unread
    result.blank_lines += batch.blank


def _batches(files: Sequence[Path], columns: tuple[Column, ...], workers: Workers | None) -> Iterator[Batch]:
    kinds = Kinds()
    for file in files:
        match _format(file):
            case "parquet":
                yield from read_parquet(file, columns, kinds)
            case "csv":
                yield from read_csv(file, columns)
            case _:
                yield from read_lines(file, columns, workers)
