"""What may stand in a file where nothing right does: each form of it, how it is reported, and what it is taken for.

Each form is a pattern and a function that reports what the pattern found, adds the tokens that were meant where that
is clear, and returns the offset to go on from.
"""

import re
from collections.abc import Callable

from dsl.diagnostics import nearest
from dsl.diagnostics.lexical import (
    BadDate,
    BadEscape,
    BadName,
    BadNumber,
    BadTime,
    CurrencySign,
    DecimalComma,
    ForeignComment,
    ForeignSign,
    LetterOutsideNames,
    LookAlikeLetter,
    MisplacedPercent,
    StrangeBlank,
    UnclosedText,
    UnknownCharacter,
    UpperCase,
    WrongQuotes,
)
from dsl.diagnostics.misplaced import MissingQuotes, NameOfSeveralWords
from dsl.diagnostics.phrases import OtherPhrase, SeveralCurrencies
from dsl.parser.amounts import hundredth, with_point
from dsl.parser.automaton import tables
from dsl.parser.calendar import MONTH, readings
from dsl.parser.capitals import HEADS, join_time_zone, several_words
from dsl.parser.lookalikes import LATIN, plain
from dsl.parser.reader import DECLARATIONS, Reader, in_header
from dsl.parser.token import Token
from dsl.source import Span
from dsl.zones import zone_names

Mistake = Callable[[Reader, "re.Match[str]"], int]

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_NUMBER = re.compile(r"[0-9]+(_[0-9]+)*(\.[0-9]+)?")
_CURRENCIES = re.compile(r"[A-Z]{3}(?:(?: *[,/&] *| +(?:and|or) +| +)[A-Z]{3}\b)+")
_MORE_WORDS = re.compile(r"(?: [A-Z][A-Za-z_]*)+")
_MONTH_YEAR = re.compile(rf"{MONTH}\.?,? +[0-9]{{4}}\b")
_MONTH_DAY_YEAR = re.compile(rf"{MONTH}\.? +[0-9]{{1,2}}(?:st|nd|rd|th)?,? +[0-9]{{4}}\b")
_DAY_MONTH_YEAR = rf"[0-9]{{1,2}}(?:st|nd|rd|th)?[ .-]+(?:of +)?{MONTH}[.,]?[ -]+[0-9]{{4}}\b"
_DATE = r"[0-9]+-[0-9]+-[0-9]+[\w.:-]*|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}|[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,2}(?![\w.,])"
_CONTRACTION = re.compile("['’]t\\b")
_STEP = re.compile(r" *[a-z][a-z0-9_.]* *: *[^ \n]|[^{}\n]*} *(?:=>|->|=)")
_LONGEST_LIST = 200
_MONEY = "$¢-¥֏؋৲৳૱௹฿៛₠-⃀﷼＄￠￡￥￦"
_QUOTES = "“”„‟«»‹›‘’‚‛′″´`'"

_SIGNS = {
    "===": "=", "==": "=", "=!": "!=", "!==": "!=", "<>": "!=", "=<": "<=", "≧": ">=", "⩾": ">=", "≦": "<=", "⩽": "<=",
    "&&": "and", "||": "or", "&": "and", "|": "or", "!": "not", "→": "=>", "⇒": "=>", "->": "=>", "==>": "=>",
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "*", "⋅": "*", "·": "*", "**": "*", "÷": "/", "＝": "=",
    "（": "(", "）": ")", "，": ",", "：": ":", "＋": "+", "＊": "*", "／": "/", "＜": "<", "＞": ">",
}  # fmt: skip

_ADVICE = {
    ";": "leave it out; nothing stands between clauses or lines",
    "{": "leave it out; what belongs to an event or interaction simply follows its first line",
    "}": "leave it out; an event or interaction ends where the next begins",
    "[": "a list stands in `( )`",
    "]": "a list stands in `( )`",
    "@": "a name is made of a to z, 0 to 9 and _",
    "\\": "a line may simply go on in the next",
    "％": "write `%`",
}


