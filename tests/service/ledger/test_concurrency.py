"""Every ledger is read while it is written; durable ones are written by several at once, and lose nothing."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from threading import Event as Flag

import pytest

from service.errors import ServiceError
from service.ledger.interface import Answer, Entry, Ledger, Query
from tests.service.ledger.calls import counters, entry_in, evaluate, listed, recorded
from tests.service.ledger.ledgers import LedgerUnderTest
from tests.service.rules import answer, event, search

HANDLES = 4
GROUPS = 12


@pytest.fixture(autouse=True)
def _often() -> Iterator[None]:
    """Threads take turns far more often than usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@contextmanager
def reading(look: Callable[[], None], readers: int = 3) -> Iterator[None]:
    """Within, several threads look again and again; what one of them raises is raised at the end."""
    done = Flag()

    def again() -> int:
        times = 0
        while not done.is_set() or not times:
            look()
            times += 1
        return times

    with ThreadPoolExecutor(readers) as pool:
        looking = [pool.submit(again) for _ in range(readers)]
        try:
            yield
        finally:
            done.set()
        assert all(future.result() for future in looking)


def together(work: Callable[[int], list[Answer]]) -> list[list[Answer]]:
    """What several threads, numbered from 0, get from work that they begin at one moment."""
    ready = Barrier(HANDLES)

    def begin(number: int) -> list[Answer]:
        ready.wait()
        return work(number)

    with ThreadPoolExecutor(HANDLES) as pool:
        working: list[Future[list[Answer]]] = [pool.submit(begin, number) for number in range(HANDLES)]
        return [future.result() for future in working]


def test_who_reads_sees_whole_groups_only(under_test: LedgerUnderTest) -> None:
    ledger, evaluator = under_test.ledger, under_test.evaluator()

    def look() -> None:
        found = list(ledger.find(Query(), 10_000)[0])
        names = [str(entry_in(record).event.id).split()[0] for record in found]
        assert all(names.count(name) == 10 for name in set(names)), names
        used = ledger.usage("shop", "acme", -(10**6), 10**6)
        assert all(line.events % 10 == 0 and line.units == line.events * 10**6 for line in used)
        assert ledger.stats().entries % 10 == 0

    with reading(look):
        for group in range(GROUPS):
            parts = [[search(f"{group} {part} {n}") for n in range(5)] for part in range(2)]
            ledger.record([evaluator.submission("shop", part) for part in parts])
    assert ledger.stats().entries == GROUPS * 10
    assert list(ledger.verify()) == []


def test_every_way_to_read_works_while_another_thread_writes(under_test: LedgerUnderTest) -> None:
    ledger, evaluator = under_test.ledger, under_test.evaluator()
    reader = under_test.evaluator()

    def look() -> None:
        records = list(ledger.records())
        sequences = [record.sequence for record in records]
        assert sequences == sorted(set(sequences))
        assert all(value > 0 for value in counters(ledger).values())
        (tried,) = evaluate(reader, answer("try", "t", 10), dry=True)
        assert isinstance(tried, Entry)
        assert 0 <= tried.evaluation.price <= 5 * 10**18
        assert ledger.refused("", 10_000) is not None
        assert list(ledger.verify()) == []
        assert sum(chain.rows for chain in ledger.chains()) >= len(records)
        assert ledger.published() == []

    with reading(look, readers=2):
        for n in range(GROUPS):
            evaluate(evaluator, answer(f"a{n}", str(n), 2), search(f"s{n}", results="x"), search(f"v{n}"))
            evaluator.void("shop", "app", f"v{n}", "why")
    assert len(listed(ledger, Query())) == GROUPS * 3


def test_several_handles_never_give_away_more_than_the_limit(durable: LedgerUnderTest) -> None:
    evaluators = [durable.evaluator(durable.second()) for _ in range(HANDLES)]

    def ask(number: int) -> list[Answer]:
        given = []
        for n in range(GROUPS):
            given += evaluate(evaluators[number], event("ask", f"{number} {n}"), ruleset="limited")
        return given

    answers = [answer for part in together(ask) for answer in part]
    assert [entry.evaluation.outcome.value for entry in answers if isinstance(entry, Entry)].count("COUNTED") == 10
    assert len(answers) == HANDLES * GROUPS
    assert durable.ledger.stats().entries == HANDLES * GROUPS
    assert list(counters(durable.ledger).values()) == [10]
    assert list(durable.ledger.verify()) == []


