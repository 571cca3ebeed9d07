"""One process that serves what a ledger's published rules say, until it is told to stop."""

import asyncio
import gc
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from service.access import Access, Direct, GroupCommit
from service.evaluator import Evaluator
from service.ledger.interface import Ledger
from service.ledger.memory import MemoryLedger
from service.publishing import follow, registry_from
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


def log_to_stderr(who: str = "") -> None:
    """Has everything logged to standard error, each line with who said it where there are several."""
    who = f"{who} " if who else ""
    form = f"%(asctime)s {who}%(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=form, force=True)


def evaluator_of(ledger: Ledger) -> Evaluator:
    """An evaluator by the rules that are published in a ledger, compiled, which follows what is published later.

    Raises OutdatedRules and LedgerUnavailable.
    """
    registry = registry_from(ledger.published())
    registry.compile()
    evaluator = Evaluator(registry, ledger, now)
    follow(ledger, evaluator)
    return evaluator


async def serve(
    evaluator: Evaluator, address: str, stopped: asyncio.Event, ready: Callable[[Running], None], share: bool = False
) -> None:
    """Serves at `HOST:PORT`, with `share` beside others, until the event is set; then calls under way are finished.

    `ready` is called once calls are answered. Raises AddressInUse. The ledger stays open.
    """
    ledger = evaluator.ledger
    access: Access = Direct(ledger) if isinstance(ledger, MemoryLedger) else GroupCommit(ledger)
    _spare_the_collector()
    try:
        running = await start(evaluator, address, now, access, share)
        ready(running)
        await serve_until(running, stopped, leave=share)
    finally:
        await access.close()


def _spare_the_collector() -> None:
    """What has been loaded stays for good, and nothing on a request's way makes cycles: they are looked for rarely."""
    gc.collect()
    gc.freeze()
