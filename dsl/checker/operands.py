"""Values that are no conditions: what an event says, what is written out, and what is computed of either."""

from dataclasses import dataclass
from fractions import Fraction

from dsl import core, syntax
from dsl.checker import intervals
from dsl.checker.context import Context
from dsl.checker.literals import (
    LONGEST_LIST,
    LONGEST_TEXT,
    Written,
    constant_for,
    day_of,
    fits_text,
    instant_of,
    text_list,
    ungrouped,
)
from dsl.checker.references import as_read, read, resolve
from dsl.checker.scope import Scope
from dsl.checker.words import type_in_words
from dsl.diagnostics import calculations, expressions
from dsl.diagnostics.values import TooManyPlaces
from dsl.source import Span

CONDITIONS = (
    syntax.And,
    syntax.Or,
    syntax.Not,
    syntax.Compare,
    syntax.Quantity,
    syntax.Between,
    syntax.OneOf,
    syntax.Given,
    syntax.TextTest,
)
MOST_PLACES = 18
"""Digits after the point of a number that is written out or rounded."""
MOST_PERCENT_PLACES = 10
LONGEST_BUILT_IN = 256
"""Characters of the text of a built-in."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A checked value; `pending` is the place of a division in it that waits to be rounded."""

    value: core.Expression
    pending: Span | None = None

    @property
    def type(self) -> core.Type:
        """The value's type."""
        return self.value.type


@dataclass(frozen=True, slots=True)
class Numeric(Operand):
    """A checked number."""

    @property
    def number(self) -> core.NumberType:
        """The number's type."""
        assert isinstance(self.value.type, core.NumberType)
        return self.value.type


def check_operand(node: syntax.Expression, scope: Scope, context: Context) -> Operand | None:
    """The checked value of any kind; None, with everything reported, where it is none."""
    match node:
        case syntax.Group(inner=inner):
            return check_operand(inner, scope, context)
        case syntax.Reference(path=path):
            found = resolve(path, scope, context)
            value = None if found is None else read(found, path, scope, context)
            return None if value is None else Operand(value)
        case syntax.OrElse():
            return _or_else(node, scope, context)
        case syntax.Function():
            return _function(node, scope, context)
        case (
            syntax.Arithmetic()
            | syntax.Negate()
            | syntax.Rounded()
            | syntax.Extreme()
            | syntax.PercentOf()
            | syntax.Elapsed()
        ):
            return _calculation(node, scope, context)
        case syntax.Clock() | syntax.TimeOfDay():
            context.report(expressions.MisplacedClock(span=node.span, text=context.source.slice(node.span)))
            return None
        case _:
            constant = _literal(node, context)
            return None if constant is None else Operand(constant)


def _literal(node: syntax.Expression, context: Context) -> core.Constant | None:
    match node:
        case syntax.Number():
            return number_constant(node, context)
        case syntax.Text(value=text):
            return core.Constant(text, core.TextType()) if fits_text(node, text, context) else None
        case syntax.Boolean(value=answer):
            return core.Constant(answer, core.BooleanType())
        case syntax.Empty():
            return core.Constant((), core.ListType())
        case syntax.TextList():
            members = text_list(node, context)
            return None if members is None else core.Constant(members, core.ListType())
        case syntax.Date():
            day = day_of(node, context)
            return None if day is None else core.Constant(day, core.DateType())
        case syntax.Timestamp():
            instant = instant_of(node, context)
            return None if instant is None else core.Constant(instant, core.TimestampType())
        case _:
            report_kind(node, "yes or no", "a value", context)
            return None


def number_constant(node: syntax.Number, context: Context) -> core.Constant | None:
    """A number that is written out; None, reported, where it is too long."""
    digits, places = max(1, node.value.adjusted() + 1), intervals.places_of(node.value)
    if digits + places > intervals.MOST_DIGITS and places <= MOST_PLACES:
        _report_long(node.span, node.text, digits, places, context)
        return None
    if places > MOST_PLACES:
        context.report(TooManyPlaces(span=node.span, value=node.text, most=MOST_PLACES))
        return None
    type_ = intervals.constant(node.value)
    return core.Constant(int(type_.low * type_.scale), type_)


def _report_long(span: Span, text: str, digits: int, places: int, context: Context) -> None:
    most = intervals.MOST_DIGITS
    context.report(calculations.NumberTooLarge(span=span, text=text, digits=digits, places=places, most=most))


def _or_else(node: syntax.OrElse, scope: Scope, context: Context) -> Operand | None:
    operand = ungrouped(node.operand)
    if not isinstance(operand, syntax.Reference):
        text = context.source.slice(operand.span)
        context.report(expressions.NotAnAttribute(span=operand.span, words="or else", text=text))
        return None
    found = resolve(operand.path, scope, context)
    if found is None:
        return None
    default = constant_for(node.default, found.name, found.type, context, bounded=False)
    if default is None:
        return None
    if not found.optional:
        context.report(expressions.UnusedOrElse(span=node.span, name=found.name))
        return Operand(as_read(found))
    type_ = found.type
    if isinstance(type_, core.NumberType) and isinstance(default.type, core.NumberType):
        type_ = intervals.united(type_, default.type)
    return Operand(core.OrElse(as_read(found), default, type_))


