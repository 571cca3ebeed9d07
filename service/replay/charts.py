"""Charts as SVG: text that stands in a page, takes its colours from the page, and says in words what it shows.

Coordinates are whole tenths of a unit, computed from exact amounts by whole division.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from service.replay.words import money, number

WIDTH = 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 26
_ROW = 22


@dataclass(frozen=True)
class Series:
    """One line or one bar a row: its label and its values, not below zero save where a chart says so."""

    label: str
    values: Sequence[int]


def lines(title: str, starts: Sequence[str], series: Sequence[Series], currency: str) -> str:
    """Money over time, a line each; the newest rules are drawn last, above the others."""
    height = 220
    floor, roof = height - _BOTTOM, _TOP
    highest = max((value for one in series for value in one.values), default=0)
    top = _round_up(highest)
    parts = []
    for quarter in range(5):
        y = _at(floor, roof, quarter, 4)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        if quarter % 2 == 0:
            label = escape(number(top * quarter // 4))
            parts.append(f'<text class="axis end" x="{_LEFT - 6}" y="{y}" dy="4">{label}</text>')
    last = max(len(starts) - 1, 1)
    for place, anchor in _dates(len(starts)):
        x = _at(_LEFT, WIDTH - _RIGHT, place, last)
        parts.append(f'<text class="axis {anchor}" x="{x}" y="{height - 8}">{escape(starts[place])}</text>')
    for side, one in reversed(list(enumerate(series))):
        points = " ".join(
            f"{_at(_LEFT, WIDTH - _RIGHT, place, last)},{_at(floor, roof, value, top)}"
            for place, value in enumerate(one.values)
        )
        if len(one.values) == 1:
            x, y = points.split(",")
            parts.append(f'<circle class="dot s{side}" cx="{x}" cy="{y}" r="4"/>')
        else:
            parts.append(f'<polyline class="line s{side}" points="{points}"/>')
    sums = "; ".join(f"{one.label}: {money(sum(one.values), currency)}" for one in series)
    return _svg(title, f"Money in {currency} over time. In all: {sums}.", height, parts)


def paired_bars(title: str, names: Sequence[str], series: Sequence[Series], kinds: Sequence[str], currency: str) -> str:
    """For each name a bar of each series, with its amount at the end; `kinds` are classes that colour the series."""
    left, right = 8, 104
    thick, gap = 13, 36
    group = gap + thick * len(series)
    longest = max((value for one in series for value in one.values), default=0) or 1
    parts = []
    for row, name in enumerate(names):
        y = row * group + 8
        parts.append(f'<text class="name" x="{left}" y="{y + 12}">{escape(name)}</text>')
        for side, (one, kind) in enumerate(zip(series, kinds, strict=True)):
            top = y + 18 + side * (thick + 2)
            width = _at(0, WIDTH - left - right, max(one.values[row], 0), longest)
            parts.append(f'<rect class="bar {kind}" x="{left}" y="{top}" width="{width}" height="{thick}"/>')
            amount = escape(number(one.values[row], 2))
            parts.append(f'<text class="value" x="{left + 4}" dx="{width}" y="{top + 11}">{amount}</text>')
    told = "; ".join(
        f"{name}: " + ", ".join(f"{one.label} {money(one.values[row], currency)}" for one in series)
        for row, name in enumerate(names)
    )
    return _svg(title, told, len(names) * group + 8, parts)


def counts(title: str, rows: Sequence[tuple[str, int]], kinds: Sequence[str]) -> str:
    """A bar for each row with its count; `kinds` are classes that colour the bars."""
    left, right = 184, 56
    longest = max((count for _, count in rows), default=0) or 1
    parts = []
    for place, ((name, count), kind) in enumerate(zip(rows, kinds, strict=True)):
        y = place * _ROW + 6
        width = _at(0, WIDTH - left - right, count, longest)
        parts.append(f'<text class="axis end" x="{left - 8}" y="{y + 12}">{escape(name)}</text>')
        parts.append(f'<rect class="bar {kind}" x="{left}" y="{y}" width="{width}" height="16"/>')
        if count:
            parts.append(f'<text class="value" x="{left + 4}" dx="{width}" y="{y + 13}">{count:,}</text>')
    told = "; ".join(f"{name}: {count:,}" for name, count in rows if count)
    return _svg(title, told, len(rows) * _ROW + 12, parts)


def _svg(title: str, description: str, height: int, parts: Sequence[str]) -> str:
    told = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return f'<svg role="img" viewBox="0 0 {WIDTH} {height}">{told}{"".join(parts)}</svg>'


def _at(start: int, end: int, value: int, whole: int) -> str:
    """The coordinate at value/whole of the way, with one decimal place."""
    tenths = start * 10 + (end - start) * 10 * value // (whole or 1)
    return f"{tenths // 10}.{tenths % 10}"


def _round_up(amount: int) -> int:
    """The next 1, 2, 4, 5 or 8 times a power of ten, so that a quarter of it is short."""
    if amount <= 0:
        return 4 * 10**18
    power: int = 10 ** (len(str(amount)) - 1)
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= amount)


def _dates(count: int) -> list[tuple[int, str]]:
    """The dates that are written below a time line, with where the text hangs."""
    if count == 0:
        return []
    if count == 1:
        return [(0, "start")]
    if count < 5:
        return [(0, "start"), (count - 1, "end")]
    return [(0, "start"), ((count - 1) // 2, "middle"), (count - 1, "end")]
