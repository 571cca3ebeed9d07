"""Random histories: after each step every ledger holds exactly what the model does, across restarts and handles."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dsl.event import Event
from dsl.zones import HOUR
from service.errors import EventRefused, IdTaken, NotRecorded, NoVersionInForce, VersionTaken
from service.evaluator import Options
from service.ledger.interface import Answer, Entry, Published, Query, Record, Void
from tests.service.ledger.calls import counters, entry_in, listed
from tests.service.ledger.ledgers import NOW, STORES, LedgerUnderTest, Place, Store
from tests.service.ledger.model import Model, Row
from tests.service.rules import JULY, JUNE, all_rules

RULESETS = ("shop", "store", "limited", "volume", "zoned")
SUBJECTS = ("acme", "bob", "Bob")
ALWAYS = (-(10**6), 10**6)
# Before the first version, within it, on both sides of every change of version, of month and of a zone's midnight.
times = st.sampled_from(
    [0, JUNE, JUNE + 4 * HOUR, JULY - 1, JULY, JULY + 4 * HOUR, JULY + 16 * HOUR - 1, JULY + 16 * HOUR]
)
KINDS: dict[str, dict[str, st.SearchStrategy[object]]] = {
    "search": {
        "voice": st.booleans(),
        "results": st.sampled_from([0, 1, 3, "many", True]),
        "query": st.sampled_from([None, "", "é", "e\u0301", "\0"]),
    },
    "answer": {"ticket": st.sampled_from(["t1", "t2", "t3", ""]), "words": st.sampled_from([0, 1, 4, 9, 30, -1])},
    "ask": {"ticket": st.sampled_from([None, "t1"])},
    "load": {"amount": st.sampled_from([0, 1, 60, 100, 10**12])},
    "call": {"spent": st.sampled_from([0, 1, 60])},
    "no.such": {"anything": st.sampled_from([None, 1])},
}

_MUCH: dict[str, tuple[str, dict[str, object]]] = {
    "limited": ("ask", {}),
    "volume": ("load", {"amount": 30}),
    "zoned": ("call", {"spent": 7}),
}


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Events of every kind, with so few ids that they meet again and again."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    data = {name: draw(values) for name, values in KINDS[kind].items()}
    event_id = draw(st.sampled_from([f"{kind} {n}" for n in range(6)] + ["shared"]))
    return Event(
        event_id, draw(st.sampled_from(["app", "web"])), kind, draw(st.sampled_from(SUBJECTS)), draw(times), data
    )


class Histories(RuleBasedStateMachine):
    """Does the same to a ledger and to the model, and compares what they answer and hold."""

    place: Place
    make: Callable[[Place], Store]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        registry = all_rules()
        rulesets = {
            name: {v.ruleset.version: v.ruleset for v in registry.versions(name).by_number()} for name in RULESETS
        }
        self.model = Model(rulesets)
        self.published: dict[tuple[str, int], Published] = {}

    @initialize()
    def start(self) -> None:
        """An empty ledger."""
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.under_test = LedgerUnderTest(type(self).make(replace(self.place, folder=folder)))
        self.stack.callback(self.under_test.close)
        self.handles = [self.under_test.ledger]
        self.turn = 0

    def teardown(self) -> None:
        """Compares everything once more, and closes."""
        try:
            if hasattr(self, "under_test"):
                self.all_records_agree()
                self.nothing_is_wrong()
        finally:
            self.stack.close()

    # ── steps ───────────────────────────────────────────────────────────────

    @rule(ruleset=st.sampled_from(RULESETS), given=st.lists(events(), min_size=1, max_size=6))
    def record(self, ruleset: str, given: list[Event]) -> None:
        """Events in one submission, by the handle whose turn it is."""
        self.turn += 1
        evaluator = self.under_test.evaluator(self.handles[self.turn % len(self.handles)])
        answers = evaluator.evaluate(ruleset, given)
        for answer, (what, evaluation) in zip(answers, self.model.expected(ruleset, given), strict=True):
            assert sort_of(answer) == what
            assert not isinstance(answer, Entry) or answer.evaluation == evaluation

    @rule(ruleset=st.sampled_from(RULESETS), subject=st.sampled_from(SUBJECTS), count=st.integers(2, 12), time=times)
    def use_up(self, ruleset: str, subject: str, count: int, time: int) -> None:
        """Many events of one customer, so that limits, tiers and caps fill."""
        kind, data = _MUCH.get(ruleset, ("answer", {"words": 3}))
        begin = len(self.model.rows)
        given = []
        for n in range(count):
            # Of three answers in a row two are to one ticket, and the second of those finds no room.
            ticket = {"ticket": f"{begin} {n - n % 3 // 2}"} if kind == "answer" else {}
            given.append(Event(f"{kind} {begin} {n}", "app", kind, subject, time, data | ticket))
        self.record(ruleset, given)

    @rule(ruleset=st.sampled_from(RULESETS), given=st.lists(events(), max_size=4))
    def dry_run(self, ruleset: str, given: list[Event]) -> None:
        """A dry run answers alike, and changes nothing."""
        answers = self.under_test.evaluator().evaluate(ruleset, given, Options(dry_run=True))
        for answer, (what, evaluation) in zip(answers, self.model.previewed(ruleset, given), strict=True):
            assert sort_of(answer) == what
            assert not isinstance(answer, Entry) or answer.evaluation == evaluation

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        """Any entry is taken back, perhaps for the second time."""
        ruleset, source, event_id = data.draw(st.sampled_from(self.model.rows)).key
        found = self.under_test.evaluator().void(ruleset, source, event_id, "why")
        expected, again = self.model.void((ruleset, source, event_id))
        assert expected is not None
        assert found.duplicate == again
        assert (found.lines, set_of(found)) == (tuple(expected.lines), {(c.key, c.delta) for c in expected.changes})

    @rule(given=events())
    def void_what_may_not_be_there(self, given: Event) -> None:
        """An event that was perhaps never recorded."""
        key = ("shop", str(given.source), str(given.id))
        if self.model.entry(key) is None:
            with pytest.raises(NotRecorded):
                self.under_test.evaluator().void(*key, "why")

    @rule(ruleset=st.sampled_from(RULESETS), number=st.integers(1, 2), text=st.sampled_from("ab"), again=st.booleans())
    def publish(self, ruleset: str, number: int, text: str, again: bool) -> None:
        """A version, new, the same, or another under its number, to take its place or not."""
        version = Published(ruleset, number, JUNE, text, sha256(text.encode()).hexdigest(), NOW)
        place = (ruleset, number)
        kept = self.published.get(place)
        used = place in self.model.used()
        if kept is not None and kept.text != text and (used or not again):
            with pytest.raises(VersionTaken):
                self.under_test.ledger.publish(version, again)
            return
        found = self.under_test.ledger.publish(version, again)
        self.published[place] = kept if kept is not None and kept.text == text else version
        assert (found.text, found.used) == (text, used)

    @precondition(lambda self: self.under_test.durable)
    @rule()
    def restart(self) -> None:
        """Every handle is closed and the store opened again."""
        self.handles = [self.under_test.reopen()]

    @precondition(lambda self: self.under_test.durable and len(self.handles) < 3)
    @rule()
    def another_handle(self) -> None:
        """One more handle takes turns in writing."""
        self.handles.append(self.under_test.second())

    # ── what holds after every step ─────────────────────────────────────────

    @invariant()
    def counters_agree(self) -> None:
        """Counters, and how much there is."""
        assert counters(self.under_test.ledger) == self.model.moved()
        stats = self.under_test.ledger.stats()
        voids = sum(row.takes_back is not None for row in self.model.rows)
        assert (stats.entries, stats.voids) == (len(self.model.rows) - voids, voids)
        assert (stats.refused, stats.versions) == (len(self.model.refused), len(self.published))

    @invariant()
    def customers_agree(self) -> None:
        """Each customer's records and usage."""
        ledger = self.under_test.ledger
        for ruleset in RULESETS:
            for subject in SUBJECTS:
                found = listed(ledger, Query(ruleset, subject), 3)
                assert [told(record) for record in found] == [
                    wanted(row) for row in self.model.of_customer(ruleset, subject)
                ]
                used = ledger.usage(ruleset, subject, *ALWAYS)
                assert {
                    (line.day, line.interaction, line.noun): (line.events, line.units, line.price) for line in used
                } == self.model.usage(ruleset, subject)

    @invariant()
    def versions_agree(self) -> None:
        """Published versions, and which of them are used."""
        used = self.model.used()
        found = [(kept.ruleset, kept.version, kept.text, kept.used) for kept in self.under_test.ledger.published()]
        assert found == [(*place, self.published[place].text, place in used) for place in sorted(self.published)]

    def all_records_agree(self) -> None:
        """All records in order, and all refused events."""
        ledger = self.under_test.ledger
        assert [told(record) for record in ledger.records()] == [wanted(row) for row in self.model.rows]
        assert [told(record) for record in listed(ledger, Query(), 7)] == [wanted(row) for row in self.model.rows]
        assert [(kept.ruleset, kept.event) for kept in ledger.refused("", 10**6)] == self.model.refused

    def nothing_is_wrong(self) -> None:
        """The ledger finds itself sound, and its chains hold every record."""
        assert list(self.under_test.ledger.verify()) == []
        assert sum(chain.rows for chain in self.under_test.ledger.chains()) == len(self.model.rows)


