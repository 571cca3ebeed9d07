"""Mistakes in the header of a rule file."""

from dsl.diagnostics import Diagnostic, did_you_mean, listed, quoted

_SAMPLES = {
    "ruleset": "ruleset my_prices",
    "version": "version 1",
    "effective": "effective 2026-07-01",
    "currency": "currency USD",
    "timezone": "timezone America/New_York",
}


_MUCH_USED = ("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR")
"""Currencies that a slip of the pen most often means."""


def _slips(code: str, written: str) -> int | None:
    """How many letters differ, or None where there are more or fewer of them."""
    return sum(a != b for a, b in zip(code, written, strict=True)) if len(code) == len(written) else None


class MissingHeaderLine(Diagnostic):
    """One or more lines that every header has are not there."""

    id = "missing-header-line"
    keys: tuple[str, ...]

    @property
    def message(self) -> str:
        """Which lines are missing."""
        if len(self.keys) == 1:
            return f"the header has no {quoted(self.keys[0])} line"
        return f"the header has no lines for {listed(self.keys, 'and')}"

    @property
    def help(self) -> str:
        """The lines as they might be."""
        lines = listed((_SAMPLES[key] for key in self.keys), "and")
        return f"write {lines} at the top of the file, with your own values"


class RepeatedHeaderLine(Diagnostic):
    """A line of the header that stands there again; `first` is the number of the line that has it already."""

    id = "repeated-header-line"
    key: str
    first: int

    @property
    def message(self) -> str:
        """Which line."""
        return f"the header has a second {quoted(self.key)} line"

    @property
    def help(self) -> str:
        """Where the first one is."""
        return f"keep one of the two; the first is on line {self.first}"


class BadVersion(Diagnostic):
    """A version that is not a whole number from 1."""

    id = "bad-version"
    value: str
    most: int

    @property
    def message(self) -> str:
        """What a version is."""
        return f"a version is a whole number from 1 to {self.most:,}, not {quoted(self.value)}"


class UnknownCurrency(Diagnostic):
    """A word that is no currency in use."""

    id = "unknown-currency"
    value: str
    codes: tuple[str, ...]

    @property
    def message(self) -> str:
        """What stands there."""
        return f"there is no currency {quoted(self.value)}"

    @property
    def help(self) -> str:
        """The nearest code."""
        if self.value.upper() in self.codes:
            return f"write {quoted(self.value.upper())}"
        alike = [code for code in (*_MUCH_USED, *self.codes) if _slips(code, self.value) == 1]
        if alike:
            return f"did you mean {quoted(alike[0])}?"
        return "a currency is written with its three letters, such as `USD`, `EUR` or `JPY`"


class UnknownTimezone(Diagnostic):
    """A word that is no key of the tz database."""

    id = "unknown-timezone"
    value: str
    names: tuple[str, ...]

    @property
    def _tidy(self) -> str:
        return "_".join(self.value.split())

    @property
    def meant(self) -> str | None:
        """The zone of that name, or of the city of that name, but for capital letters and blanks."""
        folded = self._tidy.casefold()
        whole = [name for name in self.names if name.casefold() == folded]
        by_city = [name for name in self.names if name.rpartition("/")[2].casefold() == folded]
        return next(iter(whole or by_city), None)

    @property
    def message(self) -> str:
        """What stands there."""
        return f"there is no time zone {quoted(self.value)}"

    @property
    def help(self) -> str:
        """The nearest zone, or how zones are named."""
        near = f"did you mean {quoted(self.meant)}?" if self.meant else did_you_mean(self._tidy, self.names)
        if any(sign in self.value for sign in "+-") and not self.meant:
            near = "a fixed offset knows no summer time: name the zone of a city"
        return near or "zones are named by a region and a city, such as `America/New_York` or `Europe/Berlin`"
