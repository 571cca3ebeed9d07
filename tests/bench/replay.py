"""Replay: 10 million events priced by the generated SQL and by SQL written by hand, JSON lines, growth, other ways.

Every run is a process of its own, so that its peak of memory is its own. Both sides use the same settings of DuckDB,
and leave their prices in a database file. That they are the same, of every event, is seen once for each ruleset.
"""

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import cel

from dsl.to_sql import columns_of
from service.registry import Version, Versions
from service.replay.charts import Series, lines
from service.replay.comparison import comparing
from service.replay.duckdb import Run, Settings, connect
from service.replay.prepare import prepare
from service.replay.prepared import Prepared, open_prepared
from service.replay.reckoning import events_of, parquet_at
from service.replay.sides import Side, priced
from tests.bench import by_hand
from tests.bench.histories import FLAT, FULL, as_lines, make, ruleset_of
from tests.bench.timing import report, side_by_side

EVENTS = 10_000_000
GROWTH = (1_000_000, 10_000_000, 50_000_000)
FEW = 100_000
LINES = 2_000_000
ROUNDS = 3
SETTINGS = Settings("3GB")
TEXTS = {"flat": FLAT, "full": FULL}
NAMES = {"flat": "flat prices", "full": "limits, tiers and caps"}
PLOT = Path(tempfile.gettempdir()) / "vpi-replay-growth.svg"
_STYLE = """<style>.grid{stroke:#ddd}.line{fill:none;stroke-width:2}.s0{stroke:#06c}.s1{stroke:#c60}
text{font:11px sans-serif}.end{text-anchor:end}.middle{text-anchor:middle}</style>"""
Figures = dict[str, float]
_CHILD = "import sys; from tests.bench.replay import child; child(*sys.argv[1:])"


# ── what one process does ───────────────────────────────────────────────────


def _versions(kind: str, dearer: bool = False) -> Versions:
    text = TEXTS[kind].replace("up to 50  at 1.20", "up to 50  at 1.30") if dearer else TEXTS[kind]
    return Versions([Version(ruleset_of(text), "")])


def _generated(kind: str, prepared: Prepared, work: Path) -> None:
    run = Run(prepared, _versions(kind), work, settings=SETTINGS)
    run.run()
    assert run.diverted == 0
    run.close()


def _hand_written(kind: str, prepared: Prepared, work: Path) -> None:
    database = connect(work, SETTINGS)
    _by_hand(kind, prepared, database.execute)
    database.close()


def _by_hand(kind: str, prepared: Prepared, execute: Callable[[str], object]) -> None:
    values = ", ".join(f"{column.name} AS {column.path}" for column in prepared.columns)
    execute(f"CREATE TEMP VIEW history AS SELECT seq, type, subject, time_us, {values} FROM {events_of(prepared)}")
    execute(f"CREATE TEMP VIEW twice AS SELECT * FROM {parquet_at(prepared.repeated)}")
    for statement in by_hand.STATEMENTS[kind]:
        execute(statement)


def _same(kind: str, prepared: Prepared, work: Path) -> None:
    """Whether both ways give the same table, row for row."""
    run = Run(prepared, _versions(kind), work, settings=SETTINGS)
    run.run()
    _by_hand(kind, prepared, run.database.execute)
    ours = "SELECT seq, outcome, line, units, price FROM evaluations"
    theirs = "SELECT seq, outcome, line, units, CAST(price AS HUGEINT) * 1000000000000 AS price FROM by_hand"
    for one, other in ((ours, theirs), (theirs, ours)):
        query = f"SELECT count(*) FROM ({one} EXCEPT ALL {other})"
        assert run.database.execute(query).fetchone() == (0,), (kind, one)
    outcomes = run.database.execute("SELECT count(DISTINCT outcome) FROM evaluations").fetchone()
    assert outcomes == ((5 if kind == "flat" else 6),), outcomes
    run.close()


def _compared(count: int, prepared: Prepared, work: Path) -> None:
    """One version or two over a history, with everything that a report says of them."""
    sides = []
    for number in range(count):
        side = Side(f"v{number}", _versions("full", dearer=number > 0))
        folder = work / f"side{number}"
        sides.append(priced(side, prepared, folder, engine="duckdb", order="recorded", settings=SETTINGS))
    with comparing(sides, prepared, work, SETTINGS) as database:
        comparison = database.compare()
    assert comparison.differs == (count > 1)


