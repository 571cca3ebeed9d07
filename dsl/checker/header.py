"""The header: which ruleset this is, which version, from when, in which currency and time zone."""

from dataclasses import dataclass

from dsl import syntax
from dsl.checker.context import Context
from dsl.checker.intervals import places_of
from dsl.checker.literals import instant_of
from dsl.currencies import DIGITS
from dsl.diagnostics import header as mistakes
from dsl.source import Span
from dsl.zones import Zone, zone_names

HIGHEST_VERSION = 2**31 - 1
_NEEDED = ("ruleset", "version", "effective", "currency")


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says; where a line is missing or wrong, which is reported, a value to go on with."""

    name: str
    version: int
    effective: int
    currency: str
    zone: str


def check_header(file: syntax.File, context: Context) -> Header:
    """The file's header; sets the context's zone, so it comes before everything else."""
    lines = _first_of_each(file, context)
    _report_missing(file, lines, context)
    zone, effective = lines.get("timezone"), lines.get("effective")
    if zone is not None:
        _set_zone(zone, context)
    instant = None
    if effective is not None and isinstance(effective.value, syntax.Date | syntax.Timestamp):
        instant = instant_of(effective.value, context)
    name = lines.get("ruleset")
    return Header(
        name=name.value.text if name is not None and isinstance(name.value, syntax.Name) else "",
        version=_version(lines.get("version"), context),
        effective=instant or 0,
        currency=_currency(lines.get("currency"), context),
        zone=context.zone.name,
    )


def _first_of_each(file: syntax.File, context: Context) -> dict[str, syntax.HeaderLine]:
    lines: dict[str, syntax.HeaderLine] = {}
    for line in file.header:
        first = lines.setdefault(line.key, line)
        if first is not line:
            number, _ = context.source.position(first.span.start)
            context.report(mistakes.RepeatedHeaderLine(span=line.span, key=line.key, first=number))
    return lines


def _report_missing(file: syntax.File, lines: dict[str, syntax.HeaderLine], context: Context) -> None:
    """Report needed lines that are not there, unless one may be among what did not parse."""
    if not file.header and not file.declarations and context.diagnostics:
        return  # nothing could be read at all
    begin = min((declaration.span.start for declaration in file.declarations), default=len(file.source.text))
    lost: set[str] = set()
    for broken in file.broken:
        if broken.kind == "header" or (broken.kind == "unknown" and broken.span.start <= begin):
            lost.update(_NEEDED if broken.name not in _NEEDED else (broken.name,))
    missing = tuple(key for key in _NEEDED if key not in lines and key not in lost)
    if missing:
        span = file.header[0].span if file.header else Span(0, 0)
        context.report(mistakes.MissingHeaderLine(span=span, keys=missing))


def _version(line: syntax.HeaderLine | None, context: Context) -> int:
    if line is None or not isinstance(line.value, syntax.Number):
        return 1
    value = line.value.value
    if places_of(value) == 0 and "." not in line.value.text and 1 <= value <= HIGHEST_VERSION:
        return int(value)
    context.report(mistakes.BadVersion(span=line.value.span, value=line.value.text, most=HIGHEST_VERSION))
    return 1


def _currency(line: syntax.HeaderLine | None, context: Context) -> str:
    if line is None or not isinstance(line.value, syntax.Word):
        return "USD"
    code = line.value.text
    if code not in DIGITS:
        context.report(mistakes.UnknownCurrency(span=line.value.span, value=code, codes=tuple(DIGITS)))
    return code


def _set_zone(line: syntax.HeaderLine, context: Context) -> None:
    if not isinstance(line.value, syntax.Word):
        return
    name = line.value.text
    if name in zone_names():
        context.zone = Zone(name)
    else:
        names = tuple(sorted(zone_names()))
        context.report(mistakes.UnknownTimezone(span=line.value.span, value=name, names=names))
