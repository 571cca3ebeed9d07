"""`vpi replay`: what any history would have cost by other rules, compared to the last digit."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from service.cli.options import as_json, rules_option, ruleset_option, unreadable

EXTRA = frozenset({"duckdb", "jinja2", "pyarrow"})


@click.command("replay")
@click.argument("events", nargs=-1, metavar="EVENTS…")
@rules_option("The rules in question: a file, a folder, or NAME@VERSION within ./rules.")
@click.option(
    "--against",
    multiple=True,
    metavar="PATH",
    help="Rules to compare them with, named in the same way; as often as you like.",
)
@ruleset_option("Which ruleset; needed where a folder, or a ledger, has several.")
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "spark", "python"]),
    default="duckdb",
    show_default=True,
    help="How prices are computed: in bulk (Spark needs Java 17), or event by event. The answers are the same.",
)
@click.option(
    "--order",
    type=click.Choice(["recorded", "time"]),
    default="recorded",
    show_default=True,
    help="Price events in the order in which they stand, or in that of their own time.",
)
@click.option(
    "--on-error",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="At a row that is no event: stop, or name it and go on.",
)
@click.option("--prepared", metavar="DIR", help="Keep the events here as typed Parquet, and use them the next time.")
@click.option("--report", metavar="FILE.html", help="Write a report that a browser shows, in one file.")
@click.option("--changes", metavar="FILE", help="Write every event that differs (.jsonl or .parquet).")
@click.option("--expect", metavar="FILE", help="Compare with what this file keeps of a run (.jsonl or .parquet).")
@click.option("--update", is_flag=True, help="Write the file of --expect anew, from this run.")
@click.option("--memory", default="2GB", show_default=True, metavar="SIZE", help="Memory to use; more goes to disk.")
@click.option("--fail-on-diff", is_flag=True, help="Exit with 1 where any event differs.")
@as_json
@click.pass_context
def command(context: click.Context, /, events: tuple[str, ...], **options: Any) -> None:
    """Price a history by the rules in question, and show what differs from other rules.

    EVENTS are files, folders or globs of JSON lines, CSV or Parquet, or a ledger (a SQLite file or postgresql://…).
    A ledger is also compared with what it recorded. Rules that are one file price every event, whatever its time; of a
    folder each event is priced by the version in force at its own time. Nothing is recorded.

    Of a ledger, voids take back in their turn, and refused events are priced as well. A file for --expect keeps what
    the rules in question answer: every event that is not simply nothing, and totals.

    Exit codes: 0 fine; 1 events differ and --fail-on-diff was given, or something is not as --expect says; 2 an input
    can't be read, or some rows of it could not be and were skipped.

    \b
    Examples:
      vpi replay rules/proptech/events --rules proptech@2 --against proptech@1 --on-error skip --report change.html
      vpi replay events --rules proptech@2 --against member_based@1 --against flat_rate@1 --against tiered@1
      vpi replay vpi-ledger.db --rules rules --ruleset proptech --fail-on-diff
      vpi replay events --rules proptech@2 --expect golden.jsonl
    """
    both = (".jsonl", ".parquet")
    for option, suffixes in (("report", (".html", ".htm")), ("changes", both), ("expect", both)):
        path = options[option]
        if path and Path(path).suffix not in suffixes:
            raise click.UsageError(f"--{option} {path}: the file's name ends in {' or '.join(suffixes)}")
    if options["update"] and not options["expect"]:
        raise click.UsageError("--update writes the file of --expect: name that file as well")
    try:
        # The database and its like are imported where they are used: no other command waits for them.
        replaying = import_module("service.cli.replaying")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        unreadable(
            "`vpi replay` needs the extra `replay`: `pip install 'vpi[replay]'`, or in a checkout `make install-test`"
        )
    # Of a ledger, what is typed here goes before the name of the rules, and that goes before a setting.
    typed = context.get_parameter_source("ruleset") is ParameterSource.COMMANDLINE
    wanted = replaying.Wanted(events=events, history_of=options["ruleset"] if typed else "", **options)
    sys.exit(replaying.replay(wanted))
