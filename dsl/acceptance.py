"""Whether a raw event fits its declaration: its values as the rules read them, or every violation at once.

A value is read by one function for each kind of attribute; None means that the value does not fit, and only then is it
looked at again to say why. No sentence shows the value of a string; numbers are shown.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from functools import lru_cache
from typing import TypeGuard

from dsl.core import UNIT_PLACES, Attribute, EventType, Value
from dsl.diagnostics import listed, nearest, quoted
from dsl.evaluation import Evaluation, Outcome, Refusal, Violation
from dsl.event import Event, Instant, Other
from dsl.numbers import LONGEST_NUMBER, format_scaled, parse_scaled
from dsl.wording import unknown_event
from dsl.zones import EARLIEST, EPOCH, LATEST, MICROSECOND, SECOND

LONGEST_STRING = 4096
LONGEST_BUILT_IN = 256
LONGEST_LIST = 256
DIGITS_BEFORE_POINT = 12
LARGEST_DECIMAL = 10 ** (DIGITS_BEFORE_POINT + UNIT_PLACES) - 1
"""The largest decimal, in millionths."""
BUILT_IN_TEXTS = ("id", "source", "type", "subject")

_UNCLEAN = re.compile("[\x00\ud800-\udfff]")
_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,64}))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\Z"
)
_MOST_DIGITS_SHOWN = 40
_MOST_KEYS_COMPARED = 20
_MOST_NAMES_COMPARED = 200
_SIX_PLACES = Decimal(1).scaleb(-UNIT_PLACES)
_EXACT = Context(prec=DIGITS_BEFORE_POINT + UNIT_PLACES + 10)


@dataclass(slots=True)
class Accepted:
    """An event that fits: the values by inside name, defaults filled in, missing ones left out; its time in
    microseconds; what is odd about it, in sentences."""

    values: dict[str, Value]
    time: int
    warnings: tuple[str, ...]


def accept(event_type: EventType, event: Event) -> Accepted | Refusal:
    """The event as the rules read it, or all its violations: built-ins first, then attributes, missing ones last."""
    time, violations = check_built_ins(event)
    violations += [_conflict(path) for path in event.conflicts]
    values: dict[str, Value] = {}
    missing: list[Attribute] = []
    for attribute in event_type.attributes:
        raw = event.data.get(attribute.outside)
        if raw is None:
            missing.append(attribute)
            if attribute.default is not None:
                values[attribute.name] = attribute.default
            continue
        value = read_value(attribute, raw)
        if value is None:
            violations.append(_describe(attribute, raw))
        else:
            values[attribute.name] = value
    misspelt = _misspelt(event_type, event, missing)
    violations += [_missing(a.outside, misspelt.get(a.outside)) for a in missing if a.required]
    if violations:
        return Refusal(tuple(violations))
    assert time is not None
    odd = [a.outside for a in missing if a.outside in misspelt]
    return Accepted(values, time, tuple(_misspelling(misspelt[name], name) for name in odd))


def warnings_of(event_type: EventType, event: Event) -> tuple[str, ...]:
    """The warnings for an event that fits."""
    missing = [a for a in event_type.attributes if event.data.get(a.outside) is None]
    misspelt = _misspelt(event_type, event, missing)
    return tuple(_misspelling(misspelt[a.outside], a.outside) for a in missing if a.outside in misspelt)


def unknown(declared: tuple[str, ...], event: Event) -> Evaluation | Refusal:
    """The answer for an event whose type is none of the declared outside names."""
    _, violations = check_built_ins(event)
    if violations:
        return Refusal(tuple(violations))
    return Evaluation(Outcome.UNKNOWN_EVENT, (), -1, unknown_event(str(event.type), declared))


def check_built_ins(event: Event) -> tuple[int | None, list[Violation]]:
    """The event's time in microseconds, None where it has none that fits, and what is wrong with its built-ins."""
    violations = []
    for name in BUILT_IN_TEXTS:
        problem = _built_in_problem(getattr(event, name))
        if problem is not None:
            violations.append(Violation(name, problem[0], f"`{name}` {problem[1]}"))
    time = event.time
    if time is None:
        violations.append(Violation("time", "missing-attribute", "`time` is missing; every event has one"))
        return None, violations
    given = Instant(time) if type(time) is int else time
    instant = timestamp_value(given)
    if instant is None:
        violations.append(Violation("time", *_timestamp_problem("time", given)))
    return instant, violations


