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


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    "(?i:january|february|march|april|may|june|july|august|september|october|november|december|sept|jan|feb|mar|apr|jun|"
    "jul|aug|sep|oct|nov|dec)"
)
"""The name of a month, or its short form."""


def readings(text: str) -> tuple[str, ...]:
    """The dates that something may mean that is not written as one, as they are written here; the likelier first."""
    month = re.search(rf"\b{MONTH}\b", text)
    text = f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch("(?:19|20)[0-9]{6}", text) else text
    numbers = [int(digits) for digits in re.findall("[0-9]{1,4}", text)]
    if month is not None and len(numbers) == 2:
        orders = [(max(numbers), _MONTHS.index(month.group().lower()[:3]) + 1, min(numbers))]
    elif month is not None or len(numbers) != 3:
        return ()
    elif numbers[0] > 31:
        orders = [(numbers[0], numbers[1], numbers[2])]
    elif "/" in text:
        orders = [(numbers[2], numbers[0], numbers[1]), (numbers[2], numbers[1], numbers[0])]
    else:
        orders = [(numbers[2], numbers[1], numbers[0])]
    found: dict[str, None] = {}
    for year, month_number, day in orders:
        try:
            found[date(year, month_number, day).isoformat()] = None
        except ValueError:
            continue
    return tuple(one for one in found if one >= "1900")


def why_no_time(text: str) -> str:
    """Why a clock time, or the time of a timestamp, is none."""
    clock = text[11:] if "T" in text else text
    if clock[:2] > "23":
        return "the hours go from 00 to 23, and midnight is 00:00"
    if clock[3:5] > "59":
        return "the minutes go from 00 to 59"
    if clock[5:6] == ":" and clock[6:8] > "59":
        return "the seconds go from 00 to 59"
    return "the offset goes from -15:00 to +15:00"
