"""Real price lists and the price tables that peers publish: each file checks, its examples come out to the digit."""

import re
from functools import cache, partial
from pathlib import Path

import pytest

from dsl import core, examples, interpreter, to_python
from dsl.checker import check
from dsl.diagnostics import Diagnostic, Severity
from dsl.evaluation import Counters, Evaluation, Refusal
from dsl.event import Event
from dsl.source import Source

HERE = Path(__file__).parent
LISTS = sorted((HERE / "price_lists").glob("*.vpi"))
PEERS = sorted((HERE / "peers").glob("*/*.vpi"))
FEWEST_LISTS = 30
FEWEST_PEERS = 45
FEWEST_EXAMPLES = 4

CONSTRUCTS = (
    r"also counts",
    r"counts\s+any event",
    r"counts .* as .* credits",
    r"every event",
    r"once per\s+month",
    r"once per\s+\w+ per day",
    r"once per\s+\w+, \w+ per",
    r"limit\s+\d+ per \w+ per month",
    r"rounded up",
    r"rounded to 6 places",
    r"price\s+is ",
    r"price\s+per \w+ per month",
    r"price\s+per event",
    r"price\s+per month by volume",
    r"per day\n",
    r"per year\n",
    r"by \w+, \w+\n",
    r"otherwise",
    r"per 1_000_000 tokens",
    r"per started .* per month",
    r"per started .* per event",
    r"per full .* per event",
    r"(first|up to) .* free",
    r" plus \d",
    r" for \d",
    r"% of \w+ plus",
    r"at least .* at most",
    r"discount\s",
    r"surcharge\s",
    r"cap\s+\S+ per month",
    r"cap\s+\S+ per event",
    r"cap\s+\S+ per \w+ per day",
    r"time of day is between 2\d:",
    r"weekday of time",
    r"time is between \d{4}-",
    r"seconds from",
    r"minutes from",
    r"length of",
    r"list of string",
    r"larger of",
    r" optional",
    r"or else",
    r" default ",
    r"sent as",
    r"≥1 ",
    r"by \"",
    r"=>\s+limited",
    r"=>\s+refused",
    r"=>\s+nothing",
)
"""What the corpus exercises, as it stands in a file."""


def named(path: Path) -> str:
    """The test's name for a file."""
    return str(path.relative_to(HERE).with_suffix(""))


@cache
def checked(path: Path) -> tuple[core.Ruleset | None, list[Diagnostic]]:
    """The file, checked."""
    return check(Source(named(path) + path.suffix, path.read_text(encoding="utf-8")))


def ruleset_of(path: Path) -> core.Ruleset:
    """The checked file; a file with errors fails the test with each of them."""
    ruleset, diagnostics = checked(path)
    errors = [f"{d.id}: {d.message}" for d in diagnostics if d.severity is Severity.ERROR]
    assert not errors
    assert ruleset is not None
    return ruleset


def opening(path: Path) -> str:
    """The comment that a file opens with."""
    found = re.match(r"(?:#.*\n)+", path.read_text(encoding="utf-8"))
    return found.group() if found else ""


def listed(folder: str) -> set[str]:
    """The files that a folder's README lists."""
    table = (HERE / folder / "README.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([^`]+\.vpi)` \|", table, re.MULTILINE))


@pytest.mark.parametrize("path", LISTS + PEERS, ids=named)
def test_the_examples_come_out(path: Path) -> None:
    ruleset = ruleset_of(path)
    assert [failure.message for failure in examples.run(ruleset, partial(interpreter.evaluate, ruleset))] == []


@pytest.mark.parametrize("path", LISTS + PEERS, ids=named)
def test_the_compiled_function_answers_alike(path: Path) -> None:
    ruleset = ruleset_of(path)
    compiled = to_python.compile_ruleset(ruleset)

    def both(event: Event, counters: Counters) -> Evaluation | Refusal:
        answer = compiled.evaluate(event, counters)
        assert answer == interpreter.evaluate(ruleset, event, counters)
        return answer

    assert examples.run(ruleset, both) == []


@pytest.mark.parametrize("path", LISTS, ids=named)
def test_a_list_has_examples_and_says_where_it_is_from(path: Path) -> None:
    ruleset = ruleset_of(path)
    assert ruleset.name == path.stem
    assert len(ruleset.examples) >= FEWEST_EXAMPLES
    comment = " ".join(opening(path).replace("#", "").split())
    assert "Publisher and page: " in comment
    assert "as of " in comment or "from memory" in comment
    assert "Left out: " in comment


@pytest.mark.parametrize("path", PEERS, ids=named)
def test_a_peers_table_names_its_source(path: Path) -> None:
    ruleset = ruleset_of(path)
    assert ruleset.name == f"{path.parent.name}_{path.stem}"
    assert ruleset.examples
    assert "\n# Source: " in opening(path)
    assert "\n# Published: " in opening(path)


def test_there_are_enough() -> None:
    assert len(LISTS) >= FEWEST_LISTS
    assert len(PEERS) >= FEWEST_PEERS


def test_the_tables_list_every_file() -> None:
    assert listed("price_lists") == {path.name for path in LISTS}
    assert listed("peers") == {f"{path.parent.name}/{path.name}" for path in PEERS}


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_the_corpus_covers_the_language(construct: str) -> None:
    pattern = re.compile(construct)
    assert any(pattern.search(path.read_text(encoding="utf-8")) for path in LISTS + PEERS)
