"""Which values an attribute takes, what is said of the others, and that no value is too much to look at."""

import time
from decimal import Decimal
from typing import Any

import pytest

from dsl.acceptance import Accepted, accept, parse_rfc3339
from dsl.core import Attribute, AttributeKind, EventType
from dsl.evaluation import Refusal, Violation
from dsl.event import Event, Instant, Other
from dsl.zones import EARLIEST, LATEST

NOON = 1_783_339_200_000_000


def attribute(kind: AttributeKind, **fields: Any) -> Attribute:
    ranges = {"integer": (-(2**63), 2**63 - 1), "decimal": (-(10**18) + 1, 10**18 - 1)}
    low, high = ranges.get(kind, (0, 0))
    words = ("app", "web", "call centre") if kind == "one of" else ()
    return Attribute("x", "x", kind, **{"low": low, "high": high, "words": words, **fields})


def accepted(given: Attribute, value: object) -> object:
    """The value at rest, or the id of the one violation."""
    event = Event("1", "/", "e", "acme", NOON, {given.outside: value})
    result = accept(EventType("e", "e", (given,)), event)
    if isinstance(result, Accepted):
        return result.values.get(given.name)
    assert [violation.field for violation in result.violations] == [f"data.{given.outside}"]
    return result.violations[0].id


def refused(event: Event, *attributes: Attribute) -> list[Violation]:
    result = accept(EventType("e", "e", attributes), event)
    assert isinstance(result, Refusal)
    return list(result.violations)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("boolean", True, True),
        ("boolean", False, False),
        ("boolean", 1, "wrong-type"),
        ("boolean", "true", "wrong-type"),
        ("integer", 3, 3),
        ("integer", -(2**63), -(2**63)),
        ("integer", 2**63, "out-of-range"),
        ("integer", Decimal("3.00"), 3),
        ("integer", Decimal("1e3"), 1000),
        ("integer", Decimal("0E+99999"), 0),
        ("integer", 3.0, 3),
        ("integer", -0.0, 0),
        ("integer", 2.0**53, 2**53),
        ("integer", 3.5, "not-a-whole-number"),
        ("integer", Decimal("1e-200000"), "not-a-whole-number"),
        ("integer", Decimal("1e200000"), "out-of-range"),
        ("integer", 1e300, "out-of-range"),
        ("integer", float("nan"), "not-a-whole-number"),
        ("integer", "3", "wrong-type"),
        ("integer", True, "wrong-type"),
        ("integer", 10 ** (10**6), "out-of-range"),
        ("decimal", 3, 3_000_000),
        ("decimal", 10**12 - 1, (10**12 - 1) * 10**6),
        ("decimal", 10**12, "out-of-range"),
        ("decimal", Decimal("1.5"), 1_500_000),
        ("decimal", Decimal("1.10000000"), 1_100_000),
        ("decimal", Decimal("1.0000001"), "too-many-places"),
        ("decimal", Decimal("-0.000001"), -1),
        ("decimal", Decimal("999999999999.999999"), 10**18 - 1),
        ("decimal", Decimal("NaN"), "not-a-number"),
        ("decimal", Decimal("sNaN"), "not-a-number"),
        ("decimal", Decimal("-Infinity"), "not-a-number"),
        ("decimal", Decimal("1e200000"), "out-of-range"),
        ("decimal", Decimal("1e-200000"), "too-many-places"),
        ("decimal", 0.1, 100_000),
        ("decimal", 0.1 + 0.2, "too-many-places"),
        ("decimal", 1e11, 10**17),
        ("decimal", 1e12, "out-of-range"),
        ("decimal", float("inf"), "not-a-number"),
        ("decimal", "12.50", 12_500_000),
        ("decimal", "-0.10", -100_000),
        ("decimal", "1.0000001", "too-many-places"),
        ("decimal", "1000000000000", "out-of-range"),
        ("decimal", "1e3", "wrong-type"),
        ("decimal", "+1", "wrong-type"),
        ("decimal", " 1", "wrong-type"),
        ("decimal", "1\n", "wrong-type"),
        ("decimal", "١", "wrong-type"),
        ("decimal", "", "wrong-type"),
        ("decimal", True, "wrong-type"),
        ("string", "", ""),
        ("string", "é" * 4096, "é" * 4096),
        ("string", "a\nb", "a\nb"),
        ("string", "a" * 4097, "too-long"),
        ("string", "a\0", "forbidden-character"),
        ("string", "\ud800", "forbidden-character"),
        ("string", 5, "wrong-type"),
        ("timestamp", Instant(5), 5),
        ("timestamp", Instant(EARLIEST), EARLIEST),
        ("timestamp", Instant(LATEST + 1), "out-of-range"),
        ("timestamp", "1970-01-01T00:00:01Z", 1_000_000),
        ("timestamp", "1900-01-01T00:00:00+01:00", "out-of-range"),
        ("timestamp", "3000-01-01T00:30:00+01:00", LATEST + 1 - 30 * 60 * 10**6),
        ("timestamp", "2026-07-01", "invalid-timestamp"),
        ("timestamp", 5, "wrong-type"),
        ("one of", "call centre", "call centre"),
        ("one of", "App", "unknown-word"),
        ("one of", 1, "wrong-type"),
        ("list of string", ["a", ""], ("a", "")),
        ("list of string", [], ()),
        ("list of string", ["a"] * 257, "too-long"),
        ("list of string", ["a", 1], "wrong-type"),
        ("list of string", "a", "wrong-type"),
        ("list of string", ["\0"], "forbidden-character"),
        ("string", Other("an object"), "wrong-type"),
    ],
    ids=lambda value: "huge" if isinstance(value, int) and abs(value) > 2**64 else ascii(value)[:30],
)
def test_values(kind: AttributeKind, value: object, expected: object) -> None:
    result = accepted(attribute(kind), value)
    assert result == expected
    assert type(result) is type(expected)


