"""Ctrl-C in every part of `vpi replay`: it ends at once, and leaves nothing half-written."""

import signal
import time
from pathlib import Path

import pytest

from service.cli.ledgers import ledger_at
from service.cloudevents import parse_event
from service.evaluator import Evaluator
from service.publishing import registry_from
from service.times import now
from tests.service.cli.running import finished, process, sale, vpi, write_shop

EVENTS = 40_000
AT_ONCE_SECONDS = 5.0
"""Far less than what is left to do takes on a machine with other work, and far more than ending takes."""
DEARER = ("version   1", "version   2"), ("2% of", "3% of")
PLACES = {
    "reading": "prepared/events-00000.parquet",
    "finding what repeats": "work/replay.duckdb",
    "pricing": "side0/replay.duckdb",
    "pricing by the other rules": "side1/replay.duckdb",
    "comparing": "comparison.duckdb",
}
"""What stands in the temporary folder from each part of the work on."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with two versions, and many sales, each of them sent twice."""
    folder = tmp_path_factory.mktemp("shop")
    path = write_shop(folder)
    text = path.read_text(encoding="utf-8").split("\nexample")[0]
    for old, new in DEARER:
        text = text.replace(old, new)
    path.with_name("2.vpi").write_text(text, encoding="utf-8")
    lines = [sale(f"s{number % (EVENTS // 2)}", number % 90 + 1) for number in range(EVENTS)]
    (folder / "sales.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("part", "engine"),
    [*((part, "duckdb") for part in PLACES), ("pricing", "python"), ("pricing by the other rules", "python")],
)
def test_it_ends_at_once_and_leaves_nothing(shop: Path, tmp_path: Path, part: str, engine: str) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    written = [tmp_path / name for name in ("report.html", "changes.jsonl", "golden.jsonl")]
    files = [
        part
        for option, path in zip(("report", "changes", "expect"), written, strict=True)
        for part in (f"--{option}", path)
    ]
    rules = ("--rules", "shop@2", "--against", "shop@1", "--engine", engine)
    with process(
        "replay", "sales.jsonl", *rules, *files, "--update", cwd=shop, env={"TMPDIR": str(temporary)}
    ) as running:
        while not list(temporary.glob(f"vpi-replay-*/{PLACES[part]}")):
            assert running.poll() is None, finished(running)
            time.sleep(0.002)
        running.send_signal(signal.SIGINT)
        told = time.monotonic()
        code, out, err = finished(running)
    assert (code, out) == (130, "")
    assert time.monotonic() - told < AT_ONCE_SECONDS
    assert err.endswith("vpi: interrupted; nothing is left half-written\n")
    assert [*temporary.iterdir()] == []
    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]


def test_a_folder_that_was_to_be_kept_is_not_there(shop: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with process("replay", "sales.jsonl", "--rules", "shop@1", "--prepared", kept, cwd=shop) as running:
        while not (tmp_path / ".kept.part" / "events-00000.parquet").exists():
            assert running.poll() is None, finished(running)
            time.sleep(0.002)
        running.send_signal(signal.SIGINT)
        code, _, _ = finished(running)
    assert code == 130
    assert [*tmp_path.iterdir()] == []


def test_a_ledger_that_is_read_is_let_go(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    ledger, temporary = tmp_path / "ledger.db", tmp_path / "temporary"
    temporary.mkdir()
    assert vpi("publish", "rules/shop/1.vpi", "--ledger", ledger).exit_code == 0
    with ledger_at(str(ledger)) as opened:
        sales = (shop / "sales.jsonl").read_bytes().splitlines()[: EVENTS // 4]
        evaluator = Evaluator(registry_from(opened.published()), opened, now)
        evaluator.evaluate("shop", [parse_event(line) for line in sales])
    with process("replay", ledger, "--rules", "shop@1", cwd=shop, env={"TMPDIR": str(temporary)}) as running:
        while not list(temporary.glob("vpi-replay-*/recorded-prices")):
            assert running.poll() is None, finished(running)
            time.sleep(0.002)
        running.send_signal(signal.SIGINT)
        code, out, err = finished(running)
    assert (code, out) == (130, ""), err
    assert [*temporary.iterdir()] == []
