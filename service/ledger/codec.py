"""Events and evaluations as the texts that a ledger keeps: JSON that loses nothing, and tells what is the same content.

A value that JSON has no word for is an object with one member, which names its kind: no value of an event is an object,
since nested data is flattened before it gets here. Money, units and counters are integers of any length.
"""

import json
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring_ascii
from typing import Any

from dsl.acceptance import parse_rfc3339
from dsl.evaluation import Change, CounterKey, Evaluation, Line, Outcome, Violation
from dsl.event import Event, Instant, Other
from service.content import canonical

quoted = encode_basestring_ascii
"""A text as JSON, in ASCII."""
LONGEST_PLAIN = 40
"""Digits of an integer that stands as itself in canonical text; longer ones stand with an exponent."""
LARGEST_PLAIN = 10**LONGEST_PLAIN
DAMAGE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading a text raises that this module never wrote."""
MOST_CACHED = 50_000
MOST_SHAPES, LONGEST_SHAPE = 1_000, 4_000
"""Kinds of data whose order of paths is remembered, and the characters of all paths of one of them."""

# ── an event's data ─────────────────────────────────────────────────────────


class _Shapes(dict[tuple[str, ...], list[tuple[str, str]]]):
    """By the paths of some data, these in order, each with its text: most events of a type have the same ones."""

    def __missing__(self, paths: tuple[str, ...]) -> list[tuple[str, str]]:
        shape = [(path, f"{quoted(path)}:") for path in sorted(paths)]
        # Whoever sends other paths each time gains nothing by it, and must not fill the memory.
        if len(self) < MOST_SHAPES and sum(map(len, paths)) <= LONGEST_SHAPE:
            self[paths] = shape
        return shape


_SHAPES = _Shapes()


def data_texts(data: dict[str, object]) -> tuple[str, str]:
    """The data as it came, and as canonical text; both JSON, and the same string for most events.

    Two events have the same content exactly if their canonical texts, types, subjects and times are equal.
    """
    kept: list[str] = []
    same = True
    for path, begin in _SHAPES[tuple(data)]:
        value = data[path]
        kind = type(value)
        if kind is str:
            kept.append(begin + quoted(value))  # type: ignore[arg-type]
        elif kind is bool:
            kept.append(f"{begin}true" if value else f"{begin}false")
        elif kind is int and -LARGEST_PLAIN < value < LARGEST_PLAIN:
            kept.append(f"{begin}{value}")
        else:
            same = False
            kept.append(begin + _kept(value))
    text = f"{{{','.join(kept)}}}"
    return text, (text if same else _canonical(data))


def _canonical(data: dict[str, object]) -> str:
    found = (f"{quoted(path)}:{_canonical_value(data[path])}" for path in sorted(data) if data[path] is not None)
    return "{" + ",".join(found) + "}"


def _canonical_value(value: object) -> str:
    match value:
        case bool() | str():
            return json.dumps(value)
        case int():
            return _number(Decimal(value))
        case float():
            return _number(Decimal(repr(value)))
        case Decimal():
            return _number(value)
        case _:
            return canonical(value)


def _number(value: Decimal) -> str:
    """A number's one text: 5, 5.0 and the double 5 are `5`; 1.10 is `11e-1`."""
    if not value.is_finite():
        return str(value)
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return "0"
    exponent += len(text) - len(stripped)
    minus = "-" if sign else ""
    if exponent >= 0 and len(stripped) + exponent <= LONGEST_PLAIN:
        return f"{minus}{stripped}{'0' * exponent}"
    return f"{minus}{stripped}e{exponent}"


def content_hash(event: Event, canonical_data: str) -> bytes:
    """The SHA-256 of an event's content."""
    kind, subject, time = event.type, event.subject, event.time
    if type(time) is not int and type(time) is str:
        time = parse_rfc3339(time)
    if type(kind) is str and type(subject) is str and type(time) is int:
        text = f"{kind}\0{subject}\0{time}\0{canonical_data}"
        if text.isascii():
            return sha256(text.encode()).digest()
    else:
        # Such an event was refused, if it came: it only has to differ from every one that was not.
        text = f"\x01{kind!r}\0{subject!r}\0{time!r}\0{canonical_data}"
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def kept_content(event: Event) -> tuple[str, bytes]:
    """An event's data as the ledger keeps it, and the hash of its content."""
    data, canonical_data = data_texts(event.data)
    return data, content_hash(event, canonical_data)


def instant_of(time: object) -> int:
    """The instant of an accepted event's time, which may have come as text."""
    if type(time) is int:
        return time
    instant = parse_rfc3339(time) if isinstance(time, str) else None
    assert instant is not None, "an accepted event has a time"
    return instant


def _kept(value: object) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value)
        case int():
            # Python neither writes nor reads an integer of thousands of digits.
            return str(value) if -LARGEST_PLAIN < value < LARGEST_PLAIN else f'{{"integer":"{Decimal(value)}"}}'
        case float():
            return f'{{"double":"{value!r}"}}'
        case Decimal():
            text = str(value)
            # A number that JSON would read back as an integer, or not at all, is marked.
            return text if "." in text and "E" not in text else f'{{"decimal":"{text}"}}'
        case Instant():
            return f'{{"timestamp":{value.microseconds}}}'
        case Other():
            return f'{{"other":[{quoted(value.shape)},{quoted(value.content)}]}}'
        case list():
            return f"[{','.join(map(_kept, value))}]"
        case dict():
            # Only a member of a refused event may be one: data is flattened.
            inner = ",".join(f"{quoted(key)}:{_kept(item)}" for key, item in value.items())
            return f'{{"object":{{{inner}}}}}'
        case _:
            raise TypeError(f"no value of an event: {type(value).__name__}")


