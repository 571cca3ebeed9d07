"""Walking checked expressions."""

from collections.abc import Iterator

from dsl.core import (
    Affix,
    AllOf,
    AnyOf,
    Arithmetic,
    Between,
    Compare,
    Contains,
    Elapsed,
    Expression,
    Extreme,
    OneOf,
    OrElse,
    Read,
)


def children(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly below one, in the order in which they are evaluated."""
    match node:
        case Arithmetic() | Extreme() | Compare():
            return (node.left, node.right)
        case Elapsed():
            return (node.start, node.end)
        case Between():
            return (node.operand, node.low, node.high)
        case OneOf():
            return (node.operand, *node.values)
        case Contains() | Affix():
            return (node.operand, node.argument)
        case AllOf() | AnyOf():
            return node.parts
        case OrElse():
            return (node.operand, node.default)
        case _:
            operand = getattr(node, "operand", None)
            return () if operand is None else (operand,)


def below(root: Expression) -> Iterator[Expression]:
    """The expression itself and all below it, in order; however deep it is."""
    waiting: list[Expression] = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def reads_of(root: Expression) -> tuple[Read, ...]:
    """Every attribute and built-in that is read, once each, in order."""
    return tuple(dict.fromkeys(node for node in below(root) if isinstance(node, Read)))


def depth(root: Expression) -> int:
    """How many expressions stand one below the other."""
    deepest, waiting = 0, [(root, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        waiting.extend((child, level + 1) for child in children(node))
    return deepest
