"""Values that an author wrote out, taken as values of the type that is wanted where they stand."""

import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from dsl import core, syntax
from dsl.checker import intervals
from dsl.checker.context import Context
from dsl.checker.scope import type_of
from dsl.checker.words import expected_in_words, number_in_words
from dsl.diagnostics import values
from dsl.zones import DAY, EARLIEST, EPOCH, LATEST, MICROSECOND

LONGEST_TEXT = 4096
"""Characters of a text in an event."""
LONGEST_LIST = 256
"""Members of a list in an event."""
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_YEAR, _LAST_YEAR = 1900, 2999

Written = syntax.Expression | syntax.Word
"""What may be written for a value; a case of a `by` price is a `Word`."""


def check_value(node: Written, attribute: core.Attribute, context: Context) -> core.Value | None:
    """The value at rest that a default, a case or a step gives an attribute; None, reported, where it does not fit."""
    constant = constant_for(node, attribute.name, type_of(attribute), context)
    return None if constant is None else constant.value


def constant_for(
    node: Written, name: str, type_: core.Type, context: Context, bounded: bool = True
) -> core.Constant | None:
    """What is written as a constant for the attribute of that name and type; None, reported, where it does not fit.

    A number's constant has the scale of the type; where it is not `bounded` it may lie outside the type's interval.
    """
    node = ungrouped(node)
    if isinstance(type_, core.WordType):
        return _word(node, name, type_, context)
    if isinstance(type_, core.NumberType):
        return _number(node, name, type_, context, bounded)
    found, value = _other(node, type_, context)
    if not found:
        _mismatch(node, name, type_, context)
    return None if value is None else core.Constant(value, type_)


def _other(node: Written, type_: core.Type, context: Context) -> tuple[bool, core.Value | None]:
    """Whether what is written is of a type that is no number's or word's, and its value, None where it is refused."""
    match type_, node:
        case core.BooleanType(), syntax.Boolean(value=answer):
            return True, answer
        case core.BooleanType(), syntax.Word(text="yes" | "no" as text, quoted=False):
            return True, text == "yes"
        case core.TextType(), syntax.Text(value=text) | syntax.Word(text=text, quoted=True):
            return True, text if fits_text(node, text, context) else None
        case core.ListType(), syntax.Empty():
            return True, ()
        case core.ListType(), syntax.TextList():
            return True, text_list(node, context)
        case core.TimestampType(), syntax.Date() | syntax.Timestamp():
            return True, instant_of(node, context)
        case _:
            return False, None


def ungrouped(node: Written) -> Written:
    """The node inside any parentheses."""
    while isinstance(node, syntax.Group):
        node = node.inner
    return node


def word_of(node: Written) -> str | None:
    """The word that a node may stand for beside a list of words, or None where it can stand for none."""
    match node:
        case syntax.Reference(path=syntax.Path(text=text)) | syntax.Word(text=text) | syntax.Text(value=text):
            return text
        case syntax.Boolean(value=value):
            return "yes" if value else "no"
        case syntax.Empty():
            return "empty"
        case _:
            return None


def fits_text(node: syntax.Node, text: str, context: Context) -> bool:
    """Whether an event could hold the text; reported where it could not."""
    if len(text) > LONGEST_TEXT:
        context.report(values.TextTooLong(span=node.span, length=len(text), most=LONGEST_TEXT))
        return False
    return True


def text_list(node: syntax.TextList, context: Context) -> tuple[str, ...] | None:
    """The list's members; None, reported, where no event could hold it."""
    if len(node.items) > LONGEST_LIST:
        context.report(values.ListTooLong(span=node.span, length=len(node.items), most=LONGEST_LIST))
        return None
    fitting = [fits_text(item, item.value, context) for item in node.items]
    return tuple(item.value for item in node.items) if all(fitting) else None


