"""Two rulesets over one history: every number is what the per-event engine and a few dicts come to."""

import signal
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from zoneinfo import ZoneInfo

import duckdb
import pytest

from dsl.event import Event
from dsl.to_sql import Outcome
from service.replay.comparison import CantCompare, Comparison, Pair, comparing
from service.replay.days import Bin, binned
from service.replay.duckdb import connect
from service.replay.interrupting import interruptible, watching
from service.replay.samples import MOST_SAMPLES, Sample
from service.replay.sides import Side, priced
from service.replay.words import change, headline, money, pair_headline
from tests.service.replay.shipped import MODELS, SETTINGS, Answer, answers, compared, events, prepared, side

Found = tuple[Comparison, list[tuple[Sample, ...]]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return compared(tmp_path_factory.mktemp("models"), [side(name) for name in (*MODELS, "proptech@1")])


@pytest.fixture(scope="module")
def history() -> list[Event]:
    return events()


@pytest.fixture(scope="module")
def expected(history: list[Event]) -> list[list[Answer]]:
    sides = [side(name) for name in (*MODELS, "proptech@1")]
    return [answers(one.versions, one.version, history) for one in sides]


def test_totals_are_those_of_the_per_event_engine(models: Found, expected: list[list[Answer]]) -> None:
    for total, wanted in zip(models[0].totals, expected, strict=True):
        assert total.outcomes == dict(Counter(one.outcome.name for one in wanted))
        assert total.money == sum(one.price for one in wanted)
    assert models[0].events == len(expected[0])


def test_every_customer_stands_with_all_models(
    models: Found, expected: list[list[Answer]], history: list[Event]
) -> None:
    wanted: dict[object, list[int]] = defaultdict(lambda: [0] * 10)
    for place, one in enumerate(expected):
        for event, answer in zip(history, one, strict=True):
            if answer.outcome is not Outcome.REFUSED or event.subject in wanted:
                wanted[event.subject][place] += answer.outcome is Outcome.COUNTED
                wanted[event.subject][place + 5] += answer.price
    found = {one.subject: [*one.events, *one.money] for one in models[0].customers}
    assert {name: numbers for name, numbers in found.items() if any(numbers)} == {
        name: numbers for name, numbers in wanted.items() if any(numbers)
    }
    assert models[0].customer_count == len(found)


def differing(before: Sequence[Answer], after: Sequence[Answer]) -> dict[str, int]:
    """How many events differ, in what."""
    counts = dict.fromkeys(("any", "outcome", "lines", "units", "price"), 0)
    for old, new in zip(before, after, strict=True):
        names = old.lines.keys() | new.lines.keys()
        both = [(old.lines.get(name, (0, 0)), new.lines.get(name, (0, 0))) for name in names]
        kinds = {
            "outcome": old.outcome is not new.outcome,
            "lines": old.lines.keys() != new.lines.keys() or old.interaction != new.interaction,
            "units": old.units != new.units or any(a[0] != b[0] for a, b in both),
            "price": old.price != new.price or any(a[1] != b[1] for a, b in both),
        }
        counts["any"] += any(kinds.values())
        for name, differs in kinds.items():
            counts[name] += differs
    return counts


def test_differing_events_are_counted_by_what_differs(models: Found, expected: list[list[Answer]]) -> None:
    for pair in models[0].pairs:
        assert pair.differing == differing(expected[pair.before], expected[0])
        assert pair.differing["any"] > 0


def test_interactions_stand_with_both_sides(models: Found, expected: list[list[Answer]]) -> None:
    for pair in models[0].pairs:
        sums: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
        for place, answered in enumerate((expected[pair.before], expected[0])):
            for one in answered:
                for name, (units, price) in one.lines.items():
                    for column, value in enumerate((1, units, price)):
                        sums[name][column * 2 + place] += value
        assert {one.interaction: [*one.events, *one.units, *one.money] for one in pair.interactions} == sums


def test_the_customers_hit_hardest_come_first(
    models: Found, expected: list[list[Answer]], history: list[Event]
) -> None:
    pair = models[0].pairs[-1]
    paid: dict[str, list[int]] = {one.subject: [0, 0] for one in models[0].customers}
    for place, answered in enumerate((expected[-1], expected[0])):
        for event, one in zip(history, answered, strict=True):
            if one.price:
                paid[str(event.subject)][place] += one.price
    ranked = sorted(paid, key=lambda name: (paid[name][0] - paid[name][1], name))
    dearer = [name for name in ranked if paid[name][1] > paid[name][0]]
    assert [one.subject for one in pair.dearer] == dearer[:20]
    assert [list(one.money) for one in pair.dearer] == [paid[name] for name in dearer[:20]]
    changes = [new - old for old, new in paid.values()]
    counts = (sum(c > 0 for c in changes), sum(c < 0 for c in changes), sum(c == 0 for c in changes))
    assert (pair.more, pair.less, pair.same) == counts
    spread = [count for _, count in pair.spread]
    assert (sum(spread[:5]), spread[5], sum(spread[6:])) == (pair.less, pair.same, pair.more)
    assert dict(pair.spread)["more than twice as much"] == sum(new > 2 * old > 0 for old, new in paid.values())
    assert dict(pair.spread)["at least 50 % less"] == sum(0 < 2 * new <= old for old, new in paid.values())


def test_days_begin_at_midnight_in_the_zone_of_the_rules(
    models: Found, expected: list[list[Answer]], history: list[Event]
) -> None:
    zone = ZoneInfo("America/New_York")
    comparison = models[0]
    assert (comparison.unit, comparison.zone) == ("week", "America/New_York")
    for place, answered in enumerate(expected):
        weeks: Counter[object] = Counter()
        for event, one in zip(history, answered, strict=True):
            if one.price and isinstance(event.time, int):
                day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event.time)).astimezone(zone).date()
                weeks[day - timedelta(days=day.weekday())] += one.price
        assert {one.start: one.money[place] for one in comparison.timeline if one.money[place]} == weeks


