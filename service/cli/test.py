"""`vpi test`: the examples in rule files, run."""

import sys
from collections.abc import Sequence

import click

from dsl.diagnostics import as_data, show
from dsl.examples import Failure, run
from dsl.to_python import compile_ruleset
from service.cli.options import FINDINGS, as_json, coloured, numbered, print_json, rules_option, sound_rules
from service.loading import Checked


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
    failures = [(one, failure) for one in checked for failure in _failures(one)]
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
        _print(failures)
        verdict = f"{numbered(failed, 'example')} failed" if failed else "all passed"
        click.echo(f"{numbered(examples, 'example')} in {numbered(len(checked), 'file')}: {verdict}")
    if failures:
        sys.exit(FINDINGS)


def _failures(checked: Checked) -> list[Failure]:
    assert checked.ruleset is not None
    return run(checked.ruleset, compile_ruleset(checked.ruleset).evaluate)


def _print(failures: Sequence[tuple[Checked, Failure]]) -> None:
    for one, failure in failures:
        diagnostic = failure.diagnostic
        click.echo(coloured(show(diagnostic, one.source), diagnostic.severity))
        click.echo()
