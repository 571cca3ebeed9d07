"""DuckDB answers every event as the reference does: outcome, version, interaction, units, price, and every line."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from dsl import core
from dsl.checker import check
from dsl.event import Event
from dsl.parser import parse
from dsl.source import Source
from dsl.to_sql import DuckDb, Order, Outcome, columns_of, plan, stretch_of
from service.registry import Version, Versions
from tests.dsl.rules import HEAD, JULY, ruleset
from tests.programs import random_program
from tests.programs.constructs import all_constructs, constructs_used
from tests.service.replay.histories import Answers, by_duckdb, expected, prepare, random_history

REACHING = (7, 26, 37, 186, 324, 392, 456, 537, 584, 844)
"""Programs that together use everything that the language has; a change of the generator may cost a few forms."""
SEEDS = (*REACHING, *range(1000, 1020))
MANY = (*REACHING, *range(2000, 2290))
EVENTS = 260
ORDERS: tuple[Order, Order] = ("recorded", "time")


def differences(wanted: Answers, found: Answers) -> list[tuple[int, object, object]]:
    """The events that are not answered alike."""
    return [
        (seq, wanted.get(seq), found.get(seq)) for seq in sorted(wanted | found) if wanted.get(seq) != found.get(seq)
    ]


def compare(seed: int, events: int, order: Order, folder: Path, by_interpreter: bool) -> Counter[str]:
    """One random program priced both ways, without a difference; how many events went which way."""
    versions, history = random_history(seed, events)
    prepared = prepare(folder / "prepared", [one.ruleset for one in versions.by_number()], history)
    found, run = by_duckdb(folder / "run", prepared, versions, order)
    wanted = expected(versions, history, order, by_interpreter=by_interpreter)
    assert differences(wanted, found)[:3] == [], f"seed {seed}, {order}"
    counts = Counter(str(answer[0]) for answer in found.values())
    return counts + Counter(events=len(history), diverted=run.diverted)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs(seed: int, tmp_path: Path) -> None:
    counts = compare(seed, EVENTS, ORDERS[seed % 2], tmp_path, by_interpreter=seed % 5 == 0)
    assert sum(counts[str(outcome)] for outcome in Outcome) == counts["events"]


@pytest.mark.parametrize("order", ORDERS)
def test_event_by_event_the_answers_are_the_same(order: Order, tmp_path: Path) -> None:
    versions, history = random_history(1003, 300)
    prepared = prepare(tmp_path / "prepared", [one.ruleset for one in versions.by_number()], history)
    found, run = by_duckdb(tmp_path / "run", prepared, versions, order, event_by_event=True)
    assert differences(expected(versions, history, order), found) == []
    assert run.diverted == len(history)


def test_these_programs_reach_the_whole_language() -> None:
    assert len(unreached(SEEDS)) <= 4
    assert len(all_constructs()) > 300


def unreached(seeds: Iterable[int]) -> list[str]:
    """The constructs that no program of some seeds has; places in the text are none."""
    used: set[str] = set()
    for seed in seeds:
        file, _ = parse(Source("random.vpi", random_program(Random(seed)).text))
        used |= set(constructs_used(file))
    return sorted(name for name in all_constructs() - used if "_span" not in name)


def test_few_events_are_left_to_python(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS[10:17]:
        counts += compare(seed, 200, "recorded", tmp_path / str(seed), by_interpreter=False)
    assert 0 < counts["diverted"] < counts["events"] // 2
    assert min(counts[str(outcome)] for outcome in Outcome if outcome < Outcome.NOT_IN_FORCE) > 5


@pytest.mark.long
@pytest.mark.parametrize("block", range(60))
def test_many_random_programs(block: int, tmp_path: Path) -> None:
    for seed in MANY[block * 5 : block * 5 + 5]:
        for order in ORDERS:
            compare(seed, 2000, order, tmp_path / f"{seed} {order}", by_interpreter=False)


@pytest.mark.long
def test_many_programs_reach_every_construct() -> None:
    assert unreached(MANY) == []


# ── what must be seen ───────────────────────────────────────────────────────


def _versions(*rulesets: core.Ruleset) -> Versions:
    return Versions(Version(one, "") for one in rulesets)


def _sales(count: int, customers: int = 3, seed: int = 1) -> list[Event]:
    rng = Random(seed)
    return [
        Event(
            f"e{number}",
            "/",
            rng.choice(["sale", "sale", "sale.refund"]),
            f"c{rng.randrange(customers)}",
            JULY + rng.randrange(40 * 86_400_000_000),
            {"n": rng.randrange(30), "member": rng.choice("ab"), "gift": rng.random() < 0.5},
        )
        for number in range(count)
    ]


CURVE = """
interaction sold
  counts sale
  units n
  price per month
    first 100 at 0.07
    then at 0.031
interaction returned
  counts refund with n > 3
  price 0.5
