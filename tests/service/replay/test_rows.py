"""An event survives being a row: same content, same answer, whatever its values are."""

import json
from decimal import Decimal
from random import Random

import pytest

from dsl.checker import check
from dsl.event import Event, Instant, Other
from dsl.source import Source
from dsl.to_python import compile_ruleset
from dsl.to_sql import columns_of
from service.cloudevents import MalformedEvent, parse_event
from service.ledger import codec
from service.replay.duckdb import content_key
from service.replay.quick_rows import QuickRows
from service.replay.rows import FIXED, Rows
from tests.dsl.rules import JULY, ruleset
from tests.dsl.test_to_python import ANYTHING
from tests.programs import as_event, random_events, random_program
from tests.service.replay.histories import instant

GOOD = {"n": 2, "amount": Decimal("1.5"), "plan": "free", "tags": ["a"], "gift": True, "seen": Instant(5)}
SALE = ruleset("interaction i\n  counts sale\n  units n\n  price 1\n")


def row_of(event: Event) -> dict[str, object]:
    columns = columns_of([SALE])
    names = [*FIXED, *(f"{column.path} {column.storage}" for column in columns)]
    return dict(zip(names, Rows(columns).row(7, event), strict=True))


def test_a_fitting_event_needs_nothing_but_its_columns() -> None:
    row = row_of(Event("1", "/", "sale", "acme", JULY, dict(GOOD)))
    assert row["raw"] is None
    assert row["misfits"] is None
    assert (row["n integer"], row["amount decimal"], row["plan text"], row["seen timestamp"]) == (
        2,
        1_500_000,
        "free",
        5,
    )
    assert (row["seq"], row["time_us"], row["flawed"]) == (7, JULY, False)


@pytest.mark.parametrize(
    "data",
    [
        {"n": "x"}, {"n": 10**30}, {"undeclared": 1}, {"amount": "1.50"}, {"seen": "2026-07-01T00:00:00Z"},
        {"tags": ["a", 1]}, {"note": "nul\0"},
    ],
)  # fmt: skip
def test_what_columns_do_not_tell_is_kept_as_it_came(data: dict[str, object]) -> None:
    event = Event("1", "/", "sale", "acme", JULY, data)
    raw = row_of(event)["raw"]
    assert isinstance(raw, str)
    assert codec.event_of(raw) == event


def test_values_that_do_not_fit_are_named() -> None:
    columns = {column.path: column.name for column in columns_of([SALE])}
    row = row_of(Event("1", "/", "sale", "acme", JULY, {"n": "x", "gift": 1, "plan": "free"}, ("a.b",)))
    assert str(row["misfits"]).strip(",").split(",") == ["*", *sorted(columns[path] for path in ("n", "gift"))]
    assert row_of(Event("", "/", "sale", "acme", JULY, {}))["flawed"] is True


def test_any_value_is_the_same_again() -> None:
    rng = Random(7)
    rows, evaluate = Rows(columns_of([SALE])), compile_ruleset(SALE).evaluate
    for _ in range(3000):
        data = {name: rng.choice(ANYTHING) if rng.random() < 0.3 else value for name, value in GOOD.items()}
        data = {name: value for name, value in data.items() if type(value) not in (bytes, object)}
        event = Event("1", "/", "sale", "acme", JULY, data)
        for name in ("id", "source", "type", "subject", "time"):
            if rng.random() < 0.05:
                setattr(event, name, rng.choice([None, "", 5, "x" * 257, "\ud800", Other("a list"), True]))
        again = rows.event(rows.row(0, event))
        assert evaluate(again, {}) == evaluate(event, {})
        if "snan" not in codec.event_text(event).lower():
            assert content_key(again) == content_key(event)


@pytest.mark.parametrize("seed", range(20))
def test_random_events_are_answered_alike_from_their_rows(seed: int) -> None:
    rng = Random(seed)
    program = random_program(rng)
    checked, _ = check(Source("random.vpi", program.text))
    assert checked is not None
    rows, evaluate = Rows(columns_of([checked])), compile_ruleset(checked).evaluate
    for raw in random_events(program, rng, 60):
        event = as_event(raw)
        event.time = instant(event.time) if isinstance(event.time, str) else event.time
        again = rows.event(rows.row(0, event))
        assert content_key(again) == content_key(event)
        assert evaluate(again, {}) == evaluate(event, {})


# ── rows of plain lines ─────────────────────────────────────────────────────

