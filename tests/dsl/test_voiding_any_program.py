"""What is always true of events and their voids, for any program: the promises that `dsl/voiding.py` opens with.

Events crowd into few customers and instants, so that they share totals, limits and caps.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dsl.checker import check
from dsl.core import Basis, ByPrice, Cap, Interaction, Ruleset, UnitPrice
from dsl.curve import limit_signature
from dsl.evaluation import CounterKey, Outcome
from dsl.event import Event
from dsl.source import Source
from tests.dsl.books import Books, recorded
from tests.programs import Program, as_event, programs, random_events, random_program

EVENTS_EACH = 14
SEEDS = st.integers(0, 2**32 - 1)


def checked_program(program: Program) -> Ruleset:
    found, diagnostics = check(Source("random.vpi", program.text))
    assert found is not None, diagnostics
    return found


def crowd(program: Program, rng: random.Random) -> list[Event]:
    """Random events of one customer, mostly, at few instants."""
    events = [as_event(raw) for raw in random_events(program, rng, EVENTS_EACH)]
    times = [rng.choice(events).time for _ in range(2)]
    for one in events:
        one.subject = rng.choice(("acme", "acme", "acme", "b"))
        one.time = rng.choice(times)
    return events


def is_sum(key: CounterKey) -> bool:
    """Whether the counter is the sum under a cap."""
    return str(key[1]).startswith("cap ")


def basis_of(interaction: Interaction) -> Basis | None:
    """What the running totals of an interaction run over."""
    price = interaction.price
    prices = [*(case.price for case in price.cases), price.otherwise] if isinstance(price, ByPrice) else [price]
    return next((each.basis for each in prices if isinstance(each, UnitPrice) and each.basis is not None), None)


def with_one_cap(checked: Ruleset, rng: random.Random) -> Ruleset:
    """The same with one cap an interaction at most."""
    one = (replace(each, caps=(rng.choice(each.caps),) if each.caps else ()) for each in checked.interactions)
    return replace(checked, interactions=tuple(one))


def with_one_bill(checked: Ruleset, rng: random.Random) -> Ruleset:
    """The same without limits, with one cap at most, which holds each running total whole."""
    interactions = []
    for each in with_one_cap(checked, rng).interactions:
        basis, caps = basis_of(each), each.caps
        if basis is not None and caps:
            caps = (Cap(caps[0].amount, Basis((), "week" if basis.period == "week" else "year")),)
        interactions.append(replace(each, caps=caps, limits=()))
    return replace(checked, interactions=tuple(interactions))


def dearer(price: Any) -> Any:
    """The price with other rates, over the same totals."""
    if isinstance(price, ByPrice):
        cases = tuple(replace(case, price=dearer(case.price)) for case in price.cases)
        return replace(price, cases=cases, otherwise=dearer(price.otherwise))
    if not isinstance(price, UnitPrice):
        return price
    tiers = tuple(replace(tier, rate=tier.rate * 2 + 1) for tier in price.curve.tiers)
    return replace(price, curve=replace(price.curve, tiers=tiers))


def next_version(checked: Ruleset, rng: random.Random) -> Ruleset:
    """A version in which the rates and the caps' amounts are others, and some caps are gone."""
    interactions = []
    for each in checked.interactions:
        caps = tuple(Cap(cap.amount * 2, cap.basis) for cap in each.caps if rng.random() < 0.7)
        interactions.append(replace(each, price=dearer(each.price), caps=caps))
    return replace(checked, version=checked.version + 1, interactions=tuple(interactions))


def take_back(books: Books, left: list[int], rng: random.Random) -> None:
    """Voids these in any order; no total and no limit's count ever falls below 0."""
    rng.shuffle(left)
    for number in left:
        books.void(number)
        assert all(value >= 0 for key, value in books.counters.items() if not is_sum(key))


def record_and_void(books: Books, checked: Ruleset, events: Iterable[Event], rng: random.Random) -> list[int]:
    """Records events with voids between them; gives the places of those that are left."""
    left: list[int] = []
    for one in events:
        if books.record(checked, one) is not None:
            left.append(len(books.recorded) - 1)
        if left and rng.random() < 0.3:
            take_back(books, [left.pop(rng.randrange(len(left)))], rng)
    return left


