"""What is broken is named with its file, its row and why; the rest is read or not, as asked; nothing is lost unsaid."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from dsl.event import Event
from dsl.to_sql import columns_of
from service.replay import json_lines
from service.replay.lines import Piece, pieces
from service.replay.parquet_rows import Kinds, read_parquet
from service.replay.prepare import CantPrepare, Preparation, prepare
from service.replay.rows import Rows
from tests.dsl.rules import JULY, ruleset

COLUMNS = columns_of([ruleset("interaction sold\n  counts sale\n  units amount\n  price 0.10\n")])
START = datetime(2026, 7, 1, tzinfo=UTC)


def line(number: int) -> bytes:
    members = {"id": f"e{number}", "source": "/", "type": "sale", "subject": "acme", "time": "2026-07-01T00:00:00Z"}
    return json.dumps(members | {"data": {"amount": number}}).encode() + b"\n"


def skipping(folder: Path, *given: Path, processes: int | None = None) -> Preparation:
    return prepare([str(path) for path in given], folder / "prepared", COLUMNS, on_error="skip", processes=processes)


def places(done: Preparation) -> list[tuple[str, int, str]]:
    return [(Path(one.file).name, one.row, one.reason) for one in done.broken]


def sequence_and_ids(done: Preparation) -> list[tuple[int, str]]:
    table = parquet.read_table(done.prepared.folder / "events-00000.parquet", columns=["seq", "id"])
    return [(row["seq"], row["id"]) for row in table.to_pylist()]


# ── JSON lines ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("processes", [0, 2])
def test_line_40017_is_named_by_that_number_whoever_reads_it(
    tmp_path: Path, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "_PIECE", 2**18)
    lines = [b"\n" if number % 1000 == 0 else line(number) for number in range(1, 45_001)]
    lines[40_016] = b'{"id": "e40017", "data": {"n": 1,}}\n'
    lines[44_001] = b'{"id": NaN}\n'
    (tmp_path / "in.jsonl").write_bytes(b"".join(lines))
    done = skipping(tmp_path, tmp_path / "in.jsonl", processes=processes)
    assert [(row, reason.split(":")[0]) for _, row, reason in places(done)] == [
        (40_017, "not JSON at column 34"), (44_002, "`NaN` is not a JSON number"),
    ]  # fmt: skip
    assert (done.skipped, done.places, done.unread, done.blank_lines) == (2, 2, 0, 45)
    good = [number for number in range(1, 45_001) if number % 1000 and number not in (40_017, 44_002)]
    assert sequence_and_ids(done) == [(seq, f"e{number}") for seq, number in enumerate(good)]


def test_the_first_broken_line_of_several_processes_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "_PIECE", 2**10)
    lines = [line(number) for number in range(200)]
    lines[150] = lines[190] = b"{\n"
    (tmp_path / "in.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(CantPrepare, match=r"in\.jsonl:151: not JSON"):
        prepare([str(tmp_path / "in.jsonl")], tmp_path / "prepared", COLUMNS, processes=2)
    assert not (tmp_path / "prepared").exists()


def test_pieces_are_whole_lines_and_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"a\n\nlong line\r\nb\nend")
    for size in range(1, 25):
        found = [(piece.start, piece.stop) for piece in pieces(path, size)]
        assert [start for start, _ in found[1:]] == [stop for _, stop in found[:-1]]
        content = path.read_bytes()
        assert all(content[start - 1 : start] == b"\n" for start, _ in found[1:])
        assert (found[0][0], found[-1][1]) == (0, None)


def test_all_broken_lines_are_counted_and_the_first_hundred_named(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"{\n" * 20_000 + line(1))
    done = skipping(tmp_path, tmp_path / "in.jsonl")
    assert [one.row for one in done.broken] == list(range(1, 101))
    assert (done.skipped, done.places, done.prepared.rows) == (20_000, 20_000, 1)


def test_a_bare_carriage_return_ends_no_line(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(line(1).replace(b"\n", b"\r") + line(2))
    ((_, row, reason),) = places(skipping(tmp_path, tmp_path / "in.jsonl"))
    assert row == 1
    assert reason.endswith(
        "more follows behind the end (the line holds a carriage return; only a line feed ends a line)"
    )


def test_a_byte_order_mark_in_the_middle_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"\xef\xbb\xbf" + line(1) + b"\xef\xbb\xbf" + line(2))
    assert [row for _, row, _ in places(skipping(tmp_path, tmp_path / "in.jsonl"))] == [2]


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"\xef\xbb\xbf" + line(1) + b"{\n" + line(2),))
    writer.start()
    done = skipping(tmp_path, pipe, processes=1)
    writer.join()
    assert (done.prepared.rows, [row for _, row, _ in places(done)]) == (2, [2])


def test_a_file_that_fails_half_way_is_read_as_far_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(file: Path, size: int) -> Iterator[Piece]:
        yield Piece(file, 0, len(line(1)))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(json_lines, "pieces", failing)
    (tmp_path / "in.jsonl").write_bytes(line(1) + line(2) + b"{\n" + line(4))
    done = skipping(tmp_path, tmp_path / "in.jsonl", processes=1)
    assert (done.prepared.rows, [row for _, row, _ in places(done)]) == (3, [3])


def test_a_file_that_goes_away_is_named(tmp_path: Path) -> None:
    (batch,) = json_lines.read_lines(tmp_path / "gone.jsonl", COLUMNS)
    assert [str(one) for one in batch.broken] == [
        f"{tmp_path / 'gone.jsonl'}:1: the file can't be read behind line 0: No such file or directory"
    ]
    assert batch.unread == 1


def test_a_link_that_leads_nowhere_says_so(tmp_path: Path) -> None:
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    with pytest.raises(CantPrepare, match="names no file of events"):
        skipping(tmp_path, tmp_path / "loop.jsonl")


_LONG = """
import resource, sys
from pathlib import Path
from service.replay.prepare import prepare
from dsl.to_sql import Column
columns = [Column("a0", "amount", "decimal")]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
done = prepare([sys.argv[1]], Path(sys.argv[2]), columns, on_error="skip", processes=0)
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(done.prepared.rows, [(one.row, one.reason) for one in done.broken])
print(used // 1024)
"""


def test_a_line_of_a_gigabyte_is_passed_over_without_holding_it(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    with path.open("wb") as file:
        file.write(line(1))
        # A gigabyte of zeros, which takes no place on the disk.
        file.seek(2**30, os.SEEK_CUR)
        file.write(b"\n{\n" + line(2))
    ended = subprocess.run(
        [sys.executable, "-c", _LONG, str(path), str(tmp_path / "prepared")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("2 [(2, 'the line is longer than 32 MiB'), (3, 'not JSON")
    assert int(ended.stdout.splitlines()[-1]) < 300, "MiB"


_INTERRUPTED = """
import sys
from pathlib import Path
if __name__ == "__main__":
    from dsl.to_sql import Column
    from service.replay import json_lines, prepare as module
    json_lines._PIECE, module._ROWS_BETWEEN_REPORTS = 2**16, 1
    say = lambda rows: print("some", flush=True)
    columns = [Column("a0", "amount", "decimal")]
    try:
        module.prepare([sys.argv[1]], Path(sys.argv[2]), columns, progress=say, processes=2)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_an_interruption_leaves_no_folder_and_no_process(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"".join(map(line, range(100_000))))
    (tmp_path / "run.py").write_text(_INTERRUPTED)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "run.py"), str(tmp_path / "in.jsonl"), str(tmp_path / "prepared")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "some\n"
        # As Ctrl-C does: every process of the terminal gets it.
        os.killpg(running.pid, signal.SIGINT)
        output, errors = running.communicate()
    assert output.endswith("interrupted\n")
    assert errors == ""
    assert not (tmp_path / "prepared").exists()
    for _ in range(100):
        try:
            os.killpg(running.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process is left")


# ── Parquet ─────────────────────────────────────────────────────────────────


def write(path: Path, rows: int = 3, **columns: pa.Array) -> Path:
    table: dict[str, object] = {
        "id": [f"e{number}" for number in range(rows)], "source": ["/"] * rows, "type": ["sale"] * rows,
        "subject": ["acme"] * rows, "time": [START] * rows,
    }  # fmt: skip
    parquet.write_table(pa.table(table | columns), path, compression="none", row_group_size=1000, use_dictionary=False)
    return path


def events(path: Path) -> list[Event]:
    rows = Rows(COLUMNS)
    (batch,) = read_parquet(path, COLUMNS, Kinds())
    assert batch.broken == []
    return [rows.event(list(row.values())) for row in batch.table.to_pylist()]


def test_a_damaged_page_costs_its_row_group_and_nothing_else(tmp_path: Path) -> None:
    table = {"id": [f"e{n}" for n in range(3000)], "time": [START] * 3000}
    table |= dict.fromkeys(("source", "type", "subject"), ["x"] * 3000)
    path = tmp_path / "in.parquet"
    parquet.write_table(
        pa.table(table), path, row_group_size=1000, use_dictionary=False, compression="none", write_page_checksum=True
    )
    content = bytearray(path.read_bytes())
    damaged = content.index(b"e1500")
    content[damaged] ^= 1
    path.write_bytes(content)
    done = skipping(tmp_path, path)
    ((_, row, reason),) = places(done)
    assert row == 1001
    assert reason.startswith("rows 1001 to 2000 can't be read: ")
    assert "CRC" in reason
    assert (done.prepared.rows, done.skipped, done.places) == (2000, 1000, 1)
    assert [name for _, name in sequence_and_ids(done)] == [f"e{n}" for n in [*range(1000), *range(2000, 3000)]]


def test_a_truncated_file_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.parquet"), write(tmp_path / "b.parquet")
    first.write_bytes(first.read_bytes()[:-30])
    done = skipping(tmp_path, first, second)
    ((name, row, reason),) = places(done)
    assert (name, row, done.prepared.rows, done.unread) == ("a.parquet", 0, 3, 1)
    assert reason.startswith("the file can't be read: Parquet magic bytes not found")


def test_an_empty_file_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_bytes(b"")
    ((_, _, reason),) = places(skipping(tmp_path, tmp_path / "in.parquet"))
    assert reason.startswith("the file can't be read: ")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (pa.array([1, 2, 3]), pa.array(["1", "2", "3"]), "`n` is text in this file, and a number in "),
        (pa.array([1, 2, 3]), pa.array([1.0, 2.0, 3.0]), None),
        (pa.array([1, 2, 3]), pa.array([None, None, None]), None),
        (pa.array([True] * 3), pa.array([1, 2, 3]), "`n` is a number in this file, and a boolean in "),
    ],
)
def test_a_column_has_one_kind_in_all_files(
    tmp_path: Path, first: pa.Array, second: pa.Array, reason: str | None
) -> None:
    one, two = write(tmp_path / "a.parquet", n=first), write(tmp_path / "b.parquet", n=second)
    done = skipping(tmp_path, one, two)
    if reason is None:
        assert (done.broken, done.prepared.rows) == ([], 6)
    else:
        ((name, row, why),) = places(done)
        assert (name, row, why, done.skipped) == ("b.parquet", 0, reason + str(one), 3)
        assert done.prepared.rows == 3


