"""`vpi publish`: versions made immutable and effective."""

import sys

import click

from service.cli.options import (
    FINDINGS,
    as_json,
    numbered,
    print_diagnostics,
    print_failures,
    print_json,
    rules_option,
    sound_rules,
)
from service.cli.targets import Data, target_of, target_options
from service.loading import Checked, failed_examples


@click.command("publish")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@rules_option("Where NAME@VERSION is looked for.")
@target_options
@as_json
@click.pass_context
def command(
    context: click.Context, paths: tuple[str, ...], rules: str, ledger: str, server: str | None, json_output: bool
) -> None:
    """Publish versions of rules: from then on they never change, and price the events of their time.

    Each file is checked, with its examples, and against what is published. Publishing the same again changes nothing.
    A server that runs takes over what is published to its ledger with its next event.

    \b
    Examples:
      vpi publish rules/proptech/2.vpi
      vpi publish proptech@2 --ledger prices.db
      vpi publish rules --server localhost:50051
    """
    checked = sound_rules(paths, rules)
    if failures := failed_examples(checked):
        print_failures(failures, err=True)
        failed = len({(one.source.name, failure.example) for one, failure in failures})
        click.echo(f"vpi: nothing is published: {numbered(failed, 'example')} failed", err=True)
        sys.exit(FINDINGS)
    checked.sort(key=_name_and_version)
    done: list[Data] = []
    with target_of(context, ledger, server, make=True) as target:
        try:
            done.extend(target.publish(one.source.name, one.source.text) for one in checked)
        finally:
            if 0 < len(done) < len(checked):
                told = f"{len(done)} of {numbered(len(checked), 'file')} published and stay so; the next one is not:"
                click.echo(f"vpi: {told}", err=True)
    if json_output:
        print_json({"versions": done})
        return
    print_diagnostics(checked, err=True)
    for one_done in done:
        version = one_done["version"]
        name = f"{version['ruleset']} version {version['version']}"
        if one_done["already_published"]:
            click.echo(f"{name} was published before; nothing changed")
        else:
            click.echo(f"published {name}, in force from {version['effective_time']}")


def _name_and_version(one: Checked) -> tuple[str, int]:
    assert one.ruleset is not None, "sound files have a ruleset"
    return one.ruleset.name, one.ruleset.version
