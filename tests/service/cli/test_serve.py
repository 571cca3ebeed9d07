"""`vpi serve` and `vpi demo` as processes of their own."""

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.service.cli.running import RULES, SHOP, finished, no_traceback, process, sale, server, vpi, write_shop


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
    with process("serve", "--rules", tmp_path / "rules", "--address", "127.0.0.1:0") as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        assert finished(running)[0] == 0
    assert line.startswith("serving shop at 127.0.0.1:")


def test_rules_with_errors_keep_it_from_starting(tmp_path: Path) -> None:
    """All errors of all files are printed, and nothing listens."""
    write_shop(tmp_path, SHOP.replace("amount > 0", "amont > 0").replace("2% of amount", "2% of amuont"))
    (tmp_path / "rules" / "shop" / "2.vpi").write_text("version 2\n")
    code, out, said = finished(process("serve", "--rules", tmp_path / "rules", "--address", "127.0.0.1:0"))
    assert (code, out) == (1, "")
    assert said.count("error[unknown-attribute]") == 2
    assert "error[missing-header-line]" in said
    assert no_traceback(said)


def test_failing_examples_keep_it_from_starting(tmp_path: Path) -> None:
    write_shop(tmp_path, SHOP + '\nexample "wrong"\n  sale (amount: 50) => sold, 1 unit, 99\n')
    code, out, said = finished(process("serve", "--rules", tmp_path / "rules", "--address", "127.0.0.1:0"))
    assert (code, out) == (1, "")
    assert "error[example-failed]" in said
    assert no_traceback(said)


def test_no_rules(tmp_path: Path) -> None:
    code, out, said = finished(process("serve", "--rules", tmp_path, "--address", "127.0.0.1:0"))
    assert (code, out) == (2, "")
    assert said == f"vpi: no rule file (*.vpi) in {tmp_path}\n"


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "nowhere.invalid:0", "256.1.1.1:50051", "[::1:50051", "a:b"])
def test_addresses_that_are_none(tmp_path: Path, address: str) -> None:
    write_shop(tmp_path)
    code, out, said = finished(process("serve", "--rules", tmp_path / "rules", "--address", address))
    assert (code, out) == (2, "")
    assert address in said.splitlines()[-1]
    assert no_traceback(said)


def test_an_address_in_use(tmp_path: Path) -> None:
    write_shop(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, out, said = finished(process("serve", "--rules", tmp_path / "rules", "--address", address))
    assert (code, out) == (2, "")
    assert address in said.splitlines()[-1]
    assert no_traceback(said)


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