def is_built_in(value: object) -> TypeGuard[str]:
    """Whether a value is fit for a built-in that is a text."""
    return _built_in_problem(value) is None


def _built_in_problem(value: object) -> tuple[str, str] | None:
    if value is None or value == "":
        return "missing-attribute", "is missing; every event has one"
    if not isinstance(value, str):
        return "wrong-type", "is text, and this is not"
    if len(value) > LONGEST_BUILT_IN:
        return "too-long", f"has {len(value)} characters; {LONGEST_BUILT_IN} are allowed"
    if _UNCLEAN.search(value):
        return "forbidden-character", "holds U+0000 or half a surrogate pair, which text may not"
    return None


# ── values, by kind ─────────────────────────────────────────────────────────


def read_value(attribute: Attribute, raw: object) -> Value | None:
    """A raw value, not None, as one at rest; None where it does not fit the attribute."""
    match attribute.kind:
        case "boolean":
            return raw if isinstance(raw, bool) else None
        case "integer":
            number = integer_value(raw)
            return number if number is not None and attribute.low <= number <= attribute.high else None
        case "decimal":
            number = decimal_value(raw)
            return number if number is not None and attribute.low <= number <= attribute.high else None
        case "string":
            return raw if is_text(raw) else None
        case "timestamp":
            return timestamp_value(raw)
        case "one of":
            return raw if isinstance(raw, str) and raw in attribute.words else None
        case "list of string":
            return list_value(raw)


def is_text(raw: object) -> TypeGuard[str]:
    """Whether a value is a string of at most 4,096 code points without U+0000 or a lone surrogate."""
    return isinstance(raw, str) and len(raw) <= LONGEST_STRING and not _UNCLEAN.search(raw)


def list_value(raw: object) -> tuple[str, ...] | None:
    """A list of at most 256 fitting strings as a tuple, else None."""
    if not isinstance(raw, list | tuple) or len(raw) > LONGEST_LIST or not all(map(is_text, raw)):
        return None
    return tuple(raw)


def integer_value(raw: object) -> int | None:
    """A number without a fraction as an integer of any size that a decimal has before the point, else None."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, float):
        return int(raw) if math.isfinite(raw) and raw.is_integer() else None
    if not isinstance(raw, Decimal) or not raw.is_finite():
        return None
    if not raw:
        return 0
    if not 0 <= raw.adjusted() < _MOST_DIGITS_SHOWN:
        return None
    whole = raw.to_integral_value()
    return int(whole) if whole == raw else None


def decimal_value(raw: object) -> int | None:
    """A number, or a decimal string, in millionths, exactly; None with over 12 digits before or 6 after the point."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, str):
        number = parse_scaled(raw, UNIT_PLACES)
        return number if number is not None and -LARGEST_DECIMAL <= number <= LARGEST_DECIMAL else None
    if isinstance(raw, int):
        bound = 10**DIGITS_BEFORE_POINT
        return raw * 10**UNIT_PLACES if -bound < raw < bound else None
    decimal = _decimal(raw)
    if decimal is None:
        return None
    if not decimal:
        return 0
    # The exponent is looked at first: to write out 1e200000 would take a second.
    if not -UNIT_PLACES <= decimal.adjusted() < DIGITS_BEFORE_POINT:
        return None
    short = decimal.quantize(_SIX_PLACES, context=_EXACT)
    if short != decimal:
        return None
    return int(short.scaleb(UNIT_PLACES, _EXACT))


def _decimal(raw: object) -> Decimal | None:
    """A finite number as the decimal that it is, a double as its shortest one."""
    if isinstance(raw, float):
        return Decimal(repr(raw)) if math.isfinite(raw) else None
    return raw if isinstance(raw, Decimal) and raw.is_finite() else None


