"""`vpi replay --expect` and `--update`: golden runs, written once, compared ever after."""

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyarrow import parquet

from dsl.numbers import format_money, format_units
from service.cli.ledgers import ledger_at
from service.cloudevents import parse_event
from service.evaluator import Evaluator
from service.publishing import registry_from
from service.replay.expected import MOST_NAMED, _text
from service.times import now
from tests.service.cli.running import RULES, SHOP, data_of, sale, vpi, write_shop

DEARER = SHOP.replace("version   1", "version   2").replace("2% of", "3% of").split("\nexample")[0]
EVENTS = RULES / "proptech" / "events"
HISTORY = (EVENTS / "2026-06.jsonl", EVENTS / "duplicates.jsonl")
RUN = ("replay", "sales.jsonl", "--rules", "shop@1")
FILES = ("golden.jsonl", "golden.parquet")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop in a folder of its own, with two versions and four sales; the last counts as nothing."""
    monkeypatch.chdir(tmp_path)
    write_shop(tmp_path)
    (tmp_path / "rules" / "shop" / "2.vpi").write_text(DEARER, encoding="utf-8")
    sell(sale("a", 50), sale("b", 100), sale("b", 100), sale("c", 0))
    return tmp_path


def sell(*lines: str) -> None:
    """Other sales."""
    Path("sales.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def lines_of(path: str) -> list[dict[str, Any]]:
    """The lines of a file, parsed."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


# ── the file ────────────────────────────────────────────────────────────────


def test_it_holds_totals_first_and_every_event_that_is_not_simply_nothing() -> None:
    result = vpi(*RUN, "--expect", "golden.jsonl", "--update")
    assert result.exit_code == 0
    assert result.stdout.endswith("\ngolden.jsonl is written\n")
    sold = {"source": "/till", "type": "sale", "customer": "acme", "outcome": "COUNTED", "interaction": "sold"}
    assert lines_of("golden.jsonl") == [
        {
            "expected": 1,
            "ruleset": "shop",
            "order": "recorded",
            "events": 4,
            "currency": "EUR",
            "money": "3",
            "outcomes": {"COUNTED": 2, "NOT_COUNTED": 1, "DUPLICATE": 1},
        },
        {"interaction": "sold", "events": 2, "units": "2", "money": "3"},
        {"customer": "acme", "events": 2, "money": "3"},
        {"event": "a", **sold, "units": "1", "price": "1"},
        {"event": "b", **sold, "units": "1", "price": "2"},
        {"event": "b", "source": "/till", "again": 2, "type": "sale", "customer": "acme", "outcome": "DUPLICATE"},
    ]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("engine", ["duckdb", "python"])
def test_a_run_meets_what_it_wrote_itself_by_any_engine(name: str, engine: str) -> None:
    run = ("replay", *HISTORY, "--rules", RULES / "proptech", "--expect", name)
    assert vpi(*run, "--update").exit_code == 0
    first = Path(name).read_bytes()
    result = vpi(*run, "--engine", engine)
    assert result.exit_code == 0
    assert result.stdout.endswith(f"\n{name}: everything is as expected\n")
    assert vpi(*run, "--engine", engine, "--update").exit_code == 0
    assert name.endswith(".parquet") or Path(name).read_bytes() == first


def test_events_with_several_lines_keep_them_all() -> None:
    vpi("replay", *HISTORY, "--rules", RULES / "proptech", "--expect", "golden.jsonl", "--update")
    vpi("replay", *HISTORY, "--rules", RULES / "proptech", "--expect", "golden.parquet", "--update")
    events = [line for line in lines_of("golden.jsonl") if "event" in line]
    rows = parquet.read_table("golden.parquet").to_pylist()
    kept = [{name: value for name, value in row.items() if value is not None} for row in rows]
    assert kept == [{"event": None, "again": 1} | event for event in events]


