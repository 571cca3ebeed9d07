"""What the READMEs say is so: their rule files run, their table rows check, their commands end well, their links lead
somewhere, and their lists are the real ones."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cache
from itertools import islice
from pathlib import Path

import click
import pytest

from dsl import core, examples, interpreter, words
from dsl.checker import amounts, check, events, intervals, operands
from dsl.diagnostics import Severity, grammar, lexical, show
from dsl.evaluation import Evaluation
from dsl.event import Event
from dsl.source import Source
from dsl.to_python import compile_ruleset
from dsl.zones import zone_names
from service.cli.main import COMMANDS, main
from service.cloudevents import MalformedEvent, parse_event
from service.evaluator import Evaluator
from service.ledger.sqlite import SqliteLedger
from service.loading import check_files, find
from service.publishing import publish_files, registry_from
from service.times import now
from tests.pages import PAGES, ROOT, Page, RuleFile, Table, anchor, read, spans

PAGE = {page.name: page for page in map(read, PAGES)}
LANGUAGE = PAGE["dsl/README.md"]
RUN = [rule for page in (PAGE["README.md"], LANGUAGE) for rule in page.rules]
"""tests/rules runs those of rules/README.md."""
IMAGINED = ("rules/tours/", "rules/shop/", "event.json")
"""What the pages tell of as the reader's own."""
SHOWN_AS = "rules/shop/1.vpi"
PATH = re.compile(r"[\w.*-]*(/[\w.*-]+)*(/|\.py|\.pyi|\.md|\.vpi|\.proto|\.lark|\.json|\.jsonl|\.yaml)")


def run_examples(text: str) -> None:
    """Fails unless a rule file without an error has examples and they come out, interpreted and compiled."""
    ruleset, found = check(Source(SHOWN_AS, text))
    assert ruleset is not None, "\n".join(show(d, Source(SHOWN_AS, text)) for d in found)
    assert ruleset.examples, "a rule file without an example shows nothing"
    compiled = compile_ruleset(ruleset)
    for evaluate in (lambda e, c: interpreter.evaluate(ruleset, e, c), compiled.evaluate):
        failures = examples.run(ruleset, evaluate)
        assert not failures, "\n".join(f"{f.example}, step {f.step + 1}: {f.message}" for f in failures)


# ── rule files ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", RUN, ids=lambda rule: rule.name)
def test_a_rule_file_does_what_the_page_says(rule: RuleFile) -> None:
    source = Source(SHOWN_AS, rule.text)
    ruleset, found = check(source)
    short = "".join(f"{d.severity}[{d.id}]: {d.message}\n" for d in found)
    whole = "".join(f"{show(d, source)}\n" for d in found)
    assert rule.expected == (whole if rule.expected.startswith(SHOWN_AS) else short)
    if ruleset is not None:
        run_examples(rule.text)


def test_the_pages_show_rule_files() -> None:
    assert len(PAGE["README.md"].rules) >= 1
    assert len(LANGUAGE.rules) >= 12
    assert any(rule.expected.startswith(SHOWN_AS) for rule in LANGUAGE.rules)


@pytest.mark.parametrize("results", [3, 0])
def test_the_first_page_gives_the_reasons_that_the_service_gives(results: int) -> None:
    ruleset, _ = check(Source(SHOWN_AS, PAGE["README.md"].rules[0].text))
    assert ruleset is not None
    data: dict[str, object] = {"voice": True, "results": results, "channel": "app"}
    event = Event("1", "test", "search", "customer", ruleset.effective, data)
    evaluation = interpreter.evaluate(ruleset, event, {})
    assert isinstance(evaluation, Evaluation)
    assert f"*{evaluation.reason}*" in " ".join(PAGE["README.md"].prose.split())


# ── the tables of the language reference ────────────────────────────────────