def test_several_handles_record_one_event_once(durable: LedgerUnderTest) -> None:
    evaluators = [durable.evaluator(durable.second()) for _ in range(HANDLES)]

    def send(number: int) -> list[Answer]:
        return [one for n in range(GROUPS) for one in evaluate(evaluators[number], answer(str(n), str(n), 3))]

    parts = together(send)
    for same in zip(*parts, strict=True):
        entries = [entry for entry in same if isinstance(entry, Entry)]
        assert len(entries) == HANDLES
        assert [entry.duplicate for entry in entries].count(False) == 1
        assert len({entry.recorded for entry in entries}) == 1
        assert all(entry.evaluation == entries[0].evaluation for entry in entries)
    assert durable.ledger.stats().entries == GROUPS
    assert list(durable.ledger.verify()) == []


def test_of_several_contents_under_one_id_one_is_recorded(durable: LedgerUnderTest) -> None:
    evaluators = [durable.evaluator(durable.second()) for _ in range(HANDLES)]
    parts = together(
        lambda number: [one for n in range(GROUPS) for one in evaluate(evaluators[number], answer(str(n), "t", number))]
    )
    for same in zip(*parts, strict=True):
        assert sum(isinstance(one, ServiceError) for one in same) == HANDLES - 1
    assert durable.ledger.stats().entries == GROUPS


def test_several_handles_move_one_total_without_losing_anything(durable: LedgerUnderTest) -> None:
    evaluators = [durable.evaluator(durable.second()) for _ in range(HANDLES)]

    def send(number: int) -> list[Answer]:
        given = []
        for n in range(GROUPS):
            given += evaluate(evaluators[number], event("load", f"{number} {n}", amount=7), ruleset="volume")
        return given

    answers = [one for part in together(send) for one in part]
    total = 7 * HANDLES * GROUPS
    assert list(counters(durable.ledger).values()) == [total * 10**6]
    assert sum(one.evaluation.price for one in answers if isinstance(one, Entry)) == total * 10**18
    (line,) = durable.ledger.usage("volume", "acme", -(10**6), 10**6)
    assert (line.events, line.units, line.price) == (HANDLES * GROUPS, total * 10**6, total * 10**18)
    assert list(durable.ledger.verify()) == []


def test_several_handles_void_once(durable: LedgerUnderTest) -> None:
    recorded(durable.evaluator(), *(answer(str(n), str(n), 3) for n in range(GROUPS)))
    evaluators = [durable.evaluator(durable.second()) for _ in range(HANDLES)]
    first: list[list[bool]] = [[] for _ in range(HANDLES)]

    def void(number: int) -> list[Answer]:
        for n in range(GROUPS):
            first[number].append(not evaluators[number].void("shop", "app", str(n), f"by {number}").duplicate)
        return []

    together(void)
    assert [sum(one) for one in zip(*first, strict=True)] == [1] * GROUPS
    assert durable.ledger.stats().voids == GROUPS
    assert counters(durable.ledger) == {}
    assert list(durable.ledger.verify()) == []


def test_one_customers_sequences_rise_in_the_order_of_recording(durable: LedgerUnderTest) -> None:
    evaluators = [durable.evaluator(durable.second()) for _ in range(HANDLES)]

    def send(number: int) -> list[Answer]:
        return [
            one
            for n in range(GROUPS)
            for one in evaluate(evaluators[number], event("load", f"{number} {n}", amount=1), ruleset="volume")
        ]

    together(send)
    # Each event raised the customer's total by one: in the order of sequences it counts from 0.
    totals = [entry_in(record).evaluation.changes[0].before for record in durable.ledger.records()]
    assert totals == [n * 10**6 for n in range(HANDLES * GROUPS)]


def every_chain_is_whole(ledger: Ledger) -> None:
    """Asserts that each chain's rows are numbered from 1 without a gap, and end as the chain says."""
    last = {record.writer: record for record in sorted(ledger.records(), key=lambda record: record.number)}
    for chain in ledger.chains():
        numbers = sorted(record.number for record in ledger.records() if record.writer == chain.writer)
        assert numbers == list(range(1, chain.rows + 1))
        assert not chain.rows or last[chain.writer].sha256 == chain.sha256


def test_each_handle_has_a_chain_of_its_own(durable: LedgerUnderTest) -> None:
    evaluators = [durable.evaluator(durable.second()) for _ in range(HANDLES)]
    together(
        lambda number: [one for n in range(GROUPS) for one in evaluate(evaluators[number], search(f"{number} {n}"))]
    )
    assert sorted(chain.rows for chain in durable.ledger.chains() if chain.rows) == [GROUPS] * HANDLES
    every_chain_is_whole(durable.ledger)
