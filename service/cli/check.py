"""`vpi check`: what is wrong in rule files."""

import sys

import click

from service.cli.options import (
    FINDINGS,
    as_json,
    count,
    diagnostics_as_data,
    numbered,
    print_diagnostics,
    print_json,
    read_rules,
    rules_option,
)


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@rules_option("Where NAME@VERSION is looked for, and what is checked without a PATH.")
@click.option("--strict", is_flag=True, help="Warnings are findings too.")
@as_json
def command(paths: tuple[str, ...], rules: str, strict: bool, json_output: bool) -> None:
    """Check rule files and say what is wrong in them, all at once.

    A PATH is a file, a folder, or NAME@VERSION.

    \b
    Examples:
      vpi check
      vpi check rules/proptech/2.vpi
      vpi check proptech@2 --strict
    """
    checked = read_rules(paths, rules)
    errors, warnings = count(checked)
    if json_output:
        print_json(
            {"files": len(checked), "errors": errors, "warnings": warnings, "diagnostics": diagnostics_as_data(checked)}
        )
    else:
        print_diagnostics(checked)
        if not errors and not warnings:
            click.echo(f"{numbered(len(checked), 'file')} checked, nothing wrong")
    if errors or (strict and warnings):
        sys.exit(FINDINGS)
