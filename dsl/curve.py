"""Cumulative units to the amount owed, and what a running total, a limit or a cap is kept under."""

from collections.abc import Sequence
from fractions import Fraction

from dsl.core import MONEY, RATE, Basis, ByPrice, Case, Curve, Interaction, Limit, NumberType, Read, Tier, Value
from dsl.evaluation import CounterKey
from dsl.nouns import DEFAULT_NOUN, noun_key
from dsl.numbers import divide_half_even

MONEY_PER_RATE = MONEY // RATE
"""A rate times this is money."""

# ── the curve ───────────────────────────────────────────────────────────────


def amount(curve: Curve, total: int) -> int:
    """The money owed for a total of units (millionths, at least 0), rounded once, half to even, to 18 places.

    Nothing is owed for no units, whatever flat parts the first tier has.
    """
    if total == 0:
        return 0
    exact = _volume(curve.tiers, total) if curve.by_volume else _graduated(curve.tiers, total)
    return divide_half_even(exact.numerator, exact.denominator)


def _graduated(tiers: Sequence[Tier], total: int) -> Fraction:
    reached = (tier for tier in tiers if tier.lower < total)
    return sum((due_within(tier, _top(tier, total) - tier.lower) for tier in reached), Fraction(0))


def _volume(tiers: Sequence[Tier], total: int) -> Fraction:
    return due_within(holding(tiers, total), total)


def holding(tiers: Sequence[Tier], total: int) -> Tier:
    """The tier that holds a total of units above 0; a bound belongs to the tier below it."""
    return next(tier for tier in tiers if tier.upper is None or total <= tier.upper)


def due_within(tier: Tier, units: int) -> Fraction:
    """What one tier charges for units (millionths, above 0) at its rate, with its flat part; exact money."""
    return started_of(tier, units) * tier.rate * MONEY_PER_RATE + tier.plus


def started_of(tier: Tier, units: int) -> Fraction:
    """How many times the tier's rate falls due: the units in sizes, cut to full ones or filled up to started ones."""
    match tier.blocks:
        case None:
            return Fraction(units, tier.size)
        case "started":
            return Fraction(-(-units // tier.size))
        case "full":
            return Fraction(units // tier.size)


def _top(tier: Tier, total: int) -> int:
    return total if tier.upper is None else min(total, tier.upper)


# ── what a counter is kept under ────────────────────────────────────────────
#
# A key is (interaction, signature, customer, period number, values …). The signature says what is counted and over
# what: two versions of a ruleset share a counter exactly where it is the same. It names the kind of every key too, so
# that `True` under a boolean key and `1` under an integer key, equal to Python, are not one.


def limit_signature(limit: Limit) -> str:
    """What a limit's count carries over by: its period and keys; not the number allowed."""
    return f"limit {_over(limit.basis)}"


def cap_signature(basis: Basis) -> str:
    """What a cap's sum carries over by: its period and keys; not the amount."""
    return f"cap {_over(basis)}"


def total_signature(interaction: Interaction, basis: Basis, case: Case | None = None) -> str:
    """What a running total carries over by: period, keys, the attributes of `by`, and what a unit is.

    `case` is the case of a `by` price, None for `otherwise` and for a price without `by`.
    """
    by = ""
    if isinstance(interaction.price, ByPrice):
        by = f" by {_described(interaction.price.attributes)} {'otherwise' if case is None else 'case'}"
    noun = DEFAULT_NOUN if interaction.noun_in_examples_only else interaction.noun
    return f"total {_over(basis)}{by} of {noun_key(noun)}"


def ordered_keys(basis: Basis) -> tuple[Read, ...]:
    """The keys in the order of their values in a counter's key: by name, since their order means nothing."""
    return tuple(sorted(basis.keys, key=lambda key: (key.builtin, key.name)))


def limit_key(interaction: Interaction, limit: Limit, subject: str, period: int, values: Sequence[Value]) -> CounterKey:
    """Where a limit's count is kept; `values` are those of `ordered_keys`."""
    return (interaction.name, limit_signature(limit), subject, period, *values)


def cap_key(interaction: Interaction, basis: Basis, subject: str, period: int, values: Sequence[Value]) -> CounterKey:
    """Where the sum of uncapped prices under a cap is kept; `values` are those of `ordered_keys`."""
    return (interaction.name, cap_signature(basis), subject, period, *values)


def total_key(
    interaction: Interaction, basis: Basis, case: Case | None, subject: str, period: int, values: Sequence[Value]
) -> CounterKey:
    """Where a running total of units is kept; `values` are those of `ordered_keys`, those of the case follow them."""
    of_case = case.values if case is not None else ()
    return (interaction.name, total_signature(interaction, basis, case), subject, period, *values, *of_case)


def _over(basis: Basis) -> str:
    keys = f"per {_described(ordered_keys(basis))} " if basis.keys else ""
    return f"{keys}per {basis.period}" if basis.period else f"{keys}for ever"


def _described(reads: Sequence[Read]) -> str:
    return ", ".join(f"{read.name} ({_kind(read)})" for read in reads)


def _kind(read: Read) -> str:
    kind = type(read.type).__name__.removesuffix("Type").lower()
    if isinstance(read.type, NumberType):
        kind = "decimal" if read.type.places else "integer"
    return f"built-in {kind}" if read.builtin else kind