@pytest.mark.parametrize("type_", [pa.float16(), pa.float32(), pa.float64()])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_none_breaks_its_row(tmp_path: Path, type_: pa.DataType, value: float) -> None:
    path = write(tmp_path / "in.parquet", amount=pa.array([1, value, None], type_))
    assert places(skipping(tmp_path, path)) == [("in.parquet", 2, f"`amount` is {value}, which is no number")]


def test_text_that_is_not_utf_8_breaks_its_row(tmp_path: Path) -> None:
    bytes_ = pa.array([b"good", b"b\xffd", b"good"])
    path = write(tmp_path / "in.parquet", note=pa.Array.from_buffers(pa.string(), 3, bytes_.buffers()))
    done = skipping(tmp_path, path)
    assert places(done) == [("in.parquet", 2, "`note` is not UTF-8")]
    assert done.prepared.rows == 2


def test_short_floats_are_their_shortest_decimals(tmp_path: Path) -> None:
    path = write(tmp_path / "in.parquet", amount=pa.array([0.1, 2.5, 16777216], pa.float32()))
    assert [event.data["amount"] for event in events(path)] == [Decimal("0.1"), Decimal("2.5"), 16777216]
    path = write(tmp_path / "in.parquet", data=pa.array([{"amount": 0.1}] * 3, pa.struct([("amount", pa.float32())])))
    assert [event.data["amount"] for event in events(path)] == [Decimal("0.1")] * 3


