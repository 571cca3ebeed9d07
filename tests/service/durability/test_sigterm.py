"""SIGTERM under load: calls are answered or told to try again, and nothing acknowledged is missing."""

import asyncio
import time
from pathlib import Path

import pytest

from service.rpc.draining import MOST_QUIET_SECONDS
from service.rpc.server import FLUSH_SECONDS, GRACE_SECONDS
from tests.service.durability.checking import check, opened
from tests.service.durability.driver import Load
from tests.service.durability.server import running
from tests.service.durability.traffic import Traffic, chances
from tests.service.ledger.postgres_server import PostgresServer

TIMES = 3
MOST_SECONDS = GRACE_SECONDS + MOST_QUIET_SECONDS + FLUSH_SECONDS + 1.0
"""How long the end may take, with a second for the interpreter's own."""


@pytest.mark.parametrize("number", [0, 1])
async def test_sigterm_over_sqlite(tmp_path: Path, number: int) -> None:
    await stop_again_and_again(tmp_path, tmp_path / "ledger.db", 1, TIMES, f"sigterm {number}")


@pytest.mark.long
@pytest.mark.parametrize("number", range(10))
async def test_many_sigterms_over_sqlite(tmp_path: Path, number: int) -> None:
    await stop_again_and_again(tmp_path, tmp_path / "ledger.db", 1 + number % 2, 5, f"sigterms {number}")


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
async def test_sigterm_over_postgres(tmp_path: Path, postgres_server: PostgresServer, workers: int) -> None:
    postgres_server.start()
    await stop_again_and_again(tmp_path, postgres_server.place(), workers, TIMES, "sigterm postgres")


async def stop_again_and_again(folder: Path, ledger: Path | str, workers: int, times: int, name: str) -> None:
    """Stops a server under load and starts it again; callers go on all the time, and so meet its end in every state."""
    traffic = Traffic(chances(f"{name} {workers}"))
    async with running(folder, ledger, workers) as server:
        for time_ in range(times):
            if time_:
                await server.start()
            # Anything but an answer or UNAVAILABLE makes the load fail.
            async with Load(server.address, traffic) as load:
                await load.answered(traffic.chance.randrange(20, 120))
                await asyncio.sleep(traffic.chance.random() * 0.02)
                server.terminate()
                began = time.monotonic()
                assert await server.stopped() == 0, server.log()
                assert time.monotonic() - began < MOST_SECONDS
            assert set(load.statuses) == {"OK", "UNAVAILABLE"}
            # Before anything is sent again: what is missing now was lost.
            with opened(server.ledger) as found:
                check(found, traffic)