def _words(reader: Reader, found: "re.Match[str]") -> int:
    """A run of letters, digits, points and underscores that is neither a word nor a name."""
    text, start = found.group(), found.start()
    join_time_zone(reader)
    if end := _capitalised(reader, start) or _spelled_date(reader, start) or several_words(reader, start):
        return end
    trailing = len(text) - len(text.rstrip("."))
    if trailing and trailing < len(text):
        text = text.rstrip(".")
        if _NAME.fullmatch(text):
            reader.report(BadName(span=Span(start, found.end()), name=found.group(), instead=text))
            reader.word(text, start, found.end())
            return found.end()
    end, span = start + len(text), Span(start, start + len(text))
    meant = plain(text)
    lower = meant.lower()
    named = bool(_NAME.fullmatch(lower))
    odd = next((i for i, c in enumerate(text) if c in LATIN), None)
    if odd is not None:
        place = Span(start + odd, start + odd + 1)
        reader.report(LookAlikeLetter(span=place, character=text[odd], latin=LATIN[text[odd]], name=text))
    elif not text.isascii():
        reader.report(LetterOutsideNames(span=span, name=text, instead=lower if named else None))
    elif named and lower not in ("true", "false", "null"):
        if _money(reader, found, text) or _unquoted(reader, span, text):
            return end
        lower = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", meant).lower()
        lower = meant.lower() if meant.lower() in tables().words else lower
        value = not reader.tokens or reader.tokens[-1].type not in HEADS
        reader.report(UpperCase(span=span, name=text, instead=lower, word=lower in tables().words, value=value))
    elif not named:
        tidy = re.sub(r"\.{2,}", ".", lower).strip("._")
        reader.report(BadName(span=span, name=text, instead=tidy if _NAME.fullmatch(tidy) else None))
    reader.word(lower if named else "name", start, end)
    return end


def _money(reader: Reader, found: "re.Match[str]", text: str) -> bool:
    """Reports the letters of a currency beside an amount, as in `0.05 USD`, and leaves them out."""
    if not re.fullmatch("[A-Z]{3}", text) or text.lower() in tables().words:
        return False
    last, span = reader.tokens[-1] if reader.tokens else None, Span(*found.span())
    if last is not None and last.type == "NUMBER" and not reader.text[last.end : span.start].strip(" "):
        reader.report(CurrencySign(span=Span(last.start, span.end), sign=text, number=last.text))
        return True
    number = re.compile(r" *([0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?)").match(reader.text, span.end)
    if number is None:
        return False
    reader.report(CurrencySign(span=Span(span.start, number.end()), sign=text, number=number[1]))
    return True


def _unquoted(reader: Reader, span: Span, text: str) -> bool:
    """Reports an outside name without its quotes, and puts it in quotes."""
    if [token.type for token in reader.tokens[-2:]] != ["SENT", "AS"]:
        return False
    reader.report(MissingQuotes(span=span, text=text))
    reader.add("QUOTED", f'"{text}"', span.start, span.end)
    return True


def _capitalised(reader: Reader, start: int) -> int | None:
    """After `currency` or `timezone` capital letters are right: where the code or zone ends, else None."""
    last = reader.tokens[-1] if reader.tokens else None
    if last is None:
        return None
    if last.type not in ("CURRENCY", "TIMEZONE"):
        near = nearest(last.text, ("currency", "timezone")) if last.fresh and last.type == "NAME" else None
        if near is None:
            return None
    # Further down the two words may be names, and then begin no line.
    if not last.fresh and not in_header(reader):
        return None
    found = re.compile(tables().patterns["CAPITALISED"]).match(reader.text, start)
    if found is None:
        return None
    if last.type == "CURRENCY" and (several := _CURRENCIES.match(reader.text, start)):
        codes = tuple(re.findall("[A-Z]{3}", several.group()))
        reader.report(SeveralCurrencies(span=Span(*several.span()), codes=codes))
        reader.add("CAPITALISED", codes[0], *several.span())
        return several.end()
    more = _MORE_WORDS.match(reader.text, found.end())
    if more is None:
        reader.add("CAPITALISED", found.group(), start, found.end())
        return found.end()
    text = found.group() + more.group()
    if last.type == "TIMEZONE":
        city = _zone(text)
        reader.report(NameOfSeveralWords(span=Span(start, more.end()), name=text, instead=city))
        text = city
    reader.add("CAPITALISED", text, start, more.end())
    return more.end()


