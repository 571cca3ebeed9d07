"""Many lines at once have the very rows that each of them has by itself, or none at all."""

import json
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from dsl.to_sql import columns_of
from service.cloudevents import MalformedEvent, parse_event
from service.replay.batches import MOST_PLACES
from service.replay.json_lines import LineReader
from service.replay.lines import Piece
from service.replay.quick_tables import MOST_BYTES, QuickTables
from service.replay.rows import Rows
from tests.dsl.rules import ruleset
from tests.service.replay.test_rows import LINE, ODD

COLUMNS = columns_of([ruleset("interaction i\n  counts sale\n  units n\n  price 1\n")])
SLOW = Rows(COLUMNS)
MORE_ODD = [
    ('"n": 2', '"n": 2, "seen": "2026-07-01T00:00:00Z"'), ('"n": 2', '"a.b": {"c": 1}'), ('"n": 2', '"n": [2]'),
    ('"data": {', '"data": null, "other": {'), ('"data": {', '"data": [], "other": {'), ("1.5", '"1.5"'),
    ("1.5", "null"),
    ("1.5", "9" * 38), ("1.5", "-1e-6"), ("1.5", "0e5"), ("1.5", "1e11"), ("1.5", "1e12"), ("1.5", "Infinity"),
    *(("1.5", f"{number}{space}") for space in ("", " ") for number in (
        "1e-7", "1e-9", "1e-10", "0e-10", "1e-45", "-1E-65", "123456789012345678e-326", "0e-60", "1e-045", "1e-1000",
        "1.50e-99999999", "1e-2147483648", "1e-99999999999", " " * 70 + "1e-45", "\t-1e-45",
        '"1e-45"', '"5.E-99999999"', '"+.5e-99999999"', '"1e+-99999999"', '"1e0xf0000000"', '"1E+0XF0000000"',
        '"1e0x5"', '"1\\u0065-99999999"', '"1e\\u002d99999999"', '"1e-\\u00399999999"', '"1e0\\u0078f0000000"',
        '"1e0x\\u00460000000"', '"\\u0031e-99999999"', '"1\\u002Ee-99999999"',
    )),
    ('"amount": 1.5', '"amount" : 1e-45'), ('"amount": 1.5', f'"amount"{" " * 70}: 1e-45'),
    ('"amount": 1.5', f'"amount": 0.{"0" * 70}1e-45'),
    ('"n": 2', '"n": null, "n": 2'), ('"n": 2', f'"n": {-(2**63)}'), ("true", "null"), ("true", "1"), ("true", "True"),
    ('"free"', '"fr\\"ee"'), ('"free"', '"fr\\\\"'), ('"free"', '"fr\\\\\\""'), ('"free"', '"\\ud83d\\ude00"'),
    ('"free"', '"\\u0000"'), ('"free"', '"a\\u00e9"'), ('"free"', '"\\u"'), ('"plan"', '"\\u0070lan"'),
    ('"amount": 1.5', '"\\u0061mount": "1.5"'), ('"free"', "null"), ('["a", "b"]', "null"),
    ('["a", "b"]', '["a\\u0000"]'),
    ('"subject"', '"subjec\\u0074"'), ('"acme"', "null"), ('"acme"', f'"{"é" * 200}"'), ('"free"', f'"{"é" * 4000}"'),
    ('"1.0"', '"1.0", "trace": "a"'), ('"1.0"', '"1.0", "trace": null'), ('"1.0"', '"1.0", "trace": 7'),
    ('"1.0"', '"1.0", "trace": {"deep": [1]}'), ('"1.0"', '"1.0", "1.0": "1.0"'), ('"1.0"', "null"),
    ("}}", "}}}"), ("}}", "}} {}"), ("}}", "}}\x00"), ("}}", "}}, {}"), (LINE, ""), (LINE, "{}"), (LINE, "[]"),
    (LINE, "{" * 9999),
    (LINE, '{"data": ' * 9999), (LINE, LINE + LINE), (LINE, LINE[:60]), (LINE, LINE[60:]), (LINE, LINE + " "),
    *(("2026-07-06T12:00:00.25Z", time) for time in (
        "2026-07-06T12:00Z", "2026-07-06T12Z", "2026-07-06", "2026-07-06T12:00:00+0200", "2026-07-06T12:00:00+02",
        "2026-07-06T12:00:00.Z", "2026-07-06T12:00:00Z\\n", "2026-07-06T12:00:00-23:59", "2026-07-06T12:00:00+24:00",
        "2999-12-31T23:59:59.999999-00:01", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
        "-2026-07-06T12:00:00Z", "2024-02-29T00:00:00Z", "2025-02-29T00:00:00Z", "2026-07-06T12:00:00.5+05:30",
    )),
]  # fmt: skip


