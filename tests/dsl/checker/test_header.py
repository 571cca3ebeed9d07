"""The header as the rest of the checker sees it."""

import pytest

from dsl.checker.context import Context
from dsl.checker.header import Header, check_header
from dsl.parser import parse
from dsl.source import Source
from dsl.zones import Zone

DAY = 86_400 * 10**6
FIRST_OF_JULY = 20_635 * DAY


def header(effective: str, timezone: str = "") -> tuple[Header, list[str]]:
    """A header, and the ids of what is wrong with it."""
    text = f"ruleset shop\nversion 3\neffective {effective}\ncurrency EUR\n{timezone}\n"
    source = Source("example.vpi", text)
    file, found = parse(source)
    assert found == []
    context = Context(source, Zone("UTC"))
    return check_header(file, context), [diagnostic.id for diagnostic in context.diagnostics]


MOMENTS = [
    # effective                     timezone                      instant
    ("2026-07-01",                  "",                           FIRST_OF_JULY),
    ("2026-07-01",                  "timezone America/New_York",  FIRST_OF_JULY + 4 * DAY // 24),
    ("2026-07-01T09:00:00",         "timezone Asia/Kolkata",      FIRST_OF_JULY + 3 * DAY // 24 + DAY // 48),
    ("2026-07-01T09:00:00Z",        "timezone Asia/Kolkata",      FIRST_OF_JULY + 9 * DAY // 24),
    ("2026-07-01T00:00:00+02:00",   "",                           FIRST_OF_JULY - 2 * DAY // 24),
    ("2026-10-25T02:30:00+01:00",   "timezone Europe/Berlin",     FIRST_OF_JULY + 116 * DAY + 3 * DAY // 48),
]  # fmt: skip


@pytest.mark.parametrize(("effective", "timezone", "instant"), MOMENTS)
def test_a_date_is_midnight_in_the_zone(effective: str, timezone: str, instant: int) -> None:
    zone = timezone.removeprefix("timezone ") or "UTC"
    assert header(effective, timezone) == (Header("shop", 3, instant, "EUR", zone), [])


@pytest.mark.parametrize(
    ("effective", "id_"),
    [
        ("2026-03-29T02:30:00", "skipped-time"),
        ("2026-10-25T02:30:00", "repeated-time"),
        ("1899-12-31", "date-out-of-range"),
        ("3000-01-01", "date-out-of-range"),
        ("1900-01-01T00:00:00+02:00", "date-out-of-range"),
    ],
)
def test_some_dates_are_no_moment(effective: str, id_: str) -> None:
    assert header(effective, "timezone Europe/Berlin")[1] == [id_]