def _function(node: syntax.Function, scope: Scope, context: Context) -> Operand | None:
    if node.function not in ("count", "length"):
        operand = moment(node.operand, scope, context)
        if operand is None:
            return None
        match node.function:
            case "hour":
                return Numeric(core.HourOf(operand, intervals.whole(0, 23)))
            case "date":
                return Operand(core.DateOf(operand, core.DateType()))
            case _:
                return Operand(core.WeekdayOf(operand, core.WeekdayType()))
    checked = check_operand(node.operand, scope, context)
    if checked is None:
        return None
    value = checked.value
    if node.function == "count":
        if isinstance(value.type, core.ListType):
            return Numeric(core.Count(value, _size(value, LONGEST_LIST)))
        report_kind(node.operand, type_in_words(value.type), "a list", context)
        return None
    if isinstance(value.type, core.TextType):
        longest = LONGEST_BUILT_IN if isinstance(value, core.Read) and value.builtin else LONGEST_TEXT
        return Numeric(core.Length(value, _size(value, longest)))
    count = f"count of {context.source.slice(node.operand.span)}" if isinstance(value.type, core.ListType) else None
    report_kind(node.operand, type_in_words(value.type), "text", context, count)
    return None


def _size(value: core.Expression, longest: int) -> core.NumberType:
    if isinstance(value, core.Constant) and isinstance(value.value, str | tuple):
        return intervals.whole(len(value.value), len(value.value))
    return intervals.whole(0, longest)


def moment(node: syntax.Expression, scope: Scope, context: Context) -> core.Expression | None:
    """A point in time; a date that is written out is its midnight. None, reported, where it is none."""
    inner = ungrouped(node)
    if isinstance(inner, syntax.Date):
        instant = instant_of(inner, context)
        return None if instant is None else core.Constant(instant, core.TimestampType())
    checked = check_operand(node, scope, context)
    if checked is None or isinstance(checked.type, core.TimestampType):
        return None if checked is None else checked.value
    report_kind(node, type_in_words(checked.type), "a time", context)
    return None


def numeric(node: syntax.Expression, scope: Scope, context: Context) -> Numeric | None:
    """A number, divisions in it rounded or not; None, reported, where it is none."""
    if isinstance(ungrouped(node), CONDITIONS):
        report_kind(node, "yes or no", "a number", context)
        return None
    checked = check_operand(node, scope, context)
    if checked is None:
        return None
    if isinstance(checked.type, core.NumberType):
        return Numeric(checked.value, checked.pending)
    text, suggestion = context.source.slice(node.span), None
    if isinstance(checked.type, core.ListType):
        suggestion = f"count of {text}"
    elif isinstance(checked.type, core.TextType) and isinstance(checked.value, core.Read):
        suggestion = f"length of {text}"
    report_kind(node, type_in_words(checked.type), "a number", context, suggestion)
    return None


def report_kind(
    node: Written | syntax.Path, kind: str, needed: str, context: Context, suggestion: str | None = None
) -> None:
    """Report a value of another kind than is needed."""
    wrong = {"text": context.source.slice(node.span), "kind": kind, "needed": needed}
    context.report(expressions.WrongKind(span=node.span, suggestion=suggestion, **wrong))


def _calculation(
    node: syntax.Arithmetic | syntax.Negate | syntax.Rounded | syntax.Extreme | syntax.PercentOf | syntax.Elapsed,
    scope: Scope,
    context: Context,
) -> Numeric | None:
    match node:
        case syntax.Arithmetic(operator="/"):
            result = _divide(node, scope, context)
        case syntax.Arithmetic() | syntax.Extreme():
            result = _of_two(node, scope, context)
        case syntax.Negate():
            result = _negated(node, scope, context)
        case syntax.Rounded():
            result = _rounded(node, scope, context)
        case syntax.PercentOf():
            result = _percent_of(node, scope, context)
        case _:
            result = _elapsed(node, scope, context)
    return result if result is not None and fits(node.span, result.number, (result.value,), context) else None


def _negated(node: syntax.Negate, scope: Scope, context: Context) -> Numeric | None:
    operand = numeric(node.operand, scope, context)
    if operand is None:
        return None
    return Numeric(core.Negate(operand.value, intervals.negated(operand.number)), operand.pending)


