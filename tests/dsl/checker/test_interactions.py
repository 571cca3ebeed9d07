"""What an interaction becomes, and that one cause is reported once."""

from dsl import core
from dsl.checker import check
from dsl.source import Source

HEAD = """ruleset shop
version 1
effective 2026-07-01
currency EUR

event call
  minutes  integer from 0 to 60
  country  string optional
event text
  country  string optional
  length   integer from 0 to 160

"""


def found(text: str) -> list[tuple[str, str]]:
    """The ids of what is wrong, each with the text that it marks."""
    source = Source("shop.vpi", HEAD + text)
    ruleset, diagnostics = check(source)
    assert (ruleset is None) == any(d.severity == "error" for d in diagnostics)
    return [(d.id, source.slice(d.span)) for d in diagnostics]


def checked(text: str) -> tuple[core.Interaction, ...]:
    ruleset, diagnostics = check(Source("shop.vpi", HEAD + text))
    assert ruleset is not None, diagnostics
    return ruleset.interactions


def test_any_event_is_every_declared_one() -> None:
    [interaction] = checked("interaction all also counts any event price 1")
    assert interaction.also
    assert interaction.counts == (core.CountsLine(("call", "text"), None, None),)


def test_limits_in_order_with_their_bases() -> None:
    [interaction] = checked(
        "interaction all counts call with country is given once per country limit 3 per country, id per week "
        "limit 9 per year price 1"
    )
    country, identity = core.Read("country", core.TextType()), core.Read("id", core.TextType(), builtin=True)
    assert interaction.limits == (
        core.Limit(1, core.Basis((country,), None)),
        core.Limit(3, core.Basis((country, identity), "week")),
        core.Limit(9, core.Basis((), "year")),
    )


def test_what_every_line_proves_is_there() -> None:
    assert (
        found(
            "interaction a counts call with country is given counts text with country is given once per country price 1"
        )
        == []
    )
    assert found("interaction a counts call with country is given counts text once per country price 1") == [
        ("maybe-missing", "country")
    ]


def test_a_line_knows_only_its_own_event() -> None:
    assert checked("interaction a counts call as minutes parts counts text as length parts price 1")
    assert found("interaction a counts call counts text units minutes price 1") == [
        ("attribute-not-everywhere", "minutes")
    ]


def test_an_unknown_event_is_the_only_mistake_that_it_causes() -> None:
    assert found("interaction a counts cal with minutes > 1 units minutes once per country price by country x 1") == [
        ("unknown-event", "cal")
    ]


def test_independent_mistakes_are_all_reported() -> None:
    text = "interaction a counts cal limit 0 per day price 1 cap 0 per month\ninteraction b counts call price 1 price 2"
    assert [identity for identity, _ in found(text)] == [
        "unknown-event",
        "limit-number",
        "not-positive",
        "repeated-clause",
    ]


def test_what_did_not_parse_is_not_missing() -> None:
    ids = [identity for identity, _ in found("interaction a counts call price per\ninteraction b price 1")]
    assert "interaction-without-price" not in ids
    assert ids[-1] == "interaction-without-counts"


def test_examples_of_what_did_not_parse_are_left_alone() -> None:
    text = 'interaction a counts call price )\nexample "x"\n  call (minutes: 1) => a, 1 unit, 1\n'
    assert all(identity not in ("example-unknown-interaction", "different-nouns") for identity, _ in found(text))


def test_shadows() -> None:
    first = "interaction a counts call price 1\n"
    assert found(first + "interaction b counts text price 1") == []
    assert found(first + "interaction b also counts call price 1") == []
    assert found(first + "interaction b counts any event price 1") == []
    assert found(first + "interaction b counts call price 1") == [("shadowed-interaction", "b")]
    assert found(first + "interaction b counts call counts text price 1") == [("shadowed-counts", "counts call")]
    assert found("interaction a counts any event price 1 interaction b counts text price 1") == [
        ("shadowed-interaction", "b")
    ]
    both = first + "interaction b counts text price 1\n"
    assert found(both + "interaction c counts any event price 1") == [("shadowed-interaction", "c")]


def test_diagnostics_stand_in_the_order_of_their_places() -> None:
    source = Source(
        "shop.vpi", HEAD + 'example "x" cal () => b, 1 unit, 1\ninteraction a price 1\ninteraction c counts x'
    )
    _, diagnostics = check(source)
    places = [d.span.start for d in diagnostics]
    assert len(places) == 5
    assert places == sorted(places)
