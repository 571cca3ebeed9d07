"""Random prices of every form."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from tests.programs.layout import BREAK, Tokens, commas
from tests.programs.literals import flat, number_text, percent, rate
from tests.programs.model import Attribute, chance, quoted, word_token
from tests.programs.numeric import ATOM, moderate
from tests.programs.scope import Scope

PERIODS = ("hour", "day", "week", "month", "year")
NOUNS = (("unit", "units"), ("minute", "minutes"), ("token", "tokens"), ("box", "boxes"), ("query", "queries"))
CLAUSES = ("also", "counts", "once", "limit", "units", "price", "discount", "surcharge", "cap", "up", "down", "plus")
MOST_MONEY = 10**19


@dataclass(frozen=True)
class Price:
    """A price; one with a running total takes no discounts."""

    tokens: Tokens
    running: bool


@dataclass(frozen=True)
class Pricing:
    """What a price is written from: what may be read, the unit's noun, and the one basis of its running totals.

    `running` says whether prices shall have one; None leaves it to chance.
    """

    scope: Scope
    noun: tuple[str, str]
    basis: Tokens
    running: bool | None = None

    def each(self, percent: int) -> bool:
        """Whether a price is of each event by itself."""
        return chance(self.scope.rng, percent) if self.running is None else not self.running

    def named(self) -> str:
        """The noun, singular or plural."""
        return self.scope.rng.choice(self.noun)


def keys(scope: Scope, most: int = 2) -> Tokens:
    """One or more attributes that may be keys, with commas; empty where there are none."""
    rng = scope.rng
    candidates = scope.usable("boolean", "integer", "decimal", "string", "timestamp", "one of")
    names = [attribute.name for attribute in candidates if attribute.name not in PERIODS]
    if chance(rng, 5):
        names.append(rng.choice(("source", "subject", "id", "type")))
    chosen = rng.sample(names, min(len(names), rng.randint(1, most)))
    return commas([name] for name in chosen)


def running_basis(scope: Scope) -> Tokens:
    """`per month`, `per number, plan per month`."""
    chosen = keys(scope) if chance(scope.rng, 35) else []
    return [*(["per", *chosen] if chosen else []), "per", scope.rng.choice(PERIODS)]


def price(scope: Scope, noun: tuple[str, str]) -> Price:
    """Any price."""
    pricing = Pricing(scope, noun, running_basis(scope))
    by = scope.usable("one of", "boolean", "string")
    if by and chance(scope.rng, 35):
        return _by(pricing, by)
    return _simple(pricing)


def _simple(pricing: Pricing) -> Price:
    return pricing.scope.rng.choice(_RUNNING if pricing.running else _FORMS)(pricing)


def _free(pricing: Pricing) -> Price:
    return Price(["free"], running=False)


def _flat(pricing: Pricing) -> Price:
    rng = pricing.scope.rng
    words = ["per", pricing.named()] if chance(rng, 50) else []
    return Price([number_text(rng, rate(rng)), *words], running=False)


def _sized(pricing: Pricing, blocks: Tokens) -> Tokens:
    """`5.00 per 1_000 tokens`, `10.00 per started 100 units`."""
    rng = pricing.scope.rng
    amount, size = rate(rng), Decimal(rng.choice(("1000", "100", "3", "10", "0.5", "1000000", "60")))
    if size < 1 and amount > 1000:
        size = Decimal(1)
    return [number_text(rng, amount), "per", *blocks, number_text(rng, size), pricing.named()]


def _pro_rata(pricing: Pricing) -> Price:
    return Price(_sized(pricing, []), running=False)


def _blocks(pricing: Pricing) -> Price:
    rng = pricing.scope.rng
    words = _sized(pricing, [rng.choice(("started", "full"))])
    each = pricing.each(40)
    return Price([*words, *(["per", "event"] if each else pricing.basis)], running=not each)


def _percentage(pricing: Pricing) -> Price:
    rng = pricing.scope.rng
    amount = moderate(pricing.scope, 1, 12, MOST_MONEY)
    plus = ["plus", number_text(rng, flat(rng))] if chance(rng, 50) else []
    share = number_text(rng, percent(rng, 250)) + "%"
    return Price([share, "of", *amount.at(ATOM), *plus, *_bounds(pricing)], running=False)


def _computed(pricing: Pricing) -> Price:
    amount = moderate(pricing.scope, pricing.scope.shop.size.depth, 18, MOST_MONEY)
    return Price(["is", *amount.tokens, *_bounds(pricing)], running=False)


def _bounds(pricing: Pricing) -> Tokens:
    rng = pricing.scope.rng
    low, high = sorted((flat(rng), flat(rng)))
    bounds = [["at least", number_text(rng, low)], ["at most", number_text(rng, high)]]
    chosen = [bound for bound in bounds if chance(rng, 30)]
    if chance(rng, 30):
        chosen.reverse()
    return [token for bound in chosen for token in bound]


def _tiers(pricing: Pricing) -> Price:
    """Graduated or by volume, over a running total or this event alone."""
    rng = pricing.scope.rng
    each = pricing.each(30)
    by_volume = chance(rng, 40)
    tokens = [*(["per", "event"] if each else pricing.basis), *(["by volume"] if by_volume else []), BREAK]
    upto = by_volume or chance(rng, 40)
    total = Decimal(0)
    for number in range(rng.choice((1, 1, 2, 3))):
        step = Decimal(rng.choice(("1", "2", "3", "10", "100", "0.5", "1.25", "1000", "1000000")))
        total += step
        kind = "up to" if upto else "next" if number else "first"
        tokens += [kind, number_text(rng, total if upto else step), *_rate(pricing, by_volume), BREAK]
    last = "above" if by_volume and chance(rng, 80) else rng.choice(("above", "then"))
    tokens += [last, *_rate(pricing, by_volume), BREAK]
    bounds = _bounds(pricing) if each else []
    return Price([*tokens, *bounds], running=not each)


def _rate(pricing: Pricing, by_volume: bool) -> Tokens:
    rng = pricing.scope.rng
    plus = ["plus", number_text(rng, flat(rng))] if chance(rng, 25) else []
    kind = rng.random()
    if kind < 0.15:
        return ["free", *plus]
    if kind < 0.3:
        return ["for", number_text(rng, flat(rng))]
    if kind < 0.4:
        return ["at", number_text(rng, percent(rng)) + "%", *plus]
    if kind < 0.65:
        return ["at", *_sized(pricing, rng.choice(([], ["started"], ["full"]))), *plus]
    words = ["at", number_text(rng, rate(rng))]
    if kind < 0.75:
        words += ["per", pricing.named()]
    return [*words, *plus]


_FORMS: tuple[Callable[[Pricing], Price], ...] = (
    _free, _flat, _flat, _pro_rata, _blocks, _percentage, _computed, _tiers, _tiers, _tiers,
)  # fmt: skip


_RUNNING = (_blocks, _tiers, _tiers)
_VALUES: dict[str, tuple[str, ...]] = {"boolean": ("yes", "no"), "string": ("", "a", "Ann", "back\\slash")}


def _by(pricing: Pricing, candidates: list[Attribute]) -> Price:
    """A price for each value, or each pair of values, with or without `otherwise`."""
    rng = pricing.scope.rng
    attributes = rng.sample(candidates, min(len(candidates), rng.choice((1, 1, 2))))
    values = [_VALUES.get(attribute.kind, attribute.words) for attribute in attributes]
    rows = list(product(*values))
    pricing = replace(pricing, running=rng.choice((None, None, True, False)))
    otherwise = chance(rng, 50) or len(rows) > 9 or any(attribute.kind == "string" for attribute in attributes)
    chosen = rng.sample(rows, rng.randint(1, max(1, min(len(rows) - 1, 4)))) if otherwise else rows
    tokens: Tokens = ["by", *commas([attribute.name] for attribute in attributes), BREAK]
    running = False
    for row in chosen:
        simple = _simple(pricing)
        running |= simple.running
        words = [[_case_word(pricing, attribute, value)] for attribute, value in zip(attributes, row, strict=True)]
        tokens += [*commas(words), *simple.tokens, BREAK]
    if otherwise:
        simple = _simple(pricing)
        running |= simple.running
        tokens += ["otherwise", *simple.tokens]
    return Price(tokens, running)


def _case_word(pricing: Pricing, attribute: Attribute, value: str) -> str:
    """A case's value; a word that could start the next clause needs quotes here."""
    if attribute.kind == "boolean":
        return value
    if attribute.kind == "string":
        return quoted(value)
    return quoted(value) if value in CLAUSES else word_token(pricing.scope.rng, value)
