"""Random events for a program: most of them fit it, some miss it in every way that an event can."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from dsl.event import Event
from tests.programs.literals import TEXTS
from tests.programs.model import Attribute, EventType, Program, chance

RawEvent = dict[str, Any]
"""Keys `id source type subject time data`; `data` maps outside paths, some of them nested, to `bool`, `int`,
`Decimal`, `str`, a list of `str`, or None."""

SUBJECTS = ("acme", "acme", "b", "Zoë", "c" * 256)
SOURCES = ("/site", "app://1")
PERIODS_MET = (
    (2026, 1, 1), (2026, 2, 1), (2026, 3, 1), (2026, 3, 8), (2026, 3, 29), (2026, 4, 5), (2026, 6, 30), (2026, 7, 1),
    (2026, 7, 2), (2026, 7, 6), (2026, 10, 4), (2026, 10, 25), (2026, 11, 1), (2026, 11, 2), (2026, 12, 31),
)  # fmt: skip
FAR_AWAY = ("1900-01-01T00:00:00Z", "2999-12-31T23:59:59.999999Z", "2011-12-30T09:59:59Z", "2000-02-29T12:00:00+14:00")


class EventSource:
    """Makes events for one program; keeps pools of values so that an event is cheap."""

    def __init__(self, program: Program, rng: Random) -> None:
        self._program = program
        self._rng = rng
        self._times = _times(program, rng)
        self._fitting = {
            (event.name, a.name): _fitting(a, program.landmarks.get(a.name, ()), self._times)
            for event in program.event_types
            for a in event.attributes
        }
        self._count = 0

    def event(self) -> RawEvent:
        """The next event; its id is new."""
        rng = self._rng
        kind = rng.choice(self._program.event_types)
        flat = {a.outside: self._value(kind, a) for a in kind.attributes if a.required or rng.random() < 0.55}
        self._count += 1
        raw: RawEvent = {
            "id": f"e{self._count}",
            "source": rng.choice(SOURCES),
            "type": kind.outside,
            "subject": rng.choice(SUBJECTS),
            "time": rng.choice(self._times),
            "data": flat,
        }
        if rng.random() < 0.1:
            rng.choice(_MISTAKES)(rng, raw, kind)
        if rng.random() < 0.35:
            raw["data"] = _nested(rng, raw["data"])
        return raw

    def _value(self, kind: EventType, attribute: Attribute) -> object:
        return self._rng.choice(self._fitting[kind.name, attribute.name])


def random_events(program: Program, rng: Random, n: int) -> list[RawEvent]:
    """`n` random events for a program, in order of arrival; times jump back and forth over period boundaries."""
    source = EventSource(program, rng)
    return [source.event() for _ in range(n)]


def as_event(raw: RawEvent) -> Event:
    """A raw event as `dsl` takes it: nested data flattened, paths that came twice named as conflicts."""
    flat: dict[str, object] = {}
    conflicts: list[str] = []

    def add(prefix: str, members: dict[str, object]) -> None:
        for name, value in members.items():
            path = f"{prefix}{name}"
            if isinstance(value, dict):
                add(f"{path}.", value)
            elif path in flat:
                conflicts.append(path)
            else:
                flat[path] = value

    add("", raw["data"])
    return Event(
        raw["id"], raw["source"], raw["type"], raw["subject"], raw["time"], flat, tuple(dict.fromkeys(conflicts))
    )


# ── times ───────────────────────────────────────────────────────────────────


def _times(program: Program, rng: Random) -> list[str]:
    """Times around the boundaries of a few periods in the program's zone, where clocks change, and far away."""
    zone = ZoneInfo(program.zone)
    days = [date(*day) for day in rng.sample(PERIODS_MET, 4)]
    days += [day for values in program.landmarks.values() for day in values if isinstance(day, date)][:6]
    times: list[str] = [rng.choice(FAR_AWAY)]
    for day in days:
        if not 1901 <= day.year <= 2998:
            continue
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        for minutes in (0, 1, 90, 150, 400, 720, 1350, 1439, -1, -60):
            at = midnight + timedelta(minutes=minutes, microseconds=rng.choice((0, 0, -1, 1, 500_000)))
            times.append(_rfc3339(rng, at, zone))
    return times


def _rfc3339(rng: Random, at: datetime, zone: ZoneInfo) -> str:
    if chance(rng, 60):
        return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    shown = at.astimezone(rng.choice((zone, UTC)))
    offset = shown.utcoffset()
    assert offset is not None
    if offset % timedelta(minutes=1):
        return at.astimezone(UTC).isoformat()
    return shown.isoformat()


# ── values that fit ─────────────────────────────────────────────────────────


def _fitting(attribute: Attribute, landmarks: tuple[object, ...], times: list[str]) -> list[object]:
    """Values that the attribute accepts, those that the program compares with more than once."""
    match attribute.kind:
        case "boolean":
            return [True, True, False]
        case "integer" | "decimal":
            return _numbers(attribute, landmarks)
        case "string":
            return [*TEXTS, *landmarks, *landmarks, *landmarks, "b" * 4096]
        case "timestamp":
            return list(times)
        case "one of":
            return list(attribute.words)
        case _:
            known = [text for text in landmarks if isinstance(text, str)]
            lists: list[object] = [[], ["a"], ["a", "a"], ["a", "b", "ab"], ["", "Ann"], ["x"] * 256]
            return [*lists, *([text] for text in known), *([text, "b"] for text in known)]


