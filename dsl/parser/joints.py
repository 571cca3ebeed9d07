"""Mistakes in the small words and signs that join what an author writes: another, one too few, one too many."""

from dsl.diagnostics.misplaced import MissingWord, Needless, OtherWord
from dsl.parser.automaton import tables
from dsl.parser.place import Place
from dsl.parser.remedy import Dropped, Remedy, Repair
from dsl.parser.token import Token
from dsl.source import Span
from dsl.words import HARD, PERIODS

_OTHER: dict[str, tuple[str, ...]] = {
    "where": ("with",), "when": ("with",), "if": ("with",), "that": ("with",), "having": ("with",),
    "whose": ("with",), "and": ("with", "per", ","), "or": (",",), "for": ("with", "per"),
    "=": ("default", ":", "=>"), "is": ("=>",), "isnt": ("is not",), "on": ("at",), "every": ("any", "per"),
    "each": ("per",), "a": ("per",), "an": ("per",), "/": ("per", "of"), "events": ("event",),
    "hourly": ("per hour",), "daily": ("per day",), "weekly": ("per week",), "monthly": ("per month",),
    "yearly": ("per year",), "annually": ("per year",), "in": ("is one of", "per"), "like": ("contains",),
    "has": ("contains",), "includes": ("contains",), "contain": ("contains",), "include": ("contains",),
    "start": ("starts",), "begin": ("starts",), "begins": ("starts",), "end": ("ends",), "finishes": ("ends",),
    "zero": ("free",), "none": ("free",), "nothing": ("free",), "gratis": ("free",), "round": ("rounded",),
    "equals": ("is",), "equal": ("is",), "exists": ("is given",),
    "over": ("more than",), "above": ("more than",), "exceeds": ("more than",), "greater": ("more",),
    "larger": ("more",), "bigger": ("more",), "smaller": ("less",), "lower": ("less",), "under": ("less than",),
    "below": ("less than",), "to": ("and",), "max": ("at most",), "min": ("at least",), "maximum": ("at most",),
    "minimum": ("at least",), "else": ("otherwise", "then"), "default": ("otherwise",), "other": ("otherwise",),
    "others": ("otherwise",), "rest": ("then",), "after": ("then", ">"), "since": (">=",), "before": ("<",),
    ",": ("and",), "with": ("and",), "beyond": ("then",), "remaining": ("then",),
    "percent": ("of",), "of": ("per",), "ceiling": ("rounded up",), "floor": ("rounded down",),
    "starting": ("from",), "between": ("from",), "until": ("to",), "named": ("as",), "called": ("as",),
    "+": ("plus",), "add": ("plus",), "times": ("*",), "minus": ("-",), "-": ("to",), ":": ("=>",), "=>": (">=",),
    "strings": ("string",), "using": ("by",), "except": ("and not",), "but": ("and",), "unless": ("with not",),
    "without": ("with not",), "expects": ("=>",), "gives": ("=>",), "costs": ("=>",),
}  # fmt: skip
"""A word or sign → what the language may say in its place, where it fits; the first that does."""

_LEFT_OUT = ("OF", "IS", "WITH", "PER", "AT", "TO", "AS", "BY", "ARROW", "COMMA", "COLON", "THAN")
"""What is easily left out, in the order in which it is tried."""

_ANYWHERE = ("COLON", "COMMA", "ARROW", "DIVIDE", "LPAR")

_VALUES = ("YES", "NO", "EMPTY", "GIVEN", "MISSING")


def _kind(text: str) -> str:
    """The type of a word or mark of the language, or of a name."""
    return tables().words.get(text) or tables().marks.get(text) or ("NAME" if text.isalpha() else "SIGN")


def _shown(token: Token) -> str:
    """A token as it is shown in what to write."""
    return token.text if len(token.text) <= 30 else token.text[:29] + "…"


def _completed(place: Place, kinds: tuple[str, ...], skip: int) -> bool:
    """Whether tokens of these types fit in place of the next `skip`, with what follows them on the line."""
    after = place.follows(skip)
    if after is None or after.fresh:
        return place.fits(*kinds, "BREAK") or (after is not None and place.fits(*kinds, after.type))
    return place.fits(*kinds, after.type)


