"""Random headers, event types and attributes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from tests.programs import literals
from tests.programs.layout import BREAK, LINE, Tokens, commas
from tests.programs.literals import CURRENCIES, SHORT_TEXTS, TEXTS, number_text
from tests.programs.model import Attribute, EventType, Kind, chance, quoted, word_token
from tests.programs.numeric import WIDEST_DECIMAL, WIDEST_INTEGER
from tests.programs.scope import Workshop

NAMES: dict[Kind, tuple[str, ...]] = {
    "boolean": ("voice", "resolved", "urgent", "flags.beta", "full", "free", "once"),
    "integer": ("results", "photos", "seconds", "entries", "boxes", "filters.rooms", "units", "limit", "day", "count"),
    "decimal": ("amount", "price", "filters.min_price", "weights", "fees_paid", "month", "volume"),
    "string": ("query", "member", "ticket", "number", "filters.city", "version", "city", "any"),
    "timestamp": ("started", "ended", "booking.at", "opened_at"),
    "one of": ("channel", "plan", "via", "region.zone", "status", "currency"),
    "list of string": ("tags", "replies", "filters.features", "labels"),
}
WORDS: tuple[tuple[str, ...], ...] = (
    ("app", "web", "kiosk"), ("free", "pro"), ("a", "b", "c", "d"), ("call centre", "email", "24h"), ("Été", "it's"),
    ("knowledge_tool", "agent"), ("once", "month", "year"), ("draft", "accepted", "rejected", "price"),
)  # fmt: skip
EVENT_NAMES = ("search", "support.query", "listing.submit", "call", "payment.card.charge", "upload", "version", "ping")
LABELS = ("A search on the site", 'The "best" one', "x", "Preis – je Stück", "back\\slash", "100 % # not a comment")


@dataclass(frozen=True)
class Declared:
    """A declared attribute and the tokens of its line."""

    attribute: Attribute
    tokens: Tokens


def header(shop: Workshop, name: str, version: int, zone: str) -> Tokens:
    """The header's lines, sometimes in another order."""
    rng = shop.rng
    effective = date(2026, rng.choice((1, 2, 6)), 1).isoformat()
    if chance(rng, 25):
        effective = literals.timestamp_text(rng, shop.zone)
    lines = [["ruleset", name], ["version", str(version)], ["effective", effective]]
    lines.append(["currency", rng.choice(CURRENCIES)])
    if zone != "UTC" or chance(rng, 50):
        lines.append(["timezone", zone])
    if chance(rng, 20):
        rng.shuffle(lines)
    return [token for line in lines for token in (LINE, *line)]


