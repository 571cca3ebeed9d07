"""Header lines and declarations as items of canonical text."""

from collections.abc import Sequence

from dsl import syntax
from dsl.to_source.expressions import (
    condition_lines,
    expression_text,
    number_text,
    paths_text,
    string_text,
    word_text,
)
from dsl.to_source.layout import INDENT, WIDEST_COLUMN, WIDTH, Item, column_width, wrapped
from dsl.to_source.prices import basis_text, price_head, price_items

HEADER_WIDTH = len("effective ")
WIDEST_STEP = 116
"""Steps read best in one line each: they may be wider than other lines."""

RANK = {"counts": 0, "once per": 1, "limit": 2, "units": 3, "price": 4, "discount": 5, "surcharge": 5, "cap": 6}
"""The order of clauses. Discounts and surcharges keep the author's order among each other: each rounds its result,
so their order can change a price's last digit."""


def header_item(line: syntax.HeaderLine) -> Item:
    """`effective 2026-07-01`."""
    match line.value:
        case syntax.Name(text=text):
            value = text
        case syntax.Word():
            value = word_text(line.value)
        case _:
            value = expression_text(line.value)
    return Item(line.span.start, [line.key.ljust(HEADER_WIDTH) + value])


def declaration_item(declaration: syntax.Declaration) -> Item:
    """A declaration's first line and, below it, its attributes, clauses or steps."""
    start = declaration.span.start
    match declaration:
        case syntax.EveryEvent(attributes=attributes):
            return Item(start, ["every event"], 0, _attribute_items(attributes))
        case syntax.Event(name=path, sent_as=sent_as, label=label, attributes=attributes):
            words = ["event", path.text, *_outside(sent_as, label)]
            return Item(start, [" ".join(words)], 0, _attribute_items(attributes))
        case syntax.Interaction(name=name, label=label, clauses=clauses):
            words = ["interaction", name.text, *_outside(None, label)]
            return Item(start, [" ".join(words)], 0, _clause_items(clauses))
        case syntax.Example(title=title, steps=steps):
            items = [
                Item(step.span.start, lines, INDENT) for step, lines in zip(steps, _step_lines(steps), strict=True)
            ]
            return Item(start, [f"example {string_text(title.value)}"], 0, items)


def _outside(sent_as: syntax.Text | None, label: syntax.Text | None) -> list[str]:
    words = [] if sent_as is None else [f"sent as {string_text(sent_as.value)}"]
    return words if label is None else [*words, string_text(label.value)]


# ── attributes ──────────────────────────────────────────────────────────────


def _attribute_items(attributes: tuple[syntax.Attribute, ...]) -> list[Item]:
    width = column_width([attribute.name.text for attribute in attributes])
    return [Item(a.span.start, _attribute_lines(a, a.name.text.ljust(width) + "  "), INDENT) for a in attributes]


def _attribute_lines(attribute: syntax.Attribute, name: str) -> list[str]:
    rest: list[str] = []
    if attribute.optional:
        rest.append("optional")
    if attribute.default is not None:
        rest.append(f"default {expression_text(attribute.default)}")
    rest += _outside(attribute.sent_as, attribute.label)
    kind = attribute.type
    if kind.kind == "one of":
        words = [word_text(word) for word in kind.words]
        return wrapped(f"{name}one of ", [*(word + "," for word in words[:-1]), words[-1], *rest])
    text: str = kind.kind
    if kind.low is not None and kind.high is not None:
        text += f" from {number_text(kind.low)} to {number_text(kind.high)}"
    return [name + " ".join([text, *rest])]


# ── clauses ─────────────────────────────────────────────────────────────────


def clause_rank(clause: syntax.Clause) -> int:
    """Where the canonical text puts a clause among its interaction's."""
    return RANK[_keyword(clause).removeprefix("also ")]


def _clause_items(clauses: tuple[syntax.Clause, ...]) -> list[Item]:
    width = max((len(_keyword(clause)) for clause in clauses), default=0) + 2
    return [_clause_item(clause, width) for clause in sorted(clauses, key=clause_rank)]


