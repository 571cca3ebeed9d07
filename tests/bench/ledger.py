"""The durable ledger against handlers that do nothing and loops that only insert; sizes up to ten million entries.

The hand-written loop writes the very rows that the service writes for the same batches, in as many transactions, to a
file with the same tables and settings: it rates nothing, looks nothing up, and neither reads nor writes a message.
"""

import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import grpc

from dsl.event import Event
from dsl.zones import DAY
from service.evaluator import Evaluator
from service.ledger.interface import Query
from service.ledger.rows import Rows
from service.ledger.sqlite import SqliteLedger
from service.ledger.sqlite_connections import PRAGMAS, sqlite3
from service.registry import Registry
from service.rpc.convert import message_of
from service.times import now
from tests.bench.load import load
from tests.bench.rpc import BATCH, EVALUATE, EVALUATE_BATCH, Batches, server, vpi_server
from tests.bench.rules10 import JULY, TEXT, events
from tests.bench.timing import ROUNDS, report, side_by_side
from tests.service.rules import version_of
from vpi.v1 import evaluation_pb2 as pb

BATCHES = 40
CALLS = 12_000
WARM_UP = 1_000
IN_FLIGHT = 64
BATCHES_IN_FLIGHT = 3
MILLION = 1_000_000


class Calls:
    """Requests for single events, each with an id that was never used."""

    def __init__(self) -> None:
        self._run = 0
        self._events = [message_of(event) for event in events(CALLS + WARM_UP)]

    def next_run(self) -> list[bytes]:
        """The requests of another run."""
        self._run += 1
        made = []
        for number, event in enumerate(self._events):
            event.id = f"{self._run:06d}-{number:08d}"
            made.append(pb.EvaluateRequest(event=event, ruleset="bench").SerializeToString())
        return made


def unary() -> None:
    """Single calls, 64 in flight: a durable ledger against the no-op handler; then two workers against one."""
    calls = Calls()
    waits: dict[str, list[float]] = {}

    def rate(who: str, address: str) -> float:
        result = load(address, EVALUATE, calls.next_run(), IN_FLIGHT, warm_up=WARM_UP)
        assert not result.failed, f"{result.failed} calls failed"
        waits.setdefault(who, []).append(result.percentile(0.99) * 1000)
        return result.rate

    with vpi_server() as ours, server("-m", "tests.bench.noop") as noop:
        pair = side_by_side(lambda: rate("ours", ours), lambda: rate("no-op", noop))
    report("unary Evaluate, SQLite ledger, one worker", pair, "calls/s", "at least 0.85", "no-op handler")
    p99 = {who: statistics.median(found[1:]) for who, found in waits.items()}
    print(f"    p99 with {IN_FLIGHT} in flight: {p99['ours']:.1f} ms, no-op {p99['no-op']:.1f} ms")
    with vpi_server(workers=2) as two, vpi_server() as one:
        pair = side_by_side(lambda: rate("two", two), lambda: rate("one", one))
    report(
        "unary Evaluate, two workers on one ledger", pair, "calls/s", "at least 1.5 where there is room", "one worker"
    )


def batch_rate(address: str, requests: Sequence[bytes], in_flight: int = BATCHES_IN_FLIGHT) -> float:
    """Events a second, some batches at a time on one connection."""
    with grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)]) as channel:
        call: Callable[[bytes], bytes] = cast(Any, channel).unary_unary(EVALUATE_BATCH)
        call(requests[0])
        started = time.perf_counter()
        with ThreadPoolExecutor(in_flight) as threads:
            list(threads.map(call, requests[1:]))
        return BATCH * (len(requests) - 1) / (time.perf_counter() - started)


class Captured:
    """The rows that the service writes for some batches, transaction by transaction."""

    def __init__(self, batches: int) -> None:
        self.transactions: list[Rows] = []
        with tempfile.TemporaryDirectory() as folder:
            ledger = SqliteLedger(Path(folder) / "ledger.db", now)
            evaluator = Evaluator(Registry([version_of(TEXT)]), ledger, None)
            made = events(batches * BATCH)
            write = ledger._tables.write

            def capture(rows: Rows, chained: Any) -> None:
                self.transactions.append(rows)
                write(rows, chained)

            ledger._tables.write = capture  # type: ignore[method-assign]
            for first in range(0, len(made), BATCH):
                evaluator.evaluate("bench", made[first : first + BATCH])
            ledger.close()

    def insert_rate(self, entries_only: bool = False) -> float:
        """Events a second, inserted by hand into a new file with the same tables."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.db"
            SqliteLedger(path, now).close()
            connection = sqlite3.connect(str(path), isolation_level=None)
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            started = time.perf_counter()
            for rows in self.transactions:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_insert("entries", rows.entries), rows.entries)
                if not entries_only:
                    connection.executemany(_insert("counters", rows.counters, "OR REPLACE "), rows.counters)
                    connection.executemany(_insert("usage", rows.usage, "OR REPLACE "), rows.usage)
                connection.execute("COMMIT")
            took = time.perf_counter() - started
            connection.close()
        return sum(len(rows.entries) for rows in self.transactions) / took


def _insert(table: str, rows: Sequence[Any], how: str = "") -> str:
    columns = rows[0]._fields
    return f"INSERT {how}INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def batches() -> None:
    """Batches of 1,000 with time-ordered ids against the hand-written loop."""
    captured = Captured(BATCHES)
    made = Batches(BATCHES)
    with vpi_server() as ours:
        for only, what in (
            (False, "sqlite3 loop that inserts the same rows"),
            (True, "the same, rows of `entries` alone"),
        ):
            pair = side_by_side(
                lambda: batch_rate(ours, made.next_run()),
                lambda only=only: captured.insert_rate(only),  # type: ignore[misc]
            )
            report("EvaluateBatch of 1,000, SQLite ledger", pair, "events/s", "at least 0.45", what)


# ── large ledgers ───────────────────────────────────────────────────────────

_FILL = """
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO entries
SELECT i, 1, lower(hex(randomblob(16))), 1 + abs(random()) % :customers, :day + i * 30 / 10000000,
  :july + (i % 2678400) * 1000000, 'search', '{"channel":"app","results":3,"voice":true}', 1, 'USD', 'COUNTED',
  ' voice_search ',
  '{"outcome":"COUNTED","main":0,"reason":"counted as voice_search: voice is yes and results 3 \\u2265 1; channel is '
  || 'app","lines":[["voice_search",1000000,"unit",50000000000000000]],"changes":[]}',
  :july, randomblob(32), 1, i, randomblob(32), NULL