def test_a_range_bounds_integers_and_decimals() -> None:
    assert accepted(attribute("integer", low=0, high=10), 11) == "out-of-range"
    assert accepted(attribute("decimal", low=0, high=1_500_000), "1.500001") == "out-of-range"
    assert accepted(attribute("decimal", low=0, high=1_500_000), "1.5") == 1_500_000
    (violation,) = refused(Event("1", "/", "e", "c", NOON, {"x": 11}), attribute("integer", low=0, high=10))
    assert violation.description == "`x` is 11; 0 to 10 is allowed"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T23:59:59.9999999Z", -1),
        ("1970-01-01T00:00:00.1Z", 100_000),
        ("1970-01-01T00:00:00-00:00", 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
        ("2026-02-29T00:00:00Z", None),
        ("1970-01-01T00:00:00", None),
        ("1970-01-01 00:00:00Z", None),
        ("1970-01-01T00:00Z", None),
        ("1970-01-01T24:00:00Z", None),
        ("2016-12-31T23:59:60Z", None),
        ("1970-01-01T00:00:00,5Z", None),
        ("1970-01-01T00:00:00.Z", None),
        ("1970-01-01T00:00:00+2:00", None),
        ("1970-01-01T00:00:00+24:00", None),
        ("1970-01-01T00:00:00Z\n", None),
        ("19700101T000000Z", None),
        ("1970-W01-4T00:00:00Z", None),
        ("", None),
    ],
)
def test_rfc_3339(text: str, expected: int | None) -> None:
    assert parse_rfc3339(text) == expected


def test_what_is_missing_is_filled_in_left_out_or_refused() -> None:
    default, optional = attribute("integer", default=7), Attribute("o", "o", "string", optional=True)
    event_type = EventType("e", "e", (default, optional))
    result = accept(event_type, Event("1", "/", "e", "c", NOON, {"x": None, "o": None}))
    assert result == Accepted({"x": 7}, NOON, ())
    (violation,) = refused(Event("1", "/", "e", "c", NOON, {}), attribute("integer"))
    assert (violation.field, violation.id) == ("data.x", "missing-attribute")


def test_all_violations_come_at_once_and_none_shows_a_text() -> None:
    event = Event(
        "", "s" * 257, "e", 5, "tomorrow", {"x": "secret", "w": "secret", "resluts": 4, "n": True}, conflicts=("a.b",)
    )
    found = refused(
        event,
        attribute("integer"),
        Attribute("w", "w", "one of", words=("app", "web")),
        Attribute("n", "n", "decimal"),
        Attribute("results", "results", "integer", low=0, high=9),
    )
    assert [(violation.field, violation.id) for violation in found] == [
        ("id", "missing-attribute"),
        ("source", "too-long"),
        ("subject", "wrong-type"),
        ("time", "invalid-timestamp"),
        ("data.a.b", "conflicting-paths"),
        ("data.x", "wrong-type"),
        ("data.w", "unknown-word"),
        ("data.n", "wrong-type"),
        ("data.results", "missing-attribute"),
    ]
    assert found[-1].description == "`results` is missing; `resluts` is given and not declared"
    assert not any("secret" in violation.description or "tomorrow" in violation.description for violation in found)


def test_a_misspelt_optional_attribute_is_a_warning() -> None:
    event_type = EventType("e", "e", (Attribute("channel", "channel", "string", optional=True),))
    result = accept(event_type, Event("1", "/", "e", "c", NOON, {"chanel": "app", "other": 1}))
    assert isinstance(result, Accepted)
    assert result.warnings == ("`chanel` is not declared and plays no part; did you mean `channel`?",)


def test_the_outside_name_is_read_and_the_inside_name_kept() -> None:
    given = Attribute("results", "resultCount", "integer", low=0, high=9)
    assert accepted(given, 3) == 3
    assert refused(Event("1", "/", "e", "c", NOON, {"results": 3}), given)[0].field == "data.resultCount"


@pytest.mark.parametrize("when", [NOON, "2026-07-06T12:00:00Z", "2026-07-06T14:00:00.0000009+02:00", Instant(NOON)])
def test_time_is_an_instant_or_text(when: object) -> None:
    result = accept(EventType("e", "e", ()), Event("1", "/", "e", "c", when, {}))
    assert isinstance(result, Accepted)
    assert result.time == NOON


@pytest.mark.parametrize(
    "value",
    [10 ** (10**6), Decimal("1e200000"), Decimal("1." + "1" * 10**6), "1" * 4096, ["x" * 4096] * 256, "\0" * 4096],
    ids=["huge integer", "huge exponent", "a million places", "long number", "long list", "many zeros"],
)
@pytest.mark.parametrize("kind", ["integer", "decimal", "string", "timestamp", "one of", "list of string"])
def test_no_value_takes_long(kind: AttributeKind, value: object) -> None:
    start = time.process_time()
    accepted(attribute(kind), value)
    assert time.process_time() - start < 0.25
