"""Real servers for the client's tests: ledgers that fail as told, and a line that breaks as told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from threading import Event

from service.access import Access, Direct
from service.errors import ServiceError
from service.evaluator import Evaluator
from service.ledger.interface import Answer, Entry, Submission
from service.ledger.memory import MemoryLedger
from service.rpc.server import Running, start
from tests.service.rules import JULY, registry


def clock() -> int:
    """The servers' time: the first of July."""
    return JULY


class FailingLedger(MemoryLedger):
    """Fails once with each of `before`, recording nothing; then once with each of `after`, when all is recorded."""

    def __init__(self, before: Iterable[ServiceError] = (), after: Iterable[ServiceError] = ()) -> None:
        super().__init__(clock)
        self.before, self.after = list(before), list(after)

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """See `Ledger.record`."""
        if self.before:
            raise self.before.pop(0)
        answers = super().record(group)
        if self.after:
            raise self.after.pop(0)
        return answers


class BlockedLedger(MemoryLedger):
    """Records nothing until it is released."""

    def __init__(self) -> None:
        super().__init__(clock)
        self.released = Event()

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """See `Ledger.record`."""
        assert self.released.wait(10)
        return super().record(group)


def recorded(ledger: MemoryLedger) -> list[object]:
    """The ids of the events that a ledger holds, in the order of recording."""
    return [record.row.event.id for record in ledger.records() if isinstance(record.row, Entry)]


async def until_recorded(ledger: MemoryLedger, count: int) -> None:
    """Waits until a ledger holds so many events."""
    async with asyncio.timeout(10):
        while len(recorded(ledger)) < count:  # noqa: ASYNC110 - a ledger tells nobody
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(
    ledger: MemoryLedger, address: str = "127.0.0.1:0", access: Callable[[], Access] | None = None
) -> AsyncIterator[Running]:
    """A server over this ledger, until the block ends or it is stopped before."""
    way = access() if access else Direct(ledger)
    running = await start(Evaluator(registry(), ledger, clock), address, clock, way)
    try:
        yield running
    finally:
        await running.stop(0)
        await way.close()


class Line:
    """A TCP line to a server, which can be made to lose all answers and then break."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._deaf = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """The line's own address, while it is open."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            server.close()
            self.cut()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def lose_answers(self) -> None:
        """From now on nothing that the server says arrives."""
        self._deaf = True

    def cut(self) -> None:
        """Breaks all connections; new ones are whole again."""
        self._deaf = False
        writers, self._writers = self._writers, set()
        for writer in writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, far_writer}
        for source, sink, answers in ((reader, far_writer, False), (far_reader, writer, True)):
            task = asyncio.create_task(self._pass_on(source, sink, answers))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answers: bool) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                if not (answers and self._deaf):
                    sink.write(data)
                    await sink.drain()
        sink.transport.abort()
