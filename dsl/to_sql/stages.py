"""The stages of one plan, assembled: each is one SELECT over the prepared events or the stages before it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dsl.core import MOST_TOTAL, MOST_UNITS, Ruleset
from dsl.to_sql.acceptance import status_of
from dsl.to_sql.cases import by_version_and_type, choose, is_one_of
from dsl.to_sql.columns import Columns
from dsl.to_sql.dialect import Dialect
from dsl.to_sql.limits import undecided_lines
from dsl.to_sql.lines import Line, Lines, Priced
from dsl.to_sql.numbers import Numbers, TooLarge
from dsl.to_sql.offsets import hours_hold, offsets_in, stretch_of
from dsl.to_sql.schema import Column, Outcome
from dsl.to_sql.windows import Stage, Windows

Order = Literal["recorded", "time"]
_UNDECIDED = -1
"""The line of a row of which SQL can't say what it matches."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a line's number in the results stands for."""

    number: int
    version: int
    interaction: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages for one ruleset; see the package for what a runner does with them.

    `claims`: which repeated events lose their id to an earlier one, run only where ids repeat. `customers`,
    asked for after the `stages`, are queries for those who must be rated in order. `results` come last; where there are
    such customers it is `results_with_diverted`.
    """

    claims: tuple[Stage, ...]
    stages: tuple[Stage, ...]
    customers: tuple[str, ...]
    results: tuple[Stage, ...]
    results_with_diverted: tuple[Stage, ...]
    matches: tuple[Match, ...]


