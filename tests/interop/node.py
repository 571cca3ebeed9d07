"""Node's programs for tests: `grpc-js` and `buf`, installed once, outside the repository, as the lock file says."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSTALL_SECONDS = 300


class NodeMissing(Exception):
    """Node or npm is not installed."""


@dataclass(frozen=True)
class Node:
    """A folder with `node_modules` and the scripts that use it."""

    folder: Path

    def tool(self, name: str) -> str:
        """The path of a program that a package brings."""
        return str(self.folder / "node_modules" / ".bin" / name)


def installed() -> Node:
    """Node's packages as locked, from a cache folder or freshly installed there.

    The folder is named by what it is made from, so a changed lock file or client gives a new one. Raises NodeMissing
    where node or npm is not installed, and CalledProcessError where the installation fails.
    """
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        raise NodeMissing(f"{' and '.join(missing)} not installed")
    sources = [HERE / name for name in ("package.json", "package-lock.json", "client.js")]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vpi-tests"
    folder = cache / f"node-{digest[:16]}"
    with one_at_a_time(cache):
        if not folder.exists():
            install(sources, folder)
    return Node(folder)


def install(sources: list[Path], folder: Path) -> None:
    """Installs elsewhere and renames at the end, so that a folder with this name is complete."""
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as made:
        for path in sources:
            shutil.copy(path, made)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=made, check=True, capture_output=True, timeout=INSTALL_SECONDS)
        Path(made).rename(folder)


@contextmanager
def one_at_a_time(cache: Path) -> Iterator[None]:
    """Holds a lock on the cache: tests run in several processes."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
