"""One recorder between several servers: they share its transactions, and whoever goes or comes disturbs nobody."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_UNIX, socket
from threading import Thread

import pytest

from service.errors import LedgerUnavailable
from service.publishing import evaluator_of, publish_text
from service.rpc.recorder import remote
from service.rpc.recorder.frames import Kind
from service.rpc.recorder.loop import Recorder
from service.rpc.recorder.remote import CantStart, SharedRecorder
from tests.service.rpc.recorder.asking import LONGEST_SECONDS, Connection, Observed, evaluation_in, one, recorded_ids
from tests.service.rpc.serving import clock
from tests.service.rules import FIRST, search
from vpi.v1 import evaluation_pb2 as pb

SOCKET = "recorder.socket"
"""In the current folder: the path of a socket must be short."""


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Observed]:
    """A ledger with rules, in the current folder."""
    monkeypatch.chdir(tmp_path)
    made = Observed(tmp_path / "ledger.db")
    publish_text(made, "shop.vpi", FIRST, clock)
    yield made
    made.close()


@contextmanager
def listening(ledger: Observed) -> Iterator[Thread]:
    """A recorder in a thread that listens, until the block ends and with it the lifeline."""
    lifeline, held = os.pipe()
    with socket(AF_UNIX) as listener:
        listener.bind(SOCKET)
        listener.listen()
        thread = Thread(target=lambda: Recorder(evaluator_of(ledger, clock)).listen(listener, lifeline), daemon=True)
        thread.start()
        try:
            yield thread
        finally:
            os.close(held)
            thread.join(LONGEST_SECONDS)
            os.close(lifeline)
            Path(SOCKET).unlink()
    assert not thread.is_alive()


def connected(recorder: Thread) -> Connection:
    """A server that has been told that it may ask."""
    ours = socket(AF_UNIX)
    ours.connect(SOCKET)
    connection = Connection(ours, recorder)
    assert connection.next() == (0, Kind.READY, b"")
    return connection


def test_calls_of_several_servers_share_a_transaction_and_each_gets_its_own_answer(ledger: Observed) -> None:
    with listening(ledger) as recorder:
        first, second = connected(recorder), connected(recorder)
        begun, go_on = ledger.held()
        first.send(one(1, search("a")))
        assert begun.wait(LONGEST_SECONDS)
        # Both number their calls from 1.
        first.send(one(2, search("b")))
        second.send(one(1, search("c")), one(2, search("d", results=0)))
        go_on.set()
        assert [evaluation_in(first.next()).event_id for _ in range(2)] == ["a", "b"]
        assert [evaluation_in(second.next()).event_id for _ in range(2)] == ["c", "d"]
        assert ledger.groups[0] == [["a"]]
        assert sorted(ledger.groups[1]) == [["b"], ["c"], ["d"]]
        first.ours.close()
        second.ours.close()


def test_a_server_that_goes_leaves_the_others_and_what_it_asked(ledger: Observed, tmp_path: Path) -> None:
    with listening(ledger) as recorder:
        goes, stays = connected(recorder), connected(recorder)
        begun, go_on = ledger.held()
        goes.send(one(1, search("a")))
        assert begun.wait(LONGEST_SECONDS)
        goes.send(one(2, search("b")))
        goes.ours.close()
        go_on.set()
        (frame,) = stays.ask(one(1, search("c")))
        assert evaluation_in(frame).event_id == "c"
        comes = connected(recorder)
        (frame,) = comes.ask(one(1, search("a")))
        assert evaluation_in(frame).duplicate
        stays.ours.close()
        comes.ours.close()
    assert sorted(map(str, recorded_ids(tmp_path / "ledger.db"))) == ["a", "b", "c"]


def test_its_end_closes_all_connections(ledger: Observed) -> None:
    with listening(ledger) as recorder:
        connection = connected(recorder)
    assert connection.ours.recv(1) == b""
    connection.ours.close()


async def ask(recorder: SharedRecorder, event_id: str) -> pb.Evaluation:
    _, _, request = one(0, search(event_id))
    return pb.EvaluateResponse.FromString(await recorder.ask(Kind.EVALUATE, request, 1)).evaluation


async def test_a_server_comes_to_the_recorder_that_takes_the_place_of_another(
    ledger: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = SharedRecorder(SOCKET)
    with listening(ledger):
        await recorder.start()
        assert not (await ask(recorder, "a")).duplicate
    for _ in range(1_000):
        if recorder._link is None:
            break
        await asyncio.sleep(0.005)
    with pytest.raises(LedgerUnavailable, match="is being started again"):
        await ask(recorder, "a")
    with listening(ledger):
        assert recorder._restarting is not None
        await recorder._restarting
        assert (await ask(recorder, "a")).duplicate
        await recorder.close()
    assert [record.message for record in caplog.records if record.name == "vpi.recorder"] == [
        "the process that records has ended",
        "events are recorded again",
    ]


async def test_where_nobody_listens_it_says_so(ledger: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LONGEST_WAIT_SECONDS", 0.05)
    recorder = SharedRecorder(SOCKET)
    with pytest.raises(CantStart, match=r"nobody listens at recorder\.socket: no such file or directory"):
        await recorder.start()
    await recorder.close()
