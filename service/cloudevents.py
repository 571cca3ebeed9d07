"""Reading an event from CloudEvents' JSON: exact numbers, flattened data, and a sentence for what is no event."""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from dsl.acceptance import parse_rfc3339
from dsl.event import Event, Other
from service.content import DEEPEST, canonical

LONGEST_LINE = 32 * 1024 * 1024
"""Characters that one event's JSON may have."""
_LONGEST_INTEGER = 100
_JSON_MISTAKES = {
    "Expecting value": "a value is missing, or this is none",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name": "a name in double quotes is missing",
    "Illegal trailing comma": "nothing follows this comma",
    "Extra data": "more follows behind the end",
    "Unterminated string": "the text that begins here is not closed",
    "Invalid control character": "a text holds a line break, a tab or another control character",
    "Invalid \\escape": "this backslash has no meaning",
    "Invalid \\uXXXX escape": "four hexadecimal digits follow `\\u`",
}


class MalformedEvent(ValueError):
    """The text is no event at all; the message says why in one sentence, with the column where it is known."""


def parse_event(text: str | bytes) -> Event:
    """One event from its JSON text; MalformedEvent where it is none.

    Members with a value that no event can have (`"id": 7`) are kept as they are: acceptance refuses them by name.
    """
    members = _load(text)
    if not isinstance(members, dict):
        raise MalformedEvent(f"an event is a JSON object, this is {_shape(members)}")
    data = members.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise MalformedEvent(f"`data` is a JSON object, this is {_shape(data)}")
    flat, conflicts = (data, ()) if _is_flat(data) else flatten(data)
    get = members.get
    time = get("time")
    if isinstance(time, str):
        instant = parse_rfc3339(time)
        time = time if instant is None else instant
    elif time is not None:
        time = Other(_shape(time))
    return Event(get("id"), get("source"), get("type"), get("subject"), time, flat, conflicts)


def json_value(text: str) -> object:
    """The value of one JSON text, objects as dicts, numbers exact; MalformedEvent where it is no JSON."""
    return _load(text)


def flatten(data: dict[str, Any]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Nested objects as dotted paths, and the paths that came more than once, nested and dotted."""
    flat: dict[str, object] = {}
    conflicts: dict[str, None] = {}
    waiting: list[tuple[str, dict[str, Any]]] = [("", data)]
    while waiting:
        prefix, members = waiting.pop()
        for key, value in members.items():
            path = prefix + key
            if isinstance(value, dict) and value:
                waiting.append((path + ".", value))
            elif path in flat:
                conflicts[path] = None
            else:
                flat[path] = _plain(value)
        if len(waiting) > 0 and waiting[-1][0].count(".") > DEEPEST:
            raise MalformedEvent(f"`data` nests deeper than {DEEPEST} levels")
    return flat, tuple(conflicts)


def _is_flat(data: dict[str, Any]) -> bool:
    """Whether flattening would change nothing: most events are so, and are spared it."""
    for value in data.values():
        kind = type(value)
        if kind is dict or (kind is list and {*map(type, value)} - {str}):
            return False
    return True


def _plain(value: object) -> object:
    if isinstance(value, list) and all(type(item) is str for item in value):
        return value
    if isinstance(value, list | dict):
        try:
            return Other(_shape(value), canonical(value))
        except RecursionError:
            raise MalformedEvent(f"`data` nests deeper than {DEEPEST} levels") from None
    return value


def _load(text: str | bytes) -> object:
    if len(text) > LONGEST_LINE:
        raise MalformedEvent(f"an event has at most {LONGEST_LINE // 2**20} MiB, this has {len(text) // 2**20}")
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        return _decoded(decoded)
    except UnicodeDecodeError as error:
        raise MalformedEvent(f"not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise MalformedEvent(f"not JSON at column {error.colno}: {_in_words(error.msg)}") from None
    except InvalidOperation:
        raise MalformedEvent("a number has an exponent with more than 18 digits") from None
    except RecursionError:
        raise MalformedEvent("objects or lists nest too deeply in each other") from None


def _decoded(text: str) -> object:
    # The decoder's own `decode` looks for white space at both ends with regular expressions: that is rarely there.
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        return _DECODER.decode(text)
    if end != len(text) and text[end:].strip(" \t\r\n"):
        return _DECODER.decode(text)
    return value


def _in_words(message: str) -> str:
    """What the JSON reader found wrong, for people; its own words where it says something new."""
    known = (words for begin, words in _JSON_MISTAKES.items() if message.startswith(begin))
    return next(known, message[:1].lower() + message[1:])


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INTEGER else Decimal(text)


def _constant(text: str) -> None:
    raise MalformedEvent(f"`{text}` is not a JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise MalformedEvent(
                    f"the member {json.dumps(key[:60], ensure_ascii=False)} stands twice in one object"
                )
            seen.add(key)
    return members


_DECODER = json.JSONDecoder(
    parse_float=Decimal, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_object
)
_SCAN: Callable[[str, int], tuple[object, int]] = _DECODER.scan_once  # type: ignore[attr-defined]  # of C


def _shape(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "yes or no"
        case int() | Decimal():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
