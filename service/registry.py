"""Immutable versions of rulesets, and the one that is in force at a time."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dsl.core import Ruleset
from dsl.diagnostics import nearest
from dsl.to_python import CompiledRuleset, compile_ruleset
from dsl.zones import EARLIEST, LATEST
from service.errors import InvalidRequest, NoVersionInForce, UnknownRuleset, UnknownVersion
from service.times import as_text


@dataclass(frozen=True)
class Version:
    """One checked version with the text that it was made from; never changes."""

    ruleset: Ruleset
    text: str

    @cached_property
    def compiled(self) -> CompiledRuleset:
        """The version as a Python function, compiled when first needed."""
        return compile_ruleset(self.ruleset)

    @cached_property
    def sha256(self) -> str:
        """The hash of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


class Versions:
    """All versions of one ruleset, at least one, ordered by when they take effect."""

    def __init__(self, versions: Iterable[Version]) -> None:
        # Of two that take effect together the higher number is in force: it stands last.
        self._ordered = sorted(versions, key=lambda v: (v.ruleset.effective, v.ruleset.version))
        self._effective = [v.ruleset.effective for v in self._ordered]
        self._by_number = {v.ruleset.version: v for v in self._ordered}
        self.name = self._ordered[0].ruleset.name

    def in_force(self, time: int) -> Version | None:
        """The version that prices an event of that time, an instant; None before the first."""
        index = bisect_right(self._effective, time)
        return self._ordered[index - 1] if index else None

    def around(self, time: int) -> tuple[int, int, Version | None]:
        """From when (inclusive) until when (exclusive) the version in force at a time is, and the version itself."""
        index = bisect_right(self._effective, time)
        start = self._effective[index - 1] if index else EARLIEST
        end = self._effective[index] if index < len(self._effective) else LATEST + 1
        return start, end, self._ordered[index - 1] if index else None

    def not_in_force(self) -> NoVersionInForce:
        """The error for a time before the first version."""
        return NoVersionInForce(self.name, as_text(self._effective[0]))

    def number(self, version: int) -> Version:
        """The version of that number; raises UnknownVersion."""
        try:
            return self._by_number[version]
        except KeyError:
            raise UnknownVersion(self.name, version) from None

    @property
    def latest(self) -> Version:
        """The one that takes effect last."""
        return self._ordered[-1]

    def by_number(self) -> tuple[Version, ...]:
        """All versions, in order of their numbers."""
        return tuple(self._by_number[n] for n in sorted(self._by_number))


class Registry:
    """The rulesets that are served."""

    def __init__(self, versions: Iterable[Version] = ()) -> None:
        grouped: dict[str, list[Version]] = {}
        for version in versions:
            grouped.setdefault(version.ruleset.name, []).append(version)
        self._rulesets = {name: Versions(group) for name, group in sorted(grouped.items())}

    def names(self) -> tuple[str, ...]:
        """The rulesets' names, sorted."""
        return tuple(self._rulesets)

    def compile(self) -> None:
        """Compiles every version now, so that no event waits for it."""
        for versions in self._rulesets.values():
            for version in versions.by_number():
                _ = version.compiled

    def versions(self, name: str) -> Versions:
        """The versions of a ruleset, of the only one where the name is empty.

        Raises InvalidRequest for an empty name where there are several, UnknownRuleset.
        """
        if not name and len(self._rulesets) == 1:
            return next(iter(self._rulesets.values()))
        if not name:
            known = ", ".join(self._rulesets) or "none"
            raise InvalidRequest("ruleset", f"name the ruleset; there are several here: {known}")
        try:
            return self._rulesets[name]
        except KeyError:
            raise UnknownRuleset(name, nearest(name, self._rulesets)) from None
