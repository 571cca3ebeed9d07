"""The statements of one transaction in PostgreSQL: many rows in each, and few waits for an answer.

A transaction opens with the locks of all customers that it may touch, and what is known of its events. Then it is rated
against what is remembered; whatever is found missing on the way is asked for in one go, and rated again. A customer's
counters are remembered for as long as no other writer has recorded for that customer, which the customer's row tells.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from psycopg import Cursor
from psycopg.rows import TupleRow

from service.ledger import codec
from service.ledger.interface import Submission
from service.ledger.postgres.connection import Connection
from service.ledger.rows import Chained, EntryRow, Known, RefusedRow, Rows, UsageRow
from service.ledger.sql import MOST_REMEMBERED, is_key

NOT_YET = -1
"""The number of a customer or stream that is still to be made."""

_LOCK_WRITER = "SELECT rows, chain FROM writers WHERE id = %s FOR UPDATE"
_REVISION = "SELECT revision FROM ledger"
_HOLD_REVISION = "SELECT revision FROM ledger FOR SHARE"
# Each lateral query has an OFFSET, so that it stays one: looked up row by row through an index, and never the other way
# round, whatever the planner believes of the tables' sizes.
_CUSTOMERS = """
SELECT ruleset, subject, id, writer FROM customers WHERE id = ANY (ARRAY(
  SELECT c.id FROM unnest(%b::text[], %b::text[]) AS w (ruleset, subject)
  CROSS JOIN LATERAL (
    SELECT id FROM customers WHERE ruleset = w.ruleset AND subject = w.subject OFFSET 0
  ) AS c
)) ORDER BY id
"""
_MAKE_CUSTOMERS = """
INSERT INTO customers (ruleset, subject, writer)
SELECT w.ruleset, w.subject, %s FROM unnest(%b::text[], %b::text[]) AS w (ruleset, subject)
ON CONFLICT DO NOTHING RETURNING ruleset, subject
"""
_STREAMS = """
SELECT w.ruleset, w.source, s.id
FROM unnest(%b::text[], %b::text[]) AS w (ruleset, source)
CROSS JOIN LATERAL (SELECT id FROM streams WHERE ruleset = w.ruleset AND source = w.source OFFSET 0) AS s
"""
_MAKE_STREAMS = """
INSERT INTO streams (ruleset, source)
SELECT w.ruleset, w.source FROM unnest(%b::text[], %b::text[]) AS w (ruleset, source)
ON CONFLICT DO NOTHING
"""
_KNOWN = """
SELECT k.* FROM unnest(%b::text[], %b::text[], %b::text[]) AS w (ruleset, source, event_id)
CROSS JOIN LATERAL (SELECT id FROM streams WHERE ruleset = w.ruleset AND source = w.source OFFSET 0) AS s
CROSS JOIN LATERAL (
  SELECT e.stream, e.event_id, e.sequence, e.customer, c.subject, e.day, e.time, e.type, e.data, e.version, e.currency,
    e.outcome, e.interactions, e.answer, e.recorded, e.content
  FROM entries e JOIN customers c ON c.id = e.customer
  WHERE e.stream = s.id AND e.event_id = w.event_id AND e.voids IS NULL
  OFFSET 0
) AS k
"""
_SEQUENCES = "SELECT nextval('sequences') FROM generate_series(1, %s)"
_COUNTERS = """
SELECT w.customer, c.key, c.value::text, c.version
FROM unnest(%b::bigint[], %b::bytea[]) AS w (customer, digest)
CROSS JOIN LATERAL (
  SELECT key, value, version FROM counters WHERE customer = w.customer AND digest = w.digest OFFSET 0
) AS c
"""
_USAGE = """
SELECT w.customer, w.day, w.interaction, w.noun, u.events, u.units::text, u.price::text
FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[]) AS w (customer, day, interaction, noun)
CROSS JOIN LATERAL (
  SELECT events, units, price FROM usage
  WHERE customer = w.customer AND day = w.day AND interaction = w.interaction AND noun = w.noun OFFSET 0
) AS u
"""
_ENTRY_TYPES = {
    **dict.fromkeys(EntryRow._fields, "bigint"),
    **dict.fromkeys(("event_id", "type", "data", "currency", "outcome", "interactions", "answer"), "text"),
    **dict.fromkeys(("content", "chain"), "bytea"),
}
_ADD_ENTRIES = (
    f"INSERT INTO entries ({', '.join(EntryRow._fields)}) "
    f"SELECT * FROM unnest({', '.join(f'%b::{_ENTRY_TYPES[name]}[]' for name in EntryRow._fields)})"
)
_ADD_REFUSED = """
INSERT INTO refused (ruleset, event, reason, violations, recorded)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[])
"""
_SET_COUNTERS = """
INSERT INTO counters (customer, digest, ruleset, key, value, version)
SELECT w.customer, w.digest, w.ruleset, w.key, w.value::numeric, w.version
FROM unnest(%b::bigint[], %b::bytea[], %b::text[], %b::text[], %b::text[], %b::bigint[])
  AS w (customer, digest, ruleset, key, value, version)