FROM n
"""
_FILL_USAGE = """
INSERT OR REPLACE INTO usage
SELECT :day + d.value, c.id, i.value, 'unit', 40, '40000000', '2000000000000000000'
FROM customers c, json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30]') d,
  json_each('["voice_search","answered","accepted"]') i
"""
CUSTOMERS = 20_000


def large() -> None:
    """Random ids at one, five and ten million entries, and one customer's usage at ten."""
    folder = Path(tempfile.mkdtemp())
    try:
        ledger = SqliteLedger(folder / "ledger.db", now)
        evaluator = Evaluator(Registry([version_of(TEXT)]), ledger, None)
        _begin_large(evaluator, folder / "ledger.db")
        first = 0.0
        filled = 0
        for size in (1, 5, 10):
            _fill(folder / "ledger.db", filled + 1_000_000 if filled else 1_000, size * MILLION)
            filled = size * MILLION
            rate = statistics.median(_random_rate(evaluator, size, part) for part in range(ROUNDS))
            first = first or rate
            share = f"{rate / first:.2f} of the first"
            print(f"random ids at {size:>2} million entries: {rate:>10,.0f} events/s, {share}, asked: at least 0.5")
        _usage_at_ten_million(ledger)
        ledger.close()
    finally:
        shutil.rmtree(folder)


def _begin_large(evaluator: Evaluator, path: Path) -> None:
    evaluator.evaluate("bench", events(10))
    with sqlite3.connect(str(path)) as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO customers (ruleset, subject) VALUES ('bench', ?)",
            [(f"customer-{number}",) for number in range(CUSTOMERS)],
        )
        connection.execute(_FILL_USAGE, {"day": JULY // DAY})
    connection.close()


def _fill(path: Path, first: int, last: int) -> None:
    """Rows as the service writes them, with random ids, made inside SQLite; only their chain is not one."""
    connection = sqlite3.connect(str(path), isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -1000000")
    step = 250_000
    for start in range(first, last, step):
        end = min(start + step - 1, last)
        values = {"first": start, "last": end, "customers": CUSTOMERS, "day": JULY // DAY, "july": JULY}
        connection.execute(_FILL, values)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _random_rate(evaluator: Evaluator, seed: int, part: int) -> float:
    """Events a second in process, in batches of 1,000, over 20,000 events with random ids (UUIDs of version 4)."""
    draw = random.Random(seed * 1000 + part)
    made = [
        Event(str(UUID(int=draw.getrandbits(128), version=4)), *_rest(event, draw)) for event in events(20_000, seed)
    ]
    started = time.perf_counter()
    for first in range(0, len(made), BATCH):
        evaluator.evaluate("bench", made[first : first + BATCH])
    return len(made) / (time.perf_counter() - started)


def _rest(event: Event, draw: random.Random) -> tuple[Any, ...]:
    return event.source, event.type, f"customer-{draw.randrange(CUSTOMERS)}", event.time, event.data


def _usage_at_ten_million(ledger: SqliteLedger) -> None:
    took, listed = [], []
    draw = random.Random(1)
    for _ in range(200):
        subject = f"customer-{draw.randrange(CUSTOMERS)}"
        started = time.perf_counter()
        lines = ledger.usage("bench", subject, JULY // DAY, JULY // DAY + 30)
        took.append(time.perf_counter() - started)
        assert lines
        started = time.perf_counter()
        page, _ = ledger.find(Query("bench", subject), 100)
        listed.append(time.perf_counter() - started)
        assert page
    for what, found in (("usage of a month", took), ("first 100 entries", listed)):
        found.sort()
        middle, high = found[len(found) // 2] * 1000, found[int(len(found) * 0.99)] * 1000
        print(f"a customer's {what} at 10 million entries: median {middle:.2f} ms, p99 {high:.2f} ms")


def run() -> None:
    """All of it on SQLite."""
    unary()
    batches()
    large()
