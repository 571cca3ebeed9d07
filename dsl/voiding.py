"""Taking an evaluation back: minus its units, and the price that falls away along the curve and through caps.

A line goes back in two steps, each the mirror of one in the interpreter:

1. The uncapped amount. Where one version moved the running total, the amount is what the curve falls by from the total
   as it stands now: what came later moves down with it. Else it is the amount as it was recorded: what was used keeps
   its price.
2. Through caps. Where one version moved a cap's sum R, the amount d gives back min(cap, R) − min(cap, R − d); of
   several caps the smallest holds. Where several versions moved the sum, the recorded price goes back.

The curve is only asked where each cap holds the running total whole (`cap … per month` over tiers `per day`). Where a
cap cuts the total into parts (`per event`, or `per day` over tiers `per month`), what a part has taken depends on the
order in which the events came, and the curve would give back something else. There the recorded amount goes back.

What holds therefore, under one version, with voids and new events mixed as they come:

- A void right after its event is its mirror image, whatever the caps.
- A running total and a limit's count are those of the events that are left. When none is left, every counter is 0.
- When none is left, the money is 0 too, unless an interaction has several caps: the smallest of their prices add up to
  no bill of their own, neither on the way there nor on the way back.
- The bill is that of the events that are left, in any order, where there are no limits, no interaction has several
  caps, and each cap on a price with a running total holds that total whole.

The first is so over versions too; the second and the third where no counter gets its second version after a void of
what moved it.

An hour that a clock change puts into two days (at 00:01 back to 23:01, once the custom of St. John's) is the one total
that its day may not hold. A cap's sum adds amounts up, so it is below 0 where a price by volume fell, and where a void
gave back along the curve, before a change of version, what a later void gives back as recorded. Even then no event
costs more than its uncapped amount.
"""

from collections.abc import Callable, Iterator

from dsl import curve
from dsl.core import Basis, ByPrice, Cap, Case, Interaction, Period, Ruleset, UnitPrice
from dsl.evaluation import Change, CounterKey, Counters, Evaluation, Line

_HOLDS: dict[Period | None, tuple[Period | None, ...]] = {
    None: ("hour", "day", "week", "month", "year", None),
    "year": ("month", "day", "hour", "year"),
    "month": ("day", "hour", "month"),
    "week": ("day", "hour", "week"),
    "day": ("hour", "day"),
    "hour": ("hour",),
}
"""For each period, which ones it always holds whole: a week may lie in two months."""

_Recorded = dict[object, Change]
"""The changes that went with one line, by their keys' signatures: an interaction has each at most once."""


def void(
    ruleset: Ruleset,
    evaluation: Evaluation,
    counters: Counters,
    one_version: Callable[[CounterKey], bool],
) -> tuple[tuple[Line, ...], tuple[Change, ...]]:
    """The lines and changes that take `evaluation` back, against the counters as they stand now.

    `ruleset` is the version that made it; `one_version` tells whether no other version has moved a counter. Units are
    millionths, 0 or below; prices 10⁻¹⁸ of the currency, 0 or below save where a price by volume rises. Lines are in
    the evaluation's order; a counter that stays as it is has no change. Where nothing counted, nothing is taken back.
    """
    interactions = {interaction.name: interaction for interaction in ruleset.interactions}
    lines: list[Line] = []
    changes: list[Change] = []
    for line in evaluation.lines:
        interaction = interactions[line.interaction]
        recorded = {change.key[1]: change for change in evaluation.changes if change.key[0] == line.interaction}
        amount = _uncapped(interaction, line, recorded, counters, one_version)
        price = _through_caps(interaction, line, amount, recorded, counters, one_version)
        lines.append(Line(line.interaction, -line.units, line.noun, price))
        sums = {curve.cap_signature(cap.basis) for cap in interaction.caps if cap.basis is not None}
        for signature, change in recorded.items():
            delta = amount if signature in sums else change.delta
            if delta:
                changes.append(Change(change.key, counters.get(change.key, 0), -delta))
    return tuple(lines), tuple(changes)


# ── the uncapped amount ─────────────────────────────────────────────────────


def _uncapped(
    interaction: Interaction,
    line: Line,
    recorded: _Recorded,
    counters: Counters,
    one_version: Callable[[CounterKey], bool],
) -> int:
    """The money before caps that is taken back; of a price `per event` under a cap without a sum, what the cap left."""
    for price, basis, case in _running(interaction):
        total = recorded.get(curve.total_signature(interaction, basis, case))
        if total is None or (case is not None and total.key[-len(case.values) :] != case.values):
            continue
        if one_version(total.key) and all(_holds_whole(cap, interaction, basis, case) for cap in interaction.caps):
            now = counters.get(total.key, 0)
            return curve.amount(price.curve, now) - curve.amount(price.curve, now - total.delta)
    sums = [recorded[curve.cap_signature(cap.basis)] for cap in interaction.caps if cap.basis is not None]
    return sums[0].delta if sums else line.price


def _running(interaction: Interaction) -> Iterator[tuple[UnitPrice, Basis, Case | None]]:
    """Every price of an interaction that has a running total, with what it runs over and its case."""
    price = interaction.price
    if isinstance(price, ByPrice):
        prices = [(case.price, case) for case in price.cases] + [(price.otherwise, None)]
    else:
        prices = [(price, None)]
    for simple, case in prices:
        if isinstance(simple, UnitPrice) and simple.basis is not None:
            yield simple, simple.basis, case


def _holds_whole(cap: Cap, interaction: Interaction, basis: Basis, case: Case | None) -> bool:
    """Whether all events of one running total are of one sum under the cap."""
    if cap.basis is None:
        return False
    fixed = {(key.name, key.builtin) for key in basis.keys}
    if case is not None and isinstance(interaction.price, ByPrice):
        fixed |= {(read.name, read.builtin) for read in interaction.price.attributes}
    keys_fixed = all((key.name, key.builtin) in fixed for key in cap.basis.keys)
    return keys_fixed and basis.period in _HOLDS[cap.basis.period]


# ── through caps ────────────────────────────────────────────────────────────


def _through_caps(
    interaction: Interaction,
    line: Line,
    amount: int,
    recorded: _Recorded,
    counters: Counters,
    one_version: Callable[[CounterKey], bool],
) -> int:
    """The price of the line that takes back an uncapped amount; the smallest that a cap gives back."""
    given_back = []
    for cap in interaction.caps:
        if cap.basis is None:
            given_back.append(min(cap.amount, amount))
            continue
        key = recorded[curve.cap_signature(cap.basis)].key
        if not one_version(key):
            return -line.price
        now = counters.get(key, 0)
        given_back.append(min(cap.amount, now) - min(cap.amount, now - amount))
    return -min(given_back, default=amount)
