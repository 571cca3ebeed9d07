"""Every limit is an error of its own one step beyond it; whatever the text, a parse ends soon and never raises."""

import time
import tracemalloc
from collections.abc import Callable

import pytest

from dsl.diagnostics import show
from dsl.parser import decode, parse
from dsl.source import Source

MEBIBYTE = 1 << 20
MOST_SECONDS = 2.5
"""Of processor time, for a parse alone, on a machine that is busy with other tests."""


def ids(text: str) -> list[str]:
    return [d.id for d in parse(Source("example.vpi", text))[1]]


LIMITS: dict[str, tuple[int, Callable[[int], str]]] = {
    "nesting-too-deep": (64, lambda n: f"interaction a counts b with {'(' * n}c{')' * n}"),
    "expression-too-long": (100, lambda n: f"interaction a units {'c + ' * n}c"),
    "too-many-interactions": (10_000, lambda n: "interaction a price 1\n" * n),
    "too-many-attributes": (1_000, lambda n: "event a\n" + "  b string\n" * n),
    "too-many-words": (1_000, lambda n: "event a b one of " + ", ".join(["c"] * n)),
    "too-many-cases": (1_000, lambda n: "interaction a price by b " + "c 1 " * n),
    "too-many-tiers": (100, lambda n: "interaction a price per month " + "first 1 free " * (n - 1) + "then free"),
    "name-too-long": (256, lambda n: f"event {'a' * n}"),
    "number-too-long": (40, lambda n: f"interaction a price {'1' * n}"),
    "file-too-long": (249_999, lambda n: "event " + "# x\n" * n + "a"),
    "file-too-large": (MEBIBYTE, lambda n: "#" * n),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_can_be_reached_and_not_passed(name: str) -> None:
    limit, text = LIMITS[name]
    assert ids(text(limit)) == []
    assert ids(text(limit + 1)) == [name]


def test_only_so_many_mistakes_are_listed() -> None:
    found = ids("event a\n  5\n" * 500)
    assert len(found) == 101 and found.count("too-many-errors") == 1
    found = ids("§ " * 500)
    assert len(found) == 101 and found[-1] == "too-many-errors"


def filled(unit: str, head: str = "", tail: str = "") -> str:
    """A text of a mebibyte."""
    return head + unit * ((MEBIBYTE - len(head.encode()) - len(tail.encode())) // len(unit.encode())) + tail


CONDITION, UNITS, PRICE = "interaction a counts b with ", "interaction a units ", "interaction a price "
HOSTILE = {
    "open parentheses": filled("(", CONDITION),
    "parentheses": CONDITION + "(" * 500_000 + "a" + ")" * 500_000,
    "closing parentheses": filled(") a ", CONDITION),
    "digits": filled("9", PRICE),
    "fraction": filled("9", PRICE + "0."),
    "one line of and": filled("a and ", CONDITION, "a"),
    "sum": filled("1+", UNITS, "1"),
    "minus": filled("-", UNITS, "1"),
    "not": filled("not ", CONDITION, "a"),
    "or else": filled("a or else ", CONDITION, "a"),
    "share of a share": filled("5% of ", UNITS, "a"),
    "comparisons": filled("a<", CONDITION, "a"),
    "list": filled("1,", CONDITION + "a is one of (", "1)"),
    "long text": filled("x", 'event a "', '"'),
    "open text": filled("x", 'event a "'),
    "escapes": filled('\\"', 'event a "', '"'),
    "bad escapes": filled("\\n", 'event a "', '"'),
    "long name": filled("a", "event "),
    "dots": filled("a.", "event "),
    "comments": filled("#\n"),
    "open comments": filled("/*"),
    "blanks": filled(" "),
    "currency signs": filled("$\n"),
    "Cyrillic": filled("а"),
    "Cyrillic words": filled("а "),
    "invisible": filled("\u200b"),
    "invisible among blanks": filled("\u200b "),
    "quotes": filled("'"),
    "decimal commas": filled("0,"),
    "interactions": filled("interaction a\n"),
    "events": filled("event a b string\n"),
    "attributes": filled("  b string\n", "event a\n"),
    "unknown types": filled("  b foo\n", "event a\n"),
    "unknown types on one line": filled("b foo ", "event a "),
    "clauses misspelt": filled("  cuonts b\n", "interaction a\n"),
    "clauses cut short": filled("  price\n", "interaction a\n"),
    "cases": filled("c 1 ", PRICE + "by b "),
    "cases without quotes": filled("cap 1 ", PRICE + "by b "),
    "tiers without end": filled("first 1 free\n", PRICE + "per month\n"),
    "hard words": filled("per ", "interaction a once "),
    "declarations": filled("every event interaction example "),
    "steps": filled("a () => b\n", 'example "x"\n'),
    "bills": filled("b,1 c,1 and ", 'example "x" a () => ', "b,1 c,1"),
    "header": filled("version 1\n"),
    "nothing known": filled("a\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_soon_and_says_why(name: str) -> None:
    source = Source("example.vpi", HOSTILE[name])
    started = time.process_time()
    _, diagnostics = parse(source)
    assert time.process_time() - started < MOST_SECONDS
    assert len(diagnostics) <= 201
    assert all(len(show(d, source)) < 1_000 for d in diagnostics)
    if name not in ("blanks", "long text", "escapes", "events", "header"):
        assert diagnostics


def test_memory_stays_bounded() -> None:
    tracemalloc.start()
    parse(Source("example.vpi", HOSTILE["events"]))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 250 * MEBIBYTE


def test_bytes_become_text() -> None:
    source, found = decode("\ufeffruleset café".encode(), "a.vpi")
    assert source == Source("a.vpi", "ruleset café") and found == []
    source, found = decode(b"ruleset a\nversion 1\n\xff", "a.vpi")
    assert source is None and [(d.id, d.message) for d in found] == [
        ("not-utf8", "line 3 holds a character that is not saved as UTF-8")
    ]
    source, found = decode(b" " * (MEBIBYTE + 1), "a.vpi")
    assert source is None and [d.id for d in found] == ["file-too-large"]
    assert decode(b" " * MEBIBYTE, "a.vpi")[0] is not None
