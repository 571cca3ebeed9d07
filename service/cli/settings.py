"""Settings from `vpi.toml`, or `[tool.vpi]` in `pyproject.toml`, of the current folder."""

import tomllib
from pathlib import Path
from typing import Any

import click

NAMES = frozenset({"rules", "ledger", "address", "ruleset", "server", "workers"})


def settings() -> dict[str, Any]:
    """The settings by name, all of them text; ends the command with code 2 where the file is wrong."""
    return settings_file()[1]


def settings_file() -> tuple[str, dict[str, Any]]:
    """The file that the settings come from, "" where there is none, and the settings; as `settings`."""
    for name, table in (("vpi.toml", ()), ("pyproject.toml", ("tool", "vpi"))):
        path = Path(name)
        if not path.is_file():
            continue
        try:
            found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise click.UsageError(f"{name} can't be read: {error}") from None
        for key in table:
            found = found.get(key, {}) if isinstance(found, dict) else {}
        if found:
            return name, _checked(name, found)
    return "", {}


def _checked(name: str, found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise click.UsageError(f"the settings of vpi in {name} are not a table")
    for key, value in found.items():
        if key not in NAMES:
            raise click.UsageError(f"{name} sets `{key}`, which vpi does not know; it knows {', '.join(sorted(NAMES))}")
        if not isinstance(value, str):
            raise click.UsageError(f"{name}: `{key}` must be a text in quotes")
    return found
