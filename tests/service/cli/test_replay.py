"""`vpi replay`: files, folders and ledgers, priced by other rules; what is shown, written, and left behind."""

import errno
import json
import os
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import click
import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from service.cli.ledgers import ledger_at
from service.cli.replay_errors import in_words
from service.cli.replay_progress import Working, told
from service.cloudevents import parse_event
from service.evaluator import Evaluator
from service.publishing import registry_from
from service.times import now
from tests.service.cli.running import ROOT, RULES, SHOP, data_of, sale, vpi, write_shop

EVENTS = RULES / "proptech" / "events"
HISTORY = (EVENTS / "2026-06.jsonl", EVENTS / "2026-07.jsonl", EVENTS / "duplicates.jsonl")
DEARER = SHOP.replace("version   1", "version   2").replace("2% of", "3% of").split("\nexample")[0]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every run starts in an empty folder, and makes its own files elsewhere in it."""
    monkeypatch.chdir(tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    return tmp_path


def shop(folder: Path, *lines: str) -> Path:
    """A shop with two versions, and a file of sales."""
    write_shop(folder)
    (folder / "rules" / "shop" / "2.vpi").write_text(DEARER, encoding="utf-8")
    path = folder / "sales.jsonl"
    path.write_text("\n".join(lines or (sale("a", 50), sale("b", 100), sale("c", 0))) + "\n", encoding="utf-8")
    return path


def test_a_headline_says_it_in_plain_words(here: Path) -> None:
    events = shop(here)
    result = vpi("replay", events, "--rules", "shop@2", "--against", "shop@1")
    assert result.exit_code == 0
    first, *_ = result.stdout.splitlines()
    assert first == (
        "shop@2 counts as many events and bills EUR 1.50 more than shop@1; 1 of 1 customer pays more, none pays less."
    )
    assert "2 events of 3 differ: 0 in outcome, 0 in what counts, 0 in units, 2 in price" in result.stdout
    assert "for example\n  sale a of acme (differs in price)\n" in result.stdout
    assert "shop@1: 1 × sold, EUR 1.00: counted as sold: amount 50 > 0; 2% of amount 50 = 1" in result.stdout
    assert list((here / "temporary").iterdir()) == []


def test_four_pricing_models_over_one_history_is_one_command(here: Path) -> None:
    models = ("proptech/2", "member_based/1", "flat_rate/1", "tiered/1")
    first, *others = (str(RULES / f"{name}.vpi") for name in models)
    against = [part for other in others for part in ("--against", other)]
    result = vpi("replay", HISTORY[0], "--rules", first, *against)
    assert result.exit_code == 0
    assert "proptech@2  member_based@1  flat_rate@1  tiered@1" in result.stdout
    data = data_of(vpi("replay", HISTORY[0], "--rules", first, *against, "--json"))
    assert data["events"] == 1150
    assert [one["before"] for one in data["comparisons"]] == ["member_based@1", "flat_rate@1", "tiered@1"]
    for place, one in enumerate(data["sides"]):
        assert Decimal(one["money"]) == sum(
            (Decimal(customer["money"][place]) for customer in data["customers"]["listed"]), Decimal(0)
        )


def test_exit_codes_tell_a_script_whether_anything_differs(here: Path) -> None:
    events = shop(here)
    different = ("replay", events, "--rules", "shop@2", "--against", "shop@1")
    assert vpi(*different).exit_code == 0
    assert vpi(*different, "--fail-on-diff").exit_code == 1
    same = vpi("replay", events, "--rules", "shop@1", "--against", "rules/shop/1.vpi", "--fail-on-diff")
    assert same.exit_code == 0
    assert "price all 3 events alike: EUR 3.00 in all." in same.stdout


def test_a_folder_prices_each_event_by_its_time_and_a_file_prices_all(here: Path) -> None:
    early = sale("old", 100).replace("2026-02", "2025-02")
    events = shop(here, early, sale("new", 100))
    data = data_of(vpi("replay", events, "--rules", "rules", "--against", "shop@1", "--json"))
    assert data["sides"][0]["outcomes"] == {"COUNTED": 1, "NOT_IN_FORCE": 1}
    assert data["sides"][1]["outcomes"] == {"COUNTED": 2}
    assert [one["fixed_version"] for one in data["sides"]] == [0, 1]


def test_both_engines_and_both_orders_show_the_same_shape(here: Path) -> None:
    arguments = (
        "replay",
        *HISTORY[2:],
        "--rules",
        RULES / "proptech/2.vpi",
        "--against",
        RULES / "proptech/1.vpi",
        "--json",
    )
    for order in ("recorded", "time"):
        first, second = (
            data_of(vpi(*arguments, "--engine", engine, "--order", order)) for engine in ("duckdb", "python")
        )
        assert first.pop("engine") != second.pop("engine")
        assert first == second


# ── files that are written ──────────────────────────────────────────────────


def test_every_change_is_written_exactly(here: Path) -> None:
    events = shop(here)
    compare = ("replay", events, "--rules", "shop@2", "--against", "shop@1", "--changes")
    assert vpi(*compare, "changes.jsonl").exit_code == vpi(*compare, "changes.parquet").exit_code == 0
    changes = [json.loads(line) for line in Path("changes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["id"], one["differs_in"]) for one in changes] == [("a", ["price"]), ("b", ["price"])]
    assert changes[0]["before"] == {
        "outcome": "COUNTED",
        "version": 1,
        "interaction": "sold",
        "units": "1",
        "price": "1",
    }
    assert changes[0]["after"]["price"] == "1.5"
    rows = parquet.read_table("changes.parquet").to_pylist()
    assert [(row["id"], row["before_price"], row["after_price"]) for row in rows] == [
        ("a", Decimal(1), Decimal("1.5")),
        ("b", Decimal(2), Decimal(3)),
    ]


def test_a_report_is_one_file(here: Path) -> None:
    events = shop(here)
    assert vpi("replay", events, "--rules", "shop@2", "--against", "shop@1", "--report", "out.html").exit_code == 0
    assert "bills EUR 1.50 more than shop@1" in Path("out.html").read_text(encoding="utf-8")
    assert not list(here.glob(".*"))


def test_prepared_events_are_used_again_only_for_the_same_files(here: Path) -> None:
    events = shop(here, sale("a"), "not an event")
    kept = ("replay", events, "--rules", "shop@2", "--prepared", "kept", "--on-error", "skip", "--json")
    first = vpi(*kept)
    assert first.exit_code == 2
    again = vpi("replay", "--rules", "shop@2", "--prepared", "kept", "--json")
    assert again.exit_code == 2
    assert data_of(again) == data_of(first)
    assert again.stderr == first.stderr
    first_line, *others = first.stderr.splitlines()
    assert first_line.startswith(f"vpi: {events}:2: not JSON")
    assert (first_line.endswith(" (skipped)"), others) == (True, ["vpi: 1 row left out"])
    assert data_of(vpi(*kept)) == data_of(first)
    events.write_text(sale("b") + "\n", encoding="utf-8")
    changed = vpi(*kept)
    assert changed.exit_code == 2
    assert "kept was prepared from other events" in changed.stderr


def test_prepared_events_remember_what_nobody_could_read(here: Path) -> None:
    shop(here)
    whole = here / "some.parquet"
    columns = ("id", "source", "type", "subject", "time")
    parquet.write_table(pa.table({name: [json.loads(sale())[name]] for name in columns}), whole)
    (here / "cut.parquet").write_bytes(whole.read_bytes()[:-9])
    first = vpi("replay", "*.parquet", "--rules", "shop@1", "--prepared", "kept", "--on-error", "skip", "--json")
    again = vpi("replay", "--rules", "shop@1", "--prepared", "kept", "--json")
    assert (first.exit_code, again.exit_code) == (2, 2)
    assert data_of(again) == data_of(first)
    assert data_of(again)["left_out"] == {"rows": 0, "unread": 1}
    assert again.stderr == first.stderr
    assert again.stderr.endswith("\nvpi: 1 file not read to the end\n")


def test_a_table_of_a_spreadsheet_is_a_history_too(here: Path) -> None:
    shop(here)
    rows = [
        "id,source,type,subject,time,amount",
        *(f"s{n},/till,sale,acme,2026-02-01T10:00:00Z,{n}.5" for n in range(4)),
    ]
    Path("sales.csv").write_text("\r\n".join(rows) + "\r\n", encoding="utf-8-sig")
    lines = [sale(f"s{n}", n + 0.5) for n in range(4)]
    Path("same.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    compare = ("--rules", "shop@2", "--against", "shop@1", "--json")
    first, second = (data_of(vpi("replay", name, *compare)) for name in ("sales.csv", "same.jsonl"))
    assert first == second
    assert (first["events"], first["sides"][1]["money"]) == (4, "0.16")


# ── a ledger ────────────────────────────────────────────────────────────────


@pytest.fixture
def ledger(here: Path) -> Path:
    """A ledger with the shop's first version and three sales."""
    events = shop(here)
    place = here / "ledger.db"
    assert vpi("publish", here / "rules" / "shop" / "1.vpi", "--ledger", place).exit_code == 0
    record(place, events)
    return place


