"""What can be wrong with a price: its numbers, tiers, cases, discounts and caps."""

from typing import ClassVar, Literal

from dsl.diagnostics import Diagnostic, Severity, listed, quoted

# ── numbers ─────────────────────────────────────────────────────────────────


class NotPositive(Diagnostic):
    """A size, bound or cap that is not above 0."""

    what: str
    text: str

    id: ClassVar[str] = "not-positive"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{self.what} must be above 0, and this is {quoted(self.text)}"


class PriceDigits(Diagnostic):
    """A number of a price with too many digits."""

    what: str
    text: str
    before: int
    after: int

    id: ClassVar[str] = "price-digits"

    @property
    def message(self) -> str:
        """What is wrong."""
        digits = f"{self.before} digits before the point and {self.after} after"
        return f"{self.what} has at most {digits}, and {quoted(self.text)} has more"


class BoundsReversed(Diagnostic):
    """`at least 5 at most 2`."""

    low: str
    high: str

    id: ClassVar[str] = "bounds-reversed"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"no price is at least {quoted(self.low)} and at most {quoted(self.high)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"write `at least {self.high} at most {self.low}`"


class PricePlaces(Diagnostic):
    """An amount with more than 18 places."""

    places: int

    id: ClassVar[str] = "price-places"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"this price can have {self.places} digits after the point, and 18 is the most"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "round it: `… rounded to 6 places`"


class PriceTooLarge(Diagnostic):
    """An amount that could exceed what money holds."""

    highest: str

    id: ClassVar[str] = "price-too-large"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"this price can reach {self.highest}, and a price has at most 20 digits before the point"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "give the attributes that it reads a range, or write a smaller rate"


# ── what a price runs over ──────────────────────────────────────────────────


class BlocksWithoutBasis(Diagnostic):
    """`10.00 per started 100 units` without saying of what."""

    blocks: str

    id: ClassVar[str] = "blocks-without-basis"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"this price does not say over what its {self.blocks} blocks run: a period, or each event by itself"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "add `per month` for blocks of the customer's month, or `per event` for blocks of each event alone"


class BoundsOnRunningTotal(Diagnostic):
    """`at least` or `at most` behind tiers with a running total."""

    basis: str

    id: ClassVar[str] = "bounds-on-running-total"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"`at least` and `at most` are the bounds of one event's price, and these tiers run `{self.basis}`"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "for the most that a period costs, write `cap 100.00 per month`; for tiers of one event, `per event`"


# ── tiers ───────────────────────────────────────────────────────────────────


class MixedTiers(Diagnostic):
    """`up to` beside `first` and `next`."""

    kind: str
    other: str

    id: ClassVar[str] = "mixed-tiers"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"this price has `{self.other}` tiers and here one with `{self.kind}`"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "`first 100`, `next 900` count on from each other, `up to 100`, `up to 1_000` from 0: use one of the two"


class TierOutOfPlace(Diagnostic):
    """`next` as the first tier, or `first` as a later one."""

    kind: Literal["first", "next"]

    id: ClassVar[str] = "tier-out-of-place"

    @property
    def message(self) -> str:
        """What is wrong."""
        return "only the first tier is called `first`" if self.kind == "first" else "`next` can't be the first tier"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"write `{'next' if self.kind == 'first' else 'first'}` here"


class TierNotAscending(Diagnostic):
    """`up to 100` behind `up to 200`."""

    bound: str
    previous: str

    id: ClassVar[str] = "tier-not-ascending"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"this tier ends at {quoted(self.bound)}, and the one above it at {quoted(self.previous)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "`up to` counts from 0, so each must be higher than the last; `next` counts on from the tier above"


class VolumeTier(Diagnostic):
    """`first` or `next` in a price by volume."""

    kind: str

    id: ClassVar[str] = "volume-tier"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"by volume one tier prices all units, so `{self.kind}` does not fit"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "write `up to 100`, `up to 1_000`, and `above` last, each counted from 0"