def _of_two(node: syntax.Arithmetic | syntax.Extreme, scope: Scope, context: Context) -> Numeric | None:
    left, right = numeric(node.left, scope, context), numeric(node.right, scope, context)
    if left is None or right is None:
        return None
    pending = left.pending or right.pending
    if isinstance(node, syntax.Extreme):
        type_ = intervals.extreme(node.which, left.number, right.number)
        return Numeric(core.Extreme(node.which, left.value, right.value, type_), pending)
    assert node.operator != "/"
    type_ = intervals.arithmetic(node.operator, left.number, right.number)
    return Numeric(core.Arithmetic(node.operator, left.value, right.value, type_), pending)


def _divide(node: syntax.Arithmetic, scope: Scope, context: Context) -> Numeric | None:
    operand, by = numeric(node.left, scope, context), ungrouped(node.right)
    if not isinstance(by, syntax.Number):
        text = context.source.slice(node.right.span)
        context.report(calculations.DivisionByExpression(span=node.right.span, text=text))
        return None
    if by.value == 0:
        text = context.source.slice(node.span)
        context.report(calculations.DivisionByZero(span=node.right.span, text=text))
        return None
    if number_constant(by, context) is None or operand is None:
        return None
    type_ = intervals.divided(operand.number, by.value)
    return Numeric(core.Divide(operand.value, by.value, type_), node.span)


def _rounded(node: syntax.Rounded, scope: Scope, context: Context) -> Numeric | None:
    operand, places = numeric(node.operand, scope, context), 0
    if node.places is not None:
        wanted = node.places.value
        if not 0 <= wanted <= MOST_PLACES or intervals.places_of(wanted) > 0:
            wrong = calculations.RoundingPlaces(span=node.places.span, value=node.places.text, most=MOST_PLACES)
            context.report(wrong)
            return None
        places = int(wanted)
    if operand is None:
        return None
    type_ = intervals.rounded(operand.number, node.mode, places)
    return Numeric(core.Rounded(operand.value, node.mode, places, type_))


def _percent_of(node: syntax.PercentOf, scope: Scope, context: Context) -> Numeric | None:
    operand = numeric(node.operand, scope, context)
    percent = node.percent
    if intervals.places_of(percent.value) > MOST_PERCENT_PLACES:
        context.report(TooManyPlaces(span=percent.span, value=percent.text, most=MOST_PERCENT_PLACES))
        return None
    if percent.value.adjusted() >= intervals.MOST_DIGITS:
        _report_long(percent.span, percent.text, percent.value.adjusted() + 1, 0, context)
        return None
    if operand is None:
        return None
    type_ = intervals.percent_of(percent.value, operand.number)
    return Numeric(core.PercentOf(percent.value, operand.value, type_), operand.pending)


def _elapsed(node: syntax.Elapsed, scope: Scope, context: Context) -> Numeric | None:
    start, end = moment(node.start, scope, context), moment(node.end, scope, context)
    if start is None or end is None:
        return None
    pending = None if node.unit == "seconds" else node.span
    return Numeric(core.Elapsed(node.unit, start, end, intervals.elapsed(node.unit)), pending)


def fits(span: Span, type_: core.NumberType, made_of: tuple[core.Expression, ...], context: Context) -> bool:
    """Whether a number, in any event, stays within 38 digits; reported, with the widest of its attributes, if not."""
    if intervals.fits(type_):
        return True
    largest = max(abs(type_.low), abs(type_.high), Fraction(1))
    widest = _widest(made_of)
    context.report(
        calculations.NumberTooLarge(
            span=span,
            text=context.source.slice(span),
            digits=len(str(int(largest))),
            places=len(str(type_.scale - 1)),
            most=intervals.MOST_DIGITS,
            attribute=None if widest is None else widest.name,
            declaration=None if widest is None else _narrower(widest),
        )
    )
    return False


def _narrower(read_: core.Read) -> str:
    assert isinstance(read_.type, core.NumberType)
    return f"{read_.name} {'decimal' if read_.type.places else 'integer'} from 0 to 1_000_000"


def _widest(expressions_: tuple[core.Expression, ...]) -> core.Read | None:
    """The number attribute of the widest interval that the expressions read."""
    found: core.Read | None = None
    width = Fraction(0)
    waiting = list(expressions_)
    while waiting:
        node = waiting.pop()
        match node:
            case core.Read(type=core.NumberType(low=low, high=high)):
                if high - low > width:
                    found, width = node, high - low
            case core.Arithmetic() | core.Extreme():
                waiting += (node.left, node.right)
            case core.OrElse() | core.Divide() | core.Negate() | core.Rounded() | core.PercentOf():
                waiting.append(node.operand)
    return found


def settled(operand: Operand, context: Context) -> bool:
    """Whether no division in it waits to be rounded; reported where one does."""
    if operand.pending is None:
        return True
    text = context.source.slice(operand.pending)
    context.report(calculations.DivisionNotRounded(span=operand.pending, text=text))
    return False
