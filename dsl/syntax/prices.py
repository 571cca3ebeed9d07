"""Prices as written."""

from dataclasses import dataclass
from typing import Literal

from dsl.source import Span
from dsl.syntax.expressions import Expression
from dsl.syntax.literals import Name, Node, Number, Path, Percent, Period, Word


@dataclass(frozen=True, slots=True)
class Basis(Node):
    """What a running total or a cap runs over: `per event` (`each_event`), `per month`, `per KEY, … per month`."""

    each_event: bool
    keys: tuple[Path, ...]
    period: Period | None


@dataclass(frozen=True, slots=True)
class Free(Node):
    """`free`."""


@dataclass(frozen=True, slots=True)
class PerUnit(Node):
    """`0.05`, `0.05 per minute`, `5.00 per 1_000 tokens`, `10.00 per started 100 units [per month]`.

    `size` is None for one unit; `blocks` is None for pro rata; `basis` is written only after blocks.
    """

    amount: Number
    size: Number | None
    noun: Name | None
    blocks: Literal["started", "full"] | None
    basis: Basis | None


@dataclass(frozen=True, slots=True)
class Bounds(Node):
    """`at least A at most B`; at least one of the two."""

    at_least: Number | None
    at_most: Number | None


@dataclass(frozen=True, slots=True)
class PercentagePrice(Node):
    """`2.9% of AMOUNT plus 0.30 at least 0.50 at most 20.00`."""

    percent: Percent
    amount: Expression
    plus: Number | None
    bounds: Bounds | None


@dataclass(frozen=True, slots=True)
class ComputedPrice(Node):
    """`is EXPR at least A at most B`."""

    amount: Expression
    bounds: Bounds | None


@dataclass(frozen=True, slots=True)
class TierRate(Node):
    """What a tier charges.

    `free`; `at RATE [per [started|full] N noun]`; `at X%`; each with `plus FLAT`; or `for FLAT`.
    Exactly one of `free`, `amount`, `percent`, `flat` is given; `flat` is the `for`.
    """

    free: bool = False
    amount: Number | None = None
    percent: Percent | None = None
    flat: Number | None = None
    size: Number | None = None
    noun: Name | None = None
    blocks: Literal["started", "full"] | None = None
    plus: Number | None = None


@dataclass(frozen=True, slots=True)
class Tier(Node):
    """One tier; `bound` is None for the open ones, `then` and `above`."""

    kind: Literal["first", "next", "up to", "then", "above"]
    bound: Number | None
    rate: TierRate


@dataclass(frozen=True, slots=True)
class Tiers(Node):
    """`per month [by volume]` tiers, `per event` tiers, `per KEY per month` tiers."""

    basis: Basis
    by_volume: bool
    tiers: tuple[Tier, ...]
    bounds: Bounds | None


@dataclass(frozen=True, slots=True)
class Case(Node):
    """`VALUE[, VALUE] price`."""

    values: tuple[Word, ...]
    price: "SimplePrice"


@dataclass(frozen=True, slots=True)
class ByPrice(Node):
    """`by ATTRIBUTE, …` cases and `otherwise`."""

    attributes: tuple[Path, ...]
    cases: tuple[Case, ...]
    otherwise: "SimplePrice | None"
    otherwise_span: Span | None


SimplePrice = Free | PerUnit | PercentagePrice | ComputedPrice | Tiers
Price = SimplePrice | ByPrice
