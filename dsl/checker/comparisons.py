"""Comparisons of checked values: whether they can be made, and whether they are decided before any event comes."""

import math
from collections.abc import Sequence
from fractions import Fraction

from dsl import core, syntax
from dsl.checker import intervals
from dsl.checker.context import Context
from dsl.checker.literals import WEEKDAYS
from dsl.checker.operands import Operand, fits, settled
from dsl.checker.words import interval_in_words, type_in_words
from dsl.diagnostics import conditions as mistakes
from dsl.diagnostics import quoted
from dsl.source import Span

ORDERED = (core.NumberType, core.TimestampType, core.DateType, core.WeekdayType)
_MIRRORED: dict[core.Comparator, core.Comparator] = {
    "=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip


def compare(node: syntax.Compare, left: Operand, right: Operand, context: Context) -> core.Expression | None:
    """The comparison of two checked sides; None, reported, where it can't be made."""
    left, right = as_days(left, right, context)
    if not comparable(node.left.span, left, node.right.span, right, context):
        return None
    if node.operator not in ("=", "!=") and not ordered(node.left.span, left, node.spelling, context):
        return None
    warn_if_decided(node.operator, node.left.span, left.value, node.right.span, right.value, node.span, context)
    return core.Compare(node.operator, left.value, right.value, node.spelling)


def between(
    node: syntax.Between, operand: Operand, low: Operand, high: Operand, context: Context
) -> core.Expression | None:
    """`operand` from `low` to `high`, both included; None, reported, where they can't be compared."""
    below, low = as_days(operand, low, context)
    above, high = as_days(operand, high, context)
    spans = (node.operand.span, node.low.span, node.high.span)
    fine = comparable(spans[0], below, spans[1], low, context)
    fine = fine and comparable(spans[0], above, spans[2], high, context)
    if not fine or not ordered(spans[0], below, "between", context):
        return None
    if type(low.type) is type(high.type) and decided(">", low.value, high.value) is True:
        _report_reversed(node, low.value, high.value, context)
        return None
    verdicts = (decided(">=", below.value, low.value), decided("<=", above.value, high.value))
    if False in verdicts:
        value, bound = (below, low) if verdicts[0] is False else (above, high)
        _report(False, node.span, reason(value.value, bound.value, spans[0], spans[1], context), context)
    elif verdicts == (True, True):
        _report(True, node.span, reason(below.value, low.value, spans[0], spans[1], context), context)
    if type(below.type) is type(above.type):
        return core.Between(below.value, low.value, high.value)
    first = core.Compare(">=", below.value, low.value, "≥")
    return core.AllOf((first, core.Compare("<=", above.value, high.value, "≤")))


def _report_reversed(node: syntax.Between, low: core.Expression, high: core.Expression, context: Context) -> None:
    shown = {"low": context.source.slice(node.low.span), "high": context.source.slice(node.high.span)}
    suggestion, week = f"between {shown['high']} and {shown['low']}", isinstance(low.type, core.WeekdayType)
    first, last = (end.value if isinstance(end, core.Constant) else None for end in (low, high))
    if week and isinstance(first, int) and isinstance(last, int):
        days = (*WEEKDAYS[first:], *WEEKDAYS[: last + 1])
        suggestion = f"is one of ({', '.join(days)})"
    span = node.low.span.to(node.high.span)
    context.report(mistakes.BetweenReversed(span=span, suggestion=suggestion, week=week, **shown))


def one_of(
    node: syntax.OneOf, operand: Operand, values: Sequence[Operand | None], context: Context
) -> core.Expression | None:
    """`operand` equal to one of the values, None where one is wrong; None, reported, where they can't be compared."""
    constants: list[core.Constant] = []
    seen: set[object] = set()
    fine = True
    for written, value in zip(node.values, values, strict=True):
        if value is None:
            fine = False
            continue
        as_compared, value = as_days(operand, value, context)
        if not constants:
            operand = as_compared
        constant = _listed(node, written, operand, value, context)
        if constant is None:
            fine = False
        elif exact(constant) in seen:
            context.report(mistakes.RepeatedValue(span=written.span, value=context.source.slice(written.span)))
        else:
            seen.add(exact(constant))
            constants.append(constant)
    if not fine or not constants:
        return None
    _warn_if_all(node, operand.type, len(constants), context)
    return core.OneOf(operand.value, tuple(constants), node.negated)


def _listed(
    node: syntax.OneOf, written: syntax.Expression, operand: Operand, value: Operand, context: Context
) -> core.Constant | None:
    """One of the values in a list, which the operand might be; None, reported, where it can't stand there."""
    if not comparable(node.operand.span, operand, written.span, value, context, listed=True):
        return None
    text = context.source.slice(written.span)
    if not isinstance(value.value, core.Constant):
        context.report(
            mistakes.NotWrittenOut(span=written.span, operand=context.source.slice(node.operand.span), text=text)
        )
        return None
    if decided("=", operand.value, value.value) is False:
        why = reason(operand.value, value.value, node.operand.span, written.span, context)
        text = f"{context.source.slice(node.operand.span)} is {text}"
        context.report(mistakes.NeverTrue(span=written.span, text=text, why=why))
    return value.value


def _warn_if_all(node: syntax.OneOf, type_: core.Type, number: int, context: Context) -> None:
    """Warn where the values are all that there are."""
    match type_:
        case core.BooleanType():
            all_values = 2
        case core.WordType(words):
            all_values = len(words)
        case core.WeekdayType():
            all_values = 7
        case _:
            return
    if number == all_values:
        why = f"these are all values that `{context.source.slice(node.operand.span)}` has"
        _report(not node.negated, node.span, why, context)


def as_days(left: Operand, right: Operand, context: Context) -> tuple[Operand, Operand]:
    """Both sides, where one is a date and the other a time: as calendar days."""
    if isinstance(left.type, core.DateType) and isinstance(right.type, core.TimestampType):
        return left, _day(right, context)
    if isinstance(left.type, core.TimestampType) and isinstance(right.type, core.DateType):
        return _day(left, context), right
    return left, right


def _day(operand: Operand, context: Context) -> Operand:
    value = operand.value
    if isinstance(value, core.Constant) and isinstance(value.value, int):
        return Operand(core.Constant(context.zone.day(value.value), core.DateType()))
    return Operand(core.DateOf(value, core.DateType()))


def comparable(
    left_span: Span, left: Operand, right_span: Span, right: Operand, context: Context, listed: bool = False
) -> bool:
    """Whether two values are of one kind and, as numbers, short enough together; reported where they are not.

    `listed`: the right one stands in a list, and a mistake is shown there.
    """
    a, b = left.type, right.type
    if isinstance(a, core.NumberType) and isinstance(b, core.NumberType):
        both = settled(left, context) & settled(right, context)
        span = left_span.to(right_span)
        return both and fits(span, intervals.united(a, b), (left.value, right.value), context)
    same = a == b
    if not same and isinstance(a, core.WordType) and isinstance(b, core.WordType):
        same = set(a.words) == set(b.words)
    if not same:
        span = right_span if listed else left_span.to(right_span)
        _report_kinds(span, left_span, left, right_span, right, context)
    return same


def _report_kinds(
    span: Span, left_span: Span, left: Operand, right_span: Span, right: Operand, context: Context
) -> None:
    texts = {"left": context.source.slice(left_span), "right": context.source.slice(right_span)}
    suggestion: str | None = None
    match left.type, right.value:
        case core.ListType(), core.Constant(type=core.TextType()):
            suggestion = f"write `{texts['left']} contains {texts['right']}`"
        case core.TextType(), core.Constant(value=(), type=core.ListType()):
            suggestion = f'write `""` for an empty text, as in `{texts["left"]} is ""`'
        case core.TextType(), core.Constant(type=core.NumberType()):
            suggestion = f'write it in quotes, `"{texts["right"]}"`, if it is text'
        case _, core.Constant(value=str(text), type=core.TextType()) if not isinstance(left.type, core.WordType):
            suggestion = f"leave the quotes out: `{text}`" if _reads_as(text, left.type) else None
    kinds = {"left_kind": type_in_words(left.type), "right_kind": type_in_words(right.type)}
    context.report(mistakes.DifferentKinds(span=span, suggestion=suggestion, **texts, **kinds))


def _reads_as(text: str, type_: core.Type) -> bool:
    """Whether a text would be a value of the type without its quotes."""
    digits = text.replace("-", "").replace(".", "").replace("_", "")
    match type_:
        case core.BooleanType():
            return text in ("yes", "no")
        case core.NumberType():
            return digits.isascii() and digits.isdigit()
        case core.TimestampType() | core.DateType():
            return text[:4].isdigit() and text[4:5] == "-"
        case _:
            return False


def ordered(span: Span, operand: Operand, words: str, context: Context) -> bool:
    """Whether values of its type have an order; reported where they have none."""
    if isinstance(operand.type, ORDERED):
        return True
    text, kind = context.source.slice(span), type_in_words(operand.type)
    context.report(mistakes.NotOrdered(span=span, words=words, text=text, kind=kind))
    return False


# ── comparisons that are decided before any event comes ─────────────────────


def warn_if_decided(
    operator: core.Comparator,
    left_span: Span,
    left: core.Expression,
    right_span: Span,
    right: core.Expression,
    span: Span,
    context: Context,
) -> None:
    """Warn where every event, or none, satisfies the comparison at `span`."""
    verdict = decided(operator, left, right)
    if verdict is not None:
        _report(verdict, span, reason(left, right, left_span, right_span, context), context)


def decided(operator: core.Comparator, left: core.Expression, right: core.Expression) -> bool | None:
    """What a comparison comes to for every event, or None where that depends on the event."""
    low, high = _ends(left)
    other_low, other_high = _ends(right)
    if left == right:
        return operator in ("=", "<=", ">=")
    if low is None or high is None or other_low is None or other_high is None:
        if isinstance(left, core.Constant) and isinstance(right, core.Constant):
            return (left.value == right.value) is (operator == "=")
        return None
    match operator:
        case "<":
            return True if high < other_low else False if low >= other_high else None
        case "<=":
            return True if high <= other_low else False if low > other_high else None
        case ">" | ">=":
            return decided(_MIRRORED[operator], right, left)
        case "=":
            return _equal(left, right, (low, high), (other_low, other_high))
        case "!=":
            verdict = _equal(left, right, (low, high), (other_low, other_high))
            return None if verdict is None else not verdict


def _equal(
    left: core.Expression,
    right: core.Expression,
    ends: tuple[Fraction, Fraction],
    other: tuple[Fraction, Fraction],
) -> bool | None:
    if ends[0] == ends[1] == other[0] == other[1]:
        return True
    if ends[1] < other[0] or other[1] < ends[0] or not (_possible(left, other) and _possible(right, ends)):
        return False
    return None


def _possible(node: core.Expression, ends: tuple[Fraction, Fraction]) -> bool:
    """Whether a value of so many places may lie between two ends."""
    if not isinstance(node.type, core.NumberType):
        return True
    if ends[0].denominator == 1:
        return True
    scale = node.type.scale
    return math.ceil(ends[0] * scale) <= math.floor(ends[1] * scale)


def _ends(node: core.Expression) -> tuple[Fraction | None, Fraction | None]:
    """The lowest and highest value of what is ordered, None where nothing is known of them."""
    if isinstance(node.type, core.NumberType):
        return node.type.low, node.type.high
    if isinstance(node.type, ORDERED) and isinstance(node, core.Constant) and isinstance(node.value, int):
        return Fraction(node.value), Fraction(node.value)
    if isinstance(node.type, core.WeekdayType):
        return Fraction(0), Fraction(6)
    return None, None


def exact(constant: core.Constant) -> object:
    """A constant's value, a number's as a fraction, so that equal ones are equal."""
    return constant.type.low if isinstance(constant.type, core.NumberType) else constant.value


def reason(left: core.Expression, right: core.Expression, left_span: Span, right_span: Span, context: Context) -> str:
    """A clause that says why the comparison of two sides is decided."""
    if left == right:
        return "both sides are the same"
    if isinstance(left, core.Constant) and isinstance(right, core.Constant):
        return "both sides are written out"
    side, other, span = (right, left, right_span) if isinstance(left, core.Constant) else (left, right, left_span)
    if not isinstance(side.type, core.NumberType) or not isinstance(other.type, core.NumberType):
        return "a week has no other days"
    named = quoted(_name(side) or context.source.slice(span))
    inside = side.type.low <= other.type.low <= side.type.high and side.type.low != side.type.high
    if inside and not _possible(side, (other.type.low, other.type.high)):
        places = side.type.places
        return f"{named} is a whole number" if places == 0 else f"{named} has {places} digits after the point"
    return f"{named} {interval_in_words(side.type)}"


def _name(side: core.Expression) -> str | None:
    """How a value is written that a quantity phrase names by its singular."""
    match side:
        case core.Read(name=name):
            return name
        case core.Count(operand=core.Read(name=name)):
            return f"count of {name}"
        case _:
            return None


def _report(verdict: bool, span: Span, why: str, context: Context) -> None:
    kind = mistakes.AlwaysTrue if verdict else mistakes.NeverTrue
    context.report(kind(span=span, text=context.source.slice(span), why=why))