def _numbers(attribute: Attribute, landmarks: tuple[object, ...]) -> list[object]:
    low, high = attribute.low, attribute.high
    step = Decimal(1) if attribute.kind == "integer" else Decimal("0.000001")
    near = [value + shift for value in landmarks if isinstance(value, Decimal) for shift in (0, 0, step, -step)]
    numbers = [Decimal(n) for n in (0, 1, 1, 2, 2, 3, 5, 9, 10, 11, 99, 100, 101, 1001)] + near
    if attribute.kind == "decimal":
        numbers += [Decimal(text) for text in ("0.5", "0.1", "1.10", "33.333333", "0.000001", "99.995")]
    fitting = [value for value in numbers if low <= value <= high]
    if high - low < 10**6 or len(fitting) > 8:
        fitting += [low, high]
    return [_spelt(number, value, attribute.kind) for number, value in enumerate(fitting or [low])]


def _spelt(number: int, value: Decimal, kind: str) -> object:
    """A number as one of the Python values that an event may hold it in."""
    if kind == "integer":
        return Decimal(f"{value}.0") if number % 9 == 8 and value == value.to_integral() else int(value)
    if number % 4 == 3:
        return format(value, "f")
    return int(value) if value == value.to_integral() and number % 2 else value


# ── events that miss ────────────────────────────────────────────────────────

_Mistake = Callable[[Random, RawEvent, EventType], None]
WRONG: tuple[object, ...] = (
    None, "", "yes", "no such word", True, 0, -1, 1, 2**63, -(2**63) - 1, Decimal("0.5"), Decimal("0.0000001"),
    Decimal("NaN"), Decimal("1E+2"), Decimal("1E+200000"), Decimal("1E-200000"), Decimal("1000000000000"), "12", "1e3",
    " 1", "1_000", "٣",
    "2026-07-01", "2026-07-01T09:00:00", "2026-02-30T00:00:00Z", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z",
    "2026-07-01T09:00:00.1234567Z", [], ["a"], ["x"] * 257, ["", "y" * 4097], "z" * 4097, "nul\0", "\ud800",
)  # fmt: skip


def _wrong_value(rng: Random, raw: RawEvent, kind: EventType) -> None:
    for _ in range(rng.choice((1, 1, 2))):
        if kind.attributes:
            raw["data"][rng.choice(kind.attributes).outside] = rng.choice(WRONG)


def _missing(rng: Random, raw: RawEvent, kind: EventType) -> None:
    for path in list(raw["data"])[: rng.choice((1, 1, 9))]:
        del raw["data"][path]


def _near_name(rng: Random, raw: RawEvent, kind: EventType) -> None:
    """A declared name misspelt."""
    if raw["data"]:
        path = rng.choice(list(raw["data"]))
        value = raw["data"].pop(path)
        raw["data"][rng.choice((path + "s", path[:-1] + "_", path.upper(), path.replace("e", "")))] = value


def _undeclared(rng: Random, raw: RawEvent, kind: EventType) -> None:
    raw["data"][rng.choice(("extra", "x.y", "Ü", ""))] = rng.choice((1, "a", None, Decimal("1.5"), ["a"]))


def _twice(rng: Random, raw: RawEvent, kind: EventType) -> None:
    """A dotted path also given nested."""
    dotted = [path for path in raw["data"] if "." in path]
    if dotted:
        first, _, rest = rng.choice(dotted).partition(".")
        raw["data"].setdefault(first, {rest: rng.choice((1, "a", True))})


def _bad_member(rng: Random, raw: RawEvent, kind: EventType) -> None:
    member = rng.choice(("id", "source", "type", "subject", "time"))
    raw[member] = rng.choice((None, "", "x" * 257, 5, "2026-07-01T09:00:00", "nul\0"))


def _unknown_type(rng: Random, raw: RawEvent, kind: EventType) -> None:
    raw["type"] = rng.choice(("unheard.of", kind.outside + "s", kind.outside.upper(), kind.name))


def _bad_time(rng: Random, raw: RawEvent, kind: EventType) -> None:
    raw["time"] = rng.choice(("yesterday", "2026-13-01T00:00:00Z", "1850-01-01T00:00:00Z", "2026-07-01T24:00:00Z"))


_MISTAKES: tuple[_Mistake, ...] = (
    _wrong_value, _wrong_value, _wrong_value, _missing, _near_name, _undeclared, _twice, _bad_member, _unknown_type,
    _bad_time,
)  # fmt: skip


def _nested(rng: Random, flat: dict[str, object]) -> dict[str, object]:
    """The same data with some dotted paths as objects."""
    nested: dict[str, object] = {}
    for path, value in flat.items():
        first, dot, rest = path.partition(".")
        inside = nested.get(first)
        if dot and rest and rng.random() < 0.8 and first not in flat and (inside is None or isinstance(inside, dict)):
            holder = nested.setdefault(first, {})
            assert isinstance(holder, dict)
            holder[rest] = value
        else:
            nested[path] = value
    return nested
