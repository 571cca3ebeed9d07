"""What only the ledger in PostgreSQL promises: several servers on one database, and whatever a database may be."""

import re
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from dsl.event import Event
from service.errors import IdTaken, LedgerUnavailable, VersionTaken
from service.evaluator import Evaluator
from service.ledger.interface import CantBackUp, CantOpen, Entry, Published, Query, Rate, Submission
from service.ledger.memory import MemoryLedger
from service.ledger.postgres import PostgresLedger
from service.registry import Registry
from tests.service.ledger.calls import cost, entry_in, entry_of, evaluate, listed, outcomes, recorded
from tests.service.ledger.ledgers import NOW
from tests.service.ledger.postgres_server import PostgresServer, postgres_url
from tests.service.ledger.replicas import SHORT, Open, at_once, rates, replica
from tests.service.rules import FIRST, answer, event, search, version_of

__all__ = ["postgres_url", "replica"]


@pytest.fixture
def ledger(replica: Open) -> PostgresLedger:
    return replica()


# ── several servers ─────────────────────────────────────────────────────────


def test_two_servers_never_give_the_last_place_of_a_limit_twice(replica: Open) -> None:
    one, other = rates(replica()), rates(replica())
    counted: list[str] = []

    def ask(evaluator: Evaluator, name: str) -> None:
        for n in range(15):
            counted.extend(outcomes(evaluate(evaluator, event("ask", f"{name}{n}"), ruleset="limited")))

    at_once(lambda: ask(one, "a"), lambda: ask(other, "b"))
    assert sorted(counted) == ["COUNTED"] * 10 + ["LIMITED"] * 20
    assert not list(one.ledger.verify())


def test_many_customers_in_any_order_block_no_server_for_ever(replica: Open) -> None:
    servers = [rates(replica()) for _ in range(3)]

    def batches(evaluator: Evaluator, name: str, step: int) -> None:
        for batch in range(6):
            ids = range(40) if step > 0 else range(39, -1, -1)
            events = [answer(f"{name}-{batch}-{n}", f"{batch}-{n}", subject=f"c{batch}-{n % 20}") for n in ids]
            evaluate(evaluator, *events)

    at_once(*(lambda s=s, i=i: batches(s, f"s{i}", 1 if i % 2 else -1) for i, s in enumerate(servers)))
    counted = [entry_in(record).evaluation.outcome.value for record in listed(servers[0].ledger, Query())]
    assert len(counted) == 3 * 6 * 40
    assert counted.count("COUNTED") == 6 * 40
    assert not list(servers[0].ledger.verify())
    assert [chain.rows for chain in servers[0].ledger.chains()] == [240, 240, 240]


