"""What an answer is held against: any part of what `vpi evaluate` prints, numbers by their value."""

import json
from decimal import Decimal
from typing import Any

from dsl.diagnostics import nearest
from dsl.numbers import LONGEST_NUMBER

AMOUNTS = frozenset({"price", "units"})
"""Members that are exact decimals: 0.1, "0.1" and "0.10" are one amount."""
_SHORT = 200


def differences(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """A sentence for every member of `expected` that `actual` has not, or has with another value.

    What `expected` leaves out may be anything. Lists are compared item by item and must be equally long.
    """
    return _members("", expected, actual)


def _members(place: str, expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in expected.items():
        path = f"{place}{name}"
        if name in actual:
            found += _value(path, name, value, actual[name])
            continue
        near = nearest(name, actual)
        hint = f"; did you mean `{near}`?" if near else f"; it has {', '.join(f'`{one}`' for one in actual)}"
        found.append(f"{path}: expected {as_json(value)}, but the answer has no `{name}`{hint}")
    return found


def _value(path: str, name: str, expected: Any, actual: Any) -> list[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _members(f"{path}.", expected, actual)
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return [f"{path}: expected {_items(expected)}, but there are {_items(actual)}: {as_json(actual)}"]
        return [
            sentence
            for index, (one, other) in enumerate(zip(expected, actual, strict=True))
            for sentence in _value(f"{path}[{index}]", name, one, other)
        ]
    if _same(name, expected, actual):
        return []
    return [f"{path}: expected {as_json(expected)}, but it is {as_json(actual)}"]


def _same(name: str, expected: Any, actual: Any) -> bool:
    if name in AMOUNTS:
        one, other = _amount(expected), _amount(actual)
        return one is not None and one == other
    # To Python yes equals 1, and a number may have been written 2.0.
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return bool(expected == actual)


def _amount(value: Any) -> Decimal | None:
    """The exact number that a JSON number or a decimal string is; None for anything else."""
    match value:
        case bool():
            return None
        case int() | Decimal():
            return Decimal(value)
        case str() if len(value) <= LONGEST_NUMBER and value.isascii() and value.strip() == value:
            digits = value.removeprefix("-").replace(".", "", 1)
            return Decimal(value) if digits.isdigit() and value[-1] != "." else None
        case _:
            return None


def _items(items: list[Any]) -> str:
    return "1 item" if len(items) == 1 else f"{len(items)} items"


def as_json(value: Any) -> str:
    """A value as it stands in the file, shortened where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=_exact)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _exact(value: Any) -> str:
    """A number that JSON's writer has no exact form for."""
    assert isinstance(value, Decimal)
    return str(value)
