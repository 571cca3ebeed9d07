"""A PostgreSQL server of the tests' own: made in a moment, stopped and started at will, gone at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

START_SECONDS = 30
SUPERUSER = "vpi"
GUARDED = "guarded"
"""A user, where a test makes it, who needs a password; no other does."""
ROOM_BYTES = 2 * 10**9
UNPRIVILEGED = ("postgres", "nobody")
"""Whom the server runs as where the tests run as root: PostgreSQL refuses to be root."""

# Small, and as durable as ever: what is tested must hold with these as they are in production.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "jit": "off",
    "recovery_init_sync_method": "syncfs",
    "log_line_prefix": "%m [%p] ",
}

# Starts the server whose folder and command follow, and ends it at a word. Where the pipe ends without one, the tests'
# process is gone, however that came about: nobody needs the folder any more.
WITH_ITS_PARENT = """
folder=$1; shift
"$@" </dev/null &
trap "" TERM
if read -r _; then kept=yes; fi
kill -QUIT $! 2>/dev/null
wait $!
[ "$kept" ] || rm -rf "$folder"
"""


# Becomes the user that is named first and then the command that follows. `Popen(user=…)` would fork this process as it
# is, and the copy of a process that speaks gRPC in other threads can die before it becomes anything else.
AS_USER = """
import os, pwd, sys
user = pwd.getpwnam(sys.argv[1])
os.setgroups([])
os.setgid(user.pw_gid)
os.setuid(user.pw_uid)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class PostgresMissing(Exception):
    """PostgreSQL's server is not installed."""


class PostgresServer:
    """A server in a folder of its own, reached through a socket there; `binaries` holds `initdb` and `postgres`."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        self._data = folder / "data"
        self._log = folder / "log"
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged()
        if self._user is not None:
            shutil.chown(folder, self._user)
        self._initialise()

    def _initialise(self) -> None:
        command = [str(self._binaries / "initdb"), "--pgdata", str(self._data), "--username", SUPERUSER]
        command += ["--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8"]
        done = subprocess.run(
            self._as_user(command), cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"initdb failed:\n{done.stdout}{done.stderr}"
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED} scram-sha-256\n{rules.read_text()}")

    def _as_user(self, command: list[str]) -> list[str]:
        return command if self._user is None else [sys.executable, "-I", "-S", "-c", AS_USER, self._user, *command]

    def url(self, schema: str = "public", **more: str) -> str:
        """How a client reaches a schema of this server, as `postgresql://…`; `more` are libpq's parameters."""
        parameters = {"host": str(self.folder), "user": SUPERUSER, "options": f"-csearch_path={schema}", **more}
        return f"postgresql:///postgres?{urlencode(parameters, quote_via=quote)}"

    def place(self, **more: str) -> str:
        """The URL of a new, empty schema: to a ledger what a new database is, and made a hundred times faster."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return self.url(name, **more)

    def start(self) -> None:
        """Starts the server and waits until it takes connections, its recovery included; once is enough."""
        if self._process is not None:
            return
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        server = [str(self._binaries / "postgres"), "-D", str(self._data), "-k", str(self.folder), *settings]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._as_user(["/bin/sh", "-c", WITH_ITS_PARENT, "sh", str(self.folder), *server]),
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"the server did not start:\n{self._log.read_text()}"
            assert time.monotonic() < until, f"the server takes no connections:\n{self._log.read_text()}"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            psycopg.connect(make_conninfo(self.url(), connect_timeout=2)).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stops the server and waits: SIGQUIT at once, as in a crash; SIGINT with rollbacks and a checkpoint."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        pid = self._data / "postmaster.pid"
        if process.poll() is None and pid.exists():
            os.kill(self._pid(), how)
            until = time.monotonic() + START_SECONDS
            while pid.exists() and time.monotonic() < until:
                time.sleep(0.01)
        # Whatever became of that, this ends the server, if it did not end by itself.
        with suppress(BrokenPipeError), process.stdin as word:
            word.write(b"stop\n")
        process.wait(START_SECONDS)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within, the server holds its connections and says nothing, like a machine that swaps itself to death."""
        with psycopg.connect(self.url()) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            pids = [self._pid(), *(pid for (pid,) in connection.execute(query))]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])


def binaries() -> Path:
    """The folder of PostgreSQL's server programs; raises PostgresMissing."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else []
    # Debian keeps them outside the path, a folder for each major version.
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing("PostgreSQL's server is not installed")


def _quick_folder() -> str | None:
    """A folder in memory where there is plenty, so that tests don't wait for a disk that others use as well.

    What a server has written outlives its crash there too; only a crash of the machine would tell the difference.
    """
    quick = "/dev/shm"
    return quick if os.access(quick, os.W_OK) and shutil.disk_usage(quick).free > ROOM_BYTES else None


def _unprivileged() -> str | None:
    """Whom the server must run as; None where this process may run it itself."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


@contextmanager
def running() -> Iterator[PostgresServer]:
    """A server that runs until the end of the block; raises PostgresMissing."""
    found = binaries()
    # Not pytest's folder: only its owner may enter that, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="vpi-pg-", dir=_quick_folder()))
    server = None
    try:
        server = PostgresServer(folder, found)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for all tests of a process; one that stops it starts it again."""
    try:
        with running() as server:
            yield server
    except PostgresMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"{missing}: CI must run this test, see .ci/run")
        pytest.skip(f"{missing}: install it to test the ledger in it (on Debian and Ubuntu: apt install postgresql)")


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of a new, empty place on a running server."""
    postgres_server.start()
    return postgres_server.place()
