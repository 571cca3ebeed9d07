"""Says what is wrong at a place where the grammar cannot go on, and how to go on after it.

First the habits that are known are tried, each a function that looks at the place and answers if it is the one; they
give the best words. Where none is, `expectations` says what could have stood there.
"""

from collections.abc import Callable

from dsl.diagnostics.lexical import ForeignWord
from dsl.parser import habits, joints, lines, phrases, prose, speech, spelling
from dsl.parser.expectations import expectation
from dsl.parser.place import Place
from dsl.parser.remedy import Dropped, Remedy

Habit = Callable[[Place], Remedy | None]

HABITS: tuple[Habit, ...] = (
    lines.header_too_late,
    lines.misspelt_declaration,
    lines.clause_outside,
    lines.name_in_quotes,
    habits.name_of_several_words,
    habits.zone_in_words,
    speech.no_bill,
    speech.otherwise_first,
    habits.case_without_quotes,
    habits.percentage,
    prose.condition_on_price,
    prose.bound_on_amount,
    prose.unfinished_price,
    prose.several_events,
    speech.unique_events,
    speech.helping_word,
    speech.without,
    speech.quantity_in_words,
    speech.than,
    speech.between_first,
    speech.number_of,
    speech.second_half,
    speech.repeated_noun,
    speech.multiplied,
    speech.cases_per,
    prose.filler,
    prose.no_such,
    prose.or_more,
    prose.number_in_words,
    prose.any_of,
    prose.from_to,
    prose.words_in_parentheses,
    phrases.counted,
    phrases.one_of,
    phrases.does_not,
    phrases.function,
    phrases.tier,
    prose.open_tier,
    phrases.second_per,
    phrases.sized_type,
    spelling.misspelt_in_attribute,
    phrases.list_without_commas,
    phrases.case,
    speech.bare_quantity,
    joints.other_word,
    joints.needless_word,
    lines.word_as_name,
    lines.attribute_type,
    lines.unknown_clause,
    habits.parenthesis,
    habits.needless_quotes,
    habits.moment,
    habits.missing_quotes,
    habits.reversed_quantity,
    phrases.needless_is,
    habits.number,
    spelling.misspelt_word,
    habits.unknown_outcome,
    habits.tiers_without_end,
    joints.missing_word,
)
"""In the order in which they are tried: the more particular first."""


def explain(place: Place) -> Remedy:
    """What is wrong at a place, and how to go on."""
    if place.type == "JUNK":  # reported by the lexer, so this is never shown
        return (Dropped if place.kind == "event" else Remedy)(ForeignWord(span=place.span, word=place.text, advice=""))
    for habit in HABITS:
        if remedy := habit(place):
            return remedy
    return expectation(place)
