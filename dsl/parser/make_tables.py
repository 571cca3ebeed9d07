"""Builds the LALR tables of the grammar and keeps them beside it: `python -m dsl.parser.make_tables`.

Building takes lark half a second, too long for every run of a check, so the tables are kept as JSON. A test builds
them again and compares. Nothing else imports lark.
"""

import json
import logging
from pathlib import Path
from typing import Any

from lark import Lark
from lark.exceptions import GrammarError
from lark.grammar import Rule
from lark.lexer import PatternStr
from lark.parsers.lalr_analysis import Shift

GRAMMAR = Path(__file__).parent.parent / "grammar.lark"
TABLES = Path(__file__).parent / "tables.json"
STARTS = ("header", "event", "interaction", "example")


class _Conflicts(logging.Handler):
    """Collects what lark says of shift/reduce conflicts, which it resolves without an error."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the messages that name a conflict."""
        message = record.getMessage()
        if "onflict" in message:
            self.messages.append(message)


def build(grammar: str) -> dict[str, Any]:
    """The tables of a grammar's text as plain data; raises GrammarError where the grammar has any conflict.

    `words` and `marks`: the text of a fixed terminal → its name. `patterns`: name → regular expression.
    `rules`: [left side, size, action or None, children], where a child is an index into the right side or None for
    an optional part that is absent. `starts`: rule name → [first state, last state].
    `actions`: an index into `rows` for each state; a row maps a terminal to a state to go to, or to `-1 - rule`.
    `inline`: the rules with a child that may be several values, since its rule has none of its own.
    `gotos`: rule name → state, for each state. `defaults`: the rule that a state applies whatever follows, or -1.
    """
    logger = logging.getLogger("lark")
    conflicts, level = _Conflicts(), logger.level
    logger.addHandler(conflicts)
    logger.setLevel(logging.DEBUG)
    try:
        lark = Lark(grammar, parser="lalr", lexer="basic", start=list(STARTS), maybe_placeholders=True)
    finally:
        logger.removeHandler(conflicts)
        logger.setLevel(level)
    if conflicts.messages:
        raise GrammarError("\n".join(conflicts.messages))
    fixed = {t.pattern.value: t.name for t in lark.terminals if isinstance(t.pattern, PatternStr)}
    ignored = set(lark.ignore_tokens)
    rules = list(lark.rules)
    parser: Any = lark.parser
    table = parser.parser._parse_table
    return {
        "words": {text: name for text, name in sorted(fixed.items()) if text[0].isalpha()},
        "marks": {text: name for text, name in sorted(fixed.items()) if not text[0].isalpha()},
        "patterns": {
            t.name: t.pattern.value
            for t in lark.terminals
            if t.name not in ignored and not isinstance(t.pattern, PatternStr)
        },
        "soft": _soft_words(rules, {name: text for text, name in fixed.items()}),
        **_states(table, rules),
        "inline": _inline(rules),
        "rules": [_rule(rule) for rule in rules],
    }


def _soft_words(rules: list[Rule], texts: dict[str, str]) -> list[str]:
    """The words that the rules named `_soft…` list."""
    soft = {s.name for rule in rules if rule.origin.name.startswith("_soft") for s in rule.expansion}
    return sorted(texts[name] for name in soft)


def _rule(rule: Rule) -> list[Any]:
    """One rule as data: left side, size, action, children."""
    absent = [len(nones) for nones in "".join("1" if e else "0" for e in rule.options.empty_indices).split("0")]
    absent += [0] * (len(rule.expansion) + 1 - len(absent))
    children: list[int | None] = [None] * absent[0]
    for index, symbol in enumerate(rule.expansion):
        # As in lark: a word or mark written in quotes is left out, unless the rule's name has a `!`.
        kept = rule.options.keep_all_tokens or not (symbol.is_term and getattr(symbol, "filter_out", False))
        children += ([index] if kept else []) + [None] * absent[index + 1]
    single = len(children) == 1 and not rule.alias and rule.options.expand1
    inlined = single or (rule.origin.name.startswith("_") and not rule.alias)
    return [rule.origin.name, len(rule.expansion), None if inlined else rule.alias or rule.origin.name, children]


def _inline(rules: list[Rule]) -> list[int]:
    """The rules that hold a rule without a value of its own, or one that passes such a rule on."""
    rows = [_rule(rule) for rule in rules]
    listing: set[str] = set()
    while True:
        grown = {
            row[0]
            for row, rule in zip(rows, rules, strict=True)
            if row[2] is None and (len(row[3]) != 1 or row[1] != 1 or rule.expansion[0].name in listing)
        }
        if grown == listing:
            break
        listing = grown
    return [number for number, rule in enumerate(rules) if any(s.name in listing for s in rule.expansion)]


def _states(table: Any, rules: list[Rule]) -> dict[str, Any]:
    """The automaton as data, its states numbered anew."""
    new = _numbering(table)
    numbers = {rule: number for number, rule in enumerate(rules)}
    nonterminals = {rule.origin.name for rule in rules}
    rows: dict[str, int] = {}
    actions, gotos, defaults = [], [], []
    for state in new:
        moves = table.states[state]
        shifts = {s: new[to] for s, (kind, to) in moves.items() if kind is Shift and s not in nonterminals}
        reduces = {s: -1 - numbers[to] for s, (kind, to) in moves.items() if kind is not Shift}
        default = -1
        if not shifts and len(set(reduces.values())) == 1:
            default, reduces = -1 - next(iter(reduces.values())), {}
        row = json.dumps(dict(sorted({**shifts, **reduces}.items())))
        actions.append(rows.setdefault(row, len(rows)))
        gotos.append({s: new[to] for s, (kind, to) in sorted(moves.items()) if kind is Shift and s in nonterminals})
        defaults.append(default)
    return {
        "starts": {start: [new[table.start_states[start]], new[table.end_states[start]]] for start in STARTS},
        "rows": [json.loads(row) for row in rows],
        "actions": actions,
        "gotos": gotos,
        "defaults": defaults,
    }


def _numbering(table: Any) -> dict[int, int]:
    """lark's number of a state → ours, in the order in which the starts reach them: lark's differ from run to run."""
    order = dict.fromkeys(table.start_states[start] for start in STARTS)
    pending = list(order)
    for state in pending:  # grows while it is walked
        for _, (kind, to) in sorted(table.states[state].items()):
            if kind is Shift and to not in order:
                order[to] = None
                pending.append(to)
    return {state: number for number, state in enumerate(order)}


def render(tables: dict[str, Any]) -> str:
    """The tables as the text of their file: one line an entry, the same for the same grammar."""
    lines = []
    for key, value in tables.items():
        if isinstance(value, list) and value and isinstance(value[0], list | dict):
            inner = ",\n".join(json.dumps(v, ensure_ascii=False, separators=(",", ":")) for v in value)
            lines.append(f"{json.dumps(key)}: [\n{inner}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Writes the tables' file."""
    TABLES.write_text(render(build(GRAMMAR.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