def _zone(text: str) -> str:
    """The zone that several words most likely mean."""
    name, zones = text.replace(" ", "_"), sorted(zone_names())
    if name in zones:
        return name
    first = text.partition(" ")[0]
    city = next((zone for zone in zones if zone.endswith(f"/{name}")), None)
    return city or (first if first in zones else nearest(name, zones) or name)


def _spelled_date(reader: Reader, start: int) -> int | None:
    """Reports a date with the name of its month, `1 July 2026` or `July 1, 2026`: where it ends, else None."""
    last = reader.tokens[-1] if reader.tokens else None
    day = last if last is not None and last.type == "NUMBER" and not last.fresh else None
    if day is not None and (found := _MONTH_YEAR.match(reader.text, start)):
        if reader.text[day.end : start].strip(" "):
            return None
        reader.tokens.pop()
        start = day.start
    elif (found := _MONTH_DAY_YEAR.match(reader.text, start)) is None:
        return None
    _report_date(reader, Span(start, found.end()), "the month is a number, and the year comes first")
    return found.end()


def _report_date(reader: Reader, span: Span, why: str) -> None:
    """Reports what is like a date, and takes it for one."""
    text = reader.text[span.start : span.end]
    instead = readings(text)
    reader.report(BadDate(span=span, text=text, why=why, instead=instead))
    reader.add("CALENDAR_DATE", instead[0] if instead else "2000-01-01", span.start, span.end)


def _digits(reader: Reader, found: "re.Match[str]") -> int:
    """A run that begins like a number and is none."""
    text, span = found.group(), Span(*found.span())
    stripped = text.rstrip(",")
    text, span = stripped, Span(span.start, span.start + len(stripped))
    meant = _meant(text)
    if text.endswith(".") and text.count(".") == 2 and _NUMBER.fullmatch(text[:-1]):
        reader.report(BadNumber(span=span, number=text, why="no full stop ends a line", instead=text[:-1]))
        reader.add("NUMBER", text[:-1], span.start, span.end)
        return span.end
    if re.fullmatch(r"[0-9]+([,_][0-9]+)*,[0-9]+(\.[0-9]+)?%?", text):
        reader.report(DecimalComma(span=span, number=text))
        meant = re.sub(",", "", text).rstrip("%") if text.count(",") > 1 else text.replace(",", ".", 1).rstrip("%")
        meant = meant if _NUMBER.fullmatch(meant) else "1"
    else:
        why, instead = _why_no_number(text, meant)
        reader.report(BadNumber(span=span, number=text, why=why, instead=instead))
    reader.add("PERCENT" if text.endswith("%") else "NUMBER", meant + "%" * text.endswith("%"), span.start, span.end)
    return span.end


def _meant(text: str) -> str:
    """The number that a run of digits and other characters most likely means."""
    tidy = re.sub(r"_+", "_", plain(text)).rstrip("%").strip("_.").replace("_.", ".").replace("._", ".")
    tidy = "0." + tidy if text.startswith(".") else tidy
    found = _NUMBER.match(tidy)
    return found.group() if found else "1"


