"""What a ledger must hold, in plain dictionaries: the model that the ledgers are compared with, written without them.

Rating is the interpreter's and voiding the language's own. Which version is in force, what is the same event, and all
that is kept, is worked out here again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dsl import interpreter, voiding
from dsl.core import Ruleset
from dsl.evaluation import Change, CounterKey, Evaluation, Line, Outcome, Refusal
from dsl.event import Event
from dsl.zones import zone_named

Key = tuple[str, str, str]
Counters = dict[CounterKey, int]


@dataclass
class Row:
    """An entry, or the void of the entry `takes_back`."""

    ruleset: Ruleset
    event: Event
    evaluation: Evaluation
    lines: Sequence[Line]
    changes: Sequence[Change]
    takes_back: "Row | None" = None
    voided: bool = False

    @property
    def key(self) -> Key:
        """Ruleset, source and id."""
        return self.ruleset.name, str(self.event.source), str(self.event.id)

    @property
    def time(self) -> int:
        """The event's time, which the model's events have as an instant."""
        assert isinstance(self.event.time, int)
        return self.event.time


@dataclass
class Model:
    """The state of a ledger; `rulesets` are all versions, by name and number."""

    rulesets: Mapping[str, Mapping[int, Ruleset]]
    rows: list[Row] = field(default_factory=list)
    refused: list[tuple[str, Event]] = field(default_factory=list)
    counters: dict[str, Counters] = field(default_factory=dict)

    def expected(self, ruleset: str, events: Sequence[Event]) -> list[tuple[str, Evaluation | None]]:
        """Records events; for each what must be answered: `first`, `again`, `taken`, `refused`, `early`, `unknown`."""
        return [self._record(ruleset, event) for event in events]

    def _record(self, ruleset: str, event: Event) -> tuple[str, Evaluation | None]:
        known = self.entry((ruleset, str(event.source), str(event.id)))
        if known is not None:
            return ("again", known.evaluation) if same(known.event, event) else ("taken", None)
        counters = self.counters.setdefault(ruleset, {})
        what, version, evaluation = self._rated(ruleset, event, counters)
        if version is None or evaluation is None or what == "unknown":
            self.refused.append((ruleset, event))
            return what, evaluation
        self.rows.append(Row(version, event, evaluation, evaluation.lines, evaluation.changes))
        apply(counters, evaluation.changes)
        return "first", evaluation

    def previewed(self, ruleset: str, events: Sequence[Event]) -> list[tuple[str, Evaluation | None]]:
        """What a dry run must answer, as `expected`; of an event whose id is known `again`."""
        counters = dict(self.counters.get(ruleset, {}))
        answers = []
        for event in events:
            what, _, evaluation = self._rated(ruleset, event, counters)
            if evaluation is not None:
                apply(counters, evaluation.changes)
                if self.entry((ruleset, str(event.source), str(event.id))) is not None:
                    what = "again"
            answers.append((what, evaluation))
        return answers

    def _rated(self, name: str, event: Event, counters: Counters) -> tuple[str, Ruleset | None, Evaluation | None]:
        assert isinstance(event.time, int)
        in_force = [one for one in self.rulesets[name].values() if one.effective <= event.time]
        if not in_force:
            return "early", None, None
        version = max(in_force, key=lambda one: (one.effective, one.version))
        result = interpreter.evaluate(version, event, counters)
        if isinstance(result, Refusal):
            return "refused", version, None
        return ("unknown" if result.outcome is Outcome.UNKNOWN_EVENT else "first"), version, result

    def void(self, key: Key) -> tuple[Row | None, bool]:
        """Takes an entry back: the void, and whether it was there before; None where nothing is recorded."""
        entry = self.entry(key)
        if entry is None:
            return None, False
        if entry.voided:
            return next(row for row in self.rows if row.takes_back is entry), True
        counters = self.counters[key[0]]

        def one_version(counter: CounterKey) -> bool:
            return self.versions_of(key[0], counter) == {entry.ruleset.version}

        lines, changes = voiding.void(entry.ruleset, entry.evaluation, counters, one_version)
        entry.voided = True
        self.rows.append(Row(entry.ruleset, entry.event, entry.evaluation, lines, changes, takes_back=entry))
        apply(counters, changes)
        return self.rows[-1], False

    # ── what can be read ────────────────────────────────────────────────────

    def entry(self, key: Key) -> Row | None:
        """The entry under a key."""
        return next((row for row in self.rows if row.key == key and row.takes_back is None), None)

    def versions_of(self, ruleset: str, counter: CounterKey) -> set[int]:
        """The versions that moved a counter."""
        return {
            row.ruleset.version
            for row in self.rows
            if row.ruleset.name == ruleset
            for change in row.changes
            if change.key == counter and change.delta
        }

    def moved(self) -> dict[tuple[str, CounterKey], int]:
        """Every counter that is not 0, by ruleset and key."""
        return {
            (name, key): value for name, counters in self.counters.items() for key, value in counters.items() if value
        }

    def of_customer(self, ruleset: str, subject: str) -> list[Row]:
        """A customer's rows by the events' times, then in the order of recording."""
        rows = [row for row in self.rows if row.ruleset.name == ruleset and row.event.subject == subject]
        return sorted(rows, key=lambda row: row.time)

    def usage(self, ruleset: str, subject: str) -> dict[tuple[int, str, str], tuple[int, int, int]]:
        """A customer's events, units and price by day, interaction and noun."""
        sums: dict[tuple[int, str, str], tuple[int, int, int]] = {}
        for row in self.of_customer(ruleset, subject):
            day = zone_named(row.ruleset.zone).day(row.time)
            for line in row.lines:
                key = (day, line.interaction, line.noun)
                events, units, price = sums.get(key, (0, 0, 0))
                sums[key] = (events + (-1 if row.takes_back else 1), units + line.units, price + line.price)
        return sums

    def used(self) -> set[tuple[str, int]]:
        """The versions that an entry names."""
        return {(row.ruleset.name, row.ruleset.version) for row in self.rows}


def apply(counters: Counters, changes: Sequence[Change]) -> None:
    """Moves counters."""
    for change in changes:
        counters[change.key] = counters.get(change.key, 0) + change.delta


def same(one: Event, other: Event) -> bool:
    """Whether two of the model's events have the same content: their values are texts, whole numbers, yes and no."""

    def content(event: Event) -> object:
        given = {path: (type(value), value) for path, value in event.data.items() if value is not None}
        return event.type, event.subject, event.time, given

    return content(one) == content(other)