def _keyword(clause: syntax.Clause) -> str:
    match clause:
        case syntax.Counts(also=also):
            return "also counts" if also else "counts"
        case syntax.Limit(number=number):
            return "once per" if number is None else "limit"
        case syntax.Units():
            return "units"
        case syntax.PriceClause():
            return "price"
        case syntax.Adjustment(kind=kind):
            return kind
        case syntax.Cap():
            return "cap"


def _clause_item(clause: syntax.Clause, width: int) -> Item:
    keyword = _keyword(clause).ljust(width)
    column = INDENT + width
    match clause:
        case syntax.PriceClause(price=price):
            return Item(clause.span.start, [keyword + price_head(price)], INDENT, price_items(price, column + INDENT))
        case syntax.Counts(event=event, condition=condition):
            opening = "any event" if event is None else event.text
            return Item(clause.span.start, _with(keyword, opening, condition, _as(clause)), INDENT)
        case syntax.Adjustment(percent=percent, condition=condition):
            return Item(clause.span.start, _with(keyword, number_text(percent), condition, ""), INDENT)
        case syntax.Limit():
            return Item(clause.span.start, [keyword + _limit(clause)], INDENT)
        case syntax.Units(amount=amount):
            return Item(clause.span.start, [keyword + expression_text(amount)], INDENT)
        case syntax.Cap(amount=amount, basis=basis):
            return Item(clause.span.start, [f"{keyword}{number_text(amount)} {basis_text(basis)}"], INDENT)


def _as(clause: syntax.Counts) -> str:
    if clause.units is None or clause.noun is None:
        return ""
    return f"as {expression_text(clause.units)} {clause.noun.text}"


def _with(keyword: str, opening: str, condition: syntax.Expression | None, closing: str) -> list[str]:
    """`counts  search with A and B as 2 credits`, broken before `and` and `or` where it is too long."""
    words = [opening] if condition is None else [opening, f"with {expression_text(condition)}"]
    line = keyword + " ".join([*words, closing] if closing else words)
    if condition is None or INDENT + len(line) <= WIDTH:
        return [line]
    head = f"{keyword}{opening} with "
    margin = " " * (len(head) if len(opening) <= WIDEST_COLUMN else len(keyword) + INDENT)
    lines = condition_lines(condition, WIDTH - INDENT - len(margin))
    return [head + lines[0], *(margin + line for line in lines[1:]), *([margin + closing] if closing else [])]


def _limit(clause: syntax.Limit) -> str:
    words = [] if clause.number is None else [number_text(clause.number)]
    over = [paths_text(clause.keys)] if clause.keys else []
    over += [clause.period] if clause.period is not None else []
    return " per ".join([*words, *over])


# ── examples ────────────────────────────────────────────────────────────────


def _step_lines(steps: Sequence[syntax.Step]) -> list[list[str]]:
    """The steps of one example, their arrows in one column where they all fit so; a step that is too long for one line
    breaks before its arrow."""
    halves = [(_happens(step), _expected(step.expected)) for step in steps]
    fitting = [(event, outcome) for event, outcome in halves if _step_width(len(event), outcome) <= WIDEST_STEP]
    column = max((len(event) for event, _ in fitting), default=0)
    aligned = all(_step_width(column, outcome) <= WIDEST_STEP for _, outcome in fitting)
    return [_step(event, outcome, column if aligned else 0) for event, outcome in halves]


def _step(event: str, outcome: str, column: int) -> list[str]:
    if _step_width(len(event), outcome) > WIDEST_STEP:
        return [event, f"{' ' * INDENT}=>  {outcome}"]
    return [f"{event.ljust(column)}  =>  {outcome}"]


def _step_width(event_width: int, outcome: str) -> int:
    return INDENT + event_width + len("  =>  ") + len(outcome)


def _happens(step: syntax.Step) -> str:
    values = ", ".join(f"{value.name.text}: {expression_text(value.value)}" for value in step.values)
    words = [f"{step.event.text} ({values})"]
    if step.at is not None:
        words.append(f"at {expression_text(step.at)}")
    if step.customer is not None:
        words.append(f"by {string_text(step.customer.value)}")
    return " ".join(words)


def _expected(expected: syntax.Expected) -> str:
    if expected.word is not None:
        return expected.word
    return " and ".join(
        f"{bill.interaction.text}, {number_text(bill.units)} {bill.noun.text}, {number_text(bill.price)}"
        for bill in expected.bills
    )
