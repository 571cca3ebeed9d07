"""Page tokens: where a page of records ended, as opaque text that fits only the query that it came from."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode

from service.errors import InvalidRequest
from service.ledger.chain import link
from service.ledger.interface import Query

Position = tuple[int, int]
"""The last row of a page, by what orders the rows: the event's time where one subject is listed, else 0; sequence."""

_BOUND = 8
"""How many bytes of a hash a token holds: enough that neither another query's token nor a mistyped one is taken."""
_LAYOUT = struct.Struct(f">qq{_BOUND}s")


def token_of(query: Query, position: Position) -> str:
    """The token of the page that begins after a position; only letters, digits, `-` and `_`."""
    return urlsafe_b64encode(_LAYOUT.pack(*position, _bound(query, position))).decode("ascii")


def position_of(query: Query, token: str) -> Position:
    """After which position a page begins. Raises InvalidRequest for a token that is none, or is another query's."""
    position = None
    try:
        time, sequence, _ = _LAYOUT.unpack(urlsafe_b64decode(token))
    except (ValueError, struct.error):
        pass
    else:
        position = (time, sequence)
    if position is None or token_of(query, position) != token:
        raise InvalidRequest(
            "page_token",
            "this is no token of this listing; give the one that came with the page before, and its filters",
        )
    return position


def _bound(query: Query, position: Position) -> bytes:
    """A short digest of everything that the query asks for, and the position."""
    asked = [query.ruleset, query.subject, query.source, query.event_id, query.interaction, query.outcome or ""]
    bounds = ["" if at is None else at for at in (query.start, query.end)]
    return link(b"page token", [*map(str, asked), *bounds, *position])[:_BOUND]
