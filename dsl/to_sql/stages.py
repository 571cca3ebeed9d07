"""The stages of one plan, assembled: each is one SELECT over the prepared events or the stages before it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dsl.core import MOST_TOTAL, MOST_UNITS, Basis, Ruleset
from dsl.curve import ordered_keys
from dsl.to_sql.cases import by_version_and_type, choose, is_one_of
from dsl.to_sql.columns import Columns
from dsl.to_sql.curves import LARGEST_AMOUNT, LARGEST_TOTALS
from dsl.to_sql.dialect import Dialect
from dsl.to_sql.limits import cap_slots, limit_slots, undecided_lines
from dsl.to_sql.lines import Leaf, Line, Lines, Priced, Slot
from dsl.to_sql.numbers import Numbers, TooLarge
from dsl.to_sql.offsets import hours_hold, offsets_in, stretch_of
from dsl.to_sql.schema import Column, Outcome

Order = Literal["recorded", "time"]
_UNDECIDED = -1
"""The line of a row of which SQL can't say what it matches."""
_MOST_ROWS = 10**12


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: `name` is the table that `select` fills. `stored` says that it is worth being kept: others read it
    more than once, or it is sorted."""

    name: str
    select: str
    stored: bool = True


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


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """What a window runs over: for each line or leaf that it concerns, as `column` says, its group and basis."""

    column: Literal["line", "leaf"]
    groups: dict[int, int]
    bases: dict[int, Basis]

    @staticmethod
    def of_slots(slots: dict[int, Slot]) -> "_Groups":
        """The groups of limits or caps."""
        return _Groups("line", {n: slot.group for n, slot in slots.items()}, {n: s.basis for n, s in slots.items()})

    @staticmethod
    def of_totals(lines: Lines) -> list["_Groups"]:
        """The groups of the running totals that are followed, if there are any."""
        groups, bases = {}, {}
        for leaf in lines.leaves():
            if lines.followed(leaf) and leaf.group is not None and leaf.curve is not None and leaf.curve.basis:
                groups[leaf.number], bases[leaf.number] = leaf.group, leaf.curve.basis
        return [_Groups("leaf", groups, bases)] if groups else []


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
        refused: bool,
    ) -> None:
        self._dialect = dialect
        self._versions = versions
        self._order = order
        self._repeats = repeats
        self._refused = refused
        self._always = always
        self._declared = declarations(versions)
        offsets = offsets_in(versions[0].zone, {*stretches, *_stretches_of_defaults(versions)})
        self._columns = Columns(dialect, versions, prepared, offsets, always)
        self._numbers = Numbers(dialect)
        self._lines = Lines(self._numbers, self._columns, versions)
        self._limit_slots = limit_slots(self._lines.priced)
        self._cap_slots = cap_slots(self._lines.priced)
        self._sequential = undecided_lines(self._lines.priced, hours_hold(offsets))
        self._several = any(interaction.also for version in versions for interaction in version.interactions)
        self._ord = "ord" if order == "time" else "seq"
        self._keys: dict[str, str] = {}
        self._limit_groups = [_Groups.of_slots(slot) for slot in self._limit_slots]
        self._cap_groups = [_Groups.of_slots(slot) for slot in self._cap_slots]
        self._total_groups = _Groups.of_totals(self._lines)
        self._waiting = [*self._limit_groups, *self._total_groups, *self._cap_groups]
        self._split = bool(self._waiting) or self._several
        self._matches: list[str] = []
        self._hazard = False
        self._customers: list[str] = []
        self._stages: list[Stage] = []
        self._carried: list[str] = []

    def plan(self) -> Plan:
        """The stages."""
        # Without windows everything is one pass over the events; with them only rows that match something are kept, and
        # the others are found again in the end: that is cheaper than to carry them through every sort.
        self._stages = [Stage("lines", self._lines_stage(), stored=self._split)]
        self._limits()
        self._totals()
        self._caps()
        last = self._stages[-1].name
        if self._hazard or self._sequential or self._total_groups or self._cap_groups:
            self._customers.append(f"SELECT DISTINCT subject FROM {last} WHERE hazard")
        self._check_linear_totals(last)
        return Plan(
            tuple(self._claims()),
            tuple(self._stages),
            tuple(self._customers),
            tuple(self._results(last, diverted=False)),
            tuple(self._results(last, diverted=True)),
            tuple(
                Match(line.number, self._versions[line.version].version, line.interaction.name)
                for line in self._lines.lines
            ),
        )

    # ── from events to lines ────────────────────────────────────────────────

    def _base(self, source: str, lost: bool, ordered: bool = True) -> str:
        """Rows with their order, version, status, and all columns that rules read."""
        order = ""
        if self._ord == "ord" and ordered:
            order = f", row_number() OVER (ORDER BY {BY_TIME}) AS ord"
        rows = f"SELECT *{order}, {self._columns.version()} AS version FROM {source}"
        known = ["lost"] if lost else []
        if self._refused:
            declared = choose("version", {index: str(number) for index, number in enumerate(self._declared)})
            rows = f"SELECT *, {declared} AS declaration FROM ({rows})"
            rows = f"SELECT * FROM ({rows}) LEFT JOIN refused USING (seq, declaration)"
            known.append(f"CASE WHEN version IS NULL THEN {Outcome.NOT_IN_FORCE:d} ELSE refused_as END")
        elif not self._always:
            known.append(f"CASE WHEN version IS NULL THEN {Outcome.NOT_IN_FORCE:d} END")
        for level in (self._columns.read_columns(), self._columns.clock_columns(early=True)):
            if level:
                rows = f"SELECT *, {', '.join(level)} FROM ({rows})"
        status = f"coalesce({', '.join(known)}, 0)" if known else "0"
        return f"SELECT *, {status} AS status FROM ({rows})"

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
        leaf = choose("line", {number: priced.leaf for priced in lines.priced for number in priced.lines})
        adjustments = list(lines.adjustments())
        hazard = self._row_hazard(match)
        carried = ["seq", "subject", "line", "leaf", "units", f"{adjustments[-1][0]} AS price", f"{hazard} AS hazard"]
        carried += ["ord"] if self._ord == "ord" else []
        carried += [] if self._split else ["status"]
        carried += [f"{'TRUE' if further else 'FALSE'} AS further"] if self._several else []
        carried += [*(["TRUE AS room"] if self._limit_slots else []), *self._needed(self._waiting)]
        self._carried = [column.rpartition(" AS ")[2] for column in carried]
        where = " WHERE line IS NOT NULL" if self._split else ""

        def tail(events: str) -> str:
            rows = f"SELECT *, {match} AS line FROM ({events})"
            rows = f"SELECT * FROM ({rows}){where}"
            keys = [f"{text} AS {name}" for text, name in self._keys.items()]
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

    # ── groups ──────────────────────────────────────────────────────────────

    def _needed(self, groups: Iterable[_Groups]) -> list[str]:
        """The columns with the periods and keys of some groups."""
        names: dict[str, None] = {}
        for basis in (basis for each in groups for basis in each.bases.values()):
            if basis.period:
                names[self._columns.period(basis.period)] = None
            if basis.keys:
                names[self._key(basis)] = None
        return list(names)

    def _key(self, basis: Basis) -> str:
        """The column with the values of the keys as one text; several are told apart by their lengths."""
        texts = [self._columns.expressions.key(read) for read in ordered_keys(basis)]
        if not texts:
            return _NO_KEY
        parts = [f"CAST({self._dialect.length(text)} AS {self._dialect.text}), ':', {text}" for text in texts]
        whole = texts[0] if len(texts) == 1 else f"concat({', '.join(parts)})"
        return self._keys.setdefault(whole, f"key{len(self._keys)}")

    def _partition(self, groups: _Groups) -> str:
        """The window over each group; what is the same for all rows is left out."""
        columns = ["subject"]
        numbers = set(groups.groups.values())
        if len(numbers) > 1:
            alone = len(numbers) == len(groups.groups)
            names = {number: str(group) for number, group in groups.groups.items()}
            columns.append(groups.column if alone else choose(groups.column, names))
        periods = {n: self._columns.period(b.period) if b.period else _NO_PERIOD for n, b in groups.bases.items()}
        for texts in (periods, {n: self._key(basis) for n, basis in groups.bases.items()}):
            distinct = set(texts.values())
            if len(distinct) > 1:
                columns.append(choose(groups.column, texts))
            elif not distinct & {_NO_PERIOD, _NO_KEY}:
                columns += distinct
        return f"PARTITION BY {', '.join(columns)} ORDER BY {self._ord}"

    # ── windows ─────────────────────────────────────────────────────────────

    def _windowed(self, name: str, groups: _Groups, window: str, changed: Mapping[str, str]) -> None:
        """A stage in which the rows of some groups that have room see `seen`, a window over their groups.

        `changed` says what becomes of their columns; what only these groups needed is left behind.
        """
        last = self._stages[-1].name
        self._waiting.remove(groups)
        late = self._needed(self._waiting)
        kept = [column for column in self._carried if not column.startswith(("in_", "key")) or column in late]
        mine = ", ".join(f"{changed[column]} AS {column}" if column in changed else column for column in kept)
        test = is_one_of(groups.column, list(groups.groups))
        if "room" in self._carried:
            test = f"room AND {test}"
        rows = f"SELECT *, {window} AS seen FROM {last} WHERE {test}"
        others = f"SELECT {', '.join(kept)} FROM {last} WHERE NOT coalesce({test}, FALSE)"
        self._stages.append(Stage(name, f"SELECT {mine} FROM ({rows}) UNION ALL {others}"))
        self._carried = kept

    def _limits(self) -> None:
        """Which rows have room in all their limits: `room`, FALSE for limited ones."""
        for place, slot in enumerate(self._limit_slots):
            groups = self._limit_groups[place]
            room = f"(seen <= {choose('line', {n: str(limit.allowed) for n, limit in slot.items()})})"
            changed = {"room": room}
            sequential = sorted(self._sequential & set(slot))
            if sequential:
                changed["hazard"] = f"(hazard OR ({is_one_of('line', sequential)} AND NOT {room}))"
            self._windowed(f"limited{place}", groups, f"row_number() OVER ({self._partition(groups)})", changed)

    def _totals(self) -> None:
        """The prices that depend on a running total."""
        followed = {leaf.number: leaf for leaf in self._lines.leaves() if self._lines.followed(leaf)}
        for groups in self._total_groups:
            most = LARGEST_TOTALS[0]
            running = f"{self._dialect.total('units')} OVER ({self._partition(groups)} {_RUNNING})"
            total = f"CAST(least({running}, {most + 1}) AS {self._dialect.small})"
            bounds = {leaf.number: str(leaf.total) for leaf in followed.values()}
            trusted = f"(seen <= {choose('leaf', bounds)})"
            if set(bounds.values()) == {str(most)}:
                trusted = f"(seen <= {most})"
            prices = {leaf.number: self._moved(leaf) for leaf in followed.values() if leaf.price is None}
            changed = {
                "price": f"CASE WHEN {trusted} THEN {choose('leaf', prices, 'price')} END",
                "hazard": f"(hazard OR NOT {trusted})",
            }
            self._windowed("totalled", groups, total, changed)

    def _moved(self, leaf: Leaf) -> str:
        """What a row costs whose units bring the running total to `seen`."""
        assert leaf.curve is not None
        after = self._lines.owed(leaf.curve, leaf.total, "seen")
        before = self._lines.owed(leaf.curve, leaf.total, "(seen - units)")
        return f"({self._numbers.widened(after)} - {self._numbers.widened(before)})"

    def _caps(self) -> None:
        """The smallest price that a cap over a group allows, in `charge`, NULL where there is none."""
        if self._cap_slots:
            none = f"SELECT *, CAST(NULL AS {self._dialect.wide}) AS charge FROM {self._stages[-1].name}"
            self._stages.append(Stage("uncapped", none, stored=False))
            self._carried.append("charge")
        for place, slot in enumerate(self._cap_slots):
            groups = self._cap_groups[place]
            fair = f"price BETWEEN -{LARGEST_AMOUNT} AND {LARGEST_AMOUNT}"
            cap = choose("line", {n: self._numbers.widened(self._numbers.literal(c.allowed)) for n, c in slot.items()})
            moved = f"(least({cap}, seen) - least({cap}, seen - price))"
            changed = {
                "charge": moved if place == 0 else f"least(charge, {moved})",
                "hazard": f"(hazard OR NOT coalesce({fair}, FALSE))",
            }
            running = f"sum(CASE WHEN {fair} THEN price ELSE 0 END) OVER ({self._partition(groups)} {_RUNNING})"
            self._windowed(f"capped{place}", groups, running, changed)

    def _check_linear_totals(self, last: str) -> None:
        """Customers whose running totals nothing else follows, and might grow too large: all their units together."""
        running = [
            leaf.number for leaf in self._lines.leaves() if leaf.group is not None and not self._lines.followed(leaf)
        ]
        most = max((units.high for units in self._lines.units.values()), default=0)
        if not running or most * _MOST_ROWS <= MOST_TOTAL:
            return
        rows = f"FROM {last} WHERE room AND {is_one_of('leaf', running)}"
        total = self._dialect.total("units")
        self._customers.append(
            f"SELECT subject {rows} AND (SELECT {total} {rows}) > {MOST_TOTAL} "
            f"GROUP BY subject HAVING {total} > {MOST_TOTAL}"
        )

    # ── results ─────────────────────────────────────────────────────────────

    def _results(self, last: str, diverted: bool) -> Iterator[Stage]:
        """`counted` has a row for each line that counted, `evaluations` one for each event."""
        spread = []
        if self._split:
            spread.append(self._without_lines(diverted))
        if diverted:
            spread.append("SELECT seq, outcome, line, units, price FROM reckoned")
        counts = "room" if self._limit_slots else "TRUE"
        rows = _not_diverted(last) if diverted else last
        if not self._several:
            # Rows that nothing counts have neither units nor a price here.
            nothing = f"CASE WHEN status <> 0 THEN status ELSE {Outcome.NOT_COUNTED:d} END"
            outcome = f"CASE WHEN line IS NULL THEN {nothing} ELSE {Outcome.COUNTED:d} END"
            units, price = "coalesce(units, 0)", f"coalesce({self._final_price()}, 0)"
            if self._limit_slots:
                outcome = f"CASE WHEN room THEN {Outcome.COUNTED:d} ELSE {Outcome.LIMITED:d} END"
                units, price = "CASE WHEN room THEN units ELSE 0 END", f"CASE WHEN room THEN {price} ELSE 0 END"
            elif self._split:
                outcome = str(int(Outcome.COUNTED))
            select = f"SELECT seq, {outcome} AS outcome, line, {units} AS units, {price} AS price FROM {rows}"
            yield Stage("evaluations", " UNION ALL ".join([select, *spread]))
            lines = f"SELECT seq, line, units, price FROM evaluations WHERE outcome = {Outcome.COUNTED:d}"
            yield Stage("counted", lines, stored=False)
            return
        lines = f"SELECT seq, line, units, {self._final_price()} AS price, further, {counts} AS counts FROM {rows}"
        yield Stage("finished", lines)
        yield Stage("evaluations", " UNION ALL ".join([_UNITED_LINES, *spread]))
        reckoned = " UNION ALL SELECT seq, line, units, price FROM reckoned_lines" if diverted else ""
        yield Stage("counted", f"SELECT seq, line, units, price FROM finished WHERE counts{reckoned}", stored=False)

    def _without_lines(self, diverted: bool) -> str:
        """The events that no line matches."""
        lines = [f"{match} AS line{place}" for place, match in enumerate(self._matches)]
        rows = f"(SELECT seq, status, {', '.join(lines)} FROM ({self._events(ordered=False)}))"
        empty = " AND ".join(f"line{place} IS NULL" for place in range(len(lines)))
        rows = f"(SELECT * FROM {rows} WHERE {empty})"
        return (
            f"SELECT seq, CASE WHEN status <> 0 THEN status ELSE {Outcome.NOT_COUNTED:d} END AS outcome, "
            f"NULL AS line, 0 AS units, 0 AS price FROM {_not_diverted(rows) if diverted else rows}"
        )

    def _final_price(self) -> str:
        charge = "coalesce(charge, price)" if self._cap_slots else "price"
        caps = {n: p.event_cap for p in self._lines.priced for n in p.lines if p.event_cap is not None}
        literals = {n: self._numbers.widened(self._numbers.literal(cap)) for n, cap in caps.items()}
        if not caps:
            return charge
        capped = f"least({charge}, price, {choose('line', literals)})"
        return f"CASE WHEN {is_one_of('line', sorted(caps))} THEN {capped} ELSE {charge} END"


def _not_diverted(rows: str) -> str:
    return f"{rows} AS l WHERE NOT EXISTS (SELECT 1 FROM diverted AS d WHERE d.seq = l.seq)"


def declarations(versions: Sequence[Ruleset]) -> list[int]:
    """For each version the number of what it declares; versions that declare the same have the same number."""
    known: dict[object, int] = {}
    return [known.setdefault(version.events, len(known)) for version in versions]


def _stretches_of_defaults(versions: Sequence[Ruleset]) -> Iterator[int]:
    """The stretches of the instants that stand in for missing ones."""
    for version in versions:
        for attribute in (attribute for event in version.events for attribute in event.attributes):
            if attribute.kind == "timestamp" and isinstance(attribute.default, int):
                yield stretch_of(attribute.default)


BY_TIME = "time_us NULLS LAST, source NULLS LAST, id NULLS LAST, seq"
"""The order of events by their own time."""
_NO_PERIOD, _NO_KEY = "0", "''"
_RUNNING = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
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
