"""A server's side of its recorder: starts the process, asks it, and starts another in its place where it ends."""

import asyncio
import json
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from socket import AddressFamily, socket, socketpair
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import Any, cast

from google.rpc import status_pb2

from service.access import MOST_WAITING
from service.errors import LedgerUnavailable, QueueFull
from service.rpc.recorder.frames import Frames, Kind, framed
from service.rpc.status import Refusal

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 5.0
"""How long another one waits to be started, where one has ended soon or could not be; each time twice as long."""
AGAIN_SECONDS = 0.02
"""How long between two tries to connect."""
END_SECONDS = 5.0
"""How long it may take to end before it is killed: nobody waits for an answer any more, and a kill loses none."""
MOST_WAITING_BYTES = 256 * 1024 * 1024
"""Bytes that may wait with events for their commit; past it a call is refused. A call on its own is always taken."""
logger = logging.getLogger("vpi.recorder")


class CantStart(Exception):
    """The recorder says why it can't be asked; the text is its sentence."""


class RemoteRecorder(ABC):
    """A recorder, wherever its process comes from; where the connection to it ends, another one is made.

    Used on one event loop.
    """

    def __init__(self) -> None:
        self._link: _Link | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._started_at = 0.0

    async def start(self) -> None:
        """Waits until it can be asked; raises CantStart."""
        link = await self._connect()
        try:
            await link.ready
        except BaseException:
            link.close()
            raise
        if link.lost:
            raise CantStart("it ended as soon as it was ready")
        self._link = link
        self._started_at = time.monotonic()

    async def ask(self, kind: Kind, payload: bytes, events: int) -> bytes:
        """The answer to a call about so many events.

        Raises Refusal for what the recorder refuses, QueueFull, and LedgerUnavailable where it has ended.
        """
        if self._link is None:
            raise LedgerUnavailable("the process that records is being started again")
        return await self._link.ask(kind, payload, events)

    async def close(self) -> None:
        """Lets go of it, once all that it was asked is answered."""
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.wait([self._restarting])
        if self._link is not None:
            link, self._link = self._link, None
            link.close()
        await self._ended()

    @abstractmethod
    async def _connect(self) -> "_Link":
        """A new connection; raises CantStart."""

    @abstractmethod
    async def _ended(self) -> None:
        """Waits for what ends with a connection."""

    async def _linked(self, connection: socket, settings: bytes = b"") -> "_Link":
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(lambda: _Link(settings, self._lost), sock=connection)
        return link

    def _lost(self) -> None:
        """The connection has ended, and with it the process, or it will now."""
        if self._link is not None:
            self._link = None
            logger.error("the process that records has ended")
            self._restarting = asyncio.create_task(self._restart())

    async def _restart(self) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        soon = time.monotonic() - self._started_at < LONGEST_WAIT_SECONDS
        while True:
            await self._ended()
            if soon:
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(wait_seconds * 2, LONGEST_WAIT_SECONDS)
            soon = True
            try:
                await self.start()
            except (CantStart, OSError) as error:  # OSError: no more processes, files or memory just now
                logger.error("the process that records can't be started: %s", error)
            else:
                logger.warning("events are recorded again")
                return


class OwnRecorder(RemoteRecorder):
    """The recorder of one server, by the command that runs it.

    The first process is started at once and does nothing until `start`, so that it gets ready while its server does.
    Its standard input is one end of the connection, and the first line on it the settings, as JSON. Where the server
    ends, however that comes, so does the connection, and the recorder with it.
    """

    def __init__(self, command: Sequence[str], settings: Mapping[str, Any]) -> None:
        super().__init__()
        self._command = command
        self._settings = json.dumps(settings).encode() + b"\n"
        self._ours: socket | None = None
        """This side's end of a connection that no link has been made of yet."""
        self._launch()

    @property
    def pid(self) -> int:
        """The number of the process, or of the one before it where none runs."""
        return self._process.pid

    def discard(self) -> None:
        """Ends the process at once where it still runs: for a server that never came to use it."""
        if self._ours is not None:
            self._ours.close()
        self._process.kill()
        self._process.wait()

    async def _connect(self) -> "_Link":
        if self._ours is None:
            self._launch()
        ours, self._ours = self._ours, None
        assert ours is not None
        return await self._linked(ours, self._settings)

    async def _ended(self) -> None:
        if self._ours is not None:
            self._ours.close()
            self._ours = None
        await asyncio.to_thread(self._end)

    def _launch(self) -> None:
        ours, theirs = socketpair()
        with theirs, ExitStack() as undone:
            undone.callback(ours.close)
            # Of a session of its own: Ctrl-C is for the server, which ends its recorder when the last call is answered.
            self._process = Popen(self._command, stdin=theirs.fileno(), stdout=DEVNULL, start_new_session=True)
            undone.pop_all()
        self._ours = ours

    def _end(self) -> None:
        """Waits until the process has ended, whose connection is closed."""
        try:
            self._process.wait(END_SECONDS)
        except TimeoutExpired:
            logger.warning("the recorder does not end, and is killed")
            self._process.kill()
            self._process.wait()


