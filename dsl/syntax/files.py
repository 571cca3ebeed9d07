"""Examples, and the whole file."""

from dataclasses import dataclass
from typing import Literal

from dsl.source import Source
from dsl.syntax.declarations import Event, EveryEvent, HeaderLine, Interaction
from dsl.syntax.expressions import Expression
from dsl.syntax.literals import Comment, Date, Name, Node, Number, Path, Text, Timestamp


@dataclass(frozen=True, slots=True)
class GivenValue(Node):
    """`attribute: value` in a step; a word of a list is a `Reference`."""

    name: Path
    value: Expression


@dataclass(frozen=True, slots=True)
class Bill(Node):
    """`NAME, N noun, PRICE`: one line that a step expects; units and price may be negative numbers in form."""

    interaction: Name
    units: Number
    noun: Name
    price: Number


@dataclass(frozen=True, slots=True)
class Expected(Node):
    """What a step expects: a word, or one or more bills."""

    word: Literal["nothing", "limited", "refused"] | None
    bills: tuple[Bill, ...]


@dataclass(frozen=True, slots=True)
class Step(Node):
    """`EVENT (attribute: value, …) [at TIME] [by "customer"] => OUTCOME`."""

    event: Path
    values: tuple[GivenValue, ...]
    at: Date | Timestamp | None
    customer: Text | None
    expected: Expected


@dataclass(frozen=True, slots=True)
class Example(Node):
    """`example "TITLE"` and its steps."""

    title: Text
    steps: tuple[Step, ...]


Declaration = EveryEvent | Event | Interaction | Example


@dataclass(frozen=True, slots=True)
class Broken(Node):
    """A declaration or header line that did not parse whole.

    What could be read of it may stand among the declarations, without the clauses, attributes or steps that did not
    parse; the checker then stays silent about what a missing part would cause. `name` is None where it is unknown.
    """

    kind: Literal["header", "every event", "event", "interaction", "example", "unknown"]
    name: str | None


@dataclass(frozen=True, slots=True)
class File:
    """A whole rule file, in the author's order. Comments stand beside the tree, in order of their place."""

    source: Source
    header: tuple[HeaderLine, ...]
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]
    broken: tuple[Broken, ...] = ()
