"""Mistakes of phrasing: words before the place are read again as the words that were meant."""

from dsl.diagnostics.misplaced import MissingWord, Needless, NeedlessIs
from dsl.diagnostics.phrases import OtherPhrase, SecondPer, SizedType
from dsl.parser.place import Place
from dsl.parser.remedy import Dropped, Remedy, Rephrased
from dsl.parser.token import Token
from dsl.source import Span

_ALL = ("all", "each", "every", "everything", "only")
_EVENTS = ("event", "events", "everything")
_OPERATORS = {"contain": "contains", "contains": "contains", "include": "contains", "includes": "contains",
              "have": "contains", "start": "starts", "starts": "starts", "end": "ends", "ends": "ends"}  # fmt: skip
_FUNCTIONS = {"len": "length", "length": "length", "count": "count", "hour": "hour", "weekday": "weekday",
              "date": "date", "size": "count", "strlen": "length"}  # fmt: skip
_EXTREMES = {"min": "smaller", "max": "larger", "least": "smaller", "greatest": "larger"}
_ROUNDINGS = {"ceil": "up", "ceiling": "up", "roundup": "up", "floor": "down", "rounddown": "down", "round": ""}
_TYPES = ("DECIMAL", "INTEGER", "STRING", "BOOLEAN", "TIMESTAMP")
_VALUES = ("NAME", "QUOTED", "NUMBER", "DOTTED")
_AS_CASE = ("when", "if", "case", "for", "where")
Feed = tuple[tuple[str, str], ...]
LONGEST_LIST = 100
"""How many words are looked at for a list."""


def _token(place: Place, distance: int) -> Token | None:
    """The token so far before the place, within the clause."""
    index = place.at - distance
    return place.tokens[index] if index >= place.start else None


def _type(place: Place, distance: int) -> str:
    token = _token(place, distance)
    return token.type if token is not None else ""


def _text(place: Place, begin: int, stop: int) -> str:
    """The text of some tokens, its blanks as one."""
    return " ".join(place.source.slice(Span(place.tokens[begin].start, place.tokens[stop - 1].end)).split())


def _span(place: Place, begin: int, stop: int) -> Span:
    return Span(place.tokens[begin].start, place.tokens[stop - 1].end)


def _feed(tokens: list[Token]) -> Feed:
    return tuple((token.type, token.text) for token in tokens)


def _other(place: Place, begin: int, stop: int, instead: str, feed: Feed) -> Remedy:
    """The tokens from `begin` to `stop` are read as `feed`; `instead` is what to write."""
    diagnostic = OtherPhrase(span=_span(place, begin, stop), phrase=_text(place, begin, stop), instead=instead)
    return Rephrased(diagnostic, feed, begin, stop)


def counted(place: Place) -> Remedy | None:
    """`counts all events`, `counts all searches`, `counts also search`."""
    if place.kind != "interaction" or place.first.type != "COUNTS" or place.at - place.start not in (1, 2):
        return None
    word = place.tokens[place.start + 1] if place.start + 1 < place.end else None
    if word is None or word.fresh:
        return None
    if word.text == "also" and place.at == place.start + 2 and not place.lines_end:
        feed = (("ALSO", "also"), ("COUNTS", "counts"))
        return _other(place, place.start, place.at, "also counts", feed)
    if word.text not in _ALL or place.at == place.end:
        return None
    after = place.tokens[place.start + 2] if place.start + 2 < place.end else None
    feed = (("ANY", "any"), ("EVENT", "event"))
    if after is not None and not after.fresh and after.text in _EVENTS:
        return _other(place, place.start + 1, place.start + 3, "any event", feed)
    if after is None or after.fresh or place.at == place.start + 1:
        return None
    diagnostic = Needless(span=_span(place, place.start + 1, place.start + 2), word=word.text, before="counts")
    return Rephrased(diagnostic, (), place.start + 1, place.start + 2)


