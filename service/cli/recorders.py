"""The recorders of servers: one of its own for a server that is alone, and one that several share."""

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from subprocess import DEVNULL, PIPE, Popen
from tempfile import mkdtemp
from threading import Event, Lock, Thread

from service.cli.ledgers import is_memory
from service.rpc.recorder.remote import CantStart, OwnRecorder

COMMAND = (sys.executable, "-P", "-c", "from service.cli.recorder import main; main()")
SOON_SECONDS = 20.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 5.0
"""How long another one waits to be started, where one has ended; after each that ended soon, twice as long."""
END_SECONDS = 5.0
"""How long it may take to end before it is killed: nobody waits for an answer any more, and a kill loses none."""
LONGEST_PATH = 100
"""Bytes that the path of a socket may have on all systems."""
logger = logging.getLogger("vpi.recorder")


@contextmanager
def own_recorder(place: str) -> Iterator[OwnRecorder | None]:
    """The recorder of a server over a ledger, being started; None where the server has to do without.

    A ledger in memory has one process, and Windows no pairs of sockets to give to another. Whatever keeps the server
    from coming up, the process is gone at the end of the block.
    """
    if is_memory(place) or sys.platform == "win32":
        yield None
        return
    recorder = OwnRecorder(COMMAND, {"ledger": place, "who": "recorder"})
    try:
        yield recorder
    finally:
        recorder.discard()


class KeptRecorder:
    """A recorder that several servers share, started at once and told about its ledger by `begin`.

    Raises CantStart. One that ends is replaced. It ends with this process, however that ends, and goes on until then:
    its servers have to end first.
    """

    def __init__(self, place: str) -> None:
        # Whoever can connect is trusted: the folder lets nobody in but its owner.
        self._folder = Path(mkdtemp(prefix="vpi-"))
        self.path = str(self._folder / "recorder")
        """The socket that it listens on."""
        if len(os.fsencode(self.path)) > LONGEST_PATH:
            self._folder.rmdir()
            raise CantStart(f"the path of a socket has at most {LONGEST_PATH} bytes: set TMPDIR to a shorter one")
        self._settings = json.dumps({"ledger": place, "who": "recorder", "listen": self.path}).encode() + b"\n"
        self._ending = Event()
        self._changing = Lock()
        self._watcher = Thread(target=self._watch, name="recorder-watcher", daemon=True)
        self._launch()

    def begin(self) -> None:
        """Has it open the ledger, and listen."""
        with self._changing:
            self._tell()
        self._watcher.start()

    def end(self) -> None:
        """Ends it."""
        with self._changing:
            self._ending.set()
            self._let_go()
        if self._watcher.ident is not None:
            self._watcher.join(END_SECONDS)
        self._process.kill()
        self._process.wait()
        rmtree(self._folder, ignore_errors=True)

    def _launch(self) -> None:
        self._started = time.monotonic()
        self._process = Popen(COMMAND, stdin=PIPE, stdout=DEVNULL, start_new_session=True)

    def _let_go(self) -> None:
        """Closes the pipe whose end is the recorder's."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def _tell(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, and is replaced
            self._process.stdin.write(self._settings)
            self._process.stdin.flush()

    def _watch(self) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        while True:
            code = self._process.wait()
            soon = time.monotonic() - self._started < SOON_SECONDS
            wait_seconds = min(wait_seconds * 2, LONGEST_WAIT_SECONDS) if soon else FIRST_WAIT_SECONDS
            if self._ending.is_set():
                return
            logger.error("the recorder ended with code %d; another one starts in %.1f seconds", code, wait_seconds)
            if self._ending.wait(wait_seconds):
                return
            with self._changing:
                if self._ending.is_set():
                    return
                self._let_go()
                try:
                    self._launch()
                except OSError as error:  # no more processes, files or memory just now
                    logger.error("no other recorder can be started: %s", error.strerror)
                    continue
                self._tell()


@contextmanager
def kept_recorder(place: str) -> Iterator[KeptRecorder]:
    """A recorder for several servers over a ledger, gone at the end of the block."""
    recorder = KeptRecorder(place)
    try:
        yield recorder
    finally:
        recorder.end()
