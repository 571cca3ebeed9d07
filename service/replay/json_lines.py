"""JSON lines as batches of rows, by this process or by several: order and numbers are the same."""

import gc
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from signal import SIG_BLOCK, SIG_SETMASK, SIGINT, pthread_sigmask
from types import TracebackType
from typing import Self

from dsl.to_sql import Column
from service.cloudevents import MalformedEvent, parse_event
from service.replay.batches import Batch, Broken, Builder
from service.replay.lines import TOO_LONG, Piece, blocks_of, pieces
from service.replay.quick_tables import QuickTables

_PIECE = 4 * 2**20
_AHEAD = 2
"""Pieces that a worker is given before its answers are asked for. Tasks are small: they never fill a pipe."""


class WorkerLost(Exception):
    """A worker process ended before its answer came; the text names the file."""


class LineReader:
    """Reads pieces of files of JSON lines, one after the other; what it learns of one helps it with the next."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._builder, self._tables = Builder(columns), QuickTables(columns)

    def read(self, piece: Piece) -> Iterator[Batch]:
        """The rows of a piece; lines are numbered from 1 within it. The last batch may be empty."""
        file, builder, number = str(piece.file), self._builder, 0
        try:
            for text in blocks_of(piece.file, piece.start, piece.stop):
                if text is None:
                    number += 1
                    builder.broken(Broken(file, number, TOO_LONG))
                    continue
                for some, columns in self._tables.blocks(text):
                    if columns is None:
                        yield from self._singly(file, number, some)
                        number += some.count(b"\n") + 1
                    else:
                        if builder.table(columns):
                            yield builder.take()
                        number += len(columns[0])
        except OSError as error:
            reason = f"the file can't be read behind line {number}: {error.strerror}"
            builder.broken(Broken(file, number + 1, reason, rows=0))
        builder.lines = number
        yield builder.take()

    def _singly(self, file: str, before: int, lines: bytes) -> Iterator[Batch]:
        builder = self._builder
        for number, line in enumerate(lines.split(b"\n"), start=before + 1):
            try:
                full = builder.line(line)
                if full is None:
                    full = builder.event(parse_event(line), len(line))
                if full:
                    yield builder.take()
            except MalformedEvent as error:
                if not line.strip():
                    builder.blank += 1
                else:
                    builder.broken(Broken(file, number, _reason(line, str(error))))


def _reason(line: bytes, reason: str) -> str:
    if b"\r" in line.rstrip(b"\r"):
        return f"{reason} (the line holds a carriage return; only a line feed ends a line)"
    return reason


def read_lines(file: Path, columns: Sequence[Column], workers: "Workers | None" = None) -> Iterator[Batch]:
    """The rows of a file in their order, places numbered in the whole file."""
    before = 0
    answers = iter([LineReader(columns).read(Piece(file))]) if workers is None else workers.read(file)
    for answer in answers:
        for batch in answer:
            if before:
                batch.broken = [replace(broken, row=broken.row + before) for broken in batch.broken]
            yield batch
            # Only the last batch of a piece knows how many lines the piece has.
            before += batch.lines


class Workers:
    """Processes that read pieces of files; leaving the context ends them, whatever they are at."""

    def __init__(self, count: int, columns: Sequence[Column]) -> None:
        self._count, self._columns = count, tuple(columns)
        self._processes: list[BaseProcess] = []
        self._ends: list[Connection] = []

    def __enter__(self) -> Self:
        context = get_context("spawn")
        # Ctrl-C reaches every process of the terminal: here alone it is answered, and workers are ended from here.
        # They are born deaf to it; the tracker, which would open their ears in starting, is started before.
        ensure_running()
        before = pthread_sigmask(SIG_BLOCK, {SIGINT})
        try:
            for _ in range(self._count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs, self._columns), daemon=True)
                process.start()
                theirs.close()
                self._processes.append(process)
                self._ends.append(ours)
        finally:
            pthread_sigmask(SIG_SETMASK, before)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in self._ends:
            end.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()

    def read(self, file: Path) -> Iterator[Iterator[Batch]]:
        """The pieces of a file in their order, each as its batches, which are to be taken before the next piece."""
        waiting: deque[Connection] = deque()
        for turn, piece in enumerate(_all_of(file)):
            if len(waiting) >= _AHEAD * self._count:
                yield _answer(file, waiting.popleft())
            end = self._ends[turn % self._count]
            try:
                end.send(piece)
            except ConnectionError:
                raise WorkerLost(_lost(file)) from None
            waiting.append(end)
        while waiting:
            yield _answer(file, waiting.popleft())


def _all_of(file: Path) -> Iterator[Piece]:
    """The pieces of a file; where it can't be divided further, the rest is one, whose reader says what is wrong."""
    behind = 0
    try:
        for piece in pieces(file, _PIECE):
            behind = piece.stop or 0
            yield piece
    except OSError:
        yield Piece(file, behind)


def _answer(file: Path, end: Connection) -> Iterator[Batch]:
    while True:
        try:
            batch = end.recv()
        except (EOFError, ConnectionError):
            raise WorkerLost(_lost(file)) from None
        if batch is None:
            return
        yield batch


def _lost(file: Path) -> str:
    return f"a process that read {file} ended before it was done; is the memory short?"


def _work(end: Connection, columns: Sequence[Column]) -> None:
    """A worker: answers each piece with its batches and None, until nobody asks any more."""
    # Rows are trees of plain values: looking for cycles among them over and over would take a tenth of the time.
    gc.set_threshold(200_000)
    reader = LineReader(columns)
    try:
        while True:
            piece = end.recv()
            for batch in reader.read(piece):
                end.send(batch)
            end.send(None)
    except (EOFError, ConnectionError):
        return