def one_of(place: Place) -> Remedy | None:
    """`is accepted, rejected`, `is (accepted, rejected)`, `= (1, 2)`."""
    if place.kind != "interaction" or place.type != "COMMA" or _type(place, 1) not in _VALUES:
        return None
    enclosed = _type(place, 2) == "LPAR"
    index = place.at - (3 if enclosed else 2)
    negated = index > place.start and place.tokens[index].type == "NOT"
    index -= negated
    joint = place.tokens[index] if index > place.start else None
    if joint is None or not (joint.type == "IS" or (joint.type == "SIGN" and joint.text in ("=", "!=", "≠"))):
        return None
    negated = negated or joint.text in ("!=", "≠")
    stop, members = place.at, [place.tokens[place.at - 1]]
    while stop + 1 < min(place.end, place.at + LONGEST_LIST) and place.tokens[stop].type in ("COMMA", "OR"):
        step = 2 if place.tokens[stop].type == "COMMA" and place.tokens[stop + 1].type == "OR" else 1
        if stop + step >= place.end or place.tokens[stop + step].type not in _VALUES:
            break
        members.append(place.tokens[stop + step])
        stop += step + 1
    if len(members) < 2:
        return None
    if enclosed:
        if stop >= place.end or place.tokens[stop].type != "RPAR":
            return None
        stop += 1
    words: Feed = (("IS", "is"), *((("NOT", "not"),) if negated else ()), ("ONE", "one"), ("OF", "of"), ("LPAR", "("))
    inner = [part for member in members for part in (("COMMA", ","), (member.type, member.text))][1:]
    shown = ", ".join(member.text for member in members)
    instead = f"is {'not ' if negated else ''}one of ({shown})"
    return _other(place, index, stop, instead, (*words, *inner, ("RPAR", ")")))


def does_not(place: Place) -> Remedy | None:
    """`ticket does not contain "x"`, `ticket not contains "x"`."""
    if place.kind != "interaction" or place.text not in ("does", "do", "not"):
        return None
    at = place.at + 1 if place.text != "not" else place.at
    operator = place.tokens[at + 1] if at + 1 < place.end else None
    before = place.before
    if operator is None or place.tokens[at].type != "NOT" or operator.text not in _OPERATORS:
        return None
    if before is None or before.type not in ("NAME", "DOTTED"):
        return None
    word = _OPERATORS[operator.text]
    after = place.tokens[at + 2] if at + 2 < place.end else None
    more = word != "contains" and after is not None and after.type == "WITH"
    kinds = [("NOT", "not"), (before.type, before.text), (word.upper(), word)]
    kinds += [("WITH", "with")] if word != "contains" else []
    instead = f"not {before.text} {word}{'' if word == 'contains' else ' with'}"
    return _other(place, place.at - 1, at + 2 + more, instead, tuple(kinds))