def test_a_long_time_is_shown_by_week_month_or_year() -> None:
    assert binned([(0, [1]), (2, [3])], 1)[0] == "day"
    for last, unit, count in ((100, "week", 15), (3000, "month", 99), (9000, "year", 25)):
        found, bins = binned([(0, [1]), (last, [2])], 1)
        assert (found, len(bins), sum(one.money[0] for one in bins)) == (unit, count, 3)
    assert binned([], 1) == ("day", [])
    assert isinstance(bins[0], Bin)


# ── samples ─────────────────────────────────────────────────────────────────


def test_samples_say_why_on_both_sides(models: Found, expected: list[list[Answer]], history: list[Event]) -> None:
    for pair, found in zip(models[0].pairs, models[1], strict=True):
        assert 0 < len(found) <= MOST_SAMPLES
        for sample in found:
            assert sample.event.id == history[sample.seq].id
            for why, wanted in zip(sample.whys, (expected[pair.before], expected[0]), strict=True):
                answer = wanted[sample.seq]
                assert (why.outcome, why.units, why.price) == (answer.outcome, answer.units, answer.price)
                assert {name: (units, price) for name, units, price in why.lines} == answer.lines
                assert why.reason
                assert not why.reason.startswith("so it was recorded")
                assert why.steps or why.outcome in (Outcome.DUPLICATE, Outcome.CONFLICT, Outcome.REFUSED)


def test_samples_are_spread_over_what_differs(models: Found) -> None:
    found = models[1][-1]
    kinds = {(sample.kinds, sample.whys[0].interaction) for sample in found}
    assert len(kinds) >= 5
    assert {name for sample in found for name in sample.kinds} == {"outcome", "lines", "units", "price"}


# ── controls ────────────────────────────────────────────────────────────────


def only(comparison: Comparison) -> Pair:
    """The one pair of a comparison."""
    (pair,) = comparison.pairs
    return pair