def slowly(line: bytes) -> list[object] | None:
    try:
        return SLOW.row(0, parse_event(line))[1:]
    except MalformedEvent:
        return None


def rows_of(columns: list[pa.Array]) -> list[list[object]]:
    return [list(row) for row in zip(*(column.to_pylist() for column in columns), strict=True)]


def same_or_none(lines: list[bytes], tables: QuickTables) -> bool:
    """Whether the lines had columns; those are what each line gives by itself."""
    columns = tables.columns(b"\n".join(lines))
    if columns is None:
        return False
    assert rows_of(columns) == [slowly(line) for line in lines]
    return True


def test_plain_lines_have_their_rows_at_once() -> None:
    plain = [
        LINE,
        LINE.replace("e1", "e2"),
        LINE.replace(": ", ":").replace('"gift":true,', ""),
        LINE.replace("1.5", "-7"),
    ]
    assert same_or_none([line.encode() for line in plain], QuickTables(COLUMNS))
    assert same_or_none([line.encode() + b"\r" for line in plain], QuickTables(COLUMNS))


@pytest.mark.parametrize("part", [
    '"amount": 1.500000', '"amount": 25E-05', '"amount": 2e-6', '"amount": -0.0',
    '"amount": 999999999999.999999', '"amount": 15E-1', '"amount": null',
    '"plan": "5e-12a"', '"plan": "a:5e-12"', '"plan": "12e-1234-4321"',
    '"plan": "urn:uuid:1234567e-1234-4321-800e-12345678901e"',
    '"n": 9223372036854775807', '"plan": "Stra\\u00dfe \\"5\\" \\\\"', '"tags": []', '"plan": null, "tags": null',
])  # fmt: skip
def test_what_is_rare_but_plain_has_its_row_at_once(part: str) -> None:
    line = LINE.replace('"n": 2, "amount": 1.5, "plan": "free"', part).replace(', "tags": ["a", "b"]', "").encode()
    assert same_or_none([LINE.encode(), line], QuickTables(COLUMNS))


@pytest.mark.parametrize(("part", "other"), [*ODD, *MORE_ODD])
def test_an_odd_line_among_others_has_the_same_row_or_none_has(part: str, other: str) -> None:
    assert part in LINE
    for odd in (LINE.replace(part, other, 1), LINE.replace(part, other, 1).replace(": ", ":")):
        for lines in ([odd], [LINE, odd, LINE], [odd, LINE], [LINE, odd]):
            tables = QuickTables(COLUMNS)
            encoded = [line.encode(errors="surrogatepass") for line in lines]
            same_or_none(encoded, tables)
            # What was learnt from lines must not change what they are.
            tables.learn(b"\n".join(encoded))
            same_or_none(encoded, tables)


def test_lines_with_any_letter_changed_have_the_same_rows_or_none() -> None:
    rng, quick, tables = Random(12), 0, QuickTables(COLUMNS)
    letters = '"\\:{}[],. eE+-0159aZtn\t\r\n\x00é'
    for _ in range(3000):
        changed = list(f"{LINE}\n{LINE}")
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            at = rng.randrange(len(changed))
            changed[at : at + rng.choice((0, 1))] = rng.choice(letters)
        quick += same_or_none("".join(changed).encode().split(b"\n"), tables)
    assert quick > 300


