"""What depends on a row's number, version or event type, as one CASE with as few arms as there are different texts."""

from collections.abc import Mapping, Sequence


def choose(column: str, texts: Mapping[int, str], otherwise: str = "NULL") -> str:
    """The text that a column's number has; those with the same text share an arm."""
    arms: dict[str, list[int]] = {}
    for number, text in texts.items():
        if text != otherwise:
            arms.setdefault(text, []).append(number)
    if not arms:
        return otherwise
    written = [f"WHEN {is_one_of(column, numbers)} THEN {text}" for text, numbers in arms.items()]
    return f"CASE {' '.join(written)} ELSE {otherwise} END"


def is_one_of(column: str, numbers: Sequence[int]) -> str:
    """Whether a column is one of some numbers, at least one."""
    if len(numbers) == 1:
        return f"{column} = {numbers[0]}"
    return f"{column} IN ({', '.join(map(str, sorted(numbers)))})"


def by_version_and_type(count: int, texts: Mapping[tuple[int, str], str], otherwise: str = "NULL") -> str:
    """The text that the row's version, one of `count`, and its (quoted) event type have."""
    versions: dict[int, dict[str, str]] = {}
    for (version, kind), text in texts.items():
        versions.setdefault(version, {})[kind] = text
    inner = {version: _by_type(kinds, otherwise) for version, kinds in versions.items()}
    return choose("version", inner, otherwise) if count > 1 else inner.get(0, otherwise)


def _by_type(texts: Mapping[str, str], otherwise: str) -> str:
    arms: dict[str, list[str]] = {}
    for kind, text in texts.items():
        arms.setdefault(text, []).append(kind)
    written = [f"WHEN {_is_type(kinds)} THEN {text}" for text, kinds in arms.items()]
    return f"CASE {' '.join(written)} ELSE {otherwise} END"


def _is_type(kinds: Sequence[str]) -> str:
    return f"type = {kinds[0]}" if len(kinds) == 1 else f"type IN ({', '.join(kinds)})"
