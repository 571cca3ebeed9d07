"""CSV holds only text: what it means is said by the rules' declarations, and what can't be told is refused by name."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from dsl.event import Event
from dsl.to_sql import Column, columns_of
from service.replay.csv_rows import read_csv
from service.replay.prepare import CantPrepare, Preparation, prepare
from service.replay.rows import FIXED, Rows
from tests.dsl.rules import JULY, ruleset

COLUMNS = columns_of([ruleset("interaction sold\n  counts sale\n  units amount\n  price 0.10\n")])
HEADER = b"id,source,type,subject,time,amount,data.n,plan,gift,tags,strange\n"
GOOD = b"e1,/,sale,acme,2026-07-06T12:00:00Z,1.50,2,free,yes,,\n"


def events(folder: Path, content: bytes, columns: Sequence[Column] = COLUMNS) -> list[Event]:
    """The events as they come back from their rows; no row is broken."""
    (folder / "in.csv").write_bytes(content)
    rows = Rows(columns)
    found = []
    for batch in read_csv(folder / "in.csv", columns):
        assert batch.broken == []
        found += [rows.event(list(row.values())) for row in batch.table.to_pylist()]
    return found


def data(folder: Path, **values: str) -> dict[str, object]:
    """The data of one row with some values."""
    header = ",".join(["id,source,type,subject,time", *values])
    texts = ",".join(f'"{value}"' for value in values.values())
    (event,) = events(folder, f"{header}\ne1,/,sale,acme,2026-07-06T12:00:00Z,{texts}\n".encode())
    return event.data


def broken(folder: Path, content: bytes) -> Preparation:
    (folder / "in.csv").write_bytes(content)
    return prepare([str(folder / "in.csv")], folder / "prepared", COLUMNS, on_error="skip")


def places(done: Preparation) -> list[tuple[int, str]]:
    return [(one.row, one.reason) for one in done.broken]


def test_columns_are_members_and_paths_with_or_without_their_prefix(tmp_path: Path) -> None:
    (event,) = events(tmp_path, HEADER + GOOD)
    assert (event.id, event.source, event.type, event.subject, event.time) == ("e1", "/", "sale", "acme", JULY)
    assert event.data == {"amount": Decimal("1.5"), "n": 2, "plan": "free", "gift": True}


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("amount", "123456789012.123457", Decimal("123456789012.123457")), ("amount", "0.10", Decimal("0.1")),
        ("amount", "1e3", Decimal(1000)), ("n", "007", 7), ("n", "-5", -5), ("n", "9007199254740993", 2**53 + 1),
        ("n", "12 ", "12 "), ("n", "+1", "+1"), ("n", "1,5", "1,5"), ("n", "NaN", "NaN"), ("n", "٣", "٣"),
        ("gift", "YES", True), ("gift", "false", False), ("gift", "1", "1"),
        ("plan", "007", "007"), ("plan", "yes", "yes"), ("strange", "1.50", "1.50"),
        ("tags", '[""a"",""b""]', ["a", "b"]), ("tags", "a", "a"),
        ("note", "two\nlines", "two\nlines"), ("note", '""quoted""', '"quoted"'),
    ],
)  # fmt: skip
def test_text_is_what_the_declaration_wants_or_stays_text(tmp_path: Path, path: str, text: str, value: object) -> None:
    assert data(tmp_path, **{path: text}) == {path: value}


def test_an_empty_value_is_a_missing_one(tmp_path: Path) -> None:
    assert data(tmp_path, amount="", plan="", gift="") == {}
    (event,) = events(tmp_path, HEADER + b"e1,/,sale,,2026-07-06T12:00:00Z,1,,,,,\n")
    assert event.subject is None


def test_data_may_be_json_text_in_one_column(tmp_path: Path) -> None:
    content = b'id,source,type,subject,time,data,region\ne1,/,sale,acme,2026-07-06T12:00:00Z,"{""amount"": 1.5}",eu\n'
    (event,) = events(tmp_path, content)
    assert event.data == {"amount": Decimal("1.5")}


def test_attributes_of_the_envelope_are_no_data(tmp_path: Path) -> None:
    assert data(tmp_path, specversion="1.0", n="1") == {"n": 1}


def test_a_byte_order_mark_windows_ends_and_blank_lines_are_no_mistake(tmp_path: Path) -> None:
    done = broken(tmp_path, b"\xef\xbb\xbf" + (HEADER + b"\n" + GOOD).replace(b"\n", b"\r\n"))
    assert (done.prepared.rows, done.blank_lines, done.broken) == (1, 1, [])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"e2,/,sale\n", "the row has 3 values, the first line names 11 columns"),
        (GOOD.replace(b"\n", b",more\n"), "the row has 12 values, the first line names 11 columns"),
        (GOOD.replace(b"free", b"fr\ree"), "a carriage return stands in the row; only a line feed ends a row"),
        (GOOD.replace(b"free", b"fr\xffee"), "the row is not UTF-8"),
        (GOOD.replace(b"free", b'"fr"ee'), "something follows the closing quote of a value; a quote within one is"),
        (GOOD.replace(b"yes,,", b"yes,[1,"), "not JSON at column"),
    ],
)  # fmt: skip
def test_a_broken_row_is_named_with_its_line_and_the_others_are_read(tmp_path: Path, bad: bytes, reason: str) -> None:
    two_lines = GOOD.replace(b"free", b'"fr\nee"')
    done = broken(tmp_path, HEADER + two_lines + b"\n" + bad + GOOD.replace(b"e1", b"e2"))
    ((line, why),) = places(done)
    assert line == 5
    assert why.startswith(reason)
    assert (done.prepared.rows, done.skipped, done.blank_lines) == (2, 1, 1)


def test_a_quote_that_is_never_closed_is_named_where_it_opens(tmp_path: Path) -> None:
    done = broken(tmp_path, HEADER + GOOD + GOOD.replace(b"free", b'"free') + GOOD)
    assert places(done) == [(3, "a quoted value is not closed before the end of the file (lines 3 to 4)")]
    assert done.prepared.rows == 1


def test_a_quote_over_a_long_file_is_given_up_without_holding_it(tmp_path: Path) -> None:
    content = HEADER + GOOD.replace(b"free", b'"free') + GOOD * 4000
    done = broken(tmp_path, content)
    ((line, reason),) = places(done)
    assert line == 2
    assert reason.startswith("a value is longer than 131,072 characters; is a quote not closed? (lines 2 to ")
    last = int(reason.removesuffix(")").split()[-1])
    assert done.prepared.rows == 4002 - last
    assert 2000 < last < 3000


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("id,source,type,subject,n", "the column `time` is missing"),
        ("id;source;type;subject;time", "the column `id` is missing; values are separated by commas"),
        ("id,source,type,subject,time,n,n", "the column `n` stands twice"),
        ("id,source,type,subject,time,n,data.n", "the columns `n` and `data.n` are the same"),
        ("id,source,type,subject,time,data,data.n", "there is a column `data` and a column `data.n`"),
        (",id,source,type,subject,time", "column 1 has no name"),
    ],
)
def test_a_file_whose_columns_do_not_do_is_left_out_whole_and_its_rows_counted(
    tmp_path: Path, header: str, reason: str
) -> None:
    done = broken(tmp_path, header.encode() + b"\n" + GOOD * 3)
    ((line, why),) = places(done)
    assert (line, done.skipped, done.prepared.rows) == (1, 3, 0)
    assert why.startswith(reason)


def test_text_in_one_declaration_and_a_number_in_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(HEADER + GOOD)
    with pytest.raises(CantPrepare, match="`n` is text in one declaration and integer in another, and CSV can't tell"):
        prepare([str(tmp_path / "in.csv")], tmp_path / "prepared", [*COLUMNS, Column("a99", "n", "text")])


def test_an_empty_file_is_no_csv(tmp_path: Path) -> None:
    done = broken(tmp_path, b"")
    assert places(done) == [(0, "the file is empty; its first line names the columns")]
    assert done.unread == 1


def test_a_fitting_row_needs_nothing_but_its_columns(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(HEADER + GOOD)
    (batch,) = read_csv(tmp_path / "in.csv", COLUMNS)
    assert batch.table.column(FIXED.index("raw")).to_pylist() == [None]