ON CONFLICT (customer, digest) DO UPDATE SET value = excluded.value, version = excluded.version
"""
_SET_USAGE = """
INSERT INTO usage (customer, day, interaction, noun, events, units, price)
SELECT w.customer, w.day, w.interaction, w.noun, w.events, w.units::numeric, w.price::numeric
FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::bigint[], %b::text[], %b::text[])
  AS w (customer, day, interaction, noun, events, units, price)
ON CONFLICT (customer, day, interaction, noun)
DO UPDATE SET events = excluded.events, units = excluded.units, price = excluded.price
"""
_TAKE_OVER = "UPDATE customers SET writer = %s WHERE id = ANY(%b::bigint[])"
_SET_HEAD = "UPDATE writers SET rows = %s, chain = %s WHERE id = %s"
_ADD_USED = """
INSERT INTO used_versions (ruleset, version) SELECT * FROM unnest(%b::text[], %b::bigint[]) ON CONFLICT DO NOTHING
"""
_SET_USED = """
UPDATE publications p SET used = 1
FROM unnest(%b::text[], %b::bigint[]) AS w (ruleset, version)
WHERE p.ruleset = w.ruleset AND p.version = w.version AND p.replaced = 0 AND p.used = 0
"""

Name = tuple[str, str]
"""A ruleset, and a subject or source of it."""


class Overtaken(Exception):
    """A version was published since the transaction began, and is to be taken over before it rates."""


@dataclass(slots=True)
class Wanted:
    """What a transaction may touch: customers, keys of events as (ruleset, source, id), and so many sequences."""

    customers: list[Name] = field(default_factory=list)
    keys: list[tuple[str, str, str]] = field(default_factory=list)
    sequences: int = 1

    @property
    def streams(self) -> set[Name]:
        """The sources of the keys."""
        return {(ruleset, source) for ruleset, source, _ in self.keys}


def wanted(group: Iterable[Submission]) -> Wanted:
    """What recording submissions may touch."""
    customers: set[Name] = set()
    keys: set[tuple[str, str, str]] = set()
    count = 0
    for submission in group:
        name = submission.ruleset
        count += len(submission.events)
        for event in submission.events:
            if is_key(event.source) and is_key(event.id):
                keys.add((name, event.source, event.id))  # type: ignore[arg-type]  # keys are texts
            if is_key(event.subject):
                customers.add((name, event.subject))  # type: ignore[arg-type]
    return Wanted(list(customers), list(keys), count)


@dataclass(slots=True)
class Customer:
    """What is remembered of a customer; None for what is known not to be there.

    `complete` where whatever is not remembered is not there at all: the customer is new.
    """

    id: int
    writer: int
    complete: bool = False
    counters: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    usage: dict[tuple[int, str, str], tuple[int, int, int] | None] = field(default_factory=dict)


class PostgresTables:
    """The statements of `service.ledger.sql.Tables` on one connection, for the writer with the number `writer`.

    `writer` 0 only reads: it locks nothing and makes nothing. With `eager` what is missing is asked for at once.
    """

    def __init__(self, connection: Connection, writer: int = 0) -> None:
        self.connection = connection
        self.writer = writer
        self.eager = False
        self.revision = 0
        self._remembered: dict[Name, Customer] = {}
        self._streams: dict[Name, int] = {}
        self._size = 0
        """How many counters and days of usage are remembered, or were of customers that others wrote to since."""
        self._start()

    def forget(self) -> None:
        """Remembers nothing, as after a transaction that was undone."""
        self._remembered.clear()
        self._streams.clear()
        self._size = 0
        self._start()

    def _start(self) -> None:
        self.made = False
        """Whether the transaction has made customers or streams, which are to be kept."""
        self._wanted = Wanted()
        self._customers: dict[Name, Customer] = {}
        self._numbers: dict[int, Customer] = {}
        self._known: dict[tuple[int, str], Known] = {}
        self._sequences: list[int] = []
        self._given = 0
        self._written = Rows()
        self._forget_missing()

    def _forget_missing(self) -> None:
        self._no_customers: dict[Name, None] = {}
        self._no_streams: dict[Name, None] = {}
        self._no_counters: dict[tuple[int, str], None] = {}
        self._no_usage: dict[tuple[int, int, str, str], None] = {}

    # ── opening a transaction ───────────────────────────────────────────────

    def begin(self, wanted: Wanted) -> Chained:
        """Opens a transaction, and says where the writer's chain stands; `revision` is that of what is published."""
        if self._size + len(self._remembered) > MOST_REMEMBERED:
            self.forget()
        self._start()
        self._wanted = wanted
        execute = self.connection.execute
        with self.connection.pipeline():
            execute("BEGIN", prepare=True)
            head = execute(_LOCK_WRITER, (self.writer,), prepare=True)
            revision = execute(_REVISION, prepare=True)
            # What follows the locks is read with what others recorded before they let go of them.
            customers = self._ask_customers(wanted.customers)
            found = self._ask_known(wanted)
            sequences = self._ask_sequences()
            row = head.fetchone()
            assert row is not None, "a writer is registered before it writes"
            self._take_customers(customers, ())
            self._take_known(*found)
            self._take_sequences(sequences)
            ((self.revision,),) = revision
            return Chained(self.writer, *row)

    def look_up(self, wanted: Wanted) -> None:
        """Reads what is known, for one that only reads."""
        self._start()
        self._wanted = wanted
        with self.connection.pipeline():
            customers = self._ask_customers(wanted.customers)
            found = self._ask_known(wanted)
            self._take_customers(customers, ())
            self._take_known(*found)

    def again(self) -> None:
        """Begins to rate anew within the transaction."""
        self._given = 0

    def complete(self) -> bool:
        """Asks for what was missing since the last time; whether nothing was."""
        missing = (self._no_customers, self._no_streams, self._no_counters, self._no_usage)
        if not any(missing):
            return True
        with self.connection.pipeline():
            if self.writer:
                self._make()
            self._fetch()
        self._forget_missing()
        return False

    def _make(self) -> None:
        """Makes customers and streams, and takes sequences anew: those that were taken before a lock may be too low."""
        execute = self.connection.execute
        if self._no_streams:
            names = _columns(sorted(self._no_streams), 2)
            execute(_MAKE_STREAMS, names, prepare=True)
            streams = execute(_STREAMS, names, prepare=True)
            self._take_streams(streams)
            self.made = True
        if self._no_customers:
            missing = sorted(self._no_customers)
            made = execute(_MAKE_CUSTOMERS, (self.writer, *_columns(missing, 2)), prepare=True)
            customers = self._ask_customers(missing)
            sequences = self._ask_sequences()
            self._take_customers(customers, {(ruleset, subject) for ruleset, subject in made})
            self._take_sequences(sequences)
            self.made = True

    def _fetch(self) -> None:
        """Reads counters and usage. What is asked for and not there is remembered as such."""
        execute = self.connection.execute
        counters, usage = list(self._no_counters), list(self._no_usage)
        self._size += len(counters) + len(usage)
        found_counters = found_usage = None
        if counters:
            parameters = [[number for number, _ in counters], [_digest(key) for _, key in counters]]
            found_counters = execute(_COUNTERS, parameters, prepare=True)
        if usage:
            found_usage = execute(_USAGE, _columns(usage, 4), prepare=True)
        for number, key in counters:
            self._numbers[number].counters[key] = None
        for number, key, value, version in found_counters or ():
            self._numbers[number].counters[key] = (int(value), version)
        for number, day, interaction, noun in usage:
            self._numbers[number].usage[day, interaction, noun] = None
        for number, day, interaction, noun, events, units, price in found_usage or ():
            self._numbers[number].usage[day, interaction, noun] = (events, int(units), int(price))

    def _ask_customers(self, names: Sequence[Name]) -> Cursor[TupleRow]:
        # In the order of their numbers, so that no two writers wait for each other.
        lock = "FOR UPDATE" if self.writer else ""
        return self.connection.execute(_CUSTOMERS + lock, _columns(names, 2), prepare=True)

    def _take_customers(self, rows: Iterable[TupleRow], made: Iterable[Name]) -> None:
        for ruleset, subject, number, writer in rows:
            name = (ruleset, subject)
            one = self._remembered.get(name)
            if one is None or not self.writer or writer != self.writer:
                one = self._remembered[name] = Customer(number, writer)
            if name in made:
                one.complete = True
            self._customers[name] = self._numbers[number] = one

    def _ask_known(self, wanted: Wanted) -> tuple[Cursor[TupleRow], Cursor[TupleRow]]:
        names = [name for name in wanted.streams if name not in self._streams]
        streams = self.connection.execute(_STREAMS, _columns(names, 2), prepare=True)
        return streams, self.connection.execute(_KNOWN, _columns(wanted.keys, 3), prepare=True)

    def _take_known(self, streams: Iterable[TupleRow], rows: Iterable[TupleRow]) -> None:
        self._take_streams(streams)
        for stream, event_id, *rest in rows:
            self._known[stream, event_id] = Known(*rest)

    def _take_streams(self, rows: Iterable[TupleRow]) -> None:
        for ruleset, source, number in rows:
            self._streams[ruleset, source] = number

    def _ask_sequences(self) -> Cursor[TupleRow]:
        return self.connection.execute(_SEQUENCES, (self._wanted.sequences,), prepare=True)

    def _take_sequences(self, rows: Iterable[TupleRow]) -> None:
        self._sequences = [number for (number,) in rows]

    # ── what a book asks ────────────────────────────────────────────────────

    def stream(self, ruleset: str, source: str, make: bool) -> int | None:
        """See `Tables.stream`."""
        number = self._streams.get((ruleset, source))
        if number is None and make:
            self._no_streams[ruleset, source] = None
            return NOT_YET
        return number

    def customer(self, ruleset: str, subject: str) -> int:
        """See `Tables.customer`."""
        one = self._customers.get((ruleset, subject))
        if one is None:
            self._no_customers[ruleset, subject] = None
            return NOT_YET
        return one.id

    def known(self, stream: int, ids: Sequence[str]) -> dict[str, Known]:
        """See `Tables.known`; of the events that the transaction was opened for."""
        known = self._known
        return {event_id: known[stream, event_id] for event_id in ids if (stream, event_id) in known}

    def void_of(self, sequence: int) -> tuple[str, int] | None:
        """See `Tables.void_of`."""
        query = "SELECT answer, recorded FROM entries WHERE voids = %s"
        found = self.connection.execute(query, (sequence,)).fetchone()
        return None if found is None else (found[0], found[1])

    def counter(self, ruleset: str, key: str) -> tuple[int, int] | None:
        """See `Tables.counter`."""
        one = self._customer_of(ruleset, key)
        if one is None:
            return None
        if key not in one.counters:
            if one.complete:
                return None
            self._no_counters[one.id, key] = None
            if self.eager:
                self.complete()
        return one.counters.get(key)

    def _customer_of(self, ruleset: str, key: str) -> Customer | None:
        subject: Any = codec.key_of(key)[2]
        return self._customers.get((ruleset, subject))

    def usage(self, customer: int, day: int, interaction: str, noun: str) -> tuple[int, int, int] | None:
        """See `Tables.usage`."""
        one = self._numbers.get(customer)
        if one is None:
            return None
        if (day, interaction, noun) not in one.usage:
            if one.complete:
                return None
            self._no_usage[customer, day, interaction, noun] = None
            if self.eager:
                self.complete()
        return one.usage.get((day, interaction, noun))

    def next_sequences(self, count: int) -> Sequence[int]:
        """See `Tables.next_sequences`."""
        first = self._given
        self._given += count
        return self._sequences[first : self._given]

    # ── writing ─────────────────────────────────────────────────────────────

    def write(self, rows: Rows, chained: Chained) -> None:
        """See `Tables.write`; sends without waiting, within the pipeline that is open. Raises Overtaken."""
        self._written = rows
        execute = self.connection.execute
        if rows.used:
            # A version that no entry names may be replaced; from here to the commit it may not.
            ((revision,),) = execute(_HOLD_REVISION, prepare=True)
            if revision != self.revision:
                raise Overtaken
            used = _columns(sorted(rows.used), 2)
            execute(_ADD_USED, used, prepare=True)
            execute(_SET_USED, used, prepare=True)
        if rows.entries:
            execute(_ADD_ENTRIES, _columns(rows.entries, len(EntryRow._fields)), prepare=True)
            execute(_SET_HEAD, (chained.rows, chained.head, chained.writer), prepare=True)
            customers = {row.customer for row in rows.entries}
            if taken := [number for number in customers if self._numbers[number].writer != self.writer]:
                execute(_TAKE_OVER, (self.writer, taken), prepare=True)
        if rows.counters:
            numbers = [self._of_counter(row.ruleset, row.key).id for row in rows.counters]
            digests = [_digest(row.key) for row in rows.counters]
            execute(_SET_COUNTERS, (numbers, digests, *_columns(rows.counters, 4)), prepare=True)
        if rows.usage:
            execute(_SET_USAGE, _columns(rows.usage, len(UsageRow._fields)), prepare=True)
        if rows.refused:
            # A reason may name what PostgreSQL can't keep as it is: JSON can.
            refused = [row._replace(reason=json.dumps(row.reason)) for row in rows.refused]
            execute(_ADD_REFUSED, _columns(refused, len(RefusedRow._fields)), prepare=True)

    def _of_counter(self, ruleset: str, key: str) -> Customer:
        one = self._customer_of(ruleset, key)
        assert one is not None, "a counter that moves belongs to a customer that is locked"
        return one

    @property
    def writes(self) -> bool:
        """Whether the transaction has anything to keep."""
        return self.made or bool(self._written.entries or self._written.refused)

    def committed(self) -> None:
        """Remembers what was written."""
        rows = self._written
        for entry in rows.entries:
            self._numbers[entry.customer].writer = self.writer
        for counter in rows.counters:
            one = self._of_counter(counter.ruleset, counter.key)
            self._size += counter.key not in one.counters
            one.counters[counter.key] = (int(counter.value), counter.version)
        for use in rows.usage:
            kept = (use.events, int(use.units), int(use.price))
            one = self._numbers[use.customer]
            self._size += (use.day, use.interaction, use.noun) not in one.usage
            one.usage[use.day, use.interaction, use.noun] = kept
        self._start()


def _columns(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    """Rows turned into columns, for `unnest`."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()
