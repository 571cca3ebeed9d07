"""One of several processes that serve together; `vpi serve --workers` starts it, and ends it through a pipe."""

import asyncio
import json
import logging
import os
import signal
import sys
from contextlib import closing, suppress
from threading import Thread

from service.cli import log
from service.cli.ledgers import existing_ledger, without_password
from service.cli.options import FINDINGS, UNREADABLE
from service.cli.serving import run, serve
from service.errors import LedgerUnavailable
from service.evaluator import Evaluator
from service.ledger.interface import CantOpen
from service.publishing import OutdatedRules, evaluator_of
from service.rpc.recorder.remote import CantStart, RemoteRecorder, SharedRecorder
from service.rpc.server import AddressInUse, Running
from service.times import now


def main() -> None:
    """Serves as the line of JSON on standard input says: `number`, `ledger`, `address` and `recorder`.

    Prints a line when it answers calls. Ends with 2 where its rules or address can't be used, with 1 where its ledger
    can't: its parent just could, so that another try is worth while.
    """
    line = sys.stdin.buffer.readline()
    if not line:
        return
    settings = json.loads(line)
    who, place = f"worker {settings['number']}", settings["ledger"]
    log.to_stderr(who)
    try:
        with closing(existing_ledger(place, now)) as ledger:
            recorder = SharedRecorder(settings["recorder"])
            run(_serve(evaluator_of(ledger, now), settings["address"], recorder))
    except (AddressInUse, OutdatedRules) as error:
        print(f"{who}: {error}", file=sys.stderr)
        sys.exit(UNREADABLE)
    except (CantOpen, CantStart, LedgerUnavailable) as error:
        print(f"{who}: {without_password(str(error), place)}", file=sys.stderr)
        sys.exit(FINDINGS)


async def _serve(evaluator: Evaluator, address: str, recorder: RemoteRecorder) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # As often as it is told: whoever ends all processes of a service at once says it to this one and to its parent.
        loop.add_signal_handler(number, stopped.set)
    Thread(target=_await_parents_end, args=(loop, stopped), name="parent-watcher", daemon=True).start()
    await serve(evaluator, address, stopped, _say_ready, recorder, share=True)
    # Everything is answered and committed. Ending the event loop would close the server, and cut off whoever comes now.
    evaluator.ledger.close()
    logging.shutdown()
    os._exit(0)


def _say_ready(running: Running) -> None:
    # Not through sys.stdout, which would try again at the end. A parent that has died is noticed on the other pipe.
    with suppress(BrokenPipeError):
        os.write(1, json.dumps({"address": running.address}).encode() + b"\n")


def _await_parents_end(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """Stops the server when the pipe from the parent closes, whether it asks for the end or has died."""
    # Not through sys.stdin, whose lock this thread would hold when the interpreter ends.
    while os.read(0, 1024):
        pass
    if not loop.is_closed():
        loop.call_soon_threadsafe(stopped.set)
