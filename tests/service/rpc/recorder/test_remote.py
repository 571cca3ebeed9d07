"""A server's side of its recorder: the real process, what becomes of calls when it ends, and what is left behind."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from google.rpc import code_pb2

from dsl.event import Event
from dsl.zones import SECOND
from service.cli.recorders import COMMAND as RECORDER
from service.cli.serving import run
from service.errors import LedgerUnavailable, QueueFull
from service.evaluator import PLAIN
from service.ledger.sqlite import SqliteLedger
from service.publishing import publish_text
from service.rpc.recorder import remote
from service.rpc.recorder.batches import batch_bytes, response_of
from service.rpc.recorder.frames import Kind, framed
from service.rpc.recorder.remote import CantStart, OwnRecorder
from service.rpc.requests import Asked
from service.rpc.status import Refusal
from service.times import now
from tests.service.rpc.recorder.asking import LONGEST_SECONDS, Observed, one, recorded_ids
from tests.service.rpc.serving import LocalRecorder, clock
from tests.service.rules import FIRST, search
from vpi.v1 import evaluation_pb2 as pb

# A recorder of its own has the machine's clock, by which the rules must be in force and no event may lie ahead.
LONG_AGO = 1_577_836_800 * SECOND
RULES = FIRST.replace("2026-06-01", "2020-01-01")


def on_a_servers_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Runs the test on the event loop that servers have."""

    @wraps(test)
    def running(*arguments: Any, **named: Any) -> None:
        async def bounded() -> None:
            await asyncio.wait_for(test(*arguments, **named), LONGEST_SECONDS)

        run(bounded())

    return running


@pytest.fixture(autouse=True)
def _no_file_is_left_open() -> Iterator[None]:
    run(asyncio.sleep(0))  # the first loop of a process opens what all have in common
    before = open_files()
    yield
    assert open_files() == before


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with rules."""
    made = tmp_path / "ledger.db"
    ledger = SqliteLedger(made, now)
    publish_text(ledger, "shop.vpi", RULES, now)
    ledger.close()
    return made


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """A program that is the recorder; it can be taken away."""
    made = tmp_path / "recorder"
    made.write_text(f"#!/bin/sh\nexec {shlex.join(RECORDER)}\n", encoding="utf-8")
    made.chmod(0o755)
    return made


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Observed]:
    """The ledger of a recorder in a thread."""
    made = Observed(tmp_path / "ledger.db")
    publish_text(made, "shop.vpi", FIRST, clock)
    yield made
    made.close()


def settings(path: Path) -> dict[str, str]:
    return {"ledger": str(path), "who": "recorder"}


def old(event_id: str, **data: Any) -> Event:
    return search(event_id, time=LONG_AGO, **data)


@asynccontextmanager
async def started(recorder: OwnRecorder) -> AsyncIterator[OwnRecorder]:
    """A recorder that can be asked, and is closed at the end."""
    try:
        await recorder.start()
        yield recorder
    finally:
        await asyncio.wait_for(recorder.close(), 10)


async def ask(recorder: OwnRecorder, event: Event) -> pb.Evaluation:
    _, _, payload = one(0, event)
    return pb.EvaluateResponse.FromString(await recorder.ask(Kind.EVALUATE, payload, 1)).evaluation


async def until(condition: Callable[[], object]) -> None:
    """Waits until something is so, that no event tells of."""
    while not condition():  # noqa: ASYNC110 - a log, or another process
        await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_files() -> set[str]:
    """The files and sockets that this process has open, each by its number and name."""
    found = set()
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the folder itself
            found.add(f"{file.name} {file.readlink()}")
    return found


# ── the process ─────────────────────────────────────────────────────────────


@on_a_servers_loop
async def test_it_answers_until_it_is_closed_whatever_signals_it_gets_and_leaves_nothing(path: Path) -> None:
    async with started(OwnRecorder(RECORDER, settings(path))) as recorder:
        assert (await ask(recorder, old("a"))).price == "0.05"
        pid = recorder.pid
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(pid, number)
        asked = Asked("shop", [old("a"), old("b")], PLAIN)
        response = response_of(await recorder.ask(Kind.BATCH, batch_bytes(asked), 2), asked)
        assert [result.evaluation.duplicate for result in response.results] == [True, False]
        with pytest.raises(Refusal) as refusal:
            await ask(recorder, old("c", results=-1))
        assert refusal.value.status.code == code_pb2.INVALID_ARGUMENT
        assert recorder.pid == pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert recorded_ids(path) == ["a", "b"]


@on_a_servers_loop
async def test_one_that_can_not_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    recorder = OwnRecorder(RECORDER, settings(tmp_path / "none.db"))
    with pytest.raises(
        CantStart, match=r"there is no ledger .*none\.db; `vpi serve --ledger .*` or `vpi publish` makes"
    ):
        await recorder.start()
    await recorder.close()
    assert not alive(recorder.pid)


@on_a_servers_loop
async def test_one_that_is_never_started_is_closed_all_the_same() -> None:
    recorder = OwnRecorder(("cat",), {})
    await recorder.close()
    assert not alive(recorder.pid)


def test_one_that_is_of_no_use_after_all_is_ended_at_once() -> None:
    recorder = OwnRecorder(("sleep", "60"), {})
    recorder.discard()
    assert not alive(recorder.pid)


def test_a_program_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        OwnRecorder((str(tmp_path / "none"),), {})


@on_a_servers_loop
async def test_calls_that_wait_when_it_ends_are_in_doubt_and_another_one_answers(
    path: Path, command: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another one is tried for until it can be started."""
    async with started(OwnRecorder((str(command),), settings(path))) as recorder:
        first = recorder.pid
        os.kill(first, signal.SIGSTOP)
        waiting = [asyncio.create_task(ask(recorder, old(event_id))) for event_id in "ab"]
        await asyncio.sleep(0)
        away = await asyncio.to_thread(command.rename, command.with_suffix(".away"))
        os.kill(first, signal.SIGKILL)
        for found in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(found, LedgerUnavailable)
            assert found.in_doubt
        with pytest.raises(LedgerUnavailable, match="is being started again") as caught:
            await ask(recorder, old("c"))
        assert not caught.value.in_doubt
        await until(lambda: "the process that records can't be started: " in caplog.text)
        await asyncio.to_thread(away.rename, command)
        await until(lambda: "events are recorded again" in caplog.text)
        assert [(await ask(recorder, old(event_id))).duplicate for event_id in "abc"] == [False] * 3
        second = recorder.pid
    assert second != first
    assert not alive(second)


