"""`vpi usage`, `evaluations`, `void` and `publish`: in a ledger itself or through a server, with one outcome."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from service.cloudevents import parse_event
from service.evaluator import Evaluator
from service.ledger.interface import Entry
from service.ledger.sqlite import SqliteLedger
from service.publishing import registry_from
from service.times import now
from tests.service.cli.running import SALE, SHOP, data_of, no_traceback, sale, server, vpi, write_shop

Ask = Callable[..., Result]
ODD = sale("odd").replace("50", "12345678901234567890.1234567890123")
SECOND = SHOP.replace("version   1", "version   2").replace("2026-01-01", "2026-03-01").replace("2%", "4%")
SECOND = SECOND.replace("1.00", "2.00")


@pytest.fixture(scope="module", params=["ledger", "server"])
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Runs a command that only reads on the shop's ledger: with it, or through its server."""
    with _asking(tmp_path_factory.mktemp("shop"), request.param == "server") as ask:
        yield ask


@pytest.fixture(params=["ledger", "server"])
def ask(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Runs a command on a shop's ledger that is its own, in the shop's folder: with it, or through its server."""
    monkeypatch.chdir(tmp_path)
    with _asking(tmp_path, request.param == "server") as ask:
        yield ask


@contextmanager
def _asking(folder: Path, through_server: bool) -> Iterator[Ask]:
    """The shop's ledger with three evaluations and three refused events."""
    write_shop(folder)
    place = folder / "shop.db"
    assert vpi("publish", folder / "rules", "--ledger", place).exit_code == 0
    with closing(SqliteLedger(place, now)) as ledger:
        events = [sale("s1"), sale("s2", 0.1), sale("s3", 0), sale("s4", -1), ODD, sale("s6").replace("sale", "sael")]
        Evaluator(registry_from(ledger.published()), ledger, None).evaluate("shop", list(map(parse_event, events)))
    if through_server:
        with server(folder / "rules", place) as (address, _):
            yield lambda *arguments: vpi(*arguments, "--server", address)
    else:
        yield lambda *arguments: vpi(*arguments, "--ledger", place)


def lines(result: Result) -> list[Any]:
    """The documents of JSON lines."""
    return [json.loads(line) for line in result.stdout.splitlines()]


# ── usage ───────────────────────────────────────────────────────────────────


def test_usage_by_interaction(read: Ask) -> None:
    result = read("usage", "acme", "--period", "2026-02")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.split() for line in result.stdout.splitlines()] == [
        "acme in 2026-02 by shop, UTC".split(),
        [],
        ["interaction", "events", "units", "unit", "EUR"],
        ["sold", "2", "2", "unit", "1.002"],
        [],
        ["total", "2", "1.002"],
    ]
    assert data_of(read("usage", "acme", "--period", "2026-02", "--json")) == {
        "ruleset": "shop",
        "subject": "acme",
        "period": "2026-02",
        "start_time": "2026-02-01T00:00:00Z",
        "end_time": "2026-03-01T00:00:00Z",
        "timezone": "UTC",
        "currency": "EUR",
        "interactions": [{"interaction": "sold", "events": 2, "units": "2", "noun": "unit", "price": "1.002"}],
        "price": "1.002",
    }
    assert data_of(read("usage", "nobody", "--period", "2026", "--json"))["interactions"] == []
    assert read("usage", "nobody", "--period", "2026").stdout == "nobody in 2026 by shop, UTC\n\nnothing counted\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("acme", "--period", "2026-13"), "vpi: --period: there is no month `2026-13`"),
        (("acme", "--ruleset", "shpo"), "there is no ruleset `shpo`; did you mean `shop`?"),
        (("",), "name the customer"),
    ],
)
def test_usage_of_nothing(read: Ask, arguments: tuple[str, ...], said: str) -> None:
    result = read("usage", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert no_traceback(result.stderr)


# ── evaluations ─────────────────────────────────────────────────────────────


def test_what_is_recorded(read: Ask) -> None:
    entries = lines(read("evaluations", "--json"))
    assert [entry["event"]["id"] for entry in entries] == ["s1", "s2", "s3"]
    assert list(entries[0]) == [
        "sequence", "record_time", "event", "evaluation", "is_void", "is_voided", "content_sha256", "chain_position",
        "chain_sha256",
    ]  # fmt: skip
    assert entries[1]["event"] == {"id": "s2"} | SALE | {"data": {"amount": 0.1}}
    assert (entries[1]["evaluation"]["price"], entries[1]["is_void"]) == ("0.002", False)
    table = read("evaluations").stdout
    assert "counted as sold: amount 50 > 0" in table
    assert len(table.splitlines()) == 4


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (("--subject", "acme"), ["s1", "s2", "s3"]),
        (("--subject", "nobody"), []),
        (("--source", "/till", "--id", "s2"), ["s2"]),
        (("--outcome", "not-counted"), ["s3"]),
        (("--interaction", "sold"), ["s1", "s2"]),
        (("--limit", "1"), ["s1"]),
        (("--ruleset", "shop", "--subject", "acme", "--start", "2026-02-01T10:00:00Z"), ["s1", "s2", "s3"]),
        (("--subject", "acme", "--end", "2026-02-01T10:00:00Z"), []),
    ],
)
def test_filters(read: Ask, filters: tuple[str, ...], ids: list[str]) -> None:
    assert [entry["event"]["id"] for entry in lines(read("evaluations", "--json", *filters))] == ids
    if not ids:
        assert read("evaluations", *filters).stdout == "nothing found\n"


