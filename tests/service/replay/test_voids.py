"""What a void does in a replay: counters go back from then on, and the price that falls away is a row of its own."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from dsl import voiding
from dsl.evaluation import Change, CounterKey, Evaluation, Outcome
from dsl.event import Event
from dsl.to_sql import Order
from dsl.to_sql import Outcome as Answered
from service.errors import ServiceError
from service.ledger.interface import Rated
from service.rating import rater
from service.registry import Versions
from service.replay.duckdb import Settings
from service.replay.sides import Side, priced
from tests.service.replay.histories import Answers, by_duckdb, by_time, prepare, random_history, tables_of
from tests.service.rules import FIRST, JULY, SECOND_VERSION, answer, version_of

Embedded = Literal["duckdb", "python"]
SEEDS = (7, 37, 324, 456, 1003, 1010)
ORDERS: tuple[Order, Order] = ("recorded", "time")


def with_voids(history: Sequence[Event], rng: Random) -> tuple[list[Event | int], int]:
    """Events with ids of their own, and voids of some that came before, as the places of those."""
    rows: list[Event | int] = []
    seen: set[object] = set()
    left: list[int] = []
    for event in history:
        if (str(event.source), str(event.id)) in seen:
            continue
        seen.add((str(event.source), str(event.id)))
        left.append(len(rows))
        rows.append(event)
        if rng.random() < 0.15:
            rows.append(left.pop(rng.randrange(max(0, len(left) - 40), len(left))))
    return rows, sum(isinstance(row, int) for row in rows)


def reference(versions: Versions, rows: Sequence[Event | int], order: Order) -> Answers:
    """What every row comes to, by the interpreter and with sums of its own."""
    rate = rater(versions, explain=True)
    values: dict[CounterKey, int] = {}
    movers: dict[CounterKey, set[int]] = {}
    rated: dict[int, Rated] = {}

    def move(changes: Sequence[Change], version: int) -> None:
        for change in changes:
            values[change.key] = values.get(change.key, 0) + change.delta
            if change.delta:
                movers.setdefault(change.key, set()).add(version)

    turns = list(range(len(rows)))
    if order == "time":
        turns.sort(key=lambda place: by_time(event_of(rows, place), place))
    answers: Answers = {}
    for place in turns:
        row = rows[place]
        if isinstance(row, Event):
            result = rate(row, values)
            if isinstance(result, ServiceError):
                continue
            rated[place] = result
            move(result[1].changes, result[0].version)
            answers[place] = as_answer(Answered[result[1].outcome.name], result)
        elif row in rated:
            ruleset, first = rated[row]
            lines, changes = voiding.void(ruleset, first, values, lambda key: movers.get(key) == {ruleset.version})  # noqa: B023
            move(changes, ruleset.version)
            taken = Evaluation(first.outcome, lines, first.main, "") if lines else None
            answers[place] = as_answer(Answered.VOIDED, (ruleset, taken) if taken else None)
        else:
            answers[place] = as_answer(Answered.VOIDED, None)
    return answers


def event_of(rows: Sequence[Event | int], place: int) -> Event:
    """An event, or the one that a void takes back."""
    row = rows[place]
    return row if isinstance(row, Event) else event_of(rows, row)


def as_answer(outcome: Answered, rated: Rated | None) -> tuple[object, ...]:
    """An answer as the tables of a run have it."""
    if rated is None or rated[1].outcome not in (Outcome.COUNTED, Outcome.LIMITED):
        return outcome, None, None, 0, 0, ()
    ruleset, found = rated
    lines = tuple((line.interaction, line.units, line.price) for line in found.lines)
    return outcome, ruleset.version, found.interaction, found.units, found.price, lines


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs_with_voids(seed: int, order: Order, tmp_path: Path) -> None:
    versions, history = random_history(seed, 260)
    rows, voids = with_voids(history, Random(seed))
    assert voids > 15
    prepared = prepare(tmp_path / "prepared", [one.ruleset for one in versions.by_number()], rows)
    wanted = reference(versions, rows, order)
    found, run = by_duckdb(tmp_path / "run", prepared, versions, order, event_by_event=seed % 2 == 0)
    taken_back = [one for one in wanted.values() if one[0] is Answered.VOIDED and one[5]]
    assert {place: one for place, one in found.items() if place in wanted} == wanted, f"seed {seed}, {order}"
    assert all(
        one[0] in (Answered.REFUSED, Answered.NOT_IN_FORCE) for place, one in found.items() if place not in wanted
    )
    assert len(found) == len(rows)
    assert taken_back
    assert run.diverted >= voids


@pytest.mark.parametrize("engine", ["duckdb", "python"])
def test_what_comes_after_a_void_is_priced_from_other_totals(engine: Embedded, tmp_path: Path) -> None:
    versions = Versions(map(version_of, (FIRST, SECOND_VERSION)))
    rows: list[Event | int] = [answer("a", "t1", 11, JULY), answer("b", "t1", 11, JULY), 0, answer("c", "t1", 11, JULY)]
    prepared = prepare(tmp_path / "prepared", [one.ruleset for one in versions.by_number()], rows)
    side = priced(
        Side("shop", versions), prepared, tmp_path / "run", engine=engine, order="recorded", settings=Settings("1GB", 1)
    )
    assert side.database is not None
    found = tables_of(side.database)
    half = 10**18 // 2
    assert [(found[place][0], found[place][4]) for place in range(4)] == [
        (Answered.COUNTED, half),
        # One a ticket.
        (Answered.LIMITED, 0),
        (Answered.VOIDED, -half),
        # The ticket's place and the free tier are there again.
        (Answered.COUNTED, half),
    ]
