"""Golden runs: what a replay answered, kept in a file, and how another replay differs from it.

A file holds totals first, then one line for each event that is not simply nothing: an event that no rule counts
(NOT_COUNTED) has no line, so that files stay small, and one that is not named is expected to be nothing. Everything is
exact, and in an order that does not depend on engines or machines: a replay meets a file exactly if it would write the
same one. No version number stands in it, since a new version may well answer as the old one did.

- `.jsonl`, for histories that people look at and keep in version control: totals, interactions and customers by name,
  then events in their order, each a line.
- `.parquet`, for millions of events: the same, without the customers; totals and interactions are its metadata `vpi`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import parquet

from dsl.numbers import format_money, format_units
from dsl.to_sql import Order, Outcome
from service.replay.changes import in_place
from service.replay.comparison import Comparing, Comparison
from service.replay.reckoning import AT_ONCE, fetched, parquet_at
from service.replay.samples import explained

SUFFIXES = (".jsonl", ".parquet")
FORMAT = 1
_ANOTHER = "name another file, or remove it"
MOST_NAMED = 10
"""Events that are named with what was expected and what came."""
_METADATA = b"vpi"
_ANSWER = ("type", "customer", "outcome", "interaction", "units", "price", "also")
"""What is compared of an event."""
_KEY = ("event", "source", "again")
_SCHEMA = pa.schema(
    [
        ("event", pa.string()),
        ("source", pa.string()),
        ("again", pa.int64()),
        *((name, pa.string()) for name in _ANSWER[:-1]),
        ("also", pa.list_(pa.string())),
    ]
)
Head = dict[str, Any]


class CantExpect(Exception):
    """A file of what is expected can't be used; the text says why."""


class NotExpectations(CantExpect):
    """A file is something else, which nobody may overwrite; the text says so."""


@dataclass(frozen=True)
class Expected:
    """A file that was read: totals, those of interactions and customers by name, and the events as Parquet in `rows`.

    `customers` is None where the file holds none.
    """

    head: Head
    interactions: Mapping[str, Head]
    customers: Mapping[str, Head] | None
    rows: Path


@dataclass(frozen=True)
class Difference:
    """An event, and what was expected of it and came: members of `_ANSWER` that are not empty. `again` counts the rows
    with its id, from 1. `came` is None where the history has no such event, `expected` where the file has nothing.
    """

    event: str | None
    source: str | None
    again: int
    expected: Mapping[str, Any] | None
    came: Mapping[str, Any] | None
    reason: str = ""


@dataclass(frozen=True)
class Met:
    """How a replay met a file: `differing` events, the `first` of them, and totals that differ, in words.

    `written` tells that the file was written anew; what it held before is then what is compared with, if anything.
    """

    file: str
    differing: int = 0
    totals: tuple[str, ...] = ()
    first: tuple[Difference, ...] = ()
    written: bool = False

    @property
    def differs(self) -> bool:
        """Whether anything differs."""
        return bool(self.differing or self.totals)


def as_data(met: Met) -> dict[str, Any]:
    """`file`, `written`, `differing` (events), `totals` (sentences), and `first`: event, source, again, what was
    expected and what came (null: not there), reason."""
    return {
        "file": met.file,
        "written": met.written,
        "differing": met.differing,
        "totals": list(met.totals),
        "first": [
            {
                "event": one.event,
                "source": one.source,
                "again": one.again,
                "expected": None if one.expected is None else dict(one.expected),
                "came": None if one.came is None else dict(one.came),
                "reason": one.reason,
            }
            for one in met.first
        ],
    }


# ── reading ─────────────────────────────────────────────────────────────────


def read(path: Path, folder: Path, order: Order) -> Expected:
    """The file at a path, its events as Parquet in a folder.

    Raises CantExpect, also for one of another order, and NotExpectations for what is to be left alone.
    """
    try:
        found = _of_parquet(path) if path.suffix == ".parquet" else _of_lines(path, folder / "expected.parquet")
    except FileNotFoundError:
        raise CantExpect(
            f"{path} is not there yet: write it with --update, and read it before you rely on it"
        ) from None
    except OSError as error:
        raise CantExpect(f"can't read {path}: {(error.strerror or str(error)).lower()}") from None
    if found.head.get("order") != order:
        raise CantExpect(
            f"{path} was written with --order {found.head.get('order')}, and this is --order {order}: "
            "give the same order, or write it anew with --update"
        )
    return found


