"""Mistakes in what a line is: its first word, an attribute's type, a clause or declaration in the wrong place."""

import re

from dsl.diagnostics import nearest
from dsl.diagnostics.grammar import HardWordAsName, ReservedWord
from dsl.diagnostics.misplaced import (
    ClauseOutside,
    HeaderTooLate,
    MissingType,
    MissingWord,
    NameOfSeveralWords,
    Needless,
    NeedlessQuotes,
    OtherWord,
    OutOfPlace,
    TypeBeforeName,
    UnknownClause,
    UnknownDeclaration,
    UnknownType,
)
from dsl.parser.automaton import tables
from dsl.parser.place import Place
from dsl.parser.remedy import Joined, NewPiece, Remedy, Repair, Rephrased
from dsl.parser.token import Token
from dsl.source import Span
from dsl.words import CLAUSES, DECLARATIONS, HARD, HEADER

TYPE_WORDS = ("boolean", "integer", "decimal", "string", "timestamp")

_TYPES = {
    "bool": "boolean", "yes": "boolean", "flag": "boolean", "yesno": "boolean",
    "int": "integer", "whole": "integer", "long": "integer",
    "float": "decimal", "number": "decimal", "numeric": "decimal", "double": "decimal", "money": "decimal",
    "amount": "decimal", "real": "decimal", "text": "string", "str": "string", "varchar": "string", "char": "string",
    "date": "timestamp", "datetime": "timestamp", "time": "timestamp", "instant": "timestamp",
    "enum": "one of", "choice": "one of", "oneof": "one of", "array": "list of string", "strings": "list of string",
    "list": "list of string", "set": "list of string",
}  # fmt: skip
"""What other languages call the types."""

_CONDITION = "a condition follows the event, as in `counts search with voice`"
_CLAUSES = {
    "if": _CONDITION, "when": _CONDITION, "where": _CONDITION, "with": _CONDITION, "unless": _CONDITION,
    "for": _CONDITION,
    "else": "a price for all other cases is `otherwise`, within `price by`",
    "otherwise": "`otherwise` ends the cases of a `price by`",
    "end": "leave it out; an interaction ends where the next declaration begins",
    "count": "write `counts`", "charge": "write `price`", "charges": "write `price`", "cost": "write `price`",
    "costs": "write `price`", "rate": "write `price`", "amount": "write `price`", "prices": "write `price`",
    "max": "write `cap` for an amount, or `limit` for a number of events",
    "maximum": "write `cap` for an amount, or `limit` for a number of events",
    "unit": "write `units`", "quantity": "write `units`", "each": "write `price`", "rebate": "write `discount`",
    "tiers": "tiers follow `price per month`", "first": "tiers follow `price per month`",
    "next": "tiers follow `price per month`", "then": "tiers follow `price per month`",
    "at": "tiers follow `price per month`", "event": "write `counts` and the event",
    "twice": "write `limit 2 per` and what it is counted for",
    "always": "write `also counts` for what counts whatever else does",
}  # fmt: skip
"""What may be meant by the first word of a line that begins no clause."""


_DECLARATIONS = {"test": "example", "scenario": "example", "type": "event", "object": "event"}
"""What other languages call the declarations."""
_LONGEST_TITLE = 60
_MOST_WORDS = 5
_MOST_IN_QUOTES = 3
_OF_TYPES = frozenset("a an as type positive negative whole unsigned small big long short optional required".split())
"""What other languages put before a type."""
_BEFORE_VALUES = ("IS", "NOT", "COMMA", "OF", "DEFAULT", "COLON", "OR_ELSE", "SIGN", "BETWEEN")


def name_in_quotes(place: Place) -> Remedy | None:
    """`interaction "Voice Search"`: a title, or a name in quotes, where the name stands."""
    found, before = place.found, place.before
    if found is None or found.type != "QUOTED" or before is None or before.type not in ("EVENT", "INTERACTION"):
        return None
    if place.at != place.begin + 1:
        return None
    text = found.text[1:-1]
    joint = "." if before.type == "EVENT" else "_"
    words = re.findall("[a-z0-9]+", text.lower())
    if len(words) > _MOST_IN_QUOTES:
        return None  # more likely a title, and the name was forgotten
    name = joint.join(words)
    if not re.fullmatch(r"[a-z][a-z0-9_.]{0,99}", name) or name in HARD or name == text:
        return None
    shown = f'{before.text} {name} "{text}"' if len(text) <= _LONGEST_TITLE else f"{before.text} {name}"
    diagnostic = NeedlessQuotes(span=Span(found.start, found.end), text=text, instead=shown)
    return Repair(diagnostic, (("DOTTED" if "." in name else "NAME", name),), 1)


