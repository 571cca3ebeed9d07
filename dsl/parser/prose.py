"""Mistakes of plain English: articles and fillers, numbers in words, prices with conditions, lists with `either`."""

from dsl.diagnostics.misplaced import MissingWord, Needless, OtherWord
from dsl.diagnostics.phrases import BoundOnAmount, ConditionOnPrice, OtherPhrase, SeveralEvents
from dsl.nouns import singular
from dsl.parser.place import Place
from dsl.parser.remedy import Dropped, Remedy, Repair, Rephrased
from dsl.parser.token import Token
from dsl.source import Span

_FILLERS = ("the", "its", "their", "a", "an", "each", "every", "calendar", "any", "some")
_CONDITIONS = ("when", "if", "with", "where", "for", "unless", "whenever")
_BOUNDS = ("max", "maximum", "minimum", "min", "up", "at", "capped", "least", "most")
_NUMBERS = dict(
    zip("one two three four five six seven eight nine ten twelve hundred thousand".split(),
        (*map(str, range(1, 11)), "12", "100", "1_000"), strict=True)
)  # fmt: skip
_NAMES = ("NAME", "DOTTED")
_OPEN_TIERS = frozenset(
    "over above beyond after more all everything the others remaining any additional thereafter".split()
)
_RATES = ("AT", "FREE", "FOR")


def _before(place: Place, distance: int) -> Token | None:
    index = place.at - distance
    return place.tokens[index] if index >= place.start else None


def _kinds(place: Place, distance: int) -> list[str]:
    """The types of the last so many tokens of the clause."""
    return [token.type for token in place.tokens[max(place.start, place.at - distance) : place.at]]


def _phrase(place: Place, begin: int, stop: int, instead: str, feed: tuple[tuple[str, str], ...]) -> Remedy:
    span = Span(place.tokens[begin].start, place.tokens[stop - 1].end)
    shown = " ".join(place.source.slice(span).split())
    return Rephrased(OtherPhrase(span=span, phrase=shown, instead=instead), feed, begin, stop)


def _ends(token: Token | None) -> bool:
    """Whether a line ends before a token."""
    return token is None or token.fresh


def filler(place: Place) -> Remedy | None:
    """`the via is agent`, `per calendar month`, `0.40 each`, `limit 1 ticket per day`, `first 20 units free`."""
    found, before, after = place.found, place.before, place.follows()
    if place.kind != "interaction" or found is None or before is None or place.lines_end:
        return None
    if found.text in ("each", "apiece", "ea") and _ends(after):
        return Repair(Needless(span=Span(found.start, found.end), word=found.text, before=before.text), (), 1)
    worded = found.type in _NAMES or found.text == "units" or found.text == "are"
    if worded and after is not None and before.type == "NUMBER":
        kept = place.fits("AT", "NUMBER") and after.type in _RATES
        counted = _kinds(place, 2) == ["LIMIT", "NUMBER"] and after.type == "PER"
        if kept or counted:
            return Repair(Needless(span=Span(found.start, found.end), word=found.text, before=before.text), (), 1)
    earlier = _before(place, 2)
    if before.text not in _FILLERS or found.type not in _NAMES or earlier is None or before.fresh:
        return None
    if before.text in ("any", "some") and earlier.type != "PER":
        return _any(place, before, found) if earlier.type in ("WITH", "AND", "OR") else None
    needless = Needless(span=Span(before.start, before.end), word=before.text, before=earlier.text)
    return Rephrased(needless, (), place.at - 1, place.at)


def _any(place: Place, before: Token, found: Token) -> Remedy:
    """`with any results`."""
    feed = (("SIGN", "≥"), ("NUMBER", "1"), (found.type, found.text))
    return _phrase(place, place.at - 1, place.at + 1, f"≥1 {singular(found.text)}", feed)


def no_such(place: Place) -> Remedy | None:
    """`with no results`."""
    before, found = place.before, place.found
    if place.kind != "interaction" or before is None or found is None or before.type != "NO" or found.type != "NAME":
        return None
    if not found.text.endswith("s") or place.at - place.start < 2:
        return None
    feed = (("EXACTLY", "exactly"), ("NUMBER", "0"), (found.type, found.text))
    return _phrase(place, place.at - 1, place.at + 1, f"exactly 0 {found.text}", feed)


def or_more(place: Place) -> Remedy | None:
    """`1 or more results`."""
    found, before = place.found, place.before
    if found is None or before is None or found.type not in _NAMES or before.text not in ("more", "fewer", "less"):
        return None
    if _kinds(place, 3)[:2] != ["NUMBER", "OR"]:
        return None
    word, number = "least" if before.text == "more" else "most", place.tokens[place.at - 3].text
    feed = (("AT", "at"), (word.upper(), word), ("NUMBER", number), (found.type, found.text))
    noun = singular(found.text) if number == "1" else found.text
    return _phrase(place, place.at - 3, place.at + 1, f"at {word} {number} {noun}", feed)


