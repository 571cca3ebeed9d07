"""`by` prices: a price for each value of an attribute, or each pair of values of two, with none left out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from dsl import core, syntax
from dsl.checker.bases import Reading, same_over, text_of
from dsl.checker.context import Context
from dsl.checker.expressions import check_read
from dsl.checker.literals import constant_for
from dsl.diagnostics import nearest
from dsl.diagnostics.interactions import RepeatedKey
from dsl.diagnostics.misplaced import MisspeltWord
from dsl.diagnostics.prices import (
    ByKind,
    CaseValueCount,
    DifferentBases,
    MissingCases,
    NeedlessOtherwise,
    RepeatedCase,
    TooManyByAttributes,
)
from dsl.source import Span

MOST_NAMED = 7
"""As many missing cases are named; the rest are counted."""

_REST = frozenset("other others else default rest remaining".split())
"""What people call `otherwise`."""

PriceCheck = Callable[[syntax.SimplePrice], core.SimplePrice | None]
Values = tuple[core.Value, ...]


def check_by(node: syntax.ByPrice, reading: Reading, context: Context, check: PriceCheck) -> core.ByPrice | None:
    """The checked cases; None, with everything reported, where something is wrong. `check` checks one case's price."""
    attributes = _check_attributes(node.attributes, reading, context)
    prices = [check(case.price) for case in node.cases]
    otherwise = None if node.otherwise is None else check(node.otherwise)
    same_bases = _check_bases(node, [*prices, otherwise], context)
    if attributes is None:
        return None
    values = _Cases(node, attributes, context).check()
    if values is None or not same_bases or (otherwise is None) != (node.otherwise is None):
        return None
    cases = tuple(core.Case(v, p) for v, p in zip(values, prices, strict=True) if p is not None)
    return core.ByPrice(attributes, cases, otherwise) if len(cases) == len(prices) else None


def _check_attributes(
    paths: tuple[syntax.Path, ...], reading: Reading, context: Context
) -> tuple[core.Read, ...] | None:
    if len(paths) > 2:
        context.report(TooManyByAttributes(span=paths[2].span.to(paths[-1].span), count=len(paths)))
        return None
    if len(paths) == 2 and paths[0].text == paths[1].text:
        context.report(RepeatedKey(span=paths[1].span, name=paths[1].text))
        return None
    reads = []
    for path in paths:
        read = check_read(path, reading.scope, reading.context)
        if read is None:
            continue
        if isinstance(read.type, core.WordType | core.BooleanType | core.TextType):
            reads.append(read)
        else:
            context.report(ByKind(span=path.span, name=path.text, kind=_kind(read.type)))
    return tuple(reads) if len(reads) == len(paths) else None


def _kind(type_: core.Type) -> str:
    match type_:
        case core.NumberType():
            return "a number"
        case core.TimestampType():
            return "a time"
        case _:
            return "a list"


def _check_bases(node: syntax.ByPrice, prices: list[core.SimplePrice | None], context: Context) -> bool:
    """Whether all running totals run over the same; the first that does not is reported."""
    spans = [case.price.span for case in node.cases]
    if node.otherwise is not None:
        spans.append(node.otherwise.span)
    first: core.Basis | None = None
    for price, span in zip(prices, spans, strict=False):
        if not isinstance(price, core.UnitPrice) or price.basis is None:
            continue
        if first is None:
            first = price.basis
        elif same_over(first) != same_over(price.basis):
            context.report(DifferentBases(span=span, first=text_of(first), second=text_of(price.basis)))
            return False
    return True


@dataclass
class _Cases:
    """The check of the cases' values against the attributes."""

    node: syntax.ByPrice
    attributes: tuple[core.Read, ...]
    context: Context

    def check(self) -> list[Values] | None:
        """Each case's values; None, reported, where one is wrong or some event would find no case."""
        found: list[Values] = []
        lines: dict[Values, int] = {}
        good = True
        for case in self.node.cases:
            values = self._values(case)
            if values is None:
                good = False
                continue
            span = case.values[0].span.to(case.values[-1].span)
            line, _ = self.context.source.position(span.start)
            if values in lines:
                shown = tuple(word.text for word in case.values)
                self.context.report(RepeatedCase(span=span, values=shown, line=lines[values]))
                good = False
                continue
            lines[values] = line
            found.append(values)
        if not good:
            return None
        return found if self._check_exhaustive(set(found)) else None

    def _values(self, case: syntax.Case) -> Values | None:
        if len(case.values) != len(self.attributes):
            span = case.values[0].span.to(case.values[-1].span)
            names = tuple(a.name for a in self.attributes)
            self.context.report(CaseValueCount(span=span, attributes=names, count=len(case.values)))
            return None
        if self._for_the_rest(case):
            return None
        constants = [
            constant_for(word, read.name, read.type, self.context)
            for word, read in zip(case.values, self.attributes, strict=True)
        ]
        values = tuple(constant.value for constant in constants if constant is not None)
        return values if len(values) == len(constants) else None

    def _for_the_rest(self, case: syntax.Case) -> bool:
        """Whether a case is `otherwise` in other words, or misspelt; reported."""
        word, type_ = case.values[0], self.attributes[0].type
        if len(case.values) > 1 or word.quoted or not isinstance(type_, core.WordType) or word.text in type_.words:
            return False
        if word.text not in _REST and nearest(word.text, (*type_.words, "otherwise")) != "otherwise":
            return False
        self.context.report(MisspeltWord(span=word.span, word=word.text, near="otherwise"))
        return True

    def _check_exhaustive(self, found: set[Values]) -> bool:
        names = tuple(a.name for a in self.attributes)
        spaces = [_space(a.type) for a in self.attributes]
        if any(space is None for space in spaces):
            if self.node.otherwise is None:
                self.context.report(MissingCases(span=self._head(), attributes=names, missing=(), more=0))
                return False
            return True
        closed = [space for space in spaces if space is not None]
        total = 1
        for space in closed:
            total *= len(space)
        missing = total - len(found)
        if missing == 0 and self.node.otherwise is not None:
            span = self.node.otherwise_span or self.node.otherwise.span
            self.context.report(NeedlessOtherwise(span=span, attributes=names))
        if missing == 0 or self.node.otherwise is not None:
            return True
        named = tuple(islice(_missing(closed, found), MOST_NAMED))
        self.context.report(MissingCases(span=self._head(), attributes=names, missing=named, more=missing - len(named)))
        return False

    def _head(self) -> Span:
        return self.node.attributes[0].span.to(self.node.attributes[-1].span)


def _space(type_: core.Type) -> tuple[core.Value, ...] | None:
    """Every value of the type, or None where there is no end of them."""
    match type_:
        case core.BooleanType():
            return (True, False)
        case core.WordType(words=words):
            return words
        case _:
            return None


def _missing(spaces: list[tuple[core.Value, ...]], found: set[Values]) -> Iterator[str]:
    for values in product(*spaces):
        if values not in found:
            yield ", ".join(("yes" if v else "no") if isinstance(v, bool) else str(v) for v in values)