def forms(head: str) -> Iterator[tuple[str, str, Table]]:
    """Each span in the first cells of the tables with that head, with the table and the name of its first event."""
    tables = [table for table in LANGUAGE.tables if table.head[0] == head]
    assert tables
    for table in tables:
        declared = re.search(r"^event (\S+)", table.prelude, re.M)
        for row in table.rows:
            for span in spans(row[0]):
                yield span, declared[1] if declared else "", table


def check_form(prelude: str, text: str, most: Severity | None = None) -> None:
    """Fails if the checker says anything of a prelude with a text, or anything as grave as an error."""
    source = Source("row.vpi", f"{prelude}\n{text}\n")
    said = [show(d, source) for d in check(source)[1] if most is None or d.severity is not most]
    assert not said, f"{text}\n" + "\n".join(said)


def test_conditions_of_the_tables_are_conditions() -> None:
    for condition, event, table in forms("condition"):
        check_form(table.prelude, f"interaction row counts {event} with {condition} price 1")


def test_numbers_of_the_table_are_numbers() -> None:
    for number, event, table in forms("number"):
        check_form(table.prelude, f"interaction row counts {event} price is {number}")


def test_types_and_attributes_of_the_tables_are_those() -> None:
    header = "ruleset shop version 1 effective 2026-07-01\ncurrency EUR\n"
    kinds = {span.split(" from ")[0] for span, _, _ in forms("type")}
    assert {kind.split(" of ")[0] if kind.startswith("one of") else kind for kind in kinds} == {
        kind.removesuffix(" of") for kind in words.TYPES
    }
    for kind, _, _ in forms("type"):
        check_form(header, f"event row a {kind}")
    for attribute, _, _ in forms("declared"):
        check_form(header, f"event row {attribute}")


def test_lines_of_the_header_are_its_lines() -> None:
    lines = [span for span, _, _ in forms("line")]
    assert tuple(line.split()[0] for line in lines) == words.HEADER
    check_form("", "\n".join(lines))


def test_clauses_of_the_tables_are_clauses() -> None:
    for table in LANGUAGE.tables:
        if table.head[0] == "clause":
            for row in table.rows:
                check_form(table.prelude, f"interaction row {' '.join(spans(row[0]))} price 1")


PRICES = [(row, table.prelude) for table in LANGUAGE.tables if table.head[0] == "price" for row in table.rows]