def record(place: Path, events: Path) -> None:
    """Records events of a file as a server does."""
    with ledger_at(str(place)) as ledger:
        evaluator = Evaluator(registry_from(ledger.published()), ledger, now)
        evaluator.evaluate("shop", [parse_event(line) for line in events.read_bytes().splitlines()])


def test_a_ledger_gives_every_recorded_price_again(ledger: Path) -> None:
    result = vpi("replay", ledger, "--rules", "shop@1", "--fail-on-diff")
    assert result.exit_code == 0
    assert result.stdout.startswith("shop@1 gives all 3 recorded prices again: EUR 3.00 in all.")


def test_what_a_ledger_recorded_otherwise_is_named(ledger: Path) -> None:
    result = vpi("replay", ledger, "--rules", "shop@2", "--fail-on-diff", "--json")
    assert result.exit_code == 1
    (pair,) = data_of(result)["comparisons"]
    assert (pair["before"], pair["differing"]["price"]) == ("the ledger", 2)
    assert [sample["event"]["id"] for sample in pair["samples"]] == ["a", "b"]
    assert pair["samples"][0]["before"]["reason"] == "counted as sold: amount 50 > 0"


def test_a_ledger_of_one_price_list_is_priced_by_another(ledger: Path) -> None:
    other = write_shop(Path("elsewhere"), SHOP.replace("shop", "kiosk").replace("2% of", "1% of").split("\nexample")[0])
    other = other.parent.rename("rules/kiosk") / "1.vpi"
    assert vpi("publish", other, "--ledger", ledger).exit_code == 0
    unclear = vpi("replay", ledger, "--rules", "kiosk@1")
    assert (unclear.exit_code, unclear.stdout, unclear.stderr) == (
        2, "", "vpi: the ledger has no evaluations of kiosk; it has rulesets: kiosk, shop; name one with --ruleset\n"
    )  # fmt: skip
    assert vpi("replay", ledger, "--rules", "kiosk@1", VPI_RULESET="shop").exit_code == 2
    clear = vpi("replay", ledger, "--rules", "kiosk@1", "--ruleset", "shop")
    assert clear.stdout.startswith("kiosk@1 counts as many events and bills EUR 1.50 less than the ledger; ")
    several = vpi("replay", "sales.jsonl", "--rules", "rules")
    assert several.stderr == "vpi: rules has several rulesets: kiosk, shop; name one with --ruleset\n"


