"""One ledger in PostgreSQL, opened several times, as the servers that share it do."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.evaluator import Evaluator
from service.ledger.interface import Ledger
from service.ledger.postgres import PostgresLedger
from service.ledger.postgres.connection import Limits
from tests.service.ledger.ledgers import NOW
from tests.service.rules import all_rules

SHORT = Limits(connect=2, lock=0.5, statement=1, silence=2)
"""Seconds of patience for tests that wait for the end of it."""
Open = Callable[..., PostgresLedger]
"""Opens a ledger: the test's own, or at a URL, with other limits."""


@pytest.fixture
def replica(postgres_url: str) -> Iterator[Open]:
    """Opens the same ledger again and again, as several servers do."""
    made: list[PostgresLedger] = []

    def opened(url: str = postgres_url, limits: Limits | None = None) -> PostgresLedger:
        made.append(PostgresLedger(url, lambda: NOW, limits))
        return made[-1]

    yield opened
    for ledger in made:
        ledger.close()


def rates(ledger: Ledger) -> Evaluator:
    """Rates by all the tests' rules, and records in this ledger."""
    return Evaluator(all_rules(), ledger, lambda: NOW)


def at_once(*works: Callable[[], object]) -> None:
    """Does all of it at the same time; raises what any of it raises."""
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        ready.wait(10)
        work()

    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(run, work) for work in works]:
            done.result(60)
