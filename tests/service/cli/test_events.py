"""`vpi evaluate` and `vpi explain`: events in, prices out, offline or through a server."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.cli.running import RULES, SHOP, data_of, no_traceback, sale, server, vpi, write_shop

FIELDS = [
    "source", "event_id", "outcome", "interaction", "units", "price", "currency", "lines", "ruleset", "version",
    "duplicate", "reason", "warnings",
]  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with `rules/shop/1.vpi`, and nothing else, as the current one."""
    monkeypatch.chdir(tmp_path)
    return write_shop(tmp_path)


def lines(text: str) -> list[dict[str, Any]]:
    """The documents of JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


# ── evaluate ────────────────────────────────────────────────────────────────


def test_one_event(shop: Path) -> None:
    result = vpi("evaluate", "-", stdin=sale())
    assert result.exit_code == 0
    assert result.stderr == "1 event: 1 counted\n"
    (answer,) = lines(result.stdout)
    assert list(answer) == FIELDS
    assert (answer["outcome"], answer["price"], answer["units"]) == ("OUTCOME_COUNTED", "1", "1")
    assert answer["lines"] == [{"interaction": "sold", "units": "1", "noun": "unit", "price": "1"}]
    assert (answer["event_id"], answer["ruleset"], answer["version"], answer["duplicate"]) == ("s1", "shop", 1, False)


@pytest.mark.parametrize("rules", ["rules", "rules/shop", "rules/shop/1.vpi", "shop@1"])
def test_where_the_rules_are(shop: Path, rules: str) -> None:
    assert vpi("evaluate", "-", "--rules", rules, stdin=sale()).exit_code == 0


def test_bad_lines_keep_their_place(shop: Path) -> None:
    events = [sale("s1"), "", "   ", '{"id": ', sale("s2", -1), "\u00e4", sale("s3"), sale("s1"), sale("s3", 60)]
    data = "\ufeff" + "\r\n".join(events)
    result = vpi("evaluate", "-", stdin=data.encode())
    assert result.exit_code == 1
    answers = lines(result.stdout)
    assert [answer.get("line") for answer in answers] == [None, 4, 5, 6, None, None, 9]
    assert [answer["event_id"] for answer in answers] == ["s1", None, "s2", None, "s3", "s1", "s3"]
    codes = [answer["error"]["code"] for answer in answers if "error" in answer]
    assert codes == ["MALFORMED_EVENT", "EVENT_REFUSED", "MALFORMED_EVENT", "ID_TAKEN"]
    assert answers[2]["error"]["violations"] == [
        {"field": "data.amount", "reason": "OUT_OF_RANGE", "description": "`amount` is -1; 0 to 1000 is allowed"}
    ]
    assert answers[5]["duplicate"]


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n \n", b"\xef\xbb\xbf"])
def test_no_events(shop: Path, data: bytes) -> None:
    result = vpi("evaluate", "-", stdin=data)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no events\n")


def test_which_ruleset(shop: Path) -> None:
    other = write_shop(Path("two"), SHOP)
    other.parent.rename("rules/second")
    Path("rules/second/1.vpi").write_text(SHOP.replace("ruleset   shop", "ruleset   second"))
    unclear = vpi("evaluate", "-", stdin=sale())
    assert (unclear.exit_code, unclear.stdout) == (2, "")
    assert "second" in unclear.stderr
    assert "shop" in unclear.stderr
    assert vpi("evaluate", "-", "--ruleset", "second", stdin=sale()).exit_code == 0
    assert vpi("evaluate", "-", stdin=sale(), VPI_RULESET="second").exit_code == 0
    unknown = vpi("evaluate", "-", "--ruleset", "shpo", stdin=sale())
    assert unknown.exit_code == 2
    assert "shpo" in unknown.stderr
    assert vpi("evaluate", "-", "--ruleset", "shop", "--version", 7, stdin=sale()).exit_code == 2


def test_wrong_rules(shop: Path) -> None:
    shop.write_text(SHOP.replace("amount > 0", "amont > 0"))
    for command in ("evaluate", "explain"):
        result = vpi(command, "-", stdin=sale())
        assert (result.exit_code, result.stdout) == (1, "")
        assert "error[unknown-attribute]" in result.stderr


def test_offline_and_through_a_server_are_one(tmp_path: Path) -> None:
    """Every shipped event gets the same answer, field by field, whichever way it takes."""
    files = sorted((RULES / "proptech" / "events").glob("*.jsonl"))
    events = tmp_path / "all.jsonl"
    events.write_bytes(b"".join(path.read_bytes().removesuffix(b"\n") + b"\n" for path in files))
    offline = vpi("evaluate", events, "--rules", RULES, "--ruleset", "proptech")
    with server(RULES) as (address, _):
        dry = vpi("evaluate", events, "--server", address, "--ruleset", "proptech", "--dry-run")
        online = vpi("evaluate", events, "--server", address, "--ruleset", "proptech")
    assert offline.exit_code == online.exit_code == dry.exit_code == 1
    ours, theirs = lines(offline.stdout), lines(online.stdout)
    assert len(ours) == len(theirs) == len(lines(dry.stdout)) > 3000
    assert [comparable(answer) for answer in ours] == [comparable(answer) for answer in theirs]


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """All of an answer, but of an error what each way says alike.

    When an id was recorded is each ledger's own, and a message can't carry a `subject` that is a number.
    """
    if "error" not in answer:
        return answer
    error = answer["error"]
    inside = [violation for violation in error["violations"] if violation["field"].startswith("data.")]
    return {"line": answer["line"], "code": error["code"], "violations": inside}


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "nowhere.invalid:50051", "nonsense", "[::1", ":", "127.0.0.1:99999"]
)
def test_a_server_that_is_not_there(shop: Path, address: str) -> None:
    result = vpi("evaluate", "-", "--server", address, stdin=sale())
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("vpi: ")
    assert address in result.stderr
    assert no_traceback(result.stderr)


# ── explain ─────────────────────────────────────────────────────────────────


def test_an_event_of_before_the_rules_is_explained_if_one_insists(shop: Path) -> None:
    early = sale("old").replace("2026-02", "2025-02")
    result = vpi("explain", "-", stdin=early)
    assert result.exit_code == 1
    assert result.stdout.endswith(". With `--version N` it is priced whatever its time\n")
    assert "sold: 1 unit, 1.00 EUR" in vpi("explain", "-", "--version", 1, stdin=early).stdout


def test_explaining_an_event(shop: Path) -> None:
    result = vpi("explain", "-", stdin="\n".join([sale("s1"), sale("s2", 0)]))
    assert result.exit_code == 0
    assert "shop version 1: not counted: amount is 0, sold needs > 0" in result.stdout
    assert "✗" in result.stdout
    first = vpi("explain", "-", "--id", "s1", stdin="\n".join([sale("s1"), sale("s2", 0)]))
    assert "sold: 1 unit, 1.00 EUR" in first.stdout
    data = data_of(vpi("explain", "-", "--json", stdin=sale()))
    assert list(data) == [*FIELDS, "steps"]


def test_explaining_what_is_no_event(shop: Path) -> None:
    refused = vpi("explain", "-", stdin=sale("s1", "x"))
    assert refused.exit_code == 1
    assert "data.amount: `amount` is a number" in refused.stdout
    for data, said in (
        ("", "no event in standard input"),
        ("{", "line 1: not JSON at column 2"),
        (sale(), "no event with the id s9"),
    ):
        result = vpi("explain", "-", *(["--id", "s9"] if data == sale() else []), stdin=data)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr
    skipped = vpi("explain", "-", stdin="{\n" + sale())
    assert skipped.exit_code == 0
    assert "line 1" in skipped.stderr
