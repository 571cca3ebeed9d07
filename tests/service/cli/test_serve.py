"""`vpi serve` and `vpi demo` as processes of their own."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import grpc
import pytest

from service.cli.serving import run
from service.cloudevents import parse_event
from service.rpc.convert import message_of
from tests.service.cli.running import RULES, SHOP, finished, no_traceback, process, sale, server, vpi, write_shop
from tests.service.cli.test_workers import alive, children, until
from vpi.v1 import evaluation_pb2, evaluation_pb2_grpc


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    write_shop(tmp_path)
    with server(tmp_path / "rules") as (address, running):
        answer = json.loads(vpi("evaluate", "-", "--server", address, stdin=sale()).stdout)
        assert (answer["price"], answer["duplicate"]) == ("1", False)
        again = json.loads(vpi("evaluate", "-", "--server", address, stdin=sale()).stdout)
        assert (again["price"], again["duplicate"]) == ("1", True)
        running.send_signal(number)
        code, _, said = finished(running)
    assert code == 0
    assert no_traceback(said)


def test_what_it_says_to_people(tmp_path: Path) -> None:
    write_shop(tmp_path)
    for ledger, kept in (
        ([], "in vpi-ledger.db"),
        (["--ledger", "memory:"], "in memory only, and end with the server"),
    ):
        with process("serve", *ledger, "--address", "127.0.0.1:0", cwd=tmp_path) as running:
            assert running.stdout is not None
            line = running.stdout.readline()
            running.send_signal(signal.SIGTERM)
            assert finished(running)[0] == 0
        assert re.fullmatch(rf"serving shop at 127\.0\.0\.1:\d+; evaluations are kept {kept}\n", line)
    assert (tmp_path / "vpi-ledger.db").exists()


def test_rules_with_errors_keep_it_from_starting(tmp_path: Path) -> None:
    """All errors of all files are printed, and nothing listens."""
    write_shop(tmp_path, SHOP.replace("amount > 0", "amont > 0").replace("2% of amount", "2% of amuont"))
    (tmp_path / "rules" / "shop" / "2.vpi").write_text("version 2\n")
    code, out, said = finished(
        process("serve", "--rules", tmp_path / "rules", "--address", "127.0.0.1:0", "--ledger", "memory:")
    )
    assert (code, out) == (1, "")
    assert said.count("error[unknown-attribute]") == 2
    assert "error[missing-header-line]" in said
    assert no_traceback(said)


def test_failing_examples_keep_it_from_starting(tmp_path: Path) -> None:
    write_shop(tmp_path, SHOP + '\nexample "wrong"\n  sale (amount: 50) => sold, 1 unit, 99\n')
    code, out, said = finished(
        process("serve", "--rules", tmp_path / "rules", "--address", "127.0.0.1:0", "--ledger", "memory:")
    )
    assert (code, out) == (1, "")
    assert "error[example-failed]" in said
    assert no_traceback(said)


def test_no_rules(tmp_path: Path) -> None:
    code, out, said = finished(process("serve", "--rules", tmp_path, "--address", "127.0.0.1:0", "--ledger", "memory:"))
    assert (code, out) == (2, "")
    assert said == f"vpi: no rule file (*.vpi) in {tmp_path}\n"


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "nowhere.invalid:0", "256.1.1.1:50051", "[::1:50051", "a:b"])
def test_addresses_that_are_none(tmp_path: Path, address: str) -> None:
    write_shop(tmp_path)
    code, out, said = finished(
        process("serve", "--rules", tmp_path / "rules", "--address", address, "--ledger", "memory:")
    )
    assert (code, out) == (2, "")
    assert address in said.splitlines()[-1]
    assert no_traceback(said)


def test_an_address_in_use(tmp_path: Path) -> None:
    write_shop(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, out, said = finished(
            process("serve", "--rules", tmp_path / "rules", "--address", address, "--ledger", "memory:")
        )
    assert (code, out) == (2, "")
    assert address in said.splitlines()[-1]
    assert no_traceback(said)


# ── a ledger that stays ─────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_it_has_answered_is_there_after_its_end(tmp_path: Path, number: signal.Signals) -> None:
    write_shop(tmp_path)
    ledger = tmp_path / "shop.db"
    with server(tmp_path / "rules", ledger) as (address, running):
        assert not json.loads(vpi("evaluate", "-", "--server", address, stdin=sale()).stdout)["duplicate"]
        running.send_signal(number)
        assert finished(running)[0] == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    with server(tmp_path / "rules", ledger) as (address, _):
        assert json.loads(vpi("evaluate", "-", "--server", address, stdin=sale()).stdout)["duplicate"]
    assert vpi("ledger", "verify", "--ledger", ledger, "--replay").exit_code == 0


def test_a_version_that_has_priced_events_keeps_its_meaning(tmp_path: Path) -> None:
    """A changed one is refused, and nothing listens; one that no entry names may still change."""
    rules = write_shop(tmp_path)
    ledger = tmp_path / "shop.db"
    for text in (SHOP, SHOP.replace("2%", "3%").replace("1.00", "1.50"), SHOP):
        rules.write_text(text)
        with server(tmp_path / "rules", ledger):
            pass
    with server(tmp_path / "rules", ledger) as (address, _):
        assert vpi("evaluate", "-", "--server", address, stdin=sale()).exit_code == 0
    rules.write_text(SHOP.replace("2%", "3%").replace("1.00", "1.50"))
    arguments = ("serve", "--rules", tmp_path / "rules", "--ledger", ledger, "--address", "127.0.0.1:0")
    code, out, said = finished(process(*arguments))
    assert (code, out) == (1, "")
    assert "version 1 of shop was published" in said
    assert "and has priced events, and never changes" in said
    assert no_traceback(said)


def test_without_a_folder_of_rules_the_ledger_s_are_served(tmp_path: Path) -> None:
    write_shop(tmp_path)
    ledger = tmp_path / "shop.db"
    assert vpi("publish", tmp_path / "rules", "--ledger", ledger).exit_code == 0
    with process("serve", "--ledger", ledger, "--address", "127.0.0.1:0", cwd=tmp_path / "rules") as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("serving shop at ")
        running.send_signal(signal.SIGINT)
        assert finished(running)[0] == 0
    code, out, said = finished(process("serve", "--address", "127.0.0.1:0", cwd=tmp_path / "rules"))
    assert (code, out) == (2, "")
    assert said.startswith("vpi: there is nothing to serve: no folder `rules`, no --rules, and ")
    assert list((tmp_path / "rules").iterdir()) == [tmp_path / "rules" / "shop"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mysql://me:secret@host/db", "there is no ledger of the kind `mysql:`"),
        ("rules/shop/1.vpi", "rules/shop/1.vpi can't be opened as a ledger"),
        ("absent/shop.db", "absent/shop.db can't be opened as a ledger"),
        ("", "no ledger is named"),
        (":memory:", "did you mean `memory:`?"),
    ],
)
def test_places_that_hold_no_ledger(tmp_path: Path, place: str, said: str) -> None:
    write_shop(tmp_path)
    for workers in ("1", "2"):
        arguments = ("serve", "--ledger", place, "--address", "127.0.0.1:0", "--workers", workers)
        code, out, told = finished(process(*arguments, cwd=tmp_path))
        assert (code, out, told.count("\n")) == (2, "", 1)
        assert said in told
        assert "secret" not in told


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A call that waits for its ledger holds the first one up. Nobody knows whether its event was recorded: sent again,
    it has been counted once."""
    write_shop(tmp_path)
    ledger = tmp_path / "shop.db"
    with server(tmp_path / "rules", ledger) as (address, running):
        with closing(sqlite3.connect(ledger, isolation_level=None)) as other, grpc.insecure_channel(address) as channel:
            other.execute("BEGIN IMMEDIATE")
            request = evaluation_pb2.EvaluateRequest(event=message_of(parse_event(sale())))
            waiting = evaluation_pb2_grpc.EvaluationServiceStub(channel).Evaluate.future(request, wait_for_ready=True)
            time.sleep(1)
            running.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(1)
            running.send_signal(signal.SIGTERM)
            assert running.wait(5) == -signal.SIGTERM
            assert isinstance(waiting.exception(5), grpc.RpcError)
        with server(tmp_path / "rules", ledger) as (again, _):
            first, second = (json.loads(vpi("evaluate", "-", "--server", again, stdin=sale()).stdout) for _ in range(2))
        assert second == first | {"duplicate": True}
    assert json.loads(vpi("ledger", "stats", "--ledger", ledger, "--json").stdout)["entries"] == 1
    assert vpi("ledger", "verify", "--ledger", ledger, "--replay").exit_code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_process_that_records_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    write_shop(tmp_path)
    with server(tmp_path / "rules", tmp_path / "shop.db") as (_, running):
        (recorder,) = children(running.pid)
        running.send_signal(number)
        until(lambda: not alive(recorder))
        assert no_traceback(finished(running)[2])