def _why_no_number(text: str, meant: str) -> tuple[str, str | None]:
    """Why a run is no number, and the number to write instead where that is clear."""
    percent = "%" if text.endswith("%") else ""
    if not text.isascii():
        return "its digits are not the plain ones, 0 to 9", meant + percent
    if re.fullmatch(r"[0-9_.]+[eE][+-]?[0-9]*", text):
        return "a number is written in full, without an exponent", None
    if (turned := with_point(text)) is not None:
        return "a point stands before its fraction, and `_` between its thousands", turned
    if text.count(".") > 1:
        return "it has more than one point", None
    if text.startswith("."):
        return "a digit stands before the point", meant + percent
    if text.rstrip("%").endswith("."):
        return "a digit stands after the point", meant + percent
    if "_" in text and not re.search("[A-Za-z]", text):
        return "a single `_` stands between two digits, and only there", meant + percent
    if re.search("[A-Za-z]", text):
        return "letters run on from its digits", None
    return "it runs on into something else", None


def _date(reader: Reader, found: "re.Match[str]") -> int:
    """Something like a date that is not written as one."""
    why = "the year comes first, with four digits, then month and day with two digits each"
    _report_date(reader, Span(*found.span()), why)
    return found.end()


def _instant(reader: Reader, found: "re.Match[str]") -> int:
    """Something like a date with a time that is not written as one."""
    why = "`T`, hours and minutes follow the date, then seconds, and `Z` or an offset such as `+02:00`"
    reader.report(BadTime(span=Span(*found.span()), text=found.group(), why=why))
    reader.add("INSTANT", "2000-01-01T00:00Z", *found.span())
    return found.end()


def _clock(reader: Reader, found: "re.Match[str]") -> int:
    """Something like a time of day that is not written as one."""
    why = "hours and minutes have two digits each, from 00:00 to 23:59, and nothing follows them"
    early = f"0{found.group()}" if re.fullmatch("[0-9]:[0-5][0-9]", found.group()) else None
    reader.report(BadTime(span=Span(*found.span()), text=found.group(), why=why, instead=early))
    reader.add("CLOCK_TIME", "00:00", *found.span())
    return found.end()


def _currency(reader: Reader, found: "re.Match[str]") -> int:
    """A currency sign before or after a number."""
    last = reader.tokens[-1] if reader.tokens else None
    number, span = found["number"], Span(*found.span())
    if last is not None and "CURRENCY" in (last.type, *(token.type for token in reader.tokens[-2:-1])):
        advice = "a currency is written in its three letters, such as `USD`"
        reader.report(UnknownCharacter(span=Span(span.start, span.start + 1), character=found["sign"], advice=advice))
        return found.end("sign")
    if number is None and last is not None and last.type == "NUMBER" and last.end == found.start():
        number, span = last.text, Span(last.start, found.end())
    number = hundredth(number) if number and found["sign"] == "¢" else number
    reader.report(CurrencySign(span=span, sign=found["sign"], number=number))
    return found.end() if found["number"] is None else found.start("number")


def _percent(reader: Reader, found: "re.Match[str]") -> int:
    """`%` away from its number, or before it."""
    last = reader.tokens[-1] if reader.tokens else None
    if last is not None and last.type == "NUMBER" and not reader.text[last.end : found.start()].strip(" "):
        reader.report(MisplacedPercent(span=Span(last.start, found.start() + 1), number=last.text))
        last.type, last.text, last.end = "PERCENT", last.text + "%", found.start() + 1
        return found.start() + 1
    reader.report(MisplacedPercent(span=Span(*found.span()), number=found["number"]))
    if found["number"]:
        reader.add("PERCENT", found["number"] + "%", *found.span())
    return found.end()


def _quoted(reader: Reader, found: "re.Match[str]") -> int:
    """A string with an escape that means nothing."""
    for escape in re.finditer(r"\\(.)", found.group()):
        if escape[1] not in '"\\':
            place = found.start() + escape.start()
            reader.report(BadEscape(span=Span(place, place + 2), escape=escape.group()))
    fixed = re.sub(r'\\([^"\\])', r"\1", found.group())
    reader.add("QUOTED", fixed, *found.span())
    return found.end()


