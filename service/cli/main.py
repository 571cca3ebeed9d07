"""`vpi`: the group of commands, each imported only when it is used, so that a quick one stays quick."""

import importlib
import os
import sys
from typing import Any

import click

from service.cli import collector
from service.cli.settings import settings

COMMANDS = {
    "check": "Check rule files and say what is wrong in them.",
    "doctor": "Say what this installation, its ledger and its settings are, and what is wrong with them.",
    "demo": "Start a server with the shipped rules, send it events, show what they cost and why.",
    "evaluations": "List what is recorded, and what was refused.",
    "evaluate": "Price events from a file, offline or through a server.",
    "explain": "Show step by step why one event costs what it costs.",
    "fmt": "Write rule files in their canonical form.",
    "ledger": "Verify a ledger, back it up, or say how much it holds.",
    "new-version": "Begin the next version of a ruleset as a copy of the latest.",
    "publish": "Make versions of rules immutable and effective.",
    "replay": "Price a history by other rules and show what differs.",
    "serve": "Run the gRPC service.",
    "test": "Run the examples in rule files.",
    "usage": "Show what a customer used in a period, and what it comes to.",
    "void": "Take one evaluation back.",
}
INTERRUPTED = 130
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Commands(click.Group):
    """A group that knows its commands by name and one line, and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"service.cli.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; one that was interrupted and does not say so itself ends with the code that shells use."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("vpi: interrupted", err=True)
            sys.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their lines, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.command(cls=Commands, context_settings=CONTEXT)
@click.version_option(package_name="vpi", prog_name="vpi")
@click.pass_context
def main(context: click.Context) -> None:
    """Value-Per-Interaction pricing: rules that people read, prices that add up.

    Settings come from the command line, then VPI_… environment variables, then `vpi.toml` or `[tool.vpi]` in
    `pyproject.toml`. Exit codes: 0 fine, 1 findings, 2 wrong usage or unreadable input.

    \b
    Examples:
      vpi demo
      vpi check rules
      vpi evaluate rules/proptech/events/2026-07.jsonl --rules rules --ruleset proptech

    Shell completion: `_VPI_COMPLETE=bash_source vpi` prints a script to source (also zsh_source, fish_source).
    """
    collector.look_rarely()
    context.default_map = dict.fromkeys(COMMANDS, settings())
    if os.environ.get("NO_COLOR"):
        context.color = False
