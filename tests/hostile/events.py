"""Hostile and mistaken events, one JSON line each, against rules that declare every kind of attribute."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

RULES = """
ruleset   kinds
version   1
effective 2026-01-01
currency  EUR

event use "Something of every kind"
  flag    boolean
  whole   integer from -5 to 1_000
  wide    integer optional
  exact   decimal from -1 to 1_000
  broad   decimal optional
  text    string
  moment  timestamp
  word    one of red, green, "dark blue"
  names   list of string
  a.b     string optional

interaction used "A use"
  counts  use
  units   whole
  price   per month
            first 10  free
            then      at 0.05

example "one use"
  use (flag: yes, whole: 1, exact: 1, text: "", moment: 2026-01-01, word: red, names: empty)  =>  used, 1 unit, 0
"""

GOOD = {
    "flag": True, "whole": 1, "exact": "1.5", "text": "x",
    "moment": "2026-07-01T09:00:00Z", "word": "red", "names": ["a"],
}  # fmt: skip
ENVELOPE = {"id": "e", "source": "/hostile", "type": "use", "subject": "acme", "time": "2026-07-01T12:00:00Z"}
MALFORMED = "malformed"
DROP = object()


@dataclass(frozen=True)
class EventCase:
    """A line by name, and what must come of it.

    `expected` is `malformed`, an outcome such as `COUNTED`, or each violation as `field reason`, sorted.
    """

    name: str
    line: bytes
    expected: str | tuple[str, ...]


def raw(name: str, text: str) -> str:
    """A good event whose attribute has JSON that Python's own writer would not write."""
    return json.dumps(ENVELOPE | {"data": GOOD | {name: "@@"}}).replace('"@@"', text)


def changed(name: str, value: object) -> bytes:
    """A good event with one attribute changed, or left out."""
    data = {key: v for key, v in (GOOD | {name: value}).items() if v is not DROP}
    return json.dumps(ENVELOPE | {"data": data}).encode()


def enveloped(name: str, value: object) -> bytes:
    """A good event with one built-in changed, or left out."""
    members = {key: v for key, v in (ENVELOPE | {"data": GOOD} | {name: value}).items() if v is not DROP}
    return json.dumps(members).encode()


_VALUES: dict[str, str] = {
    "yes": "true", "one": "1", "a half": "0.5", "a text": '"x"', "an empty text": '""', "a list": '["a"]',
    "a list of numbers": "[1, 2]", "an empty list": "[]", "an object": '{"x": 1}', "an empty object": "{}",
    "null": "null", "a date": '"2026-07-01T09:00:00Z"', "a number as text": '"7"', "a word": '"red"',
}  # fmt: skip

_FITS = {
    "flag": "yes",
    "whole": "one",
    "exact": "one, a half, a number as text",
    "text": "a text, an empty text, a date, a number as text, a word",
    "moment": "a date",
    "word": "a word",
    "names": "a list, an empty list",
}


def wrong_types() -> Iterator[EventCase]:
    """Every shape of JSON value against every kind of attribute."""
    for attribute, fitting in _FITS.items():
        for what, text in _VALUES.items():
            path = f"data.{attribute}"
            if what in fitting.split(", "):
                expected: str | tuple[str, ...] = "COUNTED"
            elif what == "null":
                expected = (f"{path} MISSING_ATTRIBUTE",)
            elif what == "an object":
                # `{"x": 1}` is the attribute `….x`, so that the declared one is not there.
                expected = (f"{path} MISSING_ATTRIBUTE",)
            elif attribute == "word" and text.startswith('"'):
                expected = (f"{path} UNKNOWN_WORD",)
            elif attribute == "moment" and text.startswith('"'):
                expected = (f"{path} INVALID_TIMESTAMP",)
            elif attribute == "whole" and what == "a half":
                expected = (f"{path} NOT_A_WHOLE_NUMBER",)
            else:
                expected = (f"{path} WRONG_TYPE",)
            yield EventCase(f"{what} for {attribute}", raw(attribute, text).encode(), expected)


