"""What could have stood at a place, in the author's words, where no known habit explains what does stand there."""

from dsl.diagnostics.misplaced import Expected, OutOfPlace
from dsl.parser.automaton import tables
from dsl.parser.place import Place
from dsl.parser.remedy import Dropped, Remedy
from dsl.source import Span

_AFTER = {
    "COUNTS": "the event that counts",
    "PRICE": "a price",
    "UNITS": "the number of units",
    "EVENT": "the event's type",
    "INTERACTION": "the interaction's name",
    "EXAMPLE": "a title in double quotes",
    "EVERY": "`event`",
    "RULESET": "the ruleset's name",
    "VERSION": "the version's number",
    "EFFECTIVE": "a date",
    "CURRENCY": "the currency's three letters",
    "TIMEZONE": "the time zone's name",
    "ALSO": "`counts`",
    "LIMIT": "how many events count",
    "ONCE": "`per`",
    "CAP": "the largest amount",
    "DISCOUNT": "a percentage",
    "SURCHARGE": "a percentage",
    "ARROW": "what the step comes to",
    "DEFAULT": "the value that stands in where none is sent",
    "OR_ELSE": "the value that stands in where there is none",
    "THEN": "`at` and a price, `for` and an amount, or `free`",
    "ABOVE": "`at` and a price, `for` and an amount, or `free`",
    "FIRST": "how many units the tier holds",
    "NEXT": "how many units the tier holds",
    "OTHERWISE": "a price",
    "ROUNDED": "`up`, `down` or `to`",
    "FROM": "where it begins",
    "PLUS": "an amount",
}
"""What follows a word, where the word alone says it."""

_MODELS = {
    "COUNTS": "counts search with voice and ≥1 result",
    "ALSO": "also counts search with voice",
    "ONCE": "once per ticket per month",
    "LIMIT": "limit 3 per member per day",
    "UNITS": "units 1 + photos / 10 rounded up",
    "DISCOUNT": "discount 50% with plan is pro",
    "SURCHARGE": "surcharge 10% with plan is free",
    "CAP": "cap 500.00 per month",
    "EVENT": "event search",
    "EVERY": "every event",
    "INTERACTION": 'interaction voice_search "Voice search"',
    "EXAMPLE": 'example "an empty search is free"',
    "RULESET": "ruleset proptech",
    "VERSION": "version 2",
    "EFFECTIVE": "effective 2026-07-01",
    "CURRENCY": "currency USD",
    "TIMEZONE": "timezone America/New_York",
}
"""A line of each kind, by its first word."""

_JOINTS = (
    "AND", "OR", "PER", "WITH", "AS", "PLUS", "BY", "AT", "FROM", "OPTIONAL", "DEFAULT", "SENT", "IS",
    "BETWEEN", "COMMA", "RPAR", "OTHERWISE", "THEN", "NEXT", "UP", "ARROW", "COLON", "LPAR", "TO", "OF",
)  # fmt: skip
"""The words and marks that join what stands before to more, in the order in which they are offered."""

_TOO_MANY = {"DOTTED", "INSTANT", "SUBTRACT", "ADD", "MULTIPLY", "DIVIDE"}
"""What may stand in so many places that naming it helps nobody."""

_AN = {"event": "an", "interaction": "a", "example": "a"}
_PARTS = {"header": "line", "event": "attribute", "interaction": "clause", "example": "step"}


def expectation(place: Place) -> Remedy:
    """What is wrong where nothing more particular is known."""
    found, before = place.found, place.before
    if place.at_start and found is not None:
        what = "a line of the header" if place.kind == "header" else f"{_AN[place.kind]} {_PARTS[place.kind]}"
        models = {
            "header": "version 2",
            "event": "voice boolean",
            "interaction": "price 0.05",
            "example": "search (voice: yes) => nothing",
        }
        model = models[place.kind]
        return Remedy(Expected(span=place.span, what=what, before=None, found=found.text, model=model))
    if place.complete and found is not None and before is not None:
        names = tables().soft if place.fits("NAME") else ()
        follow = tuple(_text(kind) for kind in _JOINTS if kind in place.expected and _text(kind) not in names)[:5]
        part = _PARTS[place.kind]
        span = Span(found.start, found.end)
        remedy = Dropped if place.kind == "event" else Remedy  # half an attribute would be another one
        return remedy(OutOfPlace(span=span, found=found.text, before=before.text, follow=follow, part=part))
    shown = None if found is None or place.lines_end else found.text
    last = before.text if before is not None else None
    return Remedy(Expected(span=place.span, what=_what(place), before=last, found=shown, model=_model(place)))


def _text(kind: str) -> str:
    """A word or mark as it is written."""
    if kind in ("SENT", "OR_ELSE"):
        return {"SENT": "sent as", "OR_ELSE": "or else"}[kind]
    texts = {name: text for text, name in (*tables().words.items(), *tables().marks.items())}
    return texts.get(kind, "=" if kind == "SIGN" else kind.lower())