def word_as_name(place: Place) -> Remedy | None:
    """A hard or reserved word where a name should stand."""
    found = place.found
    if found is None:
        return _next_piece(place)
    reserved = found.type == "RESERVED"
    if not reserved and found.text not in HARD:
        return None
    after = place.follows()
    fits = place.fits("NAME", after.type) if after and not after.fresh else place.fits("NAME")
    before = place.before.type if place.before is not None else ""
    case = place.kind == "interaction" and not place.fits("LPAR")
    value = place.fits("QUOTED") and (before in _BEFORE_VALUES or case)
    outside = place.kind == "event"
    if reserved:
        span = Span(found.start, found.end)
        kept = ReservedWord(span=span, word=found.text, value=value, outside=outside)
        return Repair(kept, (("NAME", found.text),), 1) if place.fits("NAME") else Remedy(kept)
    if not fits or (place.at_start and place.kind != "event" and place.kind != "example"):
        return None
    diagnostic = HardWordAsName(span=Span(found.start, found.end), word=found.text, value=value, outside=outside)
    return Repair(diagnostic, (("NAME", found.text),), 1)


def _next_piece(place: Place) -> Remedy | None:
    """A word such as `event` that was to be a name, and so began another declaration on the same line."""
    if place.end >= len(place.tokens):
        return None
    word = place.tokens[place.end]
    after = place.tokens[place.end + 1] if place.end + 1 < len(place.tokens) else None
    kinds = ["NAME", after.type] if after and not after.fresh else ["NAME"]
    if word.fresh or word.text not in DECLARATIONS or not place.fits(*kinds):
        return None
    value, outside = place.fits("QUOTED") and place.kind == "event" and place.before is not None, place.kind == "event"
    value = value and place.before is not None and place.before.type in _BEFORE_VALUES
    return Joined(HardWordAsName(span=Span(word.start, word.end), word=word.text, value=value, outside=outside))


def header_too_late(place: Place) -> Remedy | None:
    """A line of the header among the declarations."""
    first = place.first
    if place.kind == "header" or first.text not in HEADER or not first.fresh or place.start == place.begin:
        return None
    if place.kind == "event" and place.found is not None and place.found.text in (*TYPE_WORDS, *_TYPES, "one", "list"):
        return None
    if place.kind == "event" and place.lines_end:
        return None
    return Remedy(HeaderTooLate(span=Span(first.start, first.end), word=first.text))


def misspelt_declaration(place: Place) -> Remedy | None:
    """A line that begins with something like `interaction`, or in the header with anything unknown."""
    first = place.first
    index = min(place.start, place.end - 1)
    if place.kind == "header":
        if not place.at_start and place.start != place.begin:
            return None
        if first.text in HEADER or place.at != place.start:
            return None
        near = _DECLARATIONS.get(first.text) or nearest(first.text, (*DECLARATIONS, *HEADER))
        diagnostic = UnknownDeclaration(span=Span(first.start, first.end), word=first.text, near=near)
        if near in DECLARATIONS:
            return NewPiece(diagnostic, str(near))
        if near is not None:
            return Repair(diagnostic, ((tables().words[near], near),), 1)
        return Remedy(diagnostic)
    if not first.fresh or first.type != "NAME" or place.start == place.begin or place.deeper(index):
        return None
    if first.text in _DECLARATIONS:
        known = _DECLARATIONS[first.text]
        return NewPiece(UnknownDeclaration(span=Span(first.start, first.end), word=first.text, near=known), known)
    near = nearest(first.text, DECLARATIONS)
    if near is None or (place.kind == "interaction" and nearest(first.text, (*DECLARATIONS, *CLAUSES)) != near):
        return None
    span = Span(first.start, first.end)
    return NewPiece(UnknownDeclaration(span=span, word=first.text, near=near), near)


def clause_outside(place: Place) -> Remedy | None:
    """A clause of an interaction in the header, an event or an example."""
    first, found = place.first, place.found
    if place.kind == "interaction" or first.text not in CLAUSES or not first.fresh:
        return None
    if place.start == place.begin and place.kind != "header":
        return None
    if place.kind == "event" and (place.lines_end or found is None or _type_for(found.text)):
        return None
    if place.kind == "event" and place.at > place.start + 1 and _type_for(place.tokens[place.start + 1].text):
        return None
    return Remedy(ClauseOutside(span=Span(first.start, first.end), word=first.text))


def _type_for(word: str) -> str | None:
    """The type that a word most likely means."""
    return _TYPES.get(word) or (word if word in TYPE_WORDS else nearest(word, TYPE_WORDS))


