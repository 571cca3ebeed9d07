"""One declared attribute: its type, range, words, default and outside name."""

from decimal import Decimal
from fractions import Fraction

from dsl import core, syntax
from dsl.checker import intervals
from dsl.checker.context import Context
from dsl.checker.literals import check_value
from dsl.diagnostics import events as mistakes
from dsl.diagnostics.values import TooManyPlaces
from dsl.numbers import format_scaled

LONGEST_NAME = 256

_LIMITS = {
    "integer": (0, intervals.INTEGER_LOW, intervals.INTEGER_HIGH),
    "decimal": (core.UNIT_PLACES, -intervals.DECIMAL_HIGH, intervals.DECIMAL_HIGH),
}
"""Of each numeric kind, the places that are kept, and the lowest and highest value at that scale."""


def check_attribute(node: syntax.Attribute, context: Context) -> core.Attribute:
    """The attribute; mistakes are reported and mended, so that it can be read without more of them."""
    low, high = check_range(node.type, context)
    outside = node.name.text if node.sent_as is None else outside_name(node.sent_as, node.name.text, True, context)
    attribute = core.Attribute(
        name=node.name.text,
        outside=outside,
        kind=node.type.kind,
        optional=node.optional,
        low=low,
        high=high,
        words=check_words(node.type.words, context),
        label=None if node.label is None else node.label.value,
    )
    if node.default is None:
        return attribute
    default = check_value(node.default, attribute, context)
    return core.Attribute(
        name=attribute.name,
        outside=outside,
        kind=attribute.kind,
        default=_some_value(attribute) if default is None else default,
        low=low,
        high=high,
        words=attribute.words,
        label=attribute.label,
    )


def _some_value(attribute: core.Attribute) -> core.Value:
    """A default in place of one that was reported, so that the attribute is not taken for a required one."""
    match attribute.kind:
        case "boolean":
            return False
        case "integer" | "decimal" | "timestamp":
            return attribute.low
        case "list of string":
            return ()
        case "string" | "one of":
            return next(iter(attribute.words), "")


def outside_name(node: syntax.Text, name: str, dotted: bool, context: Context) -> str:
    """The name after `sent as`; the inside name where that one, reported, is none."""
    outside = node.value
    if not outside or len(outside) > LONGEST_NAME or (dotted and "" in outside.split(".")):
        context.report(mistakes.BadOutsideName(span=node.span, name=outside, most=LONGEST_NAME))
        return name
    return outside


def check_words(words: tuple[syntax.Word, ...], context: Context) -> tuple[str, ...]:
    """The list's words, each once and none empty."""
    found: dict[str, None] = {}
    for word in words:
        if not word.text:
            context.report(mistakes.EmptyWord(span=word.span))
        elif word.text in found:
            context.report(mistakes.RepeatedWord(span=word.span, word=word.text))
        else:
            found[word.text] = None
    return tuple(found)


def check_range(node: syntax.TypeName, context: Context) -> tuple[int, int]:
    """The lowest and highest value of a numeric type at its scale; the widest where the range, reported, is none."""
    if node.kind not in _LIMITS:
        return 0, 0
    _, lowest, highest = _LIMITS[node.kind]
    if node.low is None or node.high is None:
        return lowest, highest
    low, high = _end(node.low, node.kind, context), _end(node.high, node.kind, context)
    if low is None or high is None:
        return lowest, highest
    if low > high:
        shown = {"low": node.low.text, "high": node.high.text}
        context.report(mistakes.RangeReversed(span=node.low.span.to(node.high.span), **shown))
        return lowest, highest
    return low, high


def _end(node: syntax.Number, kind: str, context: Context) -> int | None:
    places, lowest, highest = _LIMITS[kind]
    if not _within(node.value, places, lowest, highest):
        ends = {"low": format_scaled(lowest, places), "high": format_scaled(highest, places)}
        context.report(mistakes.RangeTooWide(span=node.span, type=kind, end=node.text, **ends))
        return None
    # `100.000` is a hundred thousand to half the world: a whole number is written without a point.
    if intervals.places_of(node.value) > places or (places == 0 and "." in node.text):
        context.report(TooManyPlaces(span=node.span, value=node.text, most=places))
        return None
    return int(Fraction(node.value) * 10**places)


def _within(value: Decimal, places: int, lowest: int, highest: int) -> bool:
    return value.adjusted() < intervals.MOST_DIGITS and lowest <= Fraction(value) * 10**places <= highest
