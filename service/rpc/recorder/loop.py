"""The recorder: takes what has come through its connections, records it in one transaction, answers, and goes on.

What arrives while one group commits makes up the next: nothing else is needed for calls to share commits. All of it is
one thread, so that nothing waits for Python's lock: what is waited for is the disk, others who write to the ledger, and
for a millisecond the rest of a group.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from socket import socket

from google.protobuf.message import DecodeError

from service.access import LARGEST_GROUP, recorded
from service.errors import InvalidRequest, ServiceError, UnknownRuleset, UnknownVersion
from service.evaluator import Evaluator, Options
from service.ledger.interface import Answer, Submission
from service.publishing import adopt
from service.rpc.recorder.batches import answers_bytes, batch_of
from service.rpc.recorder.frames import Frame, Frames, Kind, framed
from service.rpc.requests import Asked, asked_of_one, response_to_one
from service.rpc.status import forget_frames, status_of, unforeseen
from vpi.v1 import evaluation_pb2 as pb

MOST_BYTES = 1 << 20
"""Bytes taken from the connection at a time."""
GATHER_SECONDS = 0.001
"""How long the first of a group waits for others, where the group before had several."""
FEW = 64
"""So many calls are enough for a group, and wait for no more."""
logger = logging.getLogger("vpi.recorder")


class _Server:
    """A server at the other end of a connection."""

    def __init__(self, connection: socket) -> None:
        self.connection = connection
        self.replies: list[bytes] = []
        self._frames = Frames()

    def take(self) -> list[Frame] | None:
        """The calls that have come; None where the server has gone."""
        try:
            data = self.connection.recv(MOST_BYTES)
        except ConnectionError:
            data = b""
        return self._frames.feed(data) if data else None

    def send(self) -> None:
        """Sends the replies that there are."""
        if self.replies:
            with suppress(OSError):  # it has gone; what it asked for is recorded all the same
                self.connection.sendall(b"".join(self.replies))
            self.replies.clear()


@dataclass(slots=True)
class _Job:
    """A call to be answered, and how its answers are put."""

    server: _Server
    call: int
    submission: Submission
    options: Options
    put: Callable[[list[Answer]], bytes]


Asking = tuple[_Server, Frame]


class Recorder:
    """Serves one server until it closes the connection, or all that connect to a listening socket."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._selector = DefaultSelector()
        self._open = True
        self._last_size = 0

    def serve(self, connection: socket) -> None:
        """Answers one server's calls until there will be no more."""
        with self._selector:
            self._add(connection, self._end)
            self._run()

    def listen(self, listener: socket, lifeline: int) -> None:
        """Answers the calls of all servers that connect, until the other end of the lifeline, a pipe, is closed."""
        with self._selector:
            self._selector.register(listener, EVENT_READ, lambda: self._accept(listener))
            self._selector.register(lifeline, EVENT_READ, self._end)
            self._run()
            for key in tuple(self._selector.get_map().values()):
                if isinstance(key.fileobj, socket) and key.fileobj is not listener:
                    key.fileobj.close()

    def _run(self) -> None:
        while asked := self._taken():
            self._last_size = len(asked)
            self._answer(asked)

    # ── connections ─────────────────────────────────────────────────────────

    def _accept(self, listener: socket) -> list[Asking]:
        try:
            connection, _ = listener.accept()
        except OSError as error:  # it has gone again, or there are too many files: it stays in line for the next turn
            logger.warning("a server can't be connected: %s", error.strerror)
            time.sleep(GATHER_SECONDS)
        else:
            self._add(connection, connection.close)
        return []

    def _add(self, connection: socket, gone: Callable[[], object]) -> None:
        server = _Server(connection)

        def take() -> list[Asking]:
            frames = server.take()
            if frames is None:
                self._selector.unregister(connection)
                gone()
                return []
            return [(server, frame) for frame in frames]

        self._selector.register(connection, EVENT_READ, take)
        server.replies.append(framed(0, Kind.READY, b""))
        server.send()

    def _end(self) -> list[Asking]:
        self._open = False
        return []

    def _taken(self) -> list[Asking]:
        """The calls that have come, at least one; none where there will be no more."""
        asked: list[Asking] = []
        while not asked and self._open:
            asked = self._more(None)
        # Those who were answered together ask again together.
        if self._last_size > 1 and 0 < len(asked) < min(self._last_size, FEW):
            time.sleep(GATHER_SECONDS)
            asked += self._more(0)
        return asked

    def _more(self, wait_seconds: float | None) -> list[Asking]:
        return [one for key, _ in self._selector.select(wait_seconds) for one in key.data()]

    # ── answers ─────────────────────────────────────────────────────────────

    def _answer(self, asked: Sequence[Asking]) -> None:
        """Answers calls; those that record share transactions of at most LARGEST_GROUP events."""
        group: list[_Job] = []
        events = 0
        for server, (call, kind, payload) in asked:
            job = self._begun(server, call, kind, payload)
            if isinstance(job, bytes):
                server.replies.append(job)
                continue
            count = len(job.submission.events)
            if group and events + count > LARGEST_GROUP:
                self._record(group)
                group, events = [], 0
            group.append(job)
            events += count
        if group:
            self._record(group)
        for server in {server for server, _ in asked}:
            server.send()

    def _begun(self, server: _Server, call: int, kind: int, payload: bytes) -> _Job | bytes:
        """What is to be recorded, or the reply where nothing is."""
        try:
            if kind == Kind.REFRESH:
                self._refresh()
                return framed(call, Kind.ANSWER, b"")
            job = (self._one if kind == Kind.EVALUATE else self._batch)(server, call, payload)
            if job.options.dry_run:
                return framed(call, Kind.ANSWER, job.put(self._evaluator.ledger.preview(job.submission)))
        except Exception as error:  # noqa: BLE001 - the edge of the process: nothing may pass
            return _refused(call, error)
        return job

    def _one(self, server: _Server, call: int, payload: bytes) -> _Job:
        try:
            asked = asked_of_one(pb.EvaluateRequest.FromString(payload))
        except DecodeError:
            raise InvalidRequest("request", "these bytes are no EvaluateRequest") from None
        return _Job(server, call, self._submission(asked), asked.options, _one_response)

    def _batch(self, server: _Server, call: int, payload: bytes) -> _Job:
        asked, contents = batch_of(payload)
        submission = self._submission(asked)
        submission.contents = contents
        return _Job(server, call, submission, asked.options, answers_bytes)

    def _submission(self, asked: Asked) -> Submission:
        known = self._evaluator.registry
        try:
            return self._evaluator.submission(*asked)
        except (UnknownRuleset, UnknownVersion):
            # Another process may have published it.
            self._refresh()
            if self._evaluator.registry is known:
                raise
            return self._evaluator.submission(*asked)

    def _refresh(self) -> None:
        adopt(self._evaluator, self._evaluator.ledger.published())

    def _record(self, group: Sequence[_Job]) -> None:
        results = recorded(self._evaluator.ledger, [job.submission for job in group])
        for job, result in zip(group, results, strict=True):
            job.server.replies.append(self._reply(job, result))
        for server in {job.server for job in group}:
            server.send()

    def _reply(self, job: _Job, result: list[Answer] | Exception) -> bytes:
        try:
            if isinstance(result, Exception):
                raise result
            return framed(job.call, Kind.ANSWER, job.put(self._evaluator.finished(result, job.options)))
        except Exception as error:  # noqa: BLE001 - the edge of the process: nothing may pass
            return _refused(job.call, error)


def _one_response(answers: list[Answer]) -> bytes:
    return response_to_one(answers).SerializeToString()


def _refused(call: int, error: Exception) -> bytes:
    """The reply to a call that ends with an error, which is being handled."""
    status = status_of(error) if isinstance(error, ServiceError) else unforeseen()
    forget_frames(error)
    return framed(call, Kind.REFUSAL, status.SerializeToString())
