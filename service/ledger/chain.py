"""The hash that ties each row of a ledger to all rows before it.

A row's hash is the sha256 of the hash before it and the row's fields, each with its kind and length in front:

    text      s LENGTH :   then that many bytes of UTF-8
    bytes     b LENGTH :   then the bytes
    integer   i DIGITS ;

Lengths and integers are decimal, in ASCII. No two different rows give the same bytes, so that a row that is changed,
taken away or put in gives another hash from there on. Whoever holds the last hash of a chain can find that out by
reading the rows, in any programming language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256


def link(previous: bytes, fields: Sequence[bytes | str | int]) -> bytes:
    """The hash of a row, 32 bytes, from the hash of the row before and the row's own fields.

    Raises TypeError for a field of another type, yes and no included: they would be read as 1 and 0.
    """
    parts = [previous]
    add = parts.append
    for field in fields:
        kind = type(field)
        if kind is str:
            # A lone surrogate can stand in what an event has beyond its declaration; UTF-8 itself has no place for it.
            text = field.encode("utf-8", "surrogatepass")  # type: ignore[union-attr]  # `kind` says so
            add(b"s%d:" % len(text))
            add(text)
        elif kind is int:
            add(b"i%d;" % field)  # type: ignore[str-format]
        elif kind is bytes:
            add(b"b%d:" % len(field))  # type: ignore[arg-type]
            add(field)  # type: ignore[arg-type]
        else:
            raise TypeError(f"no field of a row: {kind.__name__}")
    return sha256(b"".join(parts)).digest()


def genesis(writer: int) -> bytes:
    """What stands before the first row of a writer's chain, 32 bytes; another for every writer."""
    return link(b"", ("vpi ledger chain", writer))


@dataclass(frozen=True, slots=True)
class Common:
    """The parts of an entry's text that all entries of one version have in common."""

    version: str
    ruleset: str
    currency: str


@lru_cache(maxsize=4096)
def common(ruleset: str, version: int, currency: str) -> Common:
    """The common parts of a version's entries."""
    return Common(f" {version} ", f" {len(ruleset)}:{ruleset}", f"{len(currency)}:{currency}")


def link_entry(
    previous: bytes, content: bytes, common: Common, sequence: int, recorded: int, voids: int | None, derived: str,
    source: str, event_id: str, data: str, answer: str,
) -> bytes:  # fmt: skip
    """The hash of a row of `entries` and all before it: SHA-256 of the hash before, the hash of the event's content
    (which covers its type, customer, time and data by meaning), and the row's texts, each with its length in code
    points. `derived` holds the columns that queries filter by.

    `link` would do as well, and takes three times as long.
    """
    text = (
        f"{sequence}{common.version}{recorded} {voids or 0}{common.ruleset}{len(derived)}:{derived}"
        f"{len(source)}:{source}{len(event_id)}:{event_id}{common.currency}{len(data)}:{data}{answer}"
    )
    return sha256(b"".join((previous, content, text.encode()))).digest()
