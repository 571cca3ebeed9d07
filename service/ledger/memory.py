"""A ledger in memory: for trying things out and for tests; what it holds ends with the process.

Of all ledgers this is the one to read first: what the others do in SQL stands here in a few dicts. Only what decides an
answer is kept up to date while recording. Hashes, and which version moved what, are worked out when they are asked for.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from threading import RLock

from dsl.acceptance import timestamp_value
from dsl.core import Ruleset
from dsl.evaluation import Change, CounterKey, Evaluation, Line, Outcome, Violation
from dsl.event import Event, Instant
from dsl.zones import zone_named
from service.content import same_content
from service.errors import IdTaken, InvalidRequest, NotRecorded, ServiceError, VersionTaken
from service.ledger import chain, codec
from service.ledger.interface import (
    Answer,
    CantBackUp,
    Chain,
    Entry,
    Published,
    Query,
    Record,
    Refused,
    Reprice,
    Stats,
    Submission,
    UsageLine,
    Void,
    check_beside,
)
from service.ledger.paging import Position, position_of, token_of
from service.times import as_text

Key = tuple[str, object, object]
Row = Entry | Void
WRITER = 1
"""The number of the only chain."""


class MemoryLedger:
    """Keeps everything in dicts. Any threads may use it: one waits for the other."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._began = clock()
        # Whoever reads while another writes waits until a group is recorded as a whole.
        self._lock = RLock()
        self._rows: list[Row] = []
        self._entries: dict[Key, Entry] = {}
        self._voids: dict[Key, Void] = {}
        self._refused: list[Refused] = []
        self._published: dict[tuple[str, int], Published] = {}
        self._counters: defaultdict[str, dict[CounterKey, int]] = defaultdict(dict)
        self._zones: dict[str, str] = {}
        self._moves = Moves()
        self._hashes = Hashes()

    # ── writing ─────────────────────────────────────────────────────────────

    def record(self, group: Sequence[Submission]) -> list[list[Answer]]:
        """See `Ledger.record`."""
        with self._lock:
            rows, refused = len(self._rows), len(self._refused)
            whole = False
            try:
                answers = [self._record(submission) for submission in group]
                whole = True
            finally:
                if not whole:
                    self._take_back(rows, refused)
            return answers

    def _record(self, submission: Submission) -> list[Answer]:
        now = self._clock()
        name, rate, entries, add_row = submission.ruleset, submission.rater(), self._entries, self._rows.append
        counters = self._counters[name]
        answers: list[Answer] = []
        ruleset = None
        for event in submission.events:
            key = (name, event.source, event.id)
            known = entries.get(key) if type(event.source) is str and type(event.id) is str else None
            if known is not None:
                answers.append(_repeated(known, event))
                continue
            rated = rate(event, counters)
            if isinstance(rated, ServiceError):
                self._refuse(name, event, str(rated), getattr(rated, "violations", ()), now)
                answers.append(rated)
                continue
            ruleset, evaluation = rated
            entry = Entry(name, ruleset.version, ruleset.currency, event, evaluation, now)
            answers.append(entry)
            if evaluation.outcome is Outcome.UNKNOWN_EVENT:
                self._refuse(name, event, evaluation.reason, (), now)
                continue
            entries[key] = entry
            add_row(entry)
            for change in evaluation.changes:
                counters[change.key] = change.before + change.delta
        if ruleset is not None:
            self._zones[name] = ruleset.zone
        return answers

    def _refuse(self, name: str, event: Event, reason: str, violations: tuple[Violation, ...], now: int) -> None:
        self._refused.append(Refused(len(self._refused) + 1, name, event, reason, violations, now))

    def _take_back(self, rows: int, refused: int) -> None:
        """Leaves nothing of a group that broke off: what is recorded after so many rows and refused events."""
        for row in reversed(self._rows[rows:]):
            assert isinstance(row, Entry), "a group records no voids"
            del self._entries[_key(row)]
            counters = self._counters[row.ruleset]
            for change in reversed(row.evaluation.changes):
                counters[change.key] = change.before
        del self._rows[rows:], self._refused[refused:]

    def void(self, ruleset: str, source: str, event_id: str, reason: str, reprice: Reprice) -> Void:
        """See `Ledger.void`."""
        with self._lock:
            key = (ruleset, source, event_id)
            entry = self._entries.get(key)
            if entry is None:
                raise NotRecorded(ruleset)
            first = self._voids.get(key)
            if first is not None:
                return dataclasses.replace(first, duplicate=True)
            counters = self._counters[ruleset]
            self._moves.follow(self._rows)
            lines, changes = reprice(entry, Attributed(counters, self._moves.priced_by[ruleset]))
            void = Void(entry, lines, changes, reason, self._clock())
            self._voids[key] = void
            self._rows.append(void)
            for change in changes:
                counters[change.key] = change.before + change.delta
            return void

    def publish(self, version: Published, replace: bool = False, beside: Collection[str] | None = None) -> Published:
        """See `Ledger.publish`."""
        with self._lock:
            check_beside(version, self._published.values(), beside)
            number = (version.ruleset, version.version)
            kept = self._published.get(number)
            used = self._is_used(number)
            if kept is None or kept.text != version.text:
                if kept is not None and (used or not replace):
                    raise VersionTaken(version.ruleset, version.version, as_text(kept.published), used)
                kept = self._published[number] = version
            return dataclasses.replace(kept, used=used)

    def _is_used(self, number: tuple[str, int]) -> bool:
        self._moves.follow(self._rows)
        return number in self._moves.used

    # ── reading ─────────────────────────────────────────────────────────────

    def preview(self, submission: Submission) -> list[Answer]:
        """See `Ledger.preview`."""
        with self._lock:
            now = self._clock()
            counters = Overlay(self._counters.get(submission.ruleset, {}))
            answers: list[Answer] = []
            rate = submission.rater()
            for event in submission.events:
                rated = rate(event, counters)
                if isinstance(rated, ServiceError):
                    answers.append(rated)
                    continue
                counters.apply(rated[1])
                answers.append(self._previewed(submission.ruleset, event, rated[0], rated[1], now))
            return answers

    def _previewed(self, name: str, event: Event, ruleset: Ruleset, evaluation: Evaluation, now: int) -> Entry:
        known = (name, event.source, event.id) in self._entries
        return Entry(name, ruleset.version, ruleset.currency, event, evaluation, now, known)

    def published(self) -> list[Published]:
        """See `Ledger.published`."""
        with self._lock:
            found = sorted(self._published.items())
            return [dataclasses.replace(kept, used=self._is_used(number)) for number, kept in found]

    def on_publication(self, react: Callable[[Sequence[Published]], None]) -> None:
        """See `Ledger.on_publication`; nobody else can publish here, so that `react` is never called."""

    def find(self, query: Query, size: int, after: str = "") -> tuple[list[Record], str]:
        """See `Ledger.find`."""
        if not query.subject and (query.start is not None or query.end is not None):
            raise InvalidRequest("subject", "name the customer: entries are listed by time only for one customer")
        last = position_of(query, after) if after else None
        with self._lock:
            found = self._found(query, last)
            indices = list(islice(found, size))
            more = next(found, None) is not None
            records = [self._as_record(index) for index in indices]
            token = token_of(query, self._position(query, indices[-1])) if more else ""
            return records, token

    def _found(self, query: Query, last: Position | None) -> Iterator[int]:
        """The indices of the rows that a query asks for, behind a position."""
        rows = self._rows
        if not query.subject:
            start = last[1] if last else 0
            return (index for index in range(start, len(rows)) if _matches(rows[index], query))
        matching = [index for index, row in enumerate(rows) if _matches(row, query)]
        ordered = sorted(matching, key=lambda index: self._position(query, index))
        return (index for index in ordered if last is None or self._position(query, index) > last)

    def _position(self, query: Query, index: int) -> Position:
        return _time(self._rows[index]) if query.subject else 0, index + 1

    def _as_record(self, index: int) -> Record:
        self._hashes.follow(self._rows)
        row, number = self._rows[index], index + 1
        voided = isinstance(row, Entry) and _key(row) in self._voids
        hashed = self._hashes
        return Record(number, WRITER, number, hashed.links[index].hex(), hashed.contents[index].hex(), row, voided)

    def refused(self, ruleset: str, size: int, after: int = 0) -> list[Refused]:
        """See `Ledger.refused`."""
        with self._lock:
            later = (refused for refused in self._refused[max(after, 0) :] if not ruleset or refused.ruleset == ruleset)
            return list(islice(later, size))

    def usage(self, ruleset: str, subject: str, first_day: int, last_day: int) -> list[UsageLine]:
        """See `Ledger.usage`."""
        with self._lock:
            found: dict[tuple[int, str, str], UsageLine] = {}
            asked = Query(ruleset, subject)
            for row in self._rows:
                if not _matches(row, asked):
                    continue
                day = zone_named(self._zones[ruleset]).period("day", _time(row))
                if not first_day <= day <= last_day:
                    continue
                events = 1 if isinstance(row, Entry) else -1
                for line in _lines(row):
                    key = (day, line.interaction, line.noun)
                    so_far = found.get(key) or UsageLine(*key, 0, 0, 0)
                    found[key] = UsageLine(
                        *key, so_far.events + events, so_far.units + line.units, so_far.price + line.price
                    )
            return [found[key] for key in sorted(found)]

    def records(self, after: int = 0) -> Iterator[Record]:
        """See `Ledger.records`."""
        # Row by row, so that a long reading holds nobody up.
        index = max(after, 0)
        while True:
            with self._lock:
                if index >= len(self._rows):
                    return
                record = self._as_record(index)
            yield record
            index += 1

    def counters(self) -> Iterator[tuple[str, CounterKey, int]]:
        """See `Ledger.counters`."""
        with self._lock:
            self._moves.follow(self._rows)
            moved = self._moves.priced_by.items()
            return iter([(name, key, self._counters[name][key]) for name, keys in moved for key in keys])

    def verify(self) -> Iterator[str]:
        """See `Ledger.verify`. A row is compared with its hash of when it was first read or verified."""
        with self._lock:
            self._hashes.follow(self._rows)
            return iter([*_broken_links(self._rows, self._hashes.links), *_wrong_counters(self._rows, self._counters)])

    def chains(self) -> list[Chain]:
        """See `Ledger.chains`; one, which has no rows to begin with."""
        with self._lock:
            self._hashes.follow(self._rows)
            return [Chain(WRITER, len(self._rows), self._hashes.last.hex(), self._began)]

    def stats(self) -> Stats:
        """See `Ledger.stats`."""
        with self._lock:
            return Stats(
                entries=len(self._entries),
                voids=len(self._voids),
                refused=len(self._refused),
                counters=len(list(self.counters())),
                customers=len({(entry.ruleset, entry.event.subject) for entry in self._entries.values()}),
                versions=len(self._published),
                chains=1,
                details={"kept in": "memory"},
            )

    def backup(self, target: Path) -> None:
        """See `Ledger.backup`: raises CantBackUp."""
        raise CantBackUp(
            "a ledger in memory ends with its process and can't be backed up; keep it in a file, as `vpi-ledger.db`, "
            "and back that up"
        )

    def close(self) -> None:
        """Nothing to let go of."""