def test_amounts_are_written_as_everywhere_else() -> None:
    chance = random.Random(5)
    amounts = [0, 1, -1, 10**17, -(10**18), 10**30 + 10, *(chance.randrange(-(10**24), 10**24) for _ in range(300))]
    with duckdb.connect() as database:
        for amount in amounts:
            for places, form in ((18, format_money), (6, format_units)):
                query = f"SELECT {_text(f'CAST({amount} AS HUGEINT)', places)}"
                assert database.execute(query).fetchall() == [(form(amount),)]


# ── comparing ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", FILES)
def test_what_differs_is_named_with_its_why(name: str) -> None:
    vpi(*RUN, "--expect", name, "--update")
    before = Path(name).read_bytes()
    result = vpi("replay", "sales.jsonl", "--rules", "shop@2", "--expect", name)
    assert result.exit_code == 1
    assert result.stdout[result.stdout.index(name) :] == (
        f"{name}: 2 events differ from what is expected\n"
        "  in all: money 4.5 instead of 3\n"
        "  sold: money 4.5 instead of 3\n"
        "  sale a of acme\n"
        "    expected: 1 × sold, EUR 1\n"
        "    came: 1 × sold, EUR 1.5: counted as sold: amount 50 > 0\n"
        "  sale b of acme\n"
        "    expected: 1 × sold, EUR 2\n"
        "    came: 1 × sold, EUR 3: counted as sold: amount 100 > 0\n"
    )
    assert Path(name).read_bytes() == before


@pytest.mark.parametrize("name", FILES)
def test_events_that_came_or_went_are_told(name: str) -> None:
    vpi(*RUN, "--expect", name, "--update")
    sell(sale("new", 50), sale("b", 0), sale("c", 10))
    result = vpi(*RUN, "--expect", name, "--json")
    assert result.exit_code == 1
    met = data_of(result)["expected"]
    told = {(one["event"], one["again"]): (one["expected"], one["came"]) for one in met["first"]}
    assert met["differing"] == 5
    assert told["new", 1][0] is None
    assert told["new", 1][1]["price"] == "1"
    assert told["a", 1][1] is None
    assert told["b", 1][1]["outcome"] == "NOT_COUNTED"
    assert told["b", 2][1] is None
    assert (told["c", 1][0], told["c", 1][1]["price"]) == (None, "0.2")
    shown = vpi(*RUN, "--expect", name).stdout
    assert "  sale new of acme\n    expected: nothing\n    came: 1 × sold, EUR 1: counted as sold" in shown
    assert "  sale b of acme\n    expected: 1 × sold, EUR 2\n    came: nothing: not counted" in shown
    assert (
        "  sale b of acme (2. with this id)\n    expected: DUPLICATE\n    came: no such event in the history" in shown
    )


def test_the_plain_data_tells_all() -> None:
    vpi(*RUN, "--expect", "golden.jsonl", "--update")
    met = data_of(vpi("replay", "sales.jsonl", "--rules", "shop@2", "--expect", "golden.jsonl", "--json"))["expected"]
    sold = {"type": "sale", "customer": "acme", "outcome": "COUNTED", "interaction": "sold", "units": "1"}
    assert met["first"][0] == {
        "event": "a",
        "source": "/till",
        "again": 1,
        "expected": sold | {"price": "1"},
        "came": sold | {"price": "1.5"},
        "reason": "counted as sold: amount 50 > 0",
    }
    assert (met["file"], met["written"], met["totals"]) == (
        "golden.jsonl",
        False,
        ["in all: money 4.5 instead of 3", "sold: money 4.5 instead of 3"],
    )


def test_only_the_first_differences_are_named() -> None:
    sell(*(sale(f"s{number}") for number in range(30)))
    vpi(*RUN, "--expect", "golden.jsonl", "--update")
    result = vpi("replay", "sales.jsonl", "--rules", "shop@2", "--expect", "golden.jsonl")
    assert result.stdout.count("expected: 1 × sold") == MOST_NAMED
    assert result.stdout.endswith("  and 20 more events\n")


