"""One ruleset, in one or several versions, as named SQL stages over a whole table of events.

**What goes in.** A table `events` of prepared events, one row an event (`schema`):

    seq BIGINT                       the order of arrival, each number once
    id source type subject VARCHAR   NULL where the event has none that fits
    time_us BIGINT                   microseconds since 1970; NULL where the event has none that fits
    flawed BOOLEAN                   one of these five does not fit
    misfits VARCHAR                  `,a0,a7,`: columns whose value is there and does not fit; `*`: a path came twice
    raw VARCHAR                      the event itself, where the columns do not tell all of it; SQL never reads it
    a0 a1 …                          values by outside path and storage: BOOLEAN, BIGINT (integers; decimals in
                                     millionths; instants), VARCHAR, VARCHAR[]; NULL where missing

and, where ids come more than once, a table `repeats` (seq, id_number, content): rows with one id share a number, those
with one content too.

**Who decides what.** Whatever depends on the event alone is settled once, when it is prepared, by the very functions
that the service reads events with (`dsl.acceptance`): numbers from their text, timestamps, lengths, what makes two
events the same. So no engine ever reads a number from text, and no two can read one differently. What depends on
declarations (`acceptance`) is ranges, words, what must be given, and is looked at in the same pass as conditions. A
preparation in SQL instead of Python would fill the same columns, and nothing below would change. Sentences for what is
refused are made by Python, for those rows alone.

**What the stages do** (`stages`): choose the version by time, match lines, compute units (`expressions`), apply limits
(`limits`), running totals and curves (`curves`), discounts, caps, by windows (`windows`). The tables that come out:

    evaluations   seq, outcome (`Outcome`), line, units, price    one row an event
    counted       seq, line, units, price                         one row a line, in the order of `line`

with units in millionths and prices in 10⁻¹⁸ of the currency; `Plan.matches` says what a line's number stands for.

**How numbers are kept exact** (`numbers`): every number is an integer with a scale that is known here. Its interval
follows from the checker's; it is computed in 64 bits, or in the dialect's wide type, and never where it might need more
than 38 digits. Zones are offsets as data (`offsets`), never the engine's. No DOUBLE occurs.

**What SQL leaves.** Some answers depend on each other in a way that windows can't follow. `Plan.customers` names the
customers concerned, and a runner rates all their events in order with the compiled Python, together with everyone who
shares a repeated id with them, and puts results into `reckoned` and `reckoned_lines`, the rows' seq into `diverted`:

- an event of more than 10¹² units: it is refused, claims no id, moves nothing;
- a running total beyond a bound (`curves.LARGEST_TOTALS`), above which events are refused in the end;
- several limits on one interaction whose groups cross, or limits that a version changed, once one has no room;
- numbers that might need more than 38 digits, and prices that a sum under a cap could not hold.

A dialect (`dialect`) is a class of some twenty operators. `Plan.claims` run first where ids repeat, then `Plan.stages`,
the customers, and `Plan.results`, or `Plan.results_with_diverted` where there are any.
"""

from collections.abc import Iterable, Sequence

from dsl.core import Ruleset
from dsl.to_sql.dialect import Dialect, DuckDb, Spark
from dsl.to_sql.offsets import stretch_of
from dsl.to_sql.schema import OUTSIDE_PATHS, Column, Outcome, Storage, columns_of
from dsl.to_sql.stages import BY_TIME, Match, Order, Plan, Planner
from dsl.to_sql.windows import Stage

__all__ = [
    "BY_TIME",
    "OUTSIDE_PATHS",
    "Column",
    "Dialect",
    "DuckDb",
    "Match",
    "Order",
    "Outcome",
    "Plan",
    "Spark",
    "Stage",
    "Storage",
    "columns_of",
    "plan",
    "stretch_of",
]


def plan(
    dialect: Dialect,
    versions: Sequence[Ruleset],
    prepared: Sequence[Column],
    stretches: Iterable[int],
    *,
    always: bool = False,
    order: Order = "recorded",
    repeats: bool = True,
    most_rows: int = 10**12,
) -> Plan:
    """The stages for the versions of one ruleset, in the order in which they take effect.

    `prepared` are the columns of values that the events have; `stretches` those in which their instants lie
    (`stretch_of`). With `always` the one version prices events of any time. `order` is that of arrival or of the
    events' own time. Without `repeats` the table of that name is empty, and is not looked at. There are at most
    `most_rows` events: the fewer, the more totals can't exceed any bound.
    """
    return Planner(dialect, versions, prepared, stretches, always, order, repeats, most_rows).plan()
