"""What clauses take besides conditions: numbers, and attributes that are read as they are."""

from dsl import core, syntax
from dsl.checker.context import Context
from dsl.checker.operands import numeric, settled
from dsl.checker.references import read, resolve
from dsl.checker.scope import Scope
from dsl.diagnostics.expressions import ListAsKey


def check_number(node: syntax.Expression, scope: Scope, context: Context) -> core.Expression | None:
    """The checked number, its type's divisor 1; None, with everything reported, where it is none."""
    operand = numeric(node, scope, context)
    return operand.value if operand is not None and settled(operand, context) else None


def check_read(path: syntax.Path, scope: Scope, context: Context) -> core.Read | None:
    """A key, or what a price goes by, as it is; None, reported, where it is unknown, a list or may be missing."""
    found = resolve(path, scope, context)
    if found is None:
        return None
    if isinstance(found.type, core.ListType):
        context.report(ListAsKey(span=path.span, name=found.name))
        return None
    return read(found, path, scope, context, key=True)
