"""Names of several words with capital letters, and titles without their quotes, as one mistake each."""

import re

from dsl.diagnostics.misplaced import MissingQuotes, NameOfSeveralWords
from dsl.diagnostics.phrases import OtherPhrase
from dsl.parser.reader import Reader, in_header
from dsl.parser.token import Token
from dsl.source import Span

HEADS = ("INTERACTION", "EVENT", "RULESET", "COUNTS", "ARROW", "BY", "PER")
"""What a name follows, never a word of a list."""

_WORD = "[A-Za-z][A-Za-z0-9]*"
_WORDS = re.compile(f"{_WORD}(?:[ _-]{_WORD})*")
_CAPITALISED = re.compile("[A-Z][A-Za-z0-9]*(?:[ _-][A-Z][A-Za-z0-9]*)*")
_TYPED = re.compile(f"({_WORD}(?: {_WORD}){{1,4}}?) +(?:boolean|integer|decimal|string|timestamp|one of|list of)\\b")
_MOST_WORDS = 8


def join_time_zone(reader: Reader) -> None:
    """Reads `time zone` at the start of the header's line as `timezone`, and reports it."""
    words = reader.tokens[-2:]
    if [word.text for word in words] != ["time", "zone"] or not words[0].fresh or words[1].fresh:
        return
    if not in_header(reader):
        return
    span = Span(words[0].start, words[1].end)
    reader.report(OtherPhrase(span=span, phrase="time zone", instead="timezone"))
    reader.tokens[-2:] = [Token("TIMEZONE", "timezone", span.start, span.end, True)]


def several_words(reader: Reader, start: int) -> int | None:
    """Reports a name of several words at a capital letter, or a title without quotes: where it ends, else None."""
    last = reader.tokens[-1] if reader.tokens else None
    if last is None or not reader.text[start].isascii():
        return None
    if reader.fresh:
        return _attribute(reader, start)
    if last.type in ("INTERACTION", "EVENT", "RULESET"):
        return _name(reader, start, start, _WORDS)
    if last.type in ("COUNTS", "ARROW"):
        return _name(reader, start, start, _CAPITALISED)
    head = reader.tokens[-2].type if len(reader.tokens) > 1 else ""
    if head not in ("INTERACTION", "EVENT") or last.fresh or last.type not in ("NAME", "DOTTED"):
        return None
    rest = _WORDS.match(reader.text, start)
    if rest is None or " " not in rest.group():
        return _name(reader, last.start, start, _WORDS, replaced=1)
    line = reader.text.find("\n", start)
    span = Span(start, len(reader.text[: line if line >= 0 else len(reader.text)].rstrip()))
    title = reader.text[span.start : span.end]
    if '"' in title or "#" in title or "\\" in title:
        return None
    reader.report(MissingQuotes(span=span, text=title))
    reader.add("QUOTED", f'"{title}"', span.start, span.end)
    return span.end


def _name(reader: Reader, begin: int, start: int, form: "re.Pattern[str]", replaced: int = 0) -> int | None:
    """A name from `begin` on, of which a capital letter stands at `start`; None where it has only one word.

    The last so many tokens are part of it.
    """
    found = form.match(reader.text, start)
    if found is None:
        return None
    span = Span(begin, found.end())
    name = reader.text[span.start : span.end]
    words = re.split("[ _-]+", name)
    if len(words) == 1 or len(words) > _MOST_WORDS or not set(" -") & set(name):
        return None
    del reader.tokens[len(reader.tokens) - replaced :]
    joint = "." if reader.tokens[-1].type in ("EVENT", "COUNTS") else "_"
    instead = joint.join(words).lower()
    reader.report(NameOfSeveralWords(span=span, name=name, instead=instead))
    reader.word(instead, span.start, span.end)
    return span.end


def _attribute(reader: Reader, start: int) -> int | None:
    """`Is Finished  boolean`."""
    found = _TYPED.match(reader.text, start)
    if found is None:
        return None
    span = Span(*found.span(1))
    name = found[1]
    instead = "_".join(name.split()).lower()
    reader.report(NameOfSeveralWords(span=span, name=name, instead=instead))
    reader.word(instead, span.start, span.end)
    return span.end
