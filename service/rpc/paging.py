"""Pages of a listing: how much they hold, and what is said of a page that can't be."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from service.errors import InvalidRequest

PAGE_SIZE = 100
LARGEST_PAGE = 1000
MOST_BYTES = 16 * 1024 * 1024
"""What a page may come to before it ends early: half of the largest message, since one event may be large."""


class Sized(Protocol):
    """A message."""

    def ByteSize(self) -> int:
        """How many bytes it takes."""
        ...


Message = TypeVar("Message", bound=Sized)


def page_size(asked: int) -> int:
    """How many items a page may hold. Raises InvalidRequest for a negative size."""
    if asked < 0:
        raise InvalidRequest("page_size", "a page holds at least 1; 0 leaves the size to the server")
    return min(asked or PAGE_SIZE, LARGEST_PAGE)


def fitting(messages: Iterable[Message]) -> list[Message]:
    """The first messages, as many as go into one answer; at least one where there is any."""
    found: list[Message] = []
    room = MOST_BYTES
    for message in messages:
        room -= message.ByteSize()
        if found and room < 0:
            break
        found.append(message)
    return found


def wrong_token() -> InvalidRequest:
    """The error for a page token of another listing, or of none."""
    return InvalidRequest("page_token", "this token is not of a listing with these filters; start without one")
