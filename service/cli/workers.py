"""Several server processes on one port: started, watched, replaced when they die, and ended together.

Each is a new interpreter and no fork: gRPC, SQLite and PostgreSQL's library keep threads, locks and connections that
must not be in two processes. It gets its settings through a pipe, where no list of processes shows a password, and the
end of the pipe is its end, so that none outlives this process however that ends.
"""

import asyncio
import json
import logging
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.cli.options import FINDINGS, UNREADABLE

COMMAND = (sys.executable, "-P", "-c", "from service.cli.worker import main; main()")
logger = logging.getLogger("vpi.workers")


@dataclass(frozen=True)
class Patience:
    """How often and how fast a worker that ends is replaced: after one that ended soon the wait doubles each time."""

    soon_seconds: float = 20.0
    first_wait_seconds: float = 0.25
    longest_wait_seconds: float = 8.0
    most_soon: int = 6
    """So many that ended soon, one after the other, are enough: the fault is not theirs."""
    end_seconds: float = 30.0
    """How long workers may take to end before they are killed."""

    def wait_seconds(self, soon: int) -> float:
        """How long to wait after so many that ended soon, one after the other."""
        return min(self.first_wait_seconds * 2.0 ** max(soon - 1, 0), self.longest_wait_seconds)


class Workers:
    """So many processes of a command, each told its number and the settings as a line of JSON on standard input."""

    def __init__(
        self,
        count: int,
        settings: Mapping[str, Any],
        command: Sequence[str] = COMMAND,
        patience: Patience = Patience(),
    ) -> None:
        self._numbers = range(1, count + 1)
        self._settings = settings
        self._command = command
        self._patience = patience
        self._running: dict[int, Process] = {}
        self._stopping = asyncio.Event()
        self._killed = False
        self._ready = {number: asyncio.Event() for number in self._numbers}

    async def run(self, ready: Callable[[], None]) -> int:
        """Keeps them running until SIGTERM or SIGINT comes, or they can't be kept; gives the exit code.

        `ready` is called once, when all answer calls. A second signal ends them at once.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told)
        announcing = asyncio.create_task(self._announce(ready))
        keeping = [asyncio.create_task(self._keep(number)) for number in self._numbers]
        await asyncio.wait(keeping, return_when=asyncio.FIRST_COMPLETED)
        announcing.cancel()
        self._stop()
        _, late = await asyncio.wait(keeping, timeout=self._patience.end_seconds)
        if late:
            logger.warning("%d of the workers do not end, and are killed", len(late))
            self._kill()
        return max(await asyncio.gather(*keeping))

    async def _announce(self, ready: Callable[[], None]) -> None:
        for event in self._ready.values():
            await event.wait()
        ready()

    def _told(self) -> None:
        if self._stopping.is_set():
            self._kill()
        else:
            logger.info("stopping %d workers", len(self._running))
            self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        for process in self._running.values():
            assert process.stdin is not None
            process.stdin.close()

    def _kill(self) -> None:
        self._killed = True
        for process in self._running.values():
            if process.returncode is None:
                process.kill()

    async def _keep(self, number: int) -> int:
        """Runs a worker, and another in its place where it ends; an exit code when there is no more to be done."""
        soon = 0
        while not self._stopping.is_set():
            started = asyncio.get_running_loop().time()
            code = await self._run_one(number)
            if self._stopping.is_set():
                return FINDINGS if self._killed else 0
            if code == UNREADABLE:
                return code  # it said why, and the next one would say the same
            lived = asyncio.get_running_loop().time() - started
            soon = soon + 1 if lived < self._patience.soon_seconds else 1
            if soon > self._patience.most_soon:
                logger.error("worker %d ended %s, %d times one after the other: giving up", number, _how(code), soon)
                return FINDINGS
            wait = self._patience.wait_seconds(soon)
            logger.warning("worker %d ended %s; another one starts in %.2f seconds", number, _how(code), wait)
            await self._pause(wait)
        return 0

    async def _run_one(self, number: int) -> int:
        """Runs one process to its end; minus the signal's number where one ended it."""
        # Of a session of its own: Ctrl-C is for this process, which tells the workers.
        process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, start_new_session=True)
        self._running[number] = process
        assert process.stdin is not None
        assert process.stdout is not None
        if self._stopping.is_set():
            process.stdin.close()
        else:
            process.stdin.write(json.dumps({"number": number, **self._settings}).encode() + b"\n")
        if await process.stdout.readline():
            if self._ready[number].is_set():
                logger.info("worker %d serves again", number)
            self._ready[number].set()
        code = await process.wait()
        del self._running[number]
        return code

    async def _pause(self, seconds: float) -> None:
        waiting = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([waiting], timeout=seconds)
        waiting.cancel()


def _how(code: int) -> str:
    if code >= 0:
        return f"with code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
