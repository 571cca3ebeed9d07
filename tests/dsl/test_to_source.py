"""The formatter: golden cases, and what is true of every program."""

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import syntax
from dsl.checker import check
from dsl.evaluation import CounterKey, Evaluation
from dsl.interpreter import evaluate
from dsl.parser import parse
from dsl.source import Source
from dsl.to_source import format_file
from dsl.to_source.declarations import clause_rank
from tests.programs import Program, as_event, programs, random_events
from tests.programs.constructs import nodes

PAGE = Path(__file__).with_name("to_source.md").read_text(encoding="utf-8")
CASES = re.findall(r"^## (.+?)\n.*?```vpi\n(.*?)```\n\n```vpi\n(.*?)```$", PAGE, re.MULTILINE | re.DOTALL)
FORMS = {"spelling", "span", "otherwise_span", "source"}
"""Fields in which a formatted file may differ from the file that it was made from."""
LINES = (
    syntax.HeaderLine | syntax.Declaration | syntax.Attribute | syntax.Clause | syntax.Tier | syntax.Case | syntax.Step
)
"""The nodes that have a line of their own in the canonical text."""


def parsed(text: str) -> syntax.File:
    """The file of a text without mistakes."""
    file, diagnostics = parse(Source("example.vpi", text))
    assert [each for each in diagnostics if each.severity == "error"] == []
    return file


def meaning(node: object) -> object:
    """A node without its place and spelling, the clauses of an interaction in canonical order."""
    if isinstance(node, tuple):
        return tuple(meaning(each) for each in node)
    if not isinstance(node, syntax.Node):
        return node
    spelt = isinstance(node, syntax.Number | syntax.Percent)
    found: dict[str, object] = {
        each.name: meaning(getattr(node, each.name))
        for each in fields(node)
        if each.name not in FORMS and not (spelt and each.name == "text")
    }
    if isinstance(node, syntax.Interaction):
        found["clauses"] = meaning(tuple(sorted(node.clauses, key=clause_rank)))
    return type(node).__name__, tuple(found.items())


def anchors(file: syntax.File) -> dict[str, set[object]]:
    """For each comment, by its text, what it stands at: the line that it is behind, within or before.

    A comment between two declarations may close the one or open the other.
    """
    text = file.source.text
    code = list(text)
    for comment in file.comments:
        code[comment.span.start : comment.span.end] = " " * (comment.span.end - comment.span.start)
    lines = sorted(
        (node for node in nodes((*file.header, *file.declarations)) if isinstance(node, LINES)),
        key=lambda node: node.span.start,
    )
    tops = {id(node) for node in (*file.header, *file.declarations)}
    found: dict[str, set[object]] = {}
    for comment in file.comments:
        before = [node for node in lines if node.span.start <= comment.span.start]
        after = [node for node in lines if node.span.start > comment.span.start]
        end = after[0].span.start if after else len(code)
        inside = "".join(code[comment.span.end : end]).strip() != ""
        if before and (not comment.own_line or inside):
            at = {own_words(before[-1])}
        elif after and id(after[0]) not in tops:
            at = {own_words(after[0])}
        else:
            closed = [node for node in before if isinstance(node, syntax.Declaration)][-1:]
            at = {("closing", own_words(node)) for node in closed}
            at.add(own_words(after[0]) if after else "the end")
        found[comment.text] = at
    return found


def own_words(node: syntax.Node) -> object:
    """What tells a line from others, without what has lines of its own."""
    below = {
        id(inner) for each in fields(node) for inner in nodes(getattr(node, each.name)) if isinstance(inner, LINES)
    }
    return type(node).__name__, tuple(
        meaning(value)
        for each in fields(node)
        if each.name not in FORMS
        for value in [getattr(node, each.name)]
        if not any(id(inner) in below for inner in nodes(value))
    )


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_golden(before: str, after: str) -> None:
    """The page's cases, each canonical once it is formatted."""
    assert format_file(parsed(before)) == after
    assert format_file(parsed(after)) == after


def test_every_case_of_the_page_is_read() -> None:
    """No case is lost to the page's form."""
    assert len(CASES) == PAGE.count("\n## ") == PAGE.count("```vpi") / 2


@settings(max_examples=80, deadline=None)
@given(programs())
def test_meaning_and_comments_survive(program: Program) -> None:
    """Formatting keeps the tree, every comment and its place, and is done after one pass."""
    file = parsed(program.text)
    text = format_file(file)
    again = parsed(text)
    assert meaning(again.header) == meaning(file.header)
    assert meaning(again.declarations) == meaning(file.declarations)
    assert Counter(c.text for c in again.comments) == Counter(c.text for c in file.comments)
    stood, stands = anchors(file), anchors(again)
    assert all(stood[text] & stands[text] for text in stood)
    assert format_file(again) == text


@settings(max_examples=25, deadline=None)
@given(programs(), st.integers(0, 2**32 - 1))
def test_no_price_changes(program: Program, seed: int) -> None:
    """Events get the same outcome, units and price from a file and from its canonical text."""
    texts = program.text, format_file(parsed(program.text))
    rulesets = [check(Source("example.vpi", text))[0] for text in texts]
    counters: list[dict[CounterKey, int]] = [{}, {}]
    for raw in random_events(program, Random(seed), 25):
        answers: list[object] = []
        for ruleset, counter in zip(rulesets, counters, strict=True):
            assert ruleset is not None
            answer = evaluate(ruleset, as_event(raw), counter)
            if isinstance(answer, Evaluation):
                counter |= {change.key: change.before + change.delta for change in answer.changes}
                answers.append((answer.outcome, answer.lines, answer.main))
            else:
                answers.append(answer.violations)
        assert answers[0] == answers[1]


@settings(max_examples=40, deadline=None)
@given(programs())
def test_layout(program: Program) -> None:
    """One line break at the end, no blanks at the end of a line, no two blank lines in a row."""
    text = format_file(parsed(program.text))
    assert text.endswith("\n") and not text.startswith("\n")
    lines = text.split("\n")
    assert lines[-1] == "" and lines[-2] != ""
    assert all(line == line.rstrip() for line in lines)
    assert "\n\n\n" not in text
    assert "\t" not in re.sub(r"#.*|\"(\\.|[^\"\\])*\"", "", text)


def test_a_broken_file_is_refused() -> None:
    """What did not parse whole has no canonical text: formatting it would lose what the author wrote."""
    file, diagnostics = parse(Source("example.vpi", "ruleset a\nversion 1\nevent event\n"))
    assert diagnostics and file.broken
    with pytest.raises(ValueError, match="syntax errors"):
        format_file(file)


@pytest.mark.parametrize("text", ["", "\n", " \n\n", "\r\n"])
def test_an_empty_file_stays_empty(text: str) -> None:
    file, _ = parse(Source("example.vpi", text))
    assert format_file(file) == ""
