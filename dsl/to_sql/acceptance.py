"""Which prepared events a declaration does not take.

What a value is was settled when it was prepared; here only ranges, words and what must be given are looked at.
"""

from collections.abc import Mapping, Sequence

from dsl.core import EventType, Ruleset
from dsl.to_sql.dialect import Dialect
from dsl.to_sql.schema import OUTSIDE_PATHS, Column, Outcome, Storage, storage_of


def status_of(dialect: Dialect, ruleset: Ruleset, prepared: Sequence[Column]) -> dict[str, str]:
    """For each declared type, quoted, what a row of it with sound built-ins is: 0 or REFUSED."""
    names = {(column.path, column.storage): column.name for column in prepared}
    return {dialect.string(event.outside): _fits(dialect, event, names) for event in ruleset.events}


def _fits(dialect: Dialect, event: EventType, prepared: Mapping[tuple[str, Storage], str]) -> str:
    """0 where a row's values fit its declaration, else REFUSED."""
    checks, names = [], [OUTSIDE_PATHS]
    for attribute in event.attributes:
        column = prepared[attribute.outside, storage_of(attribute)]
        names.append(column)
        check = ""
        match attribute.kind:
            case "integer" | "decimal":
                check = f"{column} BETWEEN {attribute.low} AND {attribute.high}"
            case "one of":
                check = f"{column} IN ({', '.join(map(dialect.string, attribute.words))})"
            case _:
                pass
        if attribute.required:
            checks.append(check or f"{column} IS NOT NULL")
        elif check:
            checks.append(f"({column} IS NULL OR {check})")
    clean = " AND ".join(f"NOT {dialect.has_part('misfits', dialect.string(f',{name},'))}" for name in names)
    checks.append(f"(misfits IS NULL OR ({clean}))")
    return f"CASE WHEN {' AND '.join(checks)} THEN 0 ELSE {Outcome.REFUSED:d} END"