"""


def _answers(
    folder: Path, events: list[Event], *rulesets: core.Ruleset, order: Order = "recorded"
) -> tuple[Answers, int]:
    prepared = prepare(folder / "prepared", rulesets, events)
    found, run = by_duckdb(folder / "run", prepared, _versions(*rulesets), order)
    return found, run.diverted


def test_one_digit_of_one_rate_is_seen(tmp_path: Path) -> None:
    events = _sales(300)
    wanted = expected(_versions(ruleset(CURVE)), events)
    assert differences(wanted, _answers(tmp_path / "same", events, ruleset(CURVE))[0]) == []
    changed, _ = _answers(tmp_path / "changed", events, ruleset(CURVE.replace("0.031", "0.032")))
    assert len(differences(wanted, changed)) > 100


def test_the_order_decides_prices_and_both_orders_agree(tmp_path: Path) -> None:
    events = _sales(300)
    recorded, by_time = (_answers(tmp_path / order, events, ruleset(CURVE), order=order)[0] for order in ORDERS)
    assert recorded == expected(_versions(ruleset(CURVE)), events)
    assert by_time == expected(_versions(ruleset(CURVE)), events, "time")
    assert len(differences(recorded, by_time)) > 20


# ── what windows can't decide ───────────────────────────────────────────────

CROSSING = "interaction sold\n  counts sale\n  limit 3 per member\n  limit 2 per gift per day\n  units n\n  price 1\n"
NESTED = "interaction sold\n  counts sale\n  limit 3 per member per day\n  limit 20 per month\n  units n\n  price 1\n"


def test_limits_whose_groups_cross_are_decided_in_order(tmp_path: Path) -> None:
    events = _sales(200)
    found, diverted = _answers(tmp_path, events, ruleset(CROSSING))
    assert found == expected(_versions(ruleset(CROSSING)), events)
    assert diverted == len(events)


def test_limits_that_lie_within_each_other_are_decided_by_windows(tmp_path: Path) -> None:
    events = _sales(300)
    found, diverted = _answers(tmp_path, events, ruleset(NESTED))
    assert found == expected(_versions(ruleset(NESTED)), events)
    assert Counter(answer[0] for answer in found.values())[Outcome.LIMITED] > 50
    assert diverted == 0


def test_a_limit_that_a_version_changes_goes_on_from_what_was_counted(tmp_path: Path) -> None:
    first = ruleset("interaction sold\n  counts sale\n  limit 3 per month\n  price 1\n")
    later = ruleset("interaction sold\n  counts sale\n  limit 5 per month\n  price 1\n", 2)
    later = replace(later, effective=JULY + 10 * 86_400_000_000)
    events = _sales(200)
    found, _ = _answers(tmp_path, events, first, later)
    assert found == expected(_versions(first, later), events)


def test_a_running_total_goes_on_under_a_later_versions_curve(tmp_path: Path) -> None:
    later = replace(ruleset(CURVE.replace("0.031", "0.02"), 2), effective=JULY + 10 * 86_400_000_000)
    events = _sales(300)
    found, diverted = _answers(tmp_path, events, ruleset(CURVE), later, order="time")
    assert found == expected(_versions(ruleset(CURVE), later), events, "time")
    assert {answer[1] for answer in found.values()} >= {1, 2}
    assert diverted == 0


LARGE = HEAD.replace("n integer from -1_000_000 to 1_000_000 default 1", "n integer default 1") + (
    "interaction sold\n  counts sale\n  limit 4 per month\n  units n\n  price per month\n    first 10 free\n"
    "    then at 0.003\n"
)


def large() -> core.Ruleset:
    """Rules whose events and totals may exceed every bound."""
    checked, _ = check(Source("shop.vpi", LARGE.format(version=1)))
    assert checked is not None
    return checked


def test_totals_and_units_beyond_their_bounds_are_refused_and_claim_no_id(tmp_path: Path) -> None:
    def sale(id_: str, n: int, subject: str = "acme") -> Event:
        return Event(id_, "/", "sale", subject, JULY, {"n": n})

    events = [
        sale("a", 10**12 + 1), sale("a", 7), sale("a", 8), sale("b", 10**12), sale("c", 10**13, "late"),
        sale("c", 3, "other"), sale("c", 4, "third"), sale("d", 5, "other"), sale("e", 6, "free"),
    ]  # fmt: skip
    events += [sale(f"t{number}", 10**12, "total") for number in range(6)]
    found, diverted = _answers(tmp_path, events, large())
    wanted = expected(_versions(large()), events)
    assert found == wanted
    assert [found[seq][0] for seq in range(3)] == [Outcome.REFUSED, Outcome.COUNTED, Outcome.CONFLICT]
    assert found[5][0] is Outcome.COUNTED, "the refused event of another customer claimed no id"
    assert found[6][0] is Outcome.CONFLICT
    assert 0 < diverted < len(events)


def test_a_version_can_be_tried_on_events_of_any_time(tmp_path: Path) -> None:
    later = replace(ruleset(CURVE.replace("0.031", "0.02"), 2), effective=JULY * 2)
    versions, events = _versions(ruleset(CURVE), later), _sales(100)
    prepared = prepare(tmp_path / "prepared", [ruleset(CURVE), later], events)
    found, _ = by_duckdb(tmp_path / "run", prepared, versions, version=2)
    assert found == expected(versions, events, version=2)
    assert {answer[1] for answer in found.values()} == {2, None}


def test_events_before_the_first_version_have_none(tmp_path: Path) -> None:
    late = replace(ruleset(CURVE), effective=JULY + 5 * 86_400_000_000)
    events = _sales(100)
    events.append(Event("", "/", "sale", "c1", JULY, {}))
    found, _ = _answers(tmp_path, events, late)
    assert found == expected(_versions(late), events)
    assert Counter(answer[0] for answer in found.values())[Outcome.NOT_IN_FORCE] > 5


def test_what_declarations_refuse_is_told_from_what_nobody_declared(tmp_path: Path) -> None:
    later = replace(ruleset(CURVE, 2), effective=JULY + 20 * 86_400_000_000)
    events = [*_sales(50), Event("x", "/", "sale", "c1", JULY, {"n": 10**7}), Event("y", "/", "what", "c1", JULY, {})]
    versions = _versions(ruleset(CURVE), later)
    found, diverted = _answers(tmp_path, events, ruleset(CURVE), later)
    assert found == expected(versions, events)
    assert (found[50][0], found[51][0]) == (Outcome.REFUSED, Outcome.UNKNOWN_EVENT)
    assert diverted == 0


LIMITED = """
interaction sold
  counts sale
  limit 2 per month
  units n
  price per month
    up to 3 at 0.4 per 0.5 unit
    above   at 0.05
