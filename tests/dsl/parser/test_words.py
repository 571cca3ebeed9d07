"""Every soft word is a name wherever a name stands, and no hard or reserved word is; each says so in one error."""

import pytest

from dsl import syntax, words
from dsl.diagnostics import Severity
from dsl.parser import parse
from dsl.source import Source

# Where a name stands. `@` is the name; each place is tried as the last thing of its line, and before another line.
PLACES = {
    "a ruleset": "ruleset @",
    "an event": "event @",
    "an event with a label": 'event @ "label"',
    "an event sent as": 'event @ sent as "x"',
    "an attribute": "event x\n  @ boolean",
    "an attribute after an attribute": "event x\n  a string\n  @ one of a, b\n  b string",
    "an attribute after a range": "event x\n  a integer from 0 to 5\n  @ string",
    "an attribute after a default": "event x\n  a integer default 5\n  @ string",
    "an attribute after a default word": "event x\n  a one of b, c default b\n  @ string",
    "an attribute after optional": "event x\n  a string optional\n  @ string",
    "an attribute after a label": 'event x\n  a string "label"\n  @ string',
    "an attribute of every event": "every event\n  @ timestamp\n  b string",
    "a word": "event x\n  a one of @, b",
    "a last word": "event x\n  a one of b, @",
    "a last word before an attribute": "event x\n  a one of b, @\n  c string",
    "a default word": "event x\n  a one of b, c default @\n  d string",
    "an interaction": "interaction @\n  price 1",
    "a counted event": "interaction a\n  counts @",
    "a counted event with a condition": "interaction a\n  counts @ with b",
    "a counted event with units": "interaction a\n  counts @ as 2 credits\n  price 1",
    "a condition": "interaction a\n  counts b with @",
    "a condition after and": "interaction a\n  counts b with c and @",
    "a condition after not": "interaction a\n  counts b with not @ and c",
    "a condition in parentheses": "interaction a\n  counts b with (@ or c)",
    "a left side": "interaction a\n  counts b with @ is c",
    "a left side of at least": "interaction a\n  counts b with @ at least 5",
    "a left side of more than": "interaction a\n  counts b with @ more than 5",
    "a left side of a sign": "interaction a\n  counts b with @ ≥ 5",
    "a left side of contains": 'interaction a\n  counts b with @ contains "x"',
    "a left side of starts with": 'interaction a\n  counts b with @ starts with "x"',
    "a left side of given": "interaction a\n  counts b with @ is not given and @ is missing",
    "a left side of between": "interaction a\n  counts b with @ between 1 and 2",
    "a left side of one of": "interaction a\n  counts b with @ is one of (x, y)",
    "a right side": "interaction a\n  counts b with c is @",
    "a right side of not": "interaction a\n  counts b with c is not @\n  price 1",
    "a right side of more than": "interaction a\n  counts b with c more than @",
    "a right side of between": "interaction a\n  counts b with c between @ and @",
    "a member of a list": "interaction a\n  counts b with c is not one of (@, x)",
    "a noun of a quantity": "interaction a\n  counts b with ≥1 @",
    "a noun of a quantity before and": "interaction a\n  counts b with at least 1 @ and c",
    "a noun of exactly": "interaction a\n  counts b with exactly 1 @\n  price 1",
    "an attribute or else": "interaction a\n  counts b with @ or else no",
    "a word after or else": "interaction a\n  counts b with c or else @ is d",
    "an operand": "interaction a\n  units @ + @ * @ - @",
    "a rounded operand": "interaction a\n  units @ / 10 rounded up",
    "a rounded operand to places": "interaction a\n  units @ / 10 rounded to 2 places",
    "a function's operand": "interaction a\n  units count of @ + length of @ + hour of @",
    "an extreme's operand": "interaction a\n  units smaller of (@, larger of (@, 2))",
    "an elapsed time": "interaction a\n  units seconds from @ to @",
    "a share": "interaction a\n  units 5% of @",
    "a key": "interaction a\n  once per @\n  price 1",
    "a key with a period": "interaction a\n  limit 3 per @ per day",
    "keys": "interaction a\n  once per @, @ per month",
    "a key of a cap": "interaction a\n  cap 5 per @ per month",
    "a noun of a price": "interaction a\n  price 5 per @\n  cap 5 per month",
    "a noun of a sized price": "interaction a\n  price 5 per 1_000 @\n  cap 5 per month",
    "a noun of a block": "interaction a\n  price 5 per started 100 @ per month",
    "a noun of a tier": "interaction a\n  price per month first 5 at 1 per @ then at 1 per 10 @",
    "a percentage's amount": "interaction a\n  price 2.9% of @ plus 0.30 at least 0.50",
    "a computed price": "interaction a\n  price is @ at most 5",
    "a key of tiers": "interaction a\n  price per @ per month first 5 free then at 2",
    "a by attribute": "interaction a\n  price by @ x 1 otherwise 2",
    "by attributes": "interaction a\n  price by @, @ x, y 1 otherwise 2",
    "a discount": "interaction a\n  discount 5% with @\n  price 1",
    "a step's event": 'example "t"\n  @ () => nothing',
    "a step after a step": 'example "t"\n  a () => nothing\n  @ () => limited',
    "a given attribute": 'example "t"\n  a (@: 1, b: 2) => nothing',
    "a given word": 'example "t"\n  a (b: @, c: @) => nothing',
    "a billed interaction": 'example "t"\n  a () => @, 1 unit, 5',
    "a second billed interaction": 'example "t"\n  a () => b, 1 unit, 5 and @, 1 unit, 5',
    "a bill's noun": 'example "t"\n  a () => b, 2 @, 5',
}
UNIT = "interaction a\n  counts b as 2 @\n  price 1"
CASES = {
    "a case": "interaction a\n  price by b\n    @ 1\n    otherwise 2",
    "a later case": "interaction a\n  price by b\n    x 1\n    @ 2\n    y, @ 3",
    "a case after tiers": "interaction a\n  price by b\n    x per month first 5 free then at 2 per unit\n    @ free",
    "a case of two": "interaction a\n  price by b, c\n    @, @ free",
}
# `counts any event` means every event, so no event is called `any`.
NO_EVENT = ("an event", "an event with a label", "an event sent as", "a counted event")


