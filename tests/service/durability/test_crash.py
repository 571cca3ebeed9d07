"""Killed at any moment, started again: every acknowledged event is there exactly once, and nothing is counted twice."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from tests.service.durability.checking import check, opened
from tests.service.durability.driver import Load, settle
from tests.service.durability.server import Server, queued_seconds, running
from tests.service.durability.traffic import Traffic, chances
from tests.service.ledger.postgres_server import PostgresServer

MOST_RECOVERY_SECONDS = 2.0
CYCLES = 5
"""Cycles over one ledger."""
MOST_ANSWERS = 120
"""How many calls a load may have answered until something is killed, and then a moment is waited."""
LONGEST_MOMENT_SECONDS = 0.02

Crash = Callable[[Server, Load], Awaitable[None]]
"""Kills something under load; when it returns, the server serves again."""


@pytest.mark.parametrize(("workers", "number"), [(1, 0), (1, 1), (2, 0)])
async def test_crashes_over_sqlite(tmp_path: Path, workers: int, number: int) -> None:
    await crash_again_and_again(tmp_path, tmp_path / "ledger.db", workers, f"crashes {number}")


@pytest.mark.long
@pytest.mark.parametrize("number", range(60))
async def test_many_crashes_over_sqlite(tmp_path: Path, number: int) -> None:
    await crash_again_and_again(tmp_path, tmp_path / "ledger.db", 1 + number % 2, f"many crashes {number}")


async def test_crashes_over_postgres(tmp_path: Path, postgres_server: PostgresServer) -> None:
    await crash_with_postgres(tmp_path, postgres_server, 1, "postgres")


@pytest.mark.long
@pytest.mark.parametrize("number", range(12))
async def test_many_crashes_over_postgres(tmp_path: Path, postgres_server: PostgresServer, number: int) -> None:
    await crash_with_postgres(tmp_path, postgres_server, 1 + number % 2, f"postgres {number}")


async def crash_with_postgres(folder: Path, database: PostgresServer, workers: int, name: str) -> None:
    """As over SQLite; in some cycles the database is killed, alone or together with the server."""

    async def of_the_database(server: Server, load: Load) -> None:
        await asyncio.to_thread(database.stop, signal.SIGQUIT)
        await asyncio.sleep(0.1)
        await asyncio.to_thread(database.start)
        await load.answered(20)

    async def of_both(server: Server, load: Load) -> None:
        await asyncio.to_thread(database.stop, signal.SIGQUIT)
        server.kill()
        await asyncio.to_thread(database.start)
        await server.start()

    database.start()
    try:
        await crash_again_and_again(folder, database.place(), workers, name, (of_the_database, of_both))
    finally:
        database.start()


async def crash_again_and_again(
    folder: Path, ledger: Path | str, workers: int, name: str, more: Sequence[Crash] = ()
) -> None:
    """Crashes of every kind under load; the ledger is checked after each, and once more at the end."""
    chance = chances(f"{name} {workers}")
    traffic = Traffic(chance)

    async def of_a_worker(server: Server, load: Load) -> None:
        before = server.replacements()
        os.kill(chance.choice(server.worker_pids()), signal.SIGKILL)
        # The others go on, and so do the callers.
        await load.answered(20)
        await load.end()
        await server.replaced(before + 1)

    async def of_a_recorder(server: Server, load: Load) -> None:
        before, recorders = server.recorded_again(), server.recorder_pids()
        pids, began = (server.pid, os.getpid()), time.monotonic()
        queued = sum(map(queued_seconds, pids))
        os.kill(chance.choice(recorders), signal.SIGKILL)
        await server.recorder_replaced(before + workers)
        (fresh,) = set(server.recorder_pids()) - set(recorders)
        # Time in line for a processor is taken off, as it is for a start.
        queued = queued_seconds(fresh) + sum(map(queued_seconds, pids)) - queued
        assert time.monotonic() - began - queued < MOST_RECOVERY_SECONDS
        # The server has gone on, and so do the callers.
        await load.answered(20)
        await load.end()
        assert set(load.statuses) <= {"OK", "UNAVAILABLE"}
        assert not load.without_retry_info

    kinds = [of_all, of_the_server, of_a_recorder, *([of_a_worker] if workers > 1 else []), *more]
    crashes = (kinds * CYCLES)[:CYCLES]
    chance.shuffle(crashes)
    async with running(folder, ledger, workers) as server:
        for crash in crashes:
            async with Load(server.address, traffic) as load:
                await load.answered(chance.randrange(5, MOST_ANSWERS))
                await asyncio.sleep(chance.random() * LONGEST_MOMENT_SECONDS)
                await crash(server, load)
            assert server.recovery_seconds < MOST_RECOVERY_SECONDS
            with opened(server.ledger) as found:
                check(found, traffic)
            await settle(server.address, traffic)
        assert await server.stop() == 0
    with opened(server.ledger) as found:
        check(found, traffic)


async def of_all(server: Server, load: Load) -> None:
    """The server with all its workers."""
    server.kill()
    await load.end()
    await server.start()


async def of_the_server(server: Server, load: Load) -> None:
    """The process that was started, alone: its workers and recorders notice, and end while their successors begin."""
    server.kill(all_of_it=False)
    await load.end()
    await server.start()
