"""All independent mistakes of a file are found in one run, one for each cause, and what is right is kept."""

import re
from dataclasses import dataclass

import pytest

from dsl import syntax
from dsl.diagnostics import Diagnostic
from dsl.parser import parse
from dsl.source import Source

HEADER = "ruleset shop\nversion 1\neffective 2026-07-01\ncurrency USD\n"
EVENT = "event search\n  voice boolean\n  results integer\n"
INTERACTION = "interaction found\n  counts search with voice\n  price 0.05\n"
EXAMPLE = 'example "a search"\n  search (voice: yes, results: 1) => found, 1 unit, 0.05\n'
FILE = HEADER + EVENT + INTERACTION + EXAMPLE


def found(text: str) -> tuple[syntax.File, list[tuple[int, str]]]:
    """The tree of a text, and the line and id of each of its mistakes."""
    source = Source("example.vpi", text)
    file, diagnostics = parse(source)
    return file, [(line_of(source, d), d.id) for d in diagnostics]


def line_of(source: Source, diagnostic: Diagnostic) -> int:
    return source.position(diagnostic.span.start)[0]


@dataclass(frozen=True)
class Slip:
    """A line that is wrong, in place of one that is right; `id` is what is said of it."""

    right: str
    wrong: str
    id: str


SLIPS = (
    Slip("version 1", "version one", "other-word"),
    Slip("currency USD", "curency USD", "unknown-declaration"),
    Slip("  voice boolean", "  voice", "missing-type"),
    Slip("  results integer", "  results integer = 5", "other-word"),
    Slip("  counts search with voice", "  counts search with", "expected"),
    Slip("  price 0.05", "  pirce 0.05", "unknown-clause"),
    Slip('example "a search"', "example a search", "missing-quotes"),
    Slip("=> found, 1 unit, 0.05", "=> found, 1, 0.05", "expected"),
)


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.wrong.strip())
def test_one_slip_is_one_mistake_on_its_line(slip: Slip) -> None:
    assert FILE.count(slip.right) == 1
    text = FILE.replace(slip.right, slip.wrong)
    _, mistakes = found(text)
    assert mistakes == [(text[: text.index(slip.wrong)].count("\n") + 1, slip.id)]


def test_all_slips_of_a_file_are_found_at_once() -> None:
    text = FILE
    for slip in SLIPS:
        text = text.replace(slip.right, slip.wrong)
    file, mistakes = found(text)
    assert [name for _, name in mistakes] == [slip.id for slip in SLIPS]
    assert [line for line, _ in mistakes] == sorted({line for line, _ in mistakes})
    assert {broken.kind for broken in file.broken} == {"header", "event", "interaction", "example"}


BELOW_THE_HEADER = [slip for slip in SLIPS if slip.right in EVENT + INTERACTION + EXAMPLE]


@pytest.mark.parametrize("slip", BELOW_THE_HEADER, ids=lambda slip: slip.wrong.strip())
def test_every_slip_is_found_again_in_a_second_declaration(slip: Slip) -> None:
    wrong = (EVENT + INTERACTION + EXAMPLE).replace(slip.right, slip.wrong)
    _, mistakes = found(HEADER + wrong + wrong)
    assert [name for _, name in mistakes] == [slip.id, slip.id]


def test_what_is_right_around_a_mistake_is_kept() -> None:
    file, mistakes = found(
        "interaction a\n  counts search\n  once per\n  units 5 5\n  price 0.05\nevent b\n  c strang\n  d string\n"
    )
    assert mistakes == [(3, "expected"), (4, "out-of-place"), (7, "unknown-type")]
    interaction, event = file.declarations
    assert isinstance(interaction, syntax.Interaction) and isinstance(event, syntax.Event)
    assert [type(clause) for clause in interaction.clauses] == [syntax.Counts, syntax.Units, syntax.PriceClause]
    assert [attribute.name.text for attribute in event.attributes] == ["c", "d"]
    assert [(broken.kind, broken.name) for broken in file.broken] == [("interaction", "a"), ("event", "b")]


