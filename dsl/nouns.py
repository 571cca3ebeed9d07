"""English nouns, as far as prices need them: singular and plural are one noun, and a number decides which is shown."""

DEFAULT_NOUN = "unit"
"""What a unit is called where its author says nothing."""
_VOWELS = frozenset("aeiouy")
_ONLY_S = frozenset(("caches", "calories", "cookies", "movies", "selfies"))
"""Plurals whose singular lacks their `s` alone, though they look as if more had been added."""
_SIBILANTS = ("s", "x", "z", "ch", "sh")
_LENGTHENED = ("sses", "xes", "shes", "ches", "uses")


def noun_key(noun: str) -> str:
    """A key that a noun and its plural share (`query` and `queries`, `box` and `boxes`); not for people to read."""
    stem = noun[:-1] if _is_plural(noun) else noun
    if stem.endswith("ie"):
        return stem[:-2] + "y"
    return stem.removesuffix("e")


def same_noun(a: str, b: str) -> bool:
    """Whether two nouns are the same one, be it in the singular or the plural."""
    return a == b or noun_key(a) == noun_key(b)


def plurals(noun: str) -> tuple[str, ...]:
    """Every name of which `noun` is the singular: with `s`, with `es`, and with `ies` where it ends in `y`."""
    regular = (f"{noun}s", f"{noun}es")
    return (*regular, f"{noun[:-1]}ies") if noun.endswith("y") else regular


def singular_matches(noun: str, name: str) -> bool:
    """Whether `noun` is `name` or its singular."""
    return noun == name or name in plurals(noun)


def with_number(number: str, noun: str) -> str:
    """A number and its noun as people say it: `1 unit`, `2 units`, `0.5 units`, `2 kwh`."""
    return f"{number} {singular(noun) if number in ('1', '-1') else plural(noun)}"


def singular(noun: str) -> str:
    """The singular of a noun that may be a plural."""
    if not _is_plural(noun):
        return noun
    last = noun.rpartition("_")[2]
    if last in _ONLY_S:
        return noun[:-1]
    if last.endswith("ies") and len(last) > 4:
        return noun if last == "series" else noun[:-3] + "y"
    lengthened = last.endswith(_LENGTHENED) and not last.endswith(("ouses", "auses")) and len(last) > 4
    return noun[:-2] if lengthened else noun[:-1]


def plural(noun: str) -> str:
    """The plural of a noun that may be one already; abbreviations (`kwh`, `gb`) have none."""
    if _is_plural(noun) or not _has_vowel(noun):
        return noun
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(_SIBILANTS) else "s")


def _is_plural(noun: str) -> bool:
    return len(noun) > 1 and noun.endswith("s") and not noun.endswith(("ss", "us", "is")) and _has_vowel(noun)


def _has_vowel(noun: str) -> bool:
    return not _VOWELS.isdisjoint(noun.rpartition("_")[2])
