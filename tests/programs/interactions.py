"""Random interactions: what counts, how often, how many units, at what price."""

from dataclasses import dataclass
from decimal import Decimal

from tests.programs.conditions import condition
from tests.programs.declarations import LABELS
from tests.programs.layout import BREAK, Tokens
from tests.programs.literals import flat, number_text, percent
from tests.programs.model import EventType, chance, quoted
from tests.programs.numeric import SUM, moderate
from tests.programs.prices import NOUNS, PERIODS, keys, price, running_basis
from tests.programs.scope import Scope, Workshop

MOST_UNITS = 10**30
PLACES = 12
NAMES = (
    "voice_search", "answered_question", "listing", "minutes_used", "storage", "seat", "sms", "charge", "price",
    "extra", "view", "lookup", "render", "export",
)  # fmt: skip


@dataclass(frozen=True)
class Interaction:
    """A written interaction: its name, the noun of its units and its tokens."""

    name: str
    noun: tuple[str, str]
    also: bool
    tokens: Tokens


def interaction(shop: Workshop, name: str, types: tuple[EventType, ...]) -> Interaction:
    """One interaction over some of the event types."""
    rng = shop.rng
    noun = rng.choice(NOUNS)
    also = "also counts" if chance(rng, 20) else "counts"
    weighted = chance(rng, 30)
    scopes, lines = _counts(shop, also, types, noun if weighted else None)
    scope = _common(scopes)
    clauses = [*_limits(scope)]
    if not weighted and chance(rng, 50):
        clauses.append(["units", *_units(scope, shop.size.depth)])
    cost = price(scope, noun)
    clauses.append(["price", *cost.tokens])
    if not cost.running:
        clauses += _adjustments(scope)
    clauses += _caps(scope)
    if chance(rng, 40):
        rng.shuffle(clauses)
    lines_at = 0 if chance(rng, 70) else rng.randint(0, len(clauses))
    clauses[lines_at:lines_at] = lines
    head = ["interaction", name, *([quoted(rng.choice(LABELS))] if chance(rng, 40) else []), BREAK]
    return Interaction(
        name, noun, also == "also counts", [*head, *(token for clause in clauses for token in (*clause, BREAK))]
    )


def _counts(
    shop: Workshop, also: str, types: tuple[EventType, ...], noun: tuple[str, str] | None
) -> tuple[list[Scope], list[Tokens]]:
    """The counts lines, and what is known behind each."""
    rng = shop.rng
    if chance(rng, 12):
        names = set.intersection(*({a.name for a in each.attributes} for each in types))
        everywhere = tuple(
            a for a in types[0].attributes if a.name in names and all(a in each.attributes for each in types)
        )
        scope, tokens = _line(Scope(shop, everywhere), [also, "any event"], noun)
        return [scope], [tokens]
    scopes, lines = [], []
    for event in rng.choices(types, k=rng.choice((1, 1, 1, 2, 3))):
        scope, tokens = _line(Scope(shop, event.attributes), [also, event.name], noun)
        scopes.append(scope)
        lines.append(tokens)
    return scopes, lines


def _line(scope: Scope, tokens: Tokens, noun: tuple[str, str] | None) -> tuple[Scope, Tokens]:
    rng = scope.rng
    if chance(rng, 85):
        made = condition(scope, scope.shop.size.depth)
        tokens = [*tokens, "with", *made.tokens]
        scope = scope.knowing(made.yes, made.touched)
    if noun is not None:
        tokens = [*tokens, "as", *_units(scope, 2), rng.choice(noun)]
    return scope, tokens


def _units(scope: Scope, depth: int) -> Tokens:
    """An expression for units, mostly one that cannot be negative: negative units are none, and price nothing."""
    made = moderate(scope, depth, PLACES, MOST_UNITS)
    for _ in range(8):
        if made.low >= 0 or chance(scope.rng, 5):
            break
        made = moderate(scope, depth, PLACES, MOST_UNITS)
    return made.at(SUM)


def _common(scopes: list[Scope]) -> Scope:
    """What may be read whichever line matched."""
    attributes = tuple(a for a in scopes[0].attributes if all(a in scope.attributes for scope in scopes))
    known = frozenset.intersection(*(scope.known for scope in scopes))
    touched = frozenset.union(*(scope.touched for scope in scopes))
    return Scope(scopes[0].shop, attributes, known, touched)


def _limits(scope: Scope) -> list[Tokens]:
    rng = scope.rng
    limits: list[Tokens] = []
    met: set[tuple[frozenset[str], str | None]] = set()
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        words = ["once", "per"] if chance(rng, 50) else ["limit", rng.choice(("1", "2", "3", "5", "1_000")), "per"]
        chosen = keys(scope)
        period = rng.choice(PERIODS) if not chosen or chance(rng, 50) else None
        if not chosen or chance(rng, 30):
            chosen, period = [], period or "month"
        over = (frozenset(chosen), period)
        if over not in met:
            met.add(over)
            ending = [] if period is None else ["per", period] if chosen else [period]
            limits.append([*words, *chosen, *ending])
    return limits


LARGEST_FACTOR = Decimal("3.9")
"""What all surcharges of an interaction come to at most: 250% of the largest amount still fits into money after it."""


def _adjustments(scope: Scope) -> list[Tokens]:
    rng = scope.rng
    made: list[Tokens] = []
    left = LARGEST_FACTOR
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        kind = rng.choice(("discount", "surcharge"))
        share = percent(rng, 100 if kind == "discount" else 250)
        if kind == "surcharge" and 1 + share / 100 > left:
            kind, share = "discount", percent(rng)
        left /= 1 + share / 100 if kind == "surcharge" else 1
        test = condition(scope, max(0, scope.shop.size.depth - 1))
        made.append([kind, number_text(rng, share) + "%", "with", *test.tokens])
    return made


def _caps(scope: Scope) -> list[Tokens]:
    rng = scope.rng
    made: dict[frozenset[str], Tokens] = {}
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3))):
        basis = ["per", "event"] if chance(rng, 30) else running_basis(scope)
        made[frozenset(basis)] = ["cap", number_text(rng, flat(rng)), *basis]
    return list(made.values())
