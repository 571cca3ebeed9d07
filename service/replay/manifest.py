"""What a folder of prepared events says about itself, wherever the folder is."""

import json
from collections.abc import Iterable
from typing import Any

from dsl.to_sql import Column

FORMAT = 3
"""The form of prepared events; another release may have another."""
MANIFEST = "manifest.json"


class NotPrepared(Exception):
    """A folder holds no prepared events, or none that fit the rules; the text says why."""


def read_manifest(
    text: str | None, folder: object, needed: Iterable[Column]
) -> tuple[dict[str, Any], tuple[Column, ...]]:
    """What a manifest says, and its columns; None stands for one that is not there.

    Raises NotPrepared, also where columns are missing that are needed.
    """
    try:
        manifest = json.loads(text) if text is not None else None
    except ValueError:
        manifest = None
    if manifest is None:
        raise NotPrepared(f"{folder} holds no prepared events: it has no manifest that can be read")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NotPrepared(f"{folder} was prepared by another release; prepare the events again")
    columns = tuple(Column(name, path, storage) for name, path, storage in manifest["columns"])
    known = {(column.path, column.storage) for column in columns}
    lacking = [column.path for column in needed if (column.path, column.storage) not in known]
    if lacking:
        names = ", ".join(f"`{path}`" for path in lacking[:5])
        raise NotPrepared(f"{folder} was prepared for other rules and lacks {names}; prepare the events again")
    return manifest, columns
