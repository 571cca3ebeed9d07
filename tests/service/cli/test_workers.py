"""`vpi serve --workers`: several processes on one port over one ledger, and who watches over them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from service.cli.ports import PortTaken, claimed
from service.cli.workers import Patience, Workers
from tests.service.cli.running import finished, no_traceback, process, sale, server, vpi, write_shop

SOON = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.02, most_soon=3, end_seconds=20)
READY = "import sys; sys.stdin.readline(); print('{}', flush=True); "


def python(script: str) -> tuple[str, ...]:
    """A command that runs a script as a worker."""
    return (sys.executable, "-c", script)


def children(parent: int) -> list[int]:
    """The processes that one has started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True, timeout=10).stdout
    pairs = [line.split() for line in listed.splitlines()]
    return [int(pid) for pid, above in pairs if int(above) == parent]


def started(parent: int) -> tuple[list[int], list[int]]:
    """The workers and the recorders that a server has started."""
    commands: dict[int, bytes] = {}
    for pid in children(parent):
        with suppress(OSError):  # it has ended meanwhile
            commands[pid] = Path(f"/proc/{pid}/cmdline").read_bytes()
    found = [[pid for pid, command in commands.items() if name in command] for name in (b"cli.worker", b"cli.recorder")]
    return found[0], found[1]


def until(condition: Callable[[], object]) -> None:
    """Waits until something is so, for twenty seconds at most."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ── the real thing ──────────────────────────────────────────────────────────


def test_workers_share_a_port_and_a_ledger(tmp_path: Path) -> None:
    """Whichever worker answers, an event counts once; one that is killed is replaced, and none is left at the end."""
    write_shop(tmp_path)
    ledger = tmp_path / "shop.db"
    with server(tmp_path / "rules", ledger, "--workers", 2) as (address, running):
        workers, (recorder,) = started(running.pid)
        assert len(workers) == 2
        answers = [json.loads(vpi("evaluate", "-", "--server", address, stdin=sale()).stdout) for _ in range(4)]
        assert [answer["duplicate"] for answer in answers] == [False, True, True, True]

        alone = finished(process("serve", "--rules", tmp_path / "rules", "--ledger", "memory:", "--address", address))
        other = ("--ledger", tmp_path / "other.db", "--workers", 2)
        together = finished(process("serve", "--rules", tmp_path / "rules", *other, "--address", address))
        for code, out, said in (alone, together):
            assert (code, out) == (2, "")
            assert said.endswith(f"vpi: can't listen on {address}: it is in use, or no address of this machine\n")

        os.kill(workers[0], signal.SIGKILL)
        until(lambda: len(set(started(running.pid)[0]) - {workers[0]}) == 2)
        assert json.loads(vpi("evaluate", "-", "--server", address, stdin=sale("s2")).stdout)["price"] == "1"
        os.kill(recorder, signal.SIGKILL)
        until(lambda: len(set(started(running.pid)[1]) - {recorder}) == 1)
        until(lambda: vpi("evaluate", "-", "--server", address, stdin=sale("s3")).exit_code == 0)
        processes = children(running.pid)
        running.send_signal(signal.SIGTERM)
        code, _, said = finished(running)
        assert code == 0
        assert re.search(r"server WARNING vpi\.workers: worker \d ended by SIGKILL; another one starts in", said)
        assert re.search(r"server ERROR vpi\.recorder: the recorder ended with code -9; another one starts in", said)
        assert re.search(r"worker 1 INFO service\.rpc\.server: stopping", said)
        assert no_traceback(said)
        assert not any(map(alive, processes))
    assert vpi("ledger", "verify", "--ledger", ledger, "--replay").exit_code == 0


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    write_shop(tmp_path)
    with server(tmp_path / "rules", tmp_path / "shop.db", "--workers", 2) as (_, running):
        processes = children(running.pid)
        assert len(processes) == 3
        running.kill()
        until(lambda: not any(map(alive, processes)))
        assert no_traceback(finished(running)[2])


def test_settings_are_on_no_list_of_processes(tmp_path: Path) -> None:
    write_shop(tmp_path)
    with server(tmp_path / "rules", tmp_path / "shop.db", "--workers", 2) as (address, running):
        for pid in children(running.pid):
            listed = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
            assert b"shop.db" not in listed
            assert address.encode() not in listed


def test_a_folder_for_its_socket_that_is_too_deep_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(tmp_path)
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    arguments = ("--rules", tmp_path / "rules", "--ledger", tmp_path / "shop.db", "--workers", 2)
    code, out, said = finished(process("serve", *arguments, "--address", "127.0.0.1:0"))
    assert (code, out) == (2, "")
    assert said.endswith("vpi: the path of a socket has at most 100 bytes: set TMPDIR to a shorter one\n")
    assert not any(deep.iterdir())


# ── who watches over them ───────────────────────────────────────────────────


@pytest.fixture
def handlers() -> Iterator[None]:
    """The signals' handlers as they were before."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
