"""A ledger that took a concurrent load, replayed in recorded order: every price and every void comes out again."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.ledger.interface import Entry
from tests.service.cli.running import vpi
from tests.service.durability.checking import check, opened
from tests.service.durability.driver import Load
from tests.service.durability.server import RULES, running
from tests.service.durability.traffic import Traffic, chances
from tests.service.ledger.postgres_server import PostgresServer

ANSWERS, MANY = 300, 6_000


async def test_over_sqlite_with_two_workers(tmp_path: Path) -> None:
    await under_load(tmp_path, tmp_path / "ledger.db", ANSWERS)


@pytest.mark.long
@pytest.mark.parametrize("number", range(6))
async def test_longer_over_sqlite(tmp_path: Path, number: int) -> None:
    await under_load(tmp_path, tmp_path / "ledger.db", MANY, f"long {number}")


@pytest.mark.long
@pytest.mark.parametrize("number", range(6))
async def test_longer_over_postgres(tmp_path: Path, postgres_server: PostgresServer, number: int) -> None:
    postgres_server.start()
    await under_load(tmp_path, postgres_server.place(), MANY, f"long {number}")


async def under_load(folder: Path, place: Path | str, answers: int, name: str = "replay") -> None:
    """Load of every kind on two workers, voids, conflicts and refused events among it; then all of it again."""
    traffic = Traffic(chances(f"{name} {place}"))
    async with running(folder, place, workers=2) as server:
        async with Load(server.address, traffic) as load:
            await load.answered(answers)
        assert await server.stop() == 0
    with opened(str(place)) as ledger:
        check(ledger, traffic)
        rows = [record.row for record in ledger.records()]
        refused = {name: len(ledger.refused(name, 100_000)) for name in RULES}
    voids = 0
    for ruleset in RULES:
        mine = [row for row in rows if (row if isinstance(row, Entry) else row.entry).ruleset == ruleset]
        entries = sum(isinstance(row, Entry) for row in mine)
        # One ruleset has two versions, a limit, tiers and a cap.
        for engine in ("duckdb", "python") if ruleset == "shop" else ("duckdb",):
            code, data = replayed(folder, place, ruleset, "--engine", engine)
            (pair,) = data["comparisons"]
            assert code == 0, pair
            assert pair["differing"] == dict.fromkeys(("any", "outcome", "lines", "units", "price"), 0)
            assert data["events"] == entries + data["refused"]["included"]
            assert data["voids"] == len(mine) - entries
            assert sum(data["refused"].values()) == refused[ruleset]
            assert data["sides"][0]["money"] == data["sides"][1]["money"]
        voids += data["voids"]
    assert entries and voids and sum(refused.values())
    another_price_is_seen(folder, place)


def replayed(folder: Path, place: Path | str, ruleset: str, *more: object) -> tuple[int, Any]:
    """What the command says of one ruleset's history, by the rules in the folder, and its exit code."""
    arguments = ("--rules", folder / "rules", "--ruleset", ruleset, "--fail-on-diff", "--json")
    result = vpi("replay", place, *arguments, *more)
    return result.exit_code, json.loads(result.stdout)


def another_price_is_seen(folder: Path, place: Path | str) -> None:
    """The control: one digit of one rate makes a difference, which is named."""
    path = folder / "rules" / "limited" / "1.vpi"
    text = path.read_text(encoding="utf-8")
    assert text.count("1.00") == 1
    path.write_text(text.replace("1.00", "1.01"), encoding="utf-8")
    code, data = replayed(folder, place, "limited")
    (pair,) = data["comparisons"]
    assert code == 1
    assert pair["differing"]["price"] == pair["differing"]["any"] > 0
    assert all(sample["differs_in"] == ["price"] for sample in pair["samples"])
