"""A ledger's history: what it recorded comes out again, voids and refused events with it, or is named."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from dsl.event import Event
from dsl.to_sql import Outcome, columns_of
from service.evaluator import Evaluator
from service.ledger.interface import Ledger, Published, Record
from service.ledger.sqlite import SqliteLedger
from service.publishing import registry_from
from service.registry import Versions
from service.replay.comparison import Comparison, comparing
from service.replay.duckdb import Settings
from service.replay.prepare import CantPrepare
from service.replay.recorded import History, from_ledger
from service.replay.samples import Sample, samples
from service.replay.sides import Side, priced
from service.replay.words import notes, pair_headline
from tests.service.replay.histories import tables_of
from tests.service.rules import FIRST, JULY, JUNE, OTHER, SECOND_VERSION, answer, search, version_of

Embedded = Literal["duckdb", "python"]
SETTINGS = Settings("1GB", 1)
DAY = 86_400_000_000
LATER = FIRST.replace("version   1", "version   2").replace("event answer", "event new\n  n  integer\n\nevent answer")
LATER = LATER.replace("free", "at 0.1") + "\ninteraction renewed\n  counts  new\n  price   1.00\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger in which limits, tiers, caps, two versions, voids and refused events of two rulesets have met."""
    with closing(SqliteLedger(tmp_path / "shop.db", iter(range(JULY, JULY + DAY)).__next__)) as ledger:
        for text in (FIRST, SECOND_VERSION, OTHER):
            version = version_of(text)
            rules = version.ruleset
            ledger.publish(Published(rules.name, rules.version, rules.effective, text, version.sha256, JULY))
        evaluator = Evaluator(registry_from(ledger.published()), ledger, lambda: JULY)
        evaluator.evaluate("shop", [search(), *(answer(f"a{n}", f"t{n}", 4) for n in range(6)), answer("b", "t1")])
        evaluator.evaluate("shop", [search("none", results=0), search("e2", JULY), answer("july", "t0", 2.5, JULY)])
        for event_id in ("a2", "b", "none", "july", "a5"):
            evaluator.void("shop", "app", event_id, "a test")
        evaluator.evaluate("flat", [search("f1"), search("f2")])
        evaluator.void("flat", "app", "f1", "a test")
        evaluator.evaluate("shop", [answer("after", "t2", 9), answer("late", "t9", "many"), search("early", JUNE - 1)])
        evaluator.evaluate(
            "shop", [Event("new", "app", "new", "acme", JUNE, {"n": 1}), search("ahead", JULY + 2 * DAY)]
        )
        evaluator.evaluate("shop", [answer("late", "t9", 1, JULY), Event(None, "app", "new", "acme", JUNE, {})])
        yield ledger


def replayed(
    ledger: Ledger, folder: Path, versions: Versions, engine: Embedded = "duckdb"
) -> tuple[History, Comparison, tuple[Sample, ...]]:
    """The history of the ruleset `shop`, and what rules make of it beside what was recorded."""
    published = registry_from(ledger.published()).versions("shop")
    columns = columns_of(one.ruleset for side in (versions, published) for one in side.by_number())
    history = from_ledger(ledger, published, folder, columns, SETTINGS)
    side = priced(
        Side("again", versions), history.prepared, folder / "side", engine=engine, order="recorded", settings=SETTINGS
    )
    with comparing([side, history.side], history.prepared, folder, SETTINGS) as database:
        return history, database.compare(), samples(database, 1, "recorded")


@pytest.mark.parametrize("engine", ["duckdb", "python"])
def test_every_recorded_price_and_void_comes_out_again(engine: Embedded, ledger: Ledger, tmp_path: Path) -> None:
    published = registry_from(ledger.published()).versions("shop")
    history, comparison, _ = replayed(ledger, tmp_path / "replay", published, engine)
    (pair,) = comparison.pairs
    assert pair.differing["any"] == 0
    assert comparison.totals[0] == comparison.totals[1]
    assert comparison.voids == 5
    assert pair_headline(comparison, pair).startswith("again gives all 18 recorded prices again: EUR ")
    assert history.side.database is not None
    assert len(tables_of(history.side.database)) == comparison.events + comparison.voids