def _unclosed(reader: Reader, found: "re.Match[str]") -> int:
    """A string that its line does not close."""
    reader.report(UnclosedText(span=Span(*found.span())))
    inner = found.group()[1:].replace("\\", "")
    reader.add("QUOTED", f'"{inner}"', *found.span())
    return found.end()


def _wrong_quotes(reader: Reader, found: "re.Match[str]") -> int:
    """Text in quotes that are not straight double ones."""
    last = reader.tokens[-1] if reader.tokens else None
    if last is not None and last.end == found.start() and _contracted(reader, last):
        return found.start() + 2
    digits = re.compile("[0-9][0-9'´’]*(?:\\.[0-9]+)?").match(reader.text, found.start() + 1)
    if last is not None and last.type == "NUMBER" and last.end == found.start() and digits:
        text = reader.text[last.start : digits.end()]
        meant = last.text + "_" + re.sub("['´’]", "_", digits.group())
        why = f"`{found.group()[0]}` does not stand in a number"
        other: str | None = None
        if not re.fullmatch(r"[0-9]{1,3}(?:_[0-9]{3})+(?:\.[0-9]+)?", meant):
            meant, other = f"{last.text}.{digits.group()}", last.text + digits.group()
            meant, other = (meant, other) if _NUMBER.fullmatch(meant) else (other, None)
        if not _NUMBER.fullmatch(meant):
            meant = "1"
        span = Span(last.start, digits.end())
        instead = meant if meant != "1" else None
        reader.report(BadNumber(span=span, number=text, why=why, instead=instead, other=other))
        last.text, last.end = meant, digits.end()
        return digits.end()
    inner = found["inner"]
    instead = None if inner is None else f'"{inner}"'
    reader.report(WrongQuotes(span=Span(*found.span()), mark=found.group()[0], instead=instead))
    if inner is not None:
        reader.add("QUOTED", '"' + inner.replace("\\", "") + '"', *found.span())
    return found.end()


def _contracted(reader: Reader, last: Token) -> bool:
    """Reads `isn't` as `is not`, which is reported, and `doesn't` as `does not`, which the parser reports."""
    words = {"isn": "is", "aren": "is", "doesn": "does", "don": "does"}
    apostrophe = last.end
    if last.text not in words or not _CONTRACTION.match(reader.text, apostrophe):
        return False
    reader.tokens.pop()
    word, span = words[last.text], Span(last.start, apostrophe + 2)
    if word == "is":
        phrase = reader.text[span.start : span.end]
        reader.report(OtherPhrase(span=span, phrase=phrase, instead="is not"))
    reader.word(word, span.start, span.end)
    reader.word("not", span.start, span.end)
    return True


def _comment(reader: Reader, found: "re.Match[str]") -> int:
    """A comment in another language's signs."""
    mark = found.group()[:2]
    reader.report(ForeignComment(span=Span(found.start(), found.start() + 2), mark=mark))
    return found.end()


def _sign(reader: Reader, found: "re.Match[str]") -> int:
    """A sign of another language, or a typographic one."""
    sign, span = found.group(), found.span()
    instead = "=>" if sign in ("==", "===") and _ends_step(reader) else _SIGNS[sign]
    reader.report(ForeignSign(span=Span(*span), sign=sign, instead=instead))
    if instead.isalpha():
        reader.word(instead, *span)
    else:
        reader.add("MARK" if instead in tables().marks else "SIGN", instead, *span)
    return found.end()


def _ends_step(reader: Reader) -> bool:
    """Whether what stands before is a step of an example as far as its `)`."""
    if not reader.tokens or reader.tokens[-1].type != "RPAR":
        return False
    declared = next((token.type for token in reversed(reader.tokens) if token.fresh and token.type in DECLARATIONS), "")
    return declared == "EXAMPLE"


