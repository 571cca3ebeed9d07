"""Mistakes of spoken English in conditions, prices and outcomes: what people say, read as what the language says."""

from dsl.diagnostics.misplaced import MissingWord, Needless
from dsl.diagnostics.phrases import OtherPhrase, OtherwiseNotLast, UniqueEvents
from dsl.parser.place import Place
from dsl.parser.remedy import Dropped, Remedy, Repair, Rephrased
from dsl.source import Span
from dsl.words import CLAUSES, PERIODS

Feed = tuple[tuple[str, str], ...]

_UNIQUE = frozenset("unique distinct different new first".split())
_BEFORE_CONDITION = ("WITH", "AND", "OR", "NOT", "LPAR")
_NAMES = ("NAME", "DOTTED")
_HELPERS = frozenset("has have had was were been it that which they".split())
_COMPARED: dict[str, Feed] = {
    "atleast": (("AT", "at"), ("LEAST", "least")), "min": (("AT", "at"), ("LEAST", "least")),
    "minimum": (("AT", "at"), ("LEAST", "least")), "atmost": (("AT", "at"), ("MOST", "most")),
    "max": (("AT", "at"), ("MOST", "most")), "maximum": (("AT", "at"), ("MOST", "most")),
    "over": (("MORE", "more"), ("THAN", "than")), "above": (("MORE", "more"), ("THAN", "than")),
    "under": (("FEWER", "fewer"), ("THAN", "than")), "below": (("FEWER", "fewer"), ("THAN", "than")),
}  # fmt: skip
_THAN = {"more": "more", "greater": "more", "larger": "more", "higher": "more", "less": "less", "fewer": "fewer"}
_NOT_COUNTED = frozenset("not no none ignored skipped uncounted unbilled unpaid never".split())
_REFUSED = frozenset("rejected invalid error denied".split())


def _kind(place: Place, distance: int) -> str:
    """The type of the token so far before the place, within the clause."""
    index = place.at - distance
    return place.tokens[index].type if index >= place.start else ""


def _phrase(place: Place, begin: int, stop: int, instead: str, feed: Feed) -> Remedy:
    span = Span(place.tokens[begin].start, place.tokens[stop - 1].end)
    shown = " ".join(place.source.slice(span).split())
    return Rephrased(OtherPhrase(span=span, phrase=shown, instead=instead), feed, begin, stop)


def unique_events(place: Place) -> Remedy | None:
    """`counts unique search`."""
    if place.kind != "interaction" or place.first.type != "COUNTS" or place.at != place.start + 2 or place.lines_end:
        return None
    word = place.tokens[place.start + 1]
    if word.text not in _UNIQUE or place.type not in _NAMES:
        return None
    # What follows may be no event: `counts unique members`.
    return Dropped(UniqueEvents(span=Span(word.start, word.end), word=word.text))


def helping_word(place: Place) -> Remedy | None:
    """`with has finished`, `and was finished`."""
    before = place.before
    if place.kind != "interaction" or before is None or before.fresh or place.lines_end or place.type not in _NAMES:
        return None
    if before.text not in _HELPERS or _kind(place, 2) not in _BEFORE_CONDITION:
        return None
    earlier = place.tokens[place.at - 2].text
    needless = Needless(span=Span(before.start, before.end), word=before.text, before=earlier)
    return Rephrased(needless, (), place.at - 1, place.at)


def without(place: Place) -> Remedy | None:
    """`with … and without agent`, `counts tour without agent`."""
    before, found = place.before, place.found
    if place.kind != "interaction" or found is None or before is None or found.fresh or found.type not in _NAMES:
        return None
    if before.text != "without" or _kind(place, 2) not in _BEFORE_CONDITION:
        return None
    feed = ((found.type, found.text), ("IS", "is"), ("MISSING", "missing"))
    return _phrase(place, place.at - 1, place.at + 1, f"{found.text} is missing", feed)


def quantity_in_words(place: Place) -> Remedy | None:
    """`over 3 rooms`, `atleast 3 rooms`, `min 3 rooms`."""
    before = place.before
    if place.kind != "interaction" or before is None or place.type != "NUMBER" or place.lines_end:
        return None
    feed = _COMPARED.get(before.text)
    if feed is None or _kind(place, 2) not in _BEFORE_CONDITION:
        return None
    return _phrase(place, place.at - 1, place.at, " ".join(text for _, text in feed), feed)


