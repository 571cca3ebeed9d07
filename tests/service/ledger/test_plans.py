"""How SQLite answers the ledger's questions: by steps into an index, however much is recorded, never row by row."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from sqlite_utils import Database

from dsl.evaluation import Outcome
from dsl.zones import DAY
from service.evaluator import Evaluator
from service.ledger import reading
from service.ledger.interface import Query
from service.ledger.sqlite import SqliteLedger
from tests.service.ledger.calls import recorded
from tests.service.ledger.ledgers import NOW
from tests.service.rules import JULY, all_rules, search

LARGE = ("entries", "usage", "refused", "counters", "customers")
"""The tables that grow with what is recorded; a table of rulesets or sources may be gone through."""
_TABLE = re.compile(r"(\w+) (?:AS )?(\w)\b")


@dataclass
class Explained:
    """Runs queries, and keeps every step by which SQLite says that it goes through all rows of a large table."""

    database: Database
    walks: list[str] = field(default_factory=list)

    def __call__(self, query: str, parameters: Mapping[str, object]) -> Iterator[reading.Row]:
        """See `reading.Select`."""
        short = {alias: table for table, alias in _TABLE.findall(query) if table in LARGE}
        for step in self.database.query(f"EXPLAIN QUERY PLAN {query}", dict(parameters)):
            found = re.match(r"SCAN (\w+)", step["detail"])
            if found and short.get(found[1], found[1]) in LARGE:
                self.walks.append(f"{step['detail']}: {query}")
        yield from self.database.query(query, dict(parameters))

    def steps(self, query: str) -> int:
        """How many instructions SQLite's machine takes for a query."""
        ticks = count()
        connection = self.database.conn
        assert connection is not None
        connection.set_progress_handler(lambda: next(ticks) < 0, 1)
        connection.execute(query).fetchall()
        connection.set_progress_handler(None, 1)
        return next(ticks)

    def many_days(self) -> None:
        """Copies every entry and all usage to a hundred days."""
        for table in ("entries", "usage"):
            columns = list(self.database[table].columns_dict)
            values = {"sequence": "100 * n + sequence", "day": "day - n", "event_id": "event_id || n"}
            copied = ", ".join(values.get(column, column) for column in columns)
            self.database.execute(
                f"WITH copies(n) AS (VALUES (3) UNION ALL SELECT n + 3 FROM copies WHERE n < 300) "
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table}, copies"
            )


@pytest.fixture
def select(tmp_path: Path) -> Iterator[Explained]:
    """Questions to a ledger in which two customers have some days each."""
    ledger = SqliteLedger(tmp_path / "ledger.db", lambda: NOW)
    evaluator = Evaluator(all_rules(), ledger, lambda: NOW)
    for day in range(3):
        event = search(f"acme {day}", JULY - day * DAY)
        recorded(evaluator, event, replace(event, id=f"beta {day}", subject="beta"))
    ledger.close()
    database = Database(tmp_path / "ledger.db")
    yield Explained(database)
    database.close()


def test_the_check_sees_a_walk(select: Explained) -> None:
    list(select("SELECT min(day) AS first, max(day) AS last FROM entries", {}))
    list(select("SELECT e.sequence FROM entries e WHERE e.type = 'search'", {}))
    assert len(select.walks) == 2


@pytest.mark.parametrize("table", ["entries", "usage"])
def test_the_first_and_the_last_day_are_two_steps(select: Explained, table: str) -> None:
    """SQLite calls it a search as well to go through an index for its greatest value: so its steps are counted."""
    ((days),) = select(reading._DAYS.format(table=table), {})
    assert days["last"] - days["first"] == 2
    assert select.walks == []
    few = select.steps(reading._DAYS.format(table=table))
    select.many_days()
    assert select.steps(reading._DAYS.format(table=table)) == few


def test_usage_is_found_by_its_days_and_customer(select: Explained) -> None:
    assert len(reading.usage(select, "shop", "acme", 0, 40_000)) == 3
    assert select.walks == []


@pytest.mark.parametrize(
    "query",
    [
        Query("shop", "acme"),
        Query(subject="acme"),
        Query("shop", "acme", start=JULY - 2 * DAY),
        Query("shop", "acme", end=JULY + DAY),
        Query("shop", "acme", start=JULY - 2 * DAY, end=JULY + DAY),
        Query("shop", "acme", source="app"),
        Query("shop", "acme", outcome=Outcome.COUNTED),
        Query("shop", "acme", interaction="voice_search"),
    ],
    ids=lambda query: " ".join(name for name, value in asdict(query).items() if value not in ("", None)),
)
def test_a_customers_evaluations_are_found_by_their_days(select: Explained, query: Query) -> None:
    first, token = reading.find(select, query, 1, "")
    second, _ = reading.find(select, query, 1, token)
    assert [record.row.event.subject for record in (*first, *second)] == ["acme", "acme"]  # type: ignore[union-attr]
    assert select.walks == []


@pytest.mark.parametrize(
    "query",
    [Query(), Query("shop"), Query(source="app"), Query(outcome=Outcome.COUNTED), Query(interaction="voice_search")],
)
def test_a_later_page_begins_where_the_last_one_ended(select: Explained, query: Query) -> None:
    """The first page of a list without a customer walks from the first row, the others from a step into the rows."""
    first, token = reading.find(select, query, 2, "")
    walked = len(select.walks)
    second, _ = reading.find(select, query, 2, token)
    assert [record.sequence for record in (*first, *second)] == [1, 2, 3, 4]
    assert walked == 1
    assert len(select.walks) == walked


@pytest.mark.parametrize(
    "query",
    [
        Query(event_id="acme 0"),
        Query("shop", event_id="acme 0"),
        Query("shop", source="app", event_id="acme 0"),
        Query("shop", "acme", event_id="acme 0"),
    ],
)
def test_an_event_is_found_by_its_id(select: Explained, query: Query) -> None:
    found, token = reading.find(select, query, 5, "")
    assert ([record.sequence for record in found], token) == ([1], "")
    assert reading.find(select, replace(query, event_id="acme"), 5, "") == ([], "")
    assert select.walks == []


@pytest.mark.parametrize("ruleset", ["", "shop"])
def test_refused_events_are_found_by_their_place(select: Explained, ruleset: str) -> None:
    assert reading.refused(select, ruleset, 5, 1) == []
    assert select.walks == []
