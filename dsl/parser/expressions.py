"""Builds conditions, arithmetic, values and names: a function for each rule of the grammar."""

import re
from decimal import Decimal
from typing import Any, cast

from dsl import syntax
from dsl.diagnostics.grammar import MOST_WORDS, ChainedComparison, MixedAndOr, TooManyWords
from dsl.diagnostics.lexical import LONGEST_NAME, NameTooLong
from dsl.parser.automaton import Action
from dsl.parser.builder import Builder
from dsl.parser.calendar import moment
from dsl.source import Span

LONGEST_READING = 100

_OPERATORS: dict[str, syntax.Comparator] = {
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "at least": ">=",
    "at most": "<=",
    "more than": ">",
    "less than": "<",
    "fewer than": "<",
    "exactly": "=",
}
_COMPARISONS = (syntax.Compare, syntax.Between, syntax.OneOf, syntax.Given, syntax.TextTest, syntax.Quantity)

# ── names and values ────────────────────────────────────────────────────────


def _name(b: Builder, span: Span, args: list[Any]) -> syntax.Name:
    return syntax.Name(span, args[0].text)


def _path(b: Builder, span: Span, args: list[Any]) -> syntax.Path:
    return syntax.Path(span, args[0].text)


def _number(b: Builder, span: Span, args: list[Any]) -> syntax.Number:
    text = args[0].text
    return syntax.Number(span, Decimal(text.replace("_", "")), text)


def _negative_number(b: Builder, span: Span, args: list[Any]) -> syntax.Number:
    text = args[0].text
    return syntax.Number(span, -Decimal(text.replace("_", "")), f"-{text}")


def _percent(b: Builder, span: Span, args: list[Any]) -> syntax.Percent:
    text = args[0].text
    return syntax.Percent(span, Decimal(text[:-1].replace("_", "")), text)


def _unquoted(text: str) -> str:
    """The value of a string as written."""
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if "\\" in text else text[1:-1]


def _text(b: Builder, span: Span, args: list[Any]) -> syntax.Text:
    return syntax.Text(span, _unquoted(args[0].text))


def _boolean(b: Builder, span: Span, args: list[Any]) -> syntax.Boolean:
    return syntax.Boolean(span, args[0].text == "yes")


def _date(b: Builder, span: Span, args: list[Any]) -> syntax.Date:
    return syntax.Date(span, cast(Any, moment("CALENDAR_DATE", args[0].text)))


def _timestamp(b: Builder, span: Span, args: list[Any]) -> syntax.Timestamp:
    text = args[0].text
    local, offset = cast(Any, moment("INSTANT", text))
    return syntax.Timestamp(span, local, offset, text)


def _clock(b: Builder, span: Span, args: list[Any]) -> syntax.Clock:
    return syntax.Clock(span, cast(Any, moment("CLOCK_TIME", args[0].text)))


def _text_list(b: Builder, span: Span, args: list[Any]) -> syntax.TextList:
    return syntax.TextList(span, limited(b, tuple(args)))


def limited(b: Builder, members: tuple[Any, ...]) -> tuple[Any, ...]:
    """At most 1,000 members of a list; the first beyond is reported."""
    if len(members) > MOST_WORDS:
        b.report(TooManyWords(span=members[MOST_WORDS].span))
    return members[:MOST_WORDS]


def _word(b: Builder, span: Span, args: list[Any]) -> syntax.Word:
    return syntax.Word(span, args[0].text, False)


def _quoted_word(b: Builder, span: Span, args: list[Any]) -> syntax.Word:
    value = _unquoted(args[0].text)
    if len(value) > LONGEST_NAME:
        b.report(NameTooLong(span=span, length=len(value)))
    return syntax.Word(span, value[:LONGEST_NAME], True)


# ── conditions ──────────────────────────────────────────────────────────────


def _and(b: Builder, span: Span, args: list[Any]) -> Any:
    return b.built(syntax.And(span, tuple(args)), *args)


