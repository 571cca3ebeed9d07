"""Mistakes in arithmetic: divisions that are not rounded, and numbers that grow too long."""

from dsl.diagnostics import Diagnostic, quoted


class DivisionNotRounded(Diagnostic):
    """A division, or a time in minutes or hours, whose result is used as it is."""

    id = "division-not-rounded"
    text: str

    @property
    def message(self) -> str:
        """Which one."""
        return f"{quoted(self.text)} may have digits without end, so it must be rounded"

    @property
    def help(self) -> str:
        """The ways to round it."""
        shown = quoted(self.text)[1:-1]
        return f"write `{shown} rounded up`, `{shown} rounded down` or `{shown} rounded to 2 places`"


class DivisionByZero(Diagnostic):
    """A division by nothing."""

    id = "division-by-zero"
    text: str

    @property
    def message(self) -> str:
        """Which one."""
        return f"{quoted(self.text)} divides by zero"


class DivisionByExpression(Diagnostic):
    """A division by something that is not a number written out."""

    id = "division-by-expression"
    text: str

    @property
    def message(self) -> str:
        """What it divides by."""
        return f"`/` divides only by a number that is written out, and {quoted(self.text)} is none"

    @property
    def help(self) -> str:
        """Why."""
        return "what is read from an event could be zero; send the result of such a division with the event"


class RoundingPlaces(Diagnostic):
    """`rounded to` a number of places that there isn't."""

    id = "rounding-places"
    value: str
    most: int

    @property
    def message(self) -> str:
        """The places that there are."""
        return f"a number is rounded to 0 to {self.most} places, not to {quoted(self.value)}"


class NumberTooLarge(Diagnostic):
    """A number that could have more digits than are kept.

    `digits` and `places` are how many it could have before and after the point, both 0 where not even a bound is known;
    `attribute` is the widest that it is made of, and `declaration` how that might be declared.
    """

    id = "number-too-large"
    text: str
    digits: int
    places: int
    most: int
    attribute: str | None = None
    declaration: str | None = None

    @property
    def message(self) -> str:
        """How long it could get."""
        return (
            f"{quoted(self.text)} needs up to {self.digits} digits before and {self.places} after the point,"
            f" and at most {self.most} are kept"
        )

    @property
    def help(self) -> str | None:
        """A range that would keep it short."""
        if self.attribute is None:
            return "write a shorter number, or round what it is made of"
        return f"give {quoted(self.attribute)} a narrower range, as in {quoted(self.declaration or '')}, or round it"
