"""Hostile rule files that nobody would write by hand: cut off, mixed up, strange characters, far too much of all."""

import re
from collections.abc import Iterator

from tests.hostile.case import PROPTECH, Case, text_of

FEES = "tests/price_lists/stripe_cards.vpi"
SMS = "tests/price_lists/twilio_sms.vpi"
LONDON = "tests/price_lists/london_congestion_charge.vpi"

HEADER = "ruleset hostile\nversion 1\neffective 2026-07-01\ncurrency USD\n\n"
EVENT = "event use\n  n integer from 0 to 1_000\n  s string\n  w one of a, b\n\n"
START = HEADER + EVENT
COUNTED = START + "interaction x\n  counts use"
PRICED = COUNTED + "\n  price "


def truncations() -> Iterator[Case]:
    """A real file cut at the end of each clause, and every so many characters, inside words, numbers and texts too."""
    text = text_of(PROPTECH)
    ends = [found.start() for found in re.finditer(r"(?<=\S)\n", text)][22:100:2]
    for at in ends:
        yield Case(f"cut at the end of line {text.count(chr(10), 0, at) + 1}", text[:at].encode())
    for path, step in ((PROPTECH, 149), (FEES, 53), (SMS, 61), (LONDON, 67)):
        short = re.sub(r"(?m)^#.*\n|^\s+", "", text_of(path))
        for at in range(step, min(len(short), 30 * step), step):
            yield Case(f"{path} cut after {at} characters, {short[at - 12 : at]!r}", short[:at].encode())


def mixed_up() -> Iterator[Case]:
    """One word or line of a real file left out, doubled, swapped with the next, or put at the end."""
    for path in (PROPTECH, FEES, SMS):
        text = re.sub(r"(?m)^#.*\n", "", text_of(path)).split("example ")[0]
        words = list(re.finditer(r"\S+", text))
        for index, word in enumerate(words[:-1]):
            begin, end, follower = word.start(), word.end(), words[index + 1]
            line = text.count("\n", 0, begin) + 1
            if index % 4 == 0:
                yield Case(f"{path}:{line} without {word[0]}", (text[:begin] + text[end:]).encode())
            if index % 4 == 1:
                yield Case(f"{path}:{line} with {word[0]} twice", (text[:end] + " " + text[begin:]).encode())
            if index % 4 == 2:
                swapped = text[:begin] + follower[0] + text[end : follower.start()] + word[0] + text[follower.end() :]
                yield Case(f"{path}:{line} {word[0]} and {follower[0]} swapped", swapped.encode())
        lines = text.splitlines(keepends=True)
        for number in range(0, len(lines), 3):
            rest = lines[:number] + lines[number + 1 :]
            yield Case(f"{path} with line {number + 1} at its end", "".join([*rest, "\n", lines[number]]).encode())
            yield Case(
                f"{path} with line {number + 1} twice", "".join([*lines[: number + 1], *lines[number:]]).encode()
            )


_CHARACTERS = {
    "a zero-width space": "\u200b", "a zero-width joiner": "\u200d", "a soft hyphen": "\u00ad",
    "a right-to-left mark": "\u200f",
    "a right-to-left override": "\u202e", "a left-to-right isolate": "\u2066", "a pop isolate": "\u2069",
    "a word joiner": "\u2060", "a byte order mark": "\ufeff", "a NUL": "\0", "a bell": "\x07", "an escape": "\x1b[31m",
    "a backspace": "\b", "a delete": "\x7f", "a next line": "\x85", "a line separator": "\u2028",
    "a paragraph separator": "\u2029", "a vertical tab": "\v", "a form feed": "\f", "a no-break space": "\u00a0",
    "a narrow no-break space": "\u202f", "an ideographic space": "\u3000", "a Hangul filler": "\u3164",
    "a tag letter": "\U000e0041", "a variation selector": "\ufe0f", "a combining accent": "\u0301", "an emoji": "💶",
    "a private letter": "\ue000", "a noncharacter": "\uffff", "a replacement character": "\ufffd",
}  # fmt: skip

