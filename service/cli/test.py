"""`vpi test`: the examples in rule files, run."""

import sys

import click

from dsl.diagnostics import as_data
from service.cli.options import FINDINGS, as_json, numbered, print_failures, print_json, rules_option, sound_rules
from service.loading import failed_examples


@click.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@rules_option("Where NAME@VERSION is looked for, and what is tested without a PATH.")
@as_json
def command(paths: tuple[str, ...], rules: str, json_output: bool) -> None:
    """Run the examples in rule files: each against a fresh ledger, compared to the last digit.

    \b
    Examples:
      vpi test
      vpi test rules/proptech/2.vpi
      vpi test proptech@2 --json
    """
    checked = sound_rules(paths, rules)
    failures = failed_examples(checked)
    examples = sum(len(one.ruleset.examples) for one in checked if one.ruleset)
    failed = len({(one.source.name, failure.example) for one, failure in failures})
    if json_output:
        print_json(
            {
                "files": len(checked),
                "examples": examples,
                "failed": failed,
                "failures": [
                    {"example": failure.example, "step": failure.step + 1, **as_data(failure.diagnostic, one.source)}
                    for one, failure in failures
                ],
            }
        )
    else:
        print_failures(failures)
        verdict = f"{numbered(failed, 'example')} failed" if failed else "all passed"
        click.echo(f"{numbered(examples, 'example')} in {numbered(len(checked), 'file')}: {verdict}")
    if failures:
        sys.exit(FINDINGS)
