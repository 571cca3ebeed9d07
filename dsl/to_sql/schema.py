"""The table of prepared events that the stages read: its columns for some rulesets, and what stands in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from dsl.core import Attribute, BooleanType, ListType, NumberType, Ruleset, TextType, TimestampType, Type, WordType

Storage = Literal["boolean", "integer", "decimal", "text", "timestamp", "list"]
"""How a column holds a value: decimals in millionths, instants in microseconds; strings and words are one."""

OUTSIDE_PATHS = "*"
"""Stands in `misfits` for a path that came both nested and dotted."""


class Outcome(IntEnum):
    """What became of one prepared event, as the stages number it; those from REFUSED to NOT_IN_FORCE claim no id.

    VOIDED is no stage's: a runner gives it to the row by which a ledger took an event back, whose numbers are negative.
    """

    COUNTED = 0
    NOT_COUNTED = 1
    LIMITED = 2
    DUPLICATE = 3
    CONFLICT = 4
    REFUSED = 5
    UNKNOWN_EVENT = 6
    NOT_IN_FORCE = 7
    VOIDED = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column of values: those of an outside path that fit one storage. `name` is `a0`, `a1`, …"""

    name: str
    path: str
    storage: Storage


_STORAGES: dict[str, Storage] = {
    "boolean": "boolean",
    "integer": "integer",
    "decimal": "decimal",
    "string": "text",
    "one of": "text",
    "timestamp": "timestamp",
    "list of string": "list",
}


def storage_of(attribute: Attribute) -> Storage:
    """How the values of an attribute are held."""
    return _STORAGES[attribute.kind]


def storage_of_type(type_: Type) -> Storage:
    """How what is read with a type is held."""
    match type_:
        case BooleanType():
            return "boolean"
        case NumberType():
            return "decimal" if type_.places else "integer"
        case TextType() | WordType():
            return "text"
        case TimestampType():
            return "timestamp"
        case ListType():
            return "list"
    raise AssertionError(type_)


def columns_of(rulesets: Iterable[Ruleset]) -> tuple[Column, ...]:
    """The columns of values that all of some rulesets' declarations need, in an order that is always the same."""
    found = {
        (attribute.outside, storage_of(attribute))
        for ruleset in rulesets
        for event in ruleset.events
        for attribute in event.attributes
    }
    return tuple(Column(f"a{number}", path, storage) for number, (path, storage) in enumerate(sorted(found)))
