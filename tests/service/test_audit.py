"""What was recorded follows from the published rules: priced again it comes out the same, or the row is named."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from dsl.evaluation import Change, Line, Outcome
from service.audit import Audit
from service.evaluator import Evaluator
from service.ledger.interface import Entry, Ledger, Published, Record, Void
from service.ledger.sqlite import SqliteLedger
from service.publishing import registry_from
from service.registry import Registry
from tests.service.rules import FIRST, JULY, JUNE, OTHER, SECOND_VERSION, answer, search, version_of


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger in which two rulesets, two versions, limits, tiers, caps and voids have met."""
    with closing(SqliteLedger(tmp_path / "shop.db", lambda: JULY)) as ledger:
        for text in (FIRST, SECOND_VERSION, OTHER):
            version = version_of(text)
            rules = version.ruleset
            ledger.publish(Published(rules.name, rules.version, rules.effective, text, version.sha256, JULY))
        evaluator = Evaluator(registry_from(ledger.published()), ledger, None)
        june = [search(), *(answer(f"a{n}", f"t{n}", 4) for n in range(6)), answer("again", "t1")]
        evaluator.evaluate(
            "shop", [*june, search("none", results=0), search("e2", JULY), answer("july", "t0", 2.5, JULY)]
        )
        evaluator.evaluate("flat", [search("f1"), search("f2")])
        for event_id in ("a2", "again", "none", "july", "a5"):
            evaluator.void("shop", "app", event_id, "a test")
        evaluator.evaluate("shop", [answer("after", "t2", 9), answer("last", "t9", 1, JULY)])
        evaluator.void("flat", "app", "f1", "a test")
        evaluator.evaluate("flat", [search("f3")])
        yield ledger


class Tampered:
    """A ledger whose rows or counters are read as something else."""

    def __init__(
        self, ledger: Ledger, row: Callable[[Record], Record] = lambda record: record, counter: int = 0
    ) -> None:
        self._ledger, self._row, self._counter = ledger, row, counter

    def records(self, after: int = 0) -> Iterator[Record]:
        """The rows, changed."""
        return map(self._row, self._ledger.records(after))

    def counters(self) -> Iterator[tuple[str, Any, int]]:
        """The counters, the first one changed."""
        for number, (ruleset, key, value) in enumerate(self._ledger.counters()):
            yield ruleset, key, value + (self._counter if number == 0 else 0)


def differences(ledger: object, registry: Registry) -> list[str]:
    """What pricing everything again finds."""
    return list(Audit(cast(Ledger, ledger), registry).differences())


def tampered(ledger: Ledger, sequence: int, **changed: Any) -> list[str]:
    """What is found where one row's evaluation has other fields."""

    def row(record: Record) -> Record:
        if record.sequence != sequence:
            return record
        assert isinstance(record.row, Entry)
        return replace(record, row=replace(record.row, evaluation=replace(record.row.evaluation, **changed)))

    return differences(Tampered(ledger, row), registry_from(ledger.published()))


def test_all_comes_out_as_it_was_recorded(ledger: Ledger) -> None:
    told: list[int] = []
    audit = Audit(ledger, registry_from(ledger.published()))
    assert list(audit.differences(told.append)) == []
    assert audit.rows == len(list(ledger.records())) == 22
    assert audit.counters_compared
    assert len({record.row.recorded for record in ledger.records()}) == 1


def test_an_empty_ledger_has_nothing_to_differ(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "empty.db", lambda: 0)) as ledger:
        audit = Audit(ledger, Registry())
        assert (list(audit.differences()), audit.rows, audit.counters_compared) == ([], 0, True)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"lines": (Line("voice_search", 1_000_000, "unit", 7),)},
            "recorded as voice_search 1 unit at 0.000000000000000007; priced again it is voice_search 1 unit at 0.05",
        ),
        ({"lines": ()}, "it is recorded as nothing; priced again it is voice_search"),
        ({"outcome": Outcome.LIMITED}, "recorded with the outcome “LIMITED”; priced again it is “COUNTED”"),
        ({"reason": "because"}, "recorded with the reason “because”; priced again it is “counted as voice_search"),
        ({"warnings": ("late",)}, "recorded with the warnings ('late',); priced again it is ()"),
        (
            {"changes": (Change(("x", "limit for ever", "acme", 0), 3, 1),)},
            "move from 3 by 1 the counter x / limit for ever / acme / 0; priced again: leave",
        ),
    ],
)  # fmt: skip
def test_what_differs_is_named(ledger: Ledger, changed: dict[str, Any], said: str) -> None:
    (finding,) = tampered(ledger, 1, **changed)
    assert finding.startswith("row 1 (shop, source app, id e1): ")
    assert said in finding


