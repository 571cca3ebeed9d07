"""An event survives being a row: same content, same answer, whatever its values are."""

from decimal import Decimal
from random import Random

import pytest

from dsl.checker import check
from dsl.event import Event, Instant, Other
from dsl.source import Source
from dsl.to_python import compile_ruleset
from dsl.to_sql import columns_of
from service.ledger import codec
from service.replay.duckdb import content_key
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