def test_a_total_that_somebody_changed_by_hand_is_seen() -> None:
    vpi(*RUN, "--expect", "golden.jsonl", "--update")
    path = Path("golden.jsonl")
    path.write_text(path.read_text(encoding="utf-8").replace('"acme", "events": 2', '"acme", "events": 7'), "utf-8")
    result = vpi(*RUN, "--expect", "golden.jsonl")
    assert result.exit_code == 1
    assert "golden.jsonl: totals differ from what is expected\n  acme: events 2 instead of 7\n" in result.stdout


def test_an_update_tells_how_much_it_changed() -> None:
    vpi(*RUN, "--expect", "golden.jsonl", "--update")
    again = ("replay", "sales.jsonl", "--rules", "shop@2", "--expect", "golden.jsonl")
    result = vpi(*again, "--update")
    assert result.exit_code == 0
    assert result.stdout.endswith("golden.jsonl is written; 2 events differ from what it held before\n")
    assert vpi(*again).exit_code == 0


def test_it_goes_along_with_another_comparison() -> None:
    vpi(*RUN, "--expect", "golden.jsonl", "--update")
    result = vpi(*RUN, "--against", "shop@2", "--expect", "golden.jsonl")
    assert result.exit_code == 0
    assert "everything is as expected" in result.stdout
    assert vpi(*RUN, "--against", "shop@2", "--expect", "golden.jsonl", "--fail-on-diff").exit_code == 1


def test_skipped_rows_are_not_forgotten_over_it() -> None:
    sell(sale("a"), "{")
    result = vpi(*RUN, "--on-error", "skip", "--expect", "golden.jsonl", "--update")
    assert result.exit_code == 2
    assert "vpi: 1 row left out\n" in result.stderr
    assert vpi(*RUN, "--on-error", "skip", "--expect", "golden.jsonl").exit_code == 2


def test_of_a_ledger_a_void_is_a_line_of_its_own(here: Path) -> None:
    place = here / "ledger.db"
    assert vpi("publish", "rules/shop/1.vpi", "--ledger", place).exit_code == 0
    with ledger_at(str(place)) as ledger:
        events = [parse_event(line) for line in Path("sales.jsonl").read_bytes().splitlines()]
        Evaluator(registry_from(ledger.published()), ledger, now).evaluate("shop", events)
    assert vpi("void", "b", "--source", "/till", "--reason", "sent back", "--ledger", place).exit_code == 0
    run = ("replay", place, "--rules", "shop@1", "--expect", "golden.jsonl")
    assert vpi(*run, "--update").exit_code == 0
    head, sold, acme, *_, void = lines_of("golden.jsonl")
    assert (head["money"], head["outcomes"]) == ("1", {"COUNTED": 2, "NOT_COUNTED": 1, "VOIDED": 1})
    assert sold == {"interaction": "sold", "events": 1, "units": "1", "money": "1"}
    assert acme == {"customer": "acme", "events": 1, "money": "1"}
    told = {name: void[name] for name in ("event", "again", "outcome", "units", "price")}
    assert told == {"event": "b", "again": 2, "outcome": "VOIDED", "units": "-1", "price": "-2"}
    assert vpi(*run, "--engine", "python").exit_code == 0


