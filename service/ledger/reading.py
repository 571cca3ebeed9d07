"""Reading the tables of a ledger in an SQL database: pages of records, sums, and whether all that is stored fits.

Parameters are written `:name`; a database with another way of writing them translates that.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dsl.evaluation import Change, Line
from dsl.event import Event
from dsl.zones import DAY, LATEST
from service.errors import InvalidRequest, LedgerDamaged
from service.ledger import chain, codec
from service.ledger.interface import Chain, Entry, Published, Query, Record, Refused, UsageLine
from service.ledger.paging import position_of, token_of
from service.ledger.sql import void_of

Row = Mapping[str, Any]
Select = Callable[[str, Mapping[str, object]], Iterable[Row]]
"""Runs a query with its parameters, by name; gives its rows one after the other."""
Use = tuple[str, str, int, str, str]
"""A ruleset, a customer, a day, an interaction and what its units are."""

_RECORDS = """
SELECT e.sequence, s.ruleset, s.source, e.event_id, c.subject, c.ruleset AS customer_of, e.day, e.time, e.type,
  e.data, e.version, e.currency, e.outcome, e.interactions, e.answer, e.recorded, e.content, e.writer, e.number,
  e.chain, e.voids,
  o.answer AS voided_answer, o.recorded AS voided_recorded, v.sequence AS voided_by
