"""A folder of prepared events: typed Parquet with a sequence, what repeats in it, and a manifest that says so."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
from pyarrow import compute, parquet

from dsl.event import Event
from dsl.to_sql import Column, Storage, stretch_of
from service.replay.manifest import FORMAT, MANIFEST, NotPrepared, read_manifest
from service.replay.rows import FIXED, Row, Rows

EVENTS = "events-*.parquet"
"""The Parquet files of events in a folder of prepared ones."""
_REPEATED, _TAKEN_BACK = "repeats.parquet", "voids.parquet"
ROWS_A_GROUP = 122_880
"""Rows that are written together: DuckDB's own size of a group."""
_BYTES_A_GROUP = 128 * 2**20
"""Bytes of rows that are held at most before they are written, however few rows they are."""
_TYPES: dict[Storage, pa.DataType] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "decimal": pa.int64(),
    "text": pa.string(),
    "timestamp": pa.int64(),
    "list": pa.list_(pa.string()),
}
_FIXED_TYPES = dict.fromkeys(FIXED, pa.string()) | {"seq": pa.int64(), "time_us": pa.int64(), "flawed": pa.bool_()}


@dataclass(frozen=True)
class LeftOut:
    """Rows of the files that are not among the events: `places` of them, of which `first` has file, row (0: the whole
    file), reason, and how many rows it stands for. `rows` are all rows that can be counted; `unread` counts files, or
    ends of files, whose rows nobody can count.
    """

    first: tuple[tuple[str, int, str, int], ...] = ()
    places: int = 0
    rows: int = 0
    unread: int = 0
    blank_lines: int = 0


@dataclass(frozen=True)
class Prepared:
    """Prepared events on disk. `stretches` are those of all instants in them (`dsl.to_sql.stretch_of`).

    `rows` counts events, `repeats` those whose ids come more than once. `voids` counts rows that take an event back:
    they have sequences among the events', and stand in a file of their own.
    """

    folder: Path
    columns: tuple[Column, ...]
    rows: int
    stretches: frozenset[int]
    repeats: int
    voids: int = 0
    left_out: LeftOut = LeftOut()

    @property
    def repeated(self) -> Path:
        """The Parquet file of the rows whose ids come more than once."""
        return self.folder / _REPEATED

    @property
    def taken_back(self) -> Path:
        """The Parquet file of voids: their sequences (seq), and those of the events that they take back (event)."""
        return self.folder / _TAKEN_BACK


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of prepared events."""
    fields = [pa.field(name, _FIXED_TYPES[name]) for name in FIXED]
    return pa.schema([*fields, *(pa.field(column.name, _TYPES[column.storage]) for column in columns)])


@dataclass
class Writer:
    """Writes one Parquet file of prepared events; `close` ends it."""

    path: Path
    columns: tuple[Column, ...]
    rows: int = 0
    stretches: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._rows = Rows(self.columns)
        self._schema = schema_of(self.columns)
        self._waiting: list[Row] = []
        self._batches: list[pa.RecordBatch] = []
        self._instants = [5] + [
            place for place, c in enumerate(self.columns, start=len(FIXED)) if c.storage == "timestamp"
        ]
        self._file = parquet.ParquetWriter(self.path, self._schema, compression="zstd", compression_level=1)

    def add(self, seq: int, event: Event) -> None:
        """Write one event."""
        row = self._rows.row(seq, event)
        for place in self._instants:
            instant = row[place]
            if instant is not None:
                self.stretches.add(stretch_of(instant))  # type: ignore[arg-type]  # an instant
        self._waiting.append(row)
        self.rows += 1
        if len(self._waiting) >= ROWS_A_GROUP:
            self._flush()

    def append(self, batch: pa.RecordBatch, stretches: Iterable[int]) -> None:
        """Write rows of this schema whose sequence counts from 0; here it goes on from the rows before them."""
        if self._waiting:
            self._flush()
        sequence = compute.add(batch.column(0), self.rows)
        self._batches.append(pa.RecordBatch.from_arrays([sequence, *batch.columns[1:]], schema=self._schema))
        self.stretches.update(stretches)
        self.rows += batch.num_rows
        held = self._batches
        if sum(one.num_rows for one in held) >= ROWS_A_GROUP or sum(one.nbytes for one in held) >= _BYTES_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            values = zip(*self._waiting, strict=True)
            arrays = [pa.array(column, f.type) for column, f in zip(values, self._schema, strict=True)]
            self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
            self._waiting = []
        if self._batches:
            self._file.write_table(pa.Table.from_batches(self._batches, schema=self._schema))
            self._batches = []

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._file.close()


def write_manifest(prepared: Prepared) -> None:
    """Say what a folder holds; written last, so that a folder with a manifest is whole."""
    manifest = {
        "format": FORMAT,
        "rows": prepared.rows,
        "repeats": prepared.repeats,
        "voids": prepared.voids,
        "left_out": asdict(prepared.left_out),
        "stretches": sorted(prepared.stretches),
        "columns": [[column.name, column.path, column.storage] for column in prepared.columns],
        "files": _sums(prepared.folder),
    }
    (prepared.folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every Parquet file in a folder, in hexadecimal, by name."""
    sums = {}
    for path in sorted(folder.glob("*.parquet")):
        with path.open("rb") as file:
            sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def open_prepared(folder: Path, needed: Iterable[Column] = ()) -> Prepared:
    """The prepared events of a folder; raises NotPrepared, also where columns are missing that rules need."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except (OSError, ValueError):
        text = None
    manifest, columns = read_manifest(text, folder, needed)
    # Parquet has no sums of its own that its readers look at: a changed byte would be another price.
    kept: dict[str, str] = manifest["files"]
    found = _sums(folder)
    if kept != found:
        name = min(name for name in kept.keys() | found.keys() if kept.get(name) != found.get(name))
        what = "has changed" if name in kept and name in found else "is missing" if name in kept else "was added"
        raise NotPrepared(f"{folder} is not as it was prepared: its file {name} {what}; prepare the events again")
    left_out = manifest["left_out"] | {"first": tuple(tuple(place) for place in manifest["left_out"]["first"])}
    return Prepared(
        folder,
        columns,
        manifest["rows"],
        frozenset(manifest["stretches"]),
        manifest["repeats"],
        manifest["voids"],
        LeftOut(**left_out),
    )
