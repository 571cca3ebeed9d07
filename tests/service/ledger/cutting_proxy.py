"""A connection that breaks at the worst moment: after the server has committed, before the client hears of it."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

SOCKET_NAME = ".s.PGSQL.5432"
COMMITTED = b"COMMIT\0"
"""How PostgreSQL's protocol reports that a transaction was committed."""


class CuttingProxy:
    """Hands on what clients and a server's socket say to each other; once `armed`, cuts the next COMMIT's answer off.

    Clients reach it at `folder` as they would reach the server in its own.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self.armed = False
        self._server = server / SOCKET_NAME
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET_NAME))
        self._listener.listen()
        self._sockets: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> "CuttingProxy":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._sockets:
            _shut(one)
        for thread in self._threads:
            thread.join(10)
        for one in self._sockets:
            one.close()

    def _start(self, work: object, *parameters: object) -> None:
        thread = threading.Thread(target=work, args=parameters, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._sockets += (client, server)
                self._start(self._hand_on, client, server, False)
                self._start(self._hand_on, server, client, True)

    def _hand_on(self, source: socket.socket, target: socket.socket, from_server: bool) -> None:
        with suppress(OSError):
            while said := source.recv(65536):
                if from_server and self.armed and COMMITTED in said:
                    self.armed = False
                    break
                target.sendall(said)
        _shut(source)
        _shut(target)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