def _or(b: Builder, span: Span, args: list[Any]) -> Any:
    mixed = next((i for i, part in enumerate(args) if isinstance(part, syntax.And)), None)
    if mixed is not None:
        b.report(MixedAndOr(span=span, readings=_readings(b, args, mixed)))
    return b.built(syntax.Or(span, tuple(args)), *args)


def _readings(b: Builder, parts: list[Any], mixed: int) -> tuple[str, str] | None:
    """The two ways to read `A and B or C` or `A or B and C`, each with its parentheses."""

    def shown(first: syntax.Node, last: syntax.Node) -> str:
        return " ".join(b.source.slice(first.span.to(last.span)).split())

    ands: tuple[Any, ...] = parts[mixed].parts
    before = parts[mixed - 1] if mixed else None
    after = None if before is not None else parts[1]
    if parts[mixed].span.end - parts[mixed].span.start > LONGEST_READING:
        return None
    if after is not None:
        one = f"({shown(ands[0], ands[-1])}) or {shown(after, after)}"
        two = f"{shown(ands[0], ands[-2])} and ({shown(ands[-1], after)})"
    else:
        one = f"{shown(cast(Any, before), cast(Any, before))} or ({shown(ands[0], ands[-1])})"
        two = f"({shown(cast(Any, before), ands[0])}) and {shown(ands[1], ands[-1])}"
    if len(one) > LONGEST_READING or "#" in one or any(isinstance(part, syntax.And) for part in parts[mixed + 1 :]):
        return None
    return one, two


def _not(b: Builder, span: Span, args: list[Any]) -> Any:
    return b.built(syntax.Not(span, args[0]), args[0])


def _once(b: Builder, node: Any, left: Any, *operands: Any) -> Any:
    """A comparison, whose left side must be none itself; where it is, that stays and this is dropped."""
    if isinstance(left, _COMPARISONS):
        middle = getattr(left, "right", None) or getattr(left, "high", None) or left
        span = Span(node.span.start, node.span.end)
        b.report(ChainedComparison(span=span, middle=b.source.slice(middle.span)))
        return left
    return b.built(node, left, *operands)


def _comparator(b: Builder, span: Span, args: list[Any]) -> tuple[syntax.Comparator, str]:
    spelling = " ".join(token.text for token in args)
    return _OPERATORS.get(spelling, cast(syntax.Comparator, spelling)), spelling


def _quantity(b: Builder, span: Span, args: list[Any]) -> syntax.Quantity:
    (operator, spelling), number, noun = args
    return syntax.Quantity(span, operator, number, noun, spelling)


def _compare(b: Builder, span: Span, args: list[Any]) -> Any:
    left, (operator, spelling), right = args
    return _once(b, syntax.Compare(span, operator, left, right, spelling), left, right)


def _is_equal(b: Builder, span: Span, args: list[Any]) -> Any:
    return _once(b, syntax.Compare(span, "=", args[0], args[1], "is"), *args)


def _is_not_equal(b: Builder, span: Span, args: list[Any]) -> Any:
    return _once(b, syntax.Compare(span, "!=", args[0], args[1], "is not"), *args)


def _between(with_is: bool) -> Action:
    def build(b: Builder, span: Span, args: list[Any]) -> Any:
        return _once(b, syntax.Between(span, args[0], args[1], args[2], with_is), *args)

    return build


def _one_of(negated: bool) -> Action:
    def build(b: Builder, span: Span, args: list[Any]) -> Any:
        values = limited(b, tuple(args[1:]))
        return _once(b, syntax.OneOf(span, args[0], values, negated), args[0])

    return build


def _given(given: bool, spelling: str) -> Action:
    def build(b: Builder, span: Span, args: list[Any]) -> Any:
        return _once(b, syntax.Given(span, args[0], given, spelling), args[0])

    return build


def _text_test(test: Any) -> Action:
    def build(b: Builder, span: Span, args: list[Any]) -> Any:
        return _once(b, syntax.TextTest(span, test, args[0], args[1]), *args)

    return build