FROM entries e
JOIN streams s ON s.id = e.stream
JOIN customers c ON c.id = e.customer
LEFT JOIN entries o ON o.sequence = e.voids
LEFT JOIN entries v ON v.voids = e.sequence
"""
RECORDS = _RECORDS + "WHERE e.sequence > :after ORDER BY e.sequence"
BY_CHAIN = _RECORDS + "ORDER BY e.writer, e.number"
COUNTERS = "SELECT ruleset, key, value FROM counters"
CHAINS = "SELECT id, rows, chain, began FROM writers ORDER BY id"
USAGE_OF_ALL = """
SELECT c.ruleset, c.subject, u.day, u.interaction, u.noun, u.events, u.units, u.price
FROM usage u JOIN customers c ON c.id = u.customer
"""
_USAGE = """
SELECT u.day, u.interaction, u.noun, u.events, u.units, u.price FROM usage u
WHERE u.day IN ({days}) AND u.customer = (SELECT id FROM customers WHERE ruleset = :ruleset AND subject = :subject)
ORDER BY u.day, u.interaction, u.noun
"""
_CUSTOMERS = """
SELECT id FROM customers WHERE subject = :subject
AND ruleset IN (SELECT ruleset FROM streams WHERE :ruleset = '' OR ruleset = :ruleset)
"""
# An id is looked up by itself: the index by which that is one step holds no voids, and not all columns.
_BY_ID = """
SELECT e.sequence FROM entries e
WHERE e.voids IS NULL AND e.event_id = :event_id
AND e.stream IN (
  SELECT id FROM streams WHERE (:ruleset = '' OR ruleset = :ruleset) AND (:source = '' OR source = :source)
)
"""
_BY_ID_WITH_VOIDS = f"{_BY_ID} UNION ALL SELECT v.sequence FROM entries v WHERE v.voids IN ({_BY_ID})"
# Two questions, each of which is one step into an index: SQLite answers both in one by going through all rows.
_DAYS = "SELECT (SELECT min(day) FROM {table}) AS first, (SELECT max(day) FROM {table}) AS last"
DAYS_AT_ONCE = 31
LONGEST = 256
"""Characters of a name, a customer, a source or an id."""
REFUSED = """
SELECT sequence, ruleset, event, reason, violations, recorded FROM refused
WHERE sequence > :after AND (:ruleset = '' OR ruleset = :ruleset) ORDER BY sequence LIMIT :size
"""
PUBLISHED = """
SELECT position, ruleset, version, effective, text, sha256, published, used FROM publications
WHERE replaced = 0 ORDER BY ruleset, version
"""


def record_of(row: Row) -> Record:
    """A record from a row of `RECORDS`; raises LedgerDamaged."""
    try:
        return _record(row)
    except codec.DAMAGE:
        raise LedgerDamaged(row["sequence"]) from None


def _record(row: Row) -> Record:
    event = Event(row["event_id"], row["source"], row["type"], row["subject"], row["time"], codec.data_of(row["data"]))
    is_void = row["voids"] is not None
    kept, recorded = (row["voided_answer"], row["voided_recorded"]) if is_void else (row["answer"], row["recorded"])
    entry = Entry(row["ruleset"], row["version"], row["currency"], event, codec.evaluation_of(kept), recorded)
    return Record(
        row["sequence"],
        row["writer"],
        row["number"],
        bytes(row["chain"]).hex(),
        bytes(row["content"]).hex(),
        void_of(entry, row["answer"], row["recorded"]) if is_void else entry,
        row["voided_by"] is not None,
    )


def find(select: Select, query: Query, size: int, after: str) -> tuple[list[Record], str]:
    """See `Ledger.find`."""
    if not query.subject and (query.start is not None or query.end is not None):
        raise InvalidRequest("subject", "name the customer: entries are listed by time only for one customer")
    position = position_of(query, after) if after else None
    if not all(map(_can_be_stored, (query.ruleset, query.subject, query.source, query.event_id, query.interaction))):
        return [], ""
    conditions, parameters = _conditions(query)
    if query.event_id:
        key = {"event_id": query.event_id, "ruleset": query.ruleset, "source": query.source}
        sequences = ", ".join(str(row["sequence"]) for row in select(_BY_ID_WITH_VOIDS, key))
        if not sequences:
            return [], ""
        conditions.append(f"e.sequence IN ({sequences})")
    if query.subject:
        found = _of_customer(select, query, conditions, parameters, size + 1, position)
    else:
        if position is not None:
            conditions.append("e.sequence > :after")
            parameters["after"] = position[1]
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        rows = select(f"{_RECORDS}{where}ORDER BY e.sequence LIMIT :size", parameters | {"size": size + 1})
        found = [record_of(row) for row in rows]
    if len(found) <= size:
        return found, ""
    last = found[size - 1]
    return found[:size], token_of(query, (_time_of(last) if query.subject else 0, last.sequence))


def _of_customer(
    select: Select,
    query: Query,
    conditions: list[str],
    parameters: dict[str, object],
    size: int,
    position: tuple[int, int] | None,
) -> list[Record]:
    """A customer's records after a position, by time: some days at a time, since the index begins with the day."""
    customers = ", ".join(
        str(row["id"]) for row in select(_CUSTOMERS, {"ruleset": query.ruleset, "subject": query.subject})
    )
    (days,) = select(_DAYS.format(table="entries"), {})
    if not customers or days["first"] is None:
        return []
    # A day of the calendar begins at most a day away from that day in UTC.
    first, last = days["first"], days["last"]
    if query.start is not None:
        first = max(first, query.start // DAY - 1)
    if query.end is not None:
        last = min(last, query.end // DAY + 1)
    if position is not None:
        first = max(first, position[0] // DAY - 1)
        conditions.append("(e.time, e.sequence) > (:after_time, :after)")
        parameters["after_time"], parameters["after"] = position
    found: list[Record] = []
    for day in range(first, last + 1, DAYS_AT_ONCE):
        some = ", ".join(map(str, range(day, min(day + DAYS_AT_ONCE, last + 1))))
        where = " AND ".join([f"e.day IN ({some})", f"e.customer IN ({customers})", *conditions])
        parameters["size"] = size - len(found)
        found += map(record_of, select(f"{_RECORDS}WHERE {where} ORDER BY e.time, e.sequence LIMIT :size", parameters))
        if len(found) >= size:
            break
    return found


def _conditions(query: Query) -> tuple[list[str], dict[str, object]]:
    conditions: list[str] = []
    parameters: dict[str, object] = {}
    for name, column in (("ruleset", "s.ruleset"), ("source", "s.source")):
        if value := getattr(query, name):
            conditions.append(f"{column} = :{name}")
            parameters[name] = value
    if query.start is not None:
        conditions.append("e.time >= :start")
        parameters["start"] = query.start
    if query.end is not None:
        conditions.append("e.time < :end")
        parameters["end"] = min(query.end, LATEST + 1)
    if query.outcome is not None:
        conditions.append("e.outcome = :outcome")
        parameters["outcome"] = query.outcome.value
    if query.interaction:
        conditions.append("e.interactions LIKE :interaction ESCAPE '\\'")
        parameters["interaction"] = _like(query.interaction)
    return conditions, parameters


def _can_be_stored(text: str) -> bool:
    """Whether a database can be asked for a text at all; no event that was recorded has any other."""
    return len(text) <= LONGEST and "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _like(name: str) -> str:
    return "% " + name.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%") + " %"


def _time_of(record: Record) -> int:
    row = record.row
    time = row.event.time if isinstance(row, Entry) else row.entry.event.time
    assert isinstance(time, int), "an accepted event has a time"
    return time


def usage(select: Select, ruleset: str, subject: str, first_day: int, last_day: int) -> list[UsageLine]:
    """See `Ledger.usage`."""
    if not (_can_be_stored(ruleset) and _can_be_stored(subject)):
        return []
    (days,) = select(_DAYS.format(table="usage"), {})
    if days["first"] is None:
        return []
    some = ", ".join(map(str, range(max(first_day, days["first"]), min(last_day, days["last"]) + 1)))
    if not some:
        return []
    return [
        UsageLine(row["day"], row["interaction"], row["noun"], row["events"], int(row["units"]), int(row["price"]))
        for row in select(_USAGE.format(days=some), {"ruleset": ruleset, "subject": subject})
    ]


def refused(select: Select, ruleset: str, size: int, after: int) -> list[Refused]:
    """See `Ledger.refused`."""
    if not _can_be_stored(ruleset):
        return []
    return [
        Refused(
            row["sequence"],
            row["ruleset"],
            codec.event_of(row["event"]),
            row["reason"],
            codec.violations_of(row["violations"]),
            row["recorded"],
        )
        for row in select(REFUSED, {"ruleset": ruleset, "after": after, "size": size})
    ]


def published(select: Select) -> list[Published]:
    """See `Ledger.published`."""
    return [published_of(row) for row in select(PUBLISHED, {})]


def published_of(row: Row) -> Published:
    """A version from a row of `PUBLISHED`."""
    return Published(
        row["ruleset"],
        row["version"],
        row["effective"],
        row["text"],
        row["sha256"],
        row["published"],
        bool(row["used"]),
    )


def chains(select: Select) -> list[Chain]:
    """See `Ledger.chains`."""
    return [Chain(row["id"], row["rows"], bytes(row["chain"]).hex(), row["began"]) for row in select(CHAINS, {})]


# ── whether everything fits together ────────────────────────────────────────


def verify(select: Select) -> Iterator[str]:
    """See `Ledger.verify`: the chains row by row, then counters and usage against the sums of the entries."""
    counters: dict[tuple[str, str], int] = defaultdict(int)
    use: dict[Use, list[int]] = defaultdict(lambda: [0, 0, 0])
    heads = {row["id"]: (row["rows"], bytes(row["chain"])) for row in select(CHAINS, {})}
    writer, number, head, broken = 0, 0, b"", False
    seen: dict[int, tuple[int, bytes]] = {}
    for row in select(BY_CHAIN, {}):
        if row["writer"] != writer:
            writer, number, head, broken = row["writer"], 0, chain.genesis(row["writer"]), False
        if not broken:
            fault = _fault(row, number + 1, head)
            if fault:
                broken = True
                yield fault
        number, head = row["number"], bytes(row["chain"])
        seen[writer] = (number, head)
        try:
            _add_up(row, counters, use)
        except codec.DAMAGE:
            yield f"row {row['sequence']} can't be read: its answer or data is damaged"
    for writer, (rows, last) in heads.items():
        found = seen.pop(writer, (0, chain.genesis(writer)))
        if found != (rows, last):
            yield (
                f"chain {writer} should end at row {rows} with {last.hex()[:16]}…, and ends at row {found[0]} with "
                f"{found[1].hex()[:16]}…: rows are missing at its end, or were added"
            )
    for writer in seen:
        yield f"chain {writer} has rows and is not registered"
    yield from _sums(select, counters, use)
    for one in published(select):
        if hashlib.sha256(one.text.encode()).hexdigest() != one.sha256:
            yield f"version {one.version} of {one.ruleset} is not the text that was published"


def _fault(row: Row, number: int, head: bytes) -> str:
    """What is wrong with a row, "" where it follows from the row before it."""
    place = f"row {row['sequence']} (number {row['number']} of chain {row['writer']})"
    if row["number"] != number:
        return f"{place} is bad: number {number} is missing before it"
    if row["customer_of"] != row["ruleset"]:
        return f"{place} is bad: its customer is another ruleset's"
    try:
        data = codec.data_of(row["data"])
        event = Event(row["event_id"], row["source"], row["type"], row["subject"], row["time"], data)
        canonical = codec.data_texts(data)[1]
    except codec.DAMAGE:
        return f"{place} is bad: its data can't be read"
    content = bytes(row["content"])
    if codec.content_hash(event, canonical) != content:
        return f"{place} is bad: its event is not the one that was recorded"
    due = chain.link_entry(
        head, content, chain.common(row["ruleset"], row["version"], row["currency"]), row["sequence"], row["recorded"],
        row["voids"], f"{row['day']} {row['outcome']}{row['interactions']}", row["source"], row["event_id"],
        row["data"], row["answer"],
    )  # fmt: skip
    if due != bytes(row["chain"]):
        return f"{place} is bad: it, or what came before it, was changed after it was recorded"
    return ""


def _add_up(row: Row, counters: dict[tuple[str, str], int], use: dict[Use, list[int]]) -> None:
    kept = codec.loaded(row["answer"])
    changes: tuple[Change, ...] = codec.changes_of(kept)
    for change in changes:
        counters[row["ruleset"], codec.key_text(change.key)] += change.delta
    lines: tuple[Line, ...] = codec.lines_of(kept)
    for line in lines:
        sums = use[row["ruleset"], row["subject"], row["day"], line.interaction, line.noun]
        sums[0] += -1 if row["voids"] is not None else 1
        sums[1] += line.units
        sums[2] += line.price


def _sums(select: Select, counters: dict[tuple[str, str], int], use: dict[Use, list[int]]) -> Iterator[str]:
    for row in select(COUNTERS, {}):
        due = counters.pop((row["ruleset"], row["key"]), 0)
        if int(row["value"]) != due:
            yield f"the counter {row['key']} of {row['ruleset']} is {row['value']}; its entries add up to {due}"
    for (ruleset, key), due in counters.items():
        if due:
            yield f"the counter {key} of {ruleset} is missing; its entries add up to {due}"
    for row in select(USAGE_OF_ALL, {}):
        place = (row["ruleset"], row["subject"], row["day"], row["interaction"], row["noun"])
        if [row["events"], int(row["units"]), int(row["price"])] != use.pop(place, [0, 0, 0]):
            yield f"{_use_of(place)} is not what its entries add up to"
    for place, sums in use.items():
        if any(sums):
            yield f"{_use_of(place)} is missing"


def _use_of(place: Use) -> str:
    ruleset, subject, day, interaction, noun = place
    return f"the usage of {interaction} in {noun} on day {day} by customer {subject} of {ruleset}"