@on_a_servers_loop
async def test_it_is_closed_at_once_while_another_one_gets_ready(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with started(OwnRecorder(RECORDER, settings(path))) as recorder:
        first = recorder.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: recorder.pid != first)
    assert not alive(recorder.pid)
    assert "is killed" not in caplog.text
    assert "recorded again" not in caplog.text


@on_a_servers_loop
async def test_it_is_closed_at_once_while_no_other_one_can_be_started(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The program here only says that it is ready."""
    command = tmp_path / "ready"
    ready = "".join(f"\\{byte:03o}" for byte in framed(0, Kind.READY, b""))
    command.write_text(f"#!/bin/sh\nread -r settings\nprintf '{ready}' >&0\nread -r end\n", encoding="utf-8")
    command.chmod(0o755)
    async with started(OwnRecorder((str(command),), {})) as recorder:
        command.unlink()
        os.kill(recorder.pid, signal.SIGKILL)
        await until(lambda: "can't be started: " in caplog.text)
    assert not alive(recorder.pid)


@on_a_servers_loop
async def test_one_that_hangs_is_killed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "END_SECONDS", 0.05)
    recorder = OwnRecorder(("sleep", "60"), {})
    await recorder.close()
    assert not alive(recorder.pid)
    assert "the recorder does not end, and is killed" in caplog.text


SERVER = """
import asyncio, json, sys
from service.cli.recorders import COMMAND as RECORDER
from service.rpc.recorder.remote import OwnRecorder

async def serve():
    recorder = OwnRecorder(RECORDER, json.loads(sys.argv[1]))
    await recorder.start()
    print(recorder.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(serve())
"""


def test_it_ends_by_itself_when_its_server_is_gone(path: Path) -> None:
    server = [sys.executable, "-P", "-c", SERVER, json.dumps(settings(path))]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        assert alive(pid)
        running.kill()
    end = time.monotonic() + LONGEST_SECONDS
    while alive(pid):
        assert time.monotonic() < end
        time.sleep(0.01)


@on_a_servers_loop
async def test_one_that_ends_as_soon_as_it_is_ready_is_not_started_again_and_again(tmp_path: Path) -> None:
    made = tmp_path / "recorder"
    ready = framed(0, Kind.READY, b"")
    script = f"import os; os.read(0, 99); os.write(0, {ready!r}); open('starts', 'a').write('.')"
    made.write_text(f"#!/bin/sh\ncd {tmp_path}\nexec {shlex.join((sys.executable, '-S', '-c', script))}\n")
    made.chmod(0o755)
    recorder = OwnRecorder((str(made),), {})
    with suppress(CantStart):
        await recorder.start()
    await asyncio.sleep(0.5)
    await asyncio.wait_for(recorder.close(), 10)
    assert 1 <= len((tmp_path / "starts").read_text()) <= 6


@on_a_servers_loop
async def test_what_is_asked_in_the_moment_in_which_it_ends_is_in_doubt(
    ledger: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    async with started(LocalRecorder(ledger)) as recorder:
        link = recorder._link
        assert link is not None
        # Calls that are put down before, while and after the connection ends, and go out a turn of the loop later.
        asking = [asyncio.create_task(ask(recorder, search("a")))]
        await asyncio.sleep(0)
        link._transport.abort()
        for _ in range(5):
            asking.append(asyncio.create_task(ask(recorder, search("a"))))
            await asyncio.sleep(0)
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(result) for result in results} == {LedgerUnavailable}
        assert isinstance(results[0], LedgerUnavailable) and results[0].in_doubt
        link._outgoing.append(b"put down in the turn in which the connection ended")
        link._flush()
    assert not [record for record in caplog.records if record.name == "asyncio"]


# ── what waits for answers ──────────────────────────────────────────────────


@on_a_servers_loop
async def test_past_the_bound_on_waiting_events_calls_are_refused(
    ledger: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_WAITING", 3)
    async with started(LocalRecorder(ledger)) as recorder:
        large = Asked("shop", [search(str(n)) for n in range(5)], PLAIN)
        alone = response_of(await recorder.ask(Kind.BATCH, batch_bytes(large), 5), large)
        assert len(alone.results) == 5, "a batch on its own is always taken"
        begun, go_on = ledger.held()
        waiting = [asyncio.create_task(ask(recorder, search(event_id))) for event_id in "abc"]
        await asyncio.to_thread(begun.wait, LONGEST_SECONDS)
        with pytest.raises(QueueFull):
            await ask(recorder, search("d"))
        go_on.set()
        assert [found.event_id for found in await asyncio.gather(*waiting)] == ["a", "b", "c"]
        assert (await ask(recorder, search("d"))).event_id == "d", "what is answered leaves room"


@on_a_servers_loop
async def test_past_the_bound_on_waiting_bytes_calls_are_refused(
    ledger: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_WAITING_BYTES", 1_000)
    async with started(LocalRecorder(ledger)) as recorder:
        assert (await ask(recorder, search("large", query="x" * 4_000))).event_id == "large"
        begun, go_on = ledger.held()
        first = asyncio.create_task(ask(recorder, search("a")))
        await asyncio.to_thread(begun.wait, LONGEST_SECONDS)
        with pytest.raises(QueueFull):
            await ask(recorder, search("b", query="x" * 1_000))
        second = asyncio.create_task(ask(recorder, search("c")))
        go_on.set()
        assert [(await call).event_id for call in (first, second)] == ["a", "c"]
        assert (await ask(recorder, search("b", query="x" * 1_000))).event_id == "b", "what is answered leaves room"


@on_a_servers_loop
async def test_a_caller_who_leaves_harms_nobody_and_what_it_asked_for_is_recorded(
    ledger: Observed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_WAITING", 2)
    async with started(LocalRecorder(ledger)) as recorder:
        begun, go_on = ledger.held()
        leaving, staying = (asyncio.create_task(ask(recorder, search(event_id))) for event_id in "ab")
        await asyncio.to_thread(begun.wait, LONGEST_SECONDS)
        leaving.cancel()
        await asyncio.wait([leaving])
        with pytest.raises(QueueFull):  # its event waits all the same
            await ask(recorder, search("c"))
        go_on.set()
        assert (await staying).event_id == "b"
        assert (await ask(recorder, search("c"))).event_id == "c"
    assert leaving.cancelled()
    assert recorded_ids(tmp_path / "ledger.db") == ["a", "b", "c"]


@on_a_servers_loop
async def test_what_is_asked_in_one_turn_of_the_loop_goes_together(ledger: Observed) -> None:
    async with started(LocalRecorder(ledger)) as recorder:
        await asyncio.gather(*(ask(recorder, search(event_id)) for event_id in "abc"))
    assert ledger.groups == [[["a"], ["b"], ["c"]]]


@on_a_servers_loop
async def test_a_server_that_gives_up_starting_leaves_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = OwnRecorder(("cat",), {})  # it never says that it is ready
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(recorder.start(), 0.05)
    await recorder.close()
    assert not alive(recorder.pid)
    assert "is killed" not in caplog.text
