"""Several checked versions side by side: what must not change between them, and where their files lie."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dsl import core, syntax
from dsl.core import Period
from dsl.curve import cap_signature, limit_signature, total_signature
from dsl.diagnostics import Diagnostic
from dsl.diagnostics.rulesets import ChangedForLife, EqualEffective, RepeatedVersion, TotalStartsAgain, UnlikePlace
from dsl.parser import parse
from dsl.source import Source, Span
from dsl.words import DECLARATIONS
from dsl.zones import zone_named

_DECLARED = re.compile(rf"^[ \t]*(?:{'|'.join(DECLARATIONS)})\b", re.MULTILINE)
"""A line behind the header; to read the rest of a large file again would double the time of a check."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule file that is right by itself."""

    source: Source
    ruleset: core.Ruleset

    def place(self, key: str) -> Span:
        """Where the header says it; the file's start where it does not."""
        begun = _DECLARED.search(self.source.text)
        header = self.source if begun is None else Source(self.source.name, self.source.text[: begun.start()])
        file, _ = parse(header)
        lines: dict[str, syntax.HeaderLine] = {line.key: line for line in reversed(file.header)}
        return lines[key].value.span if key in lines else Span(0, 0)


def check_together(files: Sequence[Checked]) -> list[tuple[Source, Diagnostic]]:
    """What is wrong between the versions of each ruleset: by file, each version held against those before it.

    Files of any number of rulesets, in any order.
    """
    found: list[tuple[Source, Diagnostic]] = []
    rulesets: dict[str, list[Checked]] = {}
    for file in sorted(files, key=lambda f: (f.ruleset.name, f.ruleset.version, f.source.name)):
        rulesets.setdefault(file.ruleset.name, []).append(file)
    for versions in rulesets.values():
        for index, file in enumerate(versions):
            found += [(file.source, diagnostic) for diagnostic in _against(file, versions[:index])]
        found += _started_again(versions)
    return found


def _against(file: Checked, earlier: Sequence[Checked]) -> list[Diagnostic]:
    if not earlier:
        return []
    ruleset, first, last = file.ruleset, earlier[0].ruleset, earlier[-1]
    if last.ruleset.version == ruleset.version:
        span, other = file.place("version"), last.source.name
        return [RepeatedVersion(span=span, ruleset=ruleset.name, version=ruleset.version, other=other)]
    found: list[Diagnostic] = []
    for key, what, before, here in (
        ("currency", "currency", first.currency, ruleset.currency),
        ("timezone", "time zone", first.zone, ruleset.zone),
    ):
        if before != here:
            found.append(
                ChangedForLife(
                    span=file.place(key),
                    what=what,
                    ruleset=ruleset.name,
                    first=before,
                    first_version=first.version,
                    second=here,
                )
            )
    equal = [e.ruleset.version for e in earlier if e.ruleset.effective == ruleset.effective]
    if equal:
        span = file.place("effective")
        found.append(EqualEffective(span=span, ruleset=ruleset.name, version=ruleset.version, other=equal[-1]))
    return found


def _started_again(versions: Sequence[Checked]) -> list[tuple[Source, Diagnostic]]:
    """Where a version forgets what the one before it has counted; by when they take effect."""
    # Of those that take effect together the one with the highest number is in force.
    in_force = sorted({file.ruleset.effective: file for file in versions}.items())
    found: list[tuple[Source, Diagnostic]] = []
    for (_, before), (_, file) in pairwise(in_force):
        known = {interaction.name: interaction for interaction in before.ruleset.interactions}
        for interaction in file.ruleset.interactions:
            if interaction.name in known:
                forgotten = _forgotten(known[interaction.name], interaction, file.ruleset)
                found += [
                    (file.source, _told(interaction, what, period, file, before)) for what, period in forgotten.items()
                ]
    return found


def _told(
    interaction: core.Interaction, what: str, period: Period | None, file: Checked, before: Checked
) -> TotalStartsAgain:
    return TotalStartsAgain(
        span=interaction.span,
        interaction=interaction.name,
        what=what,
        period=period,
        version=file.ruleset.version,
        before=before.ruleset.version,
    )


def _forgotten(before: core.Interaction, now: core.Interaction, ruleset: core.Ruleset) -> dict[str, Period | None]:
    """What of an interaction starts at 0, with the period that is under way when the ruleset takes effect."""
    zone, effective = zone_named(ruleset.zone), ruleset.effective
    known, current = _totals(before), _totals(now)
    lost = {what for what, _ in known.keys() - current.keys()}
    found: dict[str, Period | None] = {}
    for (what, signature), period in current.items():
        under_way = zone.period(period, effective - 1) == zone.period(period, effective)
        if what in lost and (what, signature) not in known and under_way:
            found[what] = period
    return found


def _totals(interaction: core.Interaction) -> dict[tuple[str, str], Period | None]:
    """What an interaction counts over several events: the kind and what it carries over by, and its period."""
    found: dict[tuple[str, str], Period | None] = {}
    for limit in interaction.limits:
        found["limit", limit_signature(limit)] = limit.basis.period
    for cap in interaction.caps:
        if cap.basis is not None:
            found["cap", cap_signature(cap.basis)] = cap.basis.period
    price = interaction.price
    cases: list[tuple[core.Case | None, core.SimplePrice | None]]
    if isinstance(price, core.ByPrice):
        cases = [*((case, case.price) for case in price.cases), (None, price.otherwise)]
    else:
        cases = [(None, price)]
    for case, one in cases:
        if isinstance(one, core.UnitPrice) and one.basis is not None:
            found["running total", total_signature(interaction, one.basis, case)] = one.basis.period
    return found


def check_place(file: Checked, folder: str, stem: str) -> list[Diagnostic]:
    """What is wrong where a file `FOLDER/STEM.vpi` says another ruleset or version than its place does."""
    found: list[Diagnostic] = []
    if file.ruleset.name != folder:
        span = file.place("ruleset")
        found.append(UnlikePlace(span=span, what="ruleset", written=file.ruleset.name, place=folder))
    if str(file.ruleset.version) != stem:
        span = file.place("version")
        found.append(UnlikePlace(span=span, what="version", written=str(file.ruleset.version), place=stem))
    return found
