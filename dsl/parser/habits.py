"""Mistakes within a line: a word too many, too few or from elsewhere, signs, quotes, parentheses, numbers."""

import re

from dsl.diagnostics.header import UnknownTimezone
from dsl.diagnostics.lexical import BadDate, BadNumber, BadTime, CurrencySign
from dsl.diagnostics.misplaced import (
    CaseNeedsQuotes,
    ExtraParenthesis,
    MissingQuotes,
    NameOfSeveralWords,
    Needless,
    NeedlessQuotes,
    NegativeNumber,
    NotAPercentage,
    ReversedQuantity,
    TiersWithoutEnd,
    UnclosedParenthesis,
    UnknownOutcome,
)
from dsl.parser.amounts import hundredth
from dsl.parser.automaton import tables
from dsl.parser.calendar import readings
from dsl.parser.place import Place
from dsl.parser.remedy import Remedy, Repair, Rephrased, Requoted
from dsl.parser.token import Token
from dsl.source import Span
from dsl.words import HARD, QUOTED_AS_CASE
from dsl.zones import zone_names

_COMPARISONS = ("SIGN", "LEAST", "MOST", "THAN", "EXACTLY")
_MONEY = frozenset(
    "cent cents euro euros eur dollar dollars usd pound pounds gbp pence penny franc francs chf yen jpy".split()
)
_HUNDREDTHS = frozenset(("cent", "cents", "pence", "penny"))
_PERCENT = frozenset(("percent", "pct", "per_cent"))
_BARE = {
    "NUMBER": re.compile(r"[0-9]+(\.[0-9]+)?"),
    "INSTANT": re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?"),
    "CALENDAR_DATE": re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "CAPITALISED": re.compile("[A-Z][A-Za-z0-9_+/-]*"),
    "NAME": re.compile("[a-z][a-z0-9_]*"),
    "DOTTED": re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+"),
}
"""What may have been put in quotes without need."""


def _span(token: Token) -> Span:
    return Span(token.start, token.end)


def case_without_quotes(place: Place) -> Remedy | None:
    """A case of a `by` price that is read as the word of a clause, or as `plus`."""
    found, after = place.found, place.follows()
    if place.kind != "interaction":
        return None
    if found is not None and found.text in QUOTED_AS_CASE and place.fits("QUOTED", *([after.type] if after else [])):
        kinds = [token.type for token in place.tokens[place.start : place.at]]
        if kinds[:2] == ["PRICE", "BY"]:
            diagnostic = CaseNeedsQuotes(span=_span(found), word=found.text)
            return Repair(diagnostic, (("QUOTED", f'"{found.text}"'),), 1)
    first = place.first
    if first.text not in QUOTED_AS_CASE or place.start == place.begin or not place.within_cases():
        return None
    if first.fresh and not place.deeper_than_clauses(place.start):
        return None
    return Requoted(CaseNeedsQuotes(span=_span(first), word=first.text))


def missing_quotes(place: Place) -> Remedy | None:
    """Words where a text in double quotes should stand."""
    found = place.found
    if found is None or place.lines_end or not place.fits("QUOTED") or place.fits("NAME") or place.complete:
        return None
    if not found.text[:1].isalnum():
        return None
    index = place.at + 1
    while index < place.end and not place.tokens[index].fresh and place.tokens[index].text[:1].isalnum():
        index += 1
    words = Span(found.start, place.tokens[index - 1].end)
    text = place.source.slice(words)
    quoted = '"' + text.replace("\\", "").replace('"', "") + '"'
    return Repair(MissingQuotes(span=words, text=text), (("QUOTED", quoted),), index - place.at)


def needless_quotes(place: Place) -> Remedy | None:
    """A name, number or date in quotes."""
    found = place.found
    if found is None or found.type != "QUOTED":
        return None
    text = found.text[1:-1]
    if place.fits("CAPITALISED"):
        text = text.replace(" ", "_")
    for kind, form in _BARE.items():
        if form.fullmatch(text) and place.fits(kind) and text not in HARD:
            return Repair(NeedlessQuotes(span=_span(found), text=text), ((kind, text),), 1)
    return None


