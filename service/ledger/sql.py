"""What the ledgers in SQL databases share: how a group of submissions becomes rows, whatever the database.

A `Book` is open on one database for one writer. In each transaction it looks up what is known, rates what is new, one
event after another, and at the end has all rows written at once. It remembers counters, customers and sources between
transactions for as long as nobody else writes; `forget` makes it ask again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Protocol

from dsl.core import Ruleset
from dsl.evaluation import Change, CounterKey, Evaluation, Line, Outcome
from dsl.event import Event
from dsl.zones import HOUR, Zone, zone_named
from service.errors import EventRefused, IdTaken, LedgerDamaged, NotRecorded, NoVersionInForce, ServiceError
from service.ledger import chain, codec
from service.ledger.interface import Answer, Entry, Rate, Rated, Reprice, Submission, Void
from service.ledger.rows import Chained, CounterRow, EntryRow, Known, RefusedRow, Rows, UsageRow
from service.times import as_text

MOST_REMEMBERED = 100_000
"""Counters, customers and the like that a book remembers of each kind."""
LONGEST_MEMBER = 256
"""Characters of an event's id or source; a longer one is refused and need not be looked up."""
UseKey = tuple[int, int, str, str]
"""A customer, a day, an interaction and its noun."""


class Tables(Protocol):
    """The statements of one database, inside the transaction that is open."""

    def stream(self, ruleset: str, source: str, make: bool) -> int | None:
        """The number of a ruleset's source; None where there is none and none is to be made."""
        ...

    def customer(self, ruleset: str, subject: str) -> int:
        """The number of a ruleset's customer, made where there is none."""
        ...

    def known(self, stream: int, ids: Sequence[str]) -> dict[str, Known]:
        """The evaluations among a stream's events, by id."""
        ...

    def void_of(self, sequence: int) -> tuple[str, int] | None:
        """The void of an entry, if there is one: its answer and when it was recorded."""
        ...

    def counter(self, ruleset: str, key: str) -> tuple[int, int] | None:
        """A counter's value and version."""
        ...

    def usage(self, customer: int, day: int, interaction: str, noun: str) -> tuple[int, int, int] | None:
        """A customer's events, units and price of a day."""
        ...

    def next_sequences(self, count: int) -> Sequence[int]:
        """Sequences for so many entries, ascending."""
        ...

    def write(self, rows: Rows, chained: Chained) -> None:
        """Adds rows, and says where the writer's chain stands."""
        ...


class BookCounters:
    """A ruleset's counters as they stand in the middle of a transaction."""

    def __init__(self, ruleset: str, tables: Tables, keys: codec.KeyTexts) -> None:
        self.values: dict[CounterKey, int] = {}
        self.versions: dict[CounterKey, int] = {}
        self.dirty: dict[CounterKey, None] = {}
        self._ruleset, self._tables, self._keys = ruleset, tables, keys

    def get(self, key: CounterKey, default: int, /) -> int:
        """The counter's value, looked up where it is not remembered."""
        value = self.values.get(key)
        if value is not None:
            return value
        found = self._tables.counter(self._ruleset, self._keys[key])
        if found is None:
            self.values[key] = 0
            return default
        self.values[key], self.versions[key] = found
        return found[0]

    def priced_by(self, key: CounterKey) -> int:
        """See `VoidCounters.priced_by`."""
        self.get(key, 0)
        return self.versions.get(key, 0)

    def apply(self, changes: Iterable[Change], version: int) -> None:
        """Moves counters as one version's evaluation says."""
        for change in changes:
            if change.delta:
                key = change.key
                self.values[key] = change.before + change.delta
                if self.versions.setdefault(key, version) != version:
                    self.versions[key] = 0
                self.dirty[key] = None

    def rows(self) -> list[CounterRow]:
        """The counters that moved."""
        keys, values, versions, ruleset = self._keys, self.values, self.versions, self._ruleset
        # A named tuple's own constructor takes three times as long, here and below.
        make = tuple.__new__
        return [make(CounterRow, (ruleset, keys[key], str(values[key]), versions[key])) for key in self.dirty]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the rows of one version's entries have in common; `days` are the numbers of days by hours of UTC."""

    zone: Zone
    days: Callable[[int], int | None]
    common: chain.Common