@given(programs(), SEEDS)
def test_a_void_right_after_its_event_is_its_mirror_image(program: Program, seed: int) -> None:
    """Whatever the caps, and over versions."""
    rng = random.Random(seed)
    checked = checked_program(program)
    versions, books = (checked, next_version(checked, rng)), Books()
    for one in crowd(program, rng):
        bill, counters = books.bill, books.moved()
        recorded = books.record(rng.choice(versions), one)
        if recorded is not None and rng.random() < 0.5:
            lines, _ = books.void(len(books.recorded) - 1)
            assert [(line.interaction, -line.units, line.noun, -line.price) for line in lines] == [
                (line.interaction, line.units, line.noun, line.price) for line in recorded.lines
            ]
            assert (books.bill, books.moved()) == (bill, counters)


@given(programs(), SEEDS)
def test_when_no_event_is_left_every_counter_is_at_zero(program: Program, seed: int) -> None:
    rng, books = random.Random(seed), Books()
    left = record_and_void(books, checked_program(program), crowd(program, rng), rng)
    take_back(books, left, rng)
    assert books.moved() == {}


@given(programs(), SEEDS)
def test_when_no_event_is_left_nothing_is_owed(program: Program, seed: int) -> None:
    """With one cap an interaction at most, of any kind."""
    rng, books = random.Random(seed), Books()
    left = record_and_void(books, with_one_cap(checked_program(program), rng), crowd(program, rng), rng)
    take_back(books, left, rng)
    assert (books.bill, books.moved()) == (0, {})


@given(programs(), SEEDS)
def test_the_bill_is_that_of_the_events_that_are_left(program: Program, seed: int) -> None:
    """In any order; and so are the counters, which the next event will read."""
    rng, books = random.Random(seed), Books()
    checked = with_one_bill(checked_program(program), rng)
    left = record_and_void(books, checked, crowd(program, rng), rng)
    rng.shuffle(left)
    alone = recorded(checked, *(books.recorded[number][1] for number in left))
    assert (books.bill, books.moved()) == (alone.bill, alone.moved())


@given(programs(), SEEDS)
def test_an_event_that_was_taken_back_counts_when_it_is_sent_again(program: Program, seed: int) -> None:
    """It finds a place in every limit where it had one, and no limit is ever passed."""
    rng, books = random.Random(seed), Books()
    checked = checked_program(program)
    most = {(each.name, limit_signature(limit)): limit.count for each in checked.interactions for limit in each.limits}
    for number in record_and_void(books, checked, crowd(program, rng), rng):
        _, one, first = books.recorded[number]
        books.void(number)
        again = books.record(checked, one)
        if (
            again is None
        ):  # An interaction that was limited has room now, and more units than a running total may reach.
            assert first.limited_by
            continue
        counted = [(line.interaction, line.units) for line in again.lines]
        assert all((line.interaction, line.units) in counted for line in first.lines)
        assert all(value <= most.get((str(key[0]), str(key[1])), value) for key, value in books.counters.items())


@given(programs(), SEEDS)
def test_over_versions_nothing_is_left_where_all_events_come_before_the_first_void(program: Program, seed: int) -> None:
    rng, books = random.Random(seed), Books()
    checked = with_one_cap(checked_program(program), rng)
    versions = (checked, next_version(checked, rng))
    for one in crowd(program, rng):
        books.record(rng.choice(versions), one)
    take_back(books, list(range(len(books.recorded))), rng)
    assert (books.bill, books.moved()) == (0, {})


@given(programs(), SEEDS)
def test_over_versions_totals_and_limits_are_those_of_the_events_that_are_left(program: Program, seed: int) -> None:
    rng, books = random.Random(seed), Books()
    old = checked_program(program)
    left = [
        number
        for version in (old, next_version(old, rng), old)
        for number in record_and_void(books, version, crowd(program, rng), rng)
    ]
    take_back(books, left, rng)
    assert [key for key in books.moved() if not is_sum(key)] == []


def test_random_programs_take_every_way() -> None:
    """What is said above is said of prices that moved, of caps, of limits that were used up, of several lines."""
    met: Counter[str] = Counter()
    for seed in range(100):
        rng, books = random.Random(seed), Books()
        program = random_program(rng)
        for number in record_and_void(books, checked_program(program), crowd(program, rng), rng):
            evaluation = books.recorded[number][2]
            lines, changes = books.void(number)
            met["counted"] += evaluation.outcome is Outcome.COUNTED
            met["limited"] += evaluation.outcome is Outcome.LIMITED
            met["several lines"] += len(lines) > 1
            met["another price than was recorded"] += sum(line.price for line in lines) != -evaluation.price
            met["the sum of a cap"] += any(is_sum(change.key) for change in changes)
            met["a place in a limit"] += any(change.delta == -1 for change in changes)
    assert len(met) == 6 and min(met.values()) > 50, met
