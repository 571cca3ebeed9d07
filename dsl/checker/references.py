"""Names in expressions: the attribute or built-in that a name means, or why it means none."""

from dsl import core, syntax
from dsl.checker.context import Context
from dsl.checker.scope import Readable, Scope, readable_of
from dsl.checker.words import sample, type_in_words, word_as_written
from dsl.diagnostics import expressions as mistakes

_SAID = {
    **{name: f"write `{name} of time`, of the event's own time" for name in ("weekday", "hour", "date")},
    "day": "write `date of time`, or `weekday of time`",
    "today": "the event's own time is `time`, and a day is written `2026-07-01`",
    "now": "the event's own time is `time`",
    "customer": "the customer is `subject`",
    "user": "the customer is `subject`",
}
"""What is said in another way, where no attribute has that name."""
_MOST_SEARCHED = 200
"""Attributes that are searched for a word in their lists, to help with one misspelt name."""


def resolve(path: syntax.Path, scope: Scope, context: Context, suggestion: str | None = None) -> Readable | None:
    """The attribute or built-in of that name; None, reported, where there is none. `suggestion` is a help sentence."""
    found = scope.readable.get(path.text)
    if found is None:
        _report_unknown(path, scope, context, suggestion)
    return found


def read(found: Readable, path: syntax.Path, scope: Scope, context: Context, key: bool = False) -> core.Read | None:
    """The reading of an attribute that is there; None, reported, where it may be missing."""
    if scope.may_be_missing(found.name):
        missing = mistakes.MaybeMissing(span=path.span, name=found.name, sample=sample(found.type), key=key)
        context.report(missing)
        return None
    return as_read(found)


def as_read(found: Readable) -> core.Read:
    """The reading of an attribute, whether it is there or not."""
    return core.Read(found.name, found.type, found.builtin)


def _report_unknown(path: syntax.Path, scope: Scope, context: Context, suggestion: str | None) -> None:
    """Report a name that can't be read, unless it may have been in a declaration that did not parse."""
    if not scope.complete or not scope.events:
        return
    name = path.text
    having = [(event.name, a) for event in scope.events for a in event.attributes if a.name == name]
    if not having:
        unknown = mistakes.UnknownAttribute(
            span=path.span,
            events=scope.event_names,
            name=name,
            names=scope.readable.keys(),
            suggestion=suggestion or _SAID.get(name) or _as_word(name, scope),
        )
        context.report(unknown)
        return
    declaring = {event for event, _ in having}
    lacking = next((event.name for event in scope.events if event.name not in declaring), None)
    one, attribute = having[0]
    if lacking is not None:
        context.report(mistakes.AttributeNotEverywhere(span=path.span, name=name, has=one, lacks=lacking))
        return
    kind = _kind(attribute)
    other, other_kind = next(((event, k) for event, a in having if (k := _kind(a)) != kind), (one, kind))
    sides = {"one": one, "one_kind": kind, "other": other, "other_kind": other_kind}
    context.report(mistakes.AttributeDiffers(span=path.span, name=name, **sides))


def _kind(attribute: core.Attribute) -> str:
    if attribute.kind in ("integer", "decimal"):
        return f"{'an' if attribute.kind == 'integer' else 'a'} `{attribute.kind}`"
    return type_in_words(readable_of(attribute).type)


def _as_word(name: str, scope: Scope) -> str | None:
    """A help sentence where the name is a word of an attribute's list."""
    if len(scope.readable) > _MOST_SEARCHED:
        return None
    for known in scope.readable.values():
        if isinstance(known.type, core.WordType) and name in known.type.words:
            written = word_as_written(name)
            return (
                f"`{name}` is a value of `{known.name}`: write `{known.name} is {written}`, or, for several, "
                f"`{known.name} is one of (…)` or `is not one of (…)`"
            )
    return None