def number_in_words(place: Place) -> Remedy | None:
    """`at least one result`, `limit three per day`."""
    found = place.found
    if found is None or found.text not in _NUMBERS or not place.fits("NUMBER") or place.fits("NAME"):
        return None
    number = _NUMBERS[found.text]
    return Repair(
        OtherWord(span=Span(found.start, found.end), word=found.text, instead=number), (("NUMBER", number),), 1
    )


def any_of(place: Place) -> Remedy | None:
    """`is any of (agent, email)`, `is either agent or email`."""
    before = place.before
    if place.kind != "interaction" or before is None or place.found is None or "IS" not in _kinds(place, 3)[:-1]:
        return None
    if place.type == "OF" and before.text in ("any", "some", "either"):
        return _phrase(place, place.at - 1, place.at + 1, "one of", (("ONE", "one"), ("OF", "of")))
    if before.text not in ("either", "neither") or place.type not in ("NAME", "QUOTED", "NUMBER"):
        return None
    stop, members = place.at + 1, [place.tokens[place.at]]
    while stop + 1 < place.end and place.tokens[stop].text in ("or", ",", "nor") and not place.tokens[stop].fresh:
        members.append(place.tokens[stop + 1])
        stop += 2
    if len(members) < 2 or any(member.type not in ("NAME", "QUOTED", "NUMBER") for member in members):
        return None
    inner = [part for member in members for part in (("COMMA", ","), (member.type, member.text))][1:]
    words = (("NOT", "not"),) if before.text == "neither" else ()
    instead = f"{'not ' if words else ''}one of ({', '.join(member.text for member in members)})"
    feed = (*words, ("ONE", "one"), ("OF", "of"), ("LPAR", "("), *inner, ("RPAR", ")"))
    return _phrase(place, place.at - 1, stop, instead, feed)


def from_to(place: Place) -> Remedy | None:
    """`results from 1 to 5` in a condition, `integer 0-500` in a declaration."""
    before = place.before
    if before is None:
        return None
    tokens = place.tokens[place.at : min(place.at + 5, place.end)]
    kinds = [token.type for token in tokens]
    skip = 1 if kinds[:1] in (["FROM"], ["LPAR"]) else 0
    if len(kinds) < skip + 3 or kinds[skip] != "NUMBER" or kinds[skip + 2] != "NUMBER":
        return None
    low, high = tokens[skip].text, tokens[skip + 2].text
    if place.kind == "event" and before.type in ("INTEGER", "DECIMAL"):
        closed = skip == 1 and kinds[skip + 3 : skip + 4] == ["RPAR"]
        if kinds[skip + 1] not in ("SUBTRACT", "TO", "AND") or (kinds[0] == "LPAR" and not closed):
            return None
        feed: tuple[tuple[str, str], ...] = (("FROM", "from"), ("NUMBER", low), ("TO", "to"), ("NUMBER", high))
        return _phrase(place, place.at, place.at + skip + 3 + closed, f"from {low} to {high}", feed)
    if place.kind == "interaction" and kinds[0] == "FROM" and kinds[2] == "TO" and place.fits("BETWEEN", "NUMBER"):
        feed = (("BETWEEN", "between"), ("NUMBER", low), ("AND", "and"), ("NUMBER", high))
        return _phrase(place, place.at, place.at + 4, f"between {low} and {high}", feed)
    return None


def words_in_parentheses(place: Place) -> Remedy | None:
    """`channel one of (app, web, kiosk)`."""
    if place.kind != "event" or place.type != "LPAR" or _kinds(place, 2) != ["ONE", "OF"]:
        return None
    stop = place.at + 1
    while stop < place.end and place.tokens[stop].type in ("NAME", "QUOTED", "COMMA", "YES", "NO"):
        stop += 1
    inner = place.tokens[place.at + 1 : stop]
    if not inner or stop >= place.end or place.tokens[stop].type != "RPAR":
        return None
    shown = " ".join(place.source.slice(Span(inner[0].start, inner[-1].end)).split())
    return _phrase(place, place.at, stop + 1, shown, tuple((token.type, token.text) for token in inner))