def _from_lines(path: Path, prepared: Prepared, work: Path) -> None:
    """JSON lines prepared and priced."""
    read = prepare([str(path)], work / "prepared", columns_of([ruleset_of(FULL)]), settings=SETTINGS)
    assert not read.places
    _generated("full", read.prepared, work)


def _event_by_event(prepared: Prepared, work: Path) -> None:
    side = Side("v1", _versions("full"))
    priced(side, prepared, work / "side", engine="python", order="recorded", settings=SETTINGS)


def _by_cel(prepared: Prepared, work: Path) -> None:
    """A peer's way: the conditions alone, compiled once, in a loop over the events; no units, limits or prices."""
    conditions = [
        cel.compile("type == 'search' && voice && results >= 1").execute,
        cel.compile("type == 'support' && resolved && via == 'tool'").execute,
        cel.compile("type == 'listing' && status == 'accepted'").execute,
    ]
    empty = {"voice": False, "results": 0, "resolved": False, "via": "", "status": ""}
    names = {column.path: column.name for column in prepared.columns}
    wanted = ", ".join(f"{names[path]} AS {path}" for path in empty)
    rows = connect(work, SETTINGS).execute(f"SELECT type, {wanted} FROM {events_of(prepared)}").fetchall()
    for row in rows:
        given = {name: value for name, value in zip(("type", *empty), row, strict=True) if value is not None}
        data = empty | given
        next((number for number, holds in enumerate(conditions) if holds(data)), None)


def child(what: str, argument: str, folder: str) -> None:
    """Does one thing and prints its figures; the main function of a process."""
    prepared = open_prepared(Path(folder))
    ways: Mapping[str, Callable[[Prepared, Path], None]] = {
        "generated": partial(_generated, argument),
        "hand-written": partial(_hand_written, argument),
        "same": partial(_same, argument),
        "compared": lambda given, work: _compared(int(argument), given, work),
        "lines": partial(_from_lines, Path(argument)),
        "python": _event_by_event,
        "cel": _by_cel,
    }
    with tempfile.TemporaryDirectory() as work:
        started, used = time.perf_counter(), _cpu_and_peak()[0]
        ways[what](prepared, Path(work))
        seconds = time.perf_counter() - started
    cpu, peak = _cpu_and_peak()
    print(json.dumps({"seconds": seconds, "cpu": cpu - used, "peak": peak}))


