"""The end of a server's calls: those under way are finished, and all others are told to try again.

A client sees an answer or UNAVAILABLE, and never a call that was cut off: an event whose answer was not sent is safe to
send again to whichever server comes next.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from service.errors import ServiceError

T = TypeVar("T")
QUIET_SECONDS = 0.05
"""How long no call has come when all that were on their way have arrived."""
MOST_QUIET_SECONDS = 0.5
"""How long such a time is waited for."""


class Stopping(ServiceError):
    """The server is being stopped; a retry, to this address or another server, is safe."""

    def __init__(self) -> None:
        super().__init__("the server is being stopped; try again shortly, a retry with the same id is safe")


class Drain:
    """The calls under way of one server; used on its event loop alone."""

    def __init__(self) -> None:
        self._begun = False
        self._expired = False
        self._under_way: set[asyncio.Task[Any]] = set()
        self._reading: set[asyncio.Task[Any]] = set()
        self._none = asyncio.Event()
        self._held: asyncio.Event | None = None
        self._arrived = 0

    @property
    def expired(self) -> bool:
        """Whether calls under way are no longer waited for: what cancels one now is the server's end."""
        return self._expired

    @property
    def begun(self) -> bool:
        """Whether calls are refused."""
        return self._begun

    async def refuse(self) -> NoReturn:
        """Raises Stopping, as soon as it is good for the client to know."""
        self._arrived += 1
        if self._held is not None:
            await self._held.wait()
        raise Stopping

    def enter(self) -> asyncio.Task[Any]:
        """Counts the running task as a call under way."""
        task = asyncio.current_task()
        assert task is not None, "a call runs in a task"
        self._under_way.add(task)
        return task

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Ends what `enter` gave."""
        self._under_way.discard(task)
        if self._begun and not self._under_way:
            self._none.set()

    async def requests(self, source: AsyncIterator[T]) -> AsyncIterator[T]:
        """What a stream's client sends, until the end begins: then it raises Stopping, also in the midst of waiting."""
        task = asyncio.current_task()
        assert task is not None, "a call runs in a task"
        while True:
            if self._begun:
                raise Stopping
            self._reading.add(task)
            try:
                request = await anext(source)
            except StopAsyncIteration:
                return
            except asyncio.CancelledError:
                if self._begun:
                    raise Stopping from None
                raise
            finally:
                self._reading.discard(task)
            yield request

    async def run(self, grace_seconds: float) -> None:
        """Takes no more calls and waits for those under way; when the time is up the rest end with Stopping as well."""
        self._begun = True
        for task in tuple(self._reading):
            task.cancel()
        if self._under_way and grace_seconds:
            await self._wait(grace_seconds)
        self._expired = True
        if self._under_way:
            for task in self._under_way:
                task.cancel()
            await self._wait(1.0)

    async def quiet(self) -> None:
        """Waits until no more calls come, as far as that can be known; those that come get no answer until `release`.

        gRPC cuts off the calls that it has not handed over yet when a server closes, and clients that are told to try
        again make more of them. Clients that wait make none.
        """
        self._held = asyncio.Event()
        loop = asyncio.get_running_loop()
        end = loop.time() + MOST_QUIET_SECONDS
        arrived = -1
        while arrived != self._arrived and loop.time() < end:
            arrived = self._arrived
            await asyncio.sleep(QUIET_SECONDS)

    def release(self) -> None:
        """Answers the calls that are held."""
        if self._held is not None:
            self._held.set()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._none.wait(), seconds)
