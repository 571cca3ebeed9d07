"""`vpi ledger` and `vpi doctor`: whether a ledger holds together, a copy of it, and what an installation lacks."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from dsl.zones import DAY
from service.cli import doctor, progress
from service.cli.doctor import Look, examine
from service.cloudevents import parse_event
from service.evaluator import Evaluator
from service.ledger.sqlite import SqliteLedger
from service.publishing import registry_from
from service.times import now
from tests.service.cli.running import data_of, sale, vpi, write_shop


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop's ledger `vpi-ledger.db` in the current folder, with three evaluations and a void."""
    monkeypatch.chdir(tmp_path)
    write_shop(tmp_path)
    assert vpi("publish", "rules").exit_code == 0
    path = tmp_path / "vpi-ledger.db"
    with closing(SqliteLedger(path, now)) as ledger:
        evaluator = Evaluator(registry_from(ledger.published()), ledger, None)
        evaluator.evaluate("shop", [parse_event(sale(f"s{n}")) for n in range(3)])
        evaluator.void("shop", "/till", "s1", "a test")
    return path


def change(path: Path, statement: str) -> None:
    """Changes the file behind the ledger's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount == 1


# ── ledger ──────────────────────────────────────────────────────────────────


def test_a_sound_ledger(ledger: Path) -> None:
    result = vpi("ledger", "verify", "--replay")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("\nnothing wrong\n4 rows priced again: all as recorded\n")
    data = data_of(vpi("ledger", "verify", "--json"))
    assert set(data) == {"ledger", "chains", "findings", "more_findings"}
    assert sum(chain["rows"] for chain in data["chains"]) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", chain["sha256"]) for chain in data["chains"])


def test_a_row_that_was_changed_is_named(ledger: Path) -> None:
    change(
        ledger, """UPDATE entries SET answer = replace(answer, '1000000,"unit"', '2000000,"unit"') WHERE sequence = 2"""
    )
    result = vpi("ledger", "verify")
    assert result.exit_code == 1
    assert "row 2 (" in result.stdout
    assert "was changed after it was recorded" in result.stdout
    data = data_of(vpi("ledger", "verify", "--replay", "--json"))
    assert data["findings"]
    assert data["replay"]["rows"] == 4
    assert data["replay"]["differences"][0].startswith(
        "row 2 (shop, source /till, id s1): it is recorded as sold 2 unit"
    )


def test_a_counter_or_a_sum_that_was_changed_is_found(ledger: Path) -> None:
    change(ledger, "UPDATE usage SET price = '1'")
    result = vpi("ledger", "verify")
    assert result.exit_code == 1
    assert "the usage of sold" in result.stdout


def test_a_backup_is_a_ledger(ledger: Path) -> None:
    result = vpi("ledger", "backup", "copy.db")
    assert result.exit_code == 0
    assert result.stdout.startswith("vpi-ledger.db is copied to copy.db: ")
    assert vpi("ledger", "verify", "--replay", "--ledger", "copy.db").exit_code == 0
    again = vpi("ledger", "backup", "copy.db")
    assert (again.exit_code, again.stdout) == (2, "")
    assert "copy.db is there already" in again.stderr
    assert set(data_of(vpi("ledger", "backup", "other.db", "--json"))) == {"ledger", "target", "bytes"}


def test_how_much_there_is(ledger: Path) -> None:
    data = data_of(vpi("ledger", "stats", "--json"))
    assert (data["entries"], data["voids"], data["refused"], data["versions"]) == (3, 1, 0, 1)
    assert data["details"]["bytes"] == ledger.stat().st_size
    assert re.search(r"^entries +3$", vpi("ledger", "stats").stdout, re.M)


def test_progress_is_told_where_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = progress.Progress("rows")
    quick(1000)
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    slow = progress.Progress("rows")
    slow(1000)
    slow(2000)
    slow.done()
    assert capsys.readouterr().err == "rows: 1,000\n"


# ── doctor ──────────────────────────────────────────────────────────────────


class Found(NamedTuple):
    """Verdicts by what was looked at, and the words."""

    verdicts: dict[str, str]
    words: dict[str, str]


def looked_at(place: str, time: int = 0) -> Found:
    """What the doctor finds, by a clock that stands at a time; without one by the machine's."""
    findings = list(examine(Look(place, (lambda: time) if time else now, {})))
    return Found({one.what: one.verdict for one in findings}, {one.what: one.words for one in findings})