# ── counters ────────────────────────────────────────────────────────────────


class Overlay:
    """Counters that read through to others and keep what is added to themselves."""

    def __init__(self, below: dict[CounterKey, int]) -> None:
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


class Attributed:
    """Counters that know which version moved them: see `VoidCounters`."""

    def __init__(self, values: dict[CounterKey, int], versions: dict[CounterKey, int]) -> None:
        self._values = values
        self._versions = versions

    def get(self, key: CounterKey, default: int, /) -> int:
        """The counter's value, or the default."""
        return self._values.get(key, default)

    def priced_by(self, key: CounterKey) -> int:
        """The one version that moved a counter; 0 where several did, or none."""
        return self._versions.get(key, 0)


# ── what follows from the rows ──────────────────────────────────────────────


class Moves:
    """Which versions are named by an entry, and which one moved a counter, 0 where several did; by ruleset."""

    def __init__(self) -> None:
        self.used: set[tuple[str, int]] = set()
        self.priced_by: dict[str, dict[CounterKey, int]] = {}
        self._rows = 0

    def follow(self, rows: Sequence[Row]) -> None:
        """Takes in the rows that came since the last time."""
        for row in islice(rows, self._rows, None):
            entry = _entry(row)
            self.used.add((entry.ruleset, entry.version))
            versions = self.priced_by.setdefault(entry.ruleset, {})
            for change in _changes(row):
                # What was only read, for a limit that had no room, has not moved.
                if change.delta and versions.setdefault(change.key, entry.version) != entry.version:
                    versions[change.key] = 0
        self._rows = len(rows)


