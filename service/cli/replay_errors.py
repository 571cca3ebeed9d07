"""What stops `vpi replay` from outside, in words: full disks, too little memory, files that went or can't be used."""

import errno
import os
import re
import tempfile
from pathlib import Path

import duckdb

_NO_SPACE = os.strerror(errno.ENOSPC).lower()
_KIND = re.compile(r"^(\w+ )*Error: ")
"""What DuckDB writes in front, such as `IO Error: `, several times where one error led to another."""


def in_words(error: duckdb.Error | OSError, memory: str) -> str:
    """What went wrong, and what to do where that is known. `memory` is the bound that was given."""
    text = str(error).strip().partition("\n")[0]
    if _NO_SPACE in text.lower():
        return f"the disk is full: {_meanwhile()}"
    if isinstance(error, OSError):
        why = error.strerror or text
        return f"can't use {error.filename}: {why.lower()}" if error.filename else f"can't go on: {why}"
    if isinstance(error, duckdb.OutOfMemoryException):
        if "max_temp_directory_size" in str(error):
            return f"{memory} of memory is too little for this, and so is the disk: {_meanwhile()}, or give more memory"
        return f"{memory} of memory is too little for this; give more with --memory"
    while _KIND.match(text):
        text = _KIND.sub("", text)
    return f"DuckDB could not go on: {text}"


def _meanwhile() -> str:
    return f"what is needed meanwhile is kept in {tempfile.gettempdir()}; name a larger place with TMPDIR"


def unusable(path: Path, letters: str) -> str | None:
    """Why engines can't use a path, or None. `letters` are those that mean something else to them there."""
    whole = str(path.absolute())
    found = next((letter for letter in whole if letter in letters), None)
    why = f"there is `{found}` in its name" if found else None
    try:
        whole.encode()
    except UnicodeEncodeError:
        why, whole = "its name is no UTF-8", ascii(whole)
    return f"can't work in {whole}: {why}" if why else None