def test_the_same_rules_show_no_difference(tmp_path: Path) -> None:
    comparison, found = compared(tmp_path, [side("proptech@2"), side("proptech@2")])
    assert not comparison.differs
    assert only(comparison).differing["any"] == only(comparison).more == only(comparison).less == 0
    assert found == [()]
    assert "price all 3,185 events alike" in headline(comparison)


def test_one_digit_changed_is_seen(tmp_path: Path, expected: list[list[Answer]], history: list[Event]) -> None:
    changed = side("proptech@1", ("price   0.50\n", "price   0.51\n"), tmp_path)
    comparison, _ = compared(tmp_path, [changed, side("proptech@1")])
    listings = sum("listing" in one.lines for one in expected[-1])
    assert only(comparison).differing == {"any": listings, "outcome": 0, "lines": 0, "units": 0, "price": listings}
    assert comparison.totals[0].money - comparison.totals[1].money == listings * 10**16
    sentence = pair_headline(comparison, only(comparison))
    assert sentence.startswith(f"proptech@1 changed counts as many events and bills USD {listings / 100:.2f} more than")
    assert only(comparison).less == 0
    assert sentence.endswith("none pays less.")


def test_both_engines_come_to_the_same(tmp_path: Path, models: Found) -> None:
    sides = [side(name) for name in (*MODELS, "proptech@1")]
    by_python, found = compared(tmp_path, sides, "python")
    assert (by_python.totals, by_python.customers) == (models[0].totals, models[0].customers)
    assert (by_python.pairs, by_python.timeline) == (models[0].pairs, models[0].timeline)
    assert found == models[1]


def test_different_currencies_are_not_compared(tmp_path: Path) -> None:
    sides = [side("proptech@1"), side("proptech@1", ("currency  USD", "currency  EUR"), tmp_path)]
    ready = prepared(tmp_path / "prepared", sides)
    done = [
        priced(one, ready, tmp_path / one.label, engine="duckdb", order="recorded", settings=SETTINGS) for one in sides
    ]
    with (
        pytest.raises(CantCompare, match="proptech@1 is in USD, proptech@1 changed is in EUR"),
        comparing(done, ready, tmp_path, SETTINGS),
    ):
        pass


def test_a_folder_prices_each_event_by_the_version_of_its_time(tmp_path: Path, history: list[Event]) -> None:
    one, two = side("proptech@1").versions, side("proptech@2").versions
    both = type(one)([*one.by_number(), *two.by_number()])
    comparison, _ = compared(tmp_path, [Side("proptech", both), side("proptech@2")])
    wanted = answers(both, 0, history)
    assert comparison.totals[0].money == sum(answer.price for answer in wanted)
    assert comparison.totals[0].outcomes == dict(Counter(answer.outcome.name for answer in wanted))


def test_amounts_read_as_people_write_them() -> None:
    assert money(1_234_500_000_000_000_000_000, "USD") == "USD 1,234.50"
    assert money(-5 * 10**16, "USD") == "USD −0.05"
    assert money(10**18, "JPY") == "JPY 1"
    assert money(333_333_333_333_333_333, "USD") == "USD ≈ 0.333333"
    assert (change(10**16, "USD"), change(-(10**18), "USD"), change(0, "USD")) == ("+0.01", "−1.00", "0")


def test_an_interrupt_ends_a_query_that_runs() -> None:
    database = duckdb.connect()
    timer = Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3"
    with pytest.raises(KeyboardInterrupt), watching(), interruptible(database):
        database.execute(endless)
    timer.join()
    database.close()


def test_no_database_draws_a_bar_into_what_is_printed(tmp_path: Path) -> None:
    one = side("flat_rate@1")
    ready = prepared(tmp_path / "prepared", [one])
    one = priced(one, ready, tmp_path / "side", engine="duckdb", order="recorded", settings=SETTINGS)
    (tmp_path / "other").mkdir()
    with comparing([one], ready, tmp_path, SETTINGS) as found, connect(tmp_path / "other", SETTINGS) as run:
        for database in (found.database, run):
            assert database.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]
