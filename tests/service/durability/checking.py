"""Whether a ledger holds exactly what was acknowledged, and is sound by itself."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dsl import interpreter, voiding
from dsl.core import Ruleset
from dsl.evaluation import Change, CounterKey, Evaluation
from service.ledger.interface import Entry, Ledger, Void
from service.ledger.postgres import PostgresLedger
from service.ledger.sqlite import SqliteLedger
from service.publishing import registry_from
from service.rpc.convert import event_of, write_evaluation, write_void
from service.times import now
from tests.service.durability.traffic import Key, Traffic
from vpi.v1 import evaluation_pb2 as pb


class Replay:
    """A ruleset's counters as its rows move them, every row priced again by the interpreter."""

    def __init__(self) -> None:
        self.values: dict[CounterKey, int] = {}
        self._versions: dict[CounterKey, set[int]] = {}

    def entry(self, ruleset: Ruleset, entry: Entry) -> None:
        """An evaluation; it must be what its event comes to now."""
        again = interpreter.evaluate(ruleset, entry.event, self.values)
        assert isinstance(again, Evaluation), again
        assert again == entry.evaluation, f"{entry.event.id}:\n{entry.evaluation}\npriced again:\n{again}"
        self._move(again.changes, ruleset.version)

    def void(self, ruleset: Ruleset, void: Void) -> None:
        """A void; it must take back now what it took back then."""
        entry = void.entry

        def one_version(key: CounterKey) -> bool:
            return self._versions.get(key) == {entry.version}

        lines, changes = voiding.void(ruleset, entry.evaluation, self.values, one_version)
        assert (lines, changes) == (void.lines, void.changes), f"the void of {entry.event.id}"
        self._move(changes, ruleset.version)

    def _move(self, changes: Sequence[Change], version: int) -> None:
        for change in changes:
            if change.delta:
                self.values[change.key] = self.values.get(change.key, 0) + change.delta
                self._versions.setdefault(change.key, set()).add(version)


def check(ledger: Ledger, traffic: Traffic) -> int:
    """Compares a ledger with the notes, and it with itself; how many rows it has.

    Every acknowledged event is there once, with the answer that was acknowledged, and no event is there twice. What was
    sent and not acknowledged may be there. The ledger finds nothing wrong with itself: in SQLite that begins with
    `PRAGMA integrity_check`, then come the chains, and the sums of entries against counters and usage. Priced again in
    recorded order, every row and every counter is what it is.
    """
    registry = registry_from(ledger.published())
    replays: dict[str, Replay] = {}
    entries: set[Key] = set()
    voids: set[Key] = set()
    rows = 0
    for record in ledger.records():
        rows += 1
        row = record.row
        entry = row.entry if isinstance(row, Void) else row
        ruleset = registry.versions(entry.ruleset).number(entry.version).ruleset
        replay = replays.setdefault(entry.ruleset, Replay())
        note = traffic.by_key[entry.ruleset, str(entry.event.source), str(entry.event.id)]
        kept = pb.Evaluation()
        if isinstance(row, Void):
            assert note.key in entries and note.key not in voids, f"{note.key} was voided twice"
            voids.add(note.key)
            write_void(row, kept)
            assert note.void is None or note.void.evaluation == kept
            replay.void(ruleset, row)
        else:
            assert note.key not in entries, f"{note.key} is there twice"
            entries.add(note.key)
            write_evaluation(row, kept)
            assert note.claims_key and note.sent, note
            assert note.answer is None or note.answer == kept, f"answered:\n{note.answer}\nkept:\n{kept}"
            assert entry.event == event_of(note.event)
            replay.entry(ruleset, row)
    for note in traffic.notes:
        assert note.key in entries or not (note.claims_key and note.acknowledged), f"{note.key} is lost"
        assert note.key in voids or note.void is None, f"the void of {note.key} is lost"
    assert list(ledger.verify()) == []
    kept_counters = {(name, key): value for name, key, value in ledger.counters() if value}
    assert kept_counters == {
        (name, key): value for name, replay in replays.items() for key, value in replay.values.items() if value
    }
    check_refused(ledger, traffic)
    return rows


def check_refused(ledger: Ledger, traffic: Traffic) -> None:
    """Every refused event is kept as often as that was acknowledged, and no oftener than it was sent."""
    kept: Counter[Key] = Counter()
    last = 0
    while page := ledger.refused("", 1_000, last):
        kept.update((one.ruleset, str(one.event.source), str(one.event.id)) for one in page)
        last = page[-1].sequence
    for note in traffic.notes:
        count = kept.pop(note.key, 0)
        if note.claims_key:
            assert not count, f"{note.key} was refused"
        else:
            assert note.acknowledged <= count <= note.sent, f"{note.key} is kept {count} times: {note}"
    assert not kept


@contextmanager
def opened(place: str) -> Iterator[Ledger]:
    """The ledger at a place, beside the server that uses it."""
    ledger: Ledger = PostgresLedger(place, now) if place.startswith("postgresql:") else SqliteLedger(Path(place), now)
    try:
        yield ledger
    finally:
        ledger.close()