def test_what_it_comes_to_is_what_customers_owe(ledger: Ledger, tmp_path: Path) -> None:
    published = registry_from(ledger.published()).versions("shop")
    _, comparison, _ = replayed(ledger, tmp_path / "replay", published)
    used = ledger.usage("shop", "acme", 0, 40_000)
    assert comparison.totals[0].money == sum(line.price for line in used)
    assert comparison.totals[0].counted == sum(line.events for line in used)
    (pair,) = comparison.pairs
    for one in pair.interactions:
        mine = [line for line in used if line.interaction == one.interaction]
        assert (one.events[0], one.units[0]) == (sum(x.events for x in mine), sum(x.units for x in mine))


def test_refused_events_are_part_of_the_history(ledger: Ledger, tmp_path: Path) -> None:
    published = registry_from(ledger.published()).versions("shop")
    history, comparison, _ = replayed(ledger, tmp_path / "replay", published)
    # The first `late` was put right and recorded later; `ahead` would be refused by any rules.
    assert (history.refused, history.recorded_later, history.ahead) == (3, 1, 1)
    outcomes = comparison.totals[1].outcomes
    assert {name: outcomes[name] for name in ("REFUSED", "UNKNOWN_EVENT", "NOT_IN_FORCE")} == {
        "REFUSED": 1,
        "UNKNOWN_EVENT": 1,
        "NOT_IN_FORCE": 1,
    }
    assert notes(comparison.voids, (history.refused, history.recorded_later, history.ahead)) == [
        "5 evaluations were taken back: a void gives back what its event costs by these rules.",
        "3 events that were refused are among them, since other rules may take them.",
        "1 refused event was recorded later under the same id: left out.",
        "1 refused event was dated more than 24 hours ahead when refused: left out.",
    ]


def test_other_rules_may_take_what_was_refused(ledger: Ledger, tmp_path: Path) -> None:
    _, comparison, found = replayed(ledger, tmp_path / "replay", Versions([version_of(LATER)]))
    (pair,) = comparison.pairs
    taken = [one for one in found if one.event.type == "new" and one.event.id == "new"]
    assert [(one.whys[0].outcome, one.whys[1].outcome) for one in taken] == [(Outcome.UNKNOWN_EVENT, Outcome.COUNTED)]
    assert pair.differing["outcome"] >= 1


def test_a_void_takes_back_what_its_event_costs_by_the_other_rules(ledger: Ledger, tmp_path: Path) -> None:
    _, _, found = replayed(ledger, tmp_path / "replay", Versions([version_of(LATER)]))
    voids = {str(one.event.id): one.whys for one in found if one.whys[1].outcome is Outcome.VOIDED}
    before, after = voids["a2"]
    # Without the free tier the cap is reached whether it is there or not.
    assert (before.price, after.price) == (-(10**18), 0)
    assert after.reason.startswith("taken back; it was counted as answered")
    assert (before.units, after.units) == (-4_000_000, -4_000_000)


class PublishedMeanwhile(SqliteLedger):
    """A ledger for which someone publishes and uses a version once its versions have been read."""

    def records(self, after: int = 0) -> Iterator[Record]:
        version = version_of(LATER)
        self.publish(Published("shop", 2, version.ruleset.effective, LATER, version.sha256, JULY))
        Evaluator(registry_from(self.published()), self, lambda: JULY).evaluate("shop", [search("last", JULY)])
        return super().records(after)


def test_a_version_that_is_published_while_the_ledger_is_read_is_named(tmp_path: Path) -> None:
    with closing(PublishedMeanwhile(tmp_path / "busy.db", iter(range(JULY, JULY + DAY)).__next__)) as ledger:
        version = version_of(FIRST)
        ledger.publish(Published("shop", 1, version.ruleset.effective, FIRST, version.sha256, JULY))
        Evaluator(registry_from(ledger.published()), ledger, lambda: JULY).evaluate("shop", [search()])
        with pytest.raises(CantPrepare) as refused:
            replayed(ledger, tmp_path / "replay", Versions([version]))
    assert str(refused.value) == "version 2 of shop was published while the ledger was read; run the command again"


def test_a_ledger_without_entries_has_an_empty_history(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "empty.db", lambda: JULY)) as ledger:
        version = version_of(FIRST)
        ledger.publish(Published("shop", 1, version.ruleset.effective, FIRST, version.sha256, JULY))
        history, comparison, _ = replayed(ledger, tmp_path / "replay", Versions([version]))
    assert (comparison.events, comparison.voids, history.refused) == (0, 0, 0)