def _of_parquet(path: Path) -> Expected:
    try:
        schema = parquet.read_schema(path)
    except pa.ArrowException:
        raise NotExpectations(f"{path} is no Parquet file that can be read; {_ANOTHER}") from None
    metadata = (schema.metadata or {}).get(_METADATA)
    if metadata is None or not schema.equals(_SCHEMA):
        raise NotExpectations(f"{path} was not written by `vpi replay --expect`; {_ANOTHER}")
    heads = json.loads(metadata)
    _check_format(path, heads[0])
    return Expected(heads[0], {one["interaction"]: one for one in heads[1:]}, None, path)


def _of_lines(path: Path, rows: Path) -> Expected:
    head: Head = {}
    named: dict[str, dict[str, Head]] = {"interaction": {}, "customer": {}}
    waiting: list[Head] = []
    with parquet.ParquetWriter(rows, _SCHEMA) as out, path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if number == 1:
                head = _head(path, line, lines)
                continue
            one = _line(path, number, line)
            if "event" in one:
                waiting.append(_row(path, number, one))
            else:
                kind = next((kind for kind in named if isinstance(one.get(kind), str)), None)
                if kind is None:
                    raise CantExpect(_unreadable(path, number, "it names no event, interaction or customer"))
                named[kind][one[kind]] = one
            if len(waiting) == AT_ONCE:
                out.write_table(pa.Table.from_pylist(waiting, schema=_SCHEMA))
                waiting = []
        out.write_table(pa.Table.from_pylist(waiting, schema=_SCHEMA))
    if not head:
        raise CantExpect(f"{path} is empty; write it anew with --update")
    return Expected(head, named["interaction"], named["customer"], rows)


def _head(path: Path, line: bytes, rest: Iterator[bytes]) -> Head:
    """The first line, parsed; the rest is looked at where a merge left its marks."""
    if line.startswith(b"<<<<<<<") and next(rest, b"").startswith(b'{"expected"'):
        raise CantExpect(_unreadable(path, 1, "it is not JSON"))
    try:
        head = _line(path, 1, line)
    except CantExpect:
        head = {}
    if "expected" not in head:
        raise NotExpectations(f"{path} was not written by `vpi replay --expect`; {_ANOTHER}")
    _check_format(path, head)
    return head


def _line(path: Path, number: int, line: bytes) -> Head:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise CantExpect(_unreadable(path, number, "it is not JSON")) from None
    if not isinstance(found, dict):
        raise CantExpect(_unreadable(path, number, "it is no JSON object"))
    return found


def _row(path: Path, number: int, one: Head) -> Head:
    """An event's line as a row; what is left out is empty."""
    also, again = one.get("also"), one.get("again", 1)
    texts = [one.get(name) for name in ("event", "source", *_ANSWER[:-1])]
    sound = all(text is None or isinstance(text, str) for text in texts) and type(again) is int
    if also is not None:
        sound = sound and type(also) is list and all(isinstance(text, str) for text in also)
    if not sound or one.keys() - {*_KEY, *_ANSWER}:
        raise CantExpect(_unreadable(path, number, "it is no line that `vpi replay --expect` writes"))
    return one | {"again": again}


def _unreadable(path: Path, number: int, why: str) -> str:
    return f"{path}:{number} can't be read: {why}; put the file right, or write it anew with --update"


def _check_format(path: Path, head: Head) -> None:
    if head.get("expected") != FORMAT:
        raise CantExpect(
            f"{path} was not written by `vpi replay --expect` of this release; write it anew with --update"
        )


# ── what came ───────────────────────────────────────────────────────────────