def timestamp_value(raw: object) -> int | None:
    """An instant, or RFC 3339 text, in microseconds; None where it is neither or lies outside the years 1900–2999."""
    if isinstance(raw, Instant):
        instant: int | None = raw.microseconds
    else:
        instant = parse_rfc3339(raw) if isinstance(raw, str) else None
    return instant if instant is not None and EARLIEST <= instant <= LATEST else None


def parse_rfc3339(text: str) -> int | None:
    """RFC 3339 text with its offset as microseconds since 1970, or None.

    Digits finer than a microsecond are cut. A leap second (`:60`) is refused: the time scale of the rules has no such
    instant, and either neighbour would be a guess.
    """
    found = _RFC_3339.match(text)
    if found is None:
        return None
    day, clock, fraction, sign, hours, minutes = found.groups()
    try:
        seconds = (datetime.fromisoformat(f"{day}T{clock}") - EPOCH) // MICROSECOND
    except ValueError:
        return None
    if fraction:
        seconds += int(fraction[:6].ljust(6, "0"))
    if sign:
        offset = (int(hours) * 60 + int(minutes)) * 60 * SECOND
        seconds += -offset if sign == "+" else offset
    return seconds


# ── what is wrong, in words ─────────────────────────────────────────────────


def _describe(attribute: Attribute, raw: object) -> Violation:
    name, field = quoted(attribute.outside), f"data.{attribute.outside}"
    match attribute.kind:
        case "boolean":
            return Violation(field, "wrong-type", f"{name} is yes or no (a boolean), not {_shape(raw)}")
        case "integer":
            return Violation(field, *_integer_problem(name, attribute, raw))
        case "decimal":
            return Violation(field, *_decimal_problem(name, attribute, raw))
        case "string":
            return Violation(field, *_text_problem(name, raw))
        case "timestamp":
            return Violation(field, *_timestamp_problem(attribute.outside, raw))
        case "one of":
            return Violation(field, *_word_problem(name, attribute, raw))
        case "list of string":
            return Violation(field, *_list_problem(name, raw))


def _integer_problem(name: str, attribute: Attribute, raw: object) -> tuple[str, str]:
    if not _is_number(raw):
        return "wrong-type", f"{name} is a whole number, not {_shape(raw)}"
    number = integer_value(raw)
    allowed = f"{attribute.low} to {attribute.high} is allowed"
    if number is None:
        if isinstance(raw, Decimal) and raw.is_finite() and raw.adjusted() >= _MOST_DIGITS_SHOWN:
            return "out-of-range", f"{name} has more than {_MOST_DIGITS_SHOWN} digits; {allowed}"
        return "not-a-whole-number", f"{name} is a whole number, and this one is not"
    return "out-of-range", f"{name} {_shown(number)}; {allowed}"


def _decimal_problem(name: str, attribute: Attribute, raw: object) -> tuple[str, str]:
    if isinstance(raw, str):
        # Looked at without a bound on the places, to tell a number that is too fine from text that is none.
        if parse_scaled(raw, LONGEST_NUMBER) is None:
            return "wrong-type", f"{name} is a number, or text such as `12.50` without an exponent; this text is not"
        if parse_scaled(raw, UNIT_PLACES) is None:
            return _too_fine(name)
    elif not _is_number(raw):
        return "wrong-type", f"{name} is a number, not {_shape(raw)}"
    value, decimal = decimal_value(raw), _decimal(raw)
    if value is not None:
        low, high = format_scaled(attribute.low, UNIT_PLACES), format_scaled(attribute.high, UNIT_PLACES)
        return "out-of-range", f"{name} is {format_scaled(value, UNIT_PLACES)}; {low} to {high} is allowed"
    if isinstance(raw, float | Decimal) and decimal is None:
        return "not-a-number", f"{name} is a number, and neither NaN nor infinity is"
    if decimal is not None and decimal.adjusted() < DIGITS_BEFORE_POINT:
        return _too_fine(name)
    return "out-of-range", f"{name} has more than {DIGITS_BEFORE_POINT} digits before the point"


def _too_fine(name: str) -> tuple[str, str]:
    return "too-many-places", f"{name} has more than {UNIT_PLACES} digits after the point; it is not rounded"


