"""Examples: each step an event as a client would send it, and what is expected of it."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import islice

from dsl import core, syntax
from dsl.checker.amounts import scaled
from dsl.checker.context import Context
from dsl.checker.event_types import EventTypes
from dsl.checker.interactions import Interactions
from dsl.checker.literals import check_value, instant_of, ungrouped
from dsl.diagnostics import nearest
from dsl.diagnostics.examples import (
    DuplicateExample,
    ExampleMissingAttribute,
    ExampleNumber,
    ExampleRepeatedAttribute,
    ExampleRepeatedInteraction,
    ExampleTwoMain,
    ExampleUnknownAttribute,
    ExampleUnknownInteraction,
    ExampleValue,
    ExampleWithoutSteps,
)
from dsl.diagnostics.rulesets import MOST_SHOWN
from dsl.event import Instant

CUSTOMER = "customer"
"""Who a step without `by` is by."""
UNITS_DIGITS = 13
PRICE_DIGITS = 20
ENOUGH = 10 * MOST_SHOWN
LOOKED_AT = 7
"""As many names that a step lacks are named, and held against those that it gives wrongly."""


def check_examples(
    file: syntax.File, types: EventTypes, interactions: Interactions, effective: int, context: Context
) -> tuple[core.Example, ...]:
    """All examples of the file, without the steps that are wrong, which are reported."""
    check = _Check(types, interactions, effective, context)
    titles: dict[str, int] = {}
    examples: list[core.Example] = []
    broken = {b.name for b in file.broken if b.kind == "example"}
    for node in file.declarations:
        if not isinstance(node, syntax.Example):
            continue
        title = node.title.value
        line, _ = context.source.position(node.title.span.start)
        if title in titles:
            context.report(DuplicateExample(span=node.title.span, title=title, line=titles[title]))
        titles.setdefault(title, line)
        if not node.steps and title not in broken:
            context.report(ExampleWithoutSteps(span=node.title.span, title=title))
        steps = [check.step(step) for step in node.steps]
        examples.append(core.Example(title, tuple(step for step in steps if step is not None), node.title.span))
    return tuple(examples)


class _Check:
    """The check of the steps of all examples."""

    def __init__(self, types: EventTypes, interactions: Interactions, effective: int, context: Context) -> None:
        self.types = types
        self.interactions = interactions
        self.names = tuple(interactions.named)
        self.effective = effective
        self.context = context
        self._reported: set[tuple[str, ...]] = set()

    def _first_time(self, *what: str) -> bool:
        """Whether this is new: the same slip in the same words in twenty steps most likely has one cause."""
        new = what not in self._reported
        self._reported.add(what)
        return new

    def step(self, node: syntax.Step) -> core.Step | None:
        """The checked step; None, reported, where its event, time or outcome is wrong."""
        event = self.types.declared.types.get(node.event.text)
        lines = self._lines(node.expected.bills)
        time = self.effective if node.at is None else instant_of(node.at, self.context)
        if event is None:
            if self._first_time("unknown event", node.event.text):
                self.types.report_unknown(node.event, self.context)
            return None
        data = self._data(node, event)
        if time is None:
            return None
        return core.Step(
            event=event.name,
            data=data,
            time=time,
            subject=CUSTOMER if node.customer is None else node.customer.value,
            word=node.expected.word,
            lines=lines,
            span=node.span,
        )

    def _data(self, node: syntax.Step, event: core.EventType) -> dict[str, object]:
        attributes = self.types.attributes(event)
        refused = node.expected.word == "refused"
        data: dict[str, object] = {}
        given: set[str] = set()
        for value in node.values:
            name = value.name.text
            attribute = attributes.get(name)
            if name in given:
                self.context.report(ExampleRepeatedAttribute(span=value.name.span, name=name))
            elif attribute is None:
                self._report_unknown_attribute(value.name, event)
            else:
                data[attribute.outside] = self._refused(value) if refused else self._fitting(value, attribute)
            given.add(name)
        if not refused:
            self._check_required(node, event, given)
        return data

    def _check_required(self, node: syntax.Step, event: core.EventType, given: set[str]) -> None:
        """Report required attributes that the step lacks, but for those that it only misspelt."""
        required = self.types.required(event)
        lacks = len(required) - len(given & required.keys())
        if not lacks or not self._first_time("given", event.name, *sorted(given)):
            return
        missing = list(islice((name for name in required if name not in given), LOOKED_AT))
        more = lacks - len(missing)
        unknown = (name for name in sorted(given) if name not in self.types.attributes(event))
        # Of so many mistakes only the first are shown; which name was meant takes most of the time.
        for name in islice(unknown, LOOKED_AT if len(self.context.diagnostics) < ENOUGH else 0):
            meant = nearest(name, missing)
            if meant is not None:
                missing.remove(meant)
        if missing and self._first_time("missing", event.name, str(more), *missing):
            names = tuple(missing)
            report = ExampleMissingAttribute(span=node.event.span, event=event.name, names=names, more=more)
            self.context.report(report)

    def _report_unknown_attribute(self, path: syntax.Path, event: core.EventType) -> None:
        if event.name in self.types.declared.incomplete or not self._first_time("unknown", event.name, path.text):
            return
        known = tuple(self.types.attributes(event))
        report = ExampleUnknownAttribute(span=path.span, event=event.name, name=path.text, known=known)
        self.context.report(report)

    def _fitting(self, given: syntax.GivenValue, attribute: core.Attribute) -> object:
        """The value as a client would send it; None, reported, where it does not fit the attribute."""
        value = check_value(given.value, attribute, self.context)
        if value is None:
            return None
        match attribute.kind:
            case "decimal":
                assert isinstance(value, int)
                return Decimal(value).scaleb(-core.UNIT_PLACES)
            case "timestamp":
                assert isinstance(value, int)
                return Instant(value)
            case "list of string":
                assert isinstance(value, tuple)
                return list(value)
            case _:
                return value

    def _refused(self, given: syntax.GivenValue) -> object:
        """What is written, as it stands: the step expects that it may not fit."""
        match ungrouped(given.value):
            case syntax.Number(value=number):
                return number if number.as_tuple().exponent else int(number)
            case syntax.Boolean(value=truth):
                return truth
            case syntax.Text(value=text):
                return text
            case syntax.Reference(path=path):
                return path.text
            case syntax.Date() | syntax.Timestamp() as date:
                instant = instant_of(date, self.context)
                return None if instant is None else Instant(instant)
            case syntax.Empty():
                return []
            case syntax.TextList(items=items):
                return [item.value for item in items]
            case _:
                self.context.report(ExampleValue(span=given.value.span, name=given.name.text))
                return None

    def _lines(self, bills: Iterable[syntax.Bill]) -> tuple[core.ExpectedLine, ...]:
        lines: list[core.ExpectedLine] = []
        main: str | None = None
        seen: set[str] = set()
        for bill in bills:
            name = bill.interaction.text
            interaction = self.interactions.named.get(name)
            if interaction is None:
                self._report_unknown_interaction(bill.interaction)
            elif name in seen:
                self.context.report(ExampleRepeatedInteraction(span=bill.interaction.span, name=name))
            else:
                interaction.noun.mention(bill.noun, self.context)
                if main is not None and not interaction.also:
                    self.context.report(ExampleTwoMain(span=bill.interaction.span, first=main, second=name))
                main = main if interaction.also else name
            seen.add(name)
            units = self._number(bill.units, "units", UNITS_DIGITS, core.UNIT_PLACES)
            price = self._number(bill.price, "price", PRICE_DIGITS, core.MONEY_PLACES)
            if units is not None and price is not None:
                lines.append(core.ExpectedLine(name, units, price))
        return tuple(lines)

    def _report_unknown_interaction(self, name: syntax.Name) -> None:
        if self.interactions.complete and self._first_time("unknown interaction", name.text):
            known = self.names
            self.context.report(ExampleUnknownInteraction(span=name.span, name=name.text, known=known))

    def _number(self, number: syntax.Number, what: str, before: int, after: int) -> int | None:
        value = scaled(number.value, before, after)
        if value is None or (what == "units" and value < 0):
            self.context.report(ExampleNumber(span=number.span, what=what, text=number.text))
            return None
        return value