async def test_workers_that_die_again_and_again_are_given_up(caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []
    workers = Workers(1, {}, python(READY + "sys.exit(7)"), SOON)
    assert await workers.run(lambda: said.append("ready")) == 1
    assert said == ["ready"]
    assert [record.message.split(";")[0] for record in caplog.records if record.levelname == "WARNING"] == [
        "worker 1 ended with code 7"
    ] * 3
    assert caplog.records[-1].message == "worker 1 ended with code 7, 4 times one after the other: giving up"


@pytest.mark.usefixtures("handlers")
async def test_one_that_says_why_it_can_not_work_is_not_started_again() -> None:
    """The others are told to stop."""
    script = (
        "import sys, json; n = json.loads(sys.stdin.readline())['number']; n == 2 and sys.exit(2); sys.stdin.read()"
    )
    said: list[str] = []
    assert await Workers(3, {}, python(script), SOON).run(lambda: said.append("ready")) == 2
    assert said == []


@pytest.mark.usefixtures("handlers")
async def test_a_second_signal_ends_workers_that_go_on() -> None:
    script = READY + "sys.stdin.read(); import time; time.sleep(60)"

    def twice() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)

    started = time.monotonic()
    assert await Workers(2, {}, python(script), SOON).run(twice) == 1
    assert time.monotonic() - started < 20


@pytest.mark.usefixtures("handlers")
async def test_workers_get_their_number_and_the_settings(tmp_path: Path) -> None:
    script = (
        "import sys, json, pathlib; line = sys.stdin.readline(); "
        "pathlib.Path(json.loads(line)['folder'], str(json.loads(line)['number'])).touch(); "
        + READY.replace("import sys; sys.stdin.readline(); ", "")
        + "sys.stdin.read()"
    )
    settings = {"folder": str(tmp_path)}
    assert await Workers(2, settings, python(script), SOON).run(lambda: os.kill(os.getpid(), signal.SIGTERM)) == 0
    assert sorted(os.listdir(tmp_path)) == ["1", "2"]  # noqa: PTH208 - pathlib's way would block the loop as well


def test_the_wait_doubles_up_to_its_bound() -> None:
    patience = Patience(first_wait_seconds=0.25, longest_wait_seconds=8.0)
    assert [patience.wait_seconds(soon) for soon in (1, 2, 3, 6, 7)] == [0.25, 0.5, 1.0, 8.0, 8.0]


# ── the port ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::]"])
def test_a_claimed_port_is_for_those_that_share_it(host: str) -> None:
    with claimed(f"{host}:0") as address:
        port = int(address.rpartition(":")[2])
        assert port
        with pytest.raises(PortTaken, match="can't listen on"), claimed(address):
            pass
        with socket.socket() as sharing, socket.socket() as alone:
            sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sharing.bind(("127.0.0.1", port))
            sharing.listen()
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                alone.bind(("127.0.0.1", port))
            for _ in range(10):
                socket.create_connection(("127.0.0.1", port), 5).close()
    with claimed(address):
        pass
