"""Time zones and calendar periods, from the pinned tz database and never from the machine's own."""

import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import metadata, resources
from typing import get_args

from dsl.core import Period

PERIODS: tuple[Period, ...] = get_args(Period)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1)
EARLIEST = (datetime(1900, 1, 1) - EPOCH) // MICROSECOND
"""The first instant that a timestamp may name."""
LATEST = (datetime(3000, 1, 1) - EPOCH) // MICROSECOND - 1
"""The last instant that a timestamp may name."""


def database_version() -> str:
    """The version of the tz database in use, as tzdata numbers it."""
    return metadata.version("tzdata")


@cache
def zone_names() -> frozenset[str]:
    """Every key of the tz database."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


class Zone:
    """One zone of the tz database; KeyError where there is none of that name.

    Offsets are looked up once an hour of real time and kept: every change of offset since 1900 is found, since each
    hour that holds a change is looked up to the second.
    """

    def __init__(self, name: str) -> None:
        if name not in zone_names():
            raise KeyError(name)
        self.name = name
        with resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as data:
            self._zone = zoneinfo.ZoneInfo.from_file(data, key=name)
        self._offsets: dict[int, int | None] = {}
        self._blocks: dict[Period, dict[int, int]] = {period: {} for period in PERIODS}

    def _look_up(self, microseconds: int) -> int:
        moment = datetime.fromtimestamp(microseconds // SECOND, UTC).astimezone(self._zone)
        offset = moment.utcoffset()
        assert offset is not None
        return offset // MICROSECOND

    def offset(self, microseconds: int) -> int:
        """Local time minus UTC at an instant, both in microseconds."""
        hour = microseconds // HOUR
        try:
            known = self._offsets[hour]
        except KeyError:
            first, last = self._look_up(hour * HOUR), self._look_up((hour + 1) * HOUR - 1)
            if len(self._offsets) > 100_000:
                self._offsets.clear()
            known = self._offsets[hour] = first if first == last else None
        return self._look_up(microseconds) if known is None else known

    def local(self, microseconds: int) -> int:
        """The wall clock at an instant, as microseconds since 1970-01-01T00:00 on that clock."""
        return microseconds + self.offset(microseconds)

    def day(self, microseconds: int) -> int:
        """The calendar day at an instant, in days since 1970-01-01."""
        return self.local(microseconds) // DAY

    def minute_of_day(self, microseconds: int) -> int:
        """Whole minutes after midnight on the wall clock, 0–1439."""
        return self.local(microseconds) % DAY // (60 * SECOND)

    def hour_of_day(self, microseconds: int) -> int:
        """The hour on the wall clock, 0–23."""
        return self.local(microseconds) % DAY // HOUR

    def weekday(self, microseconds: int) -> int:
        """The weekday at an instant, 0 is Monday."""
        return (self.day(microseconds) + 3) % 7

    def month(self, microseconds: int) -> int:
        """The calendar month at an instant, as year × 12 + month - 1."""
        date = EPOCH + timedelta(microseconds=self.local(microseconds))
        return date.year * 12 + date.month - 1

    def period(self, period: Period | None, microseconds: int) -> int:
        """The number of the calendar period that holds an instant; 0 for `None`, for ever.

        hour: the real hour's first instant. day: days since 1970-01-01. week: the day number of its Monday.
        month: year × 12 + month - 1. year: the year.
        """
        if period is None:
            return 0
        block = microseconds // HOUR
        blocks = self._blocks[period]
        known = blocks.get(block)
        if known is not None:
            return known
        number = self._number(period, microseconds)
        self.offset(microseconds)
        ends = (block * HOUR, (block + 1) * HOUR - 1)
        if self._offsets.get(block) is not None and all(self._number(period, end) == number for end in ends):
            if len(blocks) > 100_000:
                blocks.clear()
            blocks[block] = number
        return number

    def blocks(self, period: Period) -> Mapping[int, int]:
        """The period's number by hour of UTC (instant // HOUR), for those hours that lie in one period and for which
        `period` has been asked. Always the same mapping: whoever looks up periods often looks here first."""
        return self._blocks[period]

    def _number(self, period: Period, microseconds: int) -> int:
        match period:
            case "hour":
                return microseconds - self.local(microseconds) % HOUR
            case "day":
                return self.day(microseconds)
            case "week":
                day = self.day(microseconds)
                return day - (day + 3) % 7
            case "month":
                return self.month(microseconds)
            case "year":
                return self.month(microseconds) // 12

    def instants(self, local: datetime) -> tuple[int, ...]:
        """The instants at which the wall clock shows a naive local time: none where a change skips it, two where one
        repeats it."""
        wall = (local - EPOCH) // MICROSECOND
        found = {wall - self._offset_at_wall(local, fold) for fold in (0, 1)}
        return tuple(sorted(at for at in found if self.local(at) == wall))

    def _offset_at_wall(self, local: datetime, fold: int) -> int:
        offset = local.replace(tzinfo=self._zone, fold=fold).utcoffset()
        assert offset is not None
        return offset // MICROSECOND


@cache
def zone_named(name: str) -> Zone:
    """The zone of that name, one object for all who ask; KeyError where there is none."""
    return Zone(name)