_NUMBERS = {
    ("whole", "1.0"): "COUNTED",
    ("whole", "1e2"): "COUNTED",
    ("whole", "-0"): "COUNTED",
    ("whole", "-0.0"): "COUNTED",
    ("whole", "1001"): "data.whole OUT_OF_RANGE",
    ("whole", "-6"): "data.whole OUT_OF_RANGE",
    ("whole", "1e400"): "data.whole OUT_OF_RANGE",
    ("whole", "1e999999999"): "data.whole OUT_OF_RANGE",
    ("whole", "1e-999999999"): "data.whole NOT_A_WHOLE_NUMBER",
    ("whole", "0e999999999"): "COUNTED",
    ("whole", "1" + "0" * 1_000_000): "data.whole OUT_OF_RANGE",
    ("whole", "1." + "0" * 1_000_000): "COUNTED",
    ("whole", "1." + "0" * 1_000_000 + "1"): "data.whole NOT_A_WHOLE_NUMBER",
    ("whole", "9223372036854775808"): "data.whole OUT_OF_RANGE",
    ("wide", "9223372036854775807"): "COUNTED",
    ("wide", "9223372036854775808"): "data.wide OUT_OF_RANGE",
    ("wide", "-9223372036854775809"): "data.wide OUT_OF_RANGE",
    ("exact", "1000.0000001"): "data.exact TOO_MANY_PLACES",
    ("exact", "1000.000001"): "data.exact OUT_OF_RANGE",
    ("exact", '"1000.000001"'): "data.exact OUT_OF_RANGE",
    ("exact", '"0.0000001"'): "data.exact TOO_MANY_PLACES",
    ("exact", '"1e2"'): "data.exact WRONG_TYPE",
    ("exact", '" 1"'): "data.exact WRONG_TYPE",
    ("exact", '"1,5"'): "data.exact WRONG_TYPE",
    ("exact", '"$1"'): "data.exact WRONG_TYPE",
    ("exact", '"NaN"'): "data.exact WRONG_TYPE",
    ("exact", '"Infinity"'): "data.exact WRONG_TYPE",
    ("exact", '"１"'): "data.exact WRONG_TYPE",
    ("exact", '"' + "9" * 1_000_000 + '"'): "data.exact WRONG_TYPE",
    ("exact", "1e-400"): "data.exact TOO_MANY_PLACES",
    ("exact", "1e400"): "data.exact OUT_OF_RANGE",
    ("exact", "0." + "0" * 1_000_000 + "1"): "data.exact TOO_MANY_PLACES",
    ("broad", "999999999999.999999"): "COUNTED",
    ("broad", "1000000000000"): "data.broad OUT_OF_RANGE",
    ("broad", "0.30000000000000004"): "data.broad TOO_MANY_PLACES",
    ("exact", "NaN"): MALFORMED,
    ("exact", "Infinity"): MALFORMED,
    ("exact", "-Infinity"): MALFORMED,
    ("exact", "+1"): MALFORMED,
    ("exact", "01"): MALFORMED,
    ("exact", "1."): MALFORMED,
    ("exact", ".5"): MALFORMED,
    ("exact", "0x10"): MALFORMED,
    ("exact", "1_000"): MALFORMED,
    ("exact", "１"): MALFORMED,
}


def numbers() -> Iterator[EventCase]:
    """Numbers at and beyond every bound, as JSON and as text."""
    for (attribute, text), expected in _NUMBERS.items():
        shown = text if len(text) < 30 else f"{text[:6]}… of {len(text):,} characters"
        yield EventCase(f"{attribute} {shown}", raw(attribute, text).encode(), _expected(expected))


def _expected(text: str) -> str | tuple[str, ...]:
    return (text,) if " " in text else text


