"""`vpi fmt`: rule files in their canonical form."""

import difflib
import os
import sys
import tempfile
from pathlib import Path

import click

from dsl.diagnostics import Severity, show
from dsl.parser import decode, parse
from dsl.to_source import format_file
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
from service.loading import NoRules, find


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@rules_option("Where NAME@VERSION is looked for, and what is formatted without a PATH.")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; name the files that would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Change nothing; show what would change.")
@as_json
def command(paths: tuple[str, ...], rules: str, only_check: bool, show_diff: bool, json_output: bool) -> None:
    """Write rule files in their canonical form. Comments stay, and so does the meaning.

    A PATH of - formats standard input to standard output. Files with syntax errors are left alone.

    \b
    Examples:
      vpi fmt rules
      vpi fmt --check rules
      vpi fmt - < draft.vpi
    """
    if paths == ("-",):
        if json_output:
            raise click.UsageError("standard input is formatted to standard output as it is; leave --json out")
        formatted = _format("standard input", sys.stdin.buffer.read())
        if formatted is None:
            sys.exit(FINDINGS)
        click.echo(formatted, nl=False)
        return
    try:
        files = find(paths, Path(rules))
    except NoRules as error:
        unreadable(str(error))
    except OSError as error:
        unreadable_file(error)
    changed: list[str] = []
    broken: list[str] = []
    for path in files:
        try:
            before = path.read_bytes()
        except OSError as error:
            unreadable_file(error)
        formatted = _format(str(path), before)
        if formatted is None:
            broken.append(str(path))
        elif formatted.encode("utf-8") != before:
            changed.append(str(path))
            if not (only_check or show_diff):
                _replace(path, formatted)
            if not json_output:
                _report(path, before, formatted, only_check, show_diff)
    written = not (only_check or show_diff)
    if json_output:
        print_json({"files": len(files), "written": written, "changed": changed, "broken": broken})
    else:
        canonical = numbered(len(files) - len(changed) - len(broken), "file")
        verb = "changed" if written else "would change"
        click.echo(f"{numbered(len(changed), 'file')} {verb}, {canonical} already canonical", err=True)
    if broken or (changed and not written):
        sys.exit(FINDINGS)


def _format(name: str, data: bytes) -> str | None:
    """The canonical text, or None after printing why there is none."""
    source, diagnostics = decode(data, name)
    if source is not None:
        file, found = parse(source)
        errors = [d for d in (*diagnostics, *found) if d.severity is Severity.ERROR]
        if not errors:
            return format_file(file)
        for diagnostic in errors:
            click.echo(coloured(show(diagnostic, source), diagnostic.severity), err=True)
        return None
    for diagnostic in diagnostics:
        click.echo(f"{name}: error[{diagnostic.id}]: {diagnostic.message}", err=True)
    return None


def _report(path: Path, before: bytes, formatted: str, only_check: bool, show_diff: bool) -> None:
    if show_diff:
        old = before.decode("utf-8", "replace").splitlines(keepends=True)
        lines = difflib.unified_diff(old, formatted.splitlines(keepends=True), str(path), f"{path} (canonical)")
        click.echo("".join(line if line.endswith("\n") else line + "\n" for line in lines), nl=False)
    elif only_check:
        click.echo(f"{path} is not in its canonical form; `vpi fmt {path}` writes it")
    else:
        click.echo(f"formatted {path}")


def _replace(path: Path, text: str) -> None:
    """Writes a file whole or not at all, so that an interrupted run loses no rules; a link stays one."""
    target = path.resolve()
    draft: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        draft = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
        draft.chmod(target.stat().st_mode)
        draft.replace(target)
        draft = None
    except OSError as error:
        unreadable(f"can't write {path}: {(error.strerror or str(error)).lower()}")
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