def attribute_type(place: Place) -> Remedy | None:
    """An attribute without a type, or with one that there is not."""
    before, found = place.before, place.found
    if not place.fits("BOOLEAN") or place.fits("NAME") or before is None or before.type == "OF":
        return None
    if not before.fresh and place.at - 2 > place.begin:
        return _second_attribute(place, before)
    if found is None or place.lines_end or found.type in ("OPTIONAL", "DEFAULT", "QUOTED", "SENT", "FROM"):
        span = Span(before.start, before.end)
        return Remedy(MissingType(span=span, attribute=before.text))
    if before.text in TYPE_WORDS and found.type in ("NAME", "DOTTED"):
        span = Span(before.start, found.end)
        return Remedy(TypeBeforeName(span=span, type=before.text, attribute=found.text))
    if found.type not in ("NAME", "DOTTED", "YES", "CAPITALISED") and found.text not in tables().soft:
        return None
    if joined := _name_before_type(place):
        return joined
    after = place.follows()
    listing = after is not None and after.type == "OF" and nearest(found.text, ("one", "list")) == "one"
    near = "one of" if listing else _type_for(found.text)
    diagnostic = UnknownType(span=Span(found.start, found.end), word=found.text, near=near)
    if listing:
        return Repair(diagnostic, (("ONE", "one"),), 1)
    if near in TYPE_WORDS and (after is None or after.fresh or place.fits(near.upper(), after.type)):
        return Repair(diagnostic, ((near.upper(), near),), 1)
    return Remedy(diagnostic)


def _name_before_type(place: Place) -> Remedy | None:
    """`was finished boolean`: a name of several words, known by the type behind it."""
    stop = place.at
    while stop < min(place.end, place.at + _MOST_WORDS) and place.tokens[stop].type == "NAME":
        if place.tokens[stop].fresh or place.tokens[stop].text in _OF_TYPES:
            return None
        stop += 1
    after = place.tokens[stop] if stop < place.end else None
    if stop == place.at or after is None or after.fresh or after.text not in (*TYPE_WORDS, "one", "list"):
        return None
    words = place.tokens[place.at - 1 : stop]
    span = Span(words[0].start, words[-1].end)
    instead = "_".join(word.text for word in words)
    diagnostic = NameOfSeveralWords(span=span, name=place.source.slice(span), instead=instead)
    return Rephrased(diagnostic, (("NAME", instead),), place.at - 1, stop)


def _second_attribute(place: Place, name: Token) -> Remedy | None:
    """A word after a whole attribute, on its line, read as the name of another."""
    earlier = place.tokens[place.at - 2]
    span = Span(name.start, name.end)
    if place.at - 3 == place.begin and place.tokens[place.begin].type == "EVENT":
        words = Span(earlier.start, name.end)
        instead = f"{earlier.text}.{name.text}"
        return Remedy(NameOfSeveralWords(span=words, name=place.source.slice(words), instead=instead))
    if name.text in ("required", "mandatory"):
        return Remedy(Needless(span=span, word=name.text, before=earlier.text))
    if name.text in ("nullable", "maybe"):
        return Remedy(OtherWord(span=span, word=name.text, instead="optional"))
    kinds = [token.type for token in place.tokens[place.begin : place.at - 1]]
    line = next((i for i in range(place.at - 1, place.begin, -1) if place.tokens[i].fresh), place.begin)
    kinds = kinds[line - place.begin :]
    if "ONE" in kinds and not {"DEFAULT", "OPTIONAL", "SENT"} & set(kinds):
        span = Span(earlier.end, name.start)
        return Remedy(MissingWord(span=span, word=",", before=earlier.text, after=name.text))
    follow = ("optional", "default", "sent as")
    return Remedy(OutOfPlace(span=span, found=name.text, before=earlier.text, follow=follow, part="attribute"))


def unknown_clause(place: Place) -> Remedy | None:
    """A line of an interaction that begins with no clause's word."""
    found = place.found
    if place.kind != "interaction" or found is None or not place.complete or found.text in CLAUSES:
        return None
    if not place.at_start and not found.fresh:
        return None
    if found.type not in ("NAME", "DOTTED") and not found.text[:1].isalpha():
        return None
    if found.text in HEADER:
        return Remedy(HeaderTooLate(span=Span(found.start, found.end), word=found.text))
    near = None if found.text in _CLAUSES else nearest(found.text, CLAUSES)
    advice = f"did you mean `{near}`?" if near else _CLAUSES.get(found.text)
    diagnostic = UnknownClause(span=Span(found.start, found.end), word=found.text, advice=advice)
    after = place.follows()
    if near and after and place.fits(tables().words[near], after.type):
        return Repair(diagnostic, ((tables().words[near], near),), 1)
    return Remedy(diagnostic)