class Planner:
    """Writes one plan."""

    def __init__(
        self,
        dialect: Dialect,
        versions: Sequence[Ruleset],
        prepared: Sequence[Column],
        stretches: Iterable[int],
        always: bool,
        order: Order,
        repeats: bool,
        most_rows: int,
    ) -> None:
        self._dialect = dialect
        self._versions = versions
        self._prepared = prepared
        self._order = order
        self._repeats = repeats
        self._most_rows = most_rows
        self._always = always
        offsets = offsets_in(versions[0].zone, {*stretches, *_stretches_of_defaults(versions)})
        self._columns = Columns(dialect, versions, prepared, offsets, always)
        self._numbers = Numbers(dialect)
        self._lines = Lines(self._numbers, self._columns, versions, most_rows)
        self._sequential = undecided_lines(self._lines.priced, hours_hold(offsets))
        self._several = any(interaction.also for version in versions for interaction in version.interactions)
        self._ord = "ord" if order == "time" else "seq"
        self._windows = Windows(dialect, self._numbers, self._columns, self._lines, self._sequential, self._ord)
        self._split = self._windows.any or self._several
        self._matches: list[str] = []
        self._hazard = False
        self._carried: list[str] = []
        self._late: list[str] = []

    def plan(self) -> Plan:
        """The stages."""
        # Without windows everything is one pass over the events, that of the results. With them rows without a line
        # wait aside for the results, unless a row may have several lines: then they are found again in the end.
        stages = [Stage("lines", self._lines_stage(), stored=self._split)]
        if self._split and self._windows.customer == "who":
            stages.insert(0, Stage("numbered", _NUMBERED))
        if self._split:
            rows = [column for column in self._carried if column != "status"]
            where = "" if self._several else " WHERE line IS NOT NULL"
            stages += self._windows.stages("lines", rows, self._late, where)
            self._carried = list(self._windows.carried)
        last = stages[-1].name
        customers = [*self._left(last), *self._linear_totals(last)]
        if customers:
            stages[-1] = replace(stages[-1], stored=True)
        return Plan(
            tuple(self._claims()),
            tuple(stages),
            tuple(customers),
            tuple(self._results(last, diverted=False)),
            tuple(self._results(last, diverted=True)),
            tuple(
                Match(line.number, self._versions[line.version].version, line.interaction.name)
                for line in self._lines.lines
            ),
        )

    def _left(self, last: str) -> Iterator[str]:
        """The query for the customers of whom some row shows that windows can't decide their prices."""
        if "hazard" in self._carried:
            yield self._subjects(f"FROM {last} WHERE hazard")

    def _subjects(self, rows: str) -> str:
        """The query for the subjects of some rows of lines."""
        if self._split and self._windows.customer == "who":
            return f"SELECT subject FROM numbered WHERE who IN (SELECT who {rows})"
        return f"SELECT DISTINCT subject {rows}"

    # ── from events to lines ────────────────────────────────────────────────

    def _base(self, source: str, lost: bool, ordered: bool = True) -> str:
        """Rows with their order, version, status, and all columns that rules read."""
        order = ""
        if self._ord == "ord" and ordered:
            order = f", {self._dialect.place(_TIME_ORDER)} AS ord"
        rows = f"SELECT *{order}, {self._columns.version()} AS version FROM {source}"
        known = ["lost"] if lost else []
        texts = {
            (index, kind): text
            for index, version in enumerate(self._versions)
            for kind, text in status_of(self._dialect, version, self._prepared).items()
        }
        fits = by_version_and_type(len(self._versions), texts, str(int(Outcome.UNKNOWN_EVENT)))
        fits = f"WHEN flawed THEN {Outcome.REFUSED:d} ELSE {fits} END"
        known.append(f"CASE {'' if self._always else f'WHEN version IS NULL THEN {Outcome.NOT_IN_FORCE:d} '}{fits}")
        for level in (self._columns.read_columns(), self._columns.clock_columns(early=True)):
            if level:
                rows = f"SELECT *, {', '.join(level)} FROM ({rows})"
        return f"SELECT *, coalesce({', '.join(known)}, 0) AS status FROM ({rows})"

    def _events(self, ordered: bool = True) -> str:
        if not self._repeats:
            return self._base("events", lost=False, ordered=ordered)
        return self._base("(SELECT * FROM events LEFT JOIN losers USING (seq))", lost=True, ordered=ordered)

    def _claims(self) -> Iterator[Stage]:
        """Who claims each id that comes more than once: the first row that is accepted; those after it lose.

        The order among these rows is the same as among all.
        """
        rows = self._base("(SELECT * FROM events WHERE seq IN (SELECT seq FROM repeats))", lost=False)
        rows = f"SELECT seq, {self._ord} AS ord, status FROM ({rows})"
        yield Stage("repeated", f"SELECT seq, id_number, content, ord, status FROM ({rows}) JOIN repeats USING (seq)")
        claimed = "min(CASE WHEN status = 0 THEN ord END) OVER (PARTITION BY id_number)"
        first = "max(CASE WHEN ord = claimed THEN content END) OVER (PARTITION BY id_number)"
        contents = f"SELECT *, {first} AS first_content FROM (SELECT *, {claimed} AS claimed FROM repeated)"
        lost = f"CASE WHEN content = first_content THEN {Outcome.DUPLICATE:d} ELSE {Outcome.CONFLICT:d} END"
        yield Stage("losers", f"SELECT seq, {lost} AS lost FROM ({contents}) WHERE ord > claimed")

    def _lines_stage(self) -> str:
        """One row an event with its main line, if any, and one for each further line."""
        also = [priced for priced in self._lines.priced if priced.interaction.also]
        matches = [self._match([priced for priced in self._lines.priced if not priced.interaction.also])]
        chains = [[i.name for i in version.interactions if i.also] for version in self._versions]
        for place in range(max(map(len, chains), default=0)):
            here = {(version, chain[place]) for version, chain in enumerate(chains) if place < len(chain)}
            matches.append(self._match([one for one in also if (one.version, one.interaction.name) in here]))
        self._matches = matches
        self._columns.matched()
        # What rows read is known only once everything that reads is written; so the rows are written last.
        tails = [self._tail(match, further=place > 0) for place, match in enumerate(matches)]
        events = self._events()
        return " UNION ALL ".join(tail(events) for tail in tails)

    def _match(self, wanted: Sequence[Priced]) -> str:
        """The number of the first line that matches, of the wanted interactions; NULL where none does."""
        texts: dict[tuple[int, str], str] = {}
        for index, version in enumerate(self._versions):
            for event in version.events:
                arms = []
                for priced in wanted:
                    if priced.version == index:
                        arms += [self._arm(self._lines.lines[n]) for n in priced.lines if self._counts(n, event.name)]
                if arms:
                    texts[index, self._dialect.string(event.outside)] = f"CASE {' '.join(arms)} END"
        return f"CASE WHEN status = 0 THEN {by_version_and_type(len(self._versions), texts)} END"

    def _counts(self, line: int, event: str) -> bool:
        return event in self._lines.lines[line].counts.events

    def _arm(self, line: Line) -> str:
        condition = line.counts.condition
        if condition is None:
            return f"WHEN TRUE THEN {line.number}"
        try:
            return f"WHEN {self._columns.expressions.condition(condition)} THEN {line.number}"
        except TooLarge:
            return f"WHEN TRUE THEN {_UNDECIDED}"

    def _tail(self, match: str, further: bool) -> Callable[[str], str]:
        """What is made of rows that know their columns."""
        lines = self._lines
        units = choose("line", {number: units.text for number, units in lines.units.items()})
        leaves = {number: priced.leaf for priced in lines.priced for number in priced.lines}
        leaf = choose("line", leaves)
        adjustments = list(lines.adjustments())
        hazard = self._row_hazard(match)
        price = adjustments[-1]
        names = ["seq", *(["ord"] if self._ord == "ord" else []), "line", "leaf", "units"]
        if not self._split:
            names += ["subject", "status"]
        else:
            names += [self._windows.customer, *self._windows.needed(), *(["further"] if self._several else [])]
            names += [] if self._several else ["status"]
            if self._windows.any and all(text.isdecimal() for text in leaves.values()):
                # What the line says need not be carried as well.
                self._late = [f"{leaf} AS leaf"]
                names.remove("leaf")
        made = {"further": f"{'TRUE' if further else 'FALSE'} AS further"}
        if price[1] != "NULL" or not self._split:
            names.append("price")
            made["price"] = f"{price[0]} AS price"
        if hazard != "FALSE":
            names.append("hazard")
            made["hazard"] = f"{hazard} AS hazard"
        self._carried = names
        carried = [made.get(name, name) for name in names]
        where = " WHERE line IS NOT NULL" if self._several else ""
        numbered = self._split and self._windows.customer == "who"

        def tail(events: str) -> str:
            rows = f"SELECT *, {match} AS line FROM ({events})"
            rows = f"SELECT * FROM ({rows}){where}"
            if numbered:
                rows = f"SELECT * FROM ({rows}) LEFT JOIN numbered USING (subject)"
            keys = self._windows.key_columns()
            for level in (self._columns.clock_columns(early=False), [*self._columns.period_columns(), *keys]):
                if level:
                    rows = f"SELECT *, {', '.join(level)} FROM ({rows})"
            rows = f"SELECT *, {units} AS units, {leaf} AS leaf FROM ({rows})"
            for name, text in adjustments:
                rows = f"SELECT *, {text} AS {name} FROM ({rows})"
            return f"SELECT {', '.join(carried)} FROM ({rows})"

        return tail

    def _row_hazard(self, match: str) -> str:
        """Whether a row by itself shows that its customer must be rated in order."""
        lines = self._lines
        tests = [f"line = {_UNDECIDED}"] if f"THEN {_UNDECIDED}" in match else []
        if lines.undecided:
            tests.append(is_one_of("line", sorted(lines.undecided)))
        if any(units.high > MOST_UNITS for units in lines.units.values()):
            tests.append(f"units > {MOST_UNITS}")
        most = max((units.high for units in lines.units.values()), default=0)
        bounds = {leaf.number: str(leaf.units) for leaf in lines.leaves() if leaf.units < min(most, MOST_UNITS)}
        if bounds:
            tests.append(f"coalesce(units > {choose('leaf', bounds)}, FALSE)")
        if not tests:
            return "FALSE"
        self._hazard = True
        return f"coalesce({' OR '.join(tests)}, FALSE)"

    def _linear_totals(self, last: str) -> Iterator[str]:
        """The query for customers whose running totals nothing else follows, and might grow too large: all their units
        together."""
        running = [
            leaf.number for leaf in self._lines.leaves() if leaf.group is not None and not self._lines.followed(leaf)
        ]
        most = max((units.high for units in self._lines.units.values()), default=0)
        if not running or most * self._most_rows <= MOST_TOTAL:
            return
        customer = self._windows.customer if self._split else "subject"
        room = "room AND " if "room" in self._carried else ""
        rows = f"FROM {last} WHERE {room}{is_one_of('leaf', running)}"
        total = self._dialect.total("units")
        many = f"{rows} AND (SELECT {total} {rows}) > {MOST_TOTAL} GROUP BY {customer} HAVING {total} > {MOST_TOTAL}"
        yield self._subjects(many) if customer == "who" else f"SELECT subject {many}"

    # ── results ─────────────────────────────────────────────────────────────

    def _results(self, last: str, diverted: bool) -> Iterator[Stage]:
        """`counted` has a row for each line that counted, `evaluations` one for each event."""
        spread = []
        if self._split:
            spread.append(self._without_lines(diverted))
        if diverted:
            spread.append("SELECT seq, outcome, line, units, price FROM reckoned")
        limited = "room" in self._carried
        counts = "room" if limited else "TRUE"
        rows = _not_diverted(last) if diverted else last
        if not self._several:
            # Rows that nothing counts have neither units nor a price here.
            nothing = f"CASE WHEN status <> 0 THEN status ELSE {Outcome.NOT_COUNTED:d} END"
            outcome = f"CASE WHEN line IS NULL THEN {nothing} ELSE {Outcome.COUNTED:d} END"
            units, price = "coalesce(units, 0)", f"coalesce({self._final_price()}, 0)"
            if limited:
                outcome = f"CASE WHEN room THEN {Outcome.COUNTED:d} ELSE {Outcome.LIMITED:d} END"
                units, price = "CASE WHEN room THEN units ELSE 0 END", f"CASE WHEN room THEN {price} ELSE 0 END"
            elif self._split:
                outcome = str(int(Outcome.COUNTED))
            select = f"SELECT seq, {outcome} AS outcome, line, {units} AS units, {price} AS price FROM {rows}"
            yield Stage("evaluations", " UNION ALL ".join([select, *spread]))
            counted = f"outcome = {Outcome.COUNTED:d}"
            if diverted:
                counted += f" OR (outcome = {Outcome.VOIDED:d} AND line IS NOT NULL)"
            lines = f"SELECT seq, line, units, price FROM evaluations WHERE {counted}"
            yield Stage("counted", lines, stored=False)
            return
        lines = f"SELECT seq, line, units, {self._final_price()} AS price, further, {counts} AS counts FROM {rows}"
        yield Stage("finished", lines)
        yield Stage("evaluations", " UNION ALL ".join([_UNITED_LINES, *spread]))
        reckoned = " UNION ALL SELECT seq, line, units, price FROM reckoned_lines" if diverted else ""
        yield Stage("counted", f"SELECT seq, line, units, price FROM finished WHERE counts{reckoned}", stored=False)

    def _without_lines(self, diverted: bool) -> str:
        """The events that no line matches."""
        if not self._several:
            return self._nothing_counts("(SELECT seq, status FROM lines WHERE line IS NULL)", diverted)
        lines = [f"{match} AS line{place}" for place, match in enumerate(self._matches)]
        rows = f"(SELECT seq, status, {', '.join(lines)} FROM ({self._events(ordered=False)}))"
        empty = " AND ".join(f"line{place} IS NULL" for place in range(len(lines)))
        return self._nothing_counts(f"(SELECT * FROM {rows} WHERE {empty})", diverted)

    def _nothing_counts(self, rows: str, diverted: bool) -> str:
        return (
            f"SELECT seq, CASE WHEN status <> 0 THEN status ELSE {Outcome.NOT_COUNTED:d} END AS outcome, "
            f"NULL AS line, 0 AS units, 0 AS price FROM {_not_diverted(rows) if diverted else rows}"
        )

    def _final_price(self) -> str:
        price = "price" if "price" in self._carried else f"CAST(NULL AS {self._dialect.wide})"
        charge = f"coalesce(charge, {price})" if "charge" in self._carried else price
        caps = {n: p.event_cap for p in self._lines.priced for n in p.lines if p.event_cap is not None}
        literals = {n: self._numbers.widened(self._numbers.literal(cap)) for n, cap in caps.items()}
        if not caps:
            return charge
        capped = f"least({charge}, {price}, {choose('line', literals)})"
        return f"CASE WHEN {is_one_of('line', sorted(caps))} THEN {capped} ELSE {charge} END"