def _gather(comparing: Comparing) -> None:
    """Make the table `came`: every row of the first side as a file has it, with its sequence."""
    execute = comparing.database.execute
    several = "SELECT seq FROM voids UNION SELECT event FROM voids"
    if comparing.prepared.repeats:
        several += f" UNION SELECT seq FROM {parquet_at(comparing.prepared.repeated)}"
    execute(
        "CREATE TABLE numbered AS SELECT seq, row_number() OVER (PARTITION BY source, id ORDER BY seq) AS again "
        f"FROM events WHERE source IS NULL OR id IS NULL OR seq IN ({several})"
    )
    main = "(SELECT seq, interaction FROM s0.evaluations JOIN s0.matches USING (line))"
    execute(
        f"CREATE TABLE also AS SELECT seq, list(l.interaction || ' ' || {_text('c.units', 6)} || ' ' || "
        f"{_text('c.price', 18)} ORDER BY l.interaction) AS also FROM s0.counted AS c "
        f"JOIN s0.matches AS l USING (line) JOIN {main} AS m USING (seq) "
        "WHERE l.interaction <> m.interaction GROUP BY seq"
    )
    outcomes = " ".join(f"WHEN {outcome:d} THEN '{outcome.name}'" for outcome in Outcome)
    execute(
        "CREATE TABLE came AS SELECT seq, e.id AS event, e.source AS source, coalesce(n.again, 1) AS again, "
        f"e.type AS type, e.subject AS customer, CASE v.outcome {outcomes} END AS outcome, "
        f"m.interaction AS interaction, CASE WHEN m.interaction IS NOT NULL THEN {_text('v.units', 6)} END AS units, "
        f"CASE WHEN m.interaction IS NOT NULL THEN {_text('v.price', 18)} END AS price, also "
        "FROM s0.evaluations AS v JOIN events AS e USING (seq) LEFT JOIN s0.matches AS m USING (line) "
        "LEFT JOIN numbered AS n USING (seq) LEFT JOIN also USING (seq)"
    )


def _text(column: str, places: int) -> str:
    """A scaled integer as the shortest decimal text, as `dsl.numbers` writes it."""
    one = f"CAST({10**places} AS HUGEINT)"
    wide = f"CAST({column} AS HUGEINT)"
    fraction = f"rtrim(lpad(CAST(abs({wide}) % {one} AS VARCHAR), {places}, '0'), '0')"
    return (
        f"(CASE WHEN {wide} < 0 THEN '-' ELSE '' END || CAST(abs({wide}) // {one} AS VARCHAR) || "
        f"CASE WHEN {wide} % {one} = 0 THEN '' ELSE '.' || {fraction} END)"
    )


def _heads(comparing: Comparing, comparison: Comparison, order: Order) -> tuple[Head, dict[str, Head]]:
    """Totals of the first side, and those of its interactions by name."""
    side, total = comparison.sides[0], comparison.totals[0]
    head = {
        "expected": FORMAT,
        "ruleset": side.versions.name,
        "order": order,
        "events": comparison.events,
        "currency": side.currency,
        "money": format_money(total.money),
        "outcomes": total.outcomes,
    }
    interactions = {
        used.interaction: {
            "interaction": used.interaction,
            "events": used.events[1],
            "units": format_units(used.units[1]),
            "money": format_money(used.money[1]),
        }
        for used in sorted(comparing.used(0), key=lambda used: used.interaction)
    }
    return head, interactions


def _customers(database: duckdb.DuckDBPyConnection) -> Iterator[Head]:
    found = database.cursor().execute("SELECT subject, n0, m0 FROM customers WHERE n0 <> 0 OR m0 <> 0 ORDER BY subject")
    for subject, events, money in fetched(found):
        yield {"customer": subject, "events": int(events), "money": format_money(int(money))}


# ── writing and comparing ───────────────────────────────────────────────────


def meet(
    comparing: Comparing, comparison: Comparison, path: Path, expected: Expected | None, order: Order, update: bool
) -> Met:
    """Compare the first side with what is expected, if that is known; with `update` write the file anew, or not at all.

    Raises CantWrite.
    """
    _gather(comparing)
    head, interactions = _heads(comparing, comparison, order)
    met = Met(str(path)) if expected is None else _compared(comparing, path, expected, head, interactions, order)
    if not update:
        return met
    with in_place(path) as part:
        write = _to_parquet if path.suffix == ".parquet" else _to_lines
        write(comparing.database, part, [head, *interactions.values()])
    return Met(str(path), met.differing, met.totals, met.first, written=True)


_LISTED = f"SELECT {', '.join((*_KEY, *_ANSWER))} FROM came WHERE outcome <> '{Outcome.NOT_COUNTED.name}' ORDER BY seq"


def _to_lines(database: duckdb.DuckDBPyConnection, part: Path, heads: Sequence[Head]) -> None:
    with part.open("w", encoding="utf-8") as out:
        for one in (*heads, *_customers(database)):
            out.write(json.dumps(one, ensure_ascii=False) + "\n")
        for row in fetched(database.cursor().execute(_LISTED)):
            event, source, again, *answer = row
            line = {"event": event, "source": source} | ({"again": again} if again > 1 else {})
            out.write(json.dumps(line | _not_empty(answer), ensure_ascii=False) + "\n")


