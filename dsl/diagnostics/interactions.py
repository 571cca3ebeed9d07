"""What can be wrong with an interaction: what it counts, its limits, its units and its nouns."""

from typing import ClassVar

from dsl.diagnostics import Diagnostic, Severity, did_you_mean, listed, quoted


class DuplicateInteraction(Diagnostic):
    """Two interactions of one name."""

    name: str
    line: int

    id: ClassVar[str] = "duplicate-interaction"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"there are two interactions named {quoted(self.name)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return (
            f"the first is on line {self.line}; give this one another name, or move its `counts` lines to the first one"
        )


class InteractionWithoutCounts(Diagnostic):
    """An interaction that counts no event."""

    name: str

    id: ClassVar[str] = "interaction-without-counts"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"the interaction {quoted(self.name)} does not say which events it counts"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "add a line such as `counts search with voice`, or `counts any event`"


class MixedCounts(Diagnostic):
    """`counts` and `also counts` in one interaction."""

    name: str
    also: bool

    id: ClassVar[str] = "mixed-counts"

    @property
    def message(self) -> str:
        """What is wrong."""
        here, before = ("also counts", "counts") if self.also else ("counts", "also counts")
        return f"{quoted(self.name)} has `{here}` here and `{before}` above"

    @property
    def help(self) -> str:
        """What to write instead."""
        return (
            "write `counts` on every line, or `also counts` on every line; "
            "what is billed whatever else counts the event goes into an interaction of its own"
        )


class AnyEventNotAlone(Diagnostic):
    """`counts any event` beside another counts line."""

    name: str

    id: ClassVar[str] = "any-event-not-alone"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{quoted(self.name)} counts `any event`, and nothing may stand beside that"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "leave out the other `counts` lines, or name the events one by one"


class NoEventDeclared(Diagnostic):
    """`counts any event` in a file without events."""

    id: ClassVar[str] = "no-event-declared"

    @property
    def message(self) -> str:
        """What is wrong."""
        return "`any event` stands for the events of this file, and it declares none"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "declare the events above, each with its attributes: `event search`"


class UnknownEvent(Diagnostic):
    """An event type that is not declared."""

    name: str
    known: tuple[str, ...]

    id: ClassVar[str] = "unknown-event"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"there is no event {quoted(self.name)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        near = did_you_mean(self.name, self.known)
        if near is not None:
            return near
        if self.known:
            return f"this file declares {listed(self.known, 'and')}"
        return f"declare it above: `event {self.name}`" if len(self.name) <= 40 else "declare it above"


class InteractionWithoutPrice(Diagnostic):
    """An interaction without `price`."""

    name: str

    id: ClassVar[str] = "interaction-without-price"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"the interaction {quoted(self.name)} has no price"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "add a line such as `price 0.05`, or `price free`"


class RepeatedClause(Diagnostic):
    """A second `price` or `units`."""

    name: str
    clause: str
    line: int

    id: ClassVar[str] = "repeated-clause"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{quoted(self.name)} has two `{self.clause}` clauses, and may have only one"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"the first is on line {self.line}; leave one of them out"


class UnitsBesideAs(Diagnostic):
    """`units` where the counts lines have `as`."""

    name: str

    id: ClassVar[str] = "units-beside-as"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"the `counts` lines of {quoted(self.name)} already say its units, with `as`"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "leave out this `units` clause, or the `as` of every `counts` line"


class AsMissing(Diagnostic):
    """Some counts lines have `as`, this one does not."""

    name: str
    noun: str

    id: ClassVar[str] = "as-missing"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"another `counts` line of {quoted(self.name)} says its units with `as`, and this one does not"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"add the units of this event, for one each `as 1 {self.noun}`"


class DifferentNouns(Diagnostic):
    """Two names for a unit of one interaction."""

    name: str
    first: str
    second: str

    id: ClassVar[str] = "different-nouns"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"a unit of {quoted(self.name)} is called {quoted(self.first)} and here {quoted(self.second)}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "an interaction has one name for its units; singular and plural are the same"


class LimitNumber(Diagnostic):
    """`limit 0 per day`, `limit 1.5 per day`."""

    text: str

    id: ClassVar[str] = "limit-number"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{quoted(self.text)} is no number of events: a limit is a whole number from 1 to 999,999,999,999"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "write `limit 3 per day`; for one event, `once per day`"


class RepeatedBasis(Diagnostic):
    """Two limits, or two caps, over the same."""

    what: str
    basis: str
    line: int

    id: ClassVar[str] = "repeated-basis"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"there are two {self.what} `{self.basis}`, and only the smaller one could ever matter"

    @property
    def help(self) -> str:
        """What to write instead."""
        return f"the other is on line {self.line}; leave one of them out"


class RepeatedKey(Diagnostic):
    """One attribute twice in a list of keys."""

    name: str

    id: ClassVar[str] = "repeated-key"

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{quoted(self.name)} stands here twice"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "name each attribute once"


class UnitsMayBeNegative(Diagnostic):
    """The units' interval reaches below 0; `attribute` is one that does, where there is one."""

    name: str
    attribute: str | None

    id: ClassVar[str] = "units-may-be-negative"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"the units of {quoted(self.name)} can come out below 0, and then count as 0"

    @property
    def help(self) -> str:
        """What to write instead."""
        if self.attribute is not None:
            return f"where {quoted(self.attribute)} is never below 0, declare it so: `from 0 to 1_000_000`"
        return "where that is meant, say so: `larger of (0, …)`"


class ShadowedInteraction(Diagnostic):
    """An interaction whose every event is counted by others before it."""

    name: str
    by: tuple[str, ...]

    id: ClassVar[str] = "shadowed-interaction"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        others = listed(self.by, "and")
        verb = "counts" if len(self.by) == 1 else "count"
        return f"{quoted(self.name)} never counts anything: {others} above {verb} all of its events first"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "move it further up, add a `with` to the one above, or write `also counts` to bill both"


class PeriodAsNoun(Diagnostic):
    """`price 5.00 per month` where nothing else speaks of months: every event costs 5.00."""

    amount: str
    period: str

    id: ClassVar[str] = "period-as-noun"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"this costs {self.amount} for every event: {quoted(self.period)} is only what a unit is called here"

    @property
    def help(self) -> str:
        """What to write instead."""
        once = f"`once per {self.period}` and `price {self.amount}`"
        return (
            f"for one charge a {self.period} write {once}; where {self.period}s are counted, say how many with `units`"
        )


class ShadowedCounts(Diagnostic):
    """A counts line whose events are counted before it comes to it."""

    event: str
    by: str
    own: bool

    id: ClassVar[str] = "shadowed-counts"
    severity: ClassVar[Severity] = Severity.WARNING

    @property
    def message(self) -> str:
        """What is wrong."""
        what = "any event" if self.event == "any event" else f"every {quoted(self.event)}"
        before = "a line above it" if self.own else f"{quoted(self.by)} above"
        return f"this line never counts anything: {before} already counts {what}"

    @property
    def help(self) -> str:
        """What to write instead."""
        return "move this line further up, or add a `with` to the one above"
