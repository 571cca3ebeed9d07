"""The two rulesets of `histories` as one would write them in SQL by hand for DuckDB, knowing the rules and the data.

The same tables: outcome, line, units and price of every event, what declarations refuse and repeated ids included.
Nothing is left out that makes it fast: one pass over the events, customers as numbers, narrow integers, intermediate
tables in memory, prices in millionths, one constant for the change of the clocks, and caps read off running totals.
"""

from collections.abc import Mapping

_STATUS = """CASE
    WHEN type = 'search' THEN CASE WHEN results BETWEEN 0 AND 100000 AND channel IN ('app', 'web', 'kiosk')
        AND member IS NOT NULL AND (plan IS NULL OR plan IN ('free', 'pro')) THEN 0 ELSE 5 END
    WHEN type = 'support' THEN CASE WHEN resolved IS NOT NULL AND via IN ('tool', 'agent', 'email')
        AND member IS NOT NULL AND (plan IS NULL OR plan IN ('free', 'pro')) THEN 0 ELSE 5 END
    WHEN type = 'listing' THEN CASE WHEN status IN ('draft', 'accepted', 'rejected') AND price IS NOT NULL
        AND (photos IS NULL OR photos BETWEEN 0 AND 500)
        AND member IS NOT NULL AND (plan IS NULL OR plan IN ('free', 'pro')) THEN 0 ELSE 5 END
    ELSE 6 END"""
_LINE = """CASE
    WHEN type = 'search' THEN CASE WHEN voice AND results >= 1 THEN 0 END
    WHEN type = 'support' THEN CASE WHEN resolved AND via = 'tool' THEN 1 END
    WHEN type = 'listing' THEN CASE WHEN status = 'accepted' THEN 2 END END"""
_UNITS = "1 + (coalesce(photos, 0) + 9) // 10"
_REPEATS = (
    f"CREATE TEMP TABLE again AS SELECT seq, id_number, content, {_STATUS} AS odd FROM history JOIN twice USING (seq)",
    """CREATE TEMP TABLE later AS
    SELECT seq, CASE WHEN content = first THEN 3 ELSE 4 END AS lost FROM again JOIN (
        SELECT id_number, min(seq) AS claimed, min_by(content, seq) AS first FROM again WHERE odd = 0 GROUP BY id_number
    ) USING (id_number) WHERE seq > claimed""",
)
_LINED = f"""SELECT *, CAST(CASE WHEN odd = 0 THEN {_LINE} END AS TINYINT) AS line FROM (
    SELECT h.*, CAST(coalesce(lost, {_STATUS}) AS TINYINT) AS odd FROM history AS h LEFT JOIN later USING (seq))"""

FLAT = (
    *_REPEATS,
    f"""CREATE TABLE by_hand AS SELECT seq,
        CAST(CASE WHEN line IS NOT NULL THEN 0 WHEN odd <> 0 THEN odd ELSE 1 END AS TINYINT) AS outcome, line,
        CASE WHEN line IS NULL THEN 0 WHEN line = 2 THEN units ELSE 1 END * 1000000 AS units,
        CAST(CASE line WHEN 0 THEN CASE WHEN channel = 'app' THEN 50000 ELSE 30000 END WHEN 1 THEN 1200000
            WHEN 2 THEN units * 400000 ELSE 0 END AS BIGINT) AS price
    FROM (SELECT *, {_UNITS} AS units FROM ({_LINED}))""",
)

# New York leaves its offset of -5 hours on 2026-03-08 at 07:00 UTC.
_LOCAL = "time_us - CASE WHEN time_us < 1772953200000000 THEN 18000000000 ELSE 14400000000 END"
_RUNNING = "ORDER BY seq ROWS UNBOUNDED PRECEDING"


def _tiers(total: str, first: int, then: int) -> str:
    return (
        f"CASE WHEN {total} <= 100 THEN 0 WHEN {total} <= 1000 THEN ({total} - 100) * {first} "
        f"ELSE {900 * first} + ({total} - 1000) * {then} END"
    )


def _owed(total: str) -> str:
    return f"""CASE line WHEN 0 THEN least(48000000, {_tiers(total, 50000, 30000)})
        WHEN 1 THEN {total} * CASE WHEN {total} <= 50 THEN 1200000 ELSE 900000 END
        ELSE least(380000000, {_tiers(total, 400000, 250000)}) END"""


FULL = (
    *_REPEATS,
    """CREATE TEMP TABLE numbers AS SELECT subject, CAST(row_number() OVER () AS INTEGER) AS who
    FROM (SELECT DISTINCT subject FROM history)""",
    f"""CREATE TEMP TABLE lined AS SELECT seq, line, odd, who, member, CAST(local // 86400000000 AS INTEGER) AS day,
        CAST(month(make_timestamp(local)) AS TINYINT) AS month,
        CAST(CASE WHEN line = 2 THEN {_UNITS} ELSE 1 END AS TINYINT) AS units
    FROM (SELECT *, {_LOCAL} AS local FROM ({_LINED})) LEFT JOIN numbers USING (subject)""",
    f"""CREATE TABLE by_hand AS
    SELECT seq, CAST(CASE WHEN room THEN 0 ELSE 2 END AS TINYINT) AS outcome, line,
        CASE WHEN room THEN CAST(units AS BIGINT) * 1000000 ELSE 0 END AS units,
        CASE WHEN room THEN {_owed("total")} - {_owed("(total - units)")} ELSE 0 END AS price
    FROM (
        SELECT *, CAST(sum(CASE WHEN room THEN units ELSE 0 END)
            OVER (PARTITION BY line, who, month {_RUNNING}) AS BIGINT) AS total
        FROM (
            SELECT seq, line, who, month, units, row_number() OVER (PARTITION BY who, day ORDER BY seq) <= 40 AS room
            FROM lined WHERE line = 0
            UNION ALL
            SELECT seq, line, who, month, units,
                row_number() OVER (PARTITION BY who, member, day ORDER BY seq) <= 1 AS room
            FROM lined WHERE line = 1
            UNION ALL SELECT seq, line, who, month, units, TRUE FROM lined WHERE line = 2))
    UNION ALL
    SELECT seq, CASE WHEN odd = 0 THEN 1 ELSE odd END, NULL, 0, 0 FROM lined WHERE line IS NULL""",
)

STATEMENTS: Mapping[str, tuple[str, ...]] = {"flat": FLAT, "full": FULL}
"""By ruleset: what leaves `by_hand`, prices in millionths, from the views `history` and `twice` (repeated ids)."""
