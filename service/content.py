"""What two events have in common when they are the same event: type, subject, time and data, numbers by their value."""

import json
from decimal import Decimal

from dsl.event import Event, Instant, Other

DEEPEST = 64
"""How deep objects and lists may nest in an event's data."""

Content = tuple[object, object, object, frozenset[tuple[str, str]]]


def content_of(event: Event) -> Content:
    """The event's content, equal for two events exactly if the second repeats the first.

    1.10, 1.1 and the double 1.1 are one number; a number is never a string, nor yes a 1; null is missing.
    """
    data = frozenset((path, canonical(value)) for path, value in event.data.items() if value is not None)
    return event.type, event.subject, event.time, data


def same_content(one: Event, other: Event) -> bool:
    """Whether two events have the same content."""
    # Sent again, an event is nearly always the same to the bit: that is seen without canonical text. Types are compared
    # as well, since to Python yes equals 1.
    if one.data.keys() == other.data.keys() and one.time == other.time:
        theirs = other.data
        if all(type(value) is type(theirs[path]) and value == theirs[path] for path, value in one.data.items()):
            return one.type == other.type and one.subject == other.subject
    return content_of(one) == content_of(other)


def canonical(value: object) -> str:
    """A value as canonical text: members sorted, numbers without trailing zeros; RecursionError past DEEPEST levels."""
    return _canonical(value, 0)


def _canonical(value: object, depth: int) -> str:
    if depth > DEEPEST:
        raise RecursionError
    match value:
        case None | bool():
            return json.dumps(value)
        case int():
            return _number(Decimal(value))
        case float():
            return _number(Decimal(repr(value)))
        case Decimal():
            return _number(value)
        case str():
            return json.dumps(value, ensure_ascii=True)
        case Instant():
            return f"@{value.microseconds}"
        case Other():
            return f"{value.shape}: {value.content}"
        case list():
            return "[" + ",".join(_canonical(item, depth + 1) for item in value) + "]"
        case dict():
            members = (f"{json.dumps(key)}:{_canonical(value[key], depth + 1)}" for key in sorted(value))
            return "{" + ",".join(members) + "}"
        case _:
            raise TypeError(f"no value of an event: {type(value).__name__}")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        return str(value)
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    stripped = text.rstrip("0")
    if not stripped:
        return "0"
    return f"{'-' if sign else ''}{stripped.lstrip('0')}e{exponent + len(text) - len(stripped)}"
