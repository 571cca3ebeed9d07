"""`vpi new-version`: the next version of a ruleset, begun as a copy of the latest."""

import re
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import NoReturn

import click

from dsl.core import Ruleset
from dsl.diagnostics import Diagnostic, Severity, nearest, show
from dsl.examples import run
from dsl.parser import parse
from dsl.source import Source
from dsl.to_python import compile_ruleset
from dsl.zones import EPOCH, zone_named
from service.cli.options import (
    FINDINGS,
    as_json,
    coloured,
    numbered,
    print_json,
    rules_option,
    unreadable,
    unreadable_file,
)
from service.loading import Checked, check_files, check_text
from service.times import as_text, now

_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})?)?")
_BOM = "\ufeff"


@dataclass(frozen=True)
class Draft:
    """The next version, not yet written: `text` is all of the file, `failed` the titles of examples that now fail."""

    path: Path
    text: str
    effective: str
    checked: Checked
    ruleset: Ruleset
    failed: tuple[str, ...]


@click.command("new-version")
@click.argument("ruleset", metavar="RULESET")
@rules_option("The folder of the rulesets.")
@click.option(
    "--effective",
    metavar="DATE",
    help="From when it holds, as 2026-08-01, midnight in the ruleset's time zone.  [default: the first of next month]",
)
@as_json
def command(ruleset: str, rules: str, effective: str | None, json_output: bool) -> None:
    """Begin the next version of a ruleset: copy its latest file, with the next number and a date.

    RULESET is the name of a folder within --rules. Comments and layout stay; nothing is overwritten. Then change the
    copy, check it, test it, and publish it.

    \b
    Examples:
      vpi new-version proptech
      vpi new-version proptech --effective 2027-01-01
      vpi new-version proptech --rules rules --json
    """
    folder = _folder(Path(rules), ruleset)
    number = max(_versions(folder))
    try:
        checked = check_files([folder / f"{n}.vpi" for n in sorted(_versions(folder))])
        latest = checked[-1]
        _refuse_unsound(folder, latest)
        last = max(one.ruleset.effective for one in checked if one.ruleset is not None)
        draft = _draft(folder, number, latest, last, effective)
        _write(draft)
    except OSError as error:
        unreadable_file(error)
    if json_output:
        print_json(
            {
                "path": str(draft.path),
                "ruleset": draft.ruleset.name,
                "version": draft.ruleset.version,
                "effective": draft.effective,
                "effective_time": as_text(draft.ruleset.effective),
                "copied_from": latest.source.name,
                "failed_examples": list(draft.failed),
            }
        )
    else:
        _say(draft, latest, same_time=draft.ruleset.effective == last)


def _folder(rules: Path, name: str) -> Path:
    """The ruleset's folder; ends the command where there is none."""
    if not rules.is_dir():
        unreadable(f"--rules names a folder that holds rulesets, and {rules} is none")
    known = sorted(path.name for path in rules.iterdir() if path.is_dir() and _versions(path))
    if name not in known:
        near = nearest(name, known)
        others = f"it holds {', '.join(known)}" if known else "it holds none"
        unreadable(f"there is no ruleset `{name}` in {rules}; {f'did you mean `{near}`?' if near else others}")
    return rules / name


def _versions(folder: Path) -> list[int]:
    """The numbers of the versions in a ruleset's folder."""
    return [int(path.stem) for path in folder.glob("*.vpi") if _NUMBER.fullmatch(path.stem)]


def _refuse_unsound(folder: Path, latest: Checked) -> None:
    """Ends the command where the latest version has an error: a copy would only spread it."""
    errors = [found for found in latest.diagnostics if found.severity is Severity.ERROR]
    if errors:
        _print(errors, latest.source)
        one = numbered(len(errors), "error")
        _refuse(f"{latest.source.name} has {one}; put it right first, then `vpi check {folder}` says that it is")


