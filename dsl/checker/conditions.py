"""Conditions: whether something holds of an event, and which attributes are there if it does, and if it does not."""

from collections.abc import Container
from dataclasses import dataclass, replace
from functools import reduce

from dsl import core, syntax
from dsl.checker import amounts, comparisons, intervals
from dsl.checker.context import Context
from dsl.checker.literals import LONGEST_LIST, WEEKDAYS, ungrouped, word_of
from dsl.checker.operands import CONDITIONS, Operand, check_operand, number_constant, report_kind
from dsl.checker.references import as_read, read, resolve
from dsl.checker.scope import Scope
from dsl.checker.words import sample, type_in_words
from dsl.diagnostics import conditions as mistakes
from dsl.diagnostics import expressions
from dsl.diagnostics.values import UnknownWord
from dsl.nouns import plurals

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Presence:
    """The paths of optional attributes known to be present if a condition holds, and if it does not."""

    if_true: frozenset[str] = _NOTHING
    if_false: frozenset[str] = _NOTHING


Checked = tuple[core.Expression, Presence]


def check_condition(node: syntax.Expression, scope: Scope, context: Context) -> tuple[core.Expression, Presence] | None:
    """The checked condition and what it proves; None, with everything reported, where it is none."""
    match node:
        case syntax.Group(inner=inner):
            return check_condition(inner, scope, context)
        case syntax.And() | syntax.Or():
            return _joined(node, scope, context)
        case syntax.Not(operand=operand):
            checked = check_condition(operand, scope, context)
            if checked is None:
                return None
            condition, presence = checked
            return core.Not(condition), Presence(presence.if_false, presence.if_true)
        case syntax.Given():
            return _given(node, scope, context)
    without = _without_presence(node, scope, context)
    return None if without is None else (without, Presence())


def _joined(node: syntax.And | syntax.Or, scope: Scope, context: Context) -> Checked | None:
    """`and` and `or`: each part knows that those before it held, or did not hold."""
    every = isinstance(node, syntax.And)
    parts: list[core.Expression] = []
    before: frozenset[str] = _NOTHING
    ends: list[frozenset[str]] = []
    fine = True
    for part in node.parts:
        said = len(context.diagnostics)
        checked = check_condition(part, scope.knowing(before), context)
        if checked is None:
            fine = False
            before |= _would_prove(part, every)
            missing = [d.name for d in context.diagnostics[said:] if isinstance(d, expressions.MaybeMissing)]
            scope = scope.forgiving(missing) if missing else scope
            continue
        condition, presence = checked
        parts.append(condition)
        goes_on, ends_here = presence.if_true, presence.if_false
        if not every:
            goes_on, ends_here = ends_here, goes_on
        ends.append(before | ends_here)
        before |= goes_on
    if not fine:
        return None
    ended = reduce(frozenset.intersection, ends)
    presence = Presence(before, ended) if every else Presence(ended, before)
    return (core.AllOf if every else core.AnyOf)(tuple(parts)), presence


def _would_prove(node: syntax.Expression, holds: bool) -> frozenset[str]:
    """What a condition that is wrong elsewhere was written to prove, so that it causes no second error."""
    match ungrouped(node):
        case syntax.Given(operand=operand, given=given) if given is holds:
            inner = ungrouped(operand)
            return frozenset((inner.path.text,)) if isinstance(inner, syntax.Reference) else _NOTHING
        case syntax.Not(operand=operand):
            return _would_prove(operand, not holds)
        case syntax.And(parts=parts) if holds:
            return _NOTHING.union(*(_would_prove(part, True) for part in parts))
        case syntax.Or(parts=parts) if not holds:
            return _NOTHING.union(*(_would_prove(part, False) for part in parts))
        case _:
            return _NOTHING


def _given(node: syntax.Given, scope: Scope, context: Context) -> Checked | None:
    operand = ungrouped(node.operand)
    if not isinstance(operand, syntax.Reference):
        text = context.source.slice(operand.span)
        context.report(expressions.NotAnAttribute(span=operand.span, words=node.spelling, text=text))
        return None
    found = resolve(operand.path, scope, context)
    if found is None:
        return None
    name = found.name
    if not found.optional:
        context.report(expressions.NeverMissing(span=node.span, name=name, builtin=found.builtin))
        return None
    if name in scope.present:
        kind = mistakes.AlwaysTrue if node.given else mistakes.NeverTrue
        why = f"`{name}` is known to be there already"
        context.report(kind(span=node.span, text=context.source.slice(node.span), why=why))
    proven = frozenset((name,))
    presence = Presence(if_true=proven) if node.given else Presence(if_false=proven)
    return core.IsGiven(as_read(found), node.given), presence