def _model(place: Place) -> str | None:
    """A line that shows how it is written."""
    first = place.first.type
    if place.kind == "interaction" and place.before is not None and place.before.type == "OF" and place.fits("LPAR"):
        return "status is one of (accepted, rejected)"
    if place.kind == "example" and first != "EXAMPLE":
        return "search (voice: yes, results: 3) => voice_search, 1 unit, 0.05"
    if place.kind == "event" and first not in ("EVENT", "EVERY"):
        kinds = {t.type for t in place.tokens[place.start : place.at]}
        if "ONE" in kinds:
            return "plan one of free, pro default free"
        if "FROM" in kinds or "INTEGER" in kinds or "DECIMAL" in kinds:
            return "results integer from 0 to 100"
        return 'results integer default 0 sent as "resultCount"'
    if first == "PRICE" and place.at == place.start + 1 and place.found is not None and place.found.type == "NAME":
        return f"price 0.05 per minute`, or, for an amount that the event carries, `price is {place.found.text}"
    return _price_model(place) if first == "PRICE" else _MODELS.get(first)


def _price_model(place: Place) -> str:
    """A price like the one that was begun."""
    kinds = [t.type for t in place.tokens[place.start + 1 : place.at]]
    if "BY" in kinds and kinds[0] == "BY":
        return "price by channel app 0.05 otherwise 0.03"
    if "FIRST" in kinds or "NEXT" in kinds or "THEN" in kinds or kinds[:1] == ["PER"]:
        return "price per month first 100 free then at 0.25"
    if "UP" in kinds:
        return "price per month up to 100 at 0.40 then at 0.25"
    if kinds[:1] == ["PERCENT"]:
        return "price 2.9% of amount plus 0.30"
    if kinds[:1] == ["IS"]:
        return "price is 0.10 * amount at most 20.00"
    if "STARTED" in kinds or "FULL" in kinds:
        return "price 10.00 per started 100 units per month"
    if "PER" in kinds:
        return "price 5.00 per 1_000 tokens"
    return "price 0.05 per minute"


def _what(place: Place) -> str:
    """What was to stand at the place."""
    before = place.before.type if place.before is not None else ""
    fits = place.fits
    if before in _AFTER and not place.complete:
        wanted = _AFTER[before]
        if before not in ("FIRST", "NEXT", "EVENT", "PLUS", "FROM") or fits("NUMBER") or fits("NAME"):
            return wanted
    if before == "PER":
        return _after_per(place)
    if before in ("IS", "SIGN", "LEAST", "MOST", "THAN", "EXACTLY") and place.kind == "interaction":
        return "a number" if not fits("NAME") else "a value to compare with"
    if before == "NUMBER" and fits("NAME") and not fits("NUMBER"):
        return "a word for what is counted"
    if before == "BY" and fits("VOLUME"):
        return "`volume`"
    if before == "BY" and fits("NAME"):
        return "the attribute that the price depends on"
    if fits("THEN", "FREE") and fits("FIRST", "NUMBER"):
        return "a tier, such as `first 100 free` or `then at 0.25`"
    clause = [token.type for token in place.tokens[place.start : place.at]]
    if place.kind == "interaction" and fits("NAME") and not fits("NUMBER") and "AS" in clause:
        return "a word for what is counted"
    if place.kind == "example" and fits("COMMA", "NUMBER") and not place.complete and "ARROW" in clause:
        return "`,` with the price"
    if place.kind == "interaction" and fits("AND") and not place.complete and "BETWEEN" in clause:
        return "`and`"
    if fits("LPAR") and fits("NOT"):
        return "a condition"
    if fits("LPAR") and fits("NAME") and fits("NUMBER"):
        return "an attribute or a value"
    if fits("BOOLEAN") and not fits("NAME"):
        return "a type"
    if fits("NAME") and fits("NUMBER"):
        return "a value"
    return _single(place)


def _after_per(place: Place) -> str:
    """What was to stand after `per`."""
    if place.fits("STARTED") and place.fits("NUMBER"):
        return "what the amount is for, such as `minute` or `100 minutes`"
    if place.fits("EVENT"):
        return "`event`, or an attribute or a period such as `month`"
    return "an attribute or a period such as `month`"


def _single(place: Place) -> str:
    """What was to stand there, by the kinds of things that can."""
    fits = place.fits
    kinds = {
        "NAME": "a name",
        "NUMBER": "a number",
        "PERCENT": "a percentage",
        "QUOTED": "a text in double quotes",
        "CALENDAR_DATE": "a date",
        "CLOCK_TIME": "a time of day",
    }
    if fits("QUOTED") and fits("YES") and fits("NAME"):
        return "a word, or a text in double quotes"
    wanted = [phrase for kind, phrase in kinds.items() if fits(kind) and not (kind == "QUOTED" and fits("NAME"))]
    soft = tables().soft
    single = [_text(kind) for kind in sorted(place.expected - kinds.keys() - _TOO_MANY)]
    wanted += [f"`{text}`" for text in single if not (text in soft and fits("NAME"))]
    if not wanted:
        return "something else"
    wanted = wanted[:6]
    return wanted[0] if len(wanted) == 1 else f"{', '.join(wanted[:-1])} or {wanted[-1]}"