def condition_on_price(place: Place) -> Remedy | None:
    """`price 1.20 when plan is pro`, `price if plan is pro 1.00 otherwise 1.20`."""
    found = place.found
    if place.kind != "interaction" or found is None or place.first.type != "PRICE" or place.lines_end:
        return None
    if found.text not in _CONDITIONS or _kinds(place, 2) not in (["PRICE"], ["PRICE", "NUMBER"], ["PRICE", "FREE"]):
        return None
    return Dropped(ConditionOnPrice(span=Span(found.start, found.end), word=found.text))


def bound_on_amount(place: Place) -> Remedy | None:
    """`price 1.20 max 5.00`, `price 1.20 at least 0.50`."""
    found = place.found
    if place.kind != "interaction" or found is None or place.lines_end or found.text not in _BOUNDS:
        return None
    if _kinds(place, 2) != ["PRICE", "NUMBER"] and _kinds(place, 4) != ["PRICE", "NUMBER", "PER", "NAME"]:
        return None
    amount = place.tokens[place.start + 1].text
    return Dropped(BoundOnAmount(span=Span(found.start, found.end), amount=amount))


def several_events(place: Place) -> Remedy | None:
    """`counts search, support.query`."""
    found, after = place.found, place.follows()
    if found is None or after is None or _kinds(place, 2)[:1] != ["COUNTS"] or place.at != place.start + 2:
        return None
    dotted = found.type in ("AND", "OR") and after.type == "DOTTED"
    if not dotted and not (found.type == "COMMA" and after.type in _NAMES and not after.fresh):
        return None
    first = place.tokens[place.at - 1].text
    span = Span(place.tokens[place.at - 1].start, after.end)
    return Repair(SeveralEvents(span=span, first=first, second=after.text), (), 2)


def open_tier(place: Place) -> Remedy | None:
    """`over 200 at 0.25`, `all others at 0.25`, `20 free`, `the first 20 free`."""
    if place.kind != "interaction" or not (place.fits("THEN", "FREE") and place.fits("FIRST", "NUMBER")):
        return None
    tokens = place.tokens[place.at : min(place.at + 4, place.end)]
    kinds = [token.type for token in tokens]
    before = {token.type for token in place.tokens[place.start : place.at]} & {"FIRST", "NEXT", "UP"}
    if kinds[:1] == ["NUMBER"] and len(kinds) > 1 and kinds[1] in _RATES:
        word = ("up to" if "UP" in before else "next") if before else "first"
        feed = tuple((part.upper(), part) for part in word.split())
        return _phrase(place, place.at, place.at + 1, f"{word} {tokens[0].text}", (*feed, ("NUMBER", tokens[0].text)))
    if not tokens or tokens[0].text not in _OPEN_TIERS:
        return None
    if len(kinds) > 1 and kinds[1] in ("FIRST", "NEXT") and place.before is not None:
        span, above = Span(tokens[0].start, tokens[0].end), place.before.text
        return Repair(Needless(span=span, word=tokens[0].text, before=above), (), 1)
    end = next((index for index, kind in enumerate(kinds) if kind in _RATES), None)
    if end is None or end == 0 or not before:
        return None
    return _phrase(place, place.at, place.at + end, "then", (("THEN", "then"),))


def unfinished_price(place: Place) -> Remedy | None:
    """`price first 100 free`, `price photos * 0.05`, `price 1.20 per started minute`."""
    found, before, after = place.found, place.before, place.follows()
    if place.kind != "interaction" or found is None or before is None or after is None:
        return None
    kinds = _kinds(place, 5)
    apart = place.lines_end and not place.deeper_than_clauses(place.at)
    if kinds == ["PRICE"] and found.type in ("FIRST", "UP") and after.type in ("NUMBER", "TO") and not apart:
        span = Span(before.end, found.start)
        missing = MissingWord(span=span, word="per month", before=before.text, after=found.text)
        return Repair(missing, (("PER", "per"), ("NAME", "month")), 0)
    if place.lines_end:
        return None
    if kinds == ["PRICE"] and found.type in _NAMES and after.type in ("MULTIPLY", "DIVIDE", "ADD", "SUBTRACT"):
        span = Span(before.end, found.start)
        return Repair(MissingWord(span=span, word="is", before=before.text, after=found.text), (("IS", "is"),), 0)
    if kinds[:3] == ["PRICE", "NUMBER", "PER"] and before.text in ("started", "full") and found.type in _NAMES:
        more = after.type != "PER"
        feed = ((before.text.upper(), before.text), ("NUMBER", "1"), (found.type, found.text))
        feed = (*feed, *((("PER", "per"), ("NAME", "month")) if more else ()))
        instead = f"{before.text} 1 {found.text}{' per month' if more else ''}"
        return _phrase(place, place.at - 1, place.at + 1, instead, feed)
    return None