_TIMES = {
    "2026-07-01T12:00:00.123456789Z": "COUNTED",
    "2026-07-01T12:00:00+14:00": "COUNTED",
    "2026-07-01t12:00:00z": "COUNTED",
    "1900-01-01T00:00:00Z": "COUNTED",
    "1899-12-31T23:59:59Z": "OUT_OF_RANGE",
    "2999-12-31T23:59:59Z": "COUNTED",
    "3000-01-01T00:00:00Z": "OUT_OF_RANGE",
    "0001-01-01T00:00:00Z": "OUT_OF_RANGE",
    "0000-01-01T00:00:00Z": "INVALID_TIMESTAMP",
    "9999-12-31T23:59:59-23:59": "OUT_OF_RANGE",
    "2026-06-30T23:59:60Z": "INVALID_TIMESTAMP",
    "2026-02-29T00:00:00Z": "INVALID_TIMESTAMP",
    "2026-07-01T24:00:00Z": "INVALID_TIMESTAMP",
    "2026-07-01T12:00:00+24:00": "INVALID_TIMESTAMP",
    "2026-07-01T12:00:00+0200": "INVALID_TIMESTAMP",
    "2026-07-01T12:00:00": "INVALID_TIMESTAMP",
    "2026-07-01 12:00:00": "INVALID_TIMESTAMP",
    "2026-07-01": "INVALID_TIMESTAMP",
    "07/01/2026": "INVALID_TIMESTAMP",
    "20260701T120000Z": "INVALID_TIMESTAMP",
    "1782907200": "INVALID_TIMESTAMP",
    "now": "INVALID_TIMESTAMP",
    "２026-07-01T12:00:00Z": "INVALID_TIMESTAMP",
    "2026-07-01T12:00:00Z" + "0" * 1_000_000: "INVALID_TIMESTAMP",
    "2026-07-01T12:00:00." + "0" * 1_000_000 + "Z": "INVALID_TIMESTAMP",
}


def times() -> Iterator[EventCase]:
    """Times of every form, as an attribute: the event's own time is looked at alike."""
    for text, expected in _TIMES.items():
        result: str | tuple[str, ...] = expected if expected == "COUNTED" else (f"data.moment {expected}",)
        yield EventCase(f"the moment {text[:40]}", changed("moment", text), result)


_BUILT_INS: tuple[tuple[str, object, str | tuple[str, ...]], ...] = (
    ("id", DROP, ("id MISSING_ATTRIBUTE",)),
    ("id", None, ("id MISSING_ATTRIBUTE",)),
    ("id", "", ("id MISSING_ATTRIBUTE",)),
    ("id", 7, ("id WRONG_TYPE",)),
    ("id", ["e"], ("id WRONG_TYPE",)),
    ("id", {"e": 1}, ("id WRONG_TYPE",)),
    ("id", "x" * 256, "COUNTED"),
    ("id", "x" * 257, ("id TOO_LONG",)),
    ("id", "x" * 1_000_000, ("id TOO_LONG",)),
    ("id", "a\0b", ("id FORBIDDEN_CHARACTER",)),
    ("id", "a\ud800b", ("id FORBIDDEN_CHARACTER",)),
    ("id", "a\x1b[31mb", "COUNTED"),
    ("id", "\u202eevil", "COUNTED"),
    ("source", DROP, ("source MISSING_ATTRIBUTE",)),
    ("source", True, ("source WRONG_TYPE",)),
    ("subject", DROP, ("subject MISSING_ATTRIBUTE",)),
    ("subject", "\udfff", ("subject FORBIDDEN_CHARACTER",)),
    ("type", DROP, ("type MISSING_ATTRIBUTE",)),
    ("type", "Use", "UNKNOWN_EVENT"),
    ("type", "us", "UNKNOWN_EVENT"),
    ("type", "u" * 256, "UNKNOWN_EVENT"),
    ("type", 0.5, ("type WRONG_TYPE",)),
    ("time", DROP, ("time MISSING_ATTRIBUTE",)),
    ("time", 1782907200, ("time WRONG_TYPE",)),
    ("time", "yesterday", ("time INVALID_TIMESTAMP",)),
    ("time", "2026-06-30T23:59:60Z", ("time INVALID_TIMESTAMP",)),
    ("time", "1899-01-01T00:00:00Z", ("time OUT_OF_RANGE",)),
    ("time", {}, ("time WRONG_TYPE",)),
    ("data", DROP, tuple(f"data.{name} MISSING_ATTRIBUTE" for name in sorted(GOOD))),
    ("data", None, tuple(f"data.{name} MISSING_ATTRIBUTE" for name in sorted(GOOD))),
    ("data", [], MALFORMED),
    ("data", "{}", MALFORMED),
    ("data", 1, MALFORMED),
    ("specversion", "9.9", "COUNTED"),
    ("dataschema", {"x": [1, {"y": None}]}, "COUNTED"),
    ("data_base64", "AAAA", "COUNTED"),
)


def built_ins() -> Iterator[EventCase]:
    """CloudEvents' own members, left out, of the wrong type, too long."""
    for name, value, expected in _BUILT_INS:
        shown = "left out" if value is DROP else repr(value)
        shown = shown if len(shown) < 40 else f"{shown[:6]}… of {len(shown):,} characters"
        yield EventCase(f"{name} {shown}", enveloped(name, value), expected)


