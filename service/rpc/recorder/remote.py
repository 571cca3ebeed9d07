"""A server's side of its recorder: starts the process, asks it, and starts another in its place where it ends."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from socket import AF_UNIX, SOCK_STREAM, socket, socketpair
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import Any, cast

from google.rpc import status_pb2

from service.access import MOST_WAITING
from service.errors import LedgerUnavailable, QueueFull
from service.rpc.recorder.frames import Frames, Kind, framed
from service.rpc.status import Refusal

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 5.0
"""How long another one waits to be started; after each that could not be, twice as long."""
END_SECONDS = 30.0
"""How long it may take to end before it is killed."""
logger = logging.getLogger("vpi.recorder")


class CantStart(Exception):
    """The recorder says why it can't be asked; the text is its sentence."""


class RemoteRecorder:
    """The recorder of one server, by the command that runs it.

    The first process is started at once and does nothing until `start`, so that it gets ready while its server does.
    Its standard input is one end of the connection, and the first line on it the settings, as JSON. Where the server
    ends, however that comes, so does the connection, and the recorder with it.

    Used on one event loop, save for being made.
    """

    def __init__(self, command: Sequence[str], settings: Mapping[str, Any]) -> None:
        self._command = command
        self._settings = json.dumps(settings).encode() + b"\n"
        self._ours: socket | None = None
        """This side's end of a connection that no link has been made of yet."""
        self._link: _Link | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._launch()

    @property
    def pid(self) -> int:
        """The number of the process, or of the one before it where none runs."""
        return self._process.pid

    async def start(self) -> None:
        """Waits until it can be asked; raises CantStart."""
        ours, self._ours = self._ours, None
        assert ours is not None, "it is started once"
        _, link = await asyncio.get_running_loop().create_connection(
            lambda: _Link(self._settings, self._lost), sock=ours
        )
        await link.ready
        self._link = link

    async def ask(self, kind: Kind, payload: bytes, events: int) -> bytes:
        """The answer to a call about so many events.

        Raises Refusal for what the recorder refuses, QueueFull, and LedgerUnavailable where it has ended.
        """
        if self._link is None:
            raise LedgerUnavailable("the process that records is being started again")
        return await self._link.ask(kind, payload, events)

    async def close(self) -> None:
        """Ends the process, once all that it was asked is answered."""
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.wait([self._restarting])
        if self._link is not None:
            link, self._link = self._link, None
            link.close()
        if self._ours is not None:
            self._ours.close()
        await asyncio.to_thread(self._end)

    def _launch(self) -> None:
        ours, theirs = socketpair(AF_UNIX, SOCK_STREAM)
        self._ours = ours
        with theirs:
            # Of a session of its own: Ctrl-C is for the server, which ends its recorder when the last call is answered.
            self._process = Popen(self._command, stdin=theirs.fileno(), stdout=DEVNULL, start_new_session=True)

    def _end(self) -> None:
        """Waits until the process has ended, whose connection is closed."""
        try:
            self._process.wait(END_SECONDS)
        except TimeoutExpired:
            logger.warning("the recorder does not end, and is killed")
            self._process.kill()
            self._process.wait()

    def _lost(self) -> None:
        """The connection has ended, and with it the process, or it will now."""
        if self._link is not None:
            self._link = None
            logger.error("the process that records has ended; another one is started")
            self._restarting = asyncio.create_task(self._restart())

    async def _restart(self) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        while True:
            await asyncio.to_thread(self._end)
            self._launch()
            try:
                await self.start()
            except CantStart as error:
                logger.error("the process that records can't be started: %s", error)
            else:
                logger.warning("events are recorded again")
                return
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(wait_seconds * 2, LONGEST_WAIT_SECONDS)


class _Link(asyncio.Protocol):
    """One connection to a recorder; `lost` is called when it ends, if it was ever ready."""

    def __init__(self, settings: bytes, lost: Callable[[], None]) -> None:
        self._settings = settings
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._calls = 0
        self._waiting: dict[int, tuple[asyncio.Future[bytes], int]] = {}
        self._waiting_events = 0
        self._outgoing: list[bytes] = []
        self._why = "it ended without a word"
        self.ready: asyncio.Future[None] = self._loop.create_future()

    async def ask(self, kind: Kind, payload: bytes, events: int) -> bytes:
        """See RemoteRecorder."""
        if self._waiting and self._waiting_events + events > MOST_WAITING:
            raise QueueFull
        self._calls += 1
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting[self._calls] = answer, events
        self._waiting_events += events
        if not self._outgoing:
            # All that is asked in one turn of the loop goes together.
            self._loop.call_soon(self._flush)
        self._outgoing.append(framed(self._calls, kind, payload))
        return await answer

    def close(self) -> None:
        """Ends the connection; nothing may be waiting for an answer."""
        self._transport.close()

    def _flush(self) -> None:
        self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    # ── asyncio.Protocol ────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tells the recorder what it is to do."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        self._transport.write(self._settings)

    def data_received(self, data: bytes) -> None:
        """Passes answers on."""
        for call, kind, payload in self._frames.feed(data):
            if kind == Kind.READY:
                self.ready.set_result(None)
            elif kind == Kind.FAILED:
                self._why = payload.decode()
            else:
                self._answered(call, kind, payload)

    def _answered(self, call: int, kind: int, payload: bytes) -> None:
        answer, events = self._waiting.pop(call)
        self._waiting_events -= events
        if answer.done():
            return  # the caller has gone; what it asked for is recorded all the same
        if kind == Kind.ANSWER:
            answer.set_result(payload)
        else:
            answer.set_exception(Refusal(status_pb2.Status.FromString(payload)))

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer gets none."""
        if not self.ready.done():
            self.ready.set_exception(CantStart(self._why))
            return
        for answer, _ in self._waiting.values():
            if not answer.done():
                answer.set_exception(LedgerUnavailable("the process that records has ended", in_doubt=True))
        self._waiting.clear()
        self._lost()
