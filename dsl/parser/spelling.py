"""Words of the language that are misspelt within a line, such as `wiht`, `defualt` or `fre`."""

from dsl.diagnostics import nearest
from dsl.diagnostics.misplaced import MisspeltWord
from dsl.parser.automaton import tables
from dsl.parser.place import Place
from dsl.parser.remedy import Remedy, Repair, Rephrased
from dsl.source import Span

_SHORTEST = 3
_IN_ATTRIBUTES = {"optional": "OPTIONAL", "default": "DEFAULT", "from": "FROM"}
_AFTER = {"OPTIONAL": (), "DEFAULT": ("NUMBER", "NAME", "QUOTED", "YES", "NO", "EMPTY"), "FROM": ("NUMBER",)}
"""What follows each of these on its line."""


def misspelt_word(place: Place) -> Remedy | None:
    """A name where a word much like it could stand, and with it what follows."""
    found = place.found
    if found is None or found.type != "NAME" or len(found.text) < _SHORTEST or place.at == place.start:
        return None
    if place.fits("BOOLEAN"):
        return None  # a type, which has words of its own
    if found.fresh and (place.kind != "interaction" or not place.deeper_than_clauses(place.at)):
        return None
    words = {text: kind for text, kind in tables().words.items() if kind in place.expected}
    near = nearest(found.text, words)
    if near is None or (len(near) < _SHORTEST and (len(found.text) > _SHORTEST or found.text[0] != near[0])):
        return None
    after = place.follows()
    follows = "BREAK" if after is None else after.type
    if not place.fits(words[near], follows) and not (after and after.fresh and place.fits(words[near], "BREAK")):
        return None
    diagnostic = MisspeltWord(span=Span(found.start, found.end), word=found.text, near=near)
    return Repair(diagnostic, ((words[near], near),), 1)


def misspelt_in_attribute(place: Place) -> Remedy | None:
    """`agent string optionnal`, `rooms integer form 0 to 5`: the word was read as the next attribute's name."""
    name = place.before
    if place.kind != "event" or name is None or name.fresh or name.type != "NAME" or not place.fits("BOOLEAN"):
        return None
    earlier = place.tokens[place.at - 2] if place.at - 2 > place.begin else None
    near = nearest(name.text, _IN_ATTRIBUTES) if len(name.text) >= _SHORTEST else None
    if earlier is None or near is None:
        return None
    kind = _IN_ATTRIBUTES[near]
    ends = place.found is None or place.lines_end
    if (ends or place.type not in _AFTER[kind]) and not (kind == "OPTIONAL" and (ends or place.type == "SENT")):
        return None
    diagnostic = MisspeltWord(span=Span(name.start, name.end), word=name.text, near=near)
    return Rephrased(diagnostic, ((kind, near),), place.at - 1, place.at, part=True)
