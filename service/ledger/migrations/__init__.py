"""Numbered steps of each database's tables, and the rules by which they are taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

from service.ledger.interface import CantOpen


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number, from 1, its file's name and text, and the text's SHA-256 in hexadecimal."""

    number: int
    name: str
    text: str
    sha256: str


def migrations(database: str) -> list[Migration]:
    """The steps of `sqlite` or `postgres`, in order."""
    folder = resources.files("service.ledger.migrations").joinpath(database)
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    found = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        found.append(Migration(int(file.name[:4]), file.name, text, sha256(text.encode()).hexdigest()))
    assert [step.number for step in found] == list(range(1, len(found) + 1)), "migrations are numbered without a gap"
    return found


def outstanding(known: Sequence[Migration], applied: Mapping[int, str], place: str) -> list[Migration]:
    """The steps that a ledger still needs; `applied` has the hashes of those that it took, by number.

    Raises CantOpen for a ledger of a later release, and for one that took a step of another text.
    """
    newest = max(applied, default=0)
    if newest > len(known):
        raise CantOpen(
            f"{place} was written by a later release of vpi (its tables are at step {newest}, this release knows "
            f"{len(known)}); use that release"
        )
    for step in known:
        if applied.get(step.number, step.sha256) != step.sha256:
            raise CantOpen(
                f"{place} was set up by another text of {step.name} than this release has; it can't be known what its "
                "tables mean, and nothing was changed"
            )
    return [step for step in known if step.number not in applied]