def test_an_event_that_was_changed_has_another_price(ledger: Ledger) -> None:
    def row(record: Record) -> Record:
        if not isinstance(record.row, Entry) or record.row.event.id != "a1":
            return record
        event = replace(record.row.event, data={"ticket": "t1", "words": -1})
        return replace(record, row=replace(record.row, event=event, currency="USD"))

    first, second, *_ = differences(Tampered(ledger, row), registry_from(ledger.published()))
    assert "recorded in USD, the version's currency is EUR" in first
    assert "recorded, but version 1 refuses it: data.words: " in second


def test_a_void_that_was_changed_is_named(ledger: Ledger) -> None:
    def row(record: Record) -> Record:
        if not isinstance(record.row, Void) or record.row.entry.event.id != "a2":
            return record
        return replace(record, row=replace(record.row, lines=()))

    (finding,) = differences(Tampered(ledger, row), registry_from(ledger.published()))
    assert "id a2): its void is recorded as nothing; priced again it is answered -4" in finding


def test_a_counter_that_was_changed_is_named(ledger: Ledger) -> None:
    (finding,) = differences(Tampered(ledger, counter=5), registry_from(ledger.published()))
    assert finding.startswith("the counter ")
    assert "; the rows, priced again, add up to " in finding


def test_a_row_that_is_missing_shows_in_what_came_after_it(ledger: Ledger) -> None:
    class Shortened(Tampered):
        """Without the second row."""

        def records(self, after: int = 0) -> Iterator[Record]:
            return (record for record in super().records(after) if record.sequence != 2)

    found = differences(Shortened(ledger), registry_from(ledger.published()))
    assert found[0].startswith("row 3 (")
    assert any(sentence.startswith("the counter ") for sentence in found)


def test_a_version_that_is_not_published_is_named(ledger: Ledger) -> None:
    found = differences(ledger, Registry([version_of(FIRST), version_of(SECOND_VERSION)]))
    assert any("names flat version 1, which is not among the published versions" in sentence for sentence in found)
    found = differences(ledger, Registry([version_of(SECOND_VERSION)]))
    assert "names shop version 1, which is not among the published versions" in found[0]


def test_a_version_that_was_not_yet_in_force_is_named(ledger: Ledger) -> None:
    def row(record: Record) -> Record:
        entry = record.row
        if record.sequence != 1 or not isinstance(entry, Entry):
            return record
        return replace(record, row=replace(entry, version=2))

    found = differences(Tampered(ledger, row), registry_from(ledger.published()))
    assert "version 2 priced it, which takes effect 2026-07-01T00:00:00Z, after the event's time" in found[0]


def test_rows_that_keep_coming_leave_the_counters_alone(ledger: Ledger) -> None:
    """What arrives while the counters are read is priced too; with no quiet moment they are not compared."""
    evaluator = Evaluator(registry_from(ledger.published()), ledger, None)

    class Busy(Tampered):
        """Has an event recorded whenever the counters are read."""

        def __init__(self, most: int) -> None:
            super().__init__(ledger)
            self.most, self.count = most, 0

        def counters(self) -> Iterator[tuple[str, Any, int]]:
            if self.count < self.most:
                self.count += 1
                evaluator.evaluate("shop", [answer(f"busy{self.most}-{self.count}", "x", 1, JUNE)])
            return ledger.counters()

    for most, compared in ((1, True), (9, False)):
        audit = Audit(cast(Ledger, Busy(most)), registry_from(ledger.published()))
        assert list(audit.differences()) == []
        assert audit.counters_compared is compared