def test_what_was_taken_back_is_told(ledger: Path) -> None:
    gone = ("b", "--source", "/till", "--reason", "sent back", "--ledger", ledger)
    assert vpi("void", *gone).exit_code == 0
    result = vpi("replay", ledger, "--rules", "shop@1")
    assert result.stdout.startswith("shop@1 gives all 4 recorded prices again: EUR 1.00 in all.")
    assert "1 evaluation was taken back: the void gives back what its event costs by these rules." in result.stdout
    data = data_of(vpi("replay", ledger, "--rules", "shop@2", "--json"))
    (pair,) = data["comparisons"]
    before = [(one["event"]["id"], one["before"]["outcome"], one["before"]["price"]) for one in pair["samples"]]
    assert sorted(before) == [
        ("a", "COUNTED", "1"),
        ("b", "COUNTED", "2"),
        ("b", "VOIDED", "-2"),
    ]
    assert [side["counted"] for side in data["sides"]] == [1, 1]


def test_what_was_refused_may_be_taken_by_other_rules(ledger: Path) -> None:
    Path("more.jsonl").write_text(sale("large", 5000) + "\n", encoding="utf-8")
    record(ledger, Path("more.jsonl"))
    rules = Path("rules/shop/2.vpi")
    rules.write_text(rules.read_text(encoding="utf-8").replace("to 1_000", "to 10_000"), encoding="utf-8")
    assert vpi("replay", ledger, "--rules", "shop@1", "--fail-on-diff").exit_code == 0
    data = data_of(vpi("replay", ledger, "--rules", "shop@2", "--json"))
    assert data["refused"] == {"included": 1, "recorded_later": 0, "ahead_of_time": 0}
    assert [side["outcomes"].get("REFUSED", 0) for side in data["sides"]] == [0, 1]
    assert Decimal(data["sides"][0]["money"]) == Decimal("154.5")


