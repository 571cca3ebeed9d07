"""The process that rates and records for a server, or for several; whoever starts it holds its standard input."""

import json
import os
import signal
import sys
from contextlib import closing, suppress
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

from service.cli import collector, log
from service.cli.ledgers import existing_ledger, without_password
from service.cli.options import FINDINGS
from service.errors import LedgerUnavailable
from service.ledger.interface import CantOpen
from service.publishing import OutdatedRules, evaluator_of
from service.rpc.recorder.frames import Kind, framed
from service.rpc.recorder.loop import Recorder
from service.times import now


def main() -> None:
    """Records as the line of JSON on standard input says: `ledger`, `who` it is in the log, and where to `listen`.

    Without that it serves the one server that its standard input is connected to. With it, it goes on until its
    standard input is closed. Ends with 1 where the ledger or its rules can't be used, having said why.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        # Whoever ends all processes of a service at once says it to this one too, which the server needs to the last.
        signal.signal(number, signal.SIG_IGN)
    line = _line()
    if not line:
        return
    settings = json.loads(line)
    place = settings["ledger"]
    log.to_stderr(settings["who"])
    try:
        with closing(existing_ledger(place, now)) as ledger:
            recorder = Recorder(evaluator_of(ledger, now))
            collector.spare()
            if "listen" in settings:
                _listen(recorder, Path(settings["listen"]))
            else:
                with socket(fileno=0) as connection:
                    recorder.serve(connection)
    except (CantOpen, LedgerUnavailable, OutdatedRules) as error:
        _say_why(without_password(str(error), place), settings)
        sys.exit(FINDINGS)


def _line() -> bytes:
    """The first line, after which nothing comes before it is answered; "" where the server ended before."""
    line = b""
    with suppress(ConnectionError):
        while not line.endswith(b"\n"):
            part = os.read(0, 65_536)
            if not part:
                return b""
            line += part
    return line


def _listen(recorder: Recorder, path: Path) -> None:
    """Serves all that connect to a socket, whose folder goes with the last of its users."""
    path.unlink(missing_ok=True)  # of one before this one
    with socket(AF_UNIX, SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        recorder.listen(listener, 0)
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()


def _say_why(sentence: str, settings: dict[str, str]) -> None:
    if "listen" in settings:
        print(f"{settings['who']}: {sentence}", file=sys.stderr)
        return
    with suppress(ConnectionError), socket(fileno=0) as connection:
        connection.sendall(framed(0, Kind.FAILED, sentence.encode()))