def parenthesis(place: Place) -> Remedy | None:
    """One parenthesis too many or too few."""
    open_ones: list[Token] = []
    for token in place.tokens[place.start : place.at]:
        if token.type == "LPAR":
            open_ones.append(token)
        elif token.type == "RPAR" and open_ones:
            open_ones.pop()
    if place.type == "RPAR" and not open_ones:
        return Repair(ExtraParenthesis(span=_span(place.tokens[place.at])), (), 1)
    if not open_ones or not place.fits("RPAR"):
        return None
    if place.found is None or place.fits("RPAR", place.type) or (place.lines_end and place.fits("RPAR", "BREAK")):
        return Repair(UnclosedParenthesis(span=_span(open_ones[-1])), (("RPAR", ")"),), 0)
    return None


def reversed_quantity(place: Place) -> Remedy | None:
    """`≥ results 1`: the noun before its number."""
    found, number, before = place.found, place.follows(), place.before
    if found is None or before is None or number is None or number.type != "NUMBER" or before.type not in _COMPARISONS:
        return None
    if not place.fits("NUMBER", "NAME") or place.fits("NAME"):
        return None
    if found.type not in ("NAME", "DOTTED") and found.text not in tables().soft:
        return None
    start = place.tokens[place.at - 2] if before.type in ("LEAST", "MOST", "THAN") else before
    sign = place.source.slice(Span(start.start, before.end))
    instead = f"{sign}{'' if before.type == 'SIGN' else ' '}{number.text} {found.text}"
    diagnostic = ReversedQuantity(span=Span(start.start, number.end), instead=instead)
    return Repair(diagnostic, (("NUMBER", number.text), (found.type, found.text)), 2)


def percentage(place: Place) -> Remedy | None:
    """A bare number, or one with the word `percent`, where a percentage stands."""
    found, after, before = place.found, place.follows(), place.before
    if found is not None and found.type == "NUMBER" and place.fits("PERCENT") and not place.fits("NUMBER"):
        more = after is not None and after.text in _PERCENT
        end = after.end if more and after is not None else found.end
        diagnostic = NotAPercentage(span=Span(found.start, end), number=found.text)
        return Repair(diagnostic, (("PERCENT", f"{found.text}%"),), 2 if more else 1)
    spoken = [token.text for token in place.tokens[max(place.start, place.at - 2) : place.at]] == ["per", "cent"]
    if spoken and place.at - 3 > place.start and (number := place.tokens[place.at - 3]).type == "NUMBER":
        diagnostic = NotAPercentage(span=Span(number.start, place.tokens[place.at - 1].end), number=number.text)
        return Rephrased(diagnostic, (("PERCENT", f"{number.text}%"),), place.at - 3, place.at)
    if found is not None and found.type == "OF" and before is not None and before.type == "NUMBER":
        return Remedy(NotAPercentage(span=Span(before.start, before.end), number=before.text))
    if found is not None and found.text in _PERCENT and before is not None and before.type == "NUMBER":
        return Remedy(NotAPercentage(span=Span(before.start, found.end), number=before.text))
    return None


def number(place: Place) -> Remedy | None:
    """A sign before a number that has none, blanks within a number, or the name of a currency after it."""
    found, before, after = place.found, place.before, place.follows()
    if found is None or before is None:
        return None
    if found.type in ("SUBTRACT", "ADD") and after and after.type in ("NUMBER", "PERCENT") and place.fits(after.type):
        if found.type == "SUBTRACT":
            return Repair(NegativeNumber(span=Span(found.start, after.end)), (), 1)
        return Repair(Needless(span=_span(found), word="+", before=before.text), (), 1)
    if before.type != "NUMBER" or place.lines_end:
        return None
    span = Span(before.start, found.end)
    if found.type == "NUMBER" and len(found.text) == 3:
        why, meant = "no blank stands in a number", f"{before.text}_{found.text}"
        return Repair(BadNumber(span=span, number=place.source.slice(span), why=why, instead=meant), (), 1)
    if found.text in _MONEY:
        amount = hundredth(before.text) if found.text in _HUNDREDTHS else before.text
        return Repair(CurrencySign(span=span, sign=found.text, number=amount), (), 1)
    return None