@dataclass(slots=True)
class _Use:
    """A customer's use of one interaction on one day; `moved` where its row is to be written."""

    events: int
    units: int
    price: int
    moved: bool = False


class Book:
    """One writer's view of a database; `clock` gives now as an instant."""

    def __init__(self, tables: Tables, clock: Callable[[], int]) -> None:
        self._tables = tables
        self._clock = clock
        self._keys = codec.KeyTexts()
        self.chained = Chained(0, 0, b"")
        self.trusting = False
        """Whether events are taken to be new until their rows are refused: `write` then raises what the database does
        about a key that is there, and the transaction is to be repeated without trust."""
        self._terms: dict[tuple[str, int, str, str], _Terms] = {}
        self._seen_used: set[tuple[str, int]] = set()
        self.forget()

    def forget(self) -> None:
        """Remembers nothing: another has written, or the transaction was rolled back."""
        self._streams: dict[tuple[str, str], int] = {}
        self._customers: dict[tuple[str, str], int] = {}
        self._counters: dict[str, BookCounters] = {}
        self._usage: dict[UseKey, _Use] = {}
        self._start()

    def _start(self) -> None:
        self._rows = Rows()
        self._added: list[tuple[bytes, Entry]] = []
        """What was added, with the hash of its content; `_fresh` has by key what has been asked for of it."""
        self._fresh: dict[tuple[str, object, object], tuple[bytes, Entry]] = {}
        self._indexed = 0
        self._moved: list[tuple[UseKey, _Use]] = []
        self._head = Chained(self.chained.writer, self.chained.rows, self.chained.head)
        self._numbered: list[int] = []
        self._ruleset: Ruleset | None = None
        """The version that rated the event before, whose terms are `_current`."""

    # ── one transaction ─────────────────────────────────────────────────────

    def begin(self, chained: Chained) -> None:
        """Starts on a transaction, with the writer's chain as it stands."""
        self.chained = chained
        if (
            len(self._customers) + len(self._usage) + sum(len(c.values) for c in self._counters.values())
            > MOST_REMEMBERED
        ):
            self.forget()
        self._start()
        for counters in self._counters.values():
            counters.dirty.clear()

    def write(self) -> None:
        """Has everything written that was added since `begin`; the transaction can then commit."""
        rows = self._rows
        rows.counters = [row for counters in self._counters.values() if counters.dirty for row in counters.rows()]
        rows.usage = [
            tuple.__new__(UsageRow, (*key, use.events, str(use.units), str(use.price))) for key, use in self._moved
        ]
        rows.used -= self._seen_used
        if rows.entries or rows.refused:
            self._tables.write(rows, self._head)

    def committed(self) -> None:
        """Takes over what was written."""
        self.chained = self._head
        self._seen_used |= self._rows.used
        for _, use in self._moved:
            use.moved = False
        self._start()

    def add(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """Rates submissions in order and adds their rows; for each, one answer an event."""
        now = self._clock()
        self._number(sum([len(submission.events) for submission in group]))
        return [self._submit(submission, now) for submission in group]

    def _submit(self, submission: Submission, now: int) -> list[Answer]:
        name, events = submission.ruleset, submission.events
        trusting, known = self.trusting, {} if self.trusting else self._known(name, events)
        rate, counters = submission.rater(), self._counters.get(name) or self.counters(name)
        answers: list[Answer] = []
        for event, content in zip(events, submission.contents or repeat(None)):  # noqa: B905 - one of them has no end
            # What is no text claims no key, and may have no hash either.
            if not trusting and type(event.source) is str and type(event.id) is str:
                first = self._first(name, event)
                kept = known.get((name, event.source, event.id)) if first is None else None
                if first is not None or kept is not None:
                    answers.append(self._repeated(name, event, first, kept))
                    continue
            rated = rate(event, counters)
            if isinstance(rated, ServiceError) or rated[1].outcome is Outcome.UNKNOWN_EVENT:
                answers.append(self._turned_away(name, event, rated, now))
                continue
            ruleset, evaluation = rated
            if ruleset is not self._ruleset:
                self._take(name, ruleset)
            entry = Entry(name, ruleset.version, ruleset.currency, event, evaluation, now)
            answers.append(entry)
            self._add(entry, content or codec.kept_content(event))
            if evaluation.changes:
                counters.apply(evaluation.changes, ruleset.version)
        return answers

    def _first(self, name: str, event: Event) -> tuple[bytes, Entry] | None:
        """What this transaction has added under an event's key."""
        fresh, added = self._fresh, self._added
        if self._indexed < len(added):
            for content, entry in added[self._indexed :]:
                fresh[entry.ruleset, entry.event.source, entry.event.id] = (content, entry)
            self._indexed = len(added)
        return fresh.get((name, event.source, event.id)) if is_key(event.source) and is_key(event.id) else None

    def _turned_away(self, name: str, event: Event, rated: Rated | ServiceError, now: int) -> Answer:
        """The answer to an event that claims no key; it is kept as refused, unless it was recorded by other rules."""
        if self.trusting:
            first = self._first(name, event)
            kept = None if first is not None else next(iter(self._known(name, (event,)).values()), None)
            if first is not None or kept is not None:
                return self._repeated(name, event, first, kept)
        if isinstance(rated, ServiceError):
            violations = rated.violations if isinstance(rated, EventRefused | NoVersionInForce) else ()
            self._refuse(name, event, str(rated), codec.violations_text(violations), now)
            return rated
        ruleset, evaluation = rated
        self._refuse(name, event, evaluation.reason, "[]", now)
        return Entry(name, ruleset.version, ruleset.currency, event, evaluation, now)

    def _take(self, name: str, ruleset: Ruleset) -> None:
        """Has the next entries be those of one version."""
        key = (name, ruleset.version, ruleset.currency, ruleset.zone)
        terms = self._terms.get(key)
        if terms is None:
            zone = zone_named(ruleset.zone)
            common = chain.common(name, ruleset.version, ruleset.currency)
            terms = self._terms[key] = _Terms(zone, zone.blocks("day").get, common)
        self._ruleset, self._current = ruleset, terms
        self._rows.used.add((name, ruleset.version))

    def counters(self, ruleset: str) -> BookCounters:
        """A ruleset's counters."""
        counters = self._counters.get(ruleset)
        if counters is None:
            counters = self._counters[ruleset] = BookCounters(ruleset, self._tables, self._keys)
        return counters

    def void(self, ruleset: str, source: str, event_id: str, reason: str, reprice: Reprice) -> Void:
        """Adds the void of an entry, or gives the one that there is. Raises NotRecorded."""
        if not (is_key(source) and is_key(event_id)):
            raise NotRecorded(ruleset)
        stream = self._tables.stream(ruleset, source, make=False)
        kept = None if stream is None else self._tables.known(stream, [event_id]).get(event_id)
        if stream is None or kept is None:
            raise NotRecorded(ruleset)
        event = Event(event_id, source, kept.type, kept.subject, kept.time, codec.data_of(kept.data))
        entry = kept.entry(ruleset, event, duplicate=False)
        first = self._tables.void_of(kept.sequence)
        if first is not None:
            return void_of(entry, *first, duplicate=True)
        counters = self.counters(ruleset)
        lines, changes = reprice(entry, counters)
        void = Void(entry, lines, changes, reason, self._clock())
        answer = codec.void_text(reason, lines, changes, self._keys)
        self._number(1)
        common = chain.common(ruleset, entry.version, entry.currency)
        self._append(
            entry, common, stream, kept.customer, kept.day, kept.time, kept.data, kept.outcome, kept.interactions,
            answer, void.recorded, kept.content, kept.sequence,
        )  # fmt: skip
        self._use(kept.customer, kept.day, lines, -1)
        counters.apply(changes, entry.version)
        return void

    # ── looking up ──────────────────────────────────────────────────────────

    def _known(self, name: str, events: Sequence[Event]) -> dict[tuple[str, str, str], Known]:
        """The evaluations that a ruleset's events may repeat, by key."""
        asked: dict[str, list[str]] = {}
        for event in events:
            source, event_id = event.source, event.id
            if is_key(source) and is_key(event_id):
                asked.setdefault(source, []).append(event_id)  # type: ignore[arg-type]  # keys are texts
        found: dict[tuple[str, str, str], Known] = {}
        for source, ids in asked.items():
            stream = self._stream(name, source, make=False)
            if stream is not None:
                for event_id, kept in self._tables.known(stream, ids).items():
                    found[name, source, event_id] = kept
        return found

    def known_keys(self, submission: Submission) -> set[tuple[object, object]]:
        """The sources and ids among the submission's events that are recorded."""
        return {(source, event_id) for _, source, event_id in self._known(submission.ruleset, submission.events)}

    def _repeated(self, name: str, event: Event, first: tuple[bytes, Entry] | None, kept: Known | None) -> Answer:
        _, content = codec.kept_content(event)
        if first is not None:
            known, entry = first
            if content == known:
                return replace(entry, duplicate=True)
            return IdTaken(as_text(entry.recorded), name, entry.version)
        assert kept is not None
        if content == kept.content:
            try:
                return kept.entry(name, event)
            except codec.DAMAGE:
                return LedgerDamaged(kept.sequence)
        return IdTaken(as_text(kept.recorded), name, kept.version)

    def _stream(self, ruleset: str, source: str, make: bool) -> int | None:
        key = (ruleset, source)
        stream = self._streams.get(key)
        if stream is None:
            stream = self._tables.stream(ruleset, source, make)
            if stream is not None:
                self._streams[key] = stream
        return stream

    def _customer(self, ruleset: str, subject: str) -> int:
        key = (ruleset, subject)
        customer = self._customers.get(key)
        if customer is None:
            customer = self._customers[key] = self._tables.customer(ruleset, subject)
        return customer

    # ── adding rows ─────────────────────────────────────────────────────────

    def _number(self, count: int) -> None:
        """Has at least so many sequences at hand, the next one last."""
        missing = count - len(self._numbered)
        if missing > 0:
            self._numbered = [*reversed(self._tables.next_sequences(missing)), *self._numbered]

    def _refuse(self, name: str, event: Event, reason: str, violations: str, now: int) -> None:
        self._rows.refused.append(RefusedRow(name, codec.event_text(event), reason, violations, now))

    def _add(self, entry: Entry, found: tuple[str, bytes]) -> None:
        """Adds an evaluation's row, and what it adds to the customer's usage; `found` is as `codec.kept_content`."""
        event, evaluation, name, terms = entry.event, entry.evaluation, entry.ruleset, self._current
        data, content = found
        self._added.append((content, entry))
        # An accepted event's members are strings.
        subject, source, time = event.subject, event.source, event.time
        customer = self._customers.get((name, subject))  # type: ignore[arg-type]
        if customer is None:
            customer = self._customer(name, subject)  # type: ignore[arg-type]
        stream = self._streams.get((name, source)) or self._stream(name, source, make=True)  # type: ignore[arg-type]
        assert stream is not None
        if type(time) is not int:
            time = codec.instant_of(time)
        day = terms.days(time // HOUR)
        if day is None:
            day = terms.zone.period("day", time)
        lines = evaluation.lines
        interactions = f" {lines[0].interaction} " if len(lines) == 1 else _names(evaluation)
        self._append(
            entry, terms.common, stream, customer, day, time, data, evaluation.outcome._value_, interactions,
            codec.answer_text(evaluation, self._keys), entry.recorded, content, None,
        )  # fmt: skip
        if lines:
            self._use(customer, day, lines, 1)

    def _append(
        self, entry: Entry, common: chain.Common, stream: int, customer: int, day: int, time: int, data: str,
        outcome: str, interactions: str, answer: str, recorded: int, content: bytes, voids: int | None,
    ) -> None:  # fmt: skip
        event, head = entry.event, self._head
        event_id, sequence = event.id, self._numbered.pop()
        head.rows = number = head.rows + 1
        head.head = linked = chain.link_entry(
            head.head, content, common, sequence, recorded, voids, f"{day} {outcome}{interactions}",
            event.source, event_id, data, answer,  # type: ignore[arg-type]  # an accepted event's members are strings
        )  # fmt: skip
        row = (
            sequence, stream, event_id, customer, day, time, event.type, data, entry.version, entry.currency, outcome,
            interactions, answer, recorded, content, head.writer, number, linked, voids,
        )  # fmt: skip
        self._rows.entries.append(tuple.__new__(EntryRow, row))

    def _use(self, customer: int, day: int, lines: Sequence[Line], sign: int) -> None:
        for line in lines:
            key = (customer, day, line.interaction, line.noun)
            use = self._usage.get(key)
            if use is None:
                use = self._usage[key] = _Use(*(self._tables.usage(*key) or (0, 0, 0)))
            use.events += sign
            use.units += line.units
            use.price += line.price
            if not use.moved:
                use.moved = True
                self._moved.append((key, use))


def void_of(entry: Entry, answer: str, recorded: int, duplicate: bool = False) -> Void:
    """A void from what is kept of it."""
    kept = codec.loaded(answer)
    return Void(entry, codec.lines_of(kept), codec.changes_of(kept), kept["reason"], recorded, duplicate)


def _names(evaluation: Evaluation) -> str:
    """The names of all lines, or of the interaction without room, each between spaces; "" where there is none."""
    names = [line.interaction for line in evaluation.lines] or [evaluation.limited_by]
    return f" {' '.join(names)} " if names != [""] else ""


def is_key(text: object) -> bool:
    """Whether an event's source or id may have been recorded; some databases can't even be asked for another."""
    if type(text) is not str or not 0 < len(text) <= LONGEST_MEMBER or "\0" in text:
        return False
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


class Preview:
    """Counters that read through to others and keep what is added to themselves."""

    def __init__(self, below: BookCounters) -> None:
        self._below = below
        self._own: dict[CounterKey, int] = {}

    def get(self, key: CounterKey, default: int, /) -> int:
        """The counter's value here, or below, or the default."""
        own = self._own.get(key)
        return self._below.get(key, default) if own is None else own

    def apply(self, evaluation: Evaluation) -> None:
        """Takes an evaluation's changes over."""
        for change in evaluation.changes:
            self._own[change.key] = change.before + change.delta


def previewed(
    submission: Submission, rate: Rate, counters: BookCounters, known: set[tuple[object, object]], now: int
) -> list[Answer]:
    """The answers of a dry run; `known` are the sources and ids that are recorded."""
    ahead = Preview(counters)
    answers: list[Answer] = []
    for event in submission.events:
        rated = rate(event, ahead)
        if isinstance(rated, ServiceError):
            answers.append(rated)
            continue
        ruleset, evaluation = rated
        ahead.apply(evaluation)
        duplicate = (event.source, event.id) in known
        answers.append(Entry(submission.ruleset, ruleset.version, ruleset.currency, event, evaluation, now, duplicate))
    return answers
