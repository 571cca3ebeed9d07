"""Events as lines of CloudEvents JSON again, exact to the digit, so that they can be sent once more."""

import json
from decimal import Decimal
from math import isfinite

from dsl.event import Event, Instant, Other
from service.cloudevents import MalformedEvent, json_value
from service.times import as_text


def event_line(event: Event) -> str:
    """An event as one line of JSON; read again it has the same content. Members that it lacks are left out.

    Some of what was refused has no JSON: an instant that came as one in the data becomes text, and of a built-in member
    that was no text nothing is kept but that.
    """
    members = {name: getattr(event, name) for name in ("id", "source", "type", "subject", "time")}
    if type(event.time) is int:
        members["time"] = as_text(event.time)
    members = {name: value for name, value in members.items() if value is not None}
    data = {path: value for path, value in event.data.items() if value is not None}
    for path in event.conflicts:
        # What came twice, nested and dotted, comes twice again.
        first, _, rest = path.partition(".")
        data[first] = {rest: None}
        data.setdefault(path, None)
    return _text(members | {"data": data})


def _text(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)}: {_text(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_text, value)) + "]"
        case Decimal() if value.is_finite():
            return str(value)
        case Decimal():
            return json.dumps(str(value))
        case float() if not isfinite(value):
            return json.dumps(repr(value))
        case Instant():
            return json.dumps(as_text(value.microseconds))
        case Other():
            return _other(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _other(value: Other) -> str:
    try:
        return _text(json_value(value.content))
    except MalformedEvent:
        return json.dumps(value.content, ensure_ascii=False)