def _text_problem(name: str, raw: object) -> tuple[str, str]:
    if not isinstance(raw, str):
        return "wrong-type", f"{name} is text, not {_shape(raw)}"
    if len(raw) > LONGEST_STRING:
        return "too-long", f"{name} has {len(raw)} characters; {LONGEST_STRING} are allowed"
    return "forbidden-character", f"{name} holds U+0000 or half a surrogate pair, which text may not"


def _timestamp_problem(outside: str, raw: object) -> tuple[str, str]:
    name = quoted(outside)
    if isinstance(raw, str) and parse_rfc3339(raw) is None:
        return "invalid-timestamp", f"{name} is a timestamp such as `2026-07-01T09:00:00Z`, and this text is not"
    if isinstance(raw, str | Instant):
        return "out-of-range", f"{name} lies outside the years 1900 to 2999"
    return "wrong-type", f"{name} is a timestamp, not {_shape(raw)}"


def _word_problem(name: str, attribute: Attribute, raw: object) -> tuple[str, str]:
    allowed = f"{name} is one of {listed(attribute.words)}"
    if not isinstance(raw, str):
        return "wrong-type", f"{allowed}, not {_shape(raw)}"
    near = nearest(raw, attribute.words)
    return "unknown-word", f"{allowed}; this text is none of them" + (f", {quoted(near)} comes nearest" if near else "")


def _list_problem(name: str, raw: object) -> tuple[str, str]:
    if not isinstance(raw, list | tuple) or not all(isinstance(member, str) for member in raw):
        return "wrong-type", f"{name} is a list of strings, not {_shape(raw)}"
    if len(raw) > LONGEST_LIST:
        return "too-long", f"{name} has {len(raw)} members; {LONGEST_LIST} are allowed"
    return _text_problem(f"a member of {name}", next(member for member in raw if not is_text(member)))


def _conflict(path: str) -> Violation:
    return Violation(f"data.{path}", "conflicting-paths", f"{quoted(path)} is given twice, nested and with a dot")


def _missing(outside: str, misspelt: str | None) -> Violation:
    hint = f"; {quoted(misspelt)} is given and not declared" if misspelt else ""
    return Violation(f"data.{outside}", "missing-attribute", f"{quoted(outside)} is missing{hint}")


def _misspelling(given: str, declared: str) -> str:
    """What is said of an undeclared key that nearly spells an attribute which the event may leave out."""
    return f"{quoted(given)} is not declared and plays no part; did you mean {quoted(declared)}?"


def _misspelt(event_type: EventType, event: Event, missing: Sequence[Attribute]) -> dict[str, str]:
    """The undeclared key that nearly spells a missing attribute, by the attribute's outside name."""
    if not missing or len(event.data) <= len(event_type.attributes) - len(missing):
        return {}
    declared = {attribute.outside for attribute in event_type.attributes}
    strange = [key for key, value in event.data.items() if value is not None and key not in declared]
    names = tuple(attribute.outside for attribute in missing[:_MOST_NAMES_COMPARED])
    found: dict[str, str] = {}
    for key in strange[:_MOST_KEYS_COMPARED]:
        near = _nearest(key, names)
        if near is not None:
            found.setdefault(near, key)
    return found


@lru_cache(maxsize=4096)
def _nearest(key: str, names: tuple[str, ...]) -> str | None:
    return nearest(key, names)


def _is_number(raw: object) -> bool:
    return isinstance(raw, int | float | Decimal) and not isinstance(raw, bool)


def _shown(number: int) -> str:
    """A number for people; Python refuses to write out the longest ones, and nobody would read them."""
    if abs(number) >= 10**_MOST_DIGITS_SHOWN:
        return f"has more than {_MOST_DIGITS_SHOWN} digits"
    return f"is {number}"


def _shape(raw: object) -> str:
    match raw:
        case bool():
            return "a boolean"
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "text"
        case Instant():
            return "a timestamp"
        case Other():
            return raw.shape
        case list() | tuple():
            return "a list"
        case _:
            return "a value of another kind"
