"""The end of a server under load: a client sees its answer or UNAVAILABLE, and nothing that was answered is missing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from service.ledger.interface import Ledger
from service.rpc.convert import message_of
from tests.service.rpc.serving import LEDGERS, Served, detail, failure, open_ledger, served
from tests.service.rules import search
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import evaluation_pb2_grpc

GRACE = 10.0


@pytest.fixture(params=LEDGERS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture
async def server(ledger: Ledger) -> AsyncIterator[Served]:
    async with served(ledger) as found:
        yield found


def batch(*ids: str) -> pb.EvaluateBatchRequest:
    return pb.EvaluateBatchRequest(events=[message_of(search(event_id)) for event_id in ids], ruleset="shop")


def says_when_to_retry(error: Any) -> bool:
    return bool(detail(error, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() > 0)


class Load:
    """Clients in threads of their own that send until they are told to stop, and note what they are told."""

    def __init__(self, address: str) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()
        self.answered: list[str] = []
        self._address = address
        self._ids = count()
        self._enough = Flag()
        kinds = [self._unary] * 4 + [self._batches, self._stream]
        self._threads = [Thread(target=self._run, args=(kind,), daemon=True) for kind in kinds * 2]
        for thread in self._threads:
            thread.start()

    def begun(self) -> None:
        """Waits until each kind of call has been answered."""
        while len(self.seen) < 3:
            self._enough.wait(0.01)

    def stop(self) -> None:
        """Waits for the clients."""
        self._enough.set()
        for thread in self._threads:
            thread.join(20)

    def _run(self, send: Callable[[Any], None]) -> None:
        with grpc.insecure_channel(self._address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = evaluation_pb2_grpc.EvaluationServiceStub(channel)
            while not self._enough.is_set():
                try:
                    send(stub)
                except grpc.RpcError as error:
                    code = error.code().name
                    self.seen[send.__name__, code] += 1
                    self._enough.wait(0.002)

    def _note(self, kind: str, ids: list[str]) -> None:
        self.seen[kind, "OK"] += 1
        self.answered += ids

    def _next(self, number: int) -> list[str]:
        return [str(next(self._ids)) for _ in range(number)]

    def _unary(self, stub: Any) -> None:
        ids = self._next(1)
        stub.Evaluate(pb.EvaluateRequest(event=message_of(search(ids[0])), ruleset="shop"))
        self._note("_unary", ids)

    def _batches(self, stub: Any) -> None:
        ids = self._next(100)
        stub.EvaluateBatch(batch(*ids))
        self._note("_batches", ids)

    def _stream(self, stub: Any) -> None:
        def requests() -> Iterator[pb.EvaluateBatchRequest]:
            while not self._enough.is_set():
                yield batch(*self._next(20))

        for response in stub.EvaluateStream(requests()):
            self._note("_stream", [result.evaluation.event_id for result in response.results])


async def test_clients_under_load_see_answers_or_unavailable(server: Served, ledger: Ledger) -> None:
    load = await asyncio.to_thread(Load, server.address)
    await asyncio.to_thread(load.begun)
    await server.stop(GRACE)
    await asyncio.to_thread(load.stop)
    kinds = ("_unary", "_batches", "_stream")
    assert set(load.seen) == {(kind, code) for kind in kinds for code in ("OK", "UNAVAILABLE")}
    recorded = {record.row.event.id for record in ledger.records()}  # type: ignore[union-attr]  # nothing is voided here
    assert recorded.issuperset(load.answered)


async def test_a_stream_that_waits_for_its_client_ends_with_unavailable(server: Served) -> None:
    call = server.evaluation.EvaluateStream()
    await call.write(batch("a", "b"))
    assert len((await call.read()).results) == 2
    stopping = asyncio.create_task(server.stop(GRACE))
    error = await failure(call.read())
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert says_when_to_retry(error)
    await asyncio.wait_for(stopping, 5)


@pytest.mark.parametrize("ledger", ["sqlite", "recorder"], indirect=True)
async def test_a_call_under_way_is_answered_and_a_new_one_is_told_to_come_again(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, go_on = Flag(), Flag()
    published = server.recording.published

    def slow() -> Any:
        under_way.set()
        assert go_on.wait(10)
        return published()

    monkeypatch.setattr(server.recording, "published", slow)
    first = server.evaluation.Evaluate(pb.EvaluateRequest(event=message_of(search()), ruleset="unheard_of"))
    await asyncio.to_thread(under_way.wait, 10)
    stopping = asyncio.create_task(server.stop(GRACE))
    await asyncio.sleep(0.05)
    error = await failure(server.evaluation.Evaluate(pb.EvaluateRequest(event=message_of(search()), ruleset="shop")))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert says_when_to_retry(error)
    assert not stopping.done()
    go_on.set()
    assert (await failure(first)).code() is grpc.StatusCode.NOT_FOUND
    await asyncio.wait_for(stopping, 5)


@pytest.mark.parametrize("ledger", ["sqlite", "recorder"], indirect=True)
async def test_a_call_that_outlasts_the_grace_is_told_to_come_again(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, go_on = Flag(), Flag()

    def stuck() -> Any:
        under_way.set()
        assert go_on.wait(10)
        return []

    monkeypatch.setattr(server.recording, "published", stuck)
    call = server.evaluation.Evaluate(pb.EvaluateRequest(event=message_of(search()), ruleset="unheard_of"))
    await asyncio.to_thread(under_way.wait, 10)
    await server.stop(0.1)
    error = await failure(call)
    go_on.set()
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert says_when_to_retry(error)


async def test_an_idle_server_stops_at_once(server: Served) -> None:
    await server.evaluation.Evaluate(pb.EvaluateRequest(event=message_of(search()), ruleset="shop"))
    await asyncio.wait_for(server.stop(GRACE), 1)
