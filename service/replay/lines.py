"""Lines of a file, numbered as they stand in it: none is lost, and none is held that is too long to be an event."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from service.cloudevents import LONGEST_LINE

_CHUNK = 8 * 2**20
_LOOK_AHEAD = 2**16
TOO_LONG = f"the line is longer than {LONGEST_LINE // 2**20} MiB"


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file, from one byte to before another (None: to the end)."""

    file: Path
    start: int = 0
    stop: int | None = None


def pieces(file: Path, size: int) -> Iterator[Piece]:
    """A file in pieces of about `size` bytes, each of whole lines; what can't be sought in is one. Raises OSError."""
    if not file.is_file():
        yield Piece(file)
        return
    start = 0
    with file.open("rb") as opened:
        while True:
            opened.seek(start + size)
            stop = _behind_next_newline(opened.read, start + size)
            if stop is None:
                yield Piece(file, start)
                return
            yield Piece(file, start, stop)
            start = stop


def _behind_next_newline(read: Callable[[int], bytes], position: int) -> int | None:
    while block := read(_LOOK_AHEAD):
        found = block.find(b"\n")
        if found >= 0:
            return position + found + 1
        position += len(block)
    return None


def lines_of(file: Path, start: int = 0, stop: int | None = None) -> Iterator[bytes | None]:
    """The lines of a file without their newlines, a byte order mark taken off; None for one that is too long to hold.

    Only a line feed ends a line. `start` and `stop` are bytes, as in `Piece`. Raises OSError.
    """
    for lines in blocks_of(file, start, stop):
        if lines is None:
            yield None
        else:
            yield from lines.split(b"\n")


def blocks_of(file: Path, start: int = 0, stop: int | None = None) -> Iterator[bytes | None]:
    """The same lines, as many in one text as were read at once, newlines only between them."""
    with file.open("rb", buffering=0) as opened:
        if start:
            opened.seek(start)
        rest, too_long, first = b"", False, not start
        left = None if stop is None else stop - start
        while chunk := opened.read(_CHUNK if left is None else min(left, _CHUNK)):
            if left is not None:
                left -= len(chunk)
            if first:
                # A pipe may give the mark in parts.
                while len(chunk) < len(codecs.BOM_UTF8) and codecs.BOM_UTF8.startswith(chunk) and left != 0:
                    more = opened.read(1)
                    if not more:
                        break
                    chunk += more
                chunk, first = chunk.removeprefix(codecs.BOM_UTF8), False
            begun = 0
            if rest or too_long:
                begun = chunk.find(b"\n") + 1
                if begun:
                    whole = rest + chunk[: begun - 1]
                    yield None if too_long or len(whole) > LONGEST_LINE else whole
                    rest, too_long = b"", False
            end = chunk.rfind(b"\n", begun)
            if end >= 0:
                yield chunk[begun:end]
                begun = end + 1
            if not too_long:
                rest += chunk[begun:]
            if len(rest) > LONGEST_LINE:
                rest, too_long = b"", True
        if rest or too_long:
            yield None if too_long else rest
