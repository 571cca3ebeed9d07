"""Builds prices and what totals run over: a function for each rule of the grammar."""

from typing import Any

from dsl import syntax
from dsl.diagnostics.grammar import MOST_TIERS, MOST_WORDS, TooManyCases, TooManyTiers, UnknownPeriod
from dsl.diagnostics.phrases import OtherPhrase
from dsl.parser.automaton import Action
from dsl.parser.builder import Builder
from dsl.parser.expressions import limited
from dsl.source import Span
from dsl.words import PERIODS

# ── what a total runs over ──────────────────────────────────────────────────


def _over(b: Builder, span: Span, args: list[Any]) -> syntax.Basis:
    keys, period = tuple(args[:-1]), args[-1]
    if period is None and len(keys) == 1 and keys[0].text in PERIODS:
        return syntax.Basis(span, False, (), keys[0].text)
    if period is not None and period.text not in PERIODS:
        if len(keys) == 1 and keys[0].text in PERIODS:
            if b.source.slice(keys[0].span) == keys[0].text:  # else it was put right already
                named, other = keys[0].text, period.text
                phrase, instead = f"per {named} per {other}", f"per {other} per {named}"
                b.report(OtherPhrase(span=span, phrase=phrase, instead=instead))
            return syntax.Basis(span, False, (syntax.Path(period.span, period.text),), keys[0].text)
        b.report(UnknownPeriod(span=period.span, name=period.text, key=False, keys=tuple(key.text for key in keys)))
        return syntax.Basis(span, False, keys, "month")
    return syntax.Basis(span, False, keys, period.text if period else None)


def _each_event(b: Builder, span: Span, args: list[Any]) -> syntax.Basis:
    return syntax.Basis(span, True, (), None)


def periodic(b: Builder, basis: syntax.Basis) -> syntax.Basis:
    """A basis that must name a period, or `event`: one without is reported."""
    if basis.each_event or basis.period is not None:
        return basis
    last = basis.keys[-1]
    b.report(UnknownPeriod(span=last.span, name=last.text, key=True))
    return syntax.Basis(basis.span, False, basis.keys[:-1], "month")


# ── simple prices ───────────────────────────────────────────────────────────


def _free(b: Builder, span: Span, args: list[Any]) -> syntax.Free:
    return syntax.Free(span)


def _per_unit(b: Builder, span: Span, args: list[Any]) -> syntax.PerUnit:
    return syntax.PerUnit(span, args[0], None, None, None, None)


def _per_noun(b: Builder, span: Span, args: list[Any]) -> syntax.PerUnit:
    return syntax.PerUnit(span, args[0], None, args[1], None, None)


def _per_size(b: Builder, span: Span, args: list[Any]) -> syntax.PerUnit:
    return syntax.PerUnit(span, args[0], args[1], args[2], None, None)


def _block(b: Builder, span: Span, args: list[Any]) -> str:
    return str(args[0].text)


def _per_block(b: Builder, span: Span, args: list[Any]) -> syntax.PerUnit:
    amount, block, size, noun, basis = args
    return syntax.PerUnit(span, amount, size, noun, block, periodic(b, basis) if basis else None)


def _percentage(b: Builder, span: Span, args: list[Any]) -> syntax.PercentagePrice:
    return syntax.PercentagePrice(span, *args)


def _computed(b: Builder, span: Span, args: list[Any]) -> syntax.ComputedPrice:
    return syntax.ComputedPrice(span, *args)


def _at_least(b: Builder, span: Span, args: list[Any]) -> tuple[str, syntax.Number]:
    return "at_least", args[0]


def _at_most(b: Builder, span: Span, args: list[Any]) -> tuple[str, syntax.Number]:
    return "at_most", args[0]


def _bounds(b: Builder, span: Span, args: list[Any]) -> syntax.Bounds:
    found = dict(bound for bound in args if bound is not None)
    return syntax.Bounds(span, found.get("at_least"), found.get("at_most"))


