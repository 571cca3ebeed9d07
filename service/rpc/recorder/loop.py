"""The recorder: takes what has come through its connection, records it in one transaction, answers, and takes the next.

What arrives while one group commits makes up the next: nothing else is needed for calls to share commits. All of it is
one thread, so that nothing waits for Python's lock, and nothing but the disk is ever waited for.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import MSG_DONTWAIT, socket

from google.protobuf.message import DecodeError

from service.access import LARGEST_GROUP, recorded
from service.errors import InvalidRequest, LedgerUnavailable, ServiceError, UnknownRuleset, UnknownVersion
from service.evaluator import Evaluator, Options
from service.ledger.interface import Answer, Submission
from service.publishing import OutdatedRules, adopt
from service.rpc.recorder.batches import answers_bytes, batch_of
from service.rpc.recorder.frames import Frame, Frames, Kind, framed
from service.rpc.requests import Asked, asked_of_one, response_to_one
from service.rpc.status import status_of, unforeseen
from vpi.v1 import evaluation_pb2 as pb

MOST_BYTES = 1 << 20
"""Bytes taken from the connection at a time."""
GATHER_SECONDS = 0.001
"""How long the first of a group waits for others, where the group before had several."""
FEW = 64
"""So many calls are enough for a group, and wait for no more."""


@dataclass(slots=True)
class _Job:
    """A call to be answered, and how its answers are put."""

    call: int
    submission: Submission
    options: Options
    put: Callable[[list[Answer]], bytes]


class Recorder:
    """Serves one connection until the other side closes it."""

    def __init__(self, evaluator: Evaluator, connection: socket) -> None:
        self._evaluator = evaluator
        self._connection = connection
        self._frames = Frames()
        self._open = True
        self._last_size = 0

    def run(self) -> None:
        """Answers calls until there will be no more."""
        self._connection.sendall(framed(0, Kind.READY, b""))
        while frames := self._taken():
            self._last_size = len(frames)
            self._answer(frames)

    def _taken(self) -> list[Frame]:
        """The calls that have come, at least one; none where the other side has closed."""
        frames = self._more(0)
        while not frames and self._open:
            frames = self._more(0)
        # Those who were answered together ask again together.
        if self._last_size > 1 and len(frames) < min(self._last_size, FEW):
            time.sleep(GATHER_SECONDS)
            frames += self._more(MSG_DONTWAIT)
        return frames

    def _more(self, flags: int) -> list[Frame]:
        try:
            data = self._connection.recv(MOST_BYTES, flags)
        except BlockingIOError:
            return []
        except ConnectionError:
            data = b""
        self._open = bool(data)
        return self._frames.feed(data)

    def _answer(self, frames: Sequence[Frame]) -> None:
        """Answers calls; those that record share transactions of at most LARGEST_GROUP events."""
        replies: list[bytes] = []
        group: list[_Job] = []
        events = 0
        for call, kind, payload in frames:
            job = self._begun(call, kind, payload)
            if isinstance(job, bytes):
                replies.append(job)
                continue
            count = len(job.submission.events)
            if group and events + count > LARGEST_GROUP:
                replies += self._recorded(group)
                self._send(replies)
                replies, group, events = [], [], 0
            group.append(job)
            events += count
        if group:
            replies += self._recorded(group)
        self._send(replies)

    def _send(self, replies: Sequence[bytes]) -> None:
        try:
            self._connection.sendall(b"".join(replies))
        except ConnectionError:
            self._open = False  # the server has gone; what it asked for is recorded all the same

    def _begun(self, call: int, kind: int, payload: bytes) -> _Job | bytes:
        """What is to be recorded, or the reply where nothing is."""
        try:
            if kind == Kind.REFRESH:
                self._refresh()
                return framed(call, Kind.ANSWER, b"")
            job = self._one(call, payload) if kind == Kind.EVALUATE else self._batch(call, payload)
            if job.options.dry_run:
                return framed(call, Kind.ANSWER, job.put(self._evaluator.ledger.preview(job.submission)))
        except Exception as error:  # noqa: BLE001 - the edge of the process: nothing may pass
            return _refused(call, error)
        return job

    def _one(self, call: int, payload: bytes) -> _Job:
        try:
            asked = asked_of_one(pb.EvaluateRequest.FromString(payload))
        except DecodeError:
            raise InvalidRequest("request", "these bytes are no EvaluateRequest") from None
        return _Job(call, self._submission(asked), asked.options, _one_response)

    def _batch(self, call: int, payload: bytes) -> _Job:
        asked, contents = batch_of(payload)
        submission = self._submission(asked)
        submission.contents = contents
        return _Job(call, submission, asked.options, answers_bytes)

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
        try:
            adopt(self._evaluator, self._evaluator.ledger.published())
        except OutdatedRules as error:
            raise LedgerUnavailable(str(error)) from error

    def _recorded(self, group: Sequence[_Job]) -> list[bytes]:
        results = recorded(self._evaluator.ledger, [job.submission for job in group])
        return [self._reply(job, result) for job, result in zip(group, results, strict=True)]

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
    return framed(call, Kind.REFUSAL, status.SerializeToString())
