"""The header, events and interactions as written."""

from dataclasses import dataclass
from typing import Literal

from dsl.syntax.expressions import Expression
from dsl.syntax.literals import Date, Name, Node, Number, Path, Percent, Period, Text, Timestamp, Word
from dsl.syntax.prices import Basis, Price


@dataclass(frozen=True, slots=True)
class HeaderLine(Node):
    """One line of the header; repeated and missing lines are the checker's business."""

    key: Literal["ruleset", "version", "effective", "currency", "timezone"]
    value: Name | Number | Date | Timestamp | Word
    """A name for `ruleset`, a number for `version`, a date or timestamp for `effective`, a word for the other two."""


@dataclass(frozen=True, slots=True)
class TypeName(Node):
    """An attribute's type as written; `low` and `high` for a range, `words` for `one of`."""

    kind: Literal["boolean", "integer", "decimal", "string", "timestamp", "one of", "list of string"]
    low: Number | None = None
    high: Number | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """One declared attribute; at most one of `optional` and `default`."""

    name: Path
    type: TypeName
    optional: bool
    default: Expression | None
    """A literal, or a `Reference` to a word of the list."""
    sent_as: Text | None
    label: Text | None


@dataclass(frozen=True, slots=True)
class EveryEvent(Node):
    """`every event`: attributes of all events."""

    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Event(Node):
    """`event TYPE`."""

    name: Path
    sent_as: Text | None
    label: Text | None
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Counts(Node):
    """`[also] counts EVENT [with CONDITION] [as EXPR NOUN]`; `event` is None for `any event`."""

    also: bool
    event: Path | None
    condition: Expression | None
    units: Expression | None
    noun: Name | None


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """`once per …` (`number` is None) and `limit N per …`; keys and period, at least one of the two."""

    number: Number | None
    keys: tuple[Path, ...]
    period: Period | None


@dataclass(frozen=True, slots=True)
class Units(Node):
    """`units EXPR`."""

    amount: Expression


@dataclass(frozen=True, slots=True)
class PriceClause(Node):
    """`price …`."""

    price: "Price"


@dataclass(frozen=True, slots=True)
class Adjustment(Node):
    """`discount X% with CONDITION`, `surcharge X% with CONDITION`."""

    kind: Literal["discount", "surcharge"]
    percent: Percent
    condition: Expression


@dataclass(frozen=True, slots=True)
class Cap(Node):
    """`cap AMOUNT per …`."""

    amount: Number
    basis: Basis


Clause = Counts | Limit | Units | PriceClause | Adjustment | Cap


@dataclass(frozen=True, slots=True)
class Interaction(Node):
    """`interaction NAME "label"` and its clauses, in the author's order."""

    name: Name
    label: Text | None
    clauses: tuple[Clause, ...]