class Hashes:
    """The chain's hash up to each row, and the hash of its event's content."""

    def __init__(self) -> None:
        self.links: list[bytes] = []
        self.contents: list[bytes] = []
        self.last = chain.genesis(WRITER)

    def follow(self, rows: Sequence[Row]) -> None:
        """Takes in the rows that came since the last time."""
        for row in islice(rows, len(self.links), None):
            event = _entry(row).event
            self.last = _link(self.last, row)
            self.links.append(self.last)
            self.contents.append(codec.kept_content(event)[1])


def _link(previous: bytes, row: Row) -> bytes:
    entry, keys = _entry(row), codec.KeyTexts()
    fields: list[bytes | str | int] = [entry.ruleset, entry.version, entry.currency, codec.event_text(entry.event)]
    if isinstance(row, Entry):
        return chain.link(previous, ["entry", *fields, codec.answer_text(row.evaluation, keys), row.recorded])
    voided = codec.void_text(row.reason, row.lines, row.changes, keys)
    return chain.link(previous, ["void", *fields, voided, row.recorded])


def _broken_links(rows: Sequence[Row], links: Sequence[bytes]) -> Iterator[str]:
    """One sentence a row that is not what it was when it was hashed."""
    previous = chain.genesis(WRITER)
    for number, (row, link) in enumerate(zip(rows, links, strict=True), 1):
        if _link(previous, row) != link:
            yield f"row {number} of chain {WRITER} was changed after it was recorded"
        previous = link


