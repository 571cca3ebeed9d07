"""Random conditions that a checker accepts: every optional attribute is discharged before it is used."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tests.programs import literals
from tests.programs.layout import Tokens, commas
from tests.programs.literals import SHORT_TEXTS, TEXTS, number_text
from tests.programs.model import Attribute, chance, quoted, word_token
from tests.programs.numeric import OPERAND, numeric, or_else, value_near
from tests.programs.scope import BUILT_IN, Scope

EQUAL = ("is", "=")
UNEQUAL = ("is not", "≠", "!=")
ORDERED = ("≥", "≤", ">=", "<=", "<", ">", "at least", "at most", "more than", "less than", "fewer than", "exactly")
QUANTITIES = (*ORDERED, "=", "≠")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Condition:
    """A condition; `yes` is known to be present where it holds, `no` where it does not."""

    tokens: Tokens
    yes: frozenset[str] = NOTHING
    no: frozenset[str] = NOTHING
    touched: frozenset[str] = NOTHING
    joined: bool = False

    def alone(self) -> Tokens:
        """The tokens of one test, in parentheses where the condition is joined of several."""
        return ["(", *self.tokens, ")"] if self.joined else self.tokens


def condition(scope: Scope, depth: int) -> Condition:
    """Any condition."""
    if depth > 0 and chance(scope.rng, 60):
        return _joined(scope, depth, "and") if chance(scope.rng, 60) else _joined(scope, depth, "or")
    return _test(scope, depth)


def _joined(scope: Scope, depth: int, word: str) -> Condition:
    """`A and B`, `A or B`: what one part proves, the next may use."""
    rng = scope.rng
    holding, failing = NOTHING, None
    touched, inner = NOTHING, scope
    tokens: Tokens = []
    doubtful = scope.doubtful()
    chosen = rng.choice(doubtful) if doubtful and chance(rng, 70) else None
    for number in range(rng.choice((2, 2, 3))):
        if chosen is not None and number == 0:
            part = _presence(chosen, scope, given=(word == "and"))
        elif chosen is not None and number == 1:
            part = Condition(_about(inner, chosen, [chosen.name]))
        else:
            part = condition(inner, depth - 1)
        go_on, stop = (part.yes, part.no) if word == "and" else (part.no, part.yes)
        stopped = holding | stop
        failing = stopped if failing is None else failing & stopped
        holding |= go_on
        touched |= part.touched
        inner = scope.knowing(holding, touched)
        tokens += [word, *part.alone()] if number else part.alone()
    assert failing is not None
    yes, no = (holding, failing) if word == "and" else (failing, holding)
    return Condition(tokens, yes, no, touched, joined=True)


def _presence(attribute: Attribute, scope: Scope, given: bool) -> Condition:
    """A test that holds where the attribute is given, or where it is missing."""
    rng = scope.rng
    name = frozenset({attribute.name})
    opposite = chance(rng, 20)
    words = ("is given", "is not missing") if given != opposite else ("is missing", "is not given")
    tokens = [*(["not"] if opposite else []), attribute.name, rng.choice(words)]
    return Condition(tokens, name if given else NOTHING, NOTHING if given else name, name)


def _test(scope: Scope, depth: int) -> Condition:
    rng = scope.rng
    doubtful = scope.doubtful()
    kind = rng.random()
    if doubtful and kind < 0.12:
        return _presence(rng.choice(doubtful), scope, given=chance(rng, 50))
    if doubtful and kind < 0.3:
        attribute = rng.choice(doubtful)
        return Condition(_about(scope, attribute, _defaulted(scope, attribute)))
    if kind < 0.4:
        inner = condition(scope, depth - 1)
        return Condition(["not", *inner.alone()], inner.no, inner.yes, inner.touched)
    if kind < 0.46:
        low, high = rng.sample(("00:00", "22:30", "07:00", "06:59", "12:00", "23:59", "02:30"), 2)
        return Condition(["time of day", *_between(scope), low, "and", high])
    if kind < 0.6:
        return Condition(_comparison(scope, depth))
    names = [a for a in scope.attributes if not a.optional or a.name in scope.known]
    attribute = rng.choice(BUILT_IN) if not names or chance(rng, 6) else rng.choice(names)
    return Condition(_about(scope, attribute, [attribute.name]))


def _between(scope: Scope) -> Tokens:
    return scope.rng.choice((["between"], ["is", "between"]))


def _comparison(scope: Scope, depth: int) -> Tokens:
    """Two numbers compared, neither of them waiting for a rounding."""
    rng = scope.rng
    left, right = numeric(scope, depth), numeric(scope, max(0, depth - 1))
    if not (left.fits(right.scale) and right.fits(left.scale)):
        return ["hour of", "time", rng.choice(ORDERED), str(rng.randint(1, 22))]
    if chance(rng, 15) and left.binding >= OPERAND:
        return [*left.tokens, *_between(scope), "0", "and", number_text(rng, rng.choice((1, 10, 5000)))]
    return [*left.tokens, rng.choice((*ORDERED, *EQUAL, *UNEQUAL)), *right.tokens]


def _defaulted(scope: Scope, attribute: Attribute) -> Tokens:
    """`query or else ""`."""
    rng = scope.rng
    match attribute.kind:
        case "integer" | "decimal":
            return or_else(scope, attribute)
        case "boolean":
            value = rng.choice(("yes", "no"))
        case "string":
            value = quoted(rng.choice(TEXTS))
        case "one of":
            value = word_token(rng, rng.choice(attribute.words))
        case "timestamp":
            value = literals.timestamp_text(rng, scope.shop.zone)
        case _:
            return [attribute.name, "or else", *rng.choice((["empty"], text_list(scope)))]
    return [attribute.name, "or else", value]


def text_list(scope: Scope) -> Tokens:
    """`("a", "b")`."""
    texts = scope.rng.sample(SHORT_TEXTS, scope.rng.choice((1, 2, 3)))
    return ["(", *commas([[quoted(text)] for text in texts]), ")"]


def _members(scope: Scope, operand: Tokens, values: list[Tokens]) -> Tokens:
    word = "one of" if chance(scope.rng, 60) else "not one of"
    words = ["is", "one of"] if word == "one of" else ["is", "not", "one of"]
    return [*operand, *words, "(", *commas(values), ")"]


def _about(scope: Scope, attribute: Attribute, operand: Tokens) -> Tokens:
    """A test of one attribute, whose value here stands in `operand`."""
    makers: dict[str, Callable[[Scope, Attribute, Tokens], Tokens]] = {
        "boolean": _about_boolean,
        "integer": _about_number,
        "decimal": _about_number,
        "string": _about_string,
        "timestamp": _about_timestamp,
        "one of": _about_word,
        "list of string": _about_list,
    }
    return makers[attribute.kind](scope, attribute, operand)


def _about_boolean(scope: Scope, attribute: Attribute, operand: Tokens) -> Tokens:
    rng = scope.rng
    if chance(rng, 40):
        return operand
    if chance(rng, 20):
        return ["not", *operand]
    others = [a for a in scope.usable("boolean") if a.name != attribute.name]
    if others and chance(rng, 20):
        return [*operand, rng.choice((*EQUAL, *UNEQUAL)), rng.choice(others).name]
    return [*operand, rng.choice((*EQUAL, *UNEQUAL)), rng.choice(("yes", "no"))]


def nouns(name: str) -> list[str]:
    """The words that a quantity phrase may have for an attribute's name."""
    singular = [name[:-3] + "y"] if name.endswith("ies") else []
    if name.endswith(("xes", "ses", "ches")):
        singular.append(name[:-2])
    elif name.endswith("s") and not name.endswith("ies"):
        singular.append(name[:-1])
    return [name, *singular]


