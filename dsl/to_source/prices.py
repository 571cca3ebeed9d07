"""Prices as canonical text: a head that stands behind `price` or a case, and the lines of its tiers and cases."""

from dsl import syntax
from dsl.to_source.expressions import expression_text, number_text, paths_text, word_text
from dsl.to_source.layout import INDENT, Item, column_width


def basis_text(basis: syntax.Basis) -> str:
    """`per event`, `per month`, `per number, plan per month`."""
    if basis.each_event:
        return "per event"
    words = [f"per {paths_text(basis.keys)}"] if basis.keys else []
    if basis.period is not None:
        words.append(f"per {basis.period}")
    return " ".join(words)


def price_head(price: syntax.Price) -> str:
    """The words of a price that stand on its first line."""
    match price:
        case syntax.Free():
            return "free"
        case syntax.PerUnit(amount=amount, basis=basis):
            words = [number_text(amount), _size(price)]
            if basis is not None:
                words.append(basis_text(basis))
            return " ".join(filter(None, words))
        case syntax.PercentagePrice(percent=percent, amount=base, plus=plus, bounds=bounds):
            words = [f"{number_text(percent)} of {expression_text(base)}"]
            if plus is not None:
                words.append(f"plus {number_text(plus)}")
            return " ".join([*words, *_bounds(bounds)])
        case syntax.ComputedPrice(amount=computed, bounds=bounds):
            return " ".join([f"is {expression_text(computed)}", *_bounds(bounds)])
        case syntax.Tiers(basis=tiers_basis, by_volume=by_volume):
            return basis_text(tiers_basis) + (" by volume" if by_volume else "")
        case syntax.ByPrice(attributes=attributes):
            return f"by {paths_text(attributes)}"


def price_items(price: syntax.Price, indent: int) -> list[Item]:
    """The lines below the first: tiers and bounds, or cases with theirs."""
    match price:
        case syntax.Tiers():
            return _tier_items(price, indent)
        case syntax.ByPrice():
            return _case_items(price, indent)
        case _:
            return []


def _tier_items(price: syntax.Tiers, indent: int) -> list[Item]:
    heads = [tier.kind if tier.bound is None else f"{tier.kind} {number_text(tier.bound)}" for tier in price.tiers]
    width = column_width(heads)
    items = [
        Item(tier.span.start, [f"{head.ljust(width)}  {_rate(tier.rate)}"], indent)
        for head, tier in zip(heads, price.tiers, strict=True)
    ]
    if price.bounds is not None:
        items.append(Item(price.bounds.span.start, [" ".join(_bounds(price.bounds))], indent))
    return items


def _case_items(price: syntax.ByPrice, indent: int) -> list[Item]:
    rows = [(", ".join(map(word_text, case.values)), case.span.start, case.price) for case in price.cases]
    if price.otherwise is not None:
        start = price.otherwise.span.start if price.otherwise_span is None else price.otherwise_span.start
        rows.append(("otherwise", start, price.otherwise))
    width = column_width([head for head, _, _ in rows])
    return [
        Item(
            start,
            [f"{head.ljust(width)}  {price_head(simple)}"],
            indent,
            price_items(simple, indent + width + 2 + INDENT),
        )
        for head, start, simple in rows
    ]


def _rate(rate: syntax.TierRate) -> str:
    words: list[str] = []
    if rate.free:
        words.append("free")
    if rate.flat is not None:
        words.append(f"for {number_text(rate.flat)}")
    if rate.amount is not None:
        words += [f"at {number_text(rate.amount)}", _size(rate)]
    if rate.percent is not None:
        words.append(f"at {number_text(rate.percent)}")
    if rate.plus is not None:
        words.append(f"plus {number_text(rate.plus)}")
    return " ".join(filter(None, words))


def _size(rate: syntax.PerUnit | syntax.TierRate) -> str:
    """`per minute`, `per 1_000 tokens`, `per started 100 units`; empty for one unit without its noun."""
    size = None if rate.size is None else number_text(rate.size)
    words = [word for word in (rate.blocks, size, None if rate.noun is None else rate.noun.text) if word]
    return f"per {' '.join(words)}" if words else ""


def _bounds(bounds: syntax.Bounds | None) -> list[str]:
    words: list[str] = []
    if bounds is not None and bounds.at_least is not None:
        words.append(f"at least {number_text(bounds.at_least)}")
    if bounds is not None and bounds.at_most is not None:
        words.append(f"at most {number_text(bounds.at_most)}")
    return words
