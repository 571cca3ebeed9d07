"""Files become prepared events: every row is there, or is named with its file, its number and why."""

import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from pyarrow import parquet

from dsl.acceptance import decimal_value
from dsl.event import Event
from dsl.to_sql import Column, Outcome, columns_of
from service.registry import Version, Versions
from service.replay import lines as lines_module
from service.replay import prepare as module
from service.replay.lines import lines_of
from service.replay.manifest import NotPrepared
from service.replay.prepare import CantPrepare, Preparation, prepare
from service.replay.prepared import open_prepared
from service.replay.rows import FIXED, Rows
from tests.dsl.rules import ruleset
from tests.service.replay.histories import by_duckdb

RULES = ruleset("interaction sold\n  counts sale\n  units amount\n  price 0.10\n")
COLUMNS = columns_of([RULES])


def line(number: int, **data: object) -> str:
    event = {"id": f"e{number}", "source": "/", "type": "sale", "subject": "acme", "time": "2026-07-06T12:00:00Z"}
    return json.dumps(event | {"data": data})


def prepared_from(folder: Path, content: bytes, on_error: module.OnError = "skip") -> Preparation:
    (folder / "in.jsonl").write_bytes(content)
    return prepare([str(folder / "in.jsonl")], folder / "prepared", COLUMNS, on_error=on_error)


def test_lines_are_priced_as_they_were_written(tmp_path: Path) -> None:
    text = "\n".join(line(number, n=1) for number in range(3)).replace('{"n": 1}', '{"amount": 123456789012.123457}', 1)
    done = prepared_from(tmp_path, text.encode())
    assert (done.prepared.rows, done.broken, done.prepared.repeats) == (3, [], 0)
    answers, _ = by_duckdb(tmp_path / "run", done.prepared, Versions([Version(RULES, "")]))
    assert answers[0][3:5] == (123_456_789_012_123_457, 12_345_678_901_212_345_700_000_000_000)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"id": 1,}', "not JSON"),
        (b"[1]", "an event is a JSON object"),
        (b'{"id": NaN}', "`NaN` is not a JSON number"),
        (b'{"id": "a", "id": "b"}', "stands twice"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b'{"id": "a\rb"}', "control character"),
        (b"{" * 5000, "not JSON"),
    ],
)
def test_a_broken_line_is_named_with_its_number(tmp_path: Path, bad: bytes, reason: str) -> None:
    good = line(1, n=1).encode()
    done = prepared_from(tmp_path, b"\n".join([good, b"", b"  ", bad, good]))
    assert (done.prepared.rows, done.blank_lines) == (2, 2)
    (broken,) = done.broken
    assert (broken.row, broken.file) == (4, str(tmp_path / "in.jsonl"))
    assert reason in broken.reason


def test_a_broken_line_stops_it_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(CantPrepare, match=r"in\.jsonl:2: not JSON") as raised:
        prepared_from(tmp_path, line(1).encode() + b"\n{", "stop")
    assert raised.value.broken is not None
    assert not (tmp_path / "prepared").exists()


def test_a_byte_order_mark_and_windows_ends_are_no_mistake(tmp_path: Path) -> None:
    done = prepared_from(tmp_path, b"\xef\xbb\xbf" + line(1, n=1).encode() + b"\r\n" + line(2).encode() + b"\r\n")
    assert (done.prepared.rows, done.broken) == (2, [])


def test_lines_may_lie_across_chunks_and_be_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "_CHUNK", 7)
    monkeypatch.setattr(lines_module, "LONGEST_LINE", 40)
    content = [b"a" * 20, b"", b"b" * 100, b"c" * 7, b"d" * 40, b"e"]
    path = tmp_path / "lines"
    path.write_bytes(b"\n".join(content))
    assert list(lines_of(path)) == [b"a" * 20, b"", None, b"c" * 7, b"d" * 40, b"e"]


def test_lines_are_the_same_in_chunks_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, path = Random(5), tmp_path / "lines"
    for _ in range(300):
        content = b"".join(rng.choice([b"\n", b"a", b"bb\r", b"\n\n"]) for _ in range(rng.randrange(12)))
        path.write_bytes(content)
        monkeypatch.setattr(lines_module, "_CHUNK", rng.randrange(1, 9))
        *lines, last = content.split(b"\n")
        assert list(lines_of(path)) == [*lines, *([last] if last else [])]


def test_repeated_ids_are_found_with_their_contents(tmp_path: Path) -> None:
    text = [line(1, amount=1.10), line(2), line(1, amount=1.1), line(1, amount=1.2)]
    done = prepared_from(tmp_path, "\n".join(text).encode())
    assert done.prepared.repeats == 3
    answers, _ = by_duckdb(tmp_path / "run", done.prepared, Versions([Version(RULES, "")]))
    assert [answers[seq][0] for seq in range(4)] == [
        Outcome.COUNTED, Outcome.COUNTED, Outcome.DUPLICATE, Outcome.CONFLICT,
    ]  # fmt: skip