def _about_number(scope: Scope, attribute: Attribute, operand: Tokens) -> Tokens:
    rng = scope.rng
    value = value_near(scope, attribute)
    text = number_text(rng, value)
    kind = rng.random()
    if kind < 0.35 and len(operand) == 1 and value >= 0:
        return [rng.choice(QUANTITIES), text, rng.choice(nouns(attribute.name))]
    if kind < 0.5:
        other = value_near(scope, attribute)
        if other != value:
            low, high = sorted((value, other))
            return [*operand, *_between(scope), number_text(rng, low), "and", number_text(rng, high)]
    if kind < 0.6:
        values = sorted({value_near(scope, attribute) for _ in range(3)})
        return _members(scope, operand, [[number_text(rng, each)] for each in values])
    return [*operand, rng.choice((*ORDERED, *EQUAL, *UNEQUAL)), text]


def _about_string(scope: Scope, attribute: Attribute, operand: Tokens) -> Tokens:
    rng = scope.rng
    kind = rng.random()
    text = rng.choice(SHORT_TEXTS)
    scope.shop.landmarks[attribute.name].append(text)
    others = [a for a in scope.usable("string") if a.name != attribute.name]
    if kind < 0.2:
        return [*operand, "contains", quoted(text)]
    if kind < 0.4:
        return [*operand, rng.choice(("starts with", "ends with")), quoted(text)]
    if kind < 0.5 and len(operand) == 1:
        return ["length of", *operand, rng.choice(ORDERED), str(rng.choice((1, 2, 3)))]
    if kind < 0.6:
        return _members(scope, operand, [[quoted(each)] for each in rng.sample(SHORT_TEXTS, rng.choice((1, 2, 3)))])
    if kind < 0.7 and others:
        return [*operand, rng.choice((*EQUAL, *UNEQUAL, "starts with", "contains")), rng.choice(others).name]
    return [*operand, rng.choice((*EQUAL, *UNEQUAL)), quoted(rng.choice((text, text, "")))]