def _wrong_counters(rows: Sequence[Row], counters: Mapping[str, dict[CounterKey, int]]) -> Iterator[str]:
    """One sentence a counter that is not the sum of what its rows added."""
    sums: dict[tuple[str, CounterKey], int] = {}
    for row in rows:
        for change in _changes(row):
            key = (_entry(row).ruleset, change.key)
            sums[key] = sums.get(key, 0) + change.delta
    for name, values in counters.items():
        for counter, value in values.items():
            total = sums.get((name, counter), 0)
            if value != total:
                yield f"the counter {counter[1]!r} of {counter[0]} in {name} is {value}, but its rows add up to {total}"


# ── one row ─────────────────────────────────────────────────────────────────


def _repeated(known: Entry, event: Event) -> Answer:
    if same_content(known.event, event):
        # `dataclasses.replace` would do as well, and takes five times as long.
        return Entry(known.ruleset, known.version, known.currency, known.event, known.evaluation, known.recorded, True)
    return IdTaken(as_text(known.recorded), known.ruleset, known.version)


def _key(entry: Entry) -> Key:
    return entry.ruleset, entry.event.source, entry.event.id


def _entry(row: Row) -> Entry:
    return row if isinstance(row, Entry) else row.entry


def _lines(row: Row) -> Sequence[Line]:
    return row.evaluation.lines if isinstance(row, Entry) else row.lines


def _changes(row: Row) -> Sequence[Change]:
    return row.evaluation.changes if isinstance(row, Entry) else row.changes


def _interactions(evaluation: Evaluation) -> Sequence[str]:
    """Those that counted; where none did, the one whose limit had no room."""
    return [line.interaction for line in evaluation.lines] or [evaluation.limited_by]


def _time(row: Row) -> int:
    """The instant of a row's event, which was accepted."""
    given = _entry(row).event.time
    instant = timestamp_value(Instant(given) if type(given) is int else given)
    assert instant is not None
    return instant


def _matches(row: Row, query: Query) -> bool:
    entry = _entry(row)
    event = entry.event
    asked = (
        (query.ruleset, entry.ruleset),
        (query.subject, event.subject),
        (query.source, event.source),
        (query.event_id, event.id),
        (query.outcome, entry.evaluation.outcome),
    )
    if any(wanted and wanted != given for wanted, given in asked):
        return False
    if query.interaction and query.interaction not in _interactions(entry.evaluation):
        return False
    if query.start is None and query.end is None:
        return True
    return (query.start is None or query.start <= _time(row)) and (query.end is None or _time(row) < query.end)
