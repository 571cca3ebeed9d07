"""`vpi doctor`: what this installation, its ledger and its settings are, and what is wrong with them."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Literal, NamedTuple

import click
from click.core import ParameterSource

from dsl.zones import SECOND, database_version
from service.cli.ledgers import DEFAULT, existing_ledger, is_file, is_memory, shown, without_password
from service.cli.options import FINDINGS, as_json, numbered, print_json, rules_option
from service.cli.settings import NAMES, settings_file
from service.errors import LedgerUnavailable
from service.ledger.interface import CantOpen, Chain, Ledger, Record
from service.publishing import OutdatedRules, registry_from
from service.times import as_text, now

SCARCE_BYTES = 100 * 2**20
LITTLE_BYTES = 2**30
"""Free space on the ledger's disk below which there is a problem, and a warning."""
CLOCK_TOLERANCE = 2 * SECOND
"""How far the last entry may lie ahead of this clock: machines' clocks differ by less."""
EARLIEST_CLOCK = 1_750_000_000 * SECOND
"""This release is younger: a clock before it is wrong."""
Verdict = Literal["ok", "warning", "problem"]
_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


class Finding(NamedTuple):
    """One line: what was looked at, how it is, and in words."""

    verdict: Verdict
    what: str
    words: str


@dataclass(frozen=True)
class Look:
    """What is looked at: `clock` gives now as an instant; `settings` the value and the origin of each setting."""

    place: str
    clock: Callable[[], int]
    settings: dict[str, tuple[str, str]]


@click.command("doctor")
@rules_option("Which rules a server here would publish; shown among the settings.")
@click.option(
    "--ledger", envvar="VPI_LEDGER", default=DEFAULT, show_default=True, metavar="PLACE", help="Which ledger."
)
@as_json
@click.pass_context
def command(context: click.Context, rules: str, ledger: str, json_output: bool) -> None:
    """Look at this installation, the ledger and the settings in effect, and say of each whether it is well.

    Nothing is changed but that a ledger of an earlier release is brought up to date. The exit code is 1 where there is
    a problem, 0 with warnings alone.

    \b
    Examples:
      vpi doctor
      vpi doctor --ledger prices.db --json
    """
    findings = list(examine(Look(ledger, now, _settings(context))))
    if json_output:
        print_json({"findings": [finding._asdict() for finding in findings]})
    else:
        for finding in findings:
            verdict = click.style(f"{finding.verdict:<8}", fg=_COLOURS[finding.verdict])
            click.echo(f"{verdict} {finding.what:<16} {finding.words}")
    if any(finding.verdict == "problem" for finding in findings):
        sys.exit(FINDINGS)


def examine(look: Look) -> Iterator[Finding]:
    """Everything that is found, in the order in which it is shown."""
    yield from _installation()
    yield from _sqlite()
    yield from _time(look)
    yield from _ledger(look)
    for name, (value, origin) in look.settings.items():
        yield Finding("ok", f"setting {name}", f"{value} ({origin})")


# ── this installation ───────────────────────────────────────────────────────


def _installation() -> Iterator[Finding]:
    yield Finding("ok", "vpi", metadata.version("vpi"))
    yield Finding("ok", "Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}")
    for package in ("grpcio", "protobuf"):
        yield Finding("ok", package, metadata.version(package))
    yield Finding("ok", "time zones", f"tzdata {database_version()}: every server over one ledger needs the same")


def _sqlite() -> Iterator[Finding]:
    module = import_module("service.ledger.sqlite_connections")
    version, driver = module.sqlite3.sqlite_version, module.sqlite3.__name__.partition(".")[0]
    if module.has_wal_bug():
        yield Finding(
            "warning",
            "SQLite",
            f"{version} ({driver}) may lose commits at a checkpoint, as all from 3.7.0 to 3.51.2; ledgers are kept the "
            "slower way, which is safe. `pip install pysqlite3` brings a newer one where it has a wheel",
        )
    else:
        yield Finding("ok", "SQLite", f"{version} ({driver}), without the bug of 3.7.0 to 3.51.2 that loses commits")


def _time(look: Look) -> Iterator[Finding]:
    time = look.clock()
    if time < EARLIEST_CLOCK:
        yield Finding("problem", "clock", f"it is {as_text(time)} by this machine, before this release was made")
    else:
        yield Finding("ok", "clock", f"{as_text(time)} in UTC by this machine")


# ── the ledger ──────────────────────────────────────────────────────────────