def values() -> Iterator[EventCase]:
    """Texts, lists and words at and beyond their bounds; paths that clash; names nearly right."""
    forbidden = ("data.text FORBIDDEN_CHARACTER",)
    yield EventCase("a text of 4,096", changed("text", "é" * 4096), "COUNTED")
    yield EventCase("a text of 4,097", changed("text", "é" * 4097), ("data.text TOO_LONG",))
    yield EventCase("a text of 10^6", changed("text", "é" * 1_000_000), ("data.text TOO_LONG",))
    yield EventCase("a text with NUL", changed("text", "a\0b"), forbidden)
    yield EventCase("half a surrogate pair", changed("text", "\ud83d"), forbidden)
    yield EventCase("the other half", changed("text", "\ude00"), forbidden)
    yield EventCase("the halves the wrong way round", raw("text", r'"\ude00\ud83d"').encode(), forbidden)
    yield EventCase("a whole pair", raw("text", r'"\ud83d\ude00"').encode(), "COUNTED")
    yield EventCase("4,096 emoji", raw("text", '"' + r"\ud83d\ude00" * 4096 + '"').encode(), "COUNTED")
    yield EventCase("256 names", changed("names", ["a"] * 256), "COUNTED")
    yield EventCase("257 names", changed("names", ["a"] * 257), ("data.names TOO_LONG",))
    yield EventCase("10^6 names", changed("names", ["a"] * 1_000_000), ("data.names TOO_LONG",))
    yield EventCase("a name of 4,097", changed("names", ["a" * 4097]), ("data.names TOO_LONG",))
    yield EventCase("a name with NUL", changed("names", ["a", "\0"]), ("data.names FORBIDDEN_CHARACTER",))
    yield EventCase("a name that is a number", changed("names", ["a", 1]), ("data.names WRONG_TYPE",))
    yield EventCase("a name that is null", changed("names", ["a", None]), ("data.names WRONG_TYPE",))
    yield EventCase("a list in the list", changed("names", ["a", ["b"]]), ("data.names WRONG_TYPE",))
    yield EventCase("a word in capitals", changed("word", "RED"), ("data.word UNKNOWN_WORD",))
    yield EventCase("a word with a blank behind it", changed("word", "red "), ("data.word UNKNOWN_WORD",))
    yield EventCase("a word of 10^6", changed("word", "r" * 1_000_000), ("data.word UNKNOWN_WORD",))
    yield EventCase("a word with NUL", changed("word", "red\0"), ("data.word UNKNOWN_WORD",))
    yield EventCase("a nested path", changed("a", {"b": "x"}), "COUNTED")
    yield EventCase("a dotted path", changed("a.b", "x"), "COUNTED")
    nested_and_dotted = raw("a.b", '"x", "a": {"b": "y"}').encode()
    yield EventCase("a path both nested and dotted", nested_and_dotted, ("data.a.b CONFLICTING_PATHS",))
    yield EventCase("a nested path of the wrong type", changed("a", {"b": 1}), ("data.a.b WRONG_TYPE",))
    yield EventCase("a declared member left out", changed("flag", DROP), ("data.flag MISSING_ATTRIBUTE",))
    misspelt = json.dumps(ENVELOPE | {"data": {k.replace("whole", "Whole"): v for k, v in GOOD.items()}}).encode()
    yield EventCase("a name in capitals", misspelt, ("data.whole MISSING_ATTRIBUTE",))
    all_wrong = json.dumps(ENVELOPE | {"id": 1, "data": {name: {} for name in GOOD}}).encode()
    wrong = ("id WRONG_TYPE", *(f"data.{name} WRONG_TYPE" for name in GOOD))
    yield EventCase("everything wrong at once", all_wrong, tuple(sorted(wrong)))


