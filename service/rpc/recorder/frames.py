"""Frames between a server and its recorder: the number of a call, what is asked or answered, and so many bytes."""

from enum import IntEnum
from struct import Struct

_HEAD = Struct("<IQB")
"""Bytes that follow, the call's number, and the kind of frame."""


class Kind(IntEnum):
    """What a frame is: asked by the server up to REFRESH, said by the recorder after that."""

    EVALUATE = 1
    """An EvaluateRequest, as it came; answered by an EvaluateResponse."""
    BATCH = 2
    """A batch, see `batches.py`; answered by its answers."""
    REFRESH = 3
    """What is published is to be served; answered by nothing."""
    ANSWER = 4
    REFUSAL = 5
    """The status that the call ends with."""
    READY = 6
    """The recorder can be asked."""
    FAILED = 7
    """It can't, and ends; a sentence in UTF-8 says why."""


Frame = tuple[int, int, bytes]
"""A call's number, the kind, and the bytes."""


def framed(call: int, kind: Kind, payload: bytes) -> bytes:
    """A frame as bytes."""
    return _HEAD.pack(len(payload), call, kind) + payload


class Frames:
    """What comes through a connection, cut into frames."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._needed = _HEAD.size

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with these bytes."""
        received = self._received
        received += data
        size = len(received)
        if size < self._needed:
            return []
        found: list[Frame] = []
        start = 0
        self._needed = _HEAD.size
        while size - start >= _HEAD.size:
            length, call, kind = _HEAD.unpack_from(received, start)
            end = start + _HEAD.size + length
            if end > size:
                self._needed = end - start
                break
            found.append((call, kind, bytes(received[start + _HEAD.size : end])))
            start = end
        del received[:start]
        return found
