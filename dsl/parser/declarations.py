"""Builds the header, events, interactions and examples: a function for each rule of the grammar."""

from typing import Any

from dsl import syntax
from dsl.diagnostics.grammar import MOST_ATTRIBUTES, EventCalledAny, TooManyAttributes
from dsl.parser.automaton import Action
from dsl.parser.builder import Builder, Open
from dsl.parser.expressions import limited
from dsl.parser.prices import periodic
from dsl.source import Span

_ANY = object()
"""The value of `any event`."""


def _more(b: Builder, span: Span, args: list[Any]) -> Open:
    opened: Open = args[0]
    count = len(opened.parts) if opened.kind in ("event", "every event") else 0
    if count == MOST_ATTRIBUTES:
        b.report(TooManyAttributes(span=args[1].name.span))
    if count <= MOST_ATTRIBUTES:
        opened.parts.append(args[1])
    opened.span = span
    b.forget()
    return opened


def _closed(b: Builder, span: Span, args: list[Any]) -> Open:
    opened: Open = args[0]
    return opened


# ── the header ──────────────────────────────────────────────────────────────


def _header_start(b: Builder, span: Span, args: list[Any]) -> Open:
    return Open("header", span)


def _header_line(key: Any) -> Action:
    def build(b: Builder, span: Span, args: list[Any]) -> syntax.HeaderLine:
        return syntax.HeaderLine(span, key, args[0])

    return build


def _code(b: Builder, span: Span, args: list[Any]) -> syntax.Word:
    return syntax.Word(span, args[0].text, False)


# ── events ──────────────────────────────────────────────────────────────────


def _event_start(b: Builder, span: Span, args: list[Any]) -> Open:
    name, sent_as, label = args
    if name.text == "any":
        b.report(EventCalledAny(span=name.span))
    return Open("event", span, name, sent_as, label)


def _every_event_start(b: Builder, span: Span, args: list[Any]) -> Open:
    return Open("every event", span)


def _sent_as(b: Builder, span: Span, args: list[Any]) -> syntax.Text:
    _, text = args
    value: syntax.Text = text
    return value


def _attribute(b: Builder, span: Span, args: list[Any]) -> syntax.Attribute:
    name, kind, presence, sent_as, label = args
    optional, default = presence or (False, None)
    return syntax.Attribute(span, name, kind, optional, default, sent_as, label)


def _optional(b: Builder, span: Span, args: list[Any]) -> tuple[bool, None]:
    return True, None


def _default(b: Builder, span: Span, args: list[Any]) -> tuple[bool, Any]:
    return False, args[0]


def _plain_type(b: Builder, span: Span, args: list[Any]) -> syntax.TypeName:
    return syntax.TypeName(span, args[0].text)


def _number_type(b: Builder, span: Span, args: list[Any]) -> syntax.TypeName:
    low, high = args[1] or (None, None)
    return syntax.TypeName(span, args[0].text, low, high)


def _range(b: Builder, span: Span, args: list[Any]) -> tuple[Any, Any]:
    return args[0], args[1]


def _one_of_type(b: Builder, span: Span, args: list[Any]) -> syntax.TypeName:
    return syntax.TypeName(span, "one of", words=limited(b, tuple(args)))


def _list_type(b: Builder, span: Span, args: list[Any]) -> syntax.TypeName:
    return syntax.TypeName(span, "list of string")


# ── interactions ────────────────────────────────────────────────────────────


def _interaction_start(b: Builder, span: Span, args: list[Any]) -> Open:
    name, label = args
    return Open("interaction", span, name, None, label)


def _counts(b: Builder, span: Span, args: list[Any]) -> syntax.Counts:
    also, counted, condition, weight = args
    units, noun = weight or (None, None)
    return syntax.Counts(span, bool(also), None if counted is _ANY else counted, condition, units, noun)


def _as_part(b: Builder, span: Span, args: list[Any]) -> tuple[Any, Any]:
    return args[0], args[1]