def test_a_history_without_events_is_no_mistake(here: Path) -> None:
    shop(here)
    Path("none.csv").write_text("id,source,type,subject,time\n", encoding="utf-8")
    result = vpi("replay", "none.csv", "--rules", "shop@1")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("shop@1 counts 0 of 0 events and bills EUR 0.00.\n\nrules")
    assert "customer" not in result.stdout


# ── what can't be used ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere",), "nowhere names no file of events (*.jsonl, *.ndjson, *.json, *.csv, *.parquet) and no ledger"),
        ((), "name the events"),
        (("sales.jsonl", "--against", "shop@9"), "no version 9 of shop"),
        (("sales.jsonl", "--report", "x.pdf"), "the file's name ends in .html"),
        (("sales.jsonl", "--changes", "x.csv"), "the file's name ends in .jsonl or .parquet"),
        (("sales.jsonl", "--changes", "x.jsonl"), "what differs from other rules: name those with --against"),
        (("sales.jsonl", "--fail-on-diff"), "something to differ from: name it with --against or --expect"),
        (("sales.jsonl", "--against", "shop@1"), "--against shop@1: these rules are named twice"),
        (("sales.jsonl", "--against", "shop"), "no such file or folder: shop; did you mean rules/shop?"),
        (("sales.jsonl", "--report", "no/x.html"), "can't write no/x.html: no such file or directory"),
        (("sales.jsonl", "--memory", "much"), "--memory much is no size"),
        (("sales.jsonl", "ledger.db"), "a ledger is read by itself"),
        (("--prepared", "rules"), "rules holds no prepared events"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(here: Path, arguments: tuple[str, ...], sentence: str) -> None:
    shop(here)
    (here / "ledger.db").write_bytes(b"SQLite format 3\0")
    result = vpi("replay", *arguments, "--rules", "shop@1")
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    assert list((here / "temporary").iterdir()) == []


def test_a_row_that_is_no_event_stops_it_or_is_named(here: Path) -> None:
    events = shop(here, sale("a"), "{", sale("b"))
    stopped = vpi("replay", events, "--rules", "shop@1")
    assert (stopped.exit_code, stopped.stdout) == (2, "")
    assert "sales.jsonl:2: not JSON" in stopped.stderr
    assert stopped.stderr.endswith("; --on-error skip leaves it out and goes on\n")
    skipped = vpi("replay", events, "--rules", "shop@1", "--on-error", "skip", "--json")
    assert skipped.exit_code == 2
    assert "sales.jsonl:2: not JSON" in skipped.stderr
    data = data_of(skipped)
    assert (data["events"], data["sides"][0]["counted"], len(data["broken"])) == (2, 2, 1)


STRANGE = "subject=a[1]*{b,c}'"
"""To DuckDB a pattern, and a column of what lies there."""


def test_folders_may_have_any_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = shop(here, sale("a"), sale("b"), sale("b"))
    temporary, work = here / "temporary" / STRANGE, here / f"{STRANGE}?"
    for folder in (temporary, work):
        folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(work)
    rules = ("--rules", here / "rules/shop/2.vpi", "--against", here / "rules/shop/1.vpi", "--json")
    for more in ((events, "--update"), ("--engine", "python"), ()):
        golden = f"{STRANGE}?*.parquet"
        data = data_of(vpi("replay", *more, *rules, "--prepared", f"{STRANGE}?", "--expect", golden))
        assert data["expected"]["totals"] == []
        assert data["sides"][0]["outcomes"] == {"COUNTED": 2, "DUPLICATE": 1}
        assert [one["subject"] for one in data["customers"]["listed"]] == ["acme"]
    assert sorted(path.name for path in work.iterdir()) == [f"{STRANGE}?", f"{STRANGE}?*.parquet"]
    assert list(temporary.iterdir()) == []


def test_names_that_engines_take_for_others_are_refused_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = shop(here)
    kept = vpi("replay", events, "--rules", "shop@1", "--prepared", "back\\slash")
    why = f"vpi: can't work in {here}/back\\slash: there is `\\` in its name; name another with --prepared\n"
    assert (kept.exit_code, kept.stderr) == (2, why)
    (here / "temporary" / "what?").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(here / "temporary" / "what?"))
    asked = vpi("replay", events, "--rules", "shop@1")
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert asked.stderr.endswith("what?: there is `?` in its name; name another with TMPDIR\n")
    (here / "temporary" / "a,b").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(here / "temporary" / "a,b"))
    by_spark = vpi("replay", events, "--rules", "shop@1", "--engine", "spark")
    assert by_spark.stderr.endswith("a,b: there is `,` in its name; name another with TMPDIR\n")
    assert vpi("replay", events, "--rules", "shop@1").exit_code == 0


