"""Singular and plural are one noun, and the number before a noun decides which is shown."""

import pytest

from dsl.nouns import noun_key, same_noun, singular_matches, with_number

PAIRS = [
    # singular   plural
    ("unit", "units"),
    ("minute", "minutes"),
    ("message", "messages"),
    ("query", "queries"),
    ("box", "boxes"),
    ("search", "searches"),
    ("address", "addresses"),
    ("status", "statuses"),
    ("movie", "movies"),
    ("cache", "caches"),
    ("house", "houses"),
    ("use", "uses"),
    ("day", "days"),
    ("api_call", "api_calls"),
    ("active_entity", "active_entities"),
]
INVARIABLE = ["kwh", "gb", "sms", "series"]


@pytest.mark.parametrize(("singular", "plural"), PAIRS)
def test_singular_and_plural_are_one_noun(singular: str, plural: str) -> None:
    assert noun_key(singular) == noun_key(plural)
    assert same_noun(plural, singular)


OTHERS = [("unit", "minute"), ("bus", "business"), ("class", "clas"), ("token", "tone")]


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_nouns_are_others(one: str, other: str) -> None:
    assert not same_noun(one, other)


@pytest.mark.parametrize(("singular", "plural"), PAIRS)
def test_a_number_decides_what_is_shown(singular: str, plural: str) -> None:
    for written in (singular, plural):
        assert with_number("1", written) == f"1 {singular}"
        assert with_number("-1", written) == f"-1 {singular}"
        assert with_number("0", written) == f"0 {plural}"
        assert with_number("1.5", written) == f"1.5 {plural}"


@pytest.mark.parametrize("noun", INVARIABLE)
def test_some_nouns_never_change(noun: str) -> None:
    assert with_number("1", noun) == f"1 {noun}"
    assert with_number("2", noun) == f"2 {noun}"


@pytest.mark.parametrize(
    ("noun", "name", "matches"),
    [
        ("result", "results", True),
        ("results", "results", True),
        ("match", "matches", True),
        ("query", "queries", True),
        ("filters.photo", "filters.photos", True),
        ("results", "result", False),
        ("quer", "queries", False),
        ("photo", "photograph", False),
    ],
)
def test_a_quantity_phrase_takes_a_name_or_its_singular(noun: str, name: str, matches: bool) -> None:
    assert singular_matches(noun, name) is matches