def _ledger(look: Look) -> Iterator[Finding]:
    if is_memory(look.place):
        yield Finding("warning", "ledger", "evaluations are kept in memory only, and end with the server")
        return
    if is_file(look.place) and not Path(look.place).exists():
        yield Finding("warning", "ledger", f"there is none at {shown(look.place)} yet; `vpi serve` makes it")
        return
    try:
        ledger = existing_ledger(look.place, look.clock)
    except (CantOpen, LedgerUnavailable) as error:
        yield Finding("problem", "ledger", without_password(str(error), look.place))
        return
    try:
        yield from _contents(look, ledger)
    except LedgerUnavailable as error:
        yield Finding("problem", "ledger", without_password(str(error), look.place))
    finally:
        ledger.close()


def _contents(look: Look, ledger: Ledger) -> Iterator[Finding]:
    stats = ledger.stats()
    details = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in stats.details.items() if name != "place")
    held = f"{stats.entries:,} evaluations, {numbered(stats.voids, 'void')}, {numbered(stats.refused, 'refused event')}"
    yield Finding("ok", "ledger", f"{shown(look.place)}: {held}")
    yield Finding("ok", "store", details)
    if is_file(look.place):
        yield _free_space(Path(look.place))
    yield _last_entry(look, ledger, ledger.chains())
    yield from _rules(look, ledger)


def _free_space(path: Path) -> Finding:
    free = shutil.disk_usage(path.absolute().parent).free
    verdict: Verdict = "problem" if free < SCARCE_BYTES else "warning" if free < LITTLE_BYTES else "ok"
    return Finding(verdict, "disk", f"{free / 2**30:,.1f} GiB free where the ledger lies")


def _last_entry(look: Look, ledger: Ledger, chains: list[Chain]) -> Finding:
    """Whether the clock has gone back: entries that were recorded later than now say so."""
    last = _last_recorded(ledger)
    latest = max([chain.began for chain in chains] + [last or 0])
    time = look.clock()
    if latest > time + CLOCK_TOLERANCE:
        return Finding(
            "problem",
            "clock and ledger",
            f"the ledger was written at {as_text(latest)}, ahead of this clock, {as_text(time)}: a clock is wrong, or "
            "was, and times of recording don't follow the order of recording",
        )
    if last is None:
        return Finding("ok", "last entry", "none yet")
    return Finding("ok", "last entry", f"recorded {as_text(last)}, not ahead of this clock")


def _last_recorded(ledger: Ledger) -> int | None:
    """When the last row was recorded: rows are found by halving, since they are listed from the front."""
    first = next(iter(ledger.records()), None)
    if first is None:
        return None
    low, high = first, None
    step = 1
    while high is None:
        following = _first_after(ledger, low.sequence + step)
        if following is None:
            high = low.sequence + step
        else:
            low, step = following, step * 2
    while high > low.sequence:
        middle = (low.sequence + high) // 2
        following = _first_after(ledger, middle)
        if following is None:
            high = middle
        else:
            low = following
    return low.row.recorded


def _first_after(ledger: Ledger, sequence: int) -> Record | None:
    return next(iter(ledger.records(sequence)), None)


def _rules(look: Look, ledger: Ledger) -> Iterator[Finding]:
    try:
        registry = registry_from(ledger.published())
    except OutdatedRules as error:
        yield Finding("problem", "rules", str(error))
        return
    if not registry.names():
        yield Finding("warning", "rules", "none are published yet; `vpi serve --rules …` or `vpi publish` does it")
    for name in registry.names():
        versions = registry.versions(name)
        version = versions.in_force(look.clock())
        ahead = [v for v in versions.by_number() if v.ruleset.effective > look.clock()]
        coming = "".join(f"; version {v.ruleset.version} from {as_text(v.ruleset.effective)}" for v in ahead)
        if version is None:
            yield Finding("warning", f"rules {name}", f"no version is in force today{coming}")
        else:
            since = as_text(version.ruleset.effective)
            yield Finding(
                "ok", f"rules {name}", f"version {version.ruleset.version} is in force, since {since}{coming}"
            )


# ── settings ────────────────────────────────────────────────────────────────


def _settings(context: click.Context) -> dict[str, tuple[str, str]]:
    """Every setting that has a value, and where it comes from."""
    file, values = settings_file()
    found: dict[str, tuple[str, str]] = {}
    for name in sorted(NAMES):
        variable = f"VPI_{name.upper()}"
        source = context.get_parameter_source(name)
        if source is ParameterSource.COMMANDLINE:
            found[name] = (shown(str(context.params[name])), "from the command line")
        elif os.environ.get(variable):
            found[name] = (shown(os.environ[variable]), f"from {variable}")
        elif name in values:
            found[name] = (shown(values[name]), f"from {file}")
        elif name in context.params:
            found[name] = (shown(str(context.params[name])), "by default")
    return found