def _cpu_and_peak() -> tuple[float, float]:
    """Seconds of CPU that this process and its children took, and the most memory that this one had, in GB."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    # The system's own figure for the peak goes on from that of the process which started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return sum(one.ru_utime + one.ru_stime for one in both), peak / 1e6


# ── who asks for it ─────────────────────────────────────────────────────────


def _measured(what: str, argument: str, folder: Path) -> Figures:
    # Not `-m`: processes that read lines import the main module anew, and the program's own is a small one.
    command = [sys.executable, "-c", _CHILD, what, argument, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def against_hand(folder: Path, count: int, kind: str) -> None:
    """The generated SQL against the hand-written."""
    _measured("same", kind, folder)
    kept: dict[str, list[Figures]] = {"generated": [], "hand-written": []}

    def rate(what: str) -> float:
        kept[what].append(_measured(what, kind, folder))
        return count / kept[what][-1]["seconds"] / 1e6

    pair = side_by_side(partial(rate, "generated"), partial(rate, "hand-written"), ROUNDS)
    title = f"{count:,} prepared events, {NAMES[kind]}, the same rows as by hand"
    report(title, pair, "million events/s", "at least 0.8", "SQL by hand")
    cpu = {what: statistics.median(one["cpu"] for one in figures[1:]) for what, figures in kept.items()}
    peak = max(one["peak"] for one in kept["generated"])
    print(f"    {cpu['generated']:.1f} s of CPU against {cpu['hand-written']:.1f} s: {_ratio(cpu):.2f} of its rate")
    print(f"    peak memory {peak:.2f} GB, asked: under 4", flush=True)


def _ratio(cpu: Mapping[str, float]) -> float:
    return cpu["hand-written"] / cpu["generated"]


def two_against_one(folder: Path, count: int) -> None:
    """Two versions compared, against one by itself."""
    pair = side_by_side(
        lambda: _measured("compared", "2", folder)["seconds"],
        lambda: _measured("compared", "1", folder)["seconds"],
        ROUNDS,
    )
    report(f"{count:,} events, two versions compared", pair, "s", "at most 2.2", "one version")


def json_lines(folder: Path, few: Path) -> None:
    """JSON lines from their text to prices."""
    path = folder / "events.jsonl"
    as_lines(path, LINES)
    figures = [_measured("lines", str(path), few) for _ in range(ROUNDS)]
    seconds, cpu = (statistics.median(one[name] for one in figures) for name in ("seconds", "cpu"))
    print(f"{LINES:,} JSON lines to prices, {path.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores")
    print(f"    {LINES / seconds / 1e6:.3f} million events/s, asked: about 0.15 on two cores")
    print(f"    {cpu / LINES * 1e6:.1f} µs of CPU an event", flush=True)
    path.unlink()


def other_ways(few: Path) -> None:
    """The per-event engine and a peer, on fewer events."""
    for what, told in (
        ("python", "event by event, everything"),
        ("cel", "common-expression-language, conditions alone"),
    ):
        seconds = statistics.median(_measured(what, "", few)["seconds"] for _ in range(ROUNDS))
        print(f"{told}: {FEW:,} events\n    {FEW / seconds / 1e6:.3f} million events/s", flush=True)


def growth(folder: Path) -> None:
    """Seconds for more and more events, and a plot of them."""
    print("growth, seconds and peak memory by events")
    found: dict[str, list[Figures]] = {kind: [] for kind in TEXTS}
    for count in GROWTH:
        prepared = folder / f"events-{count}"
        if not prepared.exists():
            make(prepared, count)
        for kind, figures in found.items():
            figures.append(_measured("generated", kind, prepared))
            told = f"{figures[-1]['seconds']:8.1f} s   {figures[-1]['peak']:5.2f} GB"
            print(f"    {count:>12,}  {NAMES[kind]:<24}{told}", flush=True)
        if count != EVENTS:
            shutil.rmtree(prepared)
    PLOT.write_text(_plot(found), encoding="utf-8")
    print(f"    drawn in {PLOT}")


def _plot(found: Mapping[str, list[Figures]]) -> str:
    """Seconds over millions of events: measured points lie at their place among equal steps of a million."""
    last = GROWTH[-1] // GROWTH[0]
    starts = [f"{step} M" for step in range(last + 1)]
    named = {NAMES[kind]: figures for kind, figures in found.items()}
    series = [Series(name, _filled([one["seconds"] for one in figures])) for name, figures in named.items()]
    drawn = lines("Seconds by millions of events", starts, series, "seconds")
    drawn = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    told = "; ".join(f"{name}: {figures[-1]['seconds']:.1f} s for {GROWTH[-1]:,}" for name, figures in named.items())
    return re.sub("<desc>.*?</desc>", f"<desc>{told}</desc>{_STYLE}", drawn, count=1)


def _filled(seconds: list[float]) -> list[int]:
    """The measured figures and straight lines between them, in the smallest unit that charts know."""
    steps = [0, *(count // GROWTH[0] for count in GROWTH)]
    known = [0, *(int(one * 1e6) * 10**12 for one in seconds)]
    values = []
    for step in range(steps[-1] + 1):
        place = next(place for place in range(1, len(steps)) if step <= steps[place])
        low, high = steps[place - 1], steps[place]
        values.append(known[place - 1] + (known[place] - known[place - 1]) * (step - low) // (high - low))
    return values


def run(count: int = EVENTS) -> None:
    """All of it."""
    print(f"    (here of {ROUNDS}; every run in a process of its own)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large, few = folder / f"events-{count}", folder / "few"
        make(large, count)
        make(few, FEW)
        for kind in TEXTS:
            against_hand(large, count, kind)
        two_against_one(large, count)
        json_lines(folder, few)
        other_ways(few)
        growth(folder)
