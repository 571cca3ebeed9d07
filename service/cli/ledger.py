"""`vpi ledger`: what a ledger holds, whether it holds together, and a copy of it."""

import sys
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click

from service.audit import Audit
from service.cli.ledgers import DEFAULT, ledger_at, shown
from service.cli.options import FINDINGS, as_json, numbered, print_json, unreadable
from service.cli.progress import Progress, said_later
from service.cli.tables import print_table
from service.ledger.interface import CantBackUp, Chain, Ledger
from service.publishing import OutdatedRules, registry_from
from service.times import as_text

MOST_FINDINGS = 20
"""Findings that are printed in words; the others are counted."""
Command = TypeVar("Command", bound=Callable[..., Any])


@click.group("ledger")
@click.pass_context
def command(context: click.Context) -> None:
    """Verify a ledger, back it up, or say how much it holds. A server may be using it meanwhile.

    A ledger of an earlier release is brought up to date whenever it is opened; there is no command for it.

    \b
    Examples:
      vpi ledger verify
      vpi ledger verify --replay --ledger prices.db
      vpi ledger backup ../backup/prices-2026-07.db
      vpi ledger stats --json
    """
    # Settings are given by command: those that are this one's are its commands' too.
    context.default_map = dict.fromkeys(("verify", "backup", "stats"), context.default_map)


def ledger_option(command: Command) -> Command:
    """`--ledger`, from VPI_LEDGER or the settings where it is not given."""
    return click.option(
        "--ledger",
        envvar="VPI_LEDGER",
        default=DEFAULT,
        show_default=True,
        metavar="PLACE",
        help="Which ledger: a SQLite file or postgresql://….",
    )(command)


# ── verify ──────────────────────────────────────────────────────────────────


@command.command("verify", short_help="Find out whether anything was changed after it was recorded.")
@ledger_option
@click.option("--replay", is_flag=True, help="Price every recorded event again as well, and compare.")
@as_json
def verify(ledger: str, replay: bool, json_output: bool) -> None:
    """Find out whether anything in a ledger was changed after it was recorded.

    Each writer's rows are a chain of hashes: a row that was changed, taken away or put in is named. Counters and usage
    must be what the entries add up to. With --replay every recorded event is priced again, in recorded order, by the
    published version that priced it and with fresh counters, voids included.

    Whoever has noted a chain's head can compare it: a chain that was written anew from the start has another.

    \b
    Examples:
      vpi ledger verify
      vpi ledger verify --replay --ledger prices.db
      vpi ledger verify --json
    """
    replayed: dict[str, Any] | None = None
    with ledger_at(ledger) as opened:
        chains = opened.chains()
        with said_later(f"verifying {numbered(sum(chain.rows for chain in chains), 'row')} …"):
            findings, more = _some(opened.verify())
        if replay:
            replayed = _replayed(opened)
    differences = replayed["differences"] if replayed else []
    if json_output:
        data = {
            "ledger": shown(ledger),
            "chains": [_chain(chain) for chain in chains],
            "findings": findings,
            "more_findings": more,
        }
        print_json(data | ({"replay": replayed} if replayed else {}))
    else:
        _print_chains(chains)
        _print_findings(findings, more, "nothing wrong", "finding")
        if replayed:
            _print_replay(replayed)
    if findings or differences:
        sys.exit(FINDINGS)


def _some(sentences: Iterable[str]) -> tuple[list[str], int]:
    """The first sentences, and how many more there are."""
    iterator = iter(sentences)
    return list(islice(iterator, MOST_FINDINGS)), sum(1 for _ in iterator)


def _replayed(ledger: Ledger) -> dict[str, Any]:
    """What pricing everything again finds."""
    try:
        audit = Audit(ledger, registry_from(ledger.published()))
    except OutdatedRules as error:
        unreadable(str(error))
    progress = Progress("rows priced again")
    differences, more = _some(audit.differences(progress))
    progress.done()
    return {
        "rows": audit.rows,
        "counters_compared": audit.counters_compared,
        "differences": differences,
        "more_differences": more,
    }


def _chain(chain: Chain) -> dict[str, Any]:
    return {
        "writer": chain.writer,
        "rows": chain.rows,
        "sha256": chain.sha256,
        "began": as_text(chain.began),
    }


def _print_chains(chains: Iterable[Chain]) -> None:
    rows = [(str(chain.writer), f"{chain.rows:,}", as_text(chain.began), chain.sha256) for chain in chains]
    if rows:
        print_table(("chain", "rows", "began", "head"), rows, frozenset({0, 1}))
    else:
        click.echo("no chains: nothing was ever recorded")


def _print_findings(findings: list[str], more: int, none: str, noun: str) -> None:
    for finding in findings:
        click.echo(click.style(finding, fg="red"))
    if more:
        click.echo(f"… and {more:,} more")
    click.echo(numbered(len(findings) + more, noun) if findings else none)


def _print_replay(replayed: dict[str, Any]) -> None:
    none = f"{numbered(replayed['rows'], 'row')} priced again: all as recorded"
    _print_findings(replayed["differences"], replayed["more_differences"], none, "difference")
    if not replayed["counters_compared"]:
        click.echo("the ledger is being written to, so that its counters were not compared; try again when it is quiet")


# ── backup ──────────────────────────────────────────────────────────────────


@command.command("backup", short_help="Write a copy of the whole ledger, while it is in use.")
@click.argument("target", type=click.Path(path_type=Path), metavar="TARGET")
@ledger_option
@as_json
def backup(target: Path, ledger: str, json_output: bool) -> None:
    """Write a copy of the whole ledger to the new file TARGET, while it is in use; the copy is a ledger like any.

    \b
    Examples:
      vpi ledger backup ../backup/prices-2026-07.db
      vpi ledger backup copy.db --ledger prices.db
    """
    with ledger_at(ledger) as opened:
        try:
            opened.backup(target)
        except CantBackUp as error:
            unreadable(str(error))
        chains = opened.chains()
    size = target.stat().st_size if target.exists() else 0
    if json_output:
        print_json({"ledger": shown(ledger), "target": str(target), "bytes": size})
    else:
        click.echo(f"{shown(ledger)} is copied to {target}: {size:,} bytes, {numbered(len(chains), 'chain')}")


# ── stats ───────────────────────────────────────────────────────────────────


@command.command("stats")
@ledger_option
@as_json
def stats(ledger: str, json_output: bool) -> None:
    """Say how much a ledger holds.

    \b
    Examples:
      vpi ledger stats
      vpi ledger stats --ledger prices.db --json
    """
    with ledger_at(ledger) as opened:
        found = opened.stats()
    counts = {
        "entries": found.entries,
        "voids": found.voids,
        "refused": found.refused,
        "counters": found.counters,
        "customers": found.customers,
        "versions": found.versions,
        "chains": found.chains,
    }
    if json_output:
        print_json({"ledger": shown(ledger), **counts, "details": dict(found.details)})
        return
    rows = [(name, f"{count:,}") for name, count in counts.items()]
    rows += [(name.replace("_", " "), f"{v:,}" if isinstance(v, int) else v) for name, v in found.details.items()]
    print_table(("what", "how much"), rows)