def function(place: Place) -> Remedy | None:
    """`len(body)`, `round(x)`, `min(a, b)`."""
    before = place.before
    if place.kind != "interaction" or place.type != "LPAR" or before is None or before.fresh:
        return None
    if before.text in _EXTREMES:
        word = _EXTREMES[before.text]
        feed: Feed = ((word.upper(), word), ("OF", "of"))
        return _other(place, place.at - 1, place.at, f"{word} of", feed)
    depth, stop = 0, place.at
    while stop < min(place.end, place.at + LONGEST_LIST):
        depth += {"LPAR": 1, "RPAR": -1}.get(place.tokens[stop].type, 0)
        stop += 1
        if depth == 0:
            break
    inner = place.tokens[place.at + 1 : stop - 1]
    if depth or not inner:
        return None
    shown = place.source.slice(Span(inner[0].start, inner[-1].end))
    if before.text in _FUNCTIONS and len(inner) == 1:
        word = _FUNCTIONS[before.text]
        feed = ((word.upper(), word), ("OF", "of"), *_feed(inner))
        return _other(place, place.at - 1, stop, f"{word} of {shown}", feed)
    if before.text == "round" and len(inner) > 2 and [t.type for t in inner[-2:]] == ["COMMA", "NUMBER"]:
        places, shown = inner[-1].text, place.source.slice(Span(inner[0].start, inner[-3].end))
        words = (("ROUNDED", "rounded"), ("TO", "to"), ("NUMBER", places), ("PLACES", "places"))
        feed = (("LPAR", "("), *_feed(inner[:-2]), ("RPAR", ")"), *words)
        return _other(place, place.at - 1, stop, f"{shown} rounded to {places} places", feed)
    if before.text in _ROUNDINGS and not any(token.type == "COMMA" for token in inner):
        mode = _ROUNDINGS[before.text]
        words = (("ROUNDED", "rounded"), *(((mode.upper(), mode),) if mode else ()))
        sums = any(token.type in ("ADD", "SUBTRACT") for token in inner)
        shown = f"({shown})" if sums else shown
        feed = (("LPAR", "("), *_feed(inner), ("RPAR", ")"), *words)
        return _other(place, place.at - 1, stop, " ".join((shown, *(text for _, text in words))), feed)
    return None


def tier(place: Place) -> Remedy | None:
    """A tier by its first and last unit: `1-100 free`, `101 to 200 at 0.40`, `from 101 to 200`, `200+`, `> 200`."""
    if place.kind != "interaction" or not (place.fits("THEN", "FREE") and place.fits("FIRST", "NUMBER")):
        return None
    texts = [(t.type, t.text) for t in place.tokens[place.at : min(place.at + 5, place.end)]]
    kinds = [kind for kind, _ in texts]
    skip = 1 if kinds[:1] == ["FROM"] or (kinds[:1] == ["BETWEEN"]) else 0
    begin, stop = place.at, place.at + skip + 3
    if kinds[skip : skip + 1] == ["NUMBER"] and kinds[skip + 1 : skip + 3] in (
        ["SUBTRACT", "NUMBER"],
        ["TO", "NUMBER"],
    ):
        return _other(place, begin, stop, *_next_tier(place, texts[skip][1], texts[skip + 2][1]))
    open_one = kinds[:2] in (["NUMBER", "ADD"], ["SIGN", "NUMBER"]) and texts[0][1] not in ("<", "<=", "≤")
    if open_one and place.start < place.at:
        return _other(place, begin, begin + 2, "then", (("THEN", "then"),))
    return None


def _next_tier(place: Place, low: str, high: str) -> tuple[str, Feed]:
    """How a tier from one number to another is said behind those before it, and its tokens."""
    before = {token.type for token in place.tokens[place.start : place.at]}
    whole = low.replace("_", "").isdigit() and high.replace("_", "").isdigit()
    first = not before & {"FIRST", "NEXT", "UP"}
    if "UP" in before or not whole or int(high) <= int(low):
        return f"up to {high}", (("UP", "up"), ("TO", "to"), ("NUMBER", high))
    if first and int(low) <= 1:
        return f"first {high}", (("FIRST", "first"), ("NUMBER", high))
    # 101 to 200 are a hundred, and so are 100 to 200 where the tier before ends with 100.
    size = f"{int(high) - int(low) + (int(low) % 10 == 1):_}"
    word = "first" if first else "next"
    return f"{word} {size}", ((word.upper(), word), ("NUMBER", size))


def second_per(place: Place) -> Remedy | None:
    """`price 0.05 per minute per month`."""
    after = place.follows()
    if place.kind != "interaction" or place.type != "PER" or after is None or place.at - place.start != 4:
        return None
    if [_type(place, 4), _type(place, 3), _type(place, 2)] != ["PRICE", "NUMBER", "PER"]:
        return None
    amount, first = place.tokens[place.at - 3].text, place.tokens[place.at - 1].text
    span = _span(place, place.at, place.at + 2)
    return Dropped(SecondPer(span=span, amount=amount, first=first, second=after.text))


