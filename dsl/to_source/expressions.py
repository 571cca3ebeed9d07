"""Expressions and literals as canonical text, on one line or broken before `and` and `or`."""

from dsl import syntax

SYMBOLS = {"=": "is", "==": "is", "!=": "≠", "<=": "≤", ">=": "≥"}
"""Spellings that the canonical text replaces; every other spelling stays the author's."""

NOUN_SYMBOLS = SYMBOLS | {"=": "exactly", "is": "exactly"}
"""The same before a number and a noun, where `is` cannot stand."""


def string_text(value: str) -> str:
    """A string in double quotes, its quotes and backslashes escaped."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number_text(number: syntax.Number | syntax.Percent) -> str:
    """The author's digits, without a plus sign and without blanks after a sign."""
    digits = "".join(number.text.split()).removeprefix("+")
    return digits.removesuffix("%") + "%" if isinstance(number, syntax.Percent) else digits


def word_text(word: syntax.Word) -> str:
    """One word of a list, quoted where the author quoted it."""
    return string_text(word.text) if word.quoted else word.text


def paths_text(paths: tuple[syntax.Path, ...]) -> str:
    """`a, b.c`."""
    return ", ".join(path.text for path in paths)


def expression_text(expression: syntax.Expression) -> str:
    """An expression on one line."""
    match expression:
        case syntax.Reference(path=path):
            return path.text
        case syntax.Group(inner=inner):
            return f"({expression_text(inner)})"
        case (
            syntax.Number()
            | syntax.Text()
            | syntax.Boolean()
            | syntax.Date()
            | syntax.Timestamp()
            | syntax.Clock()
            | syntax.Empty()
            | syntax.TextList()
        ):
            return _literal(expression)
        case (
            syntax.And()
            | syntax.Or()
            | syntax.Not()
            | syntax.Compare()
            | syntax.Quantity()
            | syntax.Between()
            | syntax.OneOf()
            | syntax.Given()
            | syntax.TextTest()
        ):
            return _condition(expression)
        case _:
            return _computation(expression)


def _literal(
    literal: syntax.Number
    | syntax.Text
    | syntax.Boolean
    | syntax.Date
    | syntax.Timestamp
    | syntax.Clock
    | syntax.Empty
    | syntax.TextList,
) -> str:
    match literal:
        case syntax.Number():
            return number_text(literal)
        case syntax.Text(value=value):
            return string_text(value)
        case syntax.Boolean(value=value):
            return "yes" if value else "no"
        case syntax.Date(value=value):
            return value.isoformat()
        case syntax.Timestamp(text=text):
            return text
        case syntax.Clock(minutes=minutes):
            return f"{minutes // 60:02}:{minutes % 60:02}"
        case syntax.Empty():
            return "empty"
        case syntax.TextList(items=items):
            return f"({', '.join(string_text(item.value) for item in items)})"


def _condition(
    condition: syntax.And
    | syntax.Or
    | syntax.Not
    | syntax.Compare
    | syntax.Quantity
    | syntax.Between
    | syntax.OneOf
    | syntax.Given
    | syntax.TextTest,
) -> str:
    text = expression_text
    match condition:
        case syntax.And(parts=parts):
            return " and ".join(map(text, parts))
        case syntax.Or(parts=parts):
            return " or ".join(map(text, parts))
        case syntax.Not(operand=operand):
            return f"not {text(operand)}"
        case syntax.Compare(left=left, right=right, spelling=spelling):
            return f"{text(left)} {SYMBOLS.get(spelling, spelling)} {text(right)}"
        case syntax.Quantity(number=number, noun=noun, spelling=spelling):
            sign = NOUN_SYMBOLS.get(spelling, spelling)
            return f"{sign}{' ' if sign[0].isalpha() else ''}{number_text(number)} {noun.text}"
        case syntax.Between(operand=operand, low=low, high=high, with_is=with_is):
            return f"{text(operand)} {'is ' if with_is else ''}between {text(low)} and {text(high)}"
        case syntax.OneOf(operand=operand, values=values, negated=negated):
            return f"{text(operand)} is {'not ' if negated else ''}one of ({', '.join(map(text, values))})"
        case syntax.Given(operand=operand, spelling=spelling):
            return f"{text(operand)} {spelling}"
        case syntax.TextTest(test=test, operand=operand, argument=argument):
            return f"{text(operand)} {test} {text(argument)}"


def _computation(
    computation: syntax.TimeOfDay
    | syntax.Arithmetic
    | syntax.Negate
    | syntax.Rounded
    | syntax.OrElse
    | syntax.Function
    | syntax.Extreme
    | syntax.PercentOf
    | syntax.Elapsed,
) -> str:
    text = expression_text
    match computation:
        case syntax.TimeOfDay():
            return "time of day"
        case syntax.Arithmetic(operator=operator, left=left, right=right):
            return f"{text(left)} {operator} {text(right)}"
        case syntax.Negate(operand=operand):
            return f"-{text(operand)}"
        case syntax.Rounded(operand=operand, mode=mode, places=places):
            rounded = "rounded" if mode == "half even" else f"rounded {mode}"
            if places is not None:
                rounded += f" to {number_text(places)} {'place' if places.value == 1 else 'places'}"
            return f"{text(operand)} {rounded}"
        case syntax.OrElse(operand=operand, default=default):
            return f"{text(operand)} or else {text(default)}"
        case syntax.Function(function=function, operand=operand):
            return f"{function} of {text(operand)}"
        case syntax.Extreme(which=which, left=left, right=right):
            return f"{which} of ({text(left)}, {text(right)})"
        case syntax.PercentOf(percent=percent, operand=operand):
            return f"{number_text(percent)} of {text(operand)}"
        case syntax.Elapsed(unit=unit, start=start, end=end):
            return f"{unit} from {text(start)} to {text(end)}"


def condition_lines(condition: syntax.Expression, room: int) -> list[str]:
    """A condition in lines of at most `room` columns where `and`, `or` and parentheses allow it; the lines carry
    their own indentation relative to the first."""
    whole = expression_text(condition)
    if len(whole) <= room:
        return [whole]
    match condition:
        case syntax.And(parts=parts) | syntax.Or(parts=parts):
            joint = "and " if isinstance(condition, syntax.And) else "or "
            lines = condition_lines(parts[0], room)
            for part in parts[1:]:
                lines += _hung(joint, condition_lines(part, room - len(joint)))
            return lines
        case syntax.Not(operand=operand):
            return _hung("not ", condition_lines(operand, room - 4))
        case syntax.Group(inner=inner):
            lines = _hung("(", condition_lines(inner, room - 2))
            return [*lines[:-1], lines[-1] + ")"]
        case _:
            return [whole]


def _hung(opening: str, lines: list[str]) -> list[str]:
    """Lines behind an opening, the later ones indented by its width."""
    return [opening + lines[0], *(" " * len(opening) + line for line in lines[1:])]
