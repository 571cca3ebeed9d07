"""Whether a ledger's prices follow from its rules: every event is priced again, in recorded order, and compared."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from dsl.evaluation import Change, CounterKey, Evaluation, Line, Refusal
from dsl.numbers import format_money, format_units
from service.errors import LedgerDamaged, UnknownRuleset, UnknownVersion
from service.ledger.interface import Entry, Ledger, Record, Void
from service.rating import repricer
from service.registry import Registry, Version
from service.times import as_text

MOST_ROUNDS = 3
"""How often rows that are recorded meanwhile are followed before the counters are left alone."""


class Totals:
    """Counters that start empty, and which version alone moved each."""

    def __init__(self) -> None:
        self._values: dict[CounterKey, int] = {}
        self._versions: dict[CounterKey, int] = {}

    def get(self, key: CounterKey, default: int, /) -> int:
        """The counter's value, or the default where it never moved."""
        return self._values.get(key, default)

    def priced_by(self, key: CounterKey) -> int:
        """The one version that moved a counter; 0 where several did."""
        return self._versions.get(key, 0)

    def apply(self, changes: Sequence[Change], version: int) -> None:
        """Moves the counters that change."""
        for change in changes:
            if change.delta:
                self._values[change.key] = self._values.get(change.key, 0) + change.delta
                if self._versions.setdefault(change.key, version) != version:
                    self._versions[change.key] = 0

    def moved(self) -> Iterator[tuple[CounterKey, int]]:
        """Every counter that is not at 0."""
        return ((key, value) for key, value in self._values.items() if value)


@dataclass
class Audit:
    """Prices a ledger's rows again by the published versions that they name, with counters that start empty.

    `rows` counts the rows that were looked at. `counters_compared` is false where rows kept coming while the counters
    were read, so that there was no moment to compare them at.
    """

    ledger: Ledger
    registry: Registry
    rows: int = 0
    counters_compared: bool = False
    _totals: dict[str, Totals] = field(default_factory=dict)

    def differences(self, progress: Callable[[int], None] = lambda rows: None) -> Iterator[str]:
        """What came out otherwise than it is recorded, a sentence each, the first row first.

        A row that differs may bring on others, since they are priced after it. `progress` is told the rows so far, now
        and then. Raises LedgerUnavailable.
        """
        last = rounds = 0
        while rounds < MOST_ROUNDS:
            try:
                for record in self.ledger.records(last):
                    yield from self._again(record)
                    last = record.sequence
                    self.rows += 1
                    if self.rows % 1000 == 0:
                        progress(self.rows)
            except LedgerDamaged as error:
                yield f"row {error.row} can't be read: it is damaged"
                last = error.row
                continue
            rounds += 1
            counters = {(name, key): value for name, key, value in self.ledger.counters() if value}
            if next(iter(self.ledger.records(last)), None) is None:
                self.counters_compared = True
                yield from self._compared(counters)
                return

    def _again(self, record: Record) -> Iterator[str]:
        row = record.row
        entry = row.entry if isinstance(row, Void) else row
        place = f"row {record.sequence} ({_named(entry)})"
        try:
            version = self.registry.versions(entry.ruleset).number(entry.version)
        except (UnknownRuleset, UnknownVersion):
            yield f"{place} names {entry.ruleset} version {entry.version}, which is not among the published versions"
            return
        totals = self._totals.setdefault(entry.ruleset, Totals())
        found = self._voided_again(row, totals) if isinstance(row, Void) else _priced_again(row, version, totals)
        yield from (f"{place}: {sentence}" for sentence in found)

    def _voided_again(self, void: Void, totals: Totals) -> list[str]:
        lines, changes = repricer(lambda: self.registry)(void.entry, totals)
        totals.apply(changes, void.entry.version)
        found = _lines_compared("its void", void.lines, lines)
        return found or _changes_compared("its void", void.changes, changes)

    def _compared(self, counters: dict[tuple[str, CounterKey], int]) -> Iterator[str]:
        """How the ledger's counters, but those at 0, differ from what its rows add up to."""
        for name, totals in self._totals.items():
            for key, value in totals.moved():
                kept = counters.pop((name, key), 0)
                if kept != value:
                    yield f"the counter {_key(key)} of {name} is {kept}; the rows, priced again, add up to {value}"
        for (name, key), value in counters.items():
            yield f"the counter {_key(key)} of {name} is {value}; the rows, priced again, add up to 0"


def _priced_again(entry: Entry, version: Version, totals: Totals) -> list[str]:
    """How a recorded evaluation differs from the one that its event gets now."""
    ruleset = version.ruleset
    found = []
    if isinstance(entry.event.time, int) and entry.event.time < ruleset.effective:
        found.append(
            f"version {ruleset.version} priced it, which takes effect {as_text(ruleset.effective)}, "
            f"after the event's time {as_text(entry.event.time)}"
        )
    if entry.currency != ruleset.currency:
        found.append(f"recorded in {entry.currency}, the version's currency is {ruleset.currency}")
    again = version.compiled.evaluate(entry.event, totals)
    if isinstance(again, Refusal):
        first = again.violations[0]
        return [*found, f"recorded, but version {ruleset.version} refuses it: {first.field}: {first.description}"]
    totals.apply(again.changes, ruleset.version)
    return found + _evaluations_compared(entry.evaluation, again)


def _evaluations_compared(recorded: Evaluation, again: Evaluation) -> list[str]:
    """How two evaluations differ, what matters most first; at most one sentence."""
    if recorded == again:
        return []
    if recorded.outcome is not again.outcome:
        return [_otherwise("outcome", recorded.outcome, again.outcome)]
    if found := _lines_compared("it", recorded.lines, again.lines):
        return found
    if found := _changes_compared("it", recorded.changes, again.changes):
        return found
    for name in ("interaction", "reason", "warnings", "main"):
        one, other = getattr(recorded, name), getattr(again, name)
        if one != other:
            return [_otherwise(name, one, other)]
    return [_otherwise("limit", recorded.limited_by, again.limited_by)]


def _lines_compared(what: str, recorded: Sequence[Line], again: Sequence[Line]) -> list[str]:
    if tuple(recorded) == tuple(again):
        return []
    return [f"{what} is recorded as {_lines(recorded)}; priced again it is {_lines(again)}"]


def _changes_compared(what: str, recorded: Sequence[Change], again: Sequence[Change]) -> list[str]:
    ours, theirs = ({change.key: change for change in changes} for changes in (again, recorded))
    for key in (*theirs, *ours):
        one, other = theirs.get(key), ours.get(key)
        if one != other:
            return [f"{what} is recorded to {_change(one)} the counter {_key(key)}; priced again: {_change(other)}"]
    return []


def _otherwise(name: str, recorded: object, again: object) -> str:
    return f"recorded with the {name} {_quoted(recorded)}; priced again it is {_quoted(again)}"


def _quoted(value: object) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)


def _lines(lines: Sequence[Line]) -> str:
    if not lines:
        return "nothing"
    return ", ".join(
        f"{line.interaction} {format_units(line.units)} {line.noun} at {format_money(line.price)}" for line in lines
    )


def _change(change: Change | None) -> str:
    if change is None or not change.delta:
        return "leave" if change is None else f"read ({change.before})"
    return f"move from {change.before} by {change.delta}"


def _key(key: CounterKey) -> str:
    return " / ".join(map(str, key))


def _named(entry: Entry) -> str:
    """Which event it is; an accepted event's id and source are texts that the operator needs to find it."""
    return f"{entry.ruleset}, source {entry.event.source}, id {entry.event.id}"
