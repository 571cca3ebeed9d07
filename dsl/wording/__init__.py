"""The sentences that say why an event counted or did not: one wording for every back end.

A sentence is a template: literal text, and slots that a back end fills with values. Conditions are first brought into a
form without `not` (`normal`), in which each part says by itself why it holds (`met`) or fails (`unmet`):

- all of them hold: every part, joined by `and`; not all of them: the first part that fails;
- one of them holds: the first part that does; none of them: every part.

Strings never appear: a value of text, in the event or in the rules, is shown as `"…"`.
"""

from dsl.wording.conditions import (
    MOST_MET,
    MOST_UNMET,
    Every,
    Leaf,
    Normal,
    Some,
    Unmet,
    met,
    met_text,
    more_hold,
    normal,
    some_unmet,
    unmet,
    unmet_text,
)
from dsl.wording.sentences import (
    MOST_TRIED,
    counted,
    every_event,
    limited,
    merged,
    needs,
    not_counted,
    over,
    refused_total,
    refused_units,
    unknown_event,
    without_room,
)
from dsl.wording.texts import Slot, Template, expression_text, is_plain, shown, shown_clock

__all__ = [
    "MOST_MET",
    "MOST_TRIED",
    "MOST_UNMET",
    "Every",
    "Leaf",
    "Normal",
    "Slot",
    "Some",
    "Template",
    "Unmet",
    "counted",
    "every_event",
    "expression_text",
    "is_plain",
    "limited",
    "merged",
    "met",
    "met_text",
    "more_hold",
    "needs",
    "normal",
    "not_counted",
    "over",
    "refused_total",
    "refused_units",
    "shown",
    "shown_clock",
    "some_unmet",
    "unknown_event",
    "unmet",
    "unmet_text",
    "without_room",
]
