"""Why a condition holds or fails, as templates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsl.core import (
    Affix,
    AllOf,
    AnyOf,
    Between,
    ClockBetween,
    Comparator,
    Compare,
    Constant,
    Contains,
    Expression,
    IsGiven,
    ListType,
    Not,
    OneOf,
    TextType,
    Type,
)
from dsl.wording.texts import SIGNS, Slot, Template, expression_text, shown, shown_clock

MOST_VALUES = 5
"""So many values of a list are named; of a longer one only how many they are."""
MOST_MET = 6
"""So many parts of a condition that holds are named."""
MOST_UNMET = 3
"""So many parts of an `or` that fails are named."""

_OPPOSITE: dict[Comparator, Comparator] = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED: dict[Comparator, Comparator] = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition without `and`, `or`, `not`, that holds where its verdict is `positive`."""

    condition: Expression
    positive: bool


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple["Normal", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple["Normal", ...]


Normal = Leaf | Every | Some


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why a leaf fails: what is so (`results is 0`), what would be needed (`≥ 1`), and that with its subject
    (`results ≥ 1`)."""

    fact: Template
    need: Template
    full: Template


def normal(condition: Expression, positive: bool = True) -> Normal:
    """The condition, or where not `positive` its opposite, without `not`."""
    match condition:
        case AllOf() | AnyOf():
            parts = tuple(normal(part, positive) for part in condition.parts)
            return Every(parts) if isinstance(condition, AllOf) == positive else Some(parts)
        case Not():
            return normal(condition.operand, not positive)
        case Compare(operator="=" | "!=", left=left, right=Constant(value=bool(value))):
            return normal(left, positive == ((condition.operator == "=") == value))
        case OneOf(values=(only,)):
            operator: Comparator = "!=" if condition.negated else "="
            return normal(Compare(operator, condition.operand, only, ""), positive)
        case _:
            return Leaf(condition, positive)


def met(leaf: Leaf) -> Template:
    """What to say of a leaf that holds."""
    match leaf.condition:
        case Compare() as comparison:
            return _compared(_turned(comparison, leaf.positive))[0]
        case Between() as between:
            text, negation = expression_text(between.operand), "" if leaf.positive else "not "
            return (f"{text} ", Slot(between.operand), f" is {negation}between ", *_bounds(between))
        case OneOf() as choice:
            return _chosen(choice, choice.negated != leaf.positive)[0]
        case IsGiven() as given:
            return (f"{given.operand.name} is {'given' if given.given == leaf.positive else 'missing'}",)
        case Contains() | Affix() as part:
            return _held(part, leaf.positive)[0]
        case ClockBetween() as clock:
            negation = "" if leaf.positive else "not "
            return ("the time of day ", Slot(None), f" is {negation}{_hours(clock)}")
        case other:
            return (f"{expression_text(other)} is {_yes(leaf.positive)}",)


def unmet(leaf: Leaf) -> Unmet:
    """What to say of a leaf that fails."""
    match leaf.condition:
        case Compare() as comparison:
            return _compared(_turned(comparison, leaf.positive))[1]
        case Between() as between:
            text, negation = expression_text(between.operand), "" if leaf.positive else "not "
            need: Template = (f"{negation}between ", *_bounds(between))
            return Unmet((f"{text} is ", Slot(between.operand)), need, (f"{text} ", *need))
        case OneOf() as choice:
            return _chosen(choice, choice.negated != leaf.positive)[1]
        case IsGiven() as given:
            name, wanted = given.operand.name, given.given == leaf.positive
            if wanted:
                return Unmet((f"{name} is missing",), ("it",), (name,))
            return Unmet((f"{name} is given",), ("none",), (f"no {name}",))
        case Contains() | Affix() as part:
            return _held(part, leaf.positive)[1]
        case ClockBetween() as clock:
            negation = "" if leaf.positive else "not "
            need = (f"{negation}{_hours(clock)}",)
            return Unmet(("the time of day is ", Slot(None)), need, ("a time of day ", *need))
        case other:
            text = expression_text(other)
            need = (_yes(leaf.positive),)
            return Unmet((f"{text} is {_yes(not leaf.positive)}",), need, (f"{text} ", *need))


def met_text(node: Normal, holds: Callable[[Normal], bool], fill: Callable[[Template], str]) -> str:
    """Why a condition holds, which it does: `holds` tells the verdict of a part, `fill` fills a template's slots."""
    match node:
        case Leaf():
            return fill(met(node))
        case Every():
            texts = [met_text(part, holds, fill) for part in node.parts[:MOST_MET]]
            return " and ".join(texts) + more_hold(len(node.parts))
        case Some():
            return met_text(next(part for part in node.parts if holds(part)), holds, fill)


def unmet_text(node: Normal, holds: Callable[[Normal], bool], fill: Callable[[Template], str]) -> tuple[str, str, str]:
    """Why a condition fails, which it does: the fact, the need, and the need with its subject; see `Unmet`."""
    match node:
        case Leaf():
            why = unmet(node)
            return fill(why.fact), fill(why.need), fill(why.full)
        case Every():
            return unmet_text(next(part for part in node.parts if not holds(part)), holds, fill)
        case Some():
            return some_unmet([unmet_text(part, holds, fill) for part in node.parts[:MOST_UNMET]], len(node.parts))


def more_hold(parts: int) -> str:
    """What stands for the parts that are not named where all of so many hold."""
    others = parts - MOST_MET
    return "" if others <= 0 else f" and {others} more condition{' holds' if others == 1 else 's hold'}"


def some_unmet(texts: Sequence[tuple[str, str, str]], parts: int) -> tuple[str, str, str]:
    """Why none of so many parts holds, from what is to be said of the first of them."""
    facts = " and ".join(dict.fromkeys(fact for fact, _, _ in texts))
    others = parts - MOST_UNMET
    full = " or ".join(full for _, _, full in texts) + (f" or one of {others} more" if others > 0 else "")
    return facts, full, full


def _yes(verdict: bool) -> str:
    return "yes" if verdict else "no"


# ── comparisons ─────────────────────────────────────────────────────────────


def _turned(node: Compare, positive: bool) -> Compare:
    """The comparison that holds where the leaf does, a constant standing on the right."""
    operator = node.operator if positive else _OPPOSITE[node.operator]
    if isinstance(node.left, Constant) and not isinstance(node.right, Constant):
        return Compare(_MIRRORED[operator], node.right, node.left, node.spelling)
    return Compare(operator, node.left, node.right, node.spelling)


def _is_masked(type_: Type) -> bool:
    return isinstance(type_, TextType | ListType)


def _compared(node: Compare) -> tuple[Template, Unmet]:
    text, other = expression_text(node.left), expression_text(node.right)
    if _is_masked(node.left.type):
        if node.operator == "=":
            unlike = Unmet((f"{text} is not {other}",), ("that",), (f"{text} {other}",))
            return (f"{text} is {other}",), unlike
        alike = Unmet((f"{text} is {other}",), ("any other",), (f"{text} other than {other}",))
        return (f"{text} is not {other}",), alike
    value = Slot(node.left)
    against = _against(node.right)
    fact: Template = (f"{text} is ", value)
    if node.operator == "=":
        return (f"{text} is ", *against), Unmet(fact, against, (f"{text} ", *against))
    if node.operator == "!=":
        need: Template = ("anything but ", *against)
        return (*fact, ", not ", *against), Unmet(fact, need, (f"{text} ", *need))
    need = (f"{SIGNS[node.operator]} ", *against)
    return (f"{text} ", value, " ", *need), Unmet(fact, need, (f"{text} ", *need))


def _against(node: Expression) -> Template:
    """A constant's value; of anything else its text and value."""
    if isinstance(node, Constant):
        return (shown(node.value, node.type),)
    return (f"{expression_text(node)} ", Slot(node))


def _bounds(node: Between) -> Template:
    return (*_against(node.low), " and ", *_against(node.high))


def _hours(node: ClockBetween) -> str:
    return f"between {shown_clock(node.low)} and {shown_clock(node.high)}"


# ── lists of values, parts of text ──────────────────────────────────────────


def _chosen(node: OneOf, among: bool) -> tuple[Template, Unmet]:
    """`among`: the leaf holds where the operand is one of the values."""
    text, many = expression_text(node.operand), len(node.values)
    if _is_masked(node.operand.type):
        inside, outside = f"{text} is one of {many} texts", f"{text} is none of {many} texts"
        if among:
            return (inside,), Unmet((outside,), ("one of them",), (f"{text} one of {many} texts",))
        return (outside,), Unmet((inside,), ("any other",), (f"{text} none of {many} texts",))
    fact: Template = (f"{text} is ", Slot(node.operand))
    values = [shown(value.value, value.type) for value in node.values]
    named = f"{', '.join(values[:-1])} or {values[-1]}" if many <= MOST_VALUES else f"one of {many} values"
    if among:
        return fact, Unmet(fact, (named,), (f"{text} {named}",))
    need = f"anything but {named}"
    return (*fact, f", not {named}"), Unmet(fact, (need,), (f"{text} {need}",))


def _held(node: Contains | Affix, wanted: bool) -> tuple[Template, Unmet]:
    text, part = expression_text(node.operand), expression_text(node.argument)
    if isinstance(node, Contains):
        does, does_not, doing = "contains", "does not contain", "containing"
    else:
        verb = node.which.removesuffix("s with")
        does, does_not, doing = node.which, f"does not {verb} with", f"{verb}ing with"
    has, lacks = f"{text} {does} {part}", f"{text} {does_not} {part}"
    if wanted:
        return (has,), Unmet((lacks,), ("that",), (f"{text} {doing} {part}",))
    return (lacks,), Unmet((has,), ("one without",), (f"{text} not {doing} {part}",))
