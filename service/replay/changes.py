"""Every event that two sides price differently, written to a file: JSON lines, or Parquet with exact decimals."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from dsl.numbers import format_money, format_units
from dsl.to_sql import Outcome
from dsl.zones import EARLIEST, LATEST
from service.replay.comparison import Comparing, differences, kinds_of
from service.replay.reckoning import fetched
from service.times import as_text

_AT_ONCE = 50_000
_SIDE = (("outcome", pa.string()), ("version", pa.int32()), ("interaction", pa.string()))
_NUMBERS = (("units", pa.decimal128(38, 6)), ("price", pa.decimal128(38, 18)))
SUFFIXES = (".jsonl", ".parquet")


class CantWrite(Exception):
    """A file can't be written; the text says why."""


@contextmanager
def in_place(path: Path) -> Iterator[Path]:
    """A file to write, beside `path`, which takes its place when all is written; else it is removed.

    Raises CantWrite.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise CantWrite(f"can't write {path}: {(error.strerror or str(error)).lower()}") from None
    finally:
        part.unlink(missing_ok=True)


def write_changes(comparing: Comparing, path: Path) -> int:
    """Write every difference of every pair, in order of the events; returns how many there are. Raises CantWrite."""
    with in_place(path) as part:
        return _to_parquet(comparing, part) if path.suffix == ".parquet" else _to_lines(comparing, part)


def _to_lines(comparing: Comparing, part: Path) -> int:
    count = 0
    with part.open("w", encoding="utf-8") as out:
        for change in _changes(comparing):
            for name in ("before", "after"):
                side = change[name]
                change[name] = side | {"units": format_units(side["units"]), "price": format_money(side["price"])}
            out.write(json.dumps(change, ensure_ascii=False) + "\n")
            count += 1
    return count


def _to_parquet(comparing: Comparing, part: Path) -> int:
    texts = ("against", "id", "source", "type", "subject", "time")
    members = [pa.field("seq", pa.int64()), *(pa.field(name, pa.string()) for name in texts)]
    sides = [pa.field(f"{side}_{name}", kind) for side in ("before", "after") for name, kind in (*_SIDE, *_NUMBERS)]
    schema = pa.schema([*members, pa.field("differs_in", pa.list_(pa.string())), *sides])
    changes, count = _changes(comparing), 0
    try:
        with parquet.ParquetWriter(part, schema, compression="zstd") as out:
            while some := [_flat(change) for change in islice(changes, _AT_ONCE)]:
                out.write_table(pa.Table.from_pylist(some, schema=schema))
                count += len(some)
    except pa.ArrowInvalid as error:
        raise CantWrite(f"an amount has no room in a Parquet decimal ({error}); write JSON lines instead") from None
    return count


def _flat(change: dict[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in change.items() if name not in ("before", "after")}
    for side in ("before", "after"):
        for name, value in change[side].items():
            flat[f"{side}_{name}"] = value
        flat[f"{side}_units"] = Decimal(format_units(change[side]["units"]))
        flat[f"{side}_price"] = Decimal(format_money(change[side]["price"]))
    return flat


def _changes(comparing: Comparing) -> Iterator[dict[str, Any]]:
    """Every difference: which event, against which side, in what, and both sides; units and prices as integers."""
    for before in range(1, len(comparing.sides)):
        a, b = (
            f"(SELECT seq, outcome, version, interaction, units, price FROM s{n}.evaluations "
            f"LEFT JOIN s{n}.matches USING (line))"
            for n in (before, 0)
        )
        columns = ", ".join(f"{side}.{name}" for side in "ab" for name, _ in (*_SIDE, *_NUMBERS))
        found = comparing.database.cursor().execute(
            f"SELECT seq, id, source, type, subject, time_us, kinds, {columns} FROM {differences(before)} "
            f"JOIN {a} AS a USING (seq) JOIN {b} AS b USING (seq) JOIN events USING (seq) ORDER BY seq"
        )
        label = comparing.sides[before].label
        for seq, id_, source, type_, subject, time, kinds, *both in fetched(found):
            yield {
                "seq": seq,
                "against": label,
                "id": id_,
                "source": source,
                "type": type_,
                "subject": subject,
                "time": as_text(time) if time is not None and EARLIEST <= time <= LATEST else None,
                "differs_in": kinds_of(kinds),
                "before": _side(both[:5]),
                "after": _side(both[5:]),
            }


def _side(values: list[Any]) -> dict[str, Any]:
    outcome, version, interaction, units, price = values
    return {
        "outcome": Outcome(outcome).name,
        "version": version or 0,
        "interaction": interaction or "",
        "units": int(units),
        "price": int(price),
    }