def test_what_was_refused(read: Ask) -> None:
    refused = lines(read("evaluations", "--refused", "--json"))
    assert [(one["event"]["id"], one["reason"]["code"]) for one in refused] == [
        ("s4", "EVENT_REFUSED"),
        ("odd", "EVENT_REFUSED"),
        ("s6", "OK"),
    ]
    table = read("evaluations", "--refused").stdout
    assert "data.amount: `amount` is -1; 0 to 1000 is allowed" in table
    assert "the nearest declared one is `sale`" in table


def test_refused_events_can_be_sent_again_as_they_came(read: Ask, tmp_path: Path) -> None:
    write_shop(tmp_path)
    result = read("evaluations", "--refused", "--as-events")
    again = vpi("evaluate", "-", "--rules", tmp_path / "rules", stdin=result.stdout)
    assert [line.get("outcome") or line["error"]["code"] for line in lines(again)] == [
        "EVENT_REFUSED",
        "EVENT_REFUSED",
        "OUTCOME_UNKNOWN_EVENT",
    ]
    assert "12345678901234567890.1234567890123" in result.stdout


def test_recorded_events_sent_again_are_duplicates(ask: Ask, tmp_path: Path) -> None:
    ask("void", "s1", "--source", "/till", "--reason", "a test")
    events = ask("evaluations", "--as-events").stdout.splitlines()
    assert len(events) == 3
    with closing(SqliteLedger(tmp_path / "shop.db", now)) as ledger:
        evaluator = Evaluator(registry_from(ledger.published()), ledger, None)
        again = evaluator.evaluate("shop", list(map(parse_event, events)))
    assert [isinstance(answer, Entry) and answer.duplicate for answer in again] == [True] * 3


# ── void ────────────────────────────────────────────────────────────────────


def test_a_void_takes_money_back_once(ask: Ask) -> None:
    first = ask("void", "s1", "--source", "/till", "--reason", "a test")
    assert first.exit_code == 0
    assert "sold: -1 unit, -1.00 EUR" in first.stdout
    again = data_of(ask("void", "s1", "--source", "/till", "--reason", "another", "--json"))
    assert list(again) == ["evaluation", "record_time"]
    assert (again["evaluation"]["duplicate"], again["evaluation"]["reason"]) == (True, "a test")
    assert data_of(ask("usage", "acme", "--period", "2026-02", "--json"))["price"] == "0.002"
    entries = lines(ask("evaluations", "--id", "s1", "--json"))
    assert [(entry["is_void"], entry["is_voided"]) for entry in entries] == [(False, True), (True, False)]
    assert "it had not counted" in ask("void", "s3", "--source", "/till", "--reason", "a test").stdout


def test_a_void_of_nothing(ask: Ask) -> None:
    result = ask("void", "s9", "--source", "/till", "--reason", "a test")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "vpi: no evaluation is recorded under this source and id in shop\n"


# ── publish ─────────────────────────────────────────────────────────────────


def test_a_version_is_published_once(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "rules/shop/2.vpi").write_text(SECOND, encoding="utf-8")
    first = ask("publish", "rules")
    assert first.stdout.splitlines() == [
        "shop version 1 was published before; nothing changed",
        "published shop version 2, in force from 2026-03-01T00:00:00Z",
    ]
    again = data_of(ask("publish", "shop@2", "--json"))
    assert [list(one) for one in again["versions"]] == [["version", "already_published", "warnings"]]
    assert again["versions"][0]["version"]["effective_time"] == "2026-03-01T00:00:00Z"


def test_a_published_version_never_changes(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "rules/shop/1.vpi").write_text(SHOP.replace("2%", "3%").replace("1.00", "1.50"), encoding="utf-8")
    result = ask("publish", "rules")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "version 1 of shop was published" in result.stderr
    assert "and never changes; give what is new the next number" in result.stderr


def test_what_does_not_fit_with_what_is_published(ask: Ask, tmp_path: Path) -> None:
    folder = tmp_path / "apart" / "shop"
    folder.mkdir(parents=True)
    other = folder / "2.vpi"
    other.write_text(SECOND.replace("EUR", "USD"), encoding="utf-8")
    result = ask("publish", other)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "2.vpi:" in result.stderr
    assert no_traceback(result.stderr)


def test_a_wrong_file_is_not_sent(ask: Ask, tmp_path: Path) -> None:
    rules = tmp_path / "rules/shop/1.vpi"
    for text, said in (
        (SHOP.replace("amount > 0", "amont > 0"), "unknown-attribute"),
        (SHOP.replace("1.00", "9.00"), "example-failed"),
    ):
        rules.write_text(text, encoding="utf-8")
        result = ask("publish", "rules")
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"error[{said}]" in result.stderr
    assert result.stderr.endswith("vpi: nothing is published: 1 example failed\n")


# ── which of the two ────────────────────────────────────────────────────────


def test_what_is_nearer_to_the_command_line_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    nowhere = "127.0.0.1:1"
    assert nowhere in vpi("usage", "acme", "--server", nowhere, VPI_LEDGER="shop.db").stderr
    assert "no ledger shop.db" in vpi("usage", "acme", "--ledger", "shop.db", VPI_SERVER=nowhere).stderr
    assert nowhere in vpi("usage", "acme", VPI_SERVER=nowhere).stderr
    Path("vpi.toml").write_text(f'server = "{nowhere}"\n')
    assert "no ledger shop.db" in vpi("usage", "acme", VPI_LEDGER="shop.db").stderr


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    for arguments in (("usage", "acme"), ("evaluations",), ("void", "s1", "--source", "x", "--reason", "y")):
        result = vpi(*arguments, "--server", "127.0.0.1:1")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("vpi: 127.0.0.1:1 answered UNAVAILABLE: ")