def test_bytes_that_are_no_utf_8_leave_the_lines_to_those_who_say_so() -> None:
    for place in range(len(LINE)):
        broken = LINE.encode()[:place] + b"\xff" + LINE.encode()[place:]
        assert not same_or_none([LINE.encode(), broken], QuickTables(COLUMNS))


def test_two_lines_that_only_together_are_events_are_none() -> None:
    half = LINE.index('"data"')
    for lines in ([LINE[:half], LINE[half:]], [LINE + LINE, LINE[:half], LINE[half:]], [LINE + " " + LINE, ""]):
        assert not same_or_none([line.encode() for line in lines], QuickTables(COLUMNS))


# ── how many at once ────────────────────────────────────────────────────────


def test_members_of_extensions_are_learnt_and_are_no_data() -> None:
    lines = [LINE.replace("{", f'{{"trace": "{number}", "step": {number}, ', 1).encode() for number in range(200)]
    ((some, columns),) = QuickTables(COLUMNS).blocks(b"\n".join(lines))
    assert some.split(b"\n") == lines
    assert columns is not None
    assert rows_of(columns) == [slowly(line) for line in lines]


def test_members_with_any_name_and_however_many_are_no_trouble() -> None:
    names = ["\\ud800", "\\u0000", "a b", "é", "", "x" * 10_000, *(f"x{number}" for number in range(200))]
    lines = [LINE.replace("{", f'{{"{name}": "a", ', 1).encode() for name in names]
    tables = QuickTables(COLUMNS)
    blocks = list(tables.blocks(b"\n".join(lines)))
    assert b"\n".join(some for some, _ in blocks).split(b"\n") == lines
    assert same_or_none([LINE.encode()], tables)


@pytest.mark.parametrize("share", [0, 0.001, 0.02, 1])
def test_lines_are_all_read_in_their_order_however_many_are_odd(tmp_path: Path, share: float) -> None:
    rng, wanted, broken, content = Random(3), [], [], []
    for number in range(2 * MOST_BYTES // len(LINE)):
        members = json.loads(LINE) | {"id": f"e{number}"}
        kind = rng.choice(("undeclared", "no json", "blank")) if rng.random() < share else "plain"
        if kind == "undeclared":
            members["data"]["undeclared"] = "x"
        line = {"no json": "{", "blank": ""}.get(kind, json.dumps(members))
        content.append(line)
        if kind == "no json":
            broken.append(number + 1)
        elif kind != "blank":
            wanted.append((members["id"], kind == "undeclared"))
    (tmp_path / "in.jsonl").write_text("\n".join(content) + "\n")
    batches = list(LineReader(COLUMNS).read(Piece(tmp_path / "in.jsonl")))
    found = [(row["id"], row["raw"] is not None) for batch in batches for row in batch.table.to_pylist()]
    assert found == wanted
    assert all(batch.table["seq"].to_pylist() == list(range(len(batch.table["seq"]))) for batch in batches)
    assert (sum(batch.places for batch in batches), batches[-1].lines) == (len(broken), len(content))
    named = [one.row for batch in batches for one in batch.broken]
    assert named[:MOST_PLACES] == broken[:MOST_PLACES]


def test_one_odd_line_costs_few_others_their_way() -> None:
    lines = [LINE.encode()] * 10_000
    lines[5000] = LINE.replace('"n": 2', '"undeclared": 2').encode()
    blocks = list(QuickTables(COLUMNS).blocks(b"\n".join(lines)))
    assert b"\n".join(some for some, _ in blocks).split(b"\n") == lines
    (singly,) = (some.split(b"\n") for some, columns in blocks if columns is None)
    assert lines[5000] in singly
    assert len(singly) < 500