def _decoded(value: Any) -> object:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    match kind:
        case "double":
            return float(content)
        case "decimal":
            return Decimal(content)
        case "integer":
            return int(Decimal(content))
        case "timestamp":
            return Instant(content)
        case "other":
            return Other(*content)
        case "object":
            return {key: _decoded(item) for key, item in content.items()}
        case _:
            raise ValueError(f"no kind of value: {kind}")


def data_of(text: str) -> dict[str, object]:
    """The data that `data_texts` gave as it came."""
    return {path: _decoded(value) for path, value in json.loads(text, parse_float=Decimal).items()}


def event_text(event: Event) -> str:
    """A whole event, whatever its members are: refused ones are kept like this."""
    members = {name: getattr(event, name) for name in ("id", "source", "type", "subject", "time")}
    inner = ",".join(f"{quoted(name)}:{_kept(value)}" for name, value in members.items())
    return f'{{{inner},"data":{data_texts(event.data)[0]},"conflicts":{json.dumps(list(event.conflicts))}}}'


def event_of(text: str) -> Event:
    """The event that `event_text` kept."""
    members = json.loads(text, parse_float=Decimal)
    data = {path: _decoded(value) for path, value in members.pop("data").items()}
    conflicts = tuple(members.pop("conflicts"))
    return Event(data=data, conflicts=conflicts, **{name: _decoded(value) for name, value in members.items()})


# ── an evaluation ───────────────────────────────────────────────────────────


class KeyTexts(dict[CounterKey, str]):
    """Counters' keys as JSON, kept since the same ones come again and again."""

    def __missing__(self, key: CounterKey) -> str:
        if len(self) > MOST_CACHED:
            self.clear()
        text = self[key] = key_text(key)
        return text


def key_text(key: CounterKey) -> str:
    """The key of a counter as text."""
    return json.dumps(key, separators=(",", ":"))


def key_of(text: str) -> CounterKey:
    """The key of a counter from its text."""
    return tuple(json.loads(text))


def answer_text(evaluation: Evaluation, keys: KeyTexts) -> str:
    """An evaluation without its steps."""
    extra = ""
    if evaluation.limited_by:
        extra = f',"limited_by":"{evaluation.limited_by}"'
    if evaluation.warnings:
        extra += f',"warnings":{json.dumps(evaluation.warnings)}'
    # `.value` of an enumeration's member is a descriptor, and ten times slower.
    return (
        f'{{"outcome":"{evaluation.outcome._value_}","main":{evaluation.main},"reason":{quoted(evaluation.reason)}{extra}'
        f',"lines":[{_lines(evaluation.lines)}],"changes":[{_changes(evaluation.changes, keys)}]}}'
    )


def void_text(reason: str, lines: tuple[Line, ...], changes: tuple[Change, ...], keys: KeyTexts) -> str:
    """What a void did, and why."""
    return f'{{"reason":{quoted(reason)},"lines":[{_lines(lines)}],"changes":[{_changes(changes, keys)}]}}'


def _lines(lines: tuple[Line, ...]) -> str:
    if len(lines) == 1:
        line = lines[0]
        return _line(line.interaction, line.units, line.noun, line.price)
    return ",".join([_line(line.interaction, line.units, line.noun, line.price) for line in lines])


@lru_cache(maxsize=4096)
def _line(interaction: str, units: int, noun: str, price: int) -> str:
    """A line; most prices are flat, and the same ones come again and again."""
    return f'["{interaction}",{units},{quoted(noun)},{price}]'


def _changes(changes: tuple[Change, ...], keys: KeyTexts) -> str:
    if not changes:
        return ""
    return ",".join([f"[{keys[change.key]},{change.before},{change.delta}]" for change in changes])


def evaluation_of(text: str) -> Evaluation:
    """The evaluation that `answer_text` kept."""
    kept = loaded(text)
    return Evaluation(
        Outcome(kept["outcome"]),
        lines_of(kept),
        kept["main"],
        kept["reason"],
        tuple(kept.get("warnings", ())),
        changes_of(kept),
        limited_by=kept.get("limited_by", ""),
    )


def loaded(text: str) -> dict[str, Any]:
    """A kept evaluation or void as plain data."""
    kept: dict[str, Any] = json.loads(text)
    return kept


def lines_of(kept: dict[str, Any]) -> tuple[Line, ...]:
    """The lines of a kept evaluation or void."""
    return tuple(Line(*line) for line in kept["lines"])


def changes_of(kept: dict[str, Any]) -> tuple[Change, ...]:
    """The changes of a kept evaluation or void."""
    return tuple(Change(tuple(key), before, delta) for key, before, delta in kept["changes"])


# ── why an event was refused ────────────────────────────────────────────────


def violations_text(violations: tuple[Violation, ...]) -> str:
    """Violations as JSON."""
    return json.dumps([[violation.field, violation.id, violation.description] for violation in violations])


def violations_of(text: str) -> tuple[Violation, ...]:
    """The violations that `violations_text` kept."""
    return tuple(Violation(*violation) for violation in json.loads(text))