# ── arithmetic ──────────────────────────────────────────────────────────────


def _arithmetic(b: Builder, span: Span, args: list[Any]) -> Any:
    left, sign, right = args
    return b.built(syntax.Arithmetic(span, sign.text, left, right), left, right)


def _negate(b: Builder, span: Span, args: list[Any]) -> Any:
    operand = args[0]
    if isinstance(operand, syntax.Number) and not operand.text.startswith("-"):
        return syntax.Number(span, -operand.value, f"-{operand.text}")
    return b.built(syntax.Negate(span, operand), operand)


def _rounded(mode: Any) -> Action:
    def build(b: Builder, span: Span, args: list[Any]) -> Any:
        return b.built(syntax.Rounded(span, args[0], mode, args[1] if len(args) > 1 else None), args[0])

    return build


def _reference(b: Builder, span: Span, args: list[Any]) -> syntax.Reference:
    return syntax.Reference(span, args[0])


def _group(b: Builder, span: Span, args: list[Any]) -> Any:
    return b.built(syntax.Group(span, args[0]), args[0])


def _or_else(b: Builder, span: Span, args: list[Any]) -> Any:
    operand, _, default = args
    return b.built(syntax.OrElse(span, operand, default), operand, default)


def _empty(b: Builder, span: Span, args: list[Any]) -> syntax.Empty:
    return syntax.Empty(span)


def _function(b: Builder, span: Span, args: list[Any]) -> Any:
    return b.built(syntax.Function(span, args[0].text, args[-1]), args[-1])


def _time_of_day(b: Builder, span: Span, args: list[Any]) -> syntax.TimeOfDay:
    return syntax.TimeOfDay(span)


def _extreme(b: Builder, span: Span, args: list[Any]) -> Any:
    which, _, _, left, _, right, _ = args
    return b.built(syntax.Extreme(span, which.text, left, right), left, right)


def _percent_of(b: Builder, span: Span, args: list[Any]) -> Any:
    return b.built(syntax.PercentOf(span, args[0], args[1]), args[1])


def _elapsed(b: Builder, span: Span, args: list[Any]) -> Any:
    unit, _, start, _, end = args
    return b.built(syntax.Elapsed(span, unit.text, start, end), start, end)


ACTIONS: dict[str, Action] = {
    "name": _name,
    "noun": _name,
    "path": _path,
    "number": _number,
    "negative_number": _negative_number,
    "percent": _percent,
    "text": _text,
    "label": _text,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "clock": _clock,
    "text_list": _text_list,
    "plain_word": _word,
    "case_name": _word,
    "truth_word": _word,
    "quoted_word": _quoted_word,
    "and": _and,
    "or": _or,
    "not": _not,
    "comparator": _comparator,
    "quantity": _quantity,
    "compare": _compare,
    "is_equal": _is_equal,
    "is_not_equal": _is_not_equal,
    "between": _between(False),
    "is_between": _between(True),
    "is_one_of": _one_of(False),
    "is_not_one_of": _one_of(True),
    "is_given": _given(True, "is given"),
    "is_missing": _given(False, "is missing"),
    "is_not_given": _given(False, "is not given"),
    "is_not_missing": _given(True, "is not missing"),
    "contains": _text_test("contains"),
    "starts_with": _text_test("starts with"),
    "ends_with": _text_test("ends with"),
    "add": _arithmetic,
    "multiply": _arithmetic,
    "negate": _negate,
    "rounded": _rounded("half even"),
    "rounded_places": _rounded("half even"),
    "rounded_up": _rounded("up"),
    "rounded_down": _rounded("down"),
    "reference": _reference,
    "group": _group,
    "or_else": _or_else,
    "empty": _empty,
    "function": _function,
    "time_of_day": _time_of_day,
    "extreme": _extreme,
    "percent_of": _percent_of,
    "elapsed": _elapsed,
}
"""A rule's name in the grammar → the function that builds its value."""
