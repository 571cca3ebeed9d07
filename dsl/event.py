"""An event as it comes, before anything is known of its declaration.

Values of `data`, by dotted path: `bool`, `int`, `Decimal` (from number text, exact), `float` (a double, taken by its
shortest decimal), `str`, `Instant`, a list of `str`, None (missing), or `Other` for what no declared type accepts.
`time` is an instant in microseconds, or RFC 3339 text, or None.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Instant:
    """A timestamp that came as one and not as text, in microseconds since 1970-01-01T00:00Z."""

    microseconds: int


@dataclass(frozen=True, slots=True)
class Other:
    """A value of a shape that no declared type accepts: `shape` in words (`an object`, `a list`), `content` its
    canonical text, by which two such values are equal."""

    shape: str
    content: str = ""


@dataclass(slots=True)
class Event:
    """CloudEvents' members and the flattened data. `conflicts` names paths that came twice, nested and dotted."""

    id: object
    source: object
    type: object
    subject: object
    time: object
    data: dict[str, object]
    conflicts: tuple[str, ...] = field(default=())
