"""The ledger in PostgreSQL against a loop that only inserts the same rows; the server is one of the benchmark's own."""

import time

import psycopg

from service.ledger.postgres import PostgresLedger
from service.times import now
from tests.bench.ledger import BATCHES, CALLS, IN_FLIGHT, WARM_UP, Calls, Captured, batch_rate
from tests.bench.load import load
from tests.bench.rpc import EVALUATE, Batches, server, vpi_server
from tests.bench.timing import report, side_by_side
from tests.service.ledger.postgres_server import PostgresMissing, PostgresServer, running


def _insert_rate(database: PostgresServer, captured: Captured) -> float:
    """Events a second, inserted by hand with psycopg's `executemany`, a transaction for each batch of 1,000."""
    url = database.place()
    PostgresLedger(url, now).close()
    columns = captured.transactions[0].entries[0]._fields
    insert = f"INSERT INTO entries ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
    with psycopg.connect(url) as connection:
        started = time.perf_counter()
        for rows in captured.transactions:
            with connection.cursor() as cursor:
                cursor.executemany(insert, rows.entries)
            connection.commit()
        took = time.perf_counter() - started
    return sum(len(rows.entries) for rows in captured.transactions) / took


def run() -> None:
    """Batches, then single calls."""
    try:
        with running() as database:
            _run(database)
    except PostgresMissing as missing:
        print(f"skipped: {missing}")


def _run(database: PostgresServer) -> None:
    captured, made = Captured(BATCHES), Batches(BATCHES)
    with vpi_server(ledger=database.place()) as ours:
        pair = side_by_side(lambda: batch_rate(ours, made.next_run()), lambda: _insert_rate(database, captured))
    report("EvaluateBatch of 1,000, PostgreSQL ledger", pair, "events/s", "the figure", "INSERT loop, `entries` alone")
    calls = Calls()
    with vpi_server(ledger=database.place()) as ours, server("-m", "tests.bench.noop") as noop:
        pair = side_by_side(
            lambda: load(ours, EVALUATE, calls.next_run(), IN_FLIGHT, warm_up=WARM_UP).rate,
            lambda: load(noop, EVALUATE, calls.next_run(), IN_FLIGHT, warm_up=WARM_UP).rate,
        )
    report(f"unary Evaluate, PostgreSQL ledger, {CALLS:,} calls", pair, "calls/s", "the figure", "no-op handler")
