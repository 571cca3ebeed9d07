"""A history of any length for the replay benchmarks: the same events every time, made by DuckDB from their numbers."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from dsl.checker import check
from dsl.core import Ruleset
from dsl.source import Source
from dsl.to_sql import columns_of, stretch_of
from dsl.zones import DAY, SECOND
from service.replay.duckdb import Settings, find_repeats
from service.replay.prepared import ROWS_A_GROUP, Prepared, write_manifest

START = 1_767_225_600 * SECOND
LENGTH = 120 * DAY
"""The events lie evenly within 120 days from 2026-01-01: five local months, and one change of the clocks."""

_HEAD = """
ruleset   bench
version   1
effective 2025-01-01
currency  USD
timezone  America/New_York

every event
  member  string
  plan    one of free, pro default free

event search
  voice    boolean default no
  results  integer from 0 to 100_000
  channel  one of app, web, kiosk

event support
  resolved  boolean
  via       one of tool, agent, email

event listing
  status  one of draft, accepted, rejected
  photos  integer from 0 to 500 default 0
  price   decimal
"""

FLAT = (
    _HEAD
    + """
interaction voice_search
  counts  search with voice and ≥1 result
  price   by channel
            app        0.05
            otherwise  0.03

interaction answered
  counts  support with resolved and via is tool
  price   1.20

interaction listed
  counts  listing with status is accepted
  units   1 + photos / 10 rounded up
  price   0.40
"""
)

FULL = (
    _HEAD
    + """
interaction voice_search
  counts  search with voice and ≥1 result
  limit 40 per day
  price   per month
            first 100  free
            next 900   at 0.05
            then       at 0.03
  cap     48.00 per month

interaction answered
  counts  support with resolved and via is tool
  limit 1 per member per day
  price   per month by volume
            up to 50  at 1.20
            above     at 0.90

interaction listed
  counts  listing with status is accepted
  units   1 + photos / 10 rounded up
  price   per month
            first 100  free
            next 900   at 0.40
            then       at 0.25
  cap     380.00 per month
