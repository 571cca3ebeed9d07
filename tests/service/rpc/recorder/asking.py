"""A recorder in a thread over a real ledger in a file, and a socket to ask it by as a server would."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import socket, socketpair
from threading import Event as Flag
from threading import Thread

from google.rpc import status_pb2

from dsl.event import Event
from service.evaluator import PLAIN, Options
from service.ledger.interface import Answer, Query, Submission
from service.ledger.sqlite import SqliteLedger
from service.publishing import evaluator_of
from service.rpc.convert import message_of
from service.rpc.recorder.batches import batch_bytes, response_of
from service.rpc.recorder.frames import Frame, Frames, Kind, framed
from service.rpc.recorder.loop import Recorder
from service.rpc.requests import Asked
from tests.service.rpc.serving import clock
from vpi.v1 import evaluation_pb2 as pb

LONGEST_SECONDS = 20.0


class Observed(SqliteLedger):
    """A ledger that notes which ids it is given to record together, and does what `before` says first."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, clock, busy_seconds=0.05)
        self.groups: list[list[list[object]]] = []
        self.before: Callable[[Sequence[Submission]], None] = lambda group: None

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        self.groups.append([[event.id for event in submission.events] for submission in group])
        self.before(group)
        return super().record(group)

    def held(self) -> tuple[Flag, Flag]:
        """Has recording wait: whether it has begun, and what lets it go on."""
        begun, go_on = Flag(), Flag()

        def wait(group: Sequence[Submission]) -> None:
            begun.set()
            assert go_on.wait(LONGEST_SECONDS)

        self.before = wait
        return begun, go_on


class Connection:
    """A server's end of the connection."""

    def __init__(self, ours: socket, recorder: Thread) -> None:
        self.ours = ours
        self._recorder = recorder
        self._frames = Frames()
        self._received: list[Frame] = []
        ours.settimeout(LONGEST_SECONDS)

    def ask(self, *frames: Frame) -> list[Frame]:
        """Sends frames in one piece; as many answers, in the order in which they come."""
        self.send(*frames)
        return [self.next() for _ in frames]

    def send(self, *frames: Frame) -> None:
        """Sends frames in one piece."""
        self.ours.sendall(b"".join(framed(call, Kind(kind), payload) for call, kind, payload in frames))

    def send_cut_off(self, frame: Frame) -> None:
        """Sends all of a frame but its last byte."""
        call, kind, payload = frame
        self.ours.sendall(framed(call, Kind(kind), payload)[:-1])

    def next(self) -> Frame:
        """The next frame that the recorder sends."""
        while not self._received:
            data = self.ours.recv(1 << 20)
            assert data, "the recorder has closed the connection"
            self._received = self._frames.feed(data)
        return self._received.pop(0)

    def closed(self) -> bool:
        """Closes the connection; whether the recorder ends with it."""
        self.ours.close()
        return self.ended()

    def ended(self) -> bool:
        """Whether the recorder ends."""
        self._recorder.join(LONGEST_SECONDS)
        return not self._recorder.is_alive()


@contextmanager
def recording(ledger: SqliteLedger) -> Iterator[Connection]:
    """A recorder that can be asked; an exception that leaves its loop fails the test, by pytest."""
    ours, theirs = socketpair()

    def run() -> None:
        with theirs:
            Recorder(evaluator_of(ledger, clock)).serve(theirs)

    thread = Thread(target=run, name="recorder", daemon=True)
    thread.start()
    connection = Connection(ours, thread)
    try:
        assert connection.next() == (0, Kind.READY, b"")
        yield connection
    finally:
        assert connection.closed()


def one(call: int, event: Event, ruleset: str = "shop", options: Options = PLAIN) -> Frame:
    """A call for one event."""
    request = pb.EvaluateRequest(event=message_of(event), ruleset=ruleset)
    request.version, request.dry_run, request.explain = options.version, options.dry_run, options.explain
    return call, Kind.EVALUATE, request.SerializeToString()


def batch(call: int, asked: Asked) -> Frame:
    """A call for a batch."""
    return call, Kind.BATCH, batch_bytes(asked)


def evaluation_in(frame: Frame) -> pb.Evaluation:
    """The evaluation that answers a call for one event."""
    assert frame[1] == Kind.ANSWER, status_in(frame)
    return pb.EvaluateResponse.FromString(frame[2]).evaluation


def response_in(frame: Frame, asked: Asked) -> pb.EvaluateBatchResponse:
    """The response to a batch."""
    assert frame[1] == Kind.ANSWER, status_in(frame)
    return response_of(frame[2], asked)


def status_in(frame: Frame) -> status_pb2.Status:
    """The status that refuses a call."""
    assert frame[1] == Kind.REFUSAL
    return status_pb2.Status.FromString(frame[2])


def recorded_ids(path: Path) -> list[object]:
    """The ids of the events that are recorded, in order, as another process reads them."""
    ledger = SqliteLedger(path, clock)
    records, _ = ledger.find(Query(), 1_000)
    ledger.close()
    return [record.row.event.id for record in records]  # type: ignore[union-attr]  # nothing is voided here
