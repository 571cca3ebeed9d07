"""A load generator for unary gRPC calls: prepared requests, each its own, over a few connections, many at a time.

Python's gRPC client costs more than the server that it would measure, and h2load sends one body again and again. This
speaks just as much HTTP/2 as that takes: requests are bytes made beforehand; of the answers only frames and statuses
are read.
"""

import selectors
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
LARGEST_WINDOW = 2**31 - 1
OK = b"grpc-status\x010"
"""How a server says OK where it may not compress headers (it is told so)."""


@dataclass(slots=True)
class Load:
    """What came of it: calls a second, each call's seconds, ascending, and how many had another status than OK."""

    rate: float
    seconds: list[float]
    failed: int

    def percentile(self, share: float) -> float:
        """The seconds within which that share of calls were answered."""
        return self.seconds[min(int(len(self.seconds) * share), len(self.seconds) - 1)]


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    window: int = 65_535
    stream: int = 1
    received: bytearray = field(default_factory=bytearray)
    started: dict[int, float] = field(default_factory=dict)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _headers(path: str, authority: str) -> bytes:
    """A header block without compression, which every HPACK reader understands."""
    fields = {
        ":method": "POST", ":scheme": "http", ":path": path, ":authority": authority,
        "content-type": "application/grpc", "te": "trailers",
    }  # fmt: skip
    return b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )


def load(
    address: str, path: str, messages: Sequence[bytes], in_flight: int = 64, connections: int = 4, warm_up: int = 0
) -> Load:
    """Sends every message as a call of its own. The first `warm_up` of them are neither counted nor timed."""
    host, _, port = address.rpartition(":")
    headers = _headers(path, address)
    requests = iter([b"\0" + struct.pack(">I", len(message)) + message for message in messages])
    selector = selectors.DefaultSelector()
    opened = []
    for _ in range(connections):
        sock = socket.create_connection((host, int(port)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        settings = struct.pack(">HIHI", 1, 0, 4, LARGEST_WINDOW)  # no header table; streams of any length
        more = struct.pack(">I", LARGEST_WINDOW - 65_535)
        sock.sendall(PREFACE + _frame(SETTINGS, 0, 0, settings) + _frame(WINDOW_UPDATE, 0, 0, more))
        opened.append(_Connection(sock))
        selector.register(sock, selectors.EVENT_READ, opened[-1])
    seconds: list[float] = []
    failed, answered, begun = 0, 0, time.perf_counter()
    for connection in opened:
        _send(connection, headers, requests, in_flight // connections)
    while answered < len(messages):
        for key, _ in selector.select(30):
            connection = key.data
            connection.received += connection.sock.recv(262_144)
            done = 0
            for ok, took in _answers(connection):
                answered += 1
                done += 1
                failed += not ok
                if answered > warm_up:
                    seconds.append(took)
                elif answered == warm_up:
                    begun = time.perf_counter()
            if done:
                _send(connection, headers, requests, done)
    ended = time.perf_counter()
    for connection in opened:
        connection.sock.close()
    return Load((len(messages) - warm_up) / (ended - begun), sorted(seconds), failed)


def _send(connection: _Connection, headers: bytes, requests: Iterator[bytes], count: int) -> None:
    sent = bytearray()
    now = time.perf_counter()
    for _ in range(count):
        request = next(requests, None)
        if request is None:
            break
        stream = connection.stream
        connection.stream += 2
        connection.window -= len(request)
        assert connection.window > 0, "the server's window is used up: fewer calls at a time"
        connection.started[stream] = now
        sent += _frame(HEADERS, END_HEADERS, stream, headers) + _frame(DATA, END_STREAM, stream, request)
    if sent:
        connection.sock.sendall(sent)


def _answers(connection: _Connection) -> Iterator[tuple[bool, float]]:
    """Reads the frames that have come; for each call that is answered: whether with OK, and how long it took."""
    buffer = connection.received
    start = 0
    while len(buffer) - start >= 9:
        length = int.from_bytes(buffer[start : start + 3], "big")
        if len(buffer) - start < 9 + length:
            break
        kind, flags, stream = struct.unpack_from(">BBI", buffer, start + 3)
        payload = bytes(buffer[start + 9 : start + 9 + length])
        start += 9 + length
        if kind == HEADERS and flags & END_STREAM:
            yield OK in payload, time.perf_counter() - connection.started.pop(stream)
        elif kind == RST_STREAM:
            yield False, time.perf_counter() - connection.started.pop(stream)
        elif kind == SETTINGS and not flags & ACK:
            connection.sock.sendall(_frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            connection.sock.sendall(_frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream == 0:
            connection.window += int.from_bytes(payload, "big")
        elif kind == GOAWAY:
            raise ConnectionError("the server ends the connection")
    del buffer[:start]