def test_totals_go_on_where_another_server_left_them(replica: Open) -> None:
    servers = [rates(replica()), rates(replica())]
    memory = rates(MemoryLedger(lambda: NOW))
    for n in range(12):
        one = answer(f"e{n}", f"t{n}", 2)
        assert [cost(a) for a in evaluate(servers[n // 2 % 2], one)] == [cost(a) for a in evaluate(memory, one)]


def test_one_id_sent_to_two_servers_at_once_is_recorded_once(replica: Open) -> None:
    servers = [rates(replica()), rates(replica())]
    answers: dict[str, list[object]] = {}

    def send(evaluator: Evaluator, subject: str) -> None:
        for n in range(20):
            answers.setdefault(f"e{n}", []).extend(evaluate(evaluator, answer(f"e{n}", "t", subject=subject)))

    at_once(lambda: send(servers[0], "acme"), lambda: send(servers[1], "brown"))
    for both in answers.values():
        assert {type(one) for one in both} == {Entry, IdTaken}
    assert not list(servers[0].ledger.verify())
    assert len(listed(servers[0].ledger, Query())) == 20


def test_sequences_of_one_customer_rise_whichever_server_records(replica: Open) -> None:
    servers = [rates(replica()), rates(replica())]
    for n in range(10):
        recorded(servers[n % 2], search(f"e{n}"))
    records = listed(servers[0].ledger, Query())
    assert [entry_in(record).event.id for record in records] == [f"e{n}" for n in range(10)]
    assert {record.writer for record in records} == {1, 2}


def test_sequences_rise_where_another_server_was_first_with_a_new_customer(replica: Open) -> None:
    one, other = rates(replica()), rates(replica())
    submission = one.submission("shop", [search("second")])
    overtaken = threading.Event()

    def rater() -> Rate:
        # The first server has begun, and nobody has heard of the customer yet.
        if not overtaken.is_set():
            overtaken.set()
            recorded(other, search("first"))
        return submission.rater()

    one.ledger.record([Submission("shop", submission.events, rater)])
    assert [entry_in(record).event.id for record in listed(one.ledger, Query())] == ["first", "second"]


# ── versions ────────────────────────────────────────────────────────────────


def published(version: int, text: str = "x", effective: int = 0) -> Published:
    return Published("shop", version, effective, text, text, NOW)


def test_a_version_that_another_server_published_is_taken_over_before_it_is_needed(replica: Open) -> None:
    one, other = replica(), replica()
    evaluator = rates(one)
    recorded(evaluator, search("before"))
    dearer = FIRST.replace("version   1", "version   3").replace("0.05", "0.11")
    took: list[list[int]] = []

    def take_over(versions: Sequence[Published]) -> None:
        took.append([version.version for version in versions])
        evaluator.adopt(Registry([version_of(dearer)]))

    one.on_publication(take_over)
    other.on_publication(take_over)
    other.publish(published(3, dearer))
    assert [cost(a) for a in evaluate(evaluator, search("after"))] == [Decimal("0.11")]
    recorded(evaluator, search("later"))
    assert took == [[3]]


def test_a_version_is_not_replaced_behind_the_back_of_the_first_event_that_it_prices(replica: Open) -> None:
    one, other = replica(), replica()
    one.publish(published(1, "first"))
    evaluator = rates(one)
    evaluator.ledger.published()
    replaced = threading.Event()
    taken: list[str] = []
    one.on_publication(lambda versions: taken.extend(version.text for version in versions))
    submission = evaluator.submission("shop", [search("e1")])

    def rater() -> Rate:
        # In the middle of the first event's transaction, another server replaces the version.
        if not replaced.is_set():
            replaced.set()
            other.publish(published(1, "second"), replace=True)
        return submission.rater()

    ((answered,),) = one.record([Submission("shop", submission.events, rater)])
    assert isinstance(answered, Entry)
    assert taken == ["second"]
    with pytest.raises(VersionTaken):
        other.publish(published(1, "third"), replace=True)
    assert [(version.text, version.used) for version in other.published()] == [("second", True)]


# ── what PostgreSQL can't keep, or only in its own way ──────────────────────


HOSTILE = "a\0b\ud800c"


def test_refused_events_that_no_text_column_can_hold_are_kept_exactly(ledger: PostgresLedger) -> None:
    events = [
        Event(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE, "voice": 1}),
        Event("e2", "app", "search", "acme", 5, {"query": "\0", "results": 3}),
        Event("e3", "app", HOSTILE, "acme", 5, {}),
    ]
    evaluate(rates(ledger), *events)
    kept = ledger.refused("", 10)
    assert [one.event for one in kept] == events
    assert all(one.reason for one in kept)
    assert ledger.stats().entries == 0


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_nothing_is_found_under_a_text_that_can_not_be_kept(ledger: PostgresLedger, text: str) -> None:
    recorded(rates(ledger), search("e1"))
    for query in (Query(ruleset=text), Query(subject=text), Query(source=text), Query(event_id=text)):
        assert ledger.find(query, 10) == ([], "")
    assert ledger.usage("shop", text, 0, 100_000) == []
    assert ledger.refused(text, 10) == []
    assert entry_of(evaluate(rates(ledger), search("e1"), dry=True)[0]).duplicate


def test_counters_may_have_keys_longer_than_an_index_takes(replica: Open) -> None:
    ticket = "\U0001f600" * 4096
    one, other = rates(replica()), rates(replica())
    assert outcomes(evaluate(one, answer("e1", ticket), answer("e2", ticket))) == ["COUNTED", "LIMITED"]
    assert outcomes(evaluate(other, answer("e3", ticket))) == ["LIMITED"]
    assert not list(one.ledger.verify())


def test_sums_outgrow_64_bits(replica: Open) -> None:
    evaluator = rates(replica())
    amounts = [event("load", f"e{n}", amount=10**12) for n in range(12)]
    recorded(evaluator, *amounts, ruleset="large")
    moved = [value for _, _, value in evaluator.ledger.counters()]
    assert moved == [12 * 10**18]
    (line,) = evaluator.ledger.usage("large", "acme", 0, 100_000)
    assert line.units == 12 * 10**18 and line.price > 2**64
    other = rates(replica())
    (last,) = evaluate(other, event("load", "last", amount=1), ruleset="large")
    assert cost(last) == Decimal("999999.999999999999")
    assert not list(other.ledger.verify())


# ── opening ─────────────────────────────────────────────────────────────────


def test_a_ledger_of_a_later_release_is_refused(postgres_url: str, replica: Open) -> None:
    replica()
    with psycopg.connect(postgres_url) as other:
        other.execute("INSERT INTO migrations VALUES (99, '0099_later.sql', 'abc')")
    with pytest.raises(CantOpen, match=r"the database postgres was written by a later release of vpi .*step 99"):
        replica()


def test_a_ledger_of_another_text_of_a_migration_is_refused(postgres_url: str, replica: Open) -> None:
    replica()
    with psycopg.connect(postgres_url) as other:
        other.execute("UPDATE migrations SET sha256 = 'abc' WHERE number = 1")
    with pytest.raises(CantOpen, match=r"another text of 0001_ledger\.sql"):
        replica()


def test_a_table_of_migrations_of_another_program_is_left_alone(postgres_url: str, replica: Open) -> None:
    with psycopg.connect(postgres_url) as other:
        other.execute("CREATE TABLE migrations (id integer)")
    with pytest.raises(CantOpen, match=r"another program .*migrations.*a database of its own"):
        replica()


def test_a_schema_that_is_not_there_is_named(postgres_server: PostgresServer) -> None:
    postgres_server.start()
    with pytest.raises(CantOpen, match="no schema has been selected to create in"):
        PostgresLedger(postgres_server.url("nowhere"), lambda: NOW)


def test_tables_of_another_program_are_left_alone(postgres_url: str, replica: Open) -> None:
    with psycopg.connect(postgres_url) as other:
        other.execute("CREATE TABLE counters (mine text); INSERT INTO counters VALUES ('still here')")
    with pytest.raises(CantOpen, match=r'"counters" already exists.*a database of its own'):
        replica()
    with psycopg.connect(postgres_url) as other:
        assert other.execute("TABLE counters").fetchall() == [("still here",)]
        assert other.execute("SELECT to_regclass('entries')").fetchall() == [(None,)]


def test_a_type_of_another_program_is_left_alone(postgres_url: str, replica: Open) -> None:
    with psycopg.connect(postgres_url) as other:
        other.execute("CREATE TYPE migrations AS ENUM ('one')")
    with pytest.raises(CantOpen, match=r'type "migrations" already exists.*a database of its own'):
        replica()


def test_a_user_who_may_make_no_tables_is_told_so(postgres_url: str, replica: Open) -> None:
    with psycopg.connect(postgres_url) as other:
        schema = other.execute("SELECT current_schema").fetchall()[0][0]
        other.execute(f"CREATE ROLE reader_{schema} LOGIN; GRANT USAGE ON SCHEMA {schema} TO reader_{schema}")
    with pytest.raises(CantOpen, match="its user may not make the tables; allow it with `GRANT CREATE"):
        replica(postgres_url.replace("user=vpi", f"user=reader_{schema}"))


def test_servers_that_open_an_empty_database_at_once_make_one_ledger(replica: Open) -> None:
    at_once(*(lambda n=n: recorded(rates(replica()), search(f"e{n}")) for n in range(6)))
    ledger = replica()
    assert len(listed(ledger, Query())) == 6
    assert [chain.rows for chain in ledger.chains()] == [1] * 6


def test_a_database_that_loses_letters_is_refused(postgres_server: PostgresServer) -> None:
    postgres_server.start()
    with psycopg.connect(postgres_server.url(), autocommit=True) as other:
        other.execute("DROP DATABASE IF EXISTS latin")
        other.execute("CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    url = postgres_server.url().replace(":///postgres?", ":///latin?")
    with pytest.raises(CantOpen, match="the database latin keeps text as LATIN1, which loses letters"):
        PostgresLedger(url, lambda: NOW)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://vpi:s3cret%zz@localhost/x",
        "postgresql://vpi:s3cret@local host:54x/x",
        "postgresql://vpi:s3cret@[::1/x",
        "postgresql://vpi@localhost/x?password=s3cret&no_such=1",
        "postgresql://vpi:s3cret@localhost:no/x",
        "postgresql://vpi:s3cret@127.0.0.1:1/x",
        "postgresql://vpi:s3cret@no-such-host.invalid/x",
        "postgresql://vpi:s3cret@/x?host=/nowhere",
        "postgresql://vpi:%733cret@/x?host=/nowhere&sslpassword=s3cret",
        "host=/nowhere password=s3cret dbname=x nonsense",
    ],
)
def test_no_error_shows_a_password(url: str) -> None:
    with pytest.raises(CantOpen) as raised:
        PostgresLedger(url, lambda: NOW, SHORT)
    shown = "".join([str(raised.value), repr(raised.value), repr(raised.value.__cause__)])
    assert "s3cret" not in shown
    assert raised.value.__suppress_context__


def test_a_wrong_password_is_said_to_be_wrong_and_not_shown(postgres_server: PostgresServer) -> None:
    postgres_server.start()
    with psycopg.connect(postgres_server.url(), autocommit=True) as other:
        other.execute("DROP ROLE IF EXISTS guarded")
        other.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    with pytest.raises(CantOpen, match='password authentication failed for user "guarded"') as raised:
        PostgresLedger(postgres_server.url(user="guarded", password="s3cret"), lambda: NOW)
    assert "s3cret" not in str(raised.value)


def test_a_session_waits_for_the_disk_whatever_the_database_is_set_to(
    replica: Open, postgres_server: PostgresServer
) -> None:
    place = postgres_server.place()
    schema = re.search(r"search_path%3D(\w+)", place)
    assert schema is not None
    ledger = replica(place.replace(schema[0], f"{schema[0]}%20-csynchronous_commit%3Doff"))
    details = ledger.stats().details
    assert (details["synchronous_commit"], details["fsync"], details["full_page_writes"]) == ("on", "on", "on")
    assert str(details["server"]).split(".")[0].isdigit() and int(details["bytes"]) > 0


def test_a_backup_is_left_to_postgresql(ledger: PostgresLedger, tmp_path: Path) -> None:
    with pytest.raises(CantBackUp, match="pg_dump"):
        ledger.backup(tmp_path / "copy")
    assert not list(tmp_path.iterdir())


def test_a_closed_ledger_says_so(replica: Open) -> None:
    ledger = replica()
    ledger.close()
    with pytest.raises(LedgerUnavailable, match="it is closed"):
        ledger.chains()
    with pytest.raises(LedgerUnavailable, match="it is closed"):
        evaluate(rates(ledger), search())
