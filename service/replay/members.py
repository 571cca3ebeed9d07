"""An event from named columns, as Parquet and CSV have them."""

from collections.abc import Iterable, Sequence

from dsl.acceptance import parse_rfc3339
from dsl.event import Event, Instant
from service.cloudevents import MalformedEvent, flatten, json_value

MEMBERS = ("id", "source", "type", "subject", "time")
"""The columns that every file of events has."""
_ATTRIBUTES_APART = ("specversion", "datacontenttype", "dataschema")
"""CloudEvents' own attributes: no data, unless the rules declare a path of that name."""
_PREFIX = "data."


def data_paths(names: Sequence[str], declared: Iterable[str]) -> dict[str, str]:
    """The data columns among columns' names, each with its path; raises MalformedEvent for names that don't do.

    A column `data` holds all data, and no other column then does. Else a column is named by its path, with or without
    `data.` before it.
    """
    seen: set[str] = set()
    for place, name in enumerate(names, start=1):
        if not name:
            raise MalformedEvent(f"column {place} has no name")
        if name in seen:
            raise MalformedEvent(f"the column `{name}` stands twice")
        seen.add(name)
    for member in MEMBERS:
        if member not in seen:
            raise MalformedEvent(f"the column `{member}` is missing")
    known, paths = set(declared), dict[str, str]()
    for name in names:
        path = name.removeprefix(_PREFIX)
        if "data" in seen and path != name:
            raise MalformedEvent(f"there is a column `data` and a column `{name}`: give the data in one way")
        if name in MEMBERS or "data" in seen or (name in _ATTRIBUTES_APART and name not in known):
            continue
        if path in paths.values():
            raise MalformedEvent(f"the columns `{path}` and `data.{path}` are the same")
        paths[name] = path
    return paths


def event_of(members: dict[str, object], data: object) -> Event:
    """The event with some members and its data: a dict that may nest, JSON text of one, or None for none.

    Raises MalformedEvent where the data is none of them.
    """
    if data is None:
        data = {}
    elif isinstance(data, str):
        data = json_value(data)
    if not isinstance(data, dict):
        raise MalformedEvent("`data` is the text of a JSON object or a struct, and this is not")
    flat, conflicts = flatten(data)
    time = members["time"]
    if isinstance(time, str):
        instant = parse_rfc3339(time)
        time = time if instant is None else instant
    elif isinstance(time, Instant):
        time = time.microseconds
    elif type(time) is int:
        # Of an event a whole number is an instant in microseconds; of a file nobody knows its unit.
        raise MalformedEvent("`time` is a number; it is a timestamp, or text such as `2026-07-01T09:00:00Z`")
    return Event(members["id"], members["source"], members["type"], members["subject"], time, flat, conflicts)
