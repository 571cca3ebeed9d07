"""A row of the file that was changed by hand is found, whichever of its columns it was."""

from hashlib import sha256
from pathlib import Path

import pytest
from sqlite_utils import Database

from service.audit import Audit
from service.errors import LedgerDamaged
from service.evaluator import Evaluator
from service.ledger.interface import Entry, Published, Query
from service.ledger.sqlite import SqliteLedger
from tests.service.ledger.calls import evaluate, recorded
from tests.service.ledger.ledgers import NOW
from tests.service.rules import FIRST, JUNE, all_rules, answer, search


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two events of two rulesets, sources and customers, and a void."""
    file = tmp_path / "ledger.db"
    ledger = SqliteLedger(file, lambda: NOW)
    evaluator = Evaluator(all_rules(), ledger, lambda: NOW)
    recorded(evaluator, search("a"), answer("b", "1", 12, subject="other"))
    recorded(evaluator, search("c"), ruleset="flat")
    evaluator.void("shop", "app", "b", "a mistake")
    ledger.close()
    return file


def findings(path: Path, change: str) -> list[str]:
    """What is found after a statement changed the file."""
    database = Database(path)
    with database.conn as connection:
        assert connection.execute(change).rowcount == 1, "the change is one of one row"
    database.close()
    ledger = SqliteLedger(path, lambda: NOW)
    found = list(ledger.verify())
    ledger.close()
    return found


def test_as_it_was_written_it_is_sound(path: Path) -> None:
    assert findings(path, "UPDATE entries SET type = type WHERE sequence = 1") == []


@pytest.mark.parametrize(
    "change",
    [
        "stream = (SELECT max(id) FROM streams)",
        "event_id = 'z'",
        "customer = (SELECT id FROM customers WHERE subject = 'other')",
        "customer = (SELECT id FROM customers WHERE ruleset = 'flat')",
        "day = day + 1",
        "time = time + 1",
        "type = 'answer'",
        "data = replace(data, '3', '4')",
        "data = replace(data, 'results', 'resultz')",
        "version = 2",
        "currency = 'USD'",
        "outcome = 'LIMITED'",
        "interactions = ' answered '",
        "interactions = ''",
        "answer = replace(answer, '50000000000000000', '40000000000000000')",
        "answer = replace(answer, '\"unit\"', '\"token\"')",
        "recorded = recorded + 1",
        "content = zeroblob(32)",
        "number = 9",
        "chain = zeroblob(32)",
        "sequence = 99",
        "voids = 77",
    ],
)
def test_a_changed_column_of_an_event_is_found(path: Path, change: str) -> None:
    assert findings(path, f"UPDATE entries SET {change} WHERE sequence = 1")


@pytest.mark.parametrize(
    "change",
    ["voids = 1", "answer = replace(answer, 'a mistake', 'a wish')", "recorded = recorded + 1", "day = day + 1"],
)
def test_a_changed_column_of_a_void_is_found(path: Path, change: str) -> None:
    assert findings(path, f"UPDATE entries SET {change} WHERE voids = 2")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM entries WHERE sequence = 2",
        "DELETE FROM entries WHERE voids IS NOT NULL",
        "UPDATE counters SET value = value + 1 WHERE value <> '0' AND ruleset = 'flat'",
        "UPDATE usage SET units = units + 1 WHERE interaction = 'voice_search'",
        "UPDATE usage SET price = '0' WHERE interaction = 'voice_search'",
        "UPDATE usage SET events = events + 1 WHERE interaction = 'voice_search'",
        "DELETE FROM usage WHERE interaction = 'voice_search'",
        "UPDATE writers SET rows = rows - 1",
        "UPDATE writers SET chain = zeroblob(32)",
    ],
)
def test_what_was_taken_away_or_added_up_wrongly_is_found(path: Path, change: str) -> None:
    assert findings(path, change)


def test_a_changed_text_of_a_published_version_is_found(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db", lambda: NOW)
    ledger.publish(Published("shop", 1, JUNE, FIRST, sha256(FIRST.encode()).hexdigest(), NOW))
    ledger.close()
    assert findings(tmp_path / "ledger.db", "UPDATE publications SET published = published") == []
    assert findings(tmp_path / "ledger.db", "UPDATE publications SET text = replace(text, '0.05', '0.06')") == [
        "version 1 of shop is not the text that was published"
    ]


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"lines":[[1]]}', "7"])
def test_a_row_that_can_not_be_read_is_named(path: Path, answer: str) -> None:
    assert findings(path, f"UPDATE entries SET answer = '{answer}' WHERE sequence = 1")
    ledger = SqliteLedger(path, lambda: NOW)
    with pytest.raises(LedgerDamaged, match="row 1 of the ledger is damaged and can't be read"):
        list(ledger.records())
    with pytest.raises(LedgerDamaged):
        ledger.find(Query("shop"), 5)
    evaluator = Evaluator(all_rules(), ledger, lambda: NOW)
    again, other = evaluate(evaluator, search("a"), search("new"))
    assert isinstance(again, LedgerDamaged)
    assert isinstance(other, Entry)
    audit = Audit(ledger, evaluator.registry)
    first, *_ = audit.differences()
    assert first == "row 1 can't be read: it is damaged"
    assert audit.rows == ledger.stats().entries + ledger.stats().voids - 1
    ledger.close()
