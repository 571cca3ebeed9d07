"""Ids for events that have none yet: made once, before an event is first sent, and kept with it."""

import secrets
from collections.abc import Callable
from uuid import UUID

from service.times import now

_MICROSECONDS = 1000


def new_id(clock: Callable[[], int] = now, bits: Callable[[int], int] = secrets.randbits) -> str:
    """A new id that sorts by the time of its making: a UUID of version 7.

    Make it where the event happens and store it with the event: the id is what makes sending an event again safe, so
    that one made at each attempt would count the event at each attempt. The client never makes one by itself. Ids that
    rise with time are also faster to record than random ones. `clock` gives an instant, `bits` so many random bits.
    """
    milliseconds, microseconds = divmod(clock(), _MICROSECONDS)
    # RFC 9562: 48 bits of milliseconds, the version, 12 bits of the millisecond's fraction, the variant, 62 of chance.
    fraction = microseconds * 4096 // _MICROSECONDS
    head = (milliseconds & (1 << 48) - 1) << 16 | 7 << 12 | fraction
    return str(UUID(int=head << 64 | 0b10 << 62 | bits(62)))