def sort_of(answer: Answer) -> str:
    """What sort of answer it is, in the model's words."""
    if isinstance(answer, Entry):
        if answer.evaluation.outcome == "UNKNOWN_EVENT":
            return "unknown"
        return "again" if answer.duplicate else "first"
    return {IdTaken: "taken", EventRefused: "refused", NoVersionInForce: "early"}[type(answer)]


def set_of(void: Void) -> set[tuple[object, int]]:
    """What a void did to the counters."""
    return {(change.key, change.delta) for change in void.changes}


def told(record: Record) -> tuple[object, ...]:
    """A record as the ledger has it, in the terms of `wanted`."""
    entry = entry_in(record)
    lines = record.row.lines if isinstance(record.row, Void) else record.row.evaluation.lines
    return (
        entry.ruleset,
        entry.version,
        entry.event,
        entry.evaluation,
        tuple(lines),
        isinstance(record.row, Void),
        record.voided,
    )


def wanted(row: Row) -> tuple[object, ...]:
    """A row of the model as a ledger must have it."""
    place = (row.ruleset.name, row.ruleset.version)
    return *place, row.event, row.evaluation, tuple(row.lines), row.takes_back is not None, row.voided


@pytest.mark.parametrize("name", sorted(STORES))
def test_random_histories_leave_what_the_model_holds(name: str, place: Place) -> None:
    machine = type("Histories", (Histories,), {"make": staticmethod(STORES[name]), "place": place})
    long = settings.default is not None and settings.default.max_examples > 100
    # A failure is made small only there: that takes minutes.
    phases = [phase for phase in Phase if long or phase is not Phase.shrink]
    chosen = settings(
        phases=phases,
        max_examples=300 if long else 25,
        stateful_step_count=40 if long else 15,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(machine, settings=chosen)