def ids(text: str) -> list[str]:
    """The ids of what the parser says of a text."""
    return [d.id for d in parse(Source("example.vpi", text))[1] if d.severity is Severity.ERROR]


def names(text: str, word: str) -> int:
    """How often a word stands in a file's tree as a name."""
    file, _ = parse(Source("example.vpi", text))

    def count(node: object) -> int:
        if isinstance(node, tuple):
            return sum(count(part) for part in node)
        if isinstance(node, syntax.Name | syntax.Path | syntax.Word):
            return int(node.text == word)
        if isinstance(node, syntax.Node):
            return sum(count(getattr(node, name)) for name in node.__dataclass_fields__ if name != "span")
        return 0

    return count(file.header) + count(file.declarations)


@pytest.mark.parametrize("place", PLACES)
def test_soft_words_are_names(place: str) -> None:
    for word in sorted(words.SOFT):
        text = PLACES[place].replace("@", word)
        if word == "any" and place in NO_EVENT:
            assert place == "a counted event" or ids(text) == ["event-called-any"]
            continue
        assert ids(text) == [], text
        # A period alone after `per` is a period.
        assert names(text, word) >= PLACES[place].count("@") or (place == "a key" and word in words.PERIODS), text
        for following in ("\n\nevent other\n  a string", '\n\nexample "t"\n  a () => nothing'):
            if not text.startswith("ruleset"):
                assert ids(text + following) == [], text + following


@pytest.mark.parametrize("place", CASES)
def test_soft_words_are_cases_unless_they_may_go_on(place: str) -> None:
    for word in sorted(words.SOFT):
        text = CASES[place].replace("@", word)
        if word in words.QUOTED_AS_CASE:
            assert ids(CASES[place].replace("@", f'"{word}"')) == [], word
            continue
        assert ids(text) == [], text
        assert names(text, word) >= CASES[place].count("@"), text


def test_soft_words_are_units_but_for_two() -> None:
    for word in sorted(words.SOFT - words.NOT_A_UNIT):
        text = UNIT.replace("@", word)
        assert ids(text) == [] and names(text, word) == 1, text
    for word in sorted(words.NOT_A_UNIT):
        assert ids(UNIT.replace("@", word)), word


@pytest.mark.parametrize("place", [p for p in PLACES if PLACES[p].count("@") == 1])
def test_reserved_words_are_no_names(place: str) -> None:
    for word in sorted(words.RESERVED):
        text = PLACES[place].replace("@", word)
        assert ids(text)[:1] == ["reserved-word"], text


@pytest.mark.parametrize("place", [p for p in PLACES if PLACES[p].count("@") == 1])
def test_hard_words_are_no_names(place: str) -> None:
    """Some hard words mean something else where a name stands, `yes` after `is` for one; none is ever a name."""
    for word in sorted(words.HARD):
        text = PLACES[place].replace("@", word)
        found = ids(text)
        if not found:
            assert names(text, word) == 0 or word in ("yes", "no"), text


@pytest.mark.parametrize("word", sorted(words.HARD))
def test_a_hard_word_says_that_it_is_none(word: str) -> None:
    # `event string` begins an event that is called `string`, however it is indented; `optional` cannot follow that.
    more = " optional" if word == "event" else ""
    assert ids(f"event x\n  {word} string{more}\n  b string") == ["hard-word-as-name"]


@pytest.mark.parametrize("word", sorted(words.SOFT - {"any"}))
def test_indentation_makes_no_name_an_attribute(word: str) -> None:
    for above in ("event x", "event x\n  a string", "every event\n  a string"):
        for after in ("", "\n    b string", ' "label"', ' sent as "y"\n    b string', "\nevent z\n  c string"):
            assert ids(f"{above}\n  event {word}{after}") == [], (above, word, after)
        for after in ("\n    counts x", ' "label"', "", "\nevent z"):
            assert ids(f"{above}\n  interaction {word}{after}") == [], (above, word, after)


def test_dotted_names_may_have_any_parts() -> None:
    for word in sorted(words.HARD | words.SOFT | words.RESERVED):
        assert ids(f"event a.{word}\n  {word}.b string\n  c string") == []
