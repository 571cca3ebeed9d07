"""A port that several processes listen on, claimed by one of them for all, so that no other server can take it."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


class PortTaken(Exception):
    """The address can't be listened on; the text says which and why."""


@contextmanager
def claimed(address: str) -> Iterator[str]:
    """Holds `HOST:PORT`, port 0 for a free one, and gives it with its real port, at which several can listen.

    Raises PortTaken where anybody is there already, a server that shares its port with others included.
    """
    host, _, number = address.rpartition(":")
    port = int(number)
    if not hasattr(socket, "SO_REUSEPORT"):
        raise PortTaken(f"can't listen on {address} with several workers: this system has no shared ports")
    with ExitStack() as held:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, kind, protocol, _, place in found:
                port = _claim(held, socket.socket(family, kind, protocol), (place[0], port, *place[2:]))
        except OSError:
            raise PortTaken(f"can't listen on {address}: it is in use, or no address of this machine") from None
        yield f"{host}:{port}"


def _claim(held: ExitStack, holder: socket.socket, place: tuple[Any, ...]) -> int:
    """Binds a socket that never listens, so that no connection comes to it; the port."""
    held.enter_context(holder)
    # Connections of a server that has just ended don't stand in the way.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(place)
    # Bound alone, and only then shared: between looking whether the port is free and taking it nobody else can.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    port: int = holder.getsockname()[1]
    return port