def instant_of(node: syntax.Date | syntax.Timestamp, context: Context) -> int | None:
    """The instant of a timestamp, or of a date's midnight in the file's zone.

    None, reported, where it is out of range, or where the zone's clocks skip or repeat it.
    """
    local = datetime.combine(node.value, time()) if isinstance(node, syntax.Date) else node.local
    offset = None if isinstance(node, syntax.Date) else node.offset
    if not _FIRST_YEAR <= local.year <= _LAST_YEAR:
        _report_out_of_range(node, context)
        return None
    instants = context.zone.instants(local) if offset is None else ((local - EPOCH - offset) // MICROSECOND,)
    if len(instants) != 1:
        _report_clock_change(node, local, instants, context)
        return None
    if not EARLIEST <= instants[0] <= LATEST:
        _report_out_of_range(node, context)
        return None
    return instants[0]


def day_of(node: syntax.Date, context: Context) -> int | None:
    """The calendar day of a date; None, reported, where it is out of range."""
    if not _FIRST_YEAR <= node.value.year <= _LAST_YEAR:
        _report_out_of_range(node, context)
        return None
    return (node.value - EPOCH.date()).days


def _report_out_of_range(node: syntax.Date | syntax.Timestamp, context: Context) -> None:
    context.report(values.DateOutOfRange(span=node.span, value=context.source.slice(node.span)))


def _report_clock_change(
    node: syntax.Date | syntax.Timestamp, local: datetime, instants: tuple[int, ...], context: Context
) -> None:
    wall = (local - EPOCH) // MICROSECOND
    shown = context.source.slice(node.span)
    if instants:
        first, second = (_with_offset(local, wall - at) for at in instants)
        context.report(
            values.RepeatedTime(span=node.span, value=shown, zone=context.zone.name, first=first, second=second)
        )
    else:
        suggestion = _with_offset(local, context.zone.offset(wall - DAY))
        context.report(values.SkippedTime(span=node.span, value=shown, zone=context.zone.name, suggestion=suggestion))


def _with_offset(local: datetime, offset: int) -> str:
    minutes = offset * MICROSECOND // timedelta(minutes=1)
    sign = "-" if minutes < 0 else "+"
    return f"{local.isoformat()}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _word(node: Written, name: str, type_: core.WordType, context: Context) -> core.Constant | None:
    word = word_of(node)
    if word is None:
        _mismatch(node, name, type_, context)
        return None
    if word not in type_.words:
        context.report(values.UnknownWord(span=node.span, attribute=name, word=word, words=type_.words))
        return None
    return core.Constant(word, type_)


def _number(node: Written, name: str, type_: core.NumberType, context: Context, bounded: bool) -> core.Constant | None:
    if not isinstance(node, syntax.Number):
        _mismatch(node, name, type_, context)
        return None
    shown = context.source.slice(node.span)
    low, high = (type_.low, type_.high) if bounded else limits_of(type_)
    if not in_range(node.value, low, high):
        ends = {"low": number_in_words(low), "high": number_in_words(high)}
        context.report(values.ValueOutOfRange(span=node.span, attribute=name, value=shown, **ends))
        return None
    if intervals.places_of(node.value) > type_.places:
        context.report(values.TooManyPlaces(span=node.span, value=shown, most=type_.places))
        return None
    exact = Fraction(node.value)
    return core.Constant(int(exact * type_.scale), core.NumberType(exact, exact, type_.places))


def limits_of(type_: core.NumberType) -> tuple[Fraction, Fraction]:
    """The widest interval of an integer (no places) or a decimal."""
    if type_.places == 0:
        return Fraction(intervals.INTEGER_LOW), Fraction(intervals.INTEGER_HIGH)
    widest = intervals.millionths(-intervals.DECIMAL_HIGH, intervals.DECIMAL_HIGH)
    return widest.low, widest.high


def in_range(value: Decimal, low: Fraction, high: Fraction) -> bool:
    """Whether a number, however long, lies between two others; long ones are never converted."""
    return -intervals.MOST_DIGITS <= value.adjusted() <= intervals.MOST_DIGITS and low <= Fraction(value) <= high


def _mismatch(node: Written, name: str, type_: core.Type, context: Context) -> None:
    shown = context.source.slice(node.span)
    expected, instead = expected_in_words(type_), _requoted(node, shown, type_)
    mismatch = values.ValueMismatch(span=node.span, attribute=name, expected=expected, value=shown, instead=instead)
    context.report(mismatch)


def _requoted(node: Written, shown: str, type_: core.Type) -> str | None:
    """What is written with double quotes, or without them, where it then has the right type."""
    bare = shown.strip('"')
    match type_, node:
        case core.TextType(), syntax.Reference() | syntax.Number():
            return f'"{shown}"'
        case core.BooleanType(), syntax.Text() if bare in ("yes", "no"):
            return bare
        case core.NumberType(), syntax.Text() if _PLAIN_NUMBER.fullmatch(bare):
            return bare
        case _:
            return None