def other_word(place: Place) -> Remedy | None:
    """A word or sign of another language, or of other prose, for which this one has a word."""
    found, after = place.found, place.follows()
    if found is None or (place.at_start and place.kind != "header"):
        return None
    text, skip = found.text, 1
    phrases = _OTHER.get(text, ())
    if found.type == "NOT" and after is not None and after.text == "in":
        text, skip, phrases = "not in", 2, ("is not one of",)
    elif text in ("equal", "greater", "equals") and after is not None and after.text == "to":
        skip = 2
    elif text == "in" and after is not None and after.type == "LPAR":
        phrases = ("is one of",)
    elif text == "every":
        phrases = ("any",) if place.before is not None and place.before.type == "COUNTS" else ("per",)
    elif text == "and" and after is not None and after.text not in PERIODS:
        phrases = ("with", ",")
    if found.type == "SIGN" and place.before is not None and place.before.type == "SIGN":
        span = Span(place.before.start, found.end)
        return Remedy(OtherWord(span=span, word=place.source.slice(span), instead=place.before.text + found.text))
    if place.before is not None and place.before.type == "NO" and place.start < place.at and found.type == "NAME":
        span = Span(place.before.start, place.before.end)
        return Remedy(OtherWord(span=span, word="no", instead="not"))
    for phrase in phrases:
        feed = tuple((_kind(word), word) for word in phrase.split())
        kinds = tuple(kind for kind, _ in feed)
        if text.isalpha() and phrase in tables().soft and _completed(place, ("NAME",), skip):
            continue  # it would be taken for a name
        if _completed(place, kinds, skip):
            span = Span(found.start, place.tokens[place.at + skip - 1].end)
            return Repair(OtherWord(span=span, word=place.source.slice(span), instead=phrase), feed, skip)
    return None


def needless_word(place: Place) -> Remedy | None:
    """A word or sign where none stands, as in `price = 5`, `voice: boolean`, `cap of 5`, `and and`."""
    found, before = place.found, place.before
    if found is None or before is None or place.lines_end:
        return None
    sign = found.type in _ANYWHERE or (found.type == "SIGN" and found.text == "=")
    after = place.follows()
    open_tier = before.type in ("THEN", "ABOVE") and found.type == "NUMBER" and after and place.fits(after.type)
    joint = found.text in HARD and found.type not in _VALUES
    if not sign and not open_tier and not joint:
        return None
    diagnostic = Needless(span=Span(found.start, found.end), word=found.text, before=_shown(before))
    if found.type == "NUMBER":
        return Repair(diagnostic, (), 1)
    if after is None or after.fresh:
        return Repair(diagnostic, (), 1) if place.complete and sign else None
    kinds = [after.type]
    more = place.follows(2)
    if more is not None and not more.fresh:
        kinds.append(more.type)
    if found.type == "LPAR":
        return Remedy(diagnostic) if place.fits(after.type) else None
    colon = found.type == "COLON" and place.kind == "interaction" and place.fits(after.type)
    return Repair(diagnostic, (), 1) if colon or (place.fits(*kinds) and (sign or not place.complete)) else None


def missing_word(place: Place) -> Remedy | None:
    """A connecting word that was left out: what stands here could stand after it."""
    found, before = place.found, place.before
    if found is None or before is None or place.at_start or place.lines_end:
        return None
    for kind in _LEFT_OUT:
        if not _may_be_missing(place, kind, found, before) or not _completed(place, (kind, found.type), 1):
            continue
        span = Span(before.end, found.start) if before.end < found.start else Span(found.start, found.end)
        text = next(t for t, name in (*tables().words.items(), *tables().marks.items()) if name == kind)
        diagnostic = MissingWord(span=span, word=text, before=_shown(before), after=_shown(found))
        return Repair(diagnostic, ((kind, text),), 0)
    return _missing_and(place, found, before)


def _may_be_missing(place: Place, kind: str, found: Token, before: Token) -> bool:
    """Whether it is likely that a word of this type was left out."""
    worded = found.type in ("NAME", "QUOTED", "YES", "NO", "NOT") or found.text in tables().soft
    return {
        "IS": worded and before.type not in ("NUMBER", "YES", "NO", "QUOTED", "PRICE"),
        "AS": found.type == "NUMBER" or (found.type == "QUOTED" and before.type == "SENT"),
        "BY": found.type == "QUOTED",
        "THAN": before.text in ("more", "less", "fewer") and not place.fits("NAME"),
        "COMMA": place.kind == "example" or place.first.type == "PRICE",
        "COLON": place.kind == "example",
        "TO": found.type in ("NUMBER", "SUBTRACT"),
    }.get(kind, True)


def _missing_and(place: Place, found: Token, before: Token) -> Remedy | None:
    """`with voice ≥1 result`: a quantity right after a condition."""
    tokens = place.tokens[place.start : place.at]
    if before.type != "NUMBER" or found.type not in ("NAME", "DOTTED") or len(tokens) < 3:
        return None
    signs = ("SIGN", "AT", "EXACTLY", "MORE", "FEWER")
    sign = next((index for index in range(len(tokens) - 2, 0, -1) if tokens[index].type in signs), 0)
    if sign == 0 or len(tokens) - 1 - sign > 2 or tokens[sign - 1].type not in ("NAME", "DOTTED"):
        return None
    quantity = place.source.slice(Span(tokens[sign].start, found.end))
    span = Span(tokens[sign - 1].end, tokens[sign].start)
    return Dropped(MissingWord(span=span, word="and", before=tokens[sign - 1].text, after=quantity))