def _lone_sign(reader: Reader, found: "re.Match[str]") -> int:
    """A right sign right before another sign: `= =`, `(/`."""
    text = found.group()
    reader.add("MARK" if text in tables().marks else "SIGN", text, *found.span())
    return found.end()


def _blank(reader: Reader, found: "re.Match[str]") -> int:
    """A blank that is not the plain one."""
    reader.report(StrangeBlank(span=Span(found.start(), found.start() + 1), character=found.group()[0]))
    return found.end()


def _unknown(reader: Reader, found: "re.Match[str]") -> int:
    """Any other character."""
    character = found.group()[0]
    place = Span(found.start(), found.start() + 1)
    if character == "]" and _opened(reader):
        reader.add("MARK", ")", place.start, place.end)
        return place.end
    if character in "{}" and _braced(reader, character, place):
        return place.end
    reader.report(UnknownCharacter(span=place, character=character, advice=_ADVICE.get(character)))
    if character == "[":
        reader.add("MARK", "(", place.start, place.end)
        return place.end
    return found.end()


def _braced(reader: Reader, character: str, place: Span) -> bool:
    """Reads `search {voice: yes}` as `search (voice: yes)`; the closing brace is no mistake of its own."""
    if character == "}":
        if not _opened(reader, "{"):
            return False
        reader.add("MARK", ")", place.start, place.end)
        return True
    if not reader.tokens or not reader.tokens[-1].fresh or not _STEP.match(reader.text, place.end):
        return False
    reader.report(ForeignSign(span=place, sign="{", instead="("))
    reader.add("MARK", "(", place.start, place.end)
    return True


def _opened(reader: Reader, sign: str = "[") -> bool:
    """Whether a `[` or `{` was read as the parenthesis that is still open."""
    depth = 0
    for token in reversed(reader.tokens[-_LONGEST_LIST:]):
        depth += {"RPAR": 1, "LPAR": -1}.get(token.type, 0)
        if depth < 0:
            return reader.text[token.start] == sign
    return False


_sign_pattern = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))

MISTAKES: list[tuple["re.Pattern[str]", Mistake]] = [
    (re.compile(r"//[^\n]*|/\*(?s:.{0,20000}?)\*/|/\*[^\n]*|--(?= )[^\n]*"), _comment),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[T ][0-9]{1,2}:|T)[\w.:+-]*"), _instant),
    (re.compile(rf"{_DATE}|{_DAY_MONTH_YEAR}"), _date),
    (re.compile(r"[0-9]+:[0-9]+[\w.:]*"), _clock),
    (re.compile(r"\d[\w.]*[eE][+-][0-9]+|(?:\d|\.\d)[\w.]*(?:,[0-9][\w.]*)*%?"), _digits),
    (re.compile(r"\w[\w.\u0300-\u036f]*"), _words),
    (re.compile(rf"(?P<sign>[{_MONEY}])(?: *(?P<number>[0-9]+(?:[_,][0-9]+)*(?:\.[0-9]+)?))?"), _currency),
    (re.compile(r"%(?P<number>[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?)?"), _percent),
    (re.compile(r'"(?:[^"\\\n]|\\[^\n])*"'), _quoted),
    (re.compile(r'"[^\n]*'), _unclosed),
    (re.compile(rf"[{_QUOTES}](?:(?P<inner>[^\n\"{_QUOTES}]*)[\"{_QUOTES}])?"), _wrong_quotes),
    (re.compile(_sign_pattern), _sign),
    (re.compile(r"[=<>≤≥≠]=?|[-+*/(),:]"), _lone_sign),
    (re.compile(r"[^\S \t\r\n]+"), _blank),
    (re.compile(r"(?s:(.)\1*)"), _unknown),
]  # fmt: skip
"""Every form with what it does, in the order in which they are tried; the last takes any character."""
