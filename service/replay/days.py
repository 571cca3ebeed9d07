"""Calendar days of instants for SQL, which knows no zone, and sums by day put together for a chart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from dsl.zones import EARLIEST, HOUR, LATEST, Zone, zone_named

_EPOCH = date(1970, 1, 1)
_LONGEST_BY = (("day", 62), ("week", 400), ("month", 3700))
"""The longest span of days that is shown by day, week or month; longer ones by year."""


@dataclass(frozen=True)
class Bin:
    """A day, week, month or year by its first day, and the money of each side in it."""

    start: date
    money: tuple[int, ...]


def date_events(database: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Make the view `dated` (seq, subject, day) over `events`: days since 1970 in a zone, NULL without a time."""
    hour = f"(time_us - ({EARLIEST})) // {HOUR}"
    usable = f"time_us BETWEEN {EARLIEST} AND {LATEST}"
    found = database.execute(f"SELECT DISTINCT {hour} FROM events WHERE {usable}").fetchall()
    rows = [_hour(zone_named(zone), number) for (number,) in found]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    types = [pa.int64()] * 4
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    database.register("hours_found", pa.Table.from_arrays(arrays, names=["hour", "first", "turn", "second"]))
    database.execute("CREATE TABLE hours AS SELECT * FROM hours_found")
    database.unregister("hours_found")
    database.execute(
        "CREATE VIEW dated AS SELECT seq, subject, CASE WHEN time_us >= turn THEN second ELSE first END AS day FROM "
        f"(SELECT seq, subject, time_us, CASE WHEN {usable} THEN {hour} END AS hour FROM events) LEFT JOIN hours "
        "USING (hour)"
    )


def _hour(zone: Zone, number: int) -> tuple[int, int, int, int]:
    """An hour's first day, the instant in it at which another day begins (or its end), and that day."""
    start = EARLIEST + number * HOUR
    first, second = zone.day(start), zone.day(start + HOUR - 1)
    low, high = start, start + HOUR
    if first != second:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if zone.day(middle) == first else (low, middle)
    return number, first, high, second


def binned(sums: Iterable[tuple[int, Sequence[int]]], width: int) -> tuple[str, list[Bin]]:
    """Sums by day as sums by what suits their span, without gaps; and what that is: day, week, month or year."""
    by_day = dict(sums)
    if not by_day:
        return "day", []
    first, last = (_EPOCH + timedelta(days=find(by_day)) for find in (min, max))
    span = (last - first).days + 1
    unit = next((unit for unit, longest in _LONGEST_BY if span <= longest), "year")
    found: dict[date, list[int]] = {}
    at = _start(first, unit)
    while at <= last:
        found[at] = [0] * width
        at = _next(at, unit)
    for day, money in by_day.items():
        into = found[_start(_EPOCH + timedelta(days=day), unit)]
        for place, amount in enumerate(money):
            into[place] += amount
    return unit, [Bin(start, tuple(money)) for start, money in found.items()]


def _start(day: date, unit: str) -> date:
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)
    return day


def _next(start: date, unit: str) -> date:
    match unit:
        case "week":
            return start + timedelta(days=7)
        case "month":
            return (start + timedelta(days=32)).replace(day=1)
        case "year":
            return start.replace(year=start.year + 1)
    return start + timedelta(days=1)