def test_told_to_stop_while_another_recorder_starts_it_ends_soon(tmp_path: Path) -> None:
    write_shop(tmp_path)
    with server(tmp_path / "rules", tmp_path / "shop.db") as (_, running):
        (recorder,) = children(running.pid)
        os.kill(recorder, signal.SIGKILL)
        until(lambda: children(running.pid) not in ([], [recorder]))
        (fresh,) = children(running.pid)
        running.send_signal(signal.SIGTERM)
        code, _, said = finished(running)
    assert code == 0
    assert "is killed" not in said
    assert not alive(fresh)
    assert no_traceback(said)


# ── the demo ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_demo(tmp_path: Path, columns: str) -> None:
    """Real calls: what counted, what it cost and why, for one event why not, and what to try next."""
    code, out, said = finished(process("demo", cwd=tmp_path, env={"COLUMNS": columns}))
    assert (code, said) == (0, "")
    assert no_traceback(out)
    for expected in (
        "A server is up at 127.0.0.1:",
        "proptech, versions 1 and 2",
        "counted as voice_search: voice is yes and results ",
        "counted as answered_question",
        "counted as listing",
        "not counted: ",
        "limited: ",
        "sent again: this is its first answer",
        "The bill, all customers together",
        "Why not?",
        "✗ results is 0, needs ≥ 1",
        "member_based",
        "flat_rate",
        "tiered",
        "Try next",
        f"vpi serve --rules {RULES}",
    ):
        assert expected in " ".join(out.split())
    tables = out[out.index("What came back") : out.index("Why not?")]
    assert max(map(len, tables.splitlines())) <= int(columns)
    assert "\x1b" not in out


def test_the_demo_as_json(tmp_path: Path) -> None:
    code, out, said = finished(process("demo", "--json", cwd=tmp_path))
    assert (code, said) == (0, "")
    data = json.loads(out)
    assert set(data["bill"][0]) == {"interaction", "events", "units", "price"}
    assert data["models"][0] == {
        "ruleset": "proptech",
        "lines": sum(line["events"] for line in data["bill"]),
        "price": str(sum(Decimal(line["price"]) for line in data["bill"])),
    }
    assert list(tmp_path.iterdir()) == []


def test_the_server_runs_on_uvloop() -> None:
    async def loop() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(loop()) == "uvloop"
