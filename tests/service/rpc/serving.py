"""A server in this process over each ledger, and what the tests of its rpcs ask it with."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket, socketpair
from threading import Thread
from typing import Any, cast

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from service.access import Direct, GroupCommit
from service.evaluator import Evaluator
from service.ledger.interface import Ledger
from service.ledger.memory import MemoryLedger
from service.ledger.sqlite import SqliteLedger
from service.publishing import evaluator_of, follow, publish_text, registry_from
from service.rpc.recorder.loop import Recorder
from service.rpc.recorder.remote import OwnRecorder
from service.rpc.server import start
from tests.service.rules import FIRST, JULY, OTHER, SECOND_VERSION
from vpi.v1 import evaluation_pb2_grpc, rules_pb2_grpc, usage_pb2_grpc

NOW = JULY + 1_000_000
LEDGERS = ("memory", "sqlite", "recorder")
"""How a server may be connected to its ledger; the last leaves to a recorder what is evaluated."""


def clock() -> int:
    """The tests' now: one second into July."""
    return NOW


@dataclass(frozen=True)
class Served:
    """A server's address, stubs of its services, its evaluator, and how it is stopped.

    `recording` is the ledger as it is used by what records evaluations: the evaluator's, or the recorder's own.
    """

    address: str
    evaluation: Any
    rules: Any
    usage: Any
    evaluator: Evaluator
    recording: Ledger
    stop: Callable[[float], Any]


class Forwarded(SqliteLedger):
    """A ledger in a file, whose server leaves to a recorder what is evaluated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(path, clock)


class LocalRecorder(OwnRecorder):
    """A recorder that is a thread of this process, so that it has the tests' clock; the rest is as ever.

    It has an evaluator and a connection to the ledger of its own, as the process has. `started` counts the threads.
    """

    def __init__(self, ledger: SqliteLedger) -> None:
        self.ledger = ledger
        self.started = 0
        super().__init__((), {})

    def _launch(self) -> None:
        self._ours, theirs = socketpair()
        self._thread = Thread(target=self._record, args=(theirs,), name="recorder", daemon=True)
        self._thread.start()
        self.started += 1

    def _record(self, connection: socket) -> None:
        with connection:
            if connection.recv(65_536).endswith(b"\n"):  # the settings; nothing where it is never started
                Recorder(evaluator_of(self.ledger, clock)).serve(connection)

    def _end(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


def open_ledger(kind: str, folder: Path) -> Ledger:
    """An empty ledger, or the one that is in the folder."""
    if kind == "memory":
        return MemoryLedger(clock)
    path = folder / "ledger.db"
    return Forwarded(path) if kind == "recorder" else SqliteLedger(path, clock)


@asynccontextmanager
async def served(ledger: Ledger, texts: tuple[str, ...] = (FIRST, SECOND_VERSION, OTHER)) -> AsyncIterator[Served]:
    """A server of the ledger's published rules, after publishing the texts, as start-up code makes one."""
    for text in texts:
        publish_text(ledger, "rules.vpi", text, clock)
    evaluator = Evaluator(registry_from(ledger.published()), ledger, clock)
    follow(ledger, evaluator)
    access = Direct(ledger) if isinstance(ledger, MemoryLedger) else GroupCommit(ledger)
    recorder = LocalRecorder(SqliteLedger(ledger.path, clock)) if isinstance(ledger, Forwarded) else None
    if recorder is not None:
        await recorder.start()
    running = await start(evaluator, "127.0.0.1:0", clock, access, recorder=recorder)
    async with grpc.aio.insecure_channel(running.address) as channel:
        yield Served(
            running.address,
            evaluation_pb2_grpc.EvaluationServiceStub(channel),
            rules_pb2_grpc.RulesServiceStub(channel),
            usage_pb2_grpc.UsageServiceStub(channel),
            evaluator,
            ledger if recorder is None else recorder.ledger,
            running.stop,
        )
    await running.stop(0)
    if recorder is not None:
        await recorder.close()
        recorder.ledger.close()
    await access.close()


async def failure(call: Any) -> grpc.aio.AioRpcError:
    """The error that a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def detail(error: Any, kind: Any) -> Any:
    """The detail of that kind which an error's status carries first."""
    status = rpc_status.from_call(cast(Any, error))
    found = kind()
    assert status is not None
    assert status.details[0].Unpack(found)
    return found


async def refused_field(call: Any) -> tuple[str, str]:
    """The field that a malformed request is refused for, and what is said of it."""
    error = await failure(call)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, error
    (violation,) = detail(error, error_details_pb2.BadRequest).field_violations
    return violation.field, violation.description
