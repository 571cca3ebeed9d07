"""Random numbers, texts and times, with a liking for edges."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from tests.programs.model import chance

ZONES = (
    "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca",
    "Europe/London", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "America/Sao_Paulo", "Asia/Gaza",
)  # fmt: skip
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "CLP")

TEXTS = ("a", "b", "ab", "aba", "Ann", "ann", "", "x y", 'say "hi"', "back\\slash", "é", "e\u0301", "🙂", "0", "yes")
SHORT_TEXTS = tuple(text for text in TEXTS if text)


def number_text(rng: Random, value: Decimal | int) -> str:
    """A number as an author might write it: underscores, trailing zeros."""
    text = format(Decimal(value), "f")
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, fraction = text.partition(".")
    if len(whole) > 3 and chance(rng, 60):
        whole = f"{int(whole):_}"
    if fraction and chance(rng, 10) and len(fraction) < 6:
        fraction += "0"
    return sign + (f"{whole}.{fraction}" if fraction else whole)


def rate(rng: Random) -> Decimal:
    """An amount per unit: at most 6 digits before the point and 12 after."""
    edge = rng.choice(("0.000000000001", "899999.999999999999", "0.333333333333", "0", "0.0000015"))
    ordinary = rng.choice(("0.05", "0.03", "1", "2.5", "0.002", "10.00", "0.40", "0.25", "7.77", "0.125"))
    return Decimal(edge if chance(rng, 15) else ordinary)


def flat(rng: Random) -> Decimal:
    """A flat amount: at most 12 digits before the point."""
    edge = rng.choice(("999999999999.999999", "0.000001", "0.01", "100000000000"))
    return Decimal(edge if chance(rng, 8) else rng.choice(("0.30", "0.50", "1.00", "5", "9.99", "20", "50.00", "100")))


def percent(rng: Random, most: int = 100) -> Decimal:
    """A share above 0 and up to `most` percent."""
    share = Decimal(rng.choice(("2.9", "0.5", "10", "15", "33.3333", "50", "99.99", "100", "0.0001", "1", "250")))
    return share if share <= most else Decimal(most)


def day(rng: Random) -> date:
    """A day of the months that most events fall into, seldom one far away."""
    if chance(rng, 5):
        return rng.choice((date(1900, 1, 2), date(2999, 12, 30), date(2000, 2, 29), date(2011, 12, 30)))
    return date(2026, rng.choice((2, 3, 6, 7, 10, 11)), rng.choice((1, 2, 15, 28)))


def midnight(rng: Random, zone: ZoneInfo) -> datetime:
    """A day's midnight that the zone has exactly once."""
    while True:
        at = datetime.combine(day(rng), datetime.min.time())
        if _once(at, zone):
            return at


def wall_time(rng: Random, zone: ZoneInfo) -> datetime:
    """A wall-clock time that the zone has exactly once."""
    while True:
        at = datetime.combine(day(rng), datetime.min.time()) + timedelta(
            hours=rng.choice((0, 0, 2, 9, 22, 23)), minutes=rng.choice((0, 0, 30, 59)), seconds=rng.choice((0, 0, 59))
        )
        if _once(at, zone):
            return at


def _once(at: datetime, zone: ZoneInfo) -> bool:
    offsets = {at.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    return len(offsets) == 1 and at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == at


def timestamp_text(rng: Random, zone: ZoneInfo) -> str:
    """A timestamp as an author might write it."""
    at = wall_time(rng, zone)
    text = at.isoformat(timespec="seconds")
    if chance(rng, 20):
        text += rng.choice((".5", ".000001", ".25"))
    return text + rng.choice(("", "", "Z", "+05:30", "-11:00"))


def clock_text(rng: Random) -> str:
    """A clock time."""
    return rng.choice(("00:00", "22:30", "07:00", "06:59", "12:00", "23:59", "02:30", "18:15"))