QUICK, SLOW = QuickRows(columns_of([SALE])), Rows(columns_of([SALE]))
LINE = (
    '{"specversion": "1.0", "id": "e1", "source": "/", "type": "sale", "subject": "acme", "time": '
    '"2026-07-06T12:00:00.25Z", "data": {"n": 2, "amount": 1.5, "plan": "free", "gift": true, "note": "Grüße: 1", '
    '"tags": ["a", "b"]}}'
)
ODD = [
    ('"e1"', "5"), ('"e1"', '""'), ('"e1"', "null"), ('"e1"', f'"{"x" * 257}"'), ('"e1"', '"\\u0000"'),
    ('"e1"', '"\x01"'),
    ('"id"', '"source"'), ('"n"', '"gift"'), ('"n":', '"gift" :'), ('"n":', '"gift"\t:'), ('"n":', '"n": 1, "n" :'),
    ('"n": 2', '"n": 2.0'), ('"n": 2', '"n": 1e2'), ('"n": 2', '"n": true'), ('"n": 2', f'"n": {2**63}'),
    ('"n": 2', f'"n": {"9" * 5000}'), ('"n": 2', '"n": null'), ('"n": 2', '"n": "2"'), ('"n": 2', '"n": -0'),
    ('"n": 2', '"n": NaN'), ('"n": 2', '"n": 02'), ('"n": 2', '"n": {}'), ('"n": 2', '"n": {"n": 2}'),
    ('"n": 2', '"undeclared": 2'), ('"n": 2', '"undeclared": null'), ('"n": 2', '"undeclared": "a"'),
    ("1.5", "-0.5"), ("1.5", "-0.0"), ("1.5", "1.5000000"), ("1.5", "1.1234567"), ("1.5", "0.0000001"), ("1.5", "1e3"),
    ("1.5", "1.5E+2"), ("1.5", "999999999999.999999"), ("1.5", "1000000000000.0"), ("1.5", "-999999999999.999999"),
    ("1.5", "-7"), ("1.5", "1000000000000"), ("1.5", '"1.50"'), ("1.5", "true"), ("1.5", "1.12345678901234567890"),
    ('"free"', '"never heard of"'), ('"free"', f'"{"x" * 4097}"'), ('"free"', '["free"]'), ('"free"', "1.5"),
    ('["a", "b"]', "[]"), ('["a", "b"]', '["a", 1]'), ('["a", "b"]', '[["a"]]'), ('["a", "b"]', '["a", null]'),
    ('["a", "b"]', json.dumps(["x"] * 257)), ('["a", "b"]', '["a", 1.5]'), ('"tags"', '"a.b"'),
    ('"1.0"', '["1.0"]'), ('"1.0"', '{"a": "1.0"}'), ('"1.0"', "NaN"), ('"1.0"', "1e999"),
    ('"1.0"', "1.0"), ('"1.0"', "[]"),
    ("}}", "}} "), ("}}", "}}\r"), ("}}", "}}x"), ("}}", "}}\x0b"), ("}}", "}"), ("}}", "},}"),
    ("{", "\ufeff{"), ("{", " {"),
    ('"data"', '"DATA"'), ('"time"', '"when"'), ("Grüße", "Gr\\u00fc\\u00dfe"), ("Grüße", "\\ud800"), ("Grüße", "\x00"),
    *(("2026-07-06T12:00:00.25Z", time) for time in (
        "2026-07-06T12:00:00Z", "2026-07-06T12:00:59.999999Z", "2026-07-06T12:00:60Z", "2026-07-06T12:00:60.000000Z",
        "2026-07-06T12:00:0aZ", "2026-07-06T12:00:00.12345aZ", "2026-07-06T12:00:00,123456Z",
        "2026-07-06T12:00:00+02:00",
        "2026-07-06T12:00:00.1234567Z", "2026-07-06t12:00:00z", "2026-02-30T12:00:00Z", "2026-07-06T24:00:00Z",
        "2026-07-06T12:00:00", "2026-07-06 12:00:00Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "",
        "2999-12-31T23:59:59.999999Z", "3000-01-01T00:00:00Z", "2026-07-06T12:00:٠٠Z", "2026-07-06T12:00:00.٠٠٠٠٠٠Z",
        "2026-07-06T12:00:-1Z", "2026-07-06T12:00:+1.000000Z", "2026-07-06T12:00:00.-00001Z", "2026-07-06T12:00: 1Z",
    )),
]  # fmt: skip


def slowly(line: bytes) -> list[object] | None:
    try:
        return SLOW.row(3, parse_event(line))
    except MalformedEvent:
        return None


def test_a_plain_line_has_its_row_at_once_and_it_is_the_same() -> None:
    row = QUICK.row(3, LINE.encode())
    assert row is not None
    assert row == slowly(LINE.encode())


@pytest.mark.parametrize(("part", "other"), ODD)
def test_an_odd_line_has_the_same_row_or_is_left_to_those_who_know(part: str, other: str) -> None:
    assert part in LINE
    for line in (LINE.replace(part, other, 1), LINE.replace(part, other, 1).replace(": ", ":")):
        # Asked twice: what was learnt from the first line must not change the second.
        for _ in range(2):
            row = QUICK.row(3, line.encode())
            assert row is None or row == slowly(line.encode())


def test_lines_with_any_letter_changed_have_the_same_row_or_none() -> None:
    rng, quick = Random(11), 0
    letters = '"\\:{}[],. eE+-0159aZtn\t\r\x00é'
    for _ in range(20_000):
        changed = list(LINE)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            at = rng.randrange(len(changed))
            changed[at : at + rng.choice((0, 1))] = rng.choice(letters)
        line = "".join(changed).encode()
        row = QUICK.row(3, line)
        if row is not None:
            quick += 1
            assert row == slowly(line), line
    assert quick > 2000
