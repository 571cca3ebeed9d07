"""Ways from the server's event loop to a ledger: at once, or through a bounded queue whose groups share a commit."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Thread
from typing import Protocol, TypeVar

from service.errors import QueueFull, ServiceError
from service.ledger.interface import Answer, Ledger, Submission

MOST_WAITING = 50_000
"""Events that may wait for their commit; past it a call is refused. A batch on its own is always taken."""
LARGEST_GROUP = 4_000
"""Events that share a commit, unless one submission has more."""
READERS = 2
"""Threads that read while another writes."""
T = TypeVar("T")
logger = logging.getLogger(__name__)


class Access(Protocol):
    """How rpcs use a ledger. What `record` or `write` has given back is kept."""

    async def record(self, submission: Submission) -> list[Answer]:
        """See `Ledger.record`; raises QueueFull as well."""
        ...

    async def write(self, work: Callable[[], T]) -> T:
        """Does what writes to the ledger, while nothing else does; raises what it raises, and QueueFull."""
        ...

    async def read(self, work: Callable[[], T]) -> T:
        """Does what only reads."""
        ...

    async def close(self) -> None:
        """Waits for what is under way."""
        ...


class Direct:
    """For a ledger that never waits, such as one in memory: everything is done on the spot."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def record(self, submission: Submission) -> list[Answer]:
        """See `Access.record`."""
        return self._ledger.record((submission,))[0]

    async def write(self, work: Callable[[], T]) -> T:
        """See `Access.write`."""
        return work()

    async def read(self, work: Callable[[], T]) -> T:
        """See `Access.read`."""
        return work()

    async def close(self) -> None:
        """Nothing is ever under way."""


Job = tuple[Submission | Callable[[], object], "asyncio.Future[object]"]


class GroupCommit:
    """Submissions share transactions: what arrives while one commits makes up the next.

    A thread of its own writes, so that whatever else the event loop has to do goes on meanwhile. Made and used on the
    running event loop. Submissions are recorded in the order in which they came.
    """

    def __init__(self, ledger: Ledger, most_waiting: int = MOST_WAITING) -> None:
        self._ledger = ledger
        self._most_waiting = most_waiting
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Job] = deque()
        self._waiting_events = 0
        self._busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._groups: SimpleQueue[Sequence[Job] | None] = SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, "ledger-reader")
        self._writer = Thread(target=self._write_groups, name="ledger-writer", daemon=True)
        self._writer.start()

    async def record(self, submission: Submission) -> list[Answer]:
        """See `Access.record`."""
        answers = await self._enqueue(submission, len(submission.events))
        assert isinstance(answers, list)
        return answers

    async def write(self, work: Callable[[], T]) -> T:
        """See `Access.write`."""
        return await self._enqueue(work, 1)  # type: ignore[return-value]  # the job's result is what `work` gives

    async def read(self, work: Callable[[], T]) -> T:
        """See `Access.read`."""
        return await self._loop.run_in_executor(self._readers, work)

    async def close(self) -> None:
        """See `Access.close`."""
        await self._idle.wait()
        self._groups.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown()

    def _enqueue(self, job: Submission | Callable[[], object], events: int) -> "asyncio.Future[object]":
        if self._waiting and self._waiting_events + events > self._most_waiting:
            raise QueueFull
        answer: asyncio.Future[object] = self._loop.create_future()
        self._waiting.append((job, answer))
        self._waiting_events += events
        if not self._busy:
            self._busy = True
            self._idle.clear()
            # What is enqueued in the same turn of the loop goes with it.
            self._loop.call_soon(self._hand_over)
        return answer

    def _hand_over(self) -> None:
        """Gives the writer the next group, which is submissions or one other job."""
        group: list[Job] = []
        events = 0
        while self._waiting:
            job = self._waiting[0][0]
            if not isinstance(job, Submission):
                if not group:
                    group.append(self._waiting.popleft())
                    events = 1
                break
            if group and events + len(job.events) > LARGEST_GROUP:
                break
            group.append(self._waiting.popleft())
            events += len(job.events)
        self._waiting_events -= events
        self._groups.put(group)

    def _done(self, group: Sequence[Job], results: Sequence[object]) -> None:
        for (_, answer), result in zip(group, results, strict=True):
            if answer.done():
                continue  # the caller has gone; what it asked for is recorded all the same
            if isinstance(result, BaseException):
                answer.set_exception(result)
            else:
                answer.set_result(result)
        if self._waiting:
            self._hand_over()
        else:
            self._busy = False
            self._idle.set()

    # ── in the writer's thread ──────────────────────────────────────────────

    def _write_groups(self) -> None:
        while (group := self._groups.get()) is not None:
            self._loop.call_soon_threadsafe(self._done, group, self._write(group))

    def _write(self, group: Sequence[Job]) -> Sequence[object]:
        """One result a job: what it gives, or what it raises."""
        submissions = [job for job, _ in group if isinstance(job, Submission)]
        if not submissions:
            return [_attempt(job) for job, _ in group if not isinstance(job, Submission)]
        return recorded(self._ledger, submissions)


def recorded(ledger: Ledger, group: Sequence[Submission]) -> Sequence[list[Answer] | Exception]:
    """Records submissions in one transaction; for each, its answers or what it raises."""
    try:
        return ledger.record(group)
    except ServiceError as error:
        return [error] * len(group)
    except Exception as error:
        if len(group) == 1:
            return [error]
        # Nobody is to suffer for another's submission: each is tried on its own.
        logger.exception("an unforeseen error in a group of %d", len(group))
        return [_attempt(lambda one=one: ledger.record((one,))[0]) for one in group]  # type: ignore[misc]


def _attempt(job: Callable[[], T]) -> T | Exception:
    try:
        return job()
    except Exception as error:  # noqa: BLE001 - handed to the caller
        return error
