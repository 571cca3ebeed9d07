"""What a long command says on standard error while it works."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import click

QUIET_SECONDS = 1.0
"""Whatever is done sooner says nothing."""


@contextmanager
def said_later(text: str) -> Iterator[None]:
    """Says what is being done, where it is not done within a second."""
    timer = Timer(QUIET_SECONDS, click.echo, (text,), {"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Progress:
    """A line that counts, on a terminal rewritten in place; elsewhere it is said every ten seconds."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said = False
        self._next = time.monotonic() + QUIET_SECONDS

    def __call__(self, count: int) -> None:
        """So many are done."""
        if time.monotonic() < self._next:
            return
        on_terminal = sys.stderr.isatty()
        self._next = time.monotonic() + (0.2 if on_terminal else 10.0)
        self._said = on_terminal
        click.echo(
            f"\r{self._what}: {count:,}" if on_terminal else f"{self._what}: {count:,}", nl=not on_terminal, err=True
        )

    def done(self) -> None:
        """Leaves the line to what comes after."""
        if self._said:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._said = False