@pytest.mark.parametrize(
    ("unit", "value", "microseconds"),
    [
        ("s", JULY // 10**6, JULY), ("ms", JULY // 1000, JULY), ("us", JULY + 1, JULY + 1),
        ("ns", JULY * 1000 + 1999, JULY + 1), ("ns", -1, -1), ("ns", -1001, -2),
    ],
)  # fmt: skip
def test_timestamps_of_any_resolution_are_instants_with_finer_digits_cut(
    tmp_path: Path, unit: str, value: int, microseconds: int
) -> None:
    times = pa.array([value] * 3, pa.timestamp(unit, "UTC"))
    path = write(tmp_path / "in.parquet", time=times, seen=pa.array([value] * 3, pa.timestamp(unit)))
    assert {event.time for event in events(path)} == {microseconds}
    assert repr(events(path)[0].data["seen"]) == f"Instant(microseconds={microseconds})"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"time": pa.array([1, 2, 3])}, "`time` is a number; it is a timestamp, or text such as"),
        ({"data": pa.array([1, 2, 3])}, "`data` is the text of a JSON object or a struct, and this is not"),
        ({"data": pa.array(['{"n": 1, "n": 2}'] * 3)}, 'the member "n" stands twice in one object'),
    ],
)
def test_a_row_that_is_no_event_says_why(tmp_path: Path, columns: dict[str, pa.Array], reason: str) -> None:
    done = skipping(tmp_path, write(tmp_path / "in.parquet", **columns))
    assert [row for _, row, _ in places(done)] == [1, 2, 3]
    assert all(why.startswith(reason) for _, _, why in places(done))


def test_a_map_is_data(tmp_path: Path) -> None:
    maps = pa.array([[("plan", "free")]] * 3, pa.map_(pa.string(), pa.string()))
    assert events(write(tmp_path / "in.parquet", data=maps))[0].data == {"plan": "free"}
    assert events(write(tmp_path / "in.parquet", plan=pa.array(["free"] * 3).dictionary_encode()))[0].data == {
        "plan": "free"
    }
