"""A replay as one HTML file that needs nothing else: to be read on a screen, a phone or paper."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.answers import version_as_data
from service.replay import charts, words
from service.replay.changes import in_place
from service.replay.charts import Series
from service.replay.comparison import Comparison, Pair
from service.replay.results import Replay
from service.times import as_text

_LISTED = 200
_INTERACTIONS = 12
_COLOURS = ("less",) * 5 + ("same",) + ("more",) * 6


def write_report(replay: Replay, path: Path) -> None:
    """Write the report of a replay; raises CantWrite."""
    with in_place(path) as part:
        part.write_text(report(replay), encoding="utf-8")


def report(replay: Replay) -> str:
    """The report of a replay, as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    comparison = replay.comparison
    environment.filters |= {
        "amount": lambda amount: words.number(amount, 2),
        "money": lambda amount: words.money(amount, comparison.currency),
        "change": lambda amount: words.change(amount, comparison.currency),
        "units": words.units,
        "count": lambda count: f"{count:,}",
        "signed": lambda count: words.signed(f"{abs(count):,}", count) if count else "0",
        "many": words.many,
        "kinds": words.kinds,
        "of_all": lambda count: words.of_all(count, comparison),
        "time": lambda time: as_text(time) if isinstance(time, int) else str(time),
    }
    return environment.get_template("report.html.j2").render(
        replay=replay,
        comparison=comparison,
        headline=words.headline(comparison),
        notes=words.notes(comparison.voids, replay.refused),
        versions=[[version_as_data(version) for version in side.rules] for side in comparison.sides],
        timeline=_timeline(comparison),
        customers=comparison.customers[:_LISTED],
        pairs=[
            {
                "pair": pair,
                "before": comparison.sides[pair.before],
                "after": comparison.sides[0],
                "place": pair.before,
                "headline": words.pair_headline(comparison, pair),
                "samples": samples,
                "interactions": _interactions(comparison, pair),
                "spread": _spread(pair),
            }
            for pair, samples in zip(comparison.pairs, replay.samples, strict=True)
        ],
    )


def _timeline(comparison: Comparison) -> Markup:
    starts = [one.start.isoformat() for one in comparison.timeline]
    series = [
        Series(side.label, [one.money[place] for one in comparison.timeline])
        for place, side in enumerate(comparison.sides)
    ]
    return Markup(charts.lines(f"Money by {comparison.unit}", starts, series, comparison.currency))


def _interactions(comparison: Comparison, pair: Pair) -> Markup:
    used = pair.interactions[:_INTERACTIONS]
    labels: Sequence[str] = (comparison.sides[0].label, comparison.sides[pair.before].label)
    series = [Series(label, [one.money[side] for one in used]) for label, side in zip(labels, (1, 0), strict=True)]
    names = [one.interaction for one in used]
    kinds = ("s0", f"s{pair.before}")
    return Markup(charts.paired_bars("Money by interaction", names, series, kinds, comparison.currency))


def _spread(pair: Pair) -> Markup:
    return Markup(charts.counts("Customers by how their money changed", pair.spread, _COLOURS))