class SharedRecorder(RemoteRecorder):
    """A recorder that another process keeps for several servers; `path` is the socket that it listens on."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    async def _connect(self) -> "_Link":
        end = time.monotonic() + LONGEST_WAIT_SECONDS
        while True:
            connection = socket(AddressFamily.AF_UNIX)
            try:
                connection.connect(self._path)
            except OSError as error:
                connection.close()
                # It may not have come as far as to listen.
                if time.monotonic() > end:
                    raise CantStart(
                        f"nobody listens at {self._path}: {(error.strerror or str(error)).lower()}"
                    ) from None
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return await self._linked(connection)

    async def _ended(self) -> None:
        """Nothing: the process goes on, or whoever keeps it sees to that."""


class _Link(asyncio.Protocol):
    """One connection to a recorder; `on_lost` is called when it ends, if it was ever ready."""

    def __init__(self, settings: bytes, on_lost: Callable[[], None]) -> None:
        self._settings = settings
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._calls = 0
        self._waiting: dict[int, tuple[asyncio.Future[bytes], int, int]] = {}
        """By the number of a call: where its answer goes, its events and its bytes."""
        self._waiting_events = self._waiting_bytes = 0
        self._outgoing: list[bytes] = []
        self._why = "it ended without a word"
        self.lost = False
        """Whether the connection has ended."""
        self.ready: asyncio.Future[None] = self._loop.create_future()

    async def ask(self, kind: Kind, payload: bytes, events: int) -> bytes:
        """See RemoteRecorder."""
        size = len(payload)
        if self._waiting and (
            self._waiting_events + events > MOST_WAITING or self._waiting_bytes + size > MOST_WAITING_BYTES
        ):
            raise QueueFull
        self._calls += 1
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting[self._calls] = answer, events, size
        self._waiting_events += events
        self._waiting_bytes += size
        if not self._outgoing:
            # All that is asked in one turn of the loop goes together.
            self._loop.call_soon(self._flush)
        self._outgoing.append(framed(self._calls, kind, payload))
        return await answer

    def close(self) -> None:
        """Ends the connection; nothing may be waiting for an answer."""
        self._transport.close()

    def _flush(self) -> None:
        if not self._transport.is_closing():  # else whoever asked is about to hear of it, or has
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    # ── asyncio.Protocol ────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tells the recorder what it is to do."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        if self._settings:
            self._transport.write(self._settings)

    def data_received(self, data: bytes) -> None:
        """Passes answers on."""
        for call, kind, payload in self._frames.feed(data):
            if kind == Kind.READY:
                if not self.ready.done():  # else whoever waited for it has gone
                    self.ready.set_result(None)
            elif kind == Kind.FAILED:
                self._why = payload.decode()
            else:
                self._answered(call, kind, payload)

    def _answered(self, call: int, kind: int, payload: bytes) -> None:
        answer, events, size = self._waiting.pop(call)
        self._waiting_events -= events
        self._waiting_bytes -= size
        if answer.done():
            return  # the caller has gone; what it asked for is recorded all the same
        if kind == Kind.ANSWER:
            answer.set_result(payload)
        else:
            answer.set_exception(Refusal(status_pb2.Status.FromString(payload)))

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer gets none."""
        self.lost = True
        if not self.ready.done():
            self.ready.set_exception(CantStart(self._why))
            return
        for answer, _, _ in self._waiting.values():
            if not answer.done():
                answer.set_exception(LedgerUnavailable("the process that records has ended", in_doubt=True))
        self._waiting.clear()
        self._on_lost()
