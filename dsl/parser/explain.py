"""Says what is wrong at a place where the grammar cannot go on, and how to go on after it."""

from dataclasses import dataclass

from dsl.diagnostics import Diagnostic
from dsl.diagnostics.grammar import Unexpected
from dsl.parser.place import Place


@dataclass(frozen=True)
class Remedy:
    """A diagnostic, and what to do about the token that cannot stand here."""

    diagnostic: Diagnostic


@dataclass(frozen=True)
class GoOn(Remedy):
    """Drop the clause and go on with the next."""


@dataclass(frozen=True)
class AsName(Remedy):
    """Take the token for a name."""


@dataclass(frozen=True)
class Skip(Remedy):
    """Leave out some tokens."""

    count: int = 1


@dataclass(frozen=True)
class NewPiece(Remedy):
    """A declaration of another kind begins here."""

    kind: str


def explain(place: Place) -> Remedy:
    """What is wrong at a place."""
    return GoOn(Unexpected(span=place.span, what=", ".join(sorted(place.expected))[:200], found=place.text))