def event_types(shop: Workshop) -> tuple[Tokens, tuple[EventType, ...]]:
    """`every event` and the event types, the first of which may stand before it."""
    rng = shop.rng
    common = _attributes(shop, rng.randint(0, shop.size.attributes // 2), frozenset(), frozenset())
    shared = _attributes(shop, rng.randint(0, 3), _names(common), _outsides(common))
    blocks: list[Tokens] = []
    if common:
        lines = [token for each in common for token in each.tokens]
        blocks.append(["every event", BREAK, *lines])
    types: list[EventType] = []
    outsides: set[str] = set()
    for name in rng.sample(EVENT_NAMES, rng.randint(1, min(len(EVENT_NAMES), shop.size.events))):
        taken = [*common, *shared]
        own = _attributes(shop, rng.randint(0, shop.size.attributes), _names(taken), _outsides(taken))
        attributes = [*(each for each in shared if chance(rng, 70)), *own]
        outside = rng.choice((f"com.example.{name}", f"{name}:v2", name.title())) if chance(rng, 25) else name
        outside = name if outside in outsides else outside
        outsides.add(outside)
        tokens = ["event", name, *([] if outside == name else ["sent as", quoted(outside)]), *_label(rng), BREAK]
        blocks.append([*tokens, *(token for each in attributes for token in each.tokens)])
        types.append(EventType(name, outside, tuple(each.attribute for each in [*common, *attributes])))
    if chance(rng, 20):
        rng.shuffle(blocks)
    return [token for block in blocks for token in block], tuple(types)


def _names(declared: list[Declared]) -> frozenset[str]:
    return frozenset(each.attribute.name for each in declared)


def _outsides(declared: list[Declared]) -> frozenset[str]:
    return frozenset(each.attribute.outside for each in declared)


def _label(rng: Random) -> Tokens:
    return [quoted(rng.choice(LABELS))] if chance(rng, 35) else []


def _attributes(shop: Workshop, count: int, names: frozenset[str], outsides: frozenset[str]) -> list[Declared]:
    """Up to `count` attributes whose names and paths collide with none of the given."""
    rng = shop.rng
    made: list[Declared] = []
    for _ in range(count):
        kind = rng.choice(tuple(NAMES))
        free = [name for name in NAMES[kind] if name not in names]
        if not free:
            continue
        name = rng.choice(free)
        outside = name
        if chance(rng, 25):
            outside = rng.choice((name.replace(".", "_") + "Count", f"payload.{name}", name.upper(), f"{name} (x)"))
        if outside in outsides:
            outside = name
        names |= {name}
        outsides |= {outside}
        made.append(_attribute(shop, name, outside, kind))
    return made


def _attribute(shop: Workshop, name: str, outside: str, kind: Kind) -> Declared:
    rng = shop.rng
    low, high = Decimal(0), Decimal(0)
    words: tuple[str, ...] = ()
    type_tokens: Tokens = [kind]
    if kind in ("integer", "decimal"):
        (low, high), type_tokens = _range(rng, kind)
    elif kind == "one of":
        words = rng.choice(WORDS)
        type_tokens = ["one of", *commas([word_token(rng, word)] for word in words)]
    presence = rng.random()
    optional, defaulted = presence < 0.35, 0.35 <= presence < 0.55
    tokens = [name, *type_tokens]
    if optional:
        tokens.append("optional")
    if defaulted:
        tokens += ["default", *_default(shop, kind, low, high, words)]
    if outside != name:
        tokens += ["sent as", quoted(outside)]
    attribute = Attribute(name, outside, kind, low, high, words, optional, defaulted)
    return Declared(attribute, [*tokens, *_label(rng), BREAK])


def _range(rng: Random, kind: Kind) -> tuple[tuple[Decimal, Decimal], Tokens]:
    if chance(rng, 30):
        return (WIDEST_INTEGER if kind == "integer" else WIDEST_DECIMAL), [kind]
    low = Decimal(rng.choice(("0", "0", "0", "1", "-10", "-1000")))
    high = Decimal(rng.choice(("5", "100", "100000", "100000000000", "10")))
    if kind == "decimal" and chance(rng, 40):
        high += Decimal("0.5")
    return (low, high), [kind, "from", number_text(rng, low), "to", number_text(rng, high)]


def _default(shop: Workshop, kind: Kind, low: Decimal, high: Decimal, words: tuple[str, ...]) -> Tokens:
    rng = shop.rng
    numbers = [value for value in (Decimal(0), Decimal(1), Decimal(-3), low, high) if low <= value <= high]
    makers: dict[Kind, Callable[[], str]] = {
        "boolean": lambda: rng.choice(("yes", "no")),
        "integer": lambda: number_text(rng, rng.choice(numbers)),
        "decimal": lambda: number_text(rng, rng.choice(numbers)),
        "string": lambda: quoted(rng.choice(TEXTS)),
        "timestamp": lambda: literals.timestamp_text(rng, shop.zone),
        "one of": lambda: word_token(rng, rng.choice(words)),
        "list of string": lambda: "empty",
    }
    return [makers[kind]()]


def literal_value(shop: Workshop, attribute: Attribute) -> Tokens:
    """A value that fits the attribute, as an example's step gives it."""
    rng = shop.rng
    if attribute.kind == "list of string":
        texts = rng.sample(SHORT_TEXTS, rng.choice((0, 1, 2)))
        if not texts:
            return ["empty"]
        return ["(", *commas([quoted(text)] for text in texts), ")"]
    return _default(shop, attribute.kind, attribute.low, attribute.high, attribute.words)
