"""A database that comes and goes, stands still, or breaks off in the middle of a commit."""

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from service.errors import LedgerUnavailable
from service.evaluator import Evaluator
from service.ledger.interface import Published, Query
from tests.service.ledger.calls import cost, entry_in, evaluate, listed, recorded
from tests.service.ledger.cutting_proxy import CuttingProxy
from tests.service.ledger.ledgers import NOW
from tests.service.ledger.postgres_server import PostgresServer, postgres_url
from tests.service.ledger.replicas import SHORT, Open, at_once, rates, replica
from tests.service.rules import answer, search

__all__ = ["postgres_url", "replica"]


def test_a_restart_between_two_calls_is_not_noticed(replica: Open, postgres_server: PostgresServer) -> None:
    ledger = replica()
    evaluator = rates(ledger)
    recorded(evaluator, search("e1"))
    assert len(listed(ledger, Query())) == 1
    postgres_server.stop(signal.SIGINT)
    postgres_server.start()
    assert [entry.duplicate for entry in recorded(evaluator, search("e1"), search("e2"))] == [True, False]
    assert len(listed(ledger, Query())) == 2


def test_a_database_that_is_away_is_unavailable_and_its_return_is_enough(
    replica: Open, postgres_server: PostgresServer
) -> None:
    ledger = replica()
    evaluator = rates(ledger)
    recorded(evaluator, search("e1"))
    postgres_server.stop()
    try:
        calls: tuple[Callable[[], object], ...] = (
            lambda: evaluate(evaluator, search("e2")),
            lambda: evaluate(evaluator, search("e2"), dry=True),
            lambda: evaluator.void("shop", "app", "e1", "why"),
            lambda: ledger.publish(Published("shop", 1, 0, "x", "x", NOW)),
            lambda: ledger.find(Query(), 1),
            lambda: list(ledger.records()),
            ledger.chains,
        )
        for call in calls:
            with pytest.raises(
                LedgerUnavailable, match=r"the database can't be reached\); nothing was recorded"
            ) as raised:
                call()
            assert not raised.value.in_doubt
    finally:
        postgres_server.start()
    assert [entry.duplicate for entry in recorded(evaluator, search("e1"), search("e2"))] == [True, False]
    assert not list(ledger.verify())


def test_a_crash_under_load_loses_nothing_that_was_answered_and_leaves_nothing_by_halves(
    replica: Open, postgres_server: PostgresServer
) -> None:
    servers = [rates(replica()) for _ in range(2)]
    answered: set[str] = set()
    failed: set[str] = set()
    crashed = threading.Event()

    def send(evaluator: Evaluator, name: str) -> None:
        n = 0
        while not crashed.is_set() or n < 5:
            events = [answer(f"{name}-{n}-{i}", f"{n}-{i}", 3, subject=f"c{i}") for i in range(10)]
            try:
                answered.update(str(entry.event.id) for entry in recorded(evaluator, *events))
            except LedgerUnavailable:
                failed.update(str(one.id) for one in events)
            n += 1

    def crash() -> None:
        for _ in range(3):
            time.sleep(0.3)
            postgres_server.stop()
            postgres_server.start()
        time.sleep(0.2)
        crashed.set()

    at_once(lambda: send(servers[0], "a"), lambda: send(servers[1], "b"), crash)
    records = listed(servers[0].ledger, Query())
    kept = {str(entry_in(record).event.id) for record in records}
    assert len(kept) == len(records)
    assert answered <= kept <= answered | failed
    assert failed
    # All or none of each submission.
    assert len(kept) % 10 == 0
    assert not list(servers[0].ledger.verify())


def test_a_frozen_database_is_given_up_in_time(
    postgres_url: str, replica: Open, postgres_server: PostgresServer
) -> None:
    ledger = replica(limits=SHORT)
    evaluator = rates(ledger)
    recorded(evaluator, search("e1"))
    ledger.chains()
    with postgres_server.frozen():
        began = time.monotonic()
        with pytest.raises(LedgerUnavailable):
            evaluate(evaluator, search("e2"))
        with pytest.raises(LedgerUnavailable):
            ledger.chains()
        assert time.monotonic() - began < 4 * (SHORT.silence + SHORT.connect)
    assert [entry.duplicate for entry in recorded(evaluator, search("e1"), search("e2"))] == [True, False]


def test_a_customer_whom_another_holds_is_waited_for_in_bounds_and_others_go_on(
    postgres_url: str, replica: Open
) -> None:
    evaluator = rates(replica(limits=SHORT))
    recorded(evaluator, answer("a1", "1", subject="acme"), answer("b1", "1", subject="brown"))
    with psycopg.connect(postgres_url) as holder:
        holder.execute("SELECT 1 FROM customers WHERE subject = 'acme' FOR UPDATE")
        with pytest.raises(LedgerUnavailable, match="another writer holds the same customer for too long"):
            evaluate(evaluator, answer("a2", "2", subject="acme"))
        recorded(evaluator, answer("b2", "2", subject="brown"))
    recorded(evaluator, answer("a2", "2", subject="acme"))


@pytest.fixture
def cutting(postgres_server: PostgresServer) -> Iterator[CuttingProxy]:
    postgres_server.start()
    folder = Path(tempfile.mkdtemp(prefix="vpi-cut-"))
    with CuttingProxy(folder, postgres_server.folder) as proxy:
        yield proxy
    shutil.rmtree(folder)


def test_a_commit_whose_answer_is_lost_is_in_doubt_and_sending_again_tells(
    replica: Open, postgres_server: PostgresServer, cutting: CuttingProxy
) -> None:
    ledger = replica(postgres_server.place(host=str(cutting.folder)))
    evaluator = rates(ledger)
    recorded(evaluator, answer("e1", "1", 4))
    cutting.armed = True
    with pytest.raises(LedgerUnavailable, match="it may have been recorded") as raised:
        evaluate(evaluator, answer("e2", "2", 8))
    assert raised.value.in_doubt
    again, after = recorded(evaluator, answer("e2", "2", 8), answer("e3", "3", 1))
    assert again.duplicate
    assert (cost(again), cost(after)) == (Decimal(1), Decimal("0.5"))
    assert [chain.rows for chain in ledger.chains()] == [3]
    assert not list(ledger.verify())


def test_a_commit_that_breaks_is_in_doubt_and_nothing_of_it_stays(postgres_url: str, replica: Open) -> None:
    ledger = replica()
    evaluator = rates(ledger)
    recorded(evaluator, answer("e1", "1", 4))
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("""
            CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER break AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION break();
        """)
        with pytest.raises(LedgerUnavailable, match="it may have been recorded"):
            evaluate(evaluator, answer("e2", "2", 8))
        other.execute("DROP TRIGGER break ON entries")
    (again,) = recorded(evaluator, answer("e2", "2", 8))
    assert not again.duplicate
    assert [chain.rows for chain in ledger.chains()] == [2]
    assert not list(ledger.verify())


def test_a_statement_that_the_database_refuses_undoes_all_of_its_transaction(postgres_url: str, replica: Open) -> None:
    evaluator = rates(replica())
    recorded(evaluator, answer("e1", "1", 4))
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("ALTER TABLE usage ADD CONSTRAINT small CHECK (units < 10000000)")
        with pytest.raises(psycopg.errors.CheckViolation):
            evaluate(evaluator, answer("e2", "2", 8))
        other.execute("ALTER TABLE usage DROP CONSTRAINT small")
    (again,) = recorded(evaluator, answer("e2", "2", 8))
    assert not again.duplicate
    assert not list(evaluator.ledger.verify())
