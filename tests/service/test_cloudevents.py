"""JSON in, events out: exact numbers, flattened data, a sentence for everything else."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.event import Event, Other
from service.cloudevents import MalformedEvent, parse_event

HEAD = '"id":"1","source":"s","type":"t","subject":"c","time":"2026-07-01T00:00:00Z"'


def data(text: str) -> dict[str, object]:
    return parse_event(f'{{{HEAD},"data":{text}}}').data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.10", Decimal("1.10")),
        ("0.1000000000000000000001", Decimal("0.1000000000000000000001")),
        ("123456789012.123457", Decimal("123456789012.123457")),
        ("1e400", Decimal("1e400")),
        ("9" * 1000, Decimal("9" * 1000)),
        ("true", True),
        ("null", None),
        ('"é"', "é"),
        ('["a","b"]', ["a", "b"]),
        ("[]", []),
        ("[1]", Other("a list", "[1e0]")),
        ("{}", Other("an object", "{}")),
    ],
)
def test_values_are_exact(text: str, value: object) -> None:
    assert data(f'{{"x":{text}}}') == {"x": value}


def test_nested_data_becomes_dotted() -> None:
    assert data('{"filters":{"min":1,"by":{"kind":"x"}},"a.b":2}') == {
        "filters.min": 1,
        "filters.by.kind": "x",
        "a.b": 2,
    }


def test_a_path_that_comes_twice_is_a_conflict() -> None:
    event = parse_event(f'{{{HEAD},"data":{{"a":{{"b":1}},"a.b":2}}}}')
    assert event.conflicts == ("a.b",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not JSON at column 1: a value is missing, or this is none"),
        ("7", "an event is a JSON object, this is a number"),
        ("[1]", "an event is a JSON object, this is a list"),
        ('{"data":[]}', "`data` is a JSON object, this is a list"),
        ('{"data":{"a":NaN}}', "`NaN` is not a JSON number"),
        ('{"data":{"a":1e1000000000000000000}}', "a number has an exponent with more than 18 digits"),
        ('{"a":[0.5E-99999999999999999999]}', "a number has an exponent with more than 18 digits"),
        ('{"a":1,"a":2}', 'the member "a" stands twice in one object'),
        ('{"a":1} x', "not JSON at column 9: more follows behind the end"),
        ('{"a":' + "[" * 100_000, "objects or lists nest too deeply in each other"),
        ('{"data":' + '{"a":' * 200 + "1" + "}" * 200 + "}", "`data` nests deeper than 64 levels"),
        ('{"data":{"a":' + "[" * 200 + "]" * 200 + "}}", "`data` nests deeper than 64 levels"),
    ],
)
def test_what_is_no_event_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(MalformedEvent) as caught:
        parse_event(text)
    assert str(caught.value) == sentence


def test_bytes_that_are_not_utf_8() -> None:
    with pytest.raises(MalformedEvent, match=r"not UTF-8 at byte 3"):
        parse_event(b'{"\xff')


@given(st.text() | st.binary())
def test_it_never_fails_otherwise(text: str | bytes) -> None:
    with suppress(MalformedEvent):
        assert isinstance(parse_event(text), Event)
