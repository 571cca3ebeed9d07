"""What `vpi replay` says on standard error while it works: what it does, how fast, and how long it may still take."""

import sys
import time
from threading import Event, Thread
from types import TracebackType

import click

from service.cli.progress import QUIET_SECONDS

_ON_TERMINAL_SECONDS, _ELSEWHERE_SECONDS = 0.2, 10.0


class Working:
    """A part of the work, from `with` on; called with the count of rows that are done.

    `total` is how many there are, about; 0 where nobody knows. `seconds` is how long a part like this took before.
    """

    def __init__(self, what: str, total: int = 0, seconds: float = 0) -> None:
        self._what, self._total, self._expected = what, total, seconds
        self._done = 0
        self._ended = Event()
        self._thread = Thread(target=self._tell, daemon=True)
        self._began = time.monotonic()
        self._said = False

    def __call__(self, done: int) -> None:
        """So many rows are done."""
        self._done = done

    def __enter__(self) -> "Working":
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        if self._said and sys.stderr.isatty():
            click.echo("\r\x1b[K", nl=False, err=True)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    def _tell(self) -> None:
        wait = QUIET_SECONDS
        while not self._ended.wait(wait):
            on_terminal = sys.stderr.isatty()
            text = told(self._what, self._done, self._total, self.seconds, self._expected)
            click.echo(f"\r\x1b[K{text}" if on_terminal else text, nl=not on_terminal, err=True)
            self._said = True
            wait = _ON_TERMINAL_SECONDS if on_terminal else _ELSEWHERE_SECONDS


def told(what: str, done: int, total: int, seconds: float, expected: float = 0) -> str:
    """What is said after some seconds, with a rate where rows are counted, and the time left where it can be told."""
    if not done:
        left = f", about {lasting(expected - seconds)} left" if expected > seconds else ""
        return f"{what}: {lasting(seconds)}{left}"
    rate = done / seconds
    of_all = f" of about {total:,}" if total > done else ""
    left = f", about {lasting((total - done) / rate)} left" if total > done else ""
    return f"{what}: {done:,}{of_all} events, {rate:,.0f} a second{left}"


def lasting(seconds: float) -> str:
    """A time in seconds or minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
