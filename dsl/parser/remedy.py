"""What to do after a syntax error: how to read on, so that one slip makes one error."""

from dataclasses import dataclass

from dsl.diagnostics import Diagnostic


@dataclass(frozen=True)
class Remedy:
    """A diagnostic, and how to go on; as it stands: drop the clause and go on with the next."""

    diagnostic: Diagnostic


@dataclass(frozen=True)
class Repair(Remedy):
    """Read on as though these tokens, each a type and a text, stood in place of the next `skip` tokens."""

    feed: tuple[tuple[str, str], ...] = ()
    skip: int = 0


@dataclass(frozen=True)
class Rephrased(Remedy):
    """Read the clause again, with these tokens in place of those from index `begin` to `stop`, and go on there."""

    feed: tuple[tuple[str, str], ...]
    begin: int
    stop: int
    part: bool = False
    """Whether the part before belongs to it: it was taken for complete too early."""


@dataclass(frozen=True)
class Dropped(Remedy):
    """Drop the clause, though it could end here: it would mean something else."""


@dataclass(frozen=True)
class Requoted(Remedy):
    """Take the last part again, with the first word of this clause in double quotes."""


@dataclass(frozen=True)
class NewPiece(Remedy):
    """A declaration, or line of the header, of this kind begins at the clause's start: its word is misspelt."""

    kind: str


@dataclass(frozen=True)
class Joined(Remedy):
    """The hard word that begins the next piece was to be a name in this one."""