def test_folders_and_globs_name_files_in_order(tmp_path: Path) -> None:
    for name in ("b/two.jsonl", "a/one.ndjson", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}\n")
    assert [path.name for path in module.find([str(tmp_path)])] == ["one.ndjson", "two.jsonl"]
    assert [path.name for path in module.find([str(tmp_path / "*" / "*.jsonl")])] == ["two.jsonl"]
    with pytest.raises(CantPrepare, match="names no file of events"):
        module.find([str(tmp_path / "*.jsonl")])


# ── Parquet ─────────────────────────────────────────────────────────────────

MEMBERS = {"id": ["e1", "e2"], "source": ["/", "/"], "type": ["sale", "sale"], "subject": ["acme", "b"]}
TIMES = [datetime(2026, 7, 6, 12, tzinfo=UTC)] * 2


@pytest.mark.parametrize(
    "data",
    [
        {"data": [{"amount": Decimal("1.5"), "gift": True}, {"amount": Decimal("2"), "gift": None}]},
        {"data": ['{"amount": 1.50, "gift": true}', '{"amount": 2}']},
        {"amount": [1.5, 2.0], "gift": [True, None]},
    ],
)
def test_parquet_holds_data_as_struct_text_or_columns(tmp_path: Path, data: dict[str, list[object]]) -> None:
    parquet.write_table(pa.table(MEMBERS | {"time": TIMES} | data), tmp_path / "in.parquet")
    done = prepare([str(tmp_path / "in.parquet")], tmp_path / "prepared", COLUMNS)
    answers, _ = by_duckdb(tmp_path / "run", done.prepared, Versions([Version(RULES, "")]))
    assert [answers[seq][3] for seq in (0, 1)] == [1_500_000, 2_000_000]


def test_a_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    parquet.write_table(pa.table(MEMBERS | {"time": TIMES}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CantPrepare, match=r"in\.parquet: the file can't be read: "):
        prepare([str(path)], tmp_path / "prepared", COLUMNS)
    parquet.write_table(pa.table({"id": ["a"]}), path)
    with pytest.raises(CantPrepare, match="the column `source` is missing"):
        prepare([str(path)], tmp_path / "prepared", COLUMNS)


def test_numbers_are_held_in_millionths_exactly_where_the_rules_take_them() -> None:
    rng = Random(3)
    place = len(FIXED) + [column.path for column in COLUMNS].index("amount")
    rows = Rows(COLUMNS)
    for _ in range(5000):
        digits = "".join(rng.choice("0000123459") for _ in range(rng.randrange(1, 40)))
        cut = rng.randrange(len(digits))
        text = f"{rng.choice(['', '-'])}{digits[:cut] or '0'}.{digits[cut:]}"
        number = Decimal(text + rng.choice(["", "", f"E{rng.randrange(-30, 30)}", "E-999999", "E200000"]))
        row = rows.row(0, Event("e", "/", "sale", "acme", 0, {"amount": number}))
        assert row[place] == decimal_value(number), number
    for odd in ("NaN", "sNaN", "Infinity", "-0", "0E-9999", "0E9999", "1" + "0" * 5000, "1." + "0" * 5000 + "1"):
        row = rows.row(0, Event("e", "/", "sale", "acme", 0, {"amount": Decimal(odd)}))
        assert row[place] == decimal_value(Decimal(odd)), odd


# ── the folder ──────────────────────────────────────────────────────────────


def test_a_folder_says_what_it_holds(tmp_path: Path) -> None:
    done = prepared_from(tmp_path, line(1, n=1).encode())
    assert open_prepared(tmp_path / "prepared", COLUMNS) == done.prepared
    others = ruleset("interaction i\n  counts sale\n  price 1\n")
    changed = [*columns_of([others]), Column("a99", "unheard of", "text")]
    with pytest.raises(NotPrepared, match="lacks `unheard of`"):
        open_prepared(tmp_path / "prepared", changed)
    with pytest.raises(NotPrepared, match="no manifest"):
        open_prepared(tmp_path)
    with pytest.raises(CantPrepare, match="is there already"):
        prepare([str(tmp_path / "in.jsonl")], tmp_path / "prepared", COLUMNS)


def test_a_folder_that_has_changed_is_not_priced(tmp_path: Path) -> None:
    prepared_from(tmp_path, line(1, n=1).encode())
    folder = tmp_path / "prepared"
    (file,) = folder.glob("events-*.parquet")
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    with pytest.raises(NotPrepared, match=f"its file {file.name} has changed"):
        open_prepared(folder)
    file.write_bytes(whole)
    shutil.copy(file, folder / "events-99999.parquet")
    with pytest.raises(NotPrepared, match=r"its file events-99999\.parquet was added"):
        open_prepared(folder)
