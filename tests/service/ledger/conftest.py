"""Ledgers for the tests of the contract, each test on every one of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.evaluator import Evaluator
from service.ledger.interface import Ledger
from tests.service.ledger.ledgers import DURABLE, STORES, LedgerUnderTest, Place
from tests.service.ledger.postgres_server import PostgresServer, postgres_server

__all__ = ["postgres_server"]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the test's stores are made; a database server is started only for those that ask for one."""

    def database() -> str:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.start()
        return server.place()

    return Place(tmp_path, database)


@pytest.fixture(params=sorted(STORES))
def under_test(request: pytest.FixtureRequest, place: Place) -> Iterator[LedgerUnderTest]:
    """Each ledger in turn, empty."""
    made = LedgerUnderTest(STORES[request.param](place))
    yield made
    made.close()


@pytest.fixture(params=DURABLE)
def durable(request: pytest.FixtureRequest, place: Place) -> Iterator[LedgerUnderTest]:
    """Each ledger that outlives its process in turn, empty."""
    made = LedgerUnderTest(STORES[request.param](place))
    yield made
    made.close()


@pytest.fixture
def ledger(under_test: LedgerUnderTest) -> Ledger:
    """The ledger under test."""
    return under_test.ledger


@pytest.fixture
def evaluator(under_test: LedgerUnderTest) -> Evaluator:
    """Records in the ledger under test."""
    return under_test.evaluator()