# ── files that can't be used ────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--expect", "golden.jsonl"), "golden.jsonl is not there yet: write it with --update"),
        (("--expect", "golden.txt"), "golden.txt: the file's name ends in .jsonl or .parquet"),
        (("--update",), "--update writes the file of --expect: name that file as well"),
        (("--expect", "broken.jsonl"), "broken.jsonl:2 can't be read: it is not JSON; put the file right, or write it"),
        (("--expect", "odd.jsonl"), "odd.jsonl:2 can't be read: it is no line that `vpi replay --expect` writes"),
        (
            ("--expect", "list.jsonl"),
            "list.jsonl was not written by `vpi replay --expect`; name another file, or remove it",
        ),
        (
            ("--expect", "conflict.jsonl"),
            "conflict.jsonl:1 can't be read: it is not JSON; put the file right, or write",
        ),
        (("--expect", "empty.jsonl"), "empty.jsonl is empty; write it anew with --update"),
        (("--expect", "broken.parquet"), "broken.parquet is no Parquet file that can be read"),
        (("--expect", "changes.parquet"), "changes.parquet was not written by `vpi replay --expect`"),
        (("--expect", "time.jsonl"), "time.jsonl was written with --order time, and this is --order recorded"),
        (("--expect", "no/where.jsonl", "--update"), "can't write no/where.jsonl: no such file or directory"),
    ],
)
def test_it_is_said_in_a_sentence(here: Path, arguments: tuple[str, ...], sentence: str) -> None:
    head = json.dumps({"expected": 1, "order": "recorded"})
    Path("broken.jsonl").write_text(f"{head}\n<<<<<<< HEAD\n", encoding="utf-8")
    Path("odd.jsonl").write_text(f'{head}\n{{"event": "a", "again": "x"}}\n', encoding="utf-8")
    Path("list.jsonl").write_text("[1]\n", encoding="utf-8")
    Path("conflict.jsonl").write_text(f"<<<<<<< HEAD\n{head}\n", encoding="utf-8")
    Path("empty.jsonl").write_bytes(b"")
    Path("broken.parquet").write_bytes(b"PAR1")
    Path("time.jsonl").write_text(head.replace("recorded", "time"), encoding="utf-8")
    if "changes.parquet" in arguments:
        vpi(*RUN, "--against", "shop@2", "--changes", "changes.parquet")
    result = vpi(*RUN, *arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert not list(here.glob(".*"))


def test_a_file_that_cannot_be_read_is_written_anew_where_it_is_told() -> None:
    assert vpi(*RUN, "--expect", "golden.jsonl", "--update").exit_code == 0
    written = Path("golden.jsonl").read_text(encoding="utf-8")
    for damaged in (f"<<<<<<< HEAD\n{written}", f"{written}>>>>>>> other\n", ""):
        Path("golden.jsonl").write_text(damaged, encoding="utf-8")
        assert vpi(*RUN, "--expect", "golden.jsonl", "--update").exit_code == 0
        assert Path("golden.jsonl").read_text(encoding="utf-8") == written


@pytest.mark.parametrize("name", ["others.jsonl", "others.parquet"])
def test_what_is_something_else_is_left_alone(name: str) -> None:
    """A wrong name after `--expect` must not cost anyone a file."""
    Path(name).write_text("mine\n", encoding="utf-8")
    result = vpi(*RUN, "--expect", name, "--update")
    assert result.exit_code == 2
    assert "name another file, or remove it" in " ".join(result.stderr.split())
    assert Path(name).read_text(encoding="utf-8") == "mine\n"


@pytest.mark.parametrize("option", [("--expect", "./sales.jsonl", "--update"), ("--changes", "sales.jsonl")])
def test_what_is_read_is_not_written(option: tuple[str, ...]) -> None:
    before = Path("sales.jsonl").read_bytes()
    result = vpi(*RUN, "--against", "shop@2", *option)
    assert result.exit_code == 2
    assert f"{option[0]} {option[1]} is one of the EVENTS; name another file" in " ".join(result.stderr.split())
    assert Path("sales.jsonl").read_bytes() == before


def test_two_results_do_not_share_a_file() -> None:
    result = vpi(*RUN, "--against", "shop@2", "--expect", "one.jsonl", "--update", "--changes", "one.jsonl")
    assert result.exit_code == 2
    assert "--changes and --expect are both one.jsonl; name two files" in " ".join(result.stderr.split())
