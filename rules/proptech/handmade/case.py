"""What the shipped events that are written by hand have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

DROP = object()  # a member that is left out
NONE: Mapping[str, object] = {}
NOON = "2026-07-15T16:00:00Z"

SEARCH: Mapping[str, object] = {"member": "ann", "voice": True, "resultCount": 3, "channel": "app"}
QUESTION: Mapping[str, object] = {"member": "ann", "resolved": True, "via": "knowledge_tool", "ticket": "T-1"}
LISTING: Mapping[str, object] = {"member": "ann", "status": "accepted", "price": 425_000}
GOOD_DATA = {"search": SEARCH, "support.query": QUESTION, "listing.submit": LISTING}


@dataclass(frozen=True)
class Case:
    """One event and what must come of it; `data` is complete, `envelope` overrides members of the event itself."""

    expect: str
    note: str
    type: str
    data: Mapping[str, object]
    subject: str = "edge"
    time: str = NOON
    envelope: Mapping[str, object] = field(default_factory=dict)


def instant(text: str) -> datetime:
    """A time with its offset, read from RFC 3339."""
    return datetime.fromisoformat(text)