"""
)


def ruleset_of(text: str) -> Ruleset:
    """One of the rulesets above, checked."""
    ruleset, diagnostics = check(Source("bench.vpi", text))
    assert ruleset is not None, diagnostics
    return ruleset


def _one_of(salt: int, *words: str) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"[{listed}][CAST(1 + {_random(salt)} % {len(words)} AS INTEGER)]"


def _random(salt: int) -> str:
    return f"hash(n * 64 + {salt})"


_SEARCH, _SUPPORT, _LISTING = "kind < 60", "kind BETWEEN 60 AND 79", "kind >= 80"
_VALUES: Mapping[str, str] = {
    "member": f"'m-' || {_random(2)} % 20",
    "plan": f"CASE WHEN {_random(3)} % 3 = 0 THEN 'pro' END",
    "voice": f"CASE WHEN {_SEARCH} THEN {_random(4)} % 2 = 0 END",
    # One search in a thousand has more results than its declaration allows, one has none: both are refused.
    "results": f"CASE WHEN {_SEARCH} THEN CASE {_random(5)} % 1000 WHEN 0 THEN 200000 WHEN 1 THEN NULL "
    f"ELSE {_random(5)} % 7 END END",
    "channel": f"CASE WHEN {_SEARCH} THEN {_one_of(6, 'app', 'web', 'kiosk')} END",
    "resolved": f"CASE WHEN {_SUPPORT} THEN {_random(7)} % 2 = 0 END",
    "via": f"CASE WHEN {_SUPPORT} THEN {_one_of(8, 'tool', 'agent', 'email')} END",
    "status": f"CASE WHEN {_LISTING} THEN {_one_of(9, 'draft', 'accepted', 'rejected')} END",
    "photos": f"CASE WHEN {_LISTING} THEN {_random(10)} % 30 END",
    "price": f"CASE WHEN {_LISTING} THEN {_random(11)} % 100000000 END",
}
_SQL_TYPES = {"boolean": "BOOLEAN", "text": "VARCHAR"}


def rows(count: int, columns: Mapping[str, str]) -> str:
    """The query for the first events of a history of `count`: seq, built-ins, and values by the names of `columns`.

    One event in a thousand has the id of the one 500 before it, and one in 500 is of a type that nobody declared. A
    few customers have most of the events, as customers do.
    """
    values = ", ".join(f"{_VALUES[path]} AS {name}" for path, name in columns.items())
    kind = f"CASE WHEN {_SEARCH} THEN 'search' WHEN {_SUPPORT} THEN 'support' ELSE 'listing' END"
    return f"""
        SELECT n AS seq, printf('e-%09d', CASE WHEN n % 1000 = 999 THEN n - 500 ELSE n END) AS id,
            '/site' AS source, CASE WHEN n % 500 = 7 THEN 'login' ELSE {kind} END AS type,
            'customer-' || (({_random(1)} % 1000) * ({_random(1)} // 1000 % 1000) // 200) AS subject,
            {START} + n * {LENGTH // count} AS time_us, {values}
        FROM (SELECT CAST(range AS BIGINT) AS n, hash(range * 64) % 100 AS kind FROM range({count}))"""


def make(folder: Path, count: int) -> Prepared:
    """A prepared history of `count` events, in a folder that is not there yet."""
    columns = columns_of([ruleset_of(FLAT)])
    folder.mkdir(parents=True)
    cast = {c.name: _SQL_TYPES.get(c.storage, "BIGINT") for c in columns}
    values = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in cast.items())
    query = f"""
        SELECT seq, id, source, type, subject, time_us, FALSE AS flawed, CAST(NULL AS VARCHAR) AS misfits,
            CAST(NULL AS VARCHAR) AS raw, {values}
        FROM ({rows(count, {c.path: c.name for c in columns})})"""
    target = folder / "events-00000.parquet"
    with duckdb.connect() as database:
        database.execute(
            f"COPY ({query}) TO '{target}' "
            f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROWS_A_GROUP})"
        )
    stretches = frozenset(range(stretch_of(START), stretch_of(START + LENGTH) + 1))
    prepared = Prepared(folder, columns, count, stretches, 0)
    work = folder / "work"
    work.mkdir()
    repeats = find_repeats(prepared, work, Settings("2GB"))
    shutil.rmtree(work)
    prepared = Prepared(folder, columns, count, stretches, repeats)
    write_manifest(prepared)
    return prepared


def as_lines(path: Path, count: int) -> None:
    """The same history as JSON lines; what an event does not have is left out."""
    columns = columns_of([ruleset_of(FLAT)])
    members = []
    for column in columns:
        text = f"CAST({column.path} AS VARCHAR)"
        if column.storage == "text":
            text = f"""'"' || {text} || '"'"""
        elif column.storage == "decimal":
            text = f"CAST({column.path} // 100 AS VARCHAR) || '.' || lpad(CAST({column.path} % 100 AS VARCHAR), 2, '0')"
        members.append(f"""'"{column.path}":' || {text}""")
    envelope = " || ".join(f"""'"{name}":"' || {name} || '",'""" for name in ("id", "source", "type", "subject"))
    time = "strftime(make_timestamp(time_us), '%Y-%m-%dT%H:%M:%S.%fZ')"
    line = f"""'{{"specversion":"1.0",' || {envelope} || '"time":"' || {time} || '","data":{{' ||
        concat_ws(',', {", ".join(members)}) || '}}}}'"""
    query = f"SELECT {line} FROM ({rows(count, {column.path: column.path for column in columns})})"
    with duckdb.connect() as database, path.open("w", encoding="utf-8") as file:
        found = database.execute(query)
        while some := found.fetchmany(50_000):
            file.writelines(f"{line}\n" for (line,) in some)
