"""The ledger's tables in PostgreSQL: made where there are none, brought to what this release needs, or refused."""

from psycopg import errors

from service.ledger.interface import CantOpen
from service.ledger.migrations import migrations, outstanding
from service.ledger.postgres.connection import Connection

_MAKE_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS migrations (
  number  integer PRIMARY KEY,
  name    text NOT NULL,
  sha256  text NOT NULL
)
"""


def migrate(connection: Connection, place: str) -> None:
    """Takes the steps that the database still needs, all or none, while no other process does.

    Raises CantOpen for a ledger of a later release, for one that took a step of another text, and where the ledger's
    tables can't be made.
    """
    known = migrations("postgres")
    try:
        if not outstanding(known, _applied(connection), place):
            return
    except errors.UndefinedTable:
        _make(connection, place)
    except errors.UndefinedColumn:
        raise _taken(place, "migrations") from None
    with connection.transaction():
        connection.execute("LOCK TABLE migrations IN SHARE ROW EXCLUSIVE MODE")
        # Another process may have taken them while this one waited.
        for step in outstanding(known, _applied(connection), place):
            try:
                connection.execute(step.text.encode())
            except errors.DuplicateTable as error:
                raise _taken(place, f"{error.diag.message_primary}") from None
            except errors.InsufficientPrivilege:
                raise _not_allowed(place) from None
            connection.execute("INSERT INTO migrations VALUES (%s, %s, %s)", (step.number, step.name, step.sha256))


def _make(connection: Connection, place: str) -> None:
    try:
        connection.execute(_MAKE_MIGRATIONS)
    except errors.InsufficientPrivilege:
        raise _not_allowed(place) from None
    except (errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateObject) as error:
        # Another process made it at the same moment: its index, the table or the table's type was there first. Where
        # there is no table all the same, the type is somebody else's.
        if connection.execute("SELECT to_regclass('migrations')").fetchall() == [(None,)]:
            raise _taken(place, f"{error.diag.message_primary}") from None


def _applied(connection: Connection) -> dict[int, str]:
    return dict(connection.execute("SELECT number, sha256 FROM migrations").fetchall())


def _taken(place: str, what: str) -> CantOpen:
    return CantOpen(
        f"{place} has a table of another program by one of the ledger's names ({what}); "
        "give the ledger a database of its own"
    )


def _not_allowed(place: str) -> CantOpen:
    return CantOpen(
        f"{place} has no ledger yet, and its user may not make the tables; "
        "allow it with `GRANT CREATE ON SCHEMA public TO …`, or name a user that may"
    )
