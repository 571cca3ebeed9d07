"""Curves, prices, adjustments and caps."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from dsl.core.expressions import Expression, Read
from dsl.core.types import UNIT, Period, Value


@dataclass(frozen=True, slots=True)
class Basis:
    """What a running total, a limit or a cap runs over: within a customer and an interaction, each combination of the
    keys' values, in each period (None: for ever)."""

    keys: tuple[Read, ...]
    period: Period | None


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier: cumulative units above `lower`, up to and including `upper` (None: open), in millionths.

    Per `size` millionths of units `rate` falls due: pro rata, or for each started or full block. `plus` is flat money.
    """

    lower: int
    upper: int | None
    rate: int
    size: int = UNIT
    blocks: Literal["started", "full"] | None = None
    plus: int = 0


@dataclass(frozen=True, slots=True)
class Curve:
    """Cumulative units to the amount owed; the tiers follow each other without a gap, the first from 0, the last open.

    Graduated: each unit at the rate of the tier that it falls in, blocks counted from the tier's start, `plus` due once
    the total is above `lower`. By volume: the tier that holds the total prices all units; blocks count from 0.
    """

    by_volume: bool
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """A price of units: the curve over the running total of `basis`, or, where it is None, over this event alone.

    The bounds, money, are only given without a basis; an event of zero units owes 0 whatever they say.
    """

    curve: Curve
    basis: Basis | None
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class PercentagePrice:
    """`percent` of a positive amount (0 of a negative one) plus flat money, within the bounds; whatever the units."""

    percent: Decimal
    amount: Expression
    plus: int = 0
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class ComputedPrice:
    """The expression's money, never below 0, within the bounds; whatever the units."""

    amount: Expression
    at_least: int | None = None
    at_most: int | None = None


SimplePrice = UnitPrice | PercentagePrice | ComputedPrice


@dataclass(frozen=True, slots=True)
class Case:
    """The price for one combination of the attributes' values."""

    values: tuple[Value, ...]
    price: SimplePrice


@dataclass(frozen=True, slots=True)
class ByPrice:
    """A price for each value of one attribute, or each pair of values of two; every event finds one.

    Each case has its own running total, and so has `otherwise`, one for all the rest.
    """

    attributes: tuple[Read, ...]
    cases: tuple[Case, ...]
    otherwise: SimplePrice | None


Price = UnitPrice | PercentagePrice | ComputedPrice | ByPrice


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A discount or surcharge, where the condition holds, in percent of the price so far (a discount at most 100)."""

    kind: Literal["discount", "surcharge"]
    percent: Decimal
    condition: Expression

    @property
    def factor(self) -> Fraction:
        """What the price is multiplied by."""
        share = Fraction(self.percent) / 100
        return 1 - share if self.kind == "discount" else 1 + share


@dataclass(frozen=True, slots=True)
class Cap:
    """The most, in money, that the interaction costs per event (`basis` None) or in each group of the basis."""

    amount: int
    basis: Basis | None
