"""The words of the language, in two lists: the hard words, which are never names, and the soft words, which may be."""

HARD = frozenset(
    "and as at between by default else empty event every example from given interaction is missing no not of optional "
    "or otherwise per rounded to with yes".split()
)
"""Never names. In double quotes they may be words of a list."""

SOFT = frozenset(
    "above also any boolean cap contains count counts currency date day decimal discount down effective ends exactly "
    "fewer first for free full hour hours integer larger least length less limit limited list minutes more most next "
    "nothing once one place places plus price refused ruleset seconds sent smaller started starts string surcharge "
    "than then time timestamp timezone units up version volume weekday".split()
)
"""Words of the language that are also names, wherever a name stands."""

QUOTED_AS_CASE = frozenset("also cap counts discount down limit once plus price surcharge units up".split())
"""Soft words that need double quotes as a value in a `by` price, where a clause or `plus` may stand too."""

NOT_A_UNIT = frozenset("down up".split())
"""Soft words that are no unit after `as EXPRESSION`, where they would belong to `rounded`."""

RESERVED = frozenset("back fee highest minimum promise rounding silence taken until".split())
"""Kept for later versions of the language: neither names nor, today, words of it."""

CLAUSES = ("also", "counts", "once", "limit", "units", "price", "discount", "surcharge", "cap")
"""The words that begin a clause of an interaction."""

DECLARATIONS = ("event", "every", "interaction", "example")
"""The words that begin a declaration."""

HEADER = ("ruleset", "version", "effective", "currency", "timezone")
"""The words that begin a line of the header."""

TYPES = ("boolean", "integer", "decimal", "string", "timestamp", "one of", "list of string")
"""The types of an attribute."""

PERIODS = ("hour", "day", "week", "month", "year")
"""The periods of a limit, a cap or a running total."""