@pytest.mark.parametrize(("row", "prelude"), PRICES, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_a_price_of_the_tables_comes_to_what_stands_beside_it(row: tuple[str, ...], prelude: str) -> None:
    (given,) = spans(row[1])
    minutes = re.search(r"minutes: ([\d_.]+)", given)
    units = minutes[1] if minutes else "1"
    run_examples(
        f"{prelude}\ninteraction row counts call as minutes minutes price {' '.join(spans(row[0]))}\n"
        f'example "row" call ({given}) => row, {units} minutes, {row[2]}\n'
    )


def test_the_lists_of_words_are_those_of_the_language() -> None:
    told = [spans(row[1]) for row in LANGUAGE.table("words").rows]
    real = [words.HARD, words.RESERVED, words.SOFT, words.QUOTED_AS_CASE, words.NOT_A_UNIT]
    assert told == [sorted(each) for each in real]


def test_the_limits_are_those_of_the_code() -> None:
    told = {row[0]: int(row[1].replace(",", "")) for row in LANGUAGE.table("what").rows}
    assert told == {
        "bytes of a file": lexical.LARGEST_FILE,
        "words, numbers and signs of a file": lexical.LONGEST_FILE,
        "interactions": grammar.MOST_INTERACTIONS,
        "event types": events.MOST_EVENTS,
        "attributes of an event": grammar.MOST_ATTRIBUTES,
        "attributes of all events together": events.MOST_ATTRIBUTES_TOGETHER,
        "words of a list": grammar.MOST_WORDS,
        "cases of a price": grammar.MOST_WORDS,
        "tiers of a price": grammar.MOST_TIERS,
        "steps of a calculation or condition that build on each other": grammar.MOST_STEPS,
        "parentheses in each other": lexical.DEEPEST_NESTING,
        "characters of a name or word": lexical.LONGEST_NAME,
        "digits of a number that is written out": lexical.LONGEST_NUMBER,
        "digits of a calculation": intervals.MOST_DIGITS,
        "places of a number that is written out or rounded": operands.MOST_PLACES,
        "digits of a rate or percentage before the point": amounts.RATE_DIGITS,
        "digits of flat amounts, bounds and caps before the point": amounts.FLAT_DIGITS,
        "digits of a rate or amount after the point": amounts.MONEY_DIGITS_AFTER,
        "digits of a percentage after the point": amounts.PERCENT_PLACES,
        "units of one event": core.MOST_UNITS // core.UNIT,
        "units of a running total": core.MOST_TOTAL // core.UNIT,
        "mistakes that are shown": grammar.MOST_ERRORS,
    }


CARRYING = [
    ("once per number per month", "limit 9 per number per month", True),
    ("once per number per month", "once per number", False),
    ("once per number per month", "once per number per day", False),
    ("limit 2 per number, kind per day", "limit 2 per kind, number per day", True),
    ("limit 2 per number per day", "limit 2 per country per day", False),
    ("cap 5.00 per month", "cap 9.00 per month", True),
    ("cap 5.00 per month", "cap 5.00 per week", False),
    ("cap 5.00 per month", "cap 5.00 per number per month", False),
    ("price per month first 10 free then at 1", "price per month by volume up to 5 at 2 above at 3", True),
    ("price per month first 10 free then at 1", "price 10.00 per started 5 calls per month", False),
    ("price 1.00 per started 5 calls per month", "price 2.00 per full 7 call per month", True),
    ("price per month first 10 free then at 1", "price per number per month first 10 free then at 1", False),
    (
        "price per month first 1 free then at 1",
        "price by kind voice per month first 1 free then at 1 otherwise 2",
        False,
    ),
    (
        "price by kind voice per month first 1 free then at 1 otherwise 2",
        "price by kind video 3 voice per month first 5 free then at 1 otherwise 2",
        True,
    ),
    (
        "price by kind video 3 otherwise per month first 1 free then at 1",
        "price by kind voice per month first 1 free then at 1 otherwise 2",
        False,
    ),
]


@pytest.mark.parametrize(("before", "after", "carries"), CARRYING)
def test_what_carries_over_is_what_the_table_says(before: str, after: str, carries: bool) -> None:
    assert [row[0] for row in LANGUAGE.table("total").rows] == ["a limit", "a running total", "of one case", "a cap"]
    prelude = next(table.prelude for table in LANGUAGE.tables if table.head[0] == "price")
    moved = []
    for clause in (before, after):
        priced = clause if clause.startswith("price") else f"{clause} price 1"
        ruleset, found = check(Source("row.vpi", f"{prelude}\ninteraction row counts call {priced}"))
        assert ruleset is not None, found
        event = Event("1", "test", "call", "customer", ruleset.effective, {})
        evaluation = interpreter.evaluate(ruleset, event, {})
        assert isinstance(evaluation, Evaluation)
        moved.append({change.key for change in evaluation.changes})
    assert moved[0]
    assert (moved[0] == moved[1]) is carries


# ── commands ────────────────────────────────────────────────────────────────


def commands(page: Page) -> list[str]:
    """The commands that a page shows, in blocks and in backticks, without the remarks behind them."""
    lines = [re.sub(r"\s+# .*", "", line) for line in page.plain] + page.spans
    return [line.removeprefix(".venv/bin/") for line in lines if re.match(r"(\.venv/bin/)?(vpi|make) \S", line)]


SHOWN = sorted({command for page in PAGE.values() for command in commands(page)})
VPI = [command for command in SHOWN if command.startswith("vpi ")]
UNENDING = ("vpi serve", "vpi demo", "vpi new-version tours")
"""Not run here: a server runs until it is stopped, a test of its own runs the demo, and the tours are the reader's."""
RUNNABLE = [command for command in VPI if len(command.split()) > 2 and not command.startswith(UNENDING)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rules that ship, one of their events in a file of its own, and all of them in a ledger."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "rules", folder / "rules")
    with (ROOT / "rules/proptech/events/2026-07.jsonl").open(encoding="utf-8") as lines:
        first = next(lines)
        (folder / "event.json").write_text(first, encoding="utf-8")
        events = []
        for line in (first, *islice(lines, 500)):
            with suppress(MalformedEvent):
                events.append(parse_event(line))
    with closing(SqliteLedger(folder / "vpi-ledger.db", now)) as ledger:
        publish_files(ledger, check_files(find([str(folder / "rules")], folder)), now)
        Evaluator(registry_from(ledger.published()), ledger, None).evaluate("proptech", events)
    return folder


@pytest.mark.parametrize("command", RUNNABLE)
def test_a_command_ends_well(command: str, checkout: Path) -> None:
    program = Path(sys.executable).with_name("vpi")
    done = subprocess.run(
        [program, *shlex.split(command)[1:]], cwd=checkout, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("command", VPI)
def test_a_command_is_understood(command: str) -> None:
    name, *arguments = shlex.split(command)[1:]
    if name.startswith("--"):
        return
    found = main.get_command(click.Context(main), name)
    assert found is not None, name
    if name in {"serve", "demo"}:
        found.make_context(name, arguments)


def test_targets_of_make_are_in_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    shown = [command.split()[1] for command in SHOWN if command.startswith("make ")]
    assert shown
    assert not {target for target in shown if "=" not in target} - set(targets)


def test_the_pages_show_commands() -> None:
    assert {command.split()[1] for command in RUNNABLE} >= {"check", "evaluate", "explain", "fmt", "test"}


# ── links, paths and lists ──────────────────────────────────────────────────


@pytest.mark.parametrize("page", PAGE.values(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        if link.startswith("https://"):
            continue
        target, _, part = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        assert path.exists(), link
        assert not part or part in map(anchor, read(path).headings), link


@pytest.mark.parametrize("page", PAGE.values(), ids=lambda page: page.name)
def test_paths_are_there(page: Page) -> None:
    beside = ROOT if page.path.parent == ROOT else page.path.parent.parent
    there = [path for path in below(ROOT) if path.is_relative_to(beside)]
    for span in page.spans:
        if not PATH.fullmatch(span):
            continue
        if span not in zone_names() and not span.startswith(IMAGINED):
            assert any(path.match(span) for path in there) or (ROOT / span).exists(), span


@cache
def below(folder: Path) -> list[Path]:
    """All files and folders below a folder but the hidden ones."""
    found = []
    for path in folder.iterdir():
        if not path.name.startswith(".") and path.name != "node_modules":
            found += [path, *below(path)] if path.is_dir() else [path]
    return found


def test_the_changelog_names_every_command() -> None:
    changes = (ROOT / "README.md").read_text("utf-8").partition("## Changelog")[2]
    (line,) = re.findall(r"^- (`vpi .*)$", changes, re.M)
    assert sorted(span.removeprefix("vpi ") for span in spans(line)) == sorted(COMMANDS)


def test_the_table_of_the_service_names_every_module() -> None:
    folder = ROOT / "service"
    told = {name for row in PAGE["service/README.md"].table("module").rows for cell in row for name in spans(cell)}
    real = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if path.name != "__init__.py"}
    folders = tuple(name for name in told if name.endswith("/"))
    assert {name for name in told if name.endswith(".py") and not name.startswith(folders)} == {
        name for name in real if not name.startswith(folders)
    }
    assert all((folder / name).exists() for name in told if "/" in name)