def _without_presence(node: syntax.Expression, scope: Scope, context: Context) -> core.Expression | None:
    match node:
        case syntax.Compare():
            return _compare(node, scope, context)
        case syntax.Quantity():
            return _quantity(node, scope, context)
        case syntax.Between():
            return _between(node, scope, context)
        case syntax.OneOf():
            return _one_of(node, scope, context)
        case syntax.TextTest():
            return _text_test(node, scope, context)
    checked = check_operand(node, scope, context)
    if checked is None:
        return None
    if not isinstance(checked.type, core.BooleanType):
        text = context.source.slice(node.span)
        report_kind(node, type_in_words(checked.type), "a condition", context, _as_condition(text, checked))
        return None
    if isinstance(checked.value, core.Constant):
        kind = mistakes.AlwaysTrue if checked.value.value else mistakes.NeverTrue
        context.report(kind(span=node.span, text=context.source.slice(node.span), why="it is written out"))
    return checked.value


def _as_condition(text: str, operand: Operand) -> str | None:
    """A condition about a value that is none, for a help sentence to show."""
    if isinstance(operand.value, core.Constant):
        return None
    match operand.type:
        case core.NumberType():
            return f"{text} ≥ 1"
        case core.ListType():
            return f'{text} contains "…"'
        case core.TextType():
            return f'{text} is "…"'
        case core.WordType() | core.WeekdayType():
            return f"{text} is {sample(operand.type)}"
        case _:
            return f"{text} ≥ {sample(operand.type)}"


def _side(node: syntax.Expression, scope: Scope, context: Context) -> Operand | None:
    """A side of a comparison, which may be a condition itself."""
    inner = ungrouped(node)
    if not isinstance(inner, CONDITIONS):
        return check_operand(node, scope, context)
    checked = check_condition(inner, scope, context)
    return None if checked is None else Operand(checked[0])


def _beside(
    node: syntax.Expression,
    other: syntax.Expression,
    type_: core.Type,
    scope: Scope,
    context: Context,
    among: Container[str] | None = None,
) -> Operand | None:
    """A side of a comparison whose other side's type is known: a bare word beside a list of words is one of them.

    `among` are the type's words in a form that is quick to look into, for whoever asks about many.
    """
    inner = ungrouped(node)
    word = word_of(inner)
    if isinstance(type_, core.WordType) and word is not None:
        return _word(inner, other, word, type_.words, core.Constant(word, type_), context, among)
    if not isinstance(inner, syntax.Reference):
        return _side(node, scope, context)
    name = inner.path.text
    if isinstance(type_, core.WeekdayType):
        index = WEEKDAYS.index(name) if name in WEEKDAYS else 0
        return _word(inner, other, name, WEEKDAYS, core.Constant(index, type_), context)
    suggestion = f'write it in quotes, `"{name}"`, if it is text' if isinstance(type_, core.TextType) else None
    found = resolve(inner.path, scope, context, suggestion)
    value = None if found is None else read(found, inner.path, scope, context)
    return None if value is None else Operand(value)


def _word(
    node: syntax.Node,
    other: syntax.Expression,
    word: str,
    words: tuple[str, ...],
    constant: core.Constant,
    context: Context,
    among: Container[str] | None = None,
) -> Operand | None:
    if word in (words if among is None else among):
        return Operand(constant)
    attribute = context.source.slice(other.span)
    context.report(UnknownWord(span=node.span, attribute=attribute, word=word, words=words))
    return None


def _compare(node: syntax.Compare, scope: Scope, context: Context) -> core.Expression | None:
    if isinstance(ungrouped(node.left), syntax.Text):
        right = _side(node.right, scope, context)
        left = None if right is None else _beside(node.left, node.right, right.type, scope, context)
    else:
        left = _side(node.left, scope, context)
        if left is None:
            _check_rest(node.right, scope, context)
            return None
        right = _beside(node.right, node.left, left.type, scope, context)
    if left is None or right is None:
        return None
    if isinstance(left.type, core.NumberType) and left.type.places == 0:
        amounts.warn_of_thousands(node.right, context)
    return comparisons.compare(node, left, right, context)


