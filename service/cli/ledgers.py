"""Where evaluations are kept: how a ledger's place is written, and the ledger that is there."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote

from service.cli.options import unreadable
from service.errors import LedgerDamaged, LedgerUnavailable
from service.ledger.interface import CantOpen, Ledger
from service.ledger.memory import MemoryLedger
from service.times import now

MEMORY = "memory:"
DEFAULT = "vpi-ledger.db"
"""The ledger of whoever names none: a SQLite file in the current folder."""
KINDS = f"a path is a SQLite file, `postgresql://…` a database, `{MEMORY}` forgets"
# One letter and a colon is a drive, not a scheme.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_PASSWORD = re.compile(r"(?<=://)([^:/@?]*):(.*)@")
_PASSWORD_PARAMETER = re.compile(r"([?&](?:ssl)?password=)([^&]*)", re.IGNORECASE)


def is_memory(place: str) -> bool:
    """Whether a place is this process's memory."""
    return place == MEMORY


def is_postgres(place: str) -> bool:
    """Whether a place is a PostgreSQL database."""
    return place.startswith(("postgresql://", "postgres://"))


def is_file(place: str) -> bool:
    """Whether a place is a path, be there a file or not."""
    return bool(place) and not is_postgres(place) and not _SCHEME.match(place)


def shown(place: str) -> str:
    """A place as it may be shown: without a password."""
    return _PASSWORD_PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", place))


def without_password(text: str, place: str) -> str:
    """A text that may quote a place, or the password in it, as it may be shown."""
    text = text.replace(place, shown(place))
    found = [match[2] for pattern in (_PASSWORD, _PASSWORD_PARAMETER) for match in pattern.finditer(place)]
    for secret in {spelling for password in found for spelling in (password, unquote(password))} - {""}:
        text = text.replace(secret, "***")
    return text


def in_words(place: str) -> str:
    """Where evaluations are kept, as the end of a sentence that begins with `evaluations are kept`."""
    if is_memory(place):
        return "in memory only, and end with the server"
    return f"in {'the database ' if is_postgres(place) else ''}{shown(place)}"


def open_ledger(place: str, clock: Callable[[], int]) -> Ledger:
    """The ledger at a place, made where there is none yet: `memory:`, a path, or `postgresql://…`.

    Raises CantOpen and LedgerUnavailable.
    """
    if is_memory(place):
        return MemoryLedger(clock)
    if is_postgres(place):
        return _postgres(place, clock)
    if not place:
        raise CantOpen(f"no ledger is named: {KINDS}")
    if place in ("memory", ":memory:"):
        raise CantOpen(f"`{place}` is no ledger; did you mean `{MEMORY}`?")
    if scheme := _SCHEME.match(place):
        raise CantOpen(f"there is no ledger of the kind `{scheme[1]}:`; {KINDS}")
    # Each kind of store is imported where it is used, so that no command waits for one that it has no need of.
    sqlite = import_module("service.ledger.sqlite")
    return sqlite.SqliteLedger(Path(place), clock)  # type: ignore[no-any-return]  # imported by its name


def _postgres(place: str, clock: Callable[[], int]) -> Ledger:
    try:
        module = import_module("service.ledger.postgres")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("psycopg"):
            raise
        raise CantOpen("a ledger in PostgreSQL needs the extra `postgres`: `pip install 'vpi[postgres]'`") from None
    return module.PostgresLedger(place, clock)  # type: ignore[no-any-return]


def existing_ledger(place: str, clock: Callable[[], int]) -> Ledger:
    """As `open_ledger`, but a ledger that is there already; raises CantOpen where there is none."""
    if is_memory(place):
        raise CantOpen(f"`{MEMORY}` ends with its process: name the file or the database that the server keeps")
    if is_file(place) and not Path(place).exists():
        raise CantOpen(f"there is no ledger {place}; `vpi serve --ledger {place}` or `vpi publish` makes one")
    return open_ledger(place, clock)


@contextmanager
def ledger_at(place: str, make: bool = False, clock: Callable[[], int] = now) -> Iterator[Ledger]:
    """The ledger at a place, closed at the end; made where `make` and there is none.

    Ends the command with a sentence where it can't be used.
    """
    try:
        ledger = (open_ledger if make else existing_ledger)(place, clock)
    except (CantOpen, LedgerUnavailable) as error:
        cant_use(error, place)
    try:
        yield ledger
    except (LedgerUnavailable, LedgerDamaged) as error:
        cant_use(error, place)
    finally:
        ledger.close()


def cant_use(error: Exception, place: str) -> NoReturn:
    """Ends the command: the ledger can't be used."""
    unreadable(without_password(str(error), place))
