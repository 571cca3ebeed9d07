"""What Spark's executors run: customers that SQL leaves, priced event by event by the compiled Python.

An executor needs Python, this package and `tzdata`; neither Arrow nor pandas.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dsl.core import Ruleset
from dsl.to_sql import Column, Outcome
from service.rating import rater
from service.registry import Version, Versions
from service.replay.python import Arrival, Engine, Reckoned
from service.replay.rows import FIXED, Rows

RECKONING = (
    "seq BIGINT, outcome INT, line INT, units BIGINT, price DECIMAL(38,0), "
    "lines ARRAY<STRUCT<line: INT, units: BIGINT, price: DECIMAL(38,0)>>"
)
"""The columns of `Reckoning`'s rows, as Spark writes types."""
_SUBJECT = FIXED.index("subject")
_WITH_LINES = (Outcome.COUNTED, Outcome.LIMITED, Outcome.VOIDED)
_MOST = 10**38
Row = tuple[int, int, int | None, int, Decimal, list[tuple[int, int, Decimal]]]


@dataclass(frozen=True)
class Reckoning:
    """Prices the rows of one partition, in their order; it travels to executors, which compile the rules.

    A row has the columns of `Rows`, then `id_number`, `content` and `voids`. With `by_customer` customers share no ids,
    and only one's counters are held at a time. `numbers` are those of lines, by version and interaction.
    """

    rulesets: tuple[Ruleset, ...]
    version: int
    columns: tuple[Column, ...]
    numbers: Mapping[tuple[int, str], int]
    voids: bool
    by_customer: bool

    def __call__(self, rows: Iterable[Sequence[Any]]) -> Iterator[Row]:
        versions = Versions(Version(ruleset, "") for ruleset in self.rulesets)
        engine = Engine(rater(versions, self.version), voids=self.voids)
        events = Rows(self.columns)
        customer = None
        for row in rows:
            if self.by_customer and row[_SUBJECT] != customer:
                engine.forget()
                customer = row[_SUBJECT]
            yield self._row(engine.price(Arrival(row[0], events.event(row), row[-3], row[-2], row[-1])))

    def _row(self, one: Reckoned) -> Row:
        answer = one.evaluation
        if answer is None or one.outcome not in _WITH_LINES:
            return one.seq, int(one.outcome), None, 0, Decimal(0), []
        numbers, version = self.numbers, one.version
        lines = [(numbers[version, x.interaction], x.units, _money(x.price)) for x in answer.lines]
        main = numbers[version, answer.interaction]
        return one.seq, int(one.outcome), main, answer.units, _money(answer.price), lines


def _money(price: int) -> Decimal:
    # Spark would make a NULL of what doesn't fit.
    if not -_MOST < price < _MOST:
        raise OverflowError(f"a price of {price} has more than 38 digits")
    return Decimal(price)