def _about_word(scope: Scope, attribute: Attribute, operand: Tokens) -> Tokens:
    rng = scope.rng
    if chance(rng, 30) and len(attribute.words) > 2:
        words = rng.sample(attribute.words, rng.randint(1, len(attribute.words) - 1))
        return _members(scope, operand, [[word_token(rng, word)] for word in words])
    return [*operand, rng.choice((*EQUAL, *UNEQUAL)), word_token(rng, rng.choice(attribute.words))]


def _about_list(scope: Scope, attribute: Attribute, operand: Tokens) -> Tokens:
    rng = scope.rng
    if chance(rng, 50) or len(operand) > 1:
        text = rng.choice(SHORT_TEXTS)
        scope.shop.landmarks[attribute.name].append(text)
        return [*operand, "contains", quoted(text)]
    if chance(rng, 30):
        texts = rng.sample(SHORT_TEXTS, 2)
        literal = rng.choice((["empty"], ["(", *commas([quoted(text)] for text in texts), ")"]))
        return [*operand, rng.choice((*EQUAL, *UNEQUAL)), *literal]
    number = str(rng.choice((1, 2, 3)))
    if chance(rng, 50):
        return [rng.choice(QUANTITIES), number, rng.choice(nouns(attribute.name))]
    return ["count of", *operand, rng.choice((*ORDERED, *EQUAL, *UNEQUAL)), number]


def _about_timestamp(scope: Scope, attribute: Attribute, operand: Tokens) -> Tokens:
    rng = scope.rng
    kind = rng.random()
    if kind < 0.15 and len(operand) == 1:
        return ["hour of", *operand, rng.choice((*ORDERED, *EQUAL)), str(rng.randint(1, 22))]
    if kind < 0.4 and len(operand) == 1:
        return _about_weekday(scope, ["weekday of", *operand])
    first, second = sorted((_landmark_day(scope, attribute), _landmark_day(scope, attribute)))
    if kind < 0.5 and len(operand) == 1:
        operand = ["date of", *operand]
        if chance(rng, 25):
            return [*operand, rng.choice((*ORDERED, *EQUAL, *UNEQUAL)), "date of", "time"]
    elif kind < 0.65:
        at = literals.timestamp_text(rng, scope.shop.zone)
        return [*operand, rng.choice((*ORDERED, *EQUAL, *UNEQUAL)), at]
    elif kind < 0.75:
        others = [a for a in scope.usable("timestamp") if a.name != attribute.name]
        if others:
            return [*operand, rng.choice((*ORDERED, *UNEQUAL)), rng.choice(others).name]
    if chance(rng, 40) and first != second:
        return [*operand, *_between(scope), first.isoformat(), "and", second.isoformat()]
    return [*operand, rng.choice((*ORDERED, *EQUAL, *UNEQUAL)), first.isoformat()]


def _landmark_day(scope: Scope, attribute: Attribute) -> date:
    day = literals.day(scope.rng)
    scope.shop.landmarks[attribute.name].append(day)
    return day


def _about_weekday(scope: Scope, operand: Tokens) -> Tokens:
    rng = scope.rng
    kind = rng.random()
    if kind < 0.25:
        return _members(scope, operand, [[day] for day in rng.sample(WEEKDAYS, rng.choice((1, 2, 3)))])
    if kind < 0.5:
        low, high = sorted(rng.sample(range(7), 2))
        return [*operand, *_between(scope), WEEKDAYS[low], "and", WEEKDAYS[high]]
    return [*operand, rng.choice((*ORDERED, *EQUAL, *UNEQUAL)), rng.choice(WEEKDAYS[1:6])]