def sized_type(place: Place) -> Remedy | None:
    """`decimal(10,2)`."""
    before = place.before
    if place.kind != "event" or place.type != "LPAR" or before is None or before.type not in _TYPES:
        return None
    stop = place.at + 1
    while stop < place.end and place.tokens[stop].type in ("NUMBER", "COMMA"):
        stop += 1
    if stop >= place.end or place.tokens[stop].type != "RPAR":
        return None
    written = _text(place, place.at - 1, stop + 1)
    diagnostic = SizedType(span=_span(place, place.at - 1, stop + 1), written=written, type=before.text)
    return Rephrased(diagnostic, (), place.at, stop + 1)


def list_without_commas(place: Place) -> Remedy | None:
    """`plan one of free pro team`: the commas left out, so that the second word was read as another attribute."""
    name = place.before
    if place.kind != "event" or name is None or name.fresh or place.at - 2 <= place.begin or not place.fits("BOOLEAN"):
        return None
    line = next((i for i in range(place.at - 1, place.begin, -1) if place.tokens[i].fresh), place.begin)
    kinds = {token.type for token in place.tokens[line : place.at - 1]}
    earlier = place.tokens[place.at - 2]
    if name.type not in ("NAME", "QUOTED") or earlier.type not in ("NAME", "QUOTED"):
        return None
    if "ONE" not in kinds or kinds & {"DEFAULT", "OPTIONAL", "SENT"}:
        return None
    words = [name]
    index = place.at
    while index < place.end and not place.tokens[index].fresh and place.tokens[index].type in ("NAME", "QUOTED"):
        words.append(place.tokens[index])
        index += 1
    feed = tuple(part for word in words for part in (("COMMA", ","), (word.type, word.text)))
    span = Span(earlier.end, name.start)
    diagnostic = MissingWord(span=span, word=",", before=earlier.text, after=name.text)
    return Rephrased(diagnostic, feed, place.at - 1, index, part=True)


def case(place: Place) -> Remedy | None:
    """`when app 0.05` among the cases of a price."""
    before = place.before
    if place.kind != "interaction" or before is None or not before.fresh or before.text not in _AS_CASE:
        return None
    if place.lines_end or place.type not in _VALUES or not place.fits("COMMA", "NAME") or place.first.type != "PRICE":
        return None
    diagnostic = Needless(
        span=_span(place, place.at - 1, place.at), word=before.text, before=place.tokens[place.at - 2].text
    )
    return Rephrased(diagnostic, (), place.at - 1, place.at)


def needless_is(place: Place) -> Remedy | None:
    """`is at least 3`, `is more than 3`, `is > 3`."""
    found, before, after = place.found, place.before, place.follows()
    if found is None or before is None:
        return None
    of_two = found.type == "AT" and after is not None and after.type in ("LEAST", "MOST")
    if before.type == "IS" and (found.type == "SIGN" or of_two):
        words = Span(found.start, after.end) if of_two and after is not None else Span(found.start, found.end)
        comparison = place.source.slice(words)
        diagnostic = NeedlessIs(span=Span(before.start, words.end), comparison=comparison)
        return Rephrased(diagnostic, (), place.at - 1, place.at)
    earlier = _token(place, 2)
    if earlier is None or earlier.type != "IS" or before.text not in ("more", "less", "fewer", "exactly", "greater"):
        return None
    if found.type == "THAN" or (before.text == "exactly" and found.type == "NUMBER"):
        words = Span(before.start, found.end if found.type == "THAN" else before.end)
        word = "more" if before.text == "greater" else before.text
        shown = place.source.slice(words).replace("greater", "more")
        diagnostic = NeedlessIs(span=Span(earlier.start, words.end), comparison=shown)
        return Rephrased(diagnostic, ((word.upper(), word),), place.at - 2, place.at)
    return None
