"""Queries that end when the user interrupts: a signal alone is not seen before a running query is over."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread

import duckdb

_AGAIN_SECONDS = 0.2
_INTERRUPTED = "Query interrupted"
"""What DuckDB says where it has seen a signal itself."""
_running: list[duckdb.DuckDBPyConnection] = []


@contextmanager
def interruptible(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within this, what runs in a database is interrupted by `watching`; it raises KeyboardInterrupt."""
    _running.append(database)
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if str(error) == _INTERRUPTED:
            raise KeyboardInterrupt from None
        raise
    finally:
        _running.remove(database)


@contextmanager
def watching() -> Iterator[None]:
    """Within this, an interrupt (SIGINT) ends queries at once; it does nothing but in the main thread."""
    if current_thread() is not main_thread():
        yield
        return
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    ended = Event()
    thread = Thread(target=_watch, args=(reading, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        ended.set()
        writing.close()
        thread.join()
        reading.close()


def _watch(reading: socket.socket, ended: Event) -> None:
    while signals := reading.recv(64):
        # Between two queries there is nothing to interrupt: it is tried again until the work has ended.
        while signal.SIGINT in signals and not ended.wait(_AGAIN_SECONDS):
            for database in _running:
                database.interrupt()