def shapes() -> Iterator[EventCase]:
    """Lines that are no event, too deep, too wide, too long, or not even text."""
    good = json.dumps(ENVELOPE | {"data": GOOD})
    deep = 100_000
    yield EventCase(
        "10^5 undeclared attributes",
        json.dumps(ENVELOPE | {"data": GOOD | {f"x{n}": n for n in range(deep)}}).encode(),
        "COUNTED",
    )
    yield EventCase(
        "10^5 nearly declared attributes",
        json.dumps(
            ENVELOPE | {"data": {f"whole{n}": n for n in range(deep)} | {k: v for k, v in GOOD.items() if k != "whole"}}
        ).encode(),
        ("data.whole MISSING_ATTRIBUTE",),
    )
    yield EventCase("10^5 lists in each other", raw("extra", "[" * deep + "]" * deep).encode(), MALFORMED)
    yield EventCase("10^5 objects in each other", raw("extra", '{"a":' * deep + "1" + "}" * deep).encode(), MALFORMED)
    yield EventCase("10^5 open lists", b"[" * deep, MALFORMED)
    yield EventCase("500 lists in each other", raw("extra", "[" * 500 + "]" * 500).encode(), MALFORMED)
    yield EventCase("500 objects in each other", raw("extra", '{"a":' * 500 + "1" + "}" * 500).encode(), MALFORMED)
    yield EventCase("10 objects in each other", raw("extra", '{"a":' * 10 + "1" + "}" * 10).encode(), "COUNTED")
    yield EventCase("a key of 10^6", changed("k" * 1_000_000, 1), "COUNTED")
    yield EventCase("an empty key", changed("", 1), "COUNTED")
    yield EventCase("a key with NUL", changed("a\0", 1), "COUNTED")
    yield EventCase("a key with half a surrogate pair", changed("\ud800", 1), "COUNTED")
    yield EventCase("a key of points", changed("...", 1), "COUNTED")
    yield EventCase("an undeclared text with half a surrogate pair", changed("extra", "\ud800"), "COUNTED")
    yield EventCase("an undeclared number of 10^6 digits", raw("extra", "9" * 1_000_000).encode(), "COUNTED")
    yield EventCase(
        "an undeclared list of everything",
        raw("extra", '[1, 0.5, null, true, "x", {"y": [1e999999999]}]').encode(),
        "COUNTED",
    )
    yield EventCase("33 MB", raw("text", '"' + "x" * 33 * 2**20 + '"').encode(), MALFORMED)
    yield EventCase("31 MB of blanks", good.encode() + b" " * 31 * 2**20, "COUNTED")
    yield EventCase("a member twice", raw("whole", '1, "whole": 2').encode(), MALFORMED)
    yield EventCase("an id twice", good.replace('"id": "e"', '"id": "e", "id": "f"').encode(), MALFORMED)
    yield EventCase("a line break in a text", raw("text", '"a\rb"').encode(), MALFORMED)
    for name, text in _NO_EVENTS.items():
        yield EventCase(name, text.encode(), MALFORMED)
    yield EventCase("UTF-16", good.encode("utf-16"), MALFORMED)
    yield EventCase("Latin-1", changed("text", "x").replace(b'"x"', b'"\xe9"'), MALFORMED)
    yield EventCase("a cut-off character", good.encode()[:-3] + b"\xe2\x82", MALFORMED)
    yield EventCase("a surrogate in UTF-8", changed("text", "x").replace(b'"x"', b'"\xed\xa0\x80"'), MALFORMED)
    yield EventCase("NUL bytes", b"\0" * 1000, MALFORMED)
    yield EventCase("gzip", b"\x1f\x8b\x08\x00\x00\x00", MALFORMED)
    for at in range(5, len(good), 23):
        yield EventCase(f"cut after {at} characters", good[:at].encode(), MALFORMED)


_NO_EVENTS = {
    "an open brace": "{", "a list of events": "[{}]", "a number": "42", "a text": '"use"', "null": "null",
    "true": "true",
    "two events on a line": "{}{}",
    "a comma at the end": '{"id": "e",}', "single quotes": "{'id': 'e'}",
    "a comment": '{"id": "e"} // one', "CSV": "id,source,type", "XML": "<event/>", "YAML": "id: e",
    "undefined": "undefined",
    "a Python dict": "{'id': None}", "a bad escape": '{"id": "\\x41"}', "a half escape": '{"id": "\\ud8"}',
    "a JavaScript name": "{id: 'e'}", "text behind the event": "{} x", "a byte order mark inside": '{"id"\ufeff: "e"}',
}  # fmt: skip


def event_cases() -> Iterator[EventCase]:
    """All of them."""
    for group in (wrong_types, numbers, times, built_ins, values, shapes):
        yield from group()