def moment(place: Place) -> Remedy | None:
    """A date written in another way, or with a time after a blank."""
    found, before = place.found, place.before
    if found is None or before is None or place.lines_end:
        return None
    if before.type == "CALENDAR_DATE" and found.type == "CLOCK_TIME":
        span = Span(before.start, found.end)
        why = "a `T` joins the date and the time, without blanks"
        instead = f"{before.text}T{found.text}"
        return Repair(BadTime(span=span, text=place.source.slice(span), why=why, instead=instead), (), 1)
    if not place.fits("CALENDAR_DATE") or place.fits("NAME") or found.type not in ("NUMBER", "NAME", "QUOTED"):
        return None
    after = place.follows()
    if found.type == "NAME" and after is not None and after.type in ("CALENDAR_DATE", "INSTANT"):
        return Repair(Needless(span=_span(found), word=found.text, before=before.text), (), 1)
    index = place.at + 1
    while index < place.end and place.tokens[index].type in ("NUMBER", "DIVIDE", "NAME", "SUBTRACT", "COMMA"):
        if place.tokens[index].fresh:
            break
        index += 1
    span = Span(found.start, place.tokens[index - 1].end)
    why = "the year comes first, with four digits, then month and day with two digits each"
    text = place.source.slice(span)
    diagnostic = BadDate(span=span, text=text, why=why, instead=readings(text))
    return Repair(diagnostic, (("CALENDAR_DATE", "2000-01-01"),), index - place.at)


def zone_in_words(place: Place) -> Remedy | None:
    """`timezone america/new_york`, `timezone new york`: a zone in small letters or with blanks."""
    if place.kind != "header" or place.first.type != "TIMEZONE" or place.at < place.start + 2 or place.lines_end:
        return None
    stop = place.at + 1
    while stop < place.end and not place.tokens[stop].fresh:
        stop += 1
    span = Span(place.tokens[place.start + 1].start, place.tokens[stop - 1].end)
    text = place.source.slice(span)
    diagnostic = UnknownTimezone(span=span, value=text, names=tuple(sorted(zone_names())))
    meant = diagnostic.meant or "UTC"
    return Rephrased(diagnostic, (("CAPITALISED", meant),), place.start + 1, stop)


def name_of_several_words(place: Place) -> Remedy | None:
    """A name with blanks or hyphens, right after the word that it belongs to."""
    before, found = place.before, place.found
    if before is None or found is None or place.lines_end or place.at - 2 < place.begin:
        return None
    index = place.at if found.type not in ("SUBTRACT", "DIVIDE") else place.at + 1
    head = place.tokens[place.at - 2].type
    if place.kind == "event" and before.type == "NAME" and found.fresh is False and head not in ("EVENT",):
        return None
    if head not in ("INTERACTION", "EVENT", "RULESET") or before.type not in ("NAME", "DOTTED"):
        return None
    parts = [before.text]
    while index < place.end and not place.tokens[index].fresh:
        if place.tokens[index].type != "NAME":
            break
        parts.append(place.tokens[index].text)
        index += 2 if index + 1 < place.end and place.tokens[index + 1].type in ("SUBTRACT", "DIVIDE") else 1
    if len(parts) < 2:
        return None
    span = Span(before.start, place.tokens[min(index, place.end) - 1].end)
    instead = ("." if head == "EVENT" else "_").join(parts)
    diagnostic = NameOfSeveralWords(span=span, name=place.source.slice(span), instead=instead)
    return Repair(diagnostic, (), index - place.at)


def unknown_outcome(place: Place) -> Remedy | None:
    """A word after `=>` that is neither an outcome nor the start of a bill."""
    before = place.before
    if place.kind != "example" or before is None or not place.fits("COMMA", "NUMBER"):
        return None
    earlier = place.tokens[place.at - 2] if place.at - 2 >= place.start else None
    if earlier is None or earlier.type not in ("ARROW", "AND") or place.type in ("COMMA", "NUMBER"):
        return None
    return Remedy(UnknownOutcome(span=_span(before), word=before.text))


def tiers_without_end(place: Place) -> Remedy | None:
    """Tiers of which the last has an upper end."""
    if place.kind != "interaction" or not (place.fits("THEN", "FREE") and place.fits("FIRST", "NUMBER")):
        return None
    tokens = place.tokens[place.start : place.at]
    if not any(t.type in ("FIRST", "NEXT", "UP") for t in tokens) or not place.at_clause_end:
        return None
    return Remedy(TiersWithoutEnd(span=Span(place.first.start, tokens[-1].end)))
