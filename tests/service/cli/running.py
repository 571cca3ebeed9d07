"""The program as a user runs it: in this process where that will do, else as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from service.cli.main import main

ROOT = Path(__file__).parents[3]
RULES = ROOT / "rules"
LONGEST_SECONDS = 30

SHOP = """ruleset   shop
version   1
effective 2026-01-01
currency  EUR

event sale
  amount  decimal from 0 to 1_000

interaction sold
  counts  sale with amount > 0
  price   2% of amount

example "two percent"
  sale (amount: 50)  =>  sold, 1 unit, 1.00
"""
SALE = {"source": "/till", "type": "sale", "subject": "acme", "time": "2026-02-01T10:00:00Z"}


def sale(event_id: str = "s1", amount: object = 50) -> str:
    """A line with an event for the shop."""
    return json.dumps({"id": event_id} | SALE | {"data": {"amount": amount}})


def write_shop(folder: Path, text: str = SHOP) -> Path:
    """The shop's rules as `rules/shop/1.vpi` in the folder; returns the file."""
    path = folder / "rules" / "shop" / "1.vpi"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def vpi(*arguments: object, stdin: str | bytes | None = None, **environment: str) -> Result:
    """Runs the program in this process, in the current folder; an exception that leaves it fails the test."""
    result = CliRunner(env=environment).invoke(main, [str(a) for a in arguments], input=stdin, prog_name="vpi")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def data_of(result: Result) -> Any:
    """The JSON on standard output."""
    return json.loads(result.stdout)


def process(*arguments: object, **options: Any) -> "subprocess.Popen[str]":
    """Starts the program as a process of its own."""
    command = [sys.executable, "-c", "from service.cli.main import main; main(prog_name='vpi')", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}"} | options.pop("env", {})
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(command, text=True, env=environment, **pipes)


def finished(running: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Waits for the process: its exit code and all that it printed."""
    try:
        out, err = running.communicate(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        raise
    return running.returncode, out, err


@contextmanager
def server(
    rules: Path, ledger: Path | str = "memory:", *arguments: object
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A server on a free port; its address and its process, which is ended with SIGTERM where it still runs."""
    more = ("--ledger", ledger, "--address", "127.0.0.1:0", "--json", *arguments)
    with process("serve", "--rules", rules, *more) as running:
        assert running.stdout is not None
        try:
            line = running.stdout.readline()
            assert line, finished(running)
            yield json.loads(line)["address"], running
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGTERM)
            finished(running)


def no_traceback(text: str) -> bool:
    """Whether a text shows nothing of Python's insides."""
    return re.search(r'Traceback|File "|Error:.*\bat 0x|<class|Exception', text) is None