class VolumeCliff(Diagnostic):
    """One unit more makes the bill smaller."""

    at: str
    cost: str
    beyond: str
    beyond_cost: str

    id: ClassVar[str] = "volume-cliff"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"by volume the bill drops here: {self.at} cost {self.cost}, {self.beyond} cost {self.beyond_cost}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "that is usual by volume; without `by volume` each unit keeps the price of its own tier"


# ── by ──────────────────────────────────────────────────────────────────────


class TooManyByAttributes(Diagnostic):
    """`by` with three attributes or more."""

    count: int

    id: ClassVar[str] = "too-many-by-attributes"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"`by` has {self.count} attributes here, and may have two at most"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "write an interaction for each value of the third, `counts … with attribute is value`"


class ByKind(Diagnostic):
    """`by` a number, a time or a list."""

    name: str
    kind: str

    id: ClassVar[str] = "by-kind"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{quoted(self.name)} is {self.kind}; `by` needs a word of a list, a text, or yes and no"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "for steps by a number, write tiers, or interactions `counts … with attribute ≥ 10`"


class CaseValueCount(Diagnostic):
    """A case with too few or too many values."""

    attributes: tuple[str, ...]
    count: int

    id: ClassVar[str] = "case-value-count"

    @property
    def message(self) -> str:
        """What is wrong."""
        values = "one value" if self.count == 1 else f"{self.count} values"
        return f"this case has {values}, and the price is by {listed(self.attributes, 'and')}"

    @property
    def help(self) -> str:
        """What to write instead."""
        if len(self.attributes) == 1:
            return "write one value, and a case of its own for each other one"
        return "write a value for each of them, in this order, with a comma between"


class RepeatedCase(Diagnostic):
    """One case twice."""

    values: tuple[str, ...]
    line: int

    id: ClassVar[str] = "repeated-case"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"there are two prices for {', '.join(quoted(v) for v in self.values)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"the first is on line {self.line}; leave one of them out"


class MissingCases(Diagnostic):
    """Values without a price, and no `otherwise`."""

    attributes: tuple[str, ...]
    missing: tuple[str, ...]
    more: int

    id: ClassVar[str] = "missing-cases"

    @property
    def message(self) -> str:
        """What is wrong."""
        if not self.missing:
            return f"there is no price for any other {listed(self.attributes, 'and')}"
        names = [quoted(m) for m in self.missing]
        if self.more:
            names.append(f"{self.more:,} more")
        last = names.pop()
        return f"there is no price for {', '.join(names) + ' and ' + last if names else last}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "add what is missing, or `otherwise` and a price for all the rest"


class NeedlessOtherwise(Diagnostic):
    """Every value has its case already."""

    attributes: tuple[str, ...]

    id: ClassVar[str] = "needless-otherwise"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        every = "every value of" if len(self.attributes) == 1 else "every pair of"
        return f"`otherwise` never applies: {every} {listed(self.attributes, 'and')} has its price"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "leave it out, so that a value added later is not forgotten"


class DifferentBases(Diagnostic):
    """Cases whose running totals run over different things."""

    first: str
    second: str

    id: ClassVar[str] = "different-bases"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"a case above runs `{self.first}` and this one `{self.second}`"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "all cases of one price run over the same; another one goes into an interaction of its own"


# ── discounts, surcharges, caps ─────────────────────────────────────────────


class DiscountAboveAll(Diagnostic):
    """A discount over 100%."""

    text: str

    id: ClassVar[str] = "discount-above-100"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"a discount of {quoted(self.text)} would pay the customer; 100% is the most"


class AdjustmentOnRunningTotal(Diagnostic):
    """A discount or surcharge on a price with a running total."""

    kind: str
    basis: str

    id: ClassVar[str] = "adjustment-on-running-total"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"a {self.kind} is of one event's price, and this price runs `{self.basis}`"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "write the lower or higher rates into the price, or a second interaction with a `with` of its own"
