"""Types, values and numbers in a pricing owner's words, for messages."""

from fractions import Fraction

from dsl import core
from dsl.diagnostics import listed
from dsl.numbers import format_scaled

_MOST_PLACES = 18


def type_in_words(type_: core.Type) -> str:
    """What a value of the type is, as it stands after `is`: `a number`, `text`, `one of …`."""
    match type_:
        case core.BooleanType():
            return "yes or no"
        case core.NumberType():
            return "a number"
        case core.TextType():
            return "text"
        case core.WordType(words):
            return f"one of {listed(words)}"
        case core.ListType():
            return "a list"
        case core.TimestampType():
            return "a time"
        case core.DateType():
            return "a date"
        case core.WeekdayType():
            return "a weekday"


def expected_in_words(type_: core.Type) -> str:
    """What is to be written for an attribute of the type, as it stands after `takes`."""
    match type_:
        case core.NumberType(places=0):
            return "a whole number"
        case core.NumberType():
            return "a number"
        case core.TextType():
            return "text in quotes"
        case core.ListType():
            return 'a list such as `("a", "b")`'
        case core.TimestampType():
            return "a time such as `2026-07-01` or `2026-07-01T09:00:00Z`"
        case core.WordType(words):
            return listed(words)
        case _:
            return type_in_words(type_)


def sample(type_: core.Type) -> str:
    """A value of the type as an author would write it, for a help sentence to show."""
    match type_:
        case core.BooleanType():
            return "no"
        case core.NumberType():
            return "0"
        case core.TextType():
            return '""'
        case core.WordType(words):
            return word_as_written(words[0]) if words else "WORD"
        case core.ListType():
            return "empty"
        case core.WeekdayType():
            return "monday"
        case _:
            return "2026-01-01"


def word_as_written(word: str) -> str:
    """A word of a list, in quotes where it isn't a plain name."""
    plain = word.isascii() and word.replace("_", "a").isalnum() and word == word.lower() and not word[0].isdigit()
    return word if plain else f'"{word}"'


def number_in_words(value: Fraction) -> str:
    """A number as decimal text; where it has more than 18 places, the first of them and an ellipsis."""
    scaled = value * 10**_MOST_PLACES
    text = format_scaled(int(scaled), _MOST_PLACES)
    return text if scaled.denominator == 1 else text + "…"


def interval_in_words(type_: core.NumberType) -> str:
    """Where the numbers of the type lie, as it stands after the number's name."""
    if type_.low == type_.high:
        return f"is always {number_in_words(type_.low)}"
    return f"lies between {number_in_words(type_.low)} and {number_in_words(type_.high)}"
