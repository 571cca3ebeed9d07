"""The README's example of the client, run as it stands."""

import asyncio
import re
from pathlib import Path

import pytest

from service.evaluator import Evaluator
from service.ledger.memory import MemoryLedger
from service.loading import check_files, find, registry_of
from service.rpc.server import start
from service.shipped import shipped_rules

PAGE = Path(__file__).parents[3] / "service/README.md"
ADDRESS = "127.0.0.1:50051"
NOON = 1_784_116_800_000_000
"""2026-07-15T12:00:00Z."""


def clock() -> int:
    return NOON


async def test_the_example_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```\s+```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    ((code, printed),) = [found for found in blocks if "service.client" in found[0]]
    assert code.count(ADDRESS) == 1
    rules = shipped_rules()
    registry = registry_of(check_files(find([str(rules / "proptech")], rules)))
    running = await start(Evaluator(registry, MemoryLedger(clock), clock), "127.0.0.1:0", clock)
    await asyncio.to_thread(exec, code.replace(ADDRESS, running.address), {"__name__": "example"})
    await running.stop(0)
    assert capsys.readouterr().out == printed
