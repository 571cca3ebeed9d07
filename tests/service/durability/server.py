"""The real server as a process of its own: started, killed, started again, and gone when its test ends."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO
from uuid import uuid4

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.service.rules import FIRST, LIMITED, SECOND_VERSION, VOLUME, ZONED, ZONED_LATER

ROOT = Path(__file__).parents[3]
RULES = {
    "shop": (FIRST, SECOND_VERSION),
    "limited": (LIMITED,),
    "volume": (VOLUME,),
    "zoned": (ZONED, ZONED_LATER),
}
LONGEST_SECONDS = 60.0
"""Far more than anything takes; past it a test fails instead of hanging."""
TAG = "VPI_TEST_SERVER"
"""A variable in the environment of a server and of all that it starts, by which they are found."""

# The imports are apart: what is asked of a restart is how soon the ledger is served again, and Python's own time is the
# same for an empty ledger. CLOCK_MONOTONIC is one for all processes.
BOOT = """
import ctypes, json, sys, time
begun = time.monotonic()
libc = ctypes.CDLL(None)
libc.prctl(1, 9, 0, 0, 0)
if sys.argv.pop(1) == "unprivileged":
    libc.prctl(28, 3, 0, 0, 0)
    libc.syscall({capset}, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
import service.cli.main, service.cli.serve, service.cli.worker, service.ledger.sqlite
print(json.dumps([begun, time.monotonic()]), flush=True)
service.cli.main.main(prog_name="vpi")
"""
# PR_SET_PDEATHSIG: the server dies with the test's process, however that ends. capset, by its number: without its
# capabilities root may write only what its own files allow, as any other user. PR_SET_SECUREBITS with SECBIT_NOROOT,
# locked: a process that it starts gets none back.
CAPSET = {"x86_64": 126, "aarch64": 91}
CHANNEL = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
"""Each channel is a connection of its own, so that all workers get some."""


class Server:
    """`vpi serve` over one ledger, with the rules in the folder; its log is there too."""

    def __init__(self, folder: Path, ledger: str | Path, workers: int = 1, privileged: bool = True) -> None:
        self.folder = folder
        self.ledger = str(ledger)
        self.workers = workers
        self.address = ""
        self.recovery_seconds = 0.0
        self._privileged = privileged
        self._log = folder / "server.log"
        self._tag = uuid4().hex
        # A test's own folder lies too deep for the path of a socket. What is killed leaves its folder behind.
        self._temporary = tempfile.TemporaryDirectory(prefix="vpi-test-")
        self._process: subprocess.Popen[bytes] | None = None
        write_rules(folder / "rules")

    # ── starting ────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Starts it and waits until its health is SERVING; `recovery_seconds` is then how long that took.

        It is measured from the moment when the process has imported all that it needs. Workers are interpreters of
        their own, which import the same once more, side by side: that is taken off as well. So is the time in which
        these processes, recorders or this one stood in line for a processor: what else the machine does is not theirs.
        """
        begun, imported = json.loads(await self.begin())
        queued = queued_seconds(self.pid), queued_seconds(os.getpid())
        line = await self._line()
        assert line, f"the server did not start:\n{self.log()}"
        self.address = json.loads(line)["address"]
        await self.serving()
        assert self._privileged or not any(map(capabilities, self.pids())), "it has rights that other users have not"
        wall = time.monotonic() - imported
        wall -= queued_seconds(self.pid) - queued[0] + queued_seconds(os.getpid()) - queued[1]
        if self.workers > 1:
            wall -= imported - begun - queued[0] + max(map(queued_seconds, self.worker_pids()))
        wall -= max(map(queued_seconds, self.recorder_pids()))
        self.recovery_seconds = wall

    async def begin(self) -> bytes:
        """Starts it; the first line that it prints, which is when its imports began and ended."""
        self._launch()
        return await self._line()

    def _launch(self) -> None:
        assert self._process is None, "it runs"
        boot = BOOT.format(capset=CAPSET.get(os.uname().machine, -1))
        arguments = ["--rules", self.folder / "rules", "--ledger", self.ledger, "--address", "127.0.0.1:0"]
        command = [sys.executable, "-c", boot, "privileged" if self._privileged else "unprivileged", "serve"]
        command += [*map(str, arguments), "--workers", str(self.workers), "--json"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ
            | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}", TAG: self._tag, "TMPDIR": self._temporary.name},
            start_new_session=True,
        )
        # Through a pipe: limits that a test sets to the server's files are not for its log.
        self._copying = Thread(target=copy_to_file, args=(self._process.stderr, self._log), daemon=True)
        self._copying.start()

    async def _line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        return await asyncio.wait_for(asyncio.to_thread(self._process.stdout.readline), LONGEST_SECONDS)

    async def serving(self) -> None:
        """Waits until its health is SERVING."""
        until = time.monotonic() + LONGEST_SECONDS
        async with grpc.aio.insecure_channel(self.address, options=CHANNEL) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            while True:
                with suppress(grpc.aio.AioRpcError):
                    answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
                    if answer.status == health_pb2.HealthCheckResponse.SERVING:
                        return
                assert time.monotonic() < until, f"the server does not serve:\n{self.log()}"
                await asyncio.sleep(0.005)

    # ── ending ──────────────────────────────────────────────────────────────

    @property
    def pid(self) -> int:
        """The process that was started."""
        assert self._process is not None
        return self._process.pid

    def worker_pids(self) -> list[int]:
        """The worker processes that run; none where one process serves."""
        # The command of the process that was started names the modules of all.
        return [pid for pid in self.pids() if pid != self.pid and "service.cli.worker" in command_of(pid)]

    def recorder_pids(self) -> list[int]:
        """The process that records; there is but one."""
        return [pid for pid in self.pids() if pid != self.pid and "service.cli.recorder" in command_of(pid)]

    def pids(self) -> list[int]:
        """All processes of it that run."""
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if f"{TAG}={self._tag}".encode() in environment.read_bytes():
                    found.append(int(environment.parent.name))
        return found

    def kill(self, *, all_of_it: bool = True) -> None:
        """Kills it with SIGKILL at once, with its workers and recorders or without; they end by themselves then."""
        pids = [pid for pid in self.pids() if pid != self.pid] if all_of_it else []
        for pid in (self.pid, *pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._gone(LONGEST_SECONDS)

    def terminate(self) -> None:
        """Tells it to stop."""
        os.kill(self.pid, signal.SIGTERM)

    async def stopped(self) -> int:
        """Waits until it has ended by itself; its exit code."""
        assert self._process is not None
        await asyncio.to_thread(self._process.wait, LONGEST_SECONDS)
        return self._gone(0)

    async def stop(self) -> int:
        """Stops it gracefully; its exit code."""
        self.terminate()
        return await self.stopped()

    def _gone(self, seconds: float) -> int:
        process, self._process = self._process, None
        assert process is not None
        code = process.wait(seconds)
        assert process.stdout is not None
        process.stdout.close()
        # Workers that outlive it for a moment still have something to say.
        self._copying.join(0.2)
        return code

    def replacements(self) -> int:
        """How often a worker has taken another's place."""
        return self.log().count("serves again")

    async def replaced(self, times: int) -> None:
        """Waits until workers have taken others' places so many times."""
        await self._until(lambda: self.replacements() >= times, "no worker took the other's place")

    def recorded_again(self) -> int:
        """How often a recorder has taken another's place."""
        return self.log().count("events are recorded again")

    async def recorder_replaced(self, times: int) -> None:
        """Waits until recorders have taken others' places so many times."""
        await self._until(lambda: self.recorded_again() >= times, "no recorder took the other's place")

    async def _until(self, condition: Callable[[], bool], fault: str) -> None:
        until = time.monotonic() + LONGEST_SECONDS
        while not condition():
            assert time.monotonic() < until, f"{fault}:\n{self.log()}"
            await asyncio.sleep(0.02)

    def end(self) -> None:
        """Whatever still runs of it is killed, and gone when this returns."""
        until = time.monotonic() + LONGEST_SECONDS
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._gone(LONGEST_SECONDS)
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert time.monotonic() < until, f"processes that can't be killed: {pids}"
            time.sleep(0.005)
        self._temporary.cleanup()

    # ── its log ─────────────────────────────────────────────────────────────

    def log(self) -> str:
        """All that it said on standard error, over all its starts."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def unforeseen(self) -> Sequence[str]:
        """Errors in its log that nobody foresaw."""
        return re.findall(r"Traceback.*?\n(?=\S)[^\n]*|an unforeseen error[^\n]*", self.log(), re.DOTALL)


def copy_to_file(pipe: IO[bytes], path: Path) -> None:
    """Adds all that comes through a pipe to a file."""
    with pipe, path.open("ab", buffering=0) as file:
        while part := os.read(pipe.fileno(), 65536):
            file.write(part)


def command_of(pid: int) -> str:
    """What a process was started as; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def capabilities(pid: int) -> int:
    """The rights of root that a process has, as bits."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.findall(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)[0], 16)


def queued_seconds(pid: int) -> float:
    """How long a process's main thread has stood in line for a processor so far; 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def write_rules(folder: Path) -> None:
    """All of RULES as files, a folder a ruleset."""
    for name, texts in RULES.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(texts, 1):
            (folder / name / f"{number}.vpi").write_text(text, encoding="utf-8")


@asynccontextmanager
async def running(folder: Path, ledger: str | Path, workers: int = 1, privileged: bool = True) -> AsyncIterator[Server]:
    """A server that serves; whatever runs of it at the end of the block is killed. Its log must hold no traceback."""
    server = Server(folder, ledger, workers, privileged)
    try:
        await server.start()
        yield server
    except BaseException:
        print(f"the server's log ends with:\n{server.log()[-5_000:]}")  # pytest shows it with the failure
        raise
    finally:
        server.end()
    assert not server.unforeseen(), server.log()