def _check_rest(node: syntax.Expression, scope: Scope, context: Context) -> None:
    """Report what is wrong beside a side that is wrong itself, unless it may be right beside what was meant there."""
    inner = ungrouped(node)
    doubtful = isinstance(inner, syntax.Clock) or (
        isinstance(inner, syntax.Reference) and inner.path.text not in scope.readable
    )
    if not doubtful:
        _side(node, scope, context)


def _between(node: syntax.Between, scope: Scope, context: Context) -> core.Expression | None:
    if isinstance(ungrouped(node.operand), syntax.TimeOfDay):
        return _hours(node, context)
    operand = _side(node.operand, scope, context)
    if operand is None:
        return None
    low = _beside(node.low, node.operand, operand.type, scope, context)
    high = _beside(node.high, node.operand, operand.type, scope, context)
    return None if low is None or high is None else comparisons.between(node, operand, low, high, context)


def _hours(node: syntax.Between, context: Context) -> core.Expression | None:
    low, high = ungrouped(node.low), ungrouped(node.high)
    for end in (low, high):
        if not isinstance(end, syntax.Clock):
            report_kind(end, "no time of day", "one such as `22:30`", context)
    if not isinstance(low, syntax.Clock) or not isinstance(high, syntax.Clock):
        return None
    if low.minutes == high.minutes:
        context.report(mistakes.EmptyHours(span=low.span.to(high.span), time=context.source.slice(low.span)))
        return None
    return core.ClockBetween(low.minutes, high.minutes)


def _one_of(node: syntax.OneOf, scope: Scope, context: Context) -> core.Expression | None:
    operand = _side(node.operand, scope, context)
    if operand is None:
        return None
    among = frozenset(operand.type.words) if isinstance(operand.type, core.WordType) else None
    values = [_beside(value, node.operand, operand.type, scope, context, among) for value in node.values]
    return comparisons.one_of(node, operand, values, context)


def _text_test(node: syntax.TextTest, scope: Scope, context: Context) -> core.Expression | None:
    operand = check_operand(node.operand, scope, context)
    if operand is None:
        return None
    argument = _beside(node.argument, node.operand, core.TextType(), scope, context)
    allowed = (core.TextType, core.ListType) if node.test == "contains" else (core.TextType,)
    if not isinstance(operand.type, allowed):
        needed = "text or a list" if node.test == "contains" else "text"
        report_kind(node.operand, type_in_words(operand.type), needed, context)
        return None
    if argument is None:
        return None
    if not isinstance(argument.type, core.TextType):
        report_kind(node.argument, type_in_words(argument.type), "text", context)
        return None
    if isinstance(argument.value, core.Constant) and argument.value.value == "":
        context.report(mistakes.EmptyText(span=node.argument.span, test=node.test))
        return None
    if node.test == "contains":
        return core.Contains(operand.value, argument.value)
    return core.Affix(node.test, operand.value, argument.value)


def _quantity(node: syntax.Quantity, scope: Scope, context: Context) -> core.Expression | None:
    """A quantity phrase: the noun is an attribute's name or its singular, and a list means its count."""
    noun = node.noun.text
    number = number_constant(node.number, context)
    names = tuple(name for name in dict.fromkeys((noun, *plurals(noun))) if name in scope.readable)
    if len(names) > 1:
        context.report(mistakes.AmbiguousNoun(span=node.noun.span, noun=noun, names=names))
        return None
    path = replace(node.noun, text=names[0]) if names else node.noun
    found = resolve(path, scope, context)
    value: core.Expression | None = None if found is None else read(found, path, scope, context)
    if found is None or value is None or number is None:
        return None
    if not isinstance(found.type, core.NumberType) or found.type.places == 0:
        amounts.warn_of_thousands(node.number, context)
    if isinstance(found.type, core.ListType):
        value = core.Count(value, intervals.whole(0, LONGEST_LIST))
    elif not isinstance(found.type, core.NumberType):
        length = f"length of {found.name} {node.spelling} {node.number.text}"
        suggestion = length if isinstance(found.type, core.TextType) else None
        report_kind(path, type_in_words(found.type), "a number or a list", context, suggestion)
        return None
    comparisons.warn_if_decided(node.operator, node.noun.span, value, node.number.span, number, node.span, context)
    return core.Compare(node.operator, value, number, node.spelling)
