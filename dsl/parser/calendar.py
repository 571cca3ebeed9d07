"""Reads dates and times as they are written, and says why one that cannot be is none."""

import re
from datetime import date, datetime, timedelta

_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_LONGEST_OFFSET = timedelta(hours=15)

Moment = date | tuple[datetime, timedelta | None] | int
"""A date; a date with a wall-clock time and an offset; or minutes after midnight."""


def moment(kind: str, text: str) -> Moment | None:
    """The value of a token of type `CALENDAR_DATE`, `INSTANT` or `CLOCK_TIME`, or None where there is no such one."""
    try:
        if kind == "CALENDAR_DATE":
            return date.fromisoformat(text)
        if kind == "CLOCK_TIME":
            hours, minutes = int(text[:2]), int(text[3:])
            return hours * 60 + minutes if hours < 24 and minutes < 60 else None
        return _instant(text)
    except ValueError:
        return None


def _instant(text: str) -> tuple[datetime, timedelta | None] | None:
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    day, hours, minutes, seconds, fraction, zone = found.groups()
    start = date.fromisoformat(day)
    microseconds = int((fraction or "0").ljust(6, "0"))
    local = datetime(start.year, start.month, start.day, int(hours), int(minutes), int(seconds or 0), microseconds)
    if zone is None:
        return local, None
    if zone == "Z":
        return local, timedelta(0)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    if int(zone[4:6]) > 59 or offset > _LONGEST_OFFSET:
        return None
    return local, -offset if zone[0] == "-" else offset


def why_no_date(text: str) -> str | None:
    """Why the date at the start of a text is none, or None where it is one."""
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    if year < 1:
        return "there is no year 0000"
    if not 1 <= month <= 12:
        return f"there is no month {text[5:7]}"
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day if year < 9999 else 31
    if not 1 <= day <= last:
        return f"{date(year, month, 1):%B} {year} has {last} days"
    return None


def why_no_time(text: str) -> str:
    """Why a clock time, or the time of a timestamp, is none."""
    clock = text[11:] if "T" in text else text
    if clock[:2] > "23":
        return "the hours go from 00 to 23"
    if clock[3:5] > "59":
        return "the minutes go from 00 to 59"
    if clock[5:6] == ":" and clock[6:8] > "59":
        return "the seconds go from 00 to 59"
    return "the offset goes from -15:00 to +15:00"