def than(place: Place) -> Remedy | None:
    """`more then 3 rooms`, `greater than 3 rooms`."""
    before, after = place.before, place.follows()
    if place.kind != "interaction" or before is None or after is None or place.text not in ("then", "than"):
        return None
    word = _THAN.get(before.text)
    if word is None or after.type != "NUMBER" or _kind(place, 2) == "IS":
        return None
    if place.text == "than" and word == before.text:
        return None
    feed = ((word.upper(), word), ("THAN", "than"))
    return _phrase(place, place.at - 1, place.at + 1, f"{word} than", feed)


def between_first(place: Place) -> Remedy | None:
    """`with between 3 and 5 rooms`."""
    tokens = place.tokens[place.at : min(place.at + 5, place.end)]
    if place.kind != "interaction" or _kind(place, 1) not in _BEFORE_CONDITION or len(tokens) < 5:
        return None
    if [token.type for token in tokens[:4]] != ["BETWEEN", "NUMBER", "AND", "NUMBER"] or tokens[4].type not in _NAMES:
        return None
    name, low, high = tokens[4], tokens[1].text, tokens[3].text
    feed = ((name.type, name.text), ("BETWEEN", "between"), ("NUMBER", low), ("AND", "and"), ("NUMBER", high))
    return _phrase(place, place.at, place.at + 5, f"{name.text} between {low} and {high}", feed)


def bare_quantity(place: Place) -> Remedy | None:
    """`with 3 rooms`."""
    found, before = place.found, place.before
    if place.kind != "interaction" or found is None or before is None or found.fresh or found.type not in _NAMES:
        return None
    if before.type != "NUMBER" or _kind(place, 2) not in _BEFORE_CONDITION or place.fits("NAME"):
        return None
    more = [token.text for token in place.tokens[place.at + 1 : min(place.at + 3, place.end)]]
    if more in (["or", "more"], ["or", "fewer"], ["or", "less"]):
        word = "least" if more[1] == "more" else "most"
        quantity = (("AT", "at"), (word.upper(), word), ("NUMBER", before.text), (found.type, found.text))
        return _phrase(place, place.at - 1, place.at + 3, f"at {word} {before.text} {found.text}", quantity)
    exact, least = f"exactly {before.text} {found.text}", f"at least {before.text} {found.text}"
    span = Span(before.start, found.end)
    diagnostic = OtherPhrase(span=span, phrase=place.source.slice(span), instead=least, other=exact)
    feed = (("EXACTLY", "exactly"), ("NUMBER", before.text), (found.type, found.text))
    return Rephrased(diagnostic, feed, place.at - 1, place.at + 1)


def number_of(place: Place) -> Remedy | None:
    """`number of rooms at least 3`, `units number of rooms`."""
    before, after = place.before, place.follows()
    if place.kind != "interaction" or place.type != "OF" or before is None or before.text not in ("number", "amount"):
        return None
    if after is None or after.fresh or after.type not in _NAMES:
        return None
    feed = ((after.type, after.text),)
    return _phrase(place, place.at - 1, place.at + 2, after.text, feed)


def second_half(place: Place) -> Remedy | None:
    """`rooms > 3 and < 5`: the second comparison without what it compares."""
    tokens = place.tokens[max(place.start, place.at - 6) : place.at]
    kinds = [token.type for token in tokens]
    if place.kind != "interaction" or kinds[1:] != ["SIGN", "NUMBER", "AND", "SIGN", "NUMBER"]:
        return None
    if kinds[0] not in _NAMES or not place.fits("NAME") or not (place.at_clause_end or place.type in ("AND", "OR")):
        return None
    name, joint, sign, number = tokens[0], tokens[3], tokens[4], tokens[5]
    span = Span(joint.end, sign.start) if joint.end < sign.start else Span(joint.start, joint.end)
    missing = MissingWord(span=span, word=name.text, before=joint.text, after=f"{sign.text} {number.text}")
    return Dropped(missing)


