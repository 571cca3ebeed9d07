"""Every ledger can say whether what it holds is sound and how much it is, and keeps it when it is closed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.evaluator import Evaluator
from service.ledger.interface import CantBackUp, Entry, Ledger, Query
from service.ledger.memory import MemoryLedger
from service.ledger.sqlite import SqliteLedger
from tests.service.ledger.calls import counters, evaluate, ids, listed, recorded
from tests.service.ledger.ledgers import NOW, LedgerUnderTest, SqliteFile
from tests.service.rules import all_rules, answer, event, search


def fill(evaluator: Evaluator) -> None:
    """Two customers' entries, one of them voided, a limited one, a duplicate, a conflict, two refused."""
    recorded(evaluator, answer("a", "1", 12), answer("b", "1"), search("c"), answer("d", "1", 3, subject="bob"))
    recorded(evaluator, search("a"), ruleset="flat")
    evaluate(evaluator, search("c"), search("c", results=9), search("e", results="x"), event("no.such", "f"))
    evaluator.void("shop", "app", "a", "why")


def test_a_new_ledger_holds_nothing_and_is_sound(ledger: Ledger) -> None:
    stats = ledger.stats()
    assert (stats.entries, stats.voids, stats.refused, stats.counters, stats.customers, stats.versions) == (0,) * 6
    assert list(ledger.verify()) == []
    assert all(chain.rows == 0 for chain in ledger.chains())


def test_stats_count_what_there_is(evaluator: Evaluator, ledger: Ledger) -> None:
    fill(evaluator)
    stats = ledger.stats()
    assert (stats.entries, stats.voids, stats.refused, stats.customers) == (5, 1, 2, 3)
    assert stats.counters == len(list(ledger.counters()))
    assert stats.chains == len(ledger.chains()) == 1
    assert stats.details
    assert list(ledger.verify()) == []


def test_a_chain_runs_through_entries_and_voids(evaluator: Evaluator, ledger: Ledger) -> None:
    fill(evaluator)
    (chain,) = ledger.chains()
    records = list(ledger.records())
    assert [record.number for record in records] == list(range(1, 7))
    assert {record.writer for record in records} == {chain.writer}
    assert (chain.rows, chain.sha256) == (6, records[-1].sha256)
    assert chain.began >= NOW
    hashes = [record.sha256 for record in records]
    assert len(set(hashes)) == 6
    assert all(len(sha256) == 64 and set(sha256) <= set("0123456789abcdef") for sha256 in hashes)


def test_a_row_keeps_its_hash_while_others_are_added(evaluator: Evaluator, ledger: Ledger) -> None:
    recorded(evaluator, search("a"), search("b"))
    before = [record.sha256 for record in ledger.records()]
    recorded(evaluator, search("c"))
    assert [record.sha256 for record in ledger.records()][:2] == before


def test_closing_twice_does_no_harm(under_test: LedgerUnderTest) -> None:
    under_test.ledger.close()
    under_test.ledger.close()


def test_everything_is_there_after_a_restart(durable: LedgerUnderTest) -> None:
    fill(durable.evaluator())
    before = durable.ledger
    state = (
        list(before.records()), before.refused("", 100), counters(before), before.usage("shop", "bob", 0, 10**6),
        before.chains(), before.published(), before.stats().entries, listed(before, Query("shop", "acme"), 1),
    )  # fmt: skip
    after = durable.reopen()
    assert state == (
        list(after.records()), after.refused("", 100), counters(after), after.usage("shop", "bob", 0, 10**6),
        after.chains(), after.published(), after.stats().entries, listed(after, Query("shop", "acme"), 1),
    )  # fmt: skip
    recorded(durable.evaluator(), search("later"))
    assert list(after.verify()) == []


def test_a_token_is_good_after_a_restart(durable: LedgerUnderTest) -> None:
    fill(durable.evaluator())
    first, token = durable.ledger.find(Query("shop", "acme"), 2)
    rest, _ = durable.reopen().find(Query("shop", "acme"), 100, token)
    assert [*first, *rest] == listed(durable.ledger, Query("shop", "acme"))


def test_what_is_in_memory_cannot_be_backed_up(tmp_path: Path) -> None:
    with pytest.raises(CantBackUp, match="ends with its process"):
        MemoryLedger(lambda: NOW).backup(tmp_path / "copy")
    assert not list(tmp_path.iterdir())


def test_a_row_in_memory_that_was_changed_is_found() -> None:
    ledger = MemoryLedger(lambda: NOW)
    recorded(Evaluator(all_rules(), ledger, None), *(answer(name, name, 11) for name in "abc"))
    assert list(ledger.verify()) == []
    changed = list(ledger.records())[1].row
    assert isinstance(changed, Entry)
    changed.evaluation.lines[0].price += 1
    assert list(ledger.verify()) == ["row 2 of chain 1 was changed after it was recorded"]


def test_a_counter_in_memory_that_its_rows_do_not_add_up_to_is_found() -> None:
    ledger = MemoryLedger(lambda: NOW)
    evaluator = Evaluator(all_rules(), ledger, None)
    (entry,) = recorded(evaluator, answer("a", "1", 12))
    entry.evaluation.changes[0].delta += 1
    found = list(ledger.verify())
    assert len(found) == 1
    assert "shop" in found[0] and "add up to 2" in found[0]


@pytest.fixture
def in_a_file(tmp_path: Path) -> Iterator[LedgerUnderTest]:
    """A ledger in an SQLite file, empty."""
    made = LedgerUnderTest(SqliteFile(tmp_path))
    yield made
    made.close()


def test_a_backup_of_a_file_is_a_ledger_of_its_own(in_a_file: LedgerUnderTest, tmp_path: Path) -> None:
    fill(in_a_file.evaluator())
    target = tmp_path / "copy.db"
    in_a_file.ledger.backup(target)
    with pytest.raises(CantBackUp, match=r"copy\.db"):
        in_a_file.ledger.backup(target)
    copy = SqliteLedger(target, in_a_file.clock)
    try:
        assert list(copy.records()) == list(in_a_file.ledger.records())
        assert counters(copy) == counters(in_a_file.ledger)
        assert list(copy.verify()) == []
        recorded(Evaluator(all_rules(), copy, None), search("only there"))
        assert "only there" not in ids(in_a_file.ledger.records())
    finally:
        copy.close()