def _limit(b: Builder, span: Span, args: list[Any]) -> syntax.Limit:
    number, over = args if len(args) > 1 else (None, args[0])
    return syntax.Limit(span, number, over.keys, over.period)


def _units(b: Builder, span: Span, args: list[Any]) -> syntax.Units:
    return syntax.Units(span, args[0])


def _price(b: Builder, span: Span, args: list[Any]) -> syntax.PriceClause:
    return syntax.PriceClause(span, args[0])


def _adjustment(kind: Any) -> Action:
    def build(b: Builder, span: Span, args: list[Any]) -> syntax.Adjustment:
        return syntax.Adjustment(span, kind, args[0], args[1])

    return build


def _cap(b: Builder, span: Span, args: list[Any]) -> syntax.Cap:
    return syntax.Cap(span, args[0], periodic(b, args[1]))


# ── examples ────────────────────────────────────────────────────────────────


def _example_start(b: Builder, span: Span, args: list[Any]) -> Open:
    return Open("example", span, args[0])


def _step(b: Builder, span: Span, args: list[Any]) -> syntax.Step:
    event, values, at, customer, expected = args
    return syntax.Step(span, event, values or (), at, customer, expected)


def _given_values(b: Builder, span: Span, args: list[Any]) -> tuple[Any, ...]:
    return tuple(args)


def _given_value(b: Builder, span: Span, args: list[Any]) -> syntax.GivenValue:
    return syntax.GivenValue(span, args[0], args[1])


def _outcome_word(b: Builder, span: Span, args: list[Any]) -> syntax.Expected:
    return syntax.Expected(span, args[0].text, ())


def _bills(b: Builder, span: Span, args: list[Any]) -> syntax.Expected:
    return syntax.Expected(span, None, tuple(args))


def _bill(b: Builder, span: Span, args: list[Any]) -> syntax.Bill:
    return syntax.Bill(span, *args)


def finished(opened: Open) -> tuple[tuple[syntax.HeaderLine, ...], syntax.Declaration | None]:
    """The header lines, or the declaration, that an open declaration has become."""
    span, name, parts = opened.span, opened.name, tuple(opened.parts)
    if opened.kind == "header":
        return parts, None
    if opened.kind == "every event":
        return (), syntax.EveryEvent(span, parts)
    if isinstance(name, syntax.Path):
        return (), syntax.Event(span, name, opened.sent_as, opened.label, parts)
    if isinstance(name, syntax.Name):
        return (), syntax.Interaction(span, name, opened.label, parts)
    if isinstance(name, syntax.Text):
        return (), syntax.Example(span, name, parts)
    raise TypeError(f"a declaration without a name: {opened.kind}")


ACTIONS: dict[str, Action] = {
    "declaration_more": _more,
    "header_more": _more,
    "closed": _closed,
    "header_start": _header_start,
    "ruleset_line": _header_line("ruleset"),
    "version_line": _header_line("version"),
    "effective_line": _header_line("effective"),
    "currency_line": _header_line("currency"),
    "timezone_line": _header_line("timezone"),
    "code": _code,
    "code_name": _code,
    "event_start": _event_start,
    "every_event_start": _every_event_start,
    "sent_as": _sent_as,
    "attribute": _attribute,
    "optional": _optional,
    "default": _default,
    "plain_type": _plain_type,
    "number_type": _number_type,
    "one_of_type": _one_of_type,
    "list_type": _list_type,
    "range": _range,
    "interaction_start": _interaction_start,
    "also": lambda b, span, args: True,
    "any_event": lambda b, span, args: _ANY,
    "counts": _counts,
    "as_part": _as_part,
    "once": _limit,
    "limit": _limit,
    "units": _units,
    "price": _price,
    "discount": _adjustment("discount"),
    "surcharge": _adjustment("surcharge"),
    "cap": _cap,
    "example_start": _example_start,
    "step": _step,
    "given_values": _given_values,
    "given_value": _given_value,
    "outcome_word": _outcome_word,
    "bills": _bills,
    "bill": _bill,
}
"""A rule's name in the grammar → the function that builds its value."""
