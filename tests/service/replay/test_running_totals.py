"""Running totals that windows add up: without what a limit turned away, and not beyond what SQL can be trusted with."""

from pathlib import Path

from dsl import core
from dsl.event import Event
from dsl.to_sql import Outcome
from service.registry import Version, Versions
from tests.dsl.rules import JULY, ruleset
from tests.service.replay.histories import Answers, by_duckdb, expected, prepare

DAY = 86_400_000_000
LIMITED = """
interaction sold
  counts sale
  limit 1 per member per day
  units n
  price per month
    first 10 at 1
    then at 0.25
"""
UNBOUNDED = """
interaction sold
  counts sale
  units 1_000_000 * n
  price per month
    first 100 at 0.07
    then at 0.031
"""


def answers(folder: Path, events: list[Event], rules: core.Ruleset) -> tuple[Answers, int]:
    """What DuckDB answers, which must be what the reference does; and how many events were left to Python."""
    versions = Versions([Version(rules, "")])
    found, run = by_duckdb(folder / "run", prepare(folder / "prepared", [rules], events), versions)
    assert found == expected(versions, events)
    return found, run.diverted


def sale(number: int, time: int, n: int, member: str = "a", subject: str = "acme") -> Event:
    """An event of `n` units."""
    return Event(f"e{number}", "/", "sale", subject, time, {"n": n, "member": member, "gift": False})


def test_an_event_without_room_adds_nothing_to_the_total_of_those_after_it(tmp_path: Path) -> None:
    events = [
        sale(0, JULY, 4),
        sale(1, JULY, 30),
        sale(2, JULY, 4, "b"),
        sale(3, JULY + DAY, 4),
        sale(4, JULY + DAY, 50),
        sale(5, JULY + 2 * DAY, 1),
    ]
    found, diverted = answers(tmp_path, events, ruleset(LIMITED))
    limited = [seq for seq in sorted(found) if found[seq][0] is Outcome.LIMITED]
    assert limited == [1, 4]
    assert diverted == 0


def test_a_customer_whose_total_outgrows_sql_is_left_to_python_and_nobody_else(tmp_path: Path) -> None:
    events = [sale(number, JULY + number, 1_000_000) for number in range(15)]
    events += [sale(100 + number, JULY + number, 3, subject="other") for number in range(5)]
    found, diverted = answers(tmp_path, events, ruleset(UNBOUNDED))
    assert {answer[0] for answer in found.values()} == {Outcome.COUNTED}
    assert diverted == 15