def test_all_is_well(ledger: Path) -> None:
    result = vpi("doctor", VPI_RULESET="shop")
    assert result.exit_code == 0
    assert re.search(r"^ok +rules shop +version 1 is in force, since 2026-01-01T00:00:00Z$", result.stdout, re.M)
    assert re.search(r"^ok +ledger +vpi-ledger.db: 3 evaluations, 1 void, 0 refused events$", result.stdout, re.M)
    assert re.search(r"^ok +setting ruleset +shop \(from VPI_RULESET\)$", result.stdout, re.M)
    assert re.search(r"^ok +setting ledger +vpi-ledger.db \(by default\)$", result.stdout, re.M)
    findings = data_of(vpi("doctor", "--json"))["findings"]
    assert {"vpi", "Python", "grpcio", "protobuf", "SQLite", "time zones"} <= {one["what"] for one in findings}
    assert all(list(one) == ["verdict", "what", "words"] for one in findings)


def test_where_settings_come_from(ledger: Path) -> None:
    Path("vpi.toml").write_text('address = "0.0.0.0:7"\nserver = "elsewhere:7"\n')
    said = vpi("doctor", "--rules", "rules", VPI_SERVER="here:7").stdout
    assert re.search(r"setting address +0\.0\.0\.0:7 \(from vpi\.toml\)", said)
    assert re.search(r"setting server +here:7 \(from VPI_SERVER\)", said)
    assert re.search(r"setting rules +rules \(from the command line\)", said)
    secret = vpi("doctor", "--ledger", "memory:", VPI_LEDGER="postgresql://me:secret@host/db")
    assert "secret" not in secret.stdout


def test_the_last_entry_is_the_last(ledger: Path) -> None:
    with closing(SqliteLedger(ledger, lambda: now() - 7)) as opened:
        last = list(opened.records())[-1].row.recorded
    assert str(last % 1_000_000).strip("0") in looked_at("vpi-ledger.db").words["last entry"]


def test_a_clock_that_went_back_is_a_problem(ledger: Path) -> None:
    found = looked_at("vpi-ledger.db", now() - DAY)
    assert found.verdicts["clock and ledger"] == "problem"
    assert "ahead of this clock" in found.words["clock and ledger"]
    assert looked_at("vpi-ledger.db", 1000).verdicts["clock"] == "problem"
    result = vpi("doctor", "--ledger", "rules/shop/1.vpi")
    assert (result.exit_code, result.stderr) == (1, "")


def test_a_full_disk_is_a_problem(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = os.statvfs(ledger)
    free = room.f_bavail * room.f_frsize
    monkeypatch.setattr(doctor, "LITTLE_BYTES", free * 2)
    assert looked_at("vpi-ledger.db").verdicts["disk"] == "warning"
    monkeypatch.setattr(doctor, "SCARCE_BYTES", free * 2)
    assert looked_at("vpi-ledger.db").verdicts["disk"] == "problem"


@pytest.mark.parametrize(
    ("place", "verdict", "words"),
    [
        ("memory:", "warning", "in memory only"),
        ("absent.db", "warning", "there is none at absent.db yet"),
        ("rules/shop/1.vpi", "problem", "can't be opened as a ledger"),
        ("mysql://me:secret@host/db", "problem", "there is no ledger of the kind `mysql:`"),
    ],
)
def test_a_ledger_that_is_none(ledger: Path, place: str, verdict: str, words: str) -> None:
    found = looked_at(place)
    assert (found.verdicts["ledger"], words in found.words["ledger"]) == (verdict, True)
    assert not Path("absent.db").exists()


def test_rules_that_are_not_in_force_are_told_of(ledger: Path) -> None:
    found = looked_at("vpi-ledger.db", 1_760_000_000 * 1_000_000)
    assert found.verdicts["rules shop"] == "warning"
    assert "no version is in force today; version 1 from 2026-01-01T00:00:00Z" in found.words["rules shop"]
