"""Options and ends that several commands share."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from dsl.diagnostics import Severity, as_data, show
from dsl.examples import Failure
from service.errors import InvalidRequest, ServiceError
from service.loading import Checked, NoRules, check_files, find, sound

Command = TypeVar("Command", bound=Callable[..., Any])
FINDINGS = 1
UNREADABLE = 2
_OPTIONS = frozenset({"period", "reason", "ruleset", "source", "version"})
"""Fields of requests that are options of the same name."""

as_json = click.option("--json", "json_output", is_flag=True, help="Print JSON, in one stable shape.")


def rules_option(help_text: str) -> Callable[[Command], Command]:
    """`--rules`, from VPI_RULES or the settings where it is not given."""
    return click.option(
        "--rules", envvar="VPI_RULES", default="rules", show_default=True, metavar="PATH", help=help_text
    )


def ruleset_option(help_text: str) -> Callable[[Command], Command]:
    """`--ruleset`, from VPI_RULESET or the settings where it is not given."""
    return click.option("--ruleset", envvar="VPI_RULESET", default="", metavar="NAME", help=help_text)


def unreadable(message: str) -> NoReturn:
    """Ends the command: the input can't be used."""
    click.echo(f"vpi: {message}", err=True)
    sys.exit(UNREADABLE)


def unreadable_file(error: OSError) -> NoReturn:
    """Ends the command: a file can't be read."""
    unreadable(f"can't read {error.filename}: {(error.strerror or str(error)).lower()}")


def sentence(error: ServiceError) -> str:
    """What an error says; the field of a request is named as the option that it is here."""
    return f"--{error}" if isinstance(error, InvalidRequest) and error.violations[0].field in _OPTIONS else str(error)


def field_here(field: str) -> str:
    """The name of a request's field as the command line has it."""
    return f"--{field}" if field in _OPTIONS else field


def print_json(data: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def read_rules(paths: Sequence[str], rules: str) -> list[Checked]:
    """The rule files that the paths name, checked; ends the command where one can't be read."""
    try:
        return check_files(find(paths, Path(rules)))
    except NoRules as error:
        named = [path for path in paths if path and not Path(path).exists()]
        meant = next((place for place in (Path(rules) / path for path in named) if place.is_dir()), None)
        unreadable(f"{error}{f'; did you mean {meant}?' if meant else ''}")
    except OSError as error:
        unreadable_file(error)


def sound_rules(paths: Sequence[str], rules: str) -> list[Checked]:
    """As `read_rules`, and ends the command with all errors where there is one."""
    checked = read_rules(paths, rules)
    if not sound(checked):
        print_diagnostics(checked, err=True)
        sys.exit(FINDINGS)
    return checked


def print_diagnostics(checked: Sequence[Checked], err: bool = False) -> None:
    """Every diagnostic with its place, and a line that counts them."""
    for one in checked:
        for diagnostic in one.diagnostics:
            click.echo(coloured(show(diagnostic, one.source), diagnostic.severity), err=err)
            click.echo(err=err)
    errors, warnings = count(checked)
    if errors or warnings:
        click.echo(
            f"{numbered(errors, 'error')}, {numbered(warnings, 'warning')} in {numbered(len(checked), 'file')}", err=err
        )


def print_failures(failures: Sequence[tuple[Checked, Failure]], err: bool = False) -> None:
    """Every step of an example that did not come out as expected, with its place."""
    for one, failure in failures:
        diagnostic = failure.diagnostic
        click.echo(coloured(show(diagnostic, one.source), diagnostic.severity), err=err)
        click.echo(err=err)


def coloured(text: str, severity: Severity) -> str:
    """A shown diagnostic with its first line in the severity's colour; click drops colours where nobody sees them."""
    first, _, rest = text.partition("\n")
    colour = "red" if severity is Severity.ERROR else "yellow"
    return f"{click.style(first, fg=colour)}\n{rest}"


def count(checked: Sequence[Checked]) -> tuple[int, int]:
    """How many errors and warnings there are."""
    severities = [diagnostic.severity for one in checked for diagnostic in one.diagnostics]
    errors = severities.count(Severity.ERROR)
    return errors, len(severities) - errors


def diagnostics_as_data(checked: Sequence[Checked]) -> list[dict[str, object]]:
    """Every diagnostic in the shape of `--json`."""
    return [as_data(diagnostic, one.source) for one in checked for diagnostic in one.diagnostics]


def numbered(number: int, noun: str) -> str:
    """`1 error`, `2 errors`, with thousands separated."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