def test_prepared_events_that_were_damaged_are_named(here: Path) -> None:
    events = shop(here)
    kept = ("--rules", "shop@1", "--prepared", "kept")
    assert vpi("replay", events, *kept).exit_code == 0
    file = Path("kept/events-00000.parquet")
    file.write_bytes(file.read_bytes()[:-9])
    for engine in ("duckdb", "python"):
        damaged = vpi("replay", *kept, "--engine", engine)
        assert (damaged.exit_code, damaged.stdout) == (2, "")
        assert damaged.stderr == (
            "vpi: kept is not as it was prepared: its file events-00000.parquet has changed; prepare the events again\n"
        )
    file.unlink()
    gone = vpi("replay", *kept)
    assert gone.stderr == (
        "vpi: kept is not as it was prepared: its file events-00000.parquet is missing; prepare the events again\n"
    )


@pytest.mark.parametrize("blocks", [1, 8])
def test_a_file_that_may_not_grow_ends_it_in_a_sentence(here: Path, blocks: int) -> None:
    events = shop(here)
    command = [sys.executable, "-c", "from service.cli.main import main; main(prog_name='vpi')"]
    limited = ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "bash", *command, "replay", str(events)]
    done = subprocess.run(
        [*limited, "--rules", "shop@1"],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}", "TMPDIR": str(here / "temporary")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("vpi: ")
    assert done.stderr.lower().endswith("file too large\n")
    assert list((here / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: "),
        (duckdb.IOException('IO Error: Could not write file "x": No space left on device'), "the disk is full: "),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to offload data block"), "2GB of memory is too"),
        (duckdb.OutOfMemoryException("Out of Memory Error: no\nset by the 'max_temp_directory_size'"), "2GB of memory"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "can't use x: permission denied"),
        (duckdb.Error("TransactionContext Error: IO Error: Went\nmore"), "DuckDB could not go on: Went"),
    ],
)
def test_what_stops_it_from_outside_is_said_in_words(error: duckdb.Error | OSError, sentence: str) -> None:
    assert in_words(error, "2GB").startswith(sentence)


def test_without_the_extra_it_says_what_to_install(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "service.cli.replaying", raising=False)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    result = vpi("replay", "x", "--rules", shop(here))
    assert result.exit_code == 2
    assert result.stderr == (
        "vpi: `vpi replay` needs the extra `replay`: `pip install 'vpi[replay]'`, "
        "or in a checkout `make install-test`\n"
    )


# ── progress ────────────────────────────────────────────────────────────────


def test_progress_tells_rate_and_time_left() -> None:
    assert told("pricing", 50_000, 200_000, 5) == (
        "pricing: 50,000 of about 200,000 events, 10,000 a second, about 15 s left"
    )
    assert told("pricing", 0, 100, 3, 10) == "pricing: 3 s, about 7 s left"
    assert told("pricing", 0, 100, 3) == "pricing: 3 s"
    assert told("reading", 60, 0, 600) == "reading: 60 events, 0 a second"


def test_progress_is_said_on_standard_error_only_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.cli.replay_progress.QUIET_SECONDS", 0.01)
    said: list[str] = []
    monkeypatch.setattr(click, "echo", lambda text, **options: said.append(text) if options["err"] else None)
    with Working("reading", 10) as working:
        working(5)
        deadline = time.monotonic() + 10
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)
    assert said[0].startswith("reading: 5 of about 10 events")
