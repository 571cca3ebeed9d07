"""Letters of other alphabets that look like Latin small letters, and the Latin form of any letter."""

import unicodedata

# The Cyrillic, Greek and other letters that most fonts draw as the Latin letter, capital ones included.
_SHAPES = {
    "a": "аАαΑɑ",
    "b": "ВьΒƄ",
    "c": "сСϲⅽ",
    "d": "ԁⅾ",
    "e": "еЕеΕҽ",
    "f": "ſϝ",
    "g": "ɡց",
    "h": "һНΗհ",
    "i": "іІιΙıⅰ",
    "j": "јЈϳ",
    "k": "кКκΚ",
    "l": "ӏǀⅼ",
    "m": "мМΜⅿ",
    "n": "пΝη",
    "o": "оОοΟօ",
    "p": "рРρΡ",
    "q": "ԛ",
    "r": "гᴦ",
    "s": "ѕЅ",
    "t": "тТτΤ",
    "u": "υսՍ",
    "v": "νѵⅴ",
    "w": "ԝѡ",
    "x": "хХχΧⅹ",
    "y": "уУγΥү",
    "z": "ᴢΖ",
}

LATIN = {letter: latin for latin, letters in _SHAPES.items() for letter in letters}
"""A letter of another alphabet → the Latin small letter that it looks like."""


def plain(word: str) -> str:
    """A word in the letters of names as far as it has any: look-alikes, accents and full-width forms made Latin."""
    decomposed = unicodedata.normalize("NFKD", "".join(LATIN.get(c, c) for c in word))
    return "".join(c for c in decomposed if not unicodedata.combining(c))
