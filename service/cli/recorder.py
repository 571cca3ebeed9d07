"""The process that rates and records for a server, which starts it and is connected to its standard input."""

import json
import signal
import sys
from contextlib import closing, suppress
from socket import socket

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
    """Records as the line of JSON on the connection says: `ledger`, and `who` it is in the log.

    Ends with 1 where the ledger or its rules can't be used, having told the server why.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        # Whoever ends all processes of a service at once says it to this one too, which the server needs to the last.
        signal.signal(number, signal.SIG_IGN)
    with socket(fileno=0) as connection:
        line = _line(connection)
        if not line:
            return
        settings = json.loads(line)
        place = settings["ledger"]
        log.to_stderr(settings["who"])
        try:
            with closing(existing_ledger(place, now)) as ledger:
                evaluator = evaluator_of(ledger, now)
                collector.spare()
                Recorder(evaluator, connection).run()
        except (CantOpen, LedgerUnavailable, OutdatedRules) as error:
            with suppress(ConnectionError):
                connection.sendall(framed(0, Kind.FAILED, without_password(str(error), place).encode()))
            sys.exit(FINDINGS)


def _line(connection: socket) -> bytes:
    """The first line, after which nothing comes before it is answered; "" where the server ended before."""
    line = b""
    with suppress(ConnectionError):
        while not line.endswith(b"\n"):
            part = connection.recv(65_536)
            if not part:
                return b""
            line += part
    return line