def _not_diverted(rows: str) -> str:
    return f"{rows} AS l WHERE NOT EXISTS (SELECT 1 FROM diverted AS d WHERE d.seq = l.seq)"


def _stretches_of_defaults(versions: Sequence[Ruleset]) -> Iterator[int]:
    """The stretches of the instants that stand in for missing ones."""
    for version in versions:
        for attribute in (attribute for event in version.events for attribute in event.attributes):
            if attribute.kind == "timestamp" and isinstance(attribute.default, int):
                yield stretch_of(attribute.default)


_TIME_ORDER = ("time_us", "source", "id", "seq")
BY_TIME = ", ".join(f"{column} NULLS LAST" for column in _TIME_ORDER)
"""The order of events by their own time."""
_NUMBERED = (
    "SELECT subject, CAST(row_number() OVER () AS INTEGER) AS who "
    "FROM (SELECT DISTINCT subject FROM events WHERE subject IS NOT NULL)"
)
"""A number for each customer: windows over integers are several times faster than those over texts."""
_UNITED_LINES = f"""SELECT seq, CASE WHEN first_line IS NULL THEN {Outcome.LIMITED:d}
ELSE {Outcome.COUNTED:d} END AS outcome,
coalesce(main, first_line, limited) AS line, coalesce(main_units, first_units, 0) AS units, price
FROM (SELECT seq, min(CASE WHEN counts AND NOT further THEN line END) AS main,
min(CASE WHEN counts THEN line END) AS first_line,
min(CASE WHEN NOT counts THEN line END) AS limited,
max(CASE WHEN counts AND NOT further THEN units END) AS main_units,
min_by(CASE WHEN counts THEN units END, CASE WHEN counts THEN line END) AS first_units,
sum(CASE WHEN counts THEN price ELSE 0 END) AS price
FROM finished GROUP BY seq)"""
"""An event's lines together: the main line's interaction and units, or the first's, and the sum of the prices."""