def test_a_declaration_without_a_readable_first_line_is_left_out() -> None:
    file, mistakes = found("interaction 5\n  counts search\n  price\ninteraction b\n  price 1\n")
    assert mistakes == [(1, "expected"), (3, "expected")]
    assert [d.name.text for d in file.declarations if isinstance(d, syntax.Interaction)] == ["b"]
    assert [(broken.kind, broken.name) for broken in file.broken] == [("interaction", None)]


def test_a_misspelt_declaration_is_read_as_what_was_meant() -> None:
    file, mistakes = found(FILE.replace("interaction found", "intercation found"))
    assert [name for _, name in mistakes] == ["unknown-declaration"]
    kinds = [type(d) for d in file.declarations]
    assert kinds == [syntax.Event, syntax.Interaction, syntax.Example]


def test_a_line_that_lacks_its_end_does_not_take_the_next() -> None:
    """`price` may be a name, so the grammar alone would read on and be wrong a line later."""
    for wrong in ("counts search with", "once per", "limit 3 per", "price 5 per", "discount 5% with", "units"):
        file, mistakes = found(f"interaction a\n  {wrong}\n  price 0.05\n  cap 5 per month\n")
        assert mistakes == [(2, "expected")], wrong
        (interaction,) = file.declarations
        assert isinstance(interaction, syntax.Interaction)
        assert [type(clause) for clause in interaction.clauses] == [syntax.PriceClause, syntax.Cap], wrong


def test_a_hard_word_as_a_name_costs_one_mistake_wherever_a_declaration_would_begin() -> None:
    assert found("event a\n  event string optional\n  b string\n")[1] == [(2, "hard-word-as-name")]
    assert found("event a\n  every string\n  b string\n")[1] == [(2, "hard-word-as-name")]
    assert found("interaction event\n  counts a\n  price 1\n")[1] == [(1, "hard-word-as-name")]
    assert found("interaction a\n  counts event search\n  price 1\n")[1] == [(2, "needless-word")]
    assert found("interaction a\n  counts every event\n  price 1\n")[1] == [(2, "other-phrase")]


def test_a_mistake_of_the_lexer_is_not_reported_again_by_the_parser() -> None:
    assert found('interaction a\n  counts b with c is null\n  price "1\n')[1] == [
        (2, "foreign-word"),
        (3, "unclosed-text"),
    ]


def test_comments_are_kept_with_their_places() -> None:
    text = "# top  \nruleset a # beside\n\n  # indented\nversion 1\n# last"
    file, _ = parse(Source("example.vpi", text))
    assert [(c.text, c.own_line) for c in file.comments] == [
        ("# top", True),
        ("# beside", False),
        ("# indented", True),
        ("# last", True),
    ]


def test_line_breaks_and_indentation_mean_nothing_in_a_right_file() -> None:
    file, mistakes = found(FILE)
    assert mistakes == []
    flat, mistakes = found(FILE.replace("\n", " "))
    assert mistakes == []
    ragged, mistakes = found(re.sub(r"(\"[^\"]*\")| ", lambda blank: blank[1] or "\n\t", FILE))
    assert mistakes == []
    assert len(flat.declarations) == len(ragged.declarations) == len(file.declarations) == 3


def test_cases_without_their_quotes_are_named_one_by_one() -> None:
    text = "interaction a\n  price by b\n    app 1\n    cap 2\n    plus 3\n    limit 4\n  counts c\n"
    file, mistakes = found(text)
    assert mistakes == [(line, "case-needs-quotes") for line in (4, 5, 6)]
    (interaction,) = file.declarations
    assert isinstance(interaction, syntax.Interaction)
    assert [type(clause) for clause in interaction.clauses] == [syntax.PriceClause, syntax.Counts]
    assert {name for _, name in found("interaction a price by b " + "cap 1 " * 9)[1]} == {"case-needs-quotes"}
