"""When the ledger can't be written: every call is told to try again, nothing is half written, and the same process goes
on by itself when the cause ends."""

import asyncio
import resource
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.service.durability.checking import check, opened
from tests.service.durability.driver import Load, settle
from tests.service.durability.server import Server, running
from tests.service.durability.traffic import Traffic, chances
from tests.service.ledger.postgres_server import PostgresServer

TURNED_AWAY = 30
"""Calls without an answer in a row until the trouble is taken as complete."""
SMALL_BYTES = 32 * 1024
"""Less than any transaction writes."""
DISK_BYTES = 64 * 1024 * 1024
"""More than the ledger and its write-ahead log come to."""
NEEDS_MOUNT = "mounting a small file system is not permitted here; the limit of a file's size is tested instead"


async def through(
    server: Server,
    trouble: Callable[[], AbstractAsyncContextManager[None]],
    name: str,
    times: int = 2,
    turned_away: int = TURNED_AWAY,
) -> str:
    """Brings trouble over a server under load and takes it away again; all that its callers were told."""
    traffic = Traffic(chances(name))
    pid = server.pid
    reasons = ""
    for _ in range(times):
        async with Load(server.address, traffic) as load:
            await load.answered(20)
            async with trouble():
                await load.turned_away(turned_away)
            await load.answered(40)
        assert set(load.statuses) == {"OK", "UNAVAILABLE"}
        assert not load.without_retry_info
        reasons += "\n".join(load.reasons)
        with opened(server.ledger) as found:
            check(found, traffic)
        await settle(server.address, traffic)
    assert server.pid == pid
    assert await server.stop() == 0
    with opened(server.ledger) as found:
        check(found, traffic)
    return reasons


# ── the disk ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("workers", [1, 2])
async def test_no_file_may_grow_any_more(tmp_path: Path, workers: int) -> None:
    """Writing fails as it does over a quota; SQLite reports an error of the disk."""
    async with running(tmp_path, tmp_path / "ledger.db", workers) as server:

        @asynccontextmanager
        async def trouble() -> AsyncIterator[None]:
            pids = server.pids()
            for pid in pids:
                limit_file_size(pid, SMALL_BYTES)
            try:
                yield
            finally:
                for pid in pids:
                    limit_file_size(pid, resource.RLIM_INFINITY)

        said = await through(server, trouble, f"small files {workers}")
    assert "the ledger can't be used just now (the disk reports an error)" in said


def limit_file_size(pid: int, limit_bytes: int) -> None:
    """Limits how large a running process may make any file."""
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit_bytes, most))


async def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        async with running(tmp_path, disk / "ledger.db") as server:

            @asynccontextmanager
            async def trouble() -> AsyncIterator[None]:
                filler = disk / "filler"
                fill(filler)
                try:
                    yield
                finally:
                    filler.unlink()

            said = await through(server, trouble, "full disk")
    assert "the ledger can't be used just now (the disk is full)" in said


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of a few megabytes; the test is skipped where none can be mounted."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(NEEDS_MOUNT)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    """Takes all the room that is left on a disk."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


# ── the file ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("what", ["the file alone", "its folder"])
async def test_the_file_is_moved_away(tmp_path: Path, what: str) -> None:
    """What is written to a file that nobody finds is not acknowledged; moved back, it is all there."""
    folder, away = tmp_path / "data", tmp_path / "away"
    folder.mkdir()
    ledger = folder / "ledger.db"
    async with running(tmp_path, ledger) as server:

        @asynccontextmanager
        async def trouble() -> AsyncIterator[None]:
            here, there = (folder, away) if what == "its folder" else (ledger, folder / "away.db")
            here.rename(there)
            try:
                yield
            finally:
                there.rename(here)

        said = await through(server, trouble, f"moved {what}")
    assert "its file was moved or deleted" in said
    assert "it may have been recorded, a retry with the same id is safe" in said
    assert "its file can't be opened" in said


async def test_the_file_can_only_be_read_for_a_while(tmp_path: Path) -> None:
    """Permissions count when a file is opened: it is moved away, and a copy that is write-protected takes its place."""
    ledger = tmp_path / "ledger.db"
    async with running(tmp_path, ledger, privileged=False) as server:

        @asynccontextmanager
        async def trouble() -> AsyncIterator[None]:
            away = tmp_path / "away.db"
            ledger.rename(away)
            await asyncio.sleep(0.1)  # whoever wrote to it has noticed by now, and let go of it
            copy = tmp_path / "copy.db"
            shutil.copyfile(away, copy)
            copy.chmod(0o444)
            copy.rename(ledger)
            try:
                yield
            finally:
                ledger.chmod(0o644)

        said = await through(server, trouble, "write-protected", times=1)
    assert "its file can only be read" in said


async def test_a_file_that_can_only_be_read_at_the_start(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    async with running(tmp_path, ledger) as server:
        assert await server.stop() == 0
    ledger.chmod(0o444)
    assert "its file can only be read" in await not_started(tmp_path, ledger)


async def test_a_folder_that_can_only_be_read_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o555)
    said = await not_started(tmp_path, folder / "ledger.db")
    assert "its file can't be opened; is the folder there, and may it be written?" in said


async def not_started(folder: Path, ledger: Path | str) -> str:
    """What a server says that must not start, without a right to write everywhere; it ends with code 2."""
    (folder / "server.log").unlink(missing_ok=True)
    server = Server(folder, ledger, privileged=False)
    try:
        await server.begin()
        assert await server.stopped() == 2, server.log()
        assert not server.pids(), "something of it was left behind"
    finally:
        server.end()
    last = server.log().splitlines()[-1]
    assert last.startswith("vpi: ")
    assert not server.unforeseen()
    return last


# ── others ──────────────────────────────────────────────────────────────────

HOLD = """
import sys
from pysqlite3 import dbapi2
connection = dbapi2.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@pytest.mark.long
async def test_another_process_writes_for_too_long(tmp_path: Path) -> None:
    async with running(tmp_path, tmp_path / "ledger.db") as server:

        @asynccontextmanager
        async def trouble() -> AsyncIterator[None]:
            command = (sys.executable, "-c", HOLD, server.ledger)
            holder = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            try:
                assert holder.stdout is not None
                assert await holder.stdout.readline() == b"held\n"
                yield
            finally:
                holder.kill()
                await holder.wait()

        # Each call waits for SQLite's whole time-out before it is turned away.
        said = await through(server, trouble, "held", times=1, turned_away=2)
    assert "another process holds it for too long" in said


async def test_the_database_is_gone_for_a_while(tmp_path: Path, postgres_server: PostgresServer) -> None:
    postgres_server.start()

    @asynccontextmanager
    async def trouble() -> AsyncIterator[None]:
        await asyncio.to_thread(postgres_server.stop, signal.SIGQUIT)
        try:
            yield
        finally:
            await asyncio.to_thread(postgres_server.start)

    async with running(tmp_path, postgres_server.place()) as server:
        said = await through(server, trouble, "database gone")
    assert "the database can't be reached" in said


async def test_no_database_at_the_start(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """The reason is told, and no password with it."""
    postgres_server.start()
    place = postgres_server.place(password="opensesame")
    postgres_server.stop()
    try:
        said = await not_started(tmp_path, place)
    finally:
        postgres_server.start()
    assert "can't be opened" in said
    assert "opensesame" not in said