"""


def test_units_beyond_a_limit_have_no_part_in_a_running_total(tmp_path: Path) -> None:
    # What the first tier owes for 3 units fits 64 bits; for as many as the last events have it does not.
    events = [Event(f"e{place}", "/", "sale", "c1", JULY, {"n": n}) for place, n in enumerate((1, 1, 10**6, 5))]
    found, diverted = _answers(tmp_path, events, ruleset(LIMITED))
    assert found == expected(_versions(ruleset(LIMITED)), events)
    assert [found[seq][0] for seq in (1, 2)] == [Outcome.COUNTED, Outcome.LIMITED]
    assert diverted == 0


# ── windows ─────────────────────────────────────────────────────────────────

CAPPED = CURVE.replace("    then at 0.031\n", "    then at 0.031\n  cap 3.00 per month\n")
CAPPED_BY_MEMBER = CAPPED.replace("cap 3.00 per month", "cap 3.00 per member per month")


@pytest.mark.parametrize(("text", "sums"), [(CAPPED, 1), (CAPPED_BY_MEMBER, 2)])
def test_a_cap_over_the_rows_of_a_total_needs_no_sum_of_its_own(tmp_path: Path, text: str, sums: int) -> None:
    events = _sales(400)
    prepared = prepare(tmp_path / "prepared", [ruleset(text)], events)
    found, run = by_duckdb(tmp_path / "run", prepared, _versions(ruleset(text)))
    assert found == expected(_versions(ruleset(text)), events)
    assert found != _answers(tmp_path / "uncapped", events, ruleset(CURVE))[0]
    assert sum(stage.select.count(" OVER (PARTITION BY who") for stage in run.plan.stages) == sums


def test_a_cap_that_a_version_changes_is_summed_up_by_itself(tmp_path: Path) -> None:
    later = ruleset(CAPPED.replace("cap 3.00", "cap 5.00"), 2)
    later = replace(later, effective=JULY + 10 * 86_400_000_000)
    events = _sales(400)
    found, _ = _answers(tmp_path, events, ruleset(CAPPED), later)
    assert found == expected(_versions(ruleset(CAPPED), later), events)


APART = CURVE.replace("  units n\n", "  limit 2 per member per day\n  units n\n") + (
    "interaction rest\n  counts refund\n  limit 4 per day\n  price 0.25\n"
)


def test_limits_over_different_groups_are_sorted_apart(tmp_path: Path) -> None:
    events = _sales(600)
    prepared = prepare(tmp_path / "prepared", [ruleset(APART)], events)
    found, run = by_duckdb(tmp_path / "run", prepared, _versions(ruleset(APART)))
    assert found == expected(_versions(ruleset(APART)), events)
    assert Counter(answer[0] for answer in found.values())[Outcome.LIMITED] > 20
    limits = next(stage.select for stage in run.plan.stages if stage.name == "limited0")
    assert limits.count("row_number() OVER (PARTITION BY who") == 2


def test_totals_that_so_few_events_can_not_exceed_are_not_looked_at() -> None:
    checked = ruleset(CURVE)
    columns = columns_of([checked])
    assert plan(DuckDb(), [checked], columns, [stretch_of(JULY)], most_rows=1000).customers == ()
    assert len(plan(DuckDb(), [checked], columns, [stretch_of(JULY)], most_rows=10**12).customers) == 1