def _to_parquet(database: duckdb.DuckDBPyConnection, part: Path, heads: Sequence[Head]) -> None:
    schema = _SCHEMA.with_metadata({_METADATA: json.dumps(list(heads), ensure_ascii=False).encode()})
    with parquet.ParquetWriter(part, schema, compression="zstd") as out:
        listed: Any = database.cursor().sql(_LISTED).to_arrow_reader(AT_ONCE)
        for batch in listed:
            out.write_table(pa.Table.from_batches([batch]).cast(_SCHEMA).replace_schema_metadata(schema.metadata))


def _not_empty(answer: Sequence[Any]) -> Head:
    return {name: value for name, value in zip(_ANSWER, answer, strict=True) if value is not None}


def _compared(
    comparing: Comparing,
    path: Path,
    expected: Expected,
    head: Head,
    interactions: Mapping[str, Head],
    order: Order,
) -> Met:
    differ = " OR ".join(f"c.{name} IS DISTINCT FROM e.{name}" for name in _ANSWER)
    same_key = " AND ".join(f"c.{name} IS NOT DISTINCT FROM e.{name}" for name in _KEY)
    database = comparing.database
    # An event that counts as nothing has no line; only where it has one does it differ.
    database.execute(
        f"CREATE TABLE unmet AS SELECT c.seq AS seq, {_columns('c')}, {_columns('e')}, "
        "e.again IS NOT NULL AS named, c.seq IS NOT NULL AS there "
        f"FROM came AS c FULL JOIN {parquet_at(expected.rows)} AS e ON {same_key} "
        f"WHERE ({differ}) AND (e.again IS NOT NULL OR c.outcome <> '{Outcome.NOT_COUNTED.name}')"
    )
    ((differing,),) = database.execute("SELECT count(*) FROM unmet").fetchall()
    found = database.execute(f"SELECT * FROM unmet ORDER BY seq, e_source, e_event LIMIT {MOST_NAMED}").fetchall()
    reasons = explained(comparing, [row[0] for row in found if row[0] is not None], order)
    first = tuple(_difference(row, reasons[row[0]][1].reason if row[0] in reasons else "") for row in found)
    totals = _heads_compared("in all", expected.head, head)
    for name in sorted(expected.interactions.keys() | interactions.keys()):
        totals += _heads_compared(name, expected.interactions.get(name, {}), interactions.get(name, {}))
    if expected.customers is not None and not differing:
        totals += _customers_compared(expected.customers, _customers(database))
    return Met(str(path), int(differing), tuple(totals), first)


def _columns(side: str) -> str:
    return ", ".join(f"{side}.{name} AS {side}_{name}" for name in (*_KEY, *_ANSWER))


def _difference(row: Sequence[Any], reason: str) -> Difference:
    width = len(_KEY) + len(_ANSWER)
    came, expected, (named, there) = row[1 : width + 1], row[width + 1 : 2 * width + 1], row[-2:]
    event, source, again = (came if there else expected)[: len(_KEY)]
    return Difference(
        event,
        source,
        int(again),
        _not_empty(expected[len(_KEY) :]) if named else None,
        _not_empty(came[len(_KEY) :]) if there else None,
        reason,
    )


def _heads_compared(name: str, expected: Head, came: Head) -> list[str]:
    """How totals differ, in one sentence at most: of one interaction, of one customer, or of all."""
    wanted, found = (_flat(one) for one in (expected, came))
    parts = [
        f"{kind} {found.get(kind, 0)} instead of {wanted.get(kind, 0)}"
        for kind in dict.fromkeys((*found, *wanted))
        if str(found.get(kind, 0)) != str(wanted.get(kind, 0))
    ]
    return [f"{name}: {', '.join(parts)}"] if parts else []


def _flat(head: Head) -> Head:
    """The numbers of a total; the outcomes, which are several, each by itself."""
    flat = {name: value for name, value in head.items() if name not in ("outcomes", "interaction", "customer")}
    outcomes = head.get("outcomes")
    return flat | (outcomes if isinstance(outcomes, dict) else {})


def _customers_compared(expected: Mapping[str, Head], came: Iterator[Head]) -> list[str]:
    """The first customers whose totals differ."""
    left = dict(expected)
    totals: list[str] = []
    for one in came:
        totals += _heads_compared(str(one["customer"]), left.pop(one["customer"], {}), one)
        if len(totals) >= MOST_NAMED:
            return totals
    for name, one in left.items():
        totals += _heads_compared(name, one, {})
    return totals[:MOST_NAMED]
