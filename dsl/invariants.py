"""What is always true of a checked ruleset, as named predicates: what back ends rely on and never check.

Each predicate gives a sentence for every place where it does not hold. `violated` runs them all; tests run it on every
program that the checker lets through.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from dsl.core import (
    MONEY_PLACES,
    AllOf,
    AnyOf,
    Basis,
    Between,
    BooleanType,
    ByPrice,
    Compare,
    ComputedPrice,
    Constant,
    CountsLine,
    Curve,
    EventType,
    Expression,
    Interaction,
    IsGiven,
    Not,
    NumberType,
    OneOf,
    OrElse,
    PercentagePrice,
    Read,
    Rounded,
    Ruleset,
    SimplePrice,
    UnitPrice,
)
from dsl.diagnostics.grammar import MOST_STEPS
from dsl.traversal import below, children, depth

MOST_DIGITS = 38
DEEPEST = MOST_STEPS + 3
"""So many expressions may stand one below the other; back ends recurse over them. A written step is one of them, but
for the last: of a quantity phrase it is a comparison, a count and what is counted."""

Found = Iterator[str]


@dataclass(frozen=True, slots=True)
class Clause:
    """An expression that a clause holds, and what is known to be there when it is evaluated."""

    interaction: Interaction
    name: str
    expression: Expression
    events: frozenset[str]
    known: frozenset[str]


def violated(ruleset: Ruleset) -> list[str]:
    """Every invariant that the ruleset breaks, each as `predicate: sentence`; empty for one that was checked."""
    found = [f"{rule.__name__}: {text}" for rule in RULESET_PREDICATES for text in rule(ruleset)]
    for clause in _clauses(ruleset):
        place = f"{clause.interaction.name}, {clause.name}"
        found += [f"{rule.__name__}: {place}: {text}" for rule in CLAUSE_PREDICATES for text in rule(clause, ruleset)]
    return found


# ── the ruleset ─────────────────────────────────────────────────────────────


def names_are_distinct(ruleset: Ruleset) -> Found:
    """No two events, outside names, interactions, or attributes of one event share a name."""
    names = {
        "events": [event.name for event in ruleset.events],
        "outside names of events": [event.outside for event in ruleset.events],
        "interactions": [interaction.name for interaction in ruleset.interactions],
    }
    for event in ruleset.events:
        names[f"attributes of {event.name}"] = [attribute.name for attribute in event.attributes]
        names[f"outside names of {event.name}"] = [attribute.outside for attribute in event.attributes]
    yield from (f"{what} repeat a name" for what, given in names.items() if len(set(given)) != len(given))


def attributes_are_sound(ruleset: Ruleset) -> Found:
    """Ranges are not empty, words are given where they must be, and what has a default is not optional."""
    for event in ruleset.events:
        for attribute in event.attributes:
            place = f"{event.name}.{attribute.name}"
            if attribute.optional and attribute.default is not None:
                yield f"{place} is optional and has a default"
            if attribute.kind in ("integer", "decimal") and attribute.low > attribute.high:
                yield f"{place} has an empty range"
            words = attribute.words
            if (attribute.kind == "one of") != bool(words) or len(set(words)) < len(words):
                yield f"{place} has no words, repeated words, or words that it should not have"


def lines_count_declared_events(ruleset: Ruleset) -> Found:
    """Every counts line names declared events, each once; a line after one without a condition counts other events."""
    declared = {event.name for event in ruleset.events}
    for interaction in ruleset.interactions:
        if not interaction.counts:
            yield f"{interaction.name} counts nothing"
        for line in interaction.counts:
            if not line.events or not declared.issuperset(line.events) or len(set(line.events)) < len(line.events):
                yield f"{interaction.name} counts no event, an unknown one, or one twice in a line"


def curves_are_whole(ruleset: Ruleset) -> Found:
    """Tiers start at 0, follow each other without a gap, are not empty, and the last is open; sizes are positive."""
    for interaction in ruleset.interactions:
        for price in _simple_prices(interaction):
            if isinstance(price, UnitPrice):
                yield from (f"{interaction.name}: {text}" for text in _curve_faults(price.curve))


def _curve_faults(curve: Curve) -> Found:
    end: int | None = 0
    for tier in curve.tiers:
        if tier.lower != end or (tier.upper is not None and tier.upper <= tier.lower):
            yield f"the tier from {tier.lower} to {tier.upper} does not begin where the last one ends, or is empty"
        if tier.size <= 0 or tier.rate < 0 or tier.plus < 0:
            yield f"the tier from {tier.lower} has a size that is not positive, or a negative rate or flat part"
        end = tier.upper
    if not curve.tiers or end is not None:
        yield "the last tier is not open"


def bounds_have_no_basis(ruleset: Ruleset) -> Found:
    """Bounds stand in order, and never beside a running total; adjustments never stand beside one either."""
    for interaction in ruleset.interactions:
        for price in _simple_prices(interaction):
            running = isinstance(price, UnitPrice) and price.basis is not None
            bounds = [bound for bound in (price.at_least, price.at_most) if bound is not None]
            if bounds != sorted(bounds) or any(bound < 0 for bound in bounds) or (running and bounds):
                yield f"{interaction.name} has bounds in the wrong order, or bounds and a running total"
            if running and interaction.adjustments:
                yield f"{interaction.name} has an adjustment and a running total"


def adjustments_leave_a_price(ruleset: Ruleset) -> Found:
    """No discount is above 100%, and no percentage below 0."""
    for interaction in ruleset.interactions:
        for adjustment in interaction.adjustments:
            if adjustment.percent < 0 or adjustment.factor < 0:
                yield f"{interaction.name} has a {adjustment.kind} of {adjustment.percent}%"


def cases_share_a_basis(ruleset: Ruleset) -> Found:
    """The cases of a `by` are distinct, have a value for each attribute, and all running totals one basis."""
    for interaction in ruleset.interactions:
        price = interaction.price
        if isinstance(price, ByPrice):
            values = [case.values for case in price.cases]
            if len(set(values)) != len(values) or any(len(value) != len(price.attributes) for value in values):
                yield f"{interaction.name} has cases that are the same, or not one value for each attribute"
            bases = {p.basis for p in _simple_prices(interaction) if isinstance(p, UnitPrice) and p.basis is not None}
            if len(bases) > 1:
                yield f"{interaction.name} has running totals over different bases"


def limits_and_caps_are_positive(ruleset: Ruleset) -> Found:
    """A limit allows at least one event, and a cap is not negative."""
    for interaction in ruleset.interactions:
        if any(limit.count < 1 for limit in interaction.limits) or any(cap.amount < 0 for cap in interaction.caps):
            yield f"{interaction.name} has a limit below 1 or a negative cap"


RULESET_PREDICATES: tuple[Callable[[Ruleset], Found], ...] = (
    names_are_distinct,
    attributes_are_sound,
    lines_count_declared_events,
    curves_are_whole,
    bounds_have_no_basis,
    adjustments_leave_a_price,
    cases_share_a_basis,
    limits_and_caps_are_positive,
)

# ── expressions ─────────────────────────────────────────────────────────────


def numbers_fit(clause: Clause, ruleset: Ruleset) -> Found:
    """No number has more than 38 digits, its scale included; constants lie within their types."""
    for node in below(clause.expression):
        if isinstance(node.type, NumberType):
            largest = max(abs(node.type.low), abs(node.type.high)) * node.type.scale
            if node.type.low > node.type.high or largest >= 10**MOST_DIGITS or node.type.scale >= 10**MOST_DIGITS:
                yield f"{node} has an empty range or too many digits"
            if isinstance(node, Constant):
                value = Fraction(int(node.value), node.type.scale)  # type: ignore[arg-type]  # a number's value
                if not node.type.low <= value <= node.type.high:
                    yield f"{node} lies outside its type"


def clauses_are_rounded(clause: Clause, ruleset: Ruleset) -> Found:
    """No clause ends in a division that is not rounded, and no price in more than 18 places."""
    type_ = clause.expression.type
    if isinstance(type_, NumberType) and (type_.divisor != 1 or (clause.name == "is" and type_.places > MONEY_PLACES)):
        yield "it waits to be rounded, or has too many places"
    for node in below(clause.expression):
        if isinstance(node, Rounded) and node.type.divisor != 1:
            yield f"{node} is rounded and still waits to be"


def types_agree(clause: Clause, ruleset: Ruleset) -> Found:
    """What is compared has one type, conditions are made of conditions, and a clause has the type that it needs."""
    conditional = clause.name in ("with", "adjustment")
    if isinstance(clause.expression.type, BooleanType) != conditional and clause.name != "key":
        yield "it is a condition where a number belongs, or the other way round"
    for node in below(clause.expression):
        match node:
            case Compare() | Between() | OneOf():
                if len({type(child.type) for child in children(node)}) > 1:
                    yield f"{node} compares different types"
            case AllOf() | AnyOf() | Not():
                if not children(node) or any(not isinstance(child.type, BooleanType) for child in children(node)):
                    yield f"{node} is not made of conditions"
            case _:
                pass


def expressions_are_shallow(clause: Clause, ruleset: Ruleset) -> Found:
    """No expression is deeper than back ends can recurse."""
    if depth(clause.expression) > DEEPEST:
        yield f"more than {DEEPEST} expressions stand one below the other"


def reads_are_declared(clause: Clause, ruleset: Ruleset) -> Found:
    """Every attribute that is read is declared by every event that the clause sees, with one kind."""
    for node in below(clause.expression):
        if isinstance(node, Read) and not node.builtin:
            declared = [{a.name: a.kind for a in event.attributes} for event in _seen(clause, ruleset)]
            kinds = {attributes.get(node.name) for attributes in declared}
            if None in kinds or len(kinds) != 1:
                yield f"`{node.name}` is not declared alike by all of {sorted(clause.events)}"


def reads_are_present(clause: Clause, ruleset: Ruleset) -> Found:
    """Whenever an attribute that may be missing is read, what was evaluated before has shown that it is there."""
    seen = _seen(clause, ruleset)
    optional = {attribute.name for event in seen for attribute in event.attributes if attribute.optional}
    yield from (f"`{name}` is read and may be missing" for name in _unproven(clause.expression, clause.known, optional))


def _seen(clause: Clause, ruleset: Ruleset) -> list[EventType]:
    return [event for event in ruleset.events if event.name in clause.events]


def _unproven(node: Expression, known: frozenset[str], optional: set[str]) -> Iterator[str]:
    match node:
        case Read():
            if not node.builtin and node.name in optional and node.name not in known:
                yield node.name
        case OrElse() | IsGiven():
            pass
        case AllOf() | AnyOf():
            for part in node.parts:
                yield from _unproven(part, known, optional)
                known |= presence(part)[0 if isinstance(node, AllOf) else 1]
        case _:
            for child in children(node):
                yield from _unproven(child, known, optional)


def presence(node: Expression) -> tuple[frozenset[str], frozenset[str]]:
    """The attributes that are there if a condition holds, and those that are there if it does not."""
    nothing: frozenset[str] = frozenset()
    match node:
        case IsGiven():
            name = frozenset((node.operand.name,))
            return (name, nothing) if node.given else (nothing, name)
        case Not():
            holds, fails = presence(node.operand)
            return fails, holds
        case AllOf() | AnyOf():
            parts = [presence(part) for part in node.parts]
            decided = 0 if isinstance(node, AllOf) else 1
            every = frozenset[str]().union(*(part[decided] for part in parts))
            some = parts[0][1 - decided].intersection(*(part[1 - decided] for part in parts[1:]))
            return (every, some) if isinstance(node, AllOf) else (some, every)
        case _:
            return nothing, nothing


CLAUSE_PREDICATES: tuple[Callable[[Clause, Ruleset], Found], ...] = (
    numbers_fit,
    clauses_are_rounded,
    types_agree,
    expressions_are_shallow,
    reads_are_declared,
    reads_are_present,
)

# ── where expressions stand ─────────────────────────────────────────────────


def _simple_prices(interaction: Interaction) -> Iterator[SimplePrice]:
    price = interaction.price
    if isinstance(price, ByPrice):
        yield from (case.price for case in price.cases)
        if price.otherwise is not None:
            yield price.otherwise
    else:
        yield price


def _clauses(ruleset: Ruleset) -> Iterator[Clause]:
    for interaction in ruleset.interactions:
        events = frozenset(name for line in interaction.counts for name in line.events)
        proven = [_proven(line) for line in interaction.counts]
        known = proven[0].intersection(*proven[1:]) if proven else frozenset[str]()
        for line, there in zip(interaction.counts, proven, strict=True):
            of_line = frozenset(line.events)
            if line.condition is not None:
                yield Clause(interaction, "with", line.condition, of_line, frozenset())
            if line.units is not None:
                yield Clause(interaction, "as", line.units, of_line, there)
        for name, expression in _own_expressions(interaction):
            yield Clause(interaction, name, expression, events, known)


def _proven(line: CountsLine) -> frozenset[str]:
    return presence(line.condition)[0] if line.condition is not None else frozenset()


def _own_expressions(interaction: Interaction) -> Iterator[tuple[str, Expression]]:
    """What an interaction reads beside its counts lines."""
    if interaction.units is not None:
        yield "units", interaction.units
    prices = list(_simple_prices(interaction))
    bases = [limit.basis for limit in interaction.limits]
    bases += [price.basis for price in prices if isinstance(price, UnitPrice) and isinstance(price.basis, Basis)]
    bases += [cap.basis for cap in interaction.caps if cap.basis is not None]
    yield from (("key", key) for basis in bases for key in basis.keys)
    if isinstance(interaction.price, ByPrice):
        yield from (("key", attribute) for attribute in interaction.price.attributes)
    for price in prices:
        if isinstance(price, PercentagePrice):
            yield "percentage", price.amount
        elif isinstance(price, ComputedPrice):
            yield "is", price.amount
    yield from (("adjustment", adjustment.condition) for adjustment in interaction.adjustments)