def _print(diagnostics: list[Diagnostic], source: Source) -> None:
    for found in diagnostics:
        click.echo(coloured(show(found, source), found.severity), err=True)
        click.echo(err=True)


def _refuse(message: str) -> NoReturn:
    """Ends the command: the rules are not fit to be copied."""
    click.echo(f"vpi: {message}", err=True)
    sys.exit(FINDINGS)


def _draft(folder: Path, number: int, latest: Checked, last: int, given: str | None) -> Draft:
    """The copy of the latest version; `last` is the instant from which the last of all versions holds."""
    assert latest.ruleset is not None
    zone = latest.ruleset.zone
    effective = given if given is not None else _first_of_a_month(max(now(), last), zone)
    if not _MOMENT.fullmatch(effective):
        unreadable(f"--effective is a date such as 2026-08-01, and `{effective[:40]}` is none")
    path = folder / f"{number + 1}.vpi"
    checked = check_text(str(path), _rewritten(latest.source, number + 1, effective))
    if checked.ruleset is None:
        # The rules are those of a sound file, so what is wrong is the new header.
        unreadable(f"--effective {effective} can't be: {checked.diagnostics[0].message}")
    if checked.ruleset.effective < last:
        unreadable(
            f"--effective {effective} is before {as_text(last)}, from when the version before holds; "
            "a new version begins no earlier"
        )
    failures = run(checked.ruleset, compile_ruleset(checked.ruleset).evaluate)
    failed = tuple(dict.fromkeys(failure.example for failure in failures))
    bom = _BOM if Path(latest.source.name).read_bytes().startswith(_BOM.encode()) else ""
    return Draft(path, bom + checked.source.text, effective, checked, checked.ruleset, failed)


def _first_of_a_month(after: int, zone: str) -> str:
    """The first day of the month that follows an instant's, in a zone."""
    day: date = (EPOCH + timedelta(microseconds=zone_named(zone).local(after))).date()
    return date(day.year + day.month // 12, day.month % 12 + 1, 1).isoformat()


def _rewritten(source: Source, number: int, effective: str) -> str:
    """A file's text with another version and date in its header, and not one other character changed."""
    file, _ = parse(source)
    new = {"version": str(number), "effective": effective}
    text = source.text
    for line in sorted(file.header, key=lambda line: line.span.start, reverse=True):
        if line.key in new:
            text = text[: line.value.span.start] + new[line.key] + text[line.value.span.end :]
    return text


def _write(draft: Draft) -> None:
    """Writes the file; ends the command where there is one of that name. Raises OSError."""
    try:
        with draft.path.open("xb") as file:
            try:
                file.write(draft.text.encode("utf-8"))
            except OSError:
                draft.path.unlink(missing_ok=True)
                raise
    except FileExistsError:
        unreadable(f"{draft.path} is already there, and nothing is overwritten")


def _say(draft: Draft, latest: Checked, same_time: bool) -> None:
    """What was written, what to look at in it, and what to do next."""
    path, folder, before = draft.path, draft.path.parent, latest.source.name
    click.echo(f"wrote {path}: version {draft.ruleset.version}, effective {draft.effective}, a copy of {before}")
    if same_time:
        click.echo("It begins when the version before does, which then prices no event.")
    if draft.failed:
        count = numbered(len(draft.failed), "example")
        click.echo(f"{count} named days that suited the version before, and must be dated anew:")
        for title in draft.failed:
            click.echo(f"  {title}")
    steps = [
        (f"edit {path}", "the rules, the examples, and what the comments say of dates and prices"),
        (f"vpi check {folder}", "what is wrong in it, and between the versions"),
        (f"vpi test {path}", "its examples"),
        (f"vpi replay EVENTS --rules {path} --against {before}", "what it changes on real events, in money"),
        (f"vpi publish {path}", "from then on it never changes"),
    ]
    width = max(len(step) for step, _ in steps)
    click.echo("\nNext:")
    for step, meaning in steps:
        click.echo(f"  {step.ljust(width)}   {meaning}")
