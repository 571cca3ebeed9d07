"""Tiers: from the author's `first`, `next`, `up to`, `then` to a curve without gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from dsl import core, syntax
from dsl.checker import amounts
from dsl.checker.context import Context
from dsl.checker.unit_nouns import UnitNoun
from dsl.curve import amount
from dsl.diagnostics.prices import (
    MixedTiers,
    TierNotAscending,
    TierOutOfPlace,
    VolumeCliff,
    VolumeTier,
)
from dsl.numbers import format_money, format_units

OPEN = ("then", "above")


@dataclass(frozen=True, slots=True)
class Rate:
    """What a tier charges, in the units of `core.Tier`."""

    rate: int = 0
    size: int = core.UNIT
    blocks: Literal["started", "full"] | None = None
    plus: int = 0


def check_curve(node: syntax.Tiers, noun: UnitNoun, context: Context) -> core.Curve | None:
    """The curve of the tiers; None, with everything reported, where they make none."""
    edges = _check_edges(node, context)
    rates = [_check_rate(tier.rate, noun, context) for tier in node.tiers]
    if edges is None:
        return None
    tiers = [
        core.Tier(lower, upper, rate.rate, rate.size, rate.blocks, rate.plus)
        for (lower, upper), rate in zip(edges, rates, strict=True)
        if rate is not None
    ]
    if len(tiers) < len(rates):
        return None
    curve = core.Curve(node.by_volume, tuple(tiers))
    if node.by_volume:
        _warn_of_cliffs(curve, node.tiers, context)
    return curve


def block_curve(node: syntax.PerUnit, noun: UnitNoun, context: Context) -> core.Curve | None:
    """The curve of one rate for all units: `0.05`, `5.00 per 1_000 tokens`, `10.00 per started 100 units`."""
    noun.mention(node.noun, context)
    rate = amounts.rate(node.amount, context)
    size = core.UNIT if node.size is None else amounts.units(node.size, "the size that a price is for", context)
    if rate is None or size is None:
        return None
    return core.Curve(False, (core.Tier(0, None, rate, size, node.blocks),))


def _check_edges(node: syntax.Tiers, context: Context) -> list[tuple[int, int | None]] | None:
    """The lower and upper edge of each tier, in millionths."""
    if not _check_order(node, context):
        return None
    edges: list[tuple[int, int | None]] = []
    lower, previous = 0, ""
    for tier in node.tiers:
        if tier.bound is None:
            edges.append((lower, None))
            break
        what = "the end of a tier" if tier.kind == "up to" else "the size of a tier"
        bound = amounts.units(tier.bound, what, context)
        if bound is None:
            return None
        upper = bound if tier.kind == "up to" else lower + bound
        if upper <= lower:
            context.report(TierNotAscending(span=tier.bound.span, bound=tier.bound.text, previous=previous))
            return None
        edges.append((lower, upper))
        lower, previous = upper, tier.bound.text
    return edges


def _check_order(node: syntax.Tiers, context: Context) -> bool:
    """Whether the tiers' words follow each other as they may; the first that does not is reported.

    That the last tier, and only the last, is open is the grammar's business.
    """
    tiers = node.tiers
    for tier in tiers:
        if node.by_volume and tier.kind in ("first", "next"):
            context.report(VolumeTier(span=tier.span, kind=tier.kind))
            return False
    first = tiers[0]
    if first.kind == "next":
        context.report(TierOutOfPlace(span=first.span, kind="next"))
        return False
    for tier in tiers[1:]:
        if tier.kind not in OPEN and (tier.kind == "up to") != (first.kind == "up to"):
            context.report(MixedTiers(span=tier.span, kind=tier.kind, other=first.kind))
            return False
        if tier.kind == "first":
            context.report(TierOutOfPlace(span=tier.span, kind="first"))
            return False
    return True


def _check_rate(node: syntax.TierRate, noun: UnitNoun, context: Context) -> Rate | None:
    plus: int | None = 0 if node.plus is None else amounts.money(node.plus, "a flat amount", context)
    known = _check_rate_itself(node, noun, context)
    if known is None or plus is None:
        return None
    return replace(known, plus=known.plus + plus)


def _check_rate_itself(node: syntax.TierRate, noun: UnitNoun, context: Context) -> Rate | None:
    noun.mention(node.noun, context)
    if node.flat is not None:
        flat = amounts.money(node.flat, "a flat amount", context)
        return None if flat is None else Rate(plus=flat)
    if node.percent is not None:
        share = amounts.percentage_rate(node.percent, context)
        return None if share is None else Rate(share)
    if node.amount is not None:
        rate = amounts.rate(node.amount, context)
        size = core.UNIT if node.size is None else amounts.units(node.size, "the size that a rate is for", context)
        return None if rate is None or size is None else Rate(rate, size, node.blocks)
    return Rate()


def _warn_of_cliffs(curve: core.Curve, tiers: Sequence[syntax.Tier], context: Context) -> None:
    """Name each edge of a price by volume where one unit more makes the whole bill smaller."""
    for (tier, node), (after, _) in pairwise(zip(curve.tiers, tiers, strict=True)):
        if tier.upper is None or node.bound is None:
            continue
        beyond = tier.upper + core.UNIT
        if after.upper is not None:
            beyond = min(beyond, after.upper)
        cost, beyond_cost = amount(curve, tier.upper), amount(curve, beyond)
        if beyond_cost < cost:
            context.report(
                VolumeCliff(
                    span=node.bound.span,
                    at=format_units(tier.upper),
                    cost=price_text(cost),
                    beyond=format_units(beyond),
                    beyond_cost=price_text(beyond_cost),
                )
            )


def price_text(amount: int) -> str:
    """Money with at least two digits after the point, as a price list shows it."""
    text = format_money(amount)
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"
