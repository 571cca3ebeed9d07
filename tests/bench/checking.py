"""Checking: linear in the number of interactions, and how long `vpi check` takes beside importing its libraries."""

import subprocess
import sys
import tempfile
from pathlib import Path

from dsl.checker import check
from dsl.source import Source
from tests.bench.rules10 import TEXT, many
from tests.bench.timing import report, seconds, side_by_side


def linear() -> None:
    """(d), first half."""
    small, large = (Source("bench.vpi", many(count, 100)) for count in (1000, 2000))
    pair = side_by_side(lambda: seconds(lambda: check(large)), lambda: seconds(lambda: check(small)))
    report("checking 2,000 interactions", pair, "s", "at most 2.3", "1,000 interactions")


def start() -> None:
    """(d), second half."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.vpi"
        path.write_text(TEXT, encoding="utf-8")
        vpi = [str(Path(sys.executable).with_name("vpi")), "check", str(path)]
        imports = [sys.executable, "-c", "import click, lark"]
        pair = side_by_side(
            lambda: seconds(lambda: subprocess.run(vpi, check=True, capture_output=True)),
            lambda: seconds(lambda: subprocess.run(imports, check=True, capture_output=True)),
        )
    report("vpi check, a small file", pair, "s", "at most 3", "python -c 'import click, lark'")


def run() -> None:
    """All of it."""
    linear()
    start()
