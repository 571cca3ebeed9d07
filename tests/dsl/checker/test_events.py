"""Declared events as the rest of the checker sees them, and what several of them have in common."""

from fractions import Fraction

import pytest

from dsl import core
from dsl.checker.context import Context
from dsl.checker.events import Declared, check_events
from dsl.checker.scope import scope_of
from dsl.parser import parse
from dsl.source import Source
from dsl.zones import Zone

HEADER = "ruleset shop\nversion 1\neffective 2026-07-01\ncurrency USD\n"


def declared(text: str) -> tuple[Declared, list[str]]:
    """The events of a file, and the ids of what is wrong with them."""
    source = Source("example.vpi", HEADER + text)
    file, _ = parse(source)
    context = Context(source, Zone("America/New_York"))
    return check_events(file, context), [diagnostic.id for diagnostic in context.diagnostics]


def fine(text: str) -> Declared:
    events, ids = declared(text)
    assert ids == []
    return events


def test_an_attribute_of_every_event_is_in_all_events_and_first() -> None:
    events = fine("event search voice boolean\nevery event member string\nevent visit").types
    assert [a.name for a in events["search"].attributes] == ["member", "voice"]
    assert [a.name for a in events["visit"].attributes] == ["member"]


ATTRIBUTES = [
    ("voice boolean", core.Attribute("voice", "voice", "boolean")),
    ("voice boolean default no", core.Attribute("voice", "voice", "boolean", default=False)),
    ("n integer", core.Attribute("n", "n", "integer", low=-(2**63), high=2**63 - 1)),
    ("n integer from -5 to 1_000 default -1", core.Attribute("n", "n", "integer", default=-1, low=-5, high=1000)),
    ("d decimal", core.Attribute("d", "d", "decimal", low=1 - 10**18, high=10**18 - 1)),
    (
        "d decimal from 0.000001 to 2.50 default 1.5",
        core.Attribute("d", "d", "decimal", default=1_500_000, low=1, high=2_500_000),
    ),
    ('q string optional sent as "a.b" "What was asked"',
     core.Attribute("q", "a.b", "string", optional=True, label="What was asked")),
    ('q string default ""', core.Attribute("q", "q", "string", default="")),
    ('t timestamp default 1970-01-01T00:00:01.5Z', core.Attribute("t", "t", "timestamp", default=1_500_000)),
    ("t timestamp default 1970-01-01", core.Attribute("t", "t", "timestamp", default=5 * 3600 * 10**6)),
    ('w one of a, yes default yes', core.Attribute("w", "w", "one of", default="yes", words=("a", "yes"))),
    ('w one of a, "b c" default "b c"', core.Attribute("w", "w", "one of", default="b c", words=("a", "b c"))),
    ("l list of string default empty", core.Attribute("l", "l", "list of string", default=())),
]  # fmt: skip


@pytest.mark.parametrize(("text", "attribute"), ATTRIBUTES)
def test_an_attribute_says_what_an_event_may_carry(text: str, attribute: core.Attribute) -> None:
    assert fine(f"event search {text}").types["search"].attributes == (attribute,)


def test_a_mistake_leaves_an_attribute_that_can_be_read() -> None:
    events, ids = declared(
        'event search n integer from 5 to 1 w one of a, a b boolean default "x" c integer sent as ""'
    )
    assert ids == ["range-reversed", "repeated-word", "value-mismatch", "bad-outside-name"]
    assert [a.name for a in events.types["search"].attributes] == ["n", "w", "b", "c"]


CONFLICTS = [
    ("event e a string a.b string", "path-conflict"),
    ("event e a.b string a string", "path-conflict"),
    ("event e a.b.c string a string", "path-conflict"),
    ("event e a.b string a.c string", ""),
    ("event e a string ab string", ""),
    ("every event a string event e a.b string", "path-conflict"),
    ('event e x string sent as "a" y string sent as "a.b"', "path-conflict"),
    ('event e x string sent as "y" y string', "duplicate-outside-name"),
    ('event e x string sent as "y" y string sent as "x"', ""),
    ('every event x string sent as "y" event e y string', "duplicate-outside-name"),
    ('event e sent as "f" event f', "duplicate-outside-name"),
    ('event e sent as "f" event f sent as "e"', ""),
    ("every event a string event e a string", "duplicate-attribute"),
    ("every event a string every event a string event e", "duplicate-every-event duplicate-attribute"),
    ("event e subject string", "built-in-redeclared"),
    ('event e who string sent as "subject"', ""),
]


@pytest.mark.parametrize(("text", "ids"), CONFLICTS)
def test_names_that_exclude_each_other(text: str, ids: str) -> None:
    assert declared(text)[1] == ids.split()


def test_over_several_events_only_what_all_declare_alike_is_readable() -> None:
    one = "event one n integer from 0 to 5 w one of a, b s string x boolean m string optional"
    two = "event two n integer from 3 to 9 w one of b, a s timestamp y boolean m string"
    events = fine(f"{one}\n{two}").types
    scope = scope_of([events["one"], events["two"]])
    assert scope.readable.keys() == {"n", "w", "m", "id", "source", "type", "subject", "time"}
    assert scope.readable["n"].type == core.NumberType(Fraction(0), Fraction(9), 0)
    assert scope.may_be_missing("m")
    assert not scope.knowing(["m"]).may_be_missing("m")


def test_a_declaration_that_did_not_parse_may_have_held_an_unknown_name() -> None:
    events, _ = declared("event search voice 5\nevent visit page string\n")
    assert events.complete
    assert not events.scope(("search",)).complete
    assert events.scope(("visit",)).complete
