"""One process that serves what a ledger's published rules say, until it is told to stop."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from service.access import Access, Direct, GroupCommit
from service.cli import collector
from service.evaluator import Evaluator
from service.ledger.memory import MemoryLedger
from service.rpc.recorder.remote import RemoteRecorder
from service.rpc.server import Running, serve_until, start
from service.times import now

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a server's coroutine to its end on an event loop of its own, the quickest that there is for the system."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


async def serve(
    evaluator: Evaluator,
    address: str,
    stopped: asyncio.Event,
    ready: Callable[[Running], None],
    recorder: RemoteRecorder | None = None,
    share: bool = False,
) -> None:
    """Serves at `HOST:PORT`, with `share` beside others, until the event is set; then calls under way are finished.

    What is evaluated is left to `recorder`, if there is one; it is closed at the end, and the ledger stays open.
    `ready` is called once calls are answered. Raises AddressInUse and CantStart.
    """
    ledger = evaluator.ledger
    access: Access = Direct(ledger) if isinstance(ledger, MemoryLedger) else GroupCommit(ledger)
    collector.spare()
    try:
        if recorder is not None:
            await recorder.start()
        running = await start(evaluator, address, now, access, share, recorder)
        ready(running)
        await serve_until(running, stopped, leave=share)
    finally:
        if recorder is not None:
            await recorder.close()
        await access.close()
