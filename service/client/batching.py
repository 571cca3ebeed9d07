"""Which events travel together: a list cut into calls, and a stream cut as its events come."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vpi.v1 import evaluation_pb2 as pb

MOST_EVENTS = 10_000
"""Events that the service takes in one batch."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of events in one batch: half of a message, so that the answers find room in theirs."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How a stream is cut: a batch is sent when it holds `events`, when another event would take it over `bytes`, or
    when its first event has waited for `seconds`. At most `in_flight` batches wait for their answers at a time.
    """

    events: int = 1000
    bytes: int = 1024 * 1024
    seconds: float = 0.05
    in_flight: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.events <= MOST_EVENTS:
            raise ValueError(f"a batch holds 1 to {MOST_EVENTS:,} events, not {self.events:,}")
        if not 1 <= self.bytes <= MOST_BYTES:
            raise ValueError(f"a batch holds 1 to {MOST_BYTES:,} bytes, not {self.bytes:,}")
        if self.seconds < 0:
            raise ValueError("an event never waits for less than 0 seconds")
        if self.in_flight < 1:
            raise ValueError("at least one batch must be allowed in flight")


WHOLE = Bounds(events=MOST_EVENTS, bytes=MOST_BYTES)
"""As few batches as the service allows."""


def cut(messages: Iterable[pb.Event], bounds: Bounds = WHOLE) -> Iterator[list[pb.Event]]:
    """Batches of the events in order, none of them empty; an event over `bounds.bytes` travels alone."""
    batch: list[pb.Event] = []
    size = 0
    for message in messages:
        more = message.ByteSize()
        if batch and (size + more > bounds.bytes or len(batch) == bounds.events):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += more
    if batch:
        yield batch


class Window:
    """The part of a stream that is under way: one batch that is being filled, and those that wait for their answers.

    It holds no more than it may: what finds no room has to wait until an answer comes.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._filling: list[pb.Event] = []
        self._size = 0
        self._due = False
        self._ended = False
        self.unanswered: deque[list[pb.Event]] = deque()
        """Batches to send, or sent and not answered; the oldest first."""
        self.serial = 0
        """Which batch is being filled, from 0."""

    @property
    def all_taken(self) -> bool:
        """Whether the stream has ended and everything of it is among `unanswered` or was answered."""
        return self._ended and not self._filling

    def put(self, message: pb.Event) -> bool:
        """Takes the next event of the stream; False where there is no room yet, and then it has to be put again."""
        more = message.ByteSize()
        if self._filling and (len(self._filling) == self._bounds.events or self._size + more > self._bounds.bytes):
            self._due = True
            self._advance()
            if self._filling:
                return False
        self._filling.append(message)
        self._size += more
        if len(self._filling) == self._bounds.events:
            self._due = True
        self._advance()
        return True

    def is_begun(self) -> bool:
        """Whether the batch that is being filled has exactly one event, whose wait starts now."""
        return len(self._filling) == 1

    def flush(self, serial: int) -> None:
        """The first event of the batch with this serial has waited long enough."""
        if serial == self.serial and self._filling:
            self._due = True
            self._advance()

    def end(self) -> None:
        """No more events will come."""
        self._ended = True
        self._advance()

    def answered(self) -> None:
        """The oldest batch has its answer."""
        self.unanswered.popleft()
        self._advance()

    def _advance(self) -> None:
        if self._filling and (self._due or self._ended) and len(self.unanswered) < self._bounds.in_flight:
            self.unanswered.append(self._filling)
            self._filling, self._size, self._due = [], 0, False
            self.serial += 1