def repeated_noun(place: Place) -> Remedy | None:
    """`rooms >= 3 rooms`."""
    found, before = place.found, place.before
    if place.kind != "interaction" or found is None or before is None or before.type != "NUMBER" or found.fresh:
        return None
    earlier = place.tokens[max(place.start, place.at - 4) : place.at - 1]
    if found.type not in _NAMES or found.text not in [token.text for token in earlier if token.type in _NAMES]:
        return None
    return Repair(Needless(span=Span(found.start, found.end), word=found.text, before=before.text), (), 1)


def multiplied(place: Place) -> Remedy | None:
    """`units 2 rooms`."""
    found, before = place.found, place.before
    if place.kind != "interaction" or place.first.type != "UNITS" or found is None or before is None or found.fresh:
        return None
    if before.type != "NUMBER" or found.type not in _NAMES or found.text == "round":
        return None
    span = Span(before.end, found.start)
    return Repair(MissingWord(span=span, word="*", before=before.text, after=found.text), (("MULTIPLY", "*"),), 0)


def cases_per(place: Place) -> Remedy | None:
    """`price per channel`, and cases below it; `price per month volume`."""
    found, after = place.found, place.follows()
    if place.kind != "interaction" or found is None or after is None or place.at != place.start + 3:
        return None
    if [_kind(place, 3), _kind(place, 2)] != ["PRICE", "PER"] or not place.fits("FIRST", "NUMBER"):
        return None
    name = place.tokens[place.at - 1]
    if found.text == "volume" and not found.fresh:
        missing = MissingWord(span=Span(name.end, found.start), word="by", before=name.text, after="volume")
        return Repair(missing, (("BY", "by"),), 0)
    worded = found.type in ("NAME", "QUOTED", "YES", "NO") and after.type in ("NUMBER", "FREE") and not after.fresh
    if not found.fresh or not worded or name.text in PERIODS:
        return None
    feed = (("BY", "by"), (name.type, name.text))
    return _phrase(place, place.at - 2, place.at, f"by {name.text}", feed)


def otherwise_first(place: Place) -> Remedy | None:
    """`otherwise 0.03` above the first case of a price."""
    kinds = [token.type for token in place.tokens[place.start : place.at]]
    if place.kind != "interaction" or place.type != "OTHERWISE" or kinds[:2] != ["PRICE", "BY"] or "NUMBER" in kinds:
        return None
    tokens, stop = place.tokens, place.at + 1
    while stop < place.end and not (tokens[stop].fresh and tokens[stop].text in CLAUSES):
        stop += 1
    case = next((index for index in range(place.at + 1, stop) if tokens[index].fresh), stop)
    moved = (*tokens[case:stop], *tokens[place.at : case])
    found = tokens[place.at]
    diagnostic = OtherwiseNotLast(span=Span(found.start, found.end))
    return Rephrased(diagnostic, tuple((token.type, token.text) for token in moved), place.at, stop)


def no_bill(place: Place) -> Remedy | None:
    """`=> not counted`, `=> none`, `=> 0`, `=> rejected`, `=> finished_tour, 0.50`."""
    before = place.before
    if place.kind != "example" or before is None:
        return None
    kinds = [_kind(place, distance) for distance in (4, 3, 2, 1)]
    if place.lines_end and kinds == ["ARROW", "NAME", "COMMA", "NUMBER"]:
        name = place.tokens[place.at - 3]
        span = Span(name.end, before.start)
        return Dropped(MissingWord(span=span, word="1 unit,", before=f"{name.text},", after=before.text))
    begin = place.at if before.type == "ARROW" else place.at - 1
    if begin <= place.start or place.tokens[begin - 1].type != "ARROW" or begin >= place.end:
        return None
    word, stop = place.tokens[begin], begin + 1
    while stop < place.end and not place.tokens[stop].fresh:
        stop += 1
    zero = word.type == "NUMBER" and not word.text.strip("0.") and stop == begin + 1
    short = stop <= begin + 3 and not any(token.type in ("COMMA", "NUMBER") for token in place.tokens[begin + 1 : stop])
    if zero or (short and word.text in _NOT_COUNTED):
        return _outcome(place, begin, stop, "nothing")
    if short and word.text in _REFUSED:
        return _outcome(place, begin, stop, "refused")
    return None


def _outcome(place: Place, begin: int, stop: int, word: str) -> Remedy:
    return _phrase(place, begin, stop, word, ((word.upper(), word),))
