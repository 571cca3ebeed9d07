"""The rules that ship check without a word, their examples pass, and they price the shipped events as those expect."""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from dsl import interpreter
from dsl.diagnostics import Severity, show
from dsl.evaluation import Evaluation, Outcome
from dsl.examples import run
from dsl.nouns import with_number
from dsl.numbers import format_money, format_units
from dsl.parser import parse
from dsl.rulesets import Checked as Sound
from dsl.rulesets import check_place
from dsl.source import Source
from dsl.to_source import format_file
from service.cloudevents import MalformedEvent, parse_event
from service.errors import EventRefused, IdTaken, NoVersionInForce, ServiceError
from service.evaluator import Evaluator
from service.ledger.interface import Answer, Entry
from service.ledger.memory import MemoryLedger
from service.loading import Checked, check_files, check_text, find, registry_of
from service.times import now

RULES = Path(__file__).resolve().parents[2] / "rules"
EVENTS = RULES / "proptech" / "events"
PATHS = find([str(RULES)], RULES)
NAMES = [str(path.relative_to(RULES)) for path in PATHS]
README = (RULES / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```vpi\n(.*?)^```$", README, re.M | re.S)
RULESETS = ("flat_rate", "member_based", "proptech", "tiered")
MONTHS = ("2026-06.jsonl", "2026-07.jsonl")


@pytest.fixture(scope="module")
def shipped() -> dict[str, Checked]:
    """Every shipped rule file by its path below `rules/`, checked together with the others."""
    return dict(zip(NAMES, check_files(PATHS), strict=True))


@pytest.fixture
def evaluator(shipped: dict[str, Checked]) -> Evaluator:
    """The shipped rules over an empty ledger."""
    return Evaluator(registry_of(list(shipped.values())), MemoryLedger(now), clock=None)


def diagnostics(checked: Checked) -> list[str]:
    """All that is said of a file, as it would be shown."""
    return [show(diagnostic, checked.source) for diagnostic in checked.diagnostics]


def failures(checked: Checked) -> list[str]:
    """The examples that do not come out as expected."""
    ruleset = checked.ruleset
    assert ruleset is not None, "\n".join(diagnostics(checked))
    failed = run(ruleset, lambda event, counters: interpreter.evaluate(ruleset, event, counters))
    return [show(failure.diagnostic, checked.source) for failure in failed]


def canonical(source: Source) -> str:
    """The text as the formatter writes it."""
    return format_file(parse(source)[0])


def lines(name: str) -> list[bytes]:
    """The lines of a file of events."""
    return (EVENTS / name).read_bytes().removesuffix(b"\n").split(b"\n")


def answers(evaluator: Evaluator, ruleset: str, sent: Iterable[bytes]) -> Iterator[Answer | Exception]:
    """The answer for each line, in order, or why there is none."""
    for line in sent:
        try:
            yield from evaluator.evaluate(ruleset, [parse_event(line)])
        except (MalformedEvent, ServiceError) as error:
            yield error


def outcome(answer: Answer | Exception) -> str:
    """What became of an event, as the shipped events' `expect` says it."""
    match answer:
        case Entry(evaluation=evaluation):
            return evaluation_text(evaluation)
        case NoVersionInForce():
            return "no version"
        case IdTaken():
            return "conflict"
        case EventRefused() | MalformedEvent():
            return "refused"
        case _:
            raise AssertionError(answer)


def evaluation_text(evaluation: Evaluation) -> str:
    """An evaluation in the words of a rule's example."""
    words = {Outcome.NOT_COUNTED: "nothing", Outcome.LIMITED: "limited", Outcome.UNKNOWN_EVENT: "unknown"}
    if evaluation.outcome in words:
        return words[evaluation.outcome]
    return " and ".join(
        f"{line.interaction}, {with_number(format_units(line.units), line.noun)}, {format_money(line.price)}"
        for line in evaluation.lines
    )


def price(answer: Answer | Exception) -> Decimal:
    """The price of an event that was accepted."""
    assert isinstance(answer, Entry), answer
    return sum((Decimal(format_money(line.price)) for line in answer.evaluation.lines), Decimal(0))


# ── the files ───────────────────────────────────────────────────────────────


def test_the_rulesets_that_ship() -> None:
    assert sorted(NAMES) == [
        "flat_rate/1.vpi", "member_based/1.vpi", "proptech/1.vpi", "proptech/2.vpi", "tiered/1.vpi"
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_file_checks_without_error_or_warning(shipped: dict[str, Checked], name: str) -> None:
    checked = shipped[name]
    assert diagnostics(checked) == []
    assert checked.ruleset is not None
    path = Path(name)
    assert check_place(Sound(checked.source, checked.ruleset), path.parent.name, path.stem) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_file_has_examples_of_every_kind_and_they_pass(shipped: dict[str, Checked], name: str) -> None:
    assert failures(shipped[name]) == []
    ruleset = shipped[name].ruleset
    assert ruleset is not None
    steps = [step for example in ruleset.examples for step in example.steps]
    assert {line.interaction for step in steps for line in step.lines} == {i.name for i in ruleset.interactions}
    assert "refused" in {step.word for step in steps}
    assert len(ruleset.examples) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_formatted(shipped: dict[str, Checked], name: str) -> None:
    assert canonical(shipped[name].source) == shipped[name].source.text


def test_the_condition_of_the_business_case_stands_as_it_is_spoken(shipped: dict[str, Checked]) -> None:
    for name in ("proptech/1.vpi", "proptech/2.vpi"):
        assert re.search(r"^ +counts +search with voice and ≥1 result$", shipped[name].source.text, re.M)


def test_all_read_the_same_events_in_one_currency_and_zone(shipped: dict[str, Checked]) -> None:
    rulesets = [checked.ruleset for checked in shipped.values() if checked.ruleset is not None]
    assert len(rulesets) == len(NAMES)
    assert all(ruleset.events == rulesets[0].events for ruleset in rulesets)
    assert {(ruleset.currency, ruleset.zone) for ruleset in rulesets} == {("USD", "America/New_York")}


# ── the guide ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("index", range(len(BLOCKS)))
def test_a_rule_of_the_guide_checks_and_passes(index: int) -> None:
    checked = check_text("README.md", BLOCKS[index])
    assert [d for d in checked.diagnostics if d.severity is Severity.ERROR] == [], diagnostics(checked)
    assert failures(checked) == []
    assert canonical(checked.source) == BLOCKS[index]


def test_the_guide_shows_rules_and_names_every_ruleset() -> None:
    assert len(BLOCKS) >= 3
    assert set(re.findall(r"^\| \[`([a-z_]+)`\]\(", README, re.M)) == set(RULESETS)


def test_the_guides_bill_is_what_the_months_come_to(evaluator: Evaluator) -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ([\d.]+) \| ([\d.]+) \|$", README, re.M)
    told = {name: (Decimal(june), Decimal(july)) for name, june, july in rows}
    billed = {
        name: tuple(sum(map(price, answers(evaluator, name, lines(month))), Decimal(0)) for month in MONTHS)
        for name in RULESETS
    }
    assert told == billed


# ── the events ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ruleset", RULESETS)
@pytest.mark.parametrize("name", [*MONTHS, "late.jsonl"])
def test_ordinary_events_are_all_accepted_and_known(evaluator: Evaluator, ruleset: str, name: str) -> None:
    seen = [outcome(answer) for answer in answers(evaluator, ruleset, lines(name))]
    assert not {"refused", "unknown", "no version", "conflict"} & set(seen)
    assert any("," in each for each in seen)


def test_the_version_in_force_at_its_own_time_prices_an_event(evaluator: Evaluator) -> None:
    for name, version in (("2026-06.jsonl", 1), ("2026-07.jsonl", 2), ("late.jsonl", 1)):
        for answer in answers(evaluator, "proptech", lines(name)):
            assert isinstance(answer, Entry)
            assert answer.version == version


def test_every_edge_comes_out_as_reckoned_by_hand(evaluator: Evaluator) -> None:
    sent = lines("edges.jsonl")
    for line, answer in zip(sent, answers(evaluator, "proptech", sent), strict=True):
        event = json.loads(line)
        assert outcome(answer) == event["expect"], (event["id"], event["note"])


def test_what_nearly_spells_an_attribute_is_warned_of(evaluator: Evaluator) -> None:
    sent = [line for line in lines("edges.jsonl") if b"a warning" in line]
    assert len(sent) == 3
    for answer in answers(evaluator, "proptech", sent):
        assert isinstance(answer, Entry)
        assert "did you mean" in answer.evaluation.warnings[0]


def test_duplicates_get_their_first_answer_and_other_content_a_refusal(evaluator: Evaluator) -> None:
    for name in MONTHS:
        list(answers(evaluator, "proptech", lines(name)))
    sent = lines("duplicates.jsonl")
    for line, answer in zip(sent, answers(evaluator, "proptech", sent), strict=True):
        expect = json.loads(line)["expect"]
        if isinstance(answer, Entry):
            assert expect == ("duplicate" if answer.duplicate else "new"), line
        else:
            assert outcome(answer) == expect, line


@pytest.mark.parametrize("ruleset", RULESETS)
def test_nothing_malformed_is_priced(evaluator: Evaluator, ruleset: str) -> None:
    sent = lines("malformed.jsonl")
    expected = ["unknown" if b'"expect": "unknown"' in line else "refused" for line in sent]
    got = [outcome(answer) for answer in answers(evaluator, ruleset, sent)]
    assert [(line, e, g) for line, e, g in zip(sent, expected, got, strict=True) if e != g] == []