_LETTERS = {
    "a Cyrillic o": ("voice", "v\u043eice"), "a Cyrillic e": ("search", "s\u0435arch"),
    "a Greek omicron": ("voice", "v\u03bfice"),
    "full-width letters": ("voice", "ｖｏｉｃｅ"), "a mathematical letter": ("voice", "\U0001d42foice"),
    "a dotless i": ("voice", "vo\u0131ce"), "a long s": ("search", "\u017fearch"), "a ligature": ("first", "\ufb01rst"),
    "a Roman numeral": ("20", "ⅩⅩ"), "Arabic digits": ("20", "\u0662\u0660"), "superscript digits": ("20", "²⁰"),
    "a fraction": ("0.40", "⅖"), "a Kelvin sign": ("kiosk", "kios\u212a"), "a German ß": ("first", "firßt"),
}  # fmt: skip


def characters() -> Iterator[Case]:
    """Characters that show nothing or something else, in a word, between words, in a text, in a comment; encodings."""
    text = text_of(PROPTECH)
    for name, character in _CHARACTERS.items():
        yield Case(f"{name} in a word", text.replace("≥1 result", f"≥1 res{character}ult", 1).encode())
        yield Case(f"{name} between words", text.replace("≥1 result", f"≥1 {character} result", 1).encode())
        yield Case(f"{name} in a text", text.replace("Voice search", f"Voice{character} search", 1).encode())
        yield Case(f"{name} in a comment", text.replace("# People", f"# Peo{character}ple", 1).encode())
    for name, (plain, odd) in _LETTERS.items():
        yield Case(name, re.sub(rf"(?m)^([^#\n]*)\b{plain}\b", rf"\1{odd}", text, count=1).encode())
    yield Case("a byte order mark at the start", b"\xef\xbb\xbf" + text.encode(), "")
    yield Case("two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode(), "invisible-character")
    yield Case("CRLF", text.replace("\n", "\r\n").encode(), "")
    yield Case("CR alone", text.replace("\n", "\r").encode())
    yield Case("UTF-16 with its mark", text.encode("utf-16"), "not-utf8")
    yield Case("UTF-16 without", text.encode("utf-16-le").replace(b"\x65\x22", b"\x3e\0"), "invisible-character")
    yield Case("UTF-32", text.encode("utf-32"), "not-utf8")
    yield Case("Windows-1252", text.replace("≥", "").encode("cp1252") + b"# caf\xe9\n", "not-utf8")
    yield Case("a truncated UTF-8 character", text.encode()[:-1] + b"\xe2\x89", "not-utf8")
    yield Case("an overlong UTF-8 slash", text.encode() + b"# \xc0\xaf\n", "not-utf8")
    yield Case("a surrogate in UTF-8", text.encode() + b"# \xed\xa0\x80\n", "not-utf8")
    yield Case("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "not-utf8")
    yield Case("an Excel file", b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00", "invisible-character")
    for name, content in (("empty", ""), ("one blank", " "), ("blank lines", "\n" * 1000), ("a comment", "# nothing")):
        yield Case(name, content.encode(), "missing-header-line")
    for name, content in _OTHER_FILES.items():
        yield Case(name, content.encode())


_OTHER_FILES = {
    "JSON": '{"ruleset": "proptech", "version": 2, "prices": [{"search": 0.05}]}',
    "YAML": "ruleset: proptech\nversion: 2\nprices:\n  - search: 0.05\n",
    "CSV": "event,condition,price\nsearch,voice,0.05\n",
    "HTML": "<html><body><table><tr><td>search</td><td>$0.05</td></tr></table></body></html>",
    "SQL": "SELECT SUM(price) FROM events WHERE type = 'search' AND results >= 1;",
    "Python": "def price(event):\n    return 0.05 if event['voice'] else 0\n",
    "a letter": "Dear team,\n\nplease charge five cents for each voice search.\n\nThanks, Ann",
    "a formula": '=IF(A1="app",0.05,0.03)',
    "a merge conflict": "<<<<<<< HEAD\nruleset proptech\n=======\nruleset other\n>>>>>>> branch\n",
    "a diff": "--- a/2.vpi\n+++ b/2.vpi\n@@ -1 +1 @@\n-price 1.20\n+price 1.30\n",
}


DEEP, MANY, MILLION = 100_000, 10_000, 1_000_000


def _case(name: str, text: str, first: str | None = None) -> Case:
    return Case(name, text.encode(), first)


def sizes() -> Iterator[Case]:
    """Too much of everything."""
    for group in (
        _many_declarations,
        _deep_conditions,
        _long_prices,
        _long_lists,
        _many_examples,
        _long_things,
        _noise,
    ):
        yield from group()


def _many_declarations() -> Iterator[Case]:
    """More interactions, attributes and events than a ruleset may have, and errors in each."""
    yield _case(
        "10^5 interactions", (START + "".join(f"interaction i{n} counts use price 1\n" for n in range(DEEP)))[: 2**20]
    )
    yield _case(
        "10,001 interactions",
        START + "".join(f"interaction i{n} counts use price 1\n" for n in range(MANY + 1)),
        "too-many-interactions",
    )
    yield _case(
        "10,000 interactions",
        START + "".join(f"interaction i{n} also counts use with n is {n % 900} price 1\n" for n in range(MANY)),
        "",
    )
    yield _case(
        "10,000 interactions of one name", START + "interaction x counts use price 1\n" * MANY, "duplicate-interaction"
    )
    yield _case(
        "10,000 interactions with an error each",
        START + "".join(f"interaction i{n} counts use with m > 1 price 1\n" for n in range(MANY)),
        "unknown-attribute",
    )
    yield _case("10,000 syntax errors", START + "interaction x counts counts price price\n" * MANY)
    yield _case("10,000 lexical errors", START + "interaction x counts use price $1,00€\n" * MANY, "currency-sign")


def _deep_conditions() -> Iterator[Case]:
    """Conditions and calculations that nest, and that go on and on."""
    yield _case(
        "10^5 parentheses", COUNTED + " with " + "(" * DEEP + "n > 1" + ")" * DEEP + "\n  price 1\n", "nesting-too-deep"
    )
    yield _case("10^5 open parentheses", COUNTED + " with " + "(" * DEEP, "nesting-too-deep")
    yield _case("10^5 closed parentheses", COUNTED + " with n > 1" + ")" * DEEP)
    yield _case("64 parentheses", COUNTED + " with " + "(" * 64 + "n > 1" + ")" * 64 + "\n  price 1\n", "")
    yield _case(
        "65 parentheses", COUNTED + " with " + "(" * 65 + "n > 1" + ")" * 65 + "\n  price 1\n", "nesting-too-deep"
    )
    yield _case("10^5 nots", COUNTED + " with " + "not " * DEEP + "n > 1\n  price 1\n", "expression-too-long")
    yield _case("10^5 minuses", COUNTED + "\n  units " + "- " * DEEP + "n\n  price 1\n", "expression-too-long")
    yield _case("10^5 counts of", COUNTED + "\n  units " + "count of " * DEEP + "n\n  price 1\n", "expression-too-long")
    yield _case("10^5 additions", COUNTED + "\n  units n" + " + n" * DEEP + "\n  price 1\n", "expression-too-long")
    yield _case(
        "10^5 multiplications", COUNTED + "\n  units n" + " * n" * DEEP + "\n  price 1\n", "expression-too-long"
    )
    yield _case("10^5 comparisons in a row", COUNTED + " with n" + " < n" * DEEP + "\n  price 1\n")
    yield _case("10,000 terms of and", COUNTED + " with n > 1" + " and n > 1" * MANY + "\n  price 1\n")
    yield _case(
        "10,000 terms of or",
        COUNTED + " with " + " or ".join(f"n is {i % 1000}" for i in range(MANY)) + "\n  price 1\n",
    )
    yield _case(
        "10,000 terms of and, or in turn",
        COUNTED + " with n > 1" + " and n > 1 or n > 2" * (MANY // 2) + "\n  price 1\n",
        "mixed-and-or",
    )
    yield _case("10^5 roundings", COUNTED + "\n  units n" + " rounded up" * DEEP + "\n  price 1\n")
    yield _case("10^5 or elses", COUNTED + "\n  units n" + " or else 1" * DEEP + "\n  price 1\n")


def _long_prices() -> Iterator[Case]:
    """Cases and tiers."""
    yield _case("10^5 nested by", PRICED + "by w a " * DEEP)
    yield _case("10^5 cases", PRICED + "by w " + "a 1 " * DEEP + "otherwise 1\n")
    yield _case(
        "1,001 cases",
        PRICED.replace("w one of a, b", "w one of " + ", ".join(f"a{n}" for n in range(1000)))
        + "by w "
        + "".join(f"a{n} 1\n" for n in range(1001)),
    )
    yield _case("101 tiers", PRICED + "per month first 1 free " + "next 1 at 1 " * 99 + "then at 1\n", "too-many-tiers")
    yield _case("100 tiers", PRICED + "per month first 1 free " + "next 1 at 1 " * 98 + "then at 1\n", "")
    yield _case("10^5 tiers", PRICED + "per month first 1 free " + "next 1 at 1 " * 80_000 + "then at 1\n")


def _long_lists() -> Iterator[Case]:
    """Attributes, events, words and lists."""
    yield _case(
        "1,001 attributes",
        HEADER
        + "event use\n"
        + "".join(f"  a{n} integer\n" for n in range(1001))
        + "interaction x counts use price 1\n",
        "too-many-attributes",
    )
    yield _case(
        "1,000 attributes",
        HEADER
        + "event use\n"
        + "".join(f"  a{n} integer\n" for n in range(1000))
        + "interaction x counts use price 1\n",
        "",
    )
    yield _case("10,000 events", HEADER + "".join(f"event e{n}\n" for n in range(MANY)), "too-many-events")
    yield _case(
        "1,001 words",
        START + "event other\n  v one of " + ", ".join(f"w{n}" for n in range(1001)) + "\n",
        "too-many-words",
    )
    yield _case(
        "10^5 words",
        START + "event other\n  v one of " + ", ".join(f"w{n}" for n in range(DEEP)) + "\n",
        "too-many-words",
    )
    yield _case(
        "a list of 10^5 numbers", COUNTED + " with n is one of (" + ", ".join(map(str, range(DEEP))) + ")\n  price 1\n"
    )


def _many_examples() -> Iterator[Case]:
    """Examples and clauses."""
    yield _case(
        "10,000 examples",
        PRICED + "1\n" + "".join(f'example "{n}" use (n: 1, s: "", w: a) => x, 1 unit, 1\n' for n in range(MANY)),
    )
    yield _case(
        "10,000 wrong examples",
        PRICED + "1\n" + "".join(f'example "{n}" use (m{n}: 1, s: 2) => y{n}, 1 unit, 1\n' for n in range(MANY)),
    )
    yield _case(
        "10,000 examples of one title",
        PRICED + "1\n" + 'example "e" use (n: 1, s: "", w: a) => x, 1 unit, 1\n' * MANY,
        "duplicate-example",
    )
    yield _case(
        "an example of 10,000 steps", PRICED + '1\nexample "e"\n' + '  use (n: 1, s: "", w: a) => x, 1 unit, 1\n' * MANY
    )
    yield _case("10,000 clauses", PRICED + "1\n" + "  cap 1 per month\n" * MANY)
    yield _case("10,000 discounts", PRICED + "1\n" + "  discount 1% with n > 1\n" * MANY)
    yield _case("10,000 counts", START + "interaction x\n" + "  counts use with n > 1\n" * MANY + "  price 1\n")
    yield _case("10,000 keys", COUNTED + "\n  once per " + ", ".join(["s"] * MANY) + "\n  price 1\n")


def _long_things() -> Iterator[Case]:
    """Long numbers, names, texts, lines and dates."""
    yield _case("10^6 digits", PRICED + "9" * MILLION + "\n", "number-too-long")
    yield _case("10^6 digits after the point", PRICED + "0." + "9" * MILLION + "\n", "number-too-long")
    yield _case("10^6 zeros", PRICED + "0" * MILLION + "1\n", "number-too-long")
    yield _case("10^6 digits in groups", PRICED + "1" + "_000" * 250_000 + "\n", "number-too-long")
    yield _case("10^6 percent", PRICED + "1\n  discount " + "9" * MILLION + "% with n > 1\n", "number-too-long")
    yield _case("an exponent of 10^6", PRICED + "1e1000000\n", "bad-number")
    yield _case("10^6 points", PRICED + "1" + "." * MILLION + "\n")
    yield _case("10^6 commas in a number", PRICED + "1" + ",1" * 500_000 + "\n")
    yield _case("10^6 underscores in a number", PRICED + "1" + "_" * MILLION + "1\n", "bad-number")
    yield _case(
        "a name of 10^6 characters", START + "interaction " + "x" * MILLION + " counts use price 1\n", "name-too-long"
    )
    yield _case(
        "a name of 257 characters", START + "interaction " + "x" * 257 + "\n  counts use\n  price 1\n", "name-too-long"
    )
    yield _case("a name of 256 characters", START + "interaction " + "x" * 256 + "\n  counts use\n  price 1\n", "")
    yield _case("a dotted name of 10^6 characters", START + "event " + "x." * 500_000 + "x\n", "name-too-long")
    yield _case("capitals, 10^6 of them", START + "event " + "X" * MILLION + "\n")
    yield _case("a text of 10^6 characters", START + 'interaction x "' + "y" * MILLION + '" counts use price 1\n')
    yield _case("a text of 10^6 compared", COUNTED + ' with s is "' + "y" * MILLION + '"\n  price 1\n', "text-too-long")
    yield _case(
        "a text of 10^6 backslashes", COUNTED + ' with s is "' + "\\" * MILLION + '"\n  price 1\n', "text-too-long"
    )
    yield _case("a text of 10^6, not closed", COUNTED + ' with s is "' + "y" * MILLION, "unclosed-text")
    yield _case("thousands of texts not closed", COUNTED + '\n"x' * 50_000, "unclosed-text")
    yield _case("10^6 quotes", COUNTED + " with s is " + '"' * MILLION)
    yield _case("10^6 curly quotes", COUNTED + " with s is " + "“" * (MILLION // 3), "wrong-quotes")
    yield _case("a comment of 1 MB", PRICED + "1 #" + "c" * MILLION + "\n", "")
    yield _case("a comment in another language, never closed", PRICED + "1 /*" + "* " * 500_000, "foreign-comment")
    yield _case("a line of 1 MB", PRICED + "1" + " " * MILLION + "\n", "")
    yield _case(
        "a line of 1 MB of code", (START.replace("\n", " ") + "interaction x counts use price 1 " * 30_000)[: 2**20]
    )
    yield _case("10^6 line breaks", PRICED + "1" + "\n" * MILLION, "")
    yield _case("10^6 unknown characters", PRICED + "1 " + "?" * MILLION, "unknown-character")
    yield _case("10^6 of two unknown characters", PRICED + "1 " + "?^" * 500_000, "unknown-character")
    yield _case("10^6 invisible characters", PRICED + "1 " + "\x01" * MILLION, "invisible-character")
    yield _case("invisible characters in every word", PRICED + "1 " + "a\x01 " * 300_000, "invisible-character")
    yield _case("10^6 combining accents", COUNTED + ' with s is "e' + "\u0301" * (MILLION // 2) + '"\n  price 1\n')
    yield _case("10^6 percent signs", PRICED + "1 " + "%" * MILLION)
    yield _case("10^6 currency signs", PRICED + "$" * MILLION, "currency-sign")
    yield _case("10^6 minus signs", PRICED + "-" * MILLION)
    yield _case("10^5 times of day", COUNTED + " with time of day is between " + "25:00 " * DEEP, "bad-time")
    yield _case("10^5 dates", START + "2026-02-30 " * 90_000)


def _noise() -> Iterator[Case]:
    """Files of one thing over and over, and beyond 1 MiB."""
    yield _case("10^5 words of the language", START + "interaction " * 80_000)
    yield _case("10^5 names", START + "x " * DEEP)
    yield _case("300,000 words", START + "x " * 300_000, "file-too-long")
    yield _case("exactly 1 MiB", (PRICED + "1 #" + "c" * 2**20)[: 2**20], "")
    yield _case("one byte more than 1 MiB", (PRICED + "1 #" + "c" * 2**20)[: 2**20 + 1], "file-too-large")
    yield Case("40 MB", b"x" * 40_000_000, "file-too-large")
    yield Case("40 MB of NUL", b"\0" * 40_000_000, "file-too-large")