# ── tiers ───────────────────────────────────────────────────────────────────


def _free_rate(b: Builder, span: Span, args: list[Any]) -> syntax.TierRate:
    return syntax.TierRate(span, free=True, plus=args[0])


def _rate_noun(b: Builder, span: Span, args: list[Any]) -> tuple[Any, Any, Any]:
    return None, None, args[0]


def _rate_size(b: Builder, span: Span, args: list[Any]) -> tuple[Any, Any, Any]:
    return args[0], args[1], args[2]


def _rate(b: Builder, span: Span, args: list[Any]) -> syntax.TierRate:
    amount, per, plus = args
    blocks, size, noun = per or (None, None, None)
    return syntax.TierRate(span, amount=amount, size=size, noun=noun, blocks=blocks, plus=plus)


def _percent_rate(b: Builder, span: Span, args: list[Any]) -> syntax.TierRate:
    return syntax.TierRate(span, percent=args[0], plus=args[1])


def _for_rate(b: Builder, span: Span, args: list[Any]) -> syntax.TierRate:
    return syntax.TierRate(span, flat=args[0])


def _tier(kind: Any) -> Action:
    def build(b: Builder, span: Span, args: list[Any]) -> syntax.Tier:
        bound, rate = args if len(args) > 1 else (None, args[0])
        return syntax.Tier(span, kind, bound, rate)

    return build


def _by_volume(b: Builder, span: Span, args: list[Any]) -> bool:
    return True


def _tiers(b: Builder, span: Span, args: list[Any]) -> syntax.Tiers:
    basis, by_volume, *tiers, bounds = args
    if len(tiers) > MOST_TIERS:
        b.report(TooManyTiers(span=tiers[MOST_TIERS].span))
        tiers = [*tiers[: MOST_TIERS - 1], tiers[-1]]
    return syntax.Tiers(span, periodic(b, basis), bool(by_volume), tuple(tiers), bounds)


# ── a price for each case ───────────────────────────────────────────────────


def _by_price(b: Builder, span: Span, args: list[Any]) -> syntax.ByPrice:
    *parts, otherwise = args
    attributes = tuple(p for p in parts if isinstance(p, syntax.Path))
    cases = tuple(p for p in parts if isinstance(p, syntax.Case))
    if len(cases) > MOST_WORDS:
        b.report(TooManyCases(span=cases[MOST_WORDS].span))
    place, price = otherwise or (None, None)
    return syntax.ByPrice(span, attributes, cases[:MOST_WORDS], price, place)


def _case(b: Builder, span: Span, args: list[Any]) -> syntax.Case:
    return syntax.Case(span, limited(b, tuple(args[:-1])), args[-1])


def _otherwise(b: Builder, span: Span, args: list[Any]) -> tuple[Span, Any]:
    return span, args[0]


ACTIONS: dict[str, Action] = {
    "over": _over,
    "over_period": lambda b, span, args: args[0],
    "each_event": _each_event,
    "free": _free,
    "per_unit": _per_unit,
    "per_noun": _per_noun,
    "per_size": _per_size,
    "per_block": _per_block,
    "block": _block,
    "percentage": _percentage,
    "computed": _computed,
    "at_least": _at_least,
    "at_most": _at_most,
    "bounds": _bounds,
    "free_rate": _free_rate,
    "rate_noun": _rate_noun,
    "rate_size": _rate_size,
    "rate": _rate,
    "percent_rate": _percent_rate,
    "for_rate": _for_rate,
    "first_tier": _tier("first"),
    "next_tier": _tier("next"),
    "up_to_tier": _tier("up to"),
    "then_tier": _tier("then"),
    "above_tier": _tier("above"),
    "by_volume": _by_volume,
    "tiers": _tiers,
    "by_price": _by_price,
    "case": _case,
    "otherwise": _otherwise,
}
"""A rule's name in the grammar → the function that builds its value."""
