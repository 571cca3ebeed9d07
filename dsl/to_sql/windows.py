"""Windows over groups of rows: limits, running totals and caps, one after the other, each over the rows before it.

A window is dear by what it sorts. So rows are narrow, customers are numbers where the dialect says so, rows whose
groups are told apart by different things are sorted apart, and a cap over the very rows of a running total is read off
that total.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dsl.core import Basis, ByPrice
from dsl.curve import ordered_keys
from dsl.to_sql.cases import choose, is_one_of
from dsl.to_sql.columns import Columns
from dsl.to_sql.curves import LARGEST_AMOUNT, LARGEST_TOTALS
from dsl.to_sql.dialect import Dialect
from dsl.to_sql.limits import cap_slots, capped_totals, limit_slots
from dsl.to_sql.lines import Leaf, Lines, Slot
from dsl.to_sql.numbers import Numbers

_MOST_SHAPES = 4
"""Rows of more kinds of groups than these are sorted together: each kind costs a pass over the rows."""
_NO_PERIOD, _NO_KEY = "0", "''"
_RUNNING = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: `name` is the table that `select` fills. `stored` says that it is worth being kept: others read it
    more than once, or it is sorted."""

    name: str
    select: str
    stored: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """What a window runs over: for each line or leaf that it concerns, as `column` says, its group and basis."""

    column: Literal["line", "leaf"]
    groups: dict[int, int]
    bases: dict[int, Basis]

    @staticmethod
    def of_slots(slots: dict[int, Slot]) -> "Groups":
        """The groups of limits or caps."""
        return Groups("line", {n: slot.group for n, slot in slots.items()}, {n: s.basis for n, s in slots.items()})

    @staticmethod
    def of_totals(lines: Lines) -> "list[Groups]":
        """The groups of the running totals that are followed, if there are any."""
        groups, bases = {}, {}
        for leaf in lines.leaves():
            if lines.followed(leaf) and leaf.group is not None and leaf.curve is not None and leaf.curve.basis:
                groups[leaf.number], bases[leaf.number] = leaf.group, leaf.curve.basis
        return [Groups("leaf", groups, bases)] if groups else []


class Windows:
    """Writes the stages with windows over the rows of `lines`; `order` is the column by which rows are ordered.

    `sequential` are the lines whose limits windows can't decide once one of them has no room.
    """

    def __init__(
        self, dialect: Dialect, numbers: Numbers, columns: Columns, lines: Lines, sequential: set[int], order: str
    ) -> None:
        self._dialect = dialect
        self._numbers = numbers
        self._columns = columns
        self._lines = lines
        self._sequential = sequential
        self._ord = order
        self.customer = "who" if dialect.numbers_customers else "subject"
        """The column that tells customers apart."""
        self.limits = [(slot, Groups.of_slots(slot)) for slot in limit_slots(lines.priced)]
        self._on_totals = capped_totals(lines.priced)
        self.caps = [(slot, Groups.of_slots(slot)) for slot in cap_slots(lines.priced, self._on_totals)]
        self._totals = Groups.of_totals(lines)
        self._waiting = [*(each for _, each in self.limits), *self._totals, *(each for _, each in self.caps)]
        self.any = bool(self._waiting)
        """Whether there is any window."""
        self._keys: dict[str, str] = {}
        self._stages: list[Stage] = []
        self._last = ""
        self._carried: list[str] = []
        wide = dialect.wide
        self._unless = {
            "room": "TRUE",
            "hazard": "FALSE",
            "price": f"CAST(NULL AS {wide})",
            "charge": f"CAST(NULL AS {wide})",
        }
        self._every_leaf = not lines.undecided and all(
            not isinstance(price := one.interaction.price, ByPrice) or price.otherwise is not None
            for one in lines.priced
        )

    def stages(self, last: str, carried: Sequence[str], late: Sequence[str], where: str) -> list[Stage]:
        """The stages that follow `last`: of its rows, or those that `where` says, with the columns `carried`, and with
        those of `late`, which are only computed here."""
        self._last = f"(SELECT {', '.join([*carried, *late])} FROM {last}{where})"
        self._carried = [*carried, *(column.rpartition(" AS ")[2] for column in late)]
        self._limits_stages()
        self._totals_stages()
        self._caps_stages()
        return self._stages

    @property
    def carried(self) -> Sequence[str]:
        """The columns of the rows so far; `hazard` and `charge` are among them only if they may say something."""
        return self._carried

    # ── groups ──────────────────────────────────────────────────────────────

    def needed(self) -> list[str]:
        """The columns with the periods and keys of the groups whose windows are still to come."""
        names: dict[str, None] = {}
        for basis in (basis for each in self._waiting for basis in each.bases.values()):
            if basis.period:
                names[self._columns.period(basis.period)] = None
            if basis.keys:
                names[self._key(basis)] = None
        return list(names)

    def key_columns(self) -> list[str]:
        """The columns of keys, as far as they are needed."""
        return [f"{text} AS {name}" for text, name in self._keys.items()]

    def _key(self, basis: Basis) -> str:
        """The column with the values of the keys as one text; several are told apart by their lengths."""
        texts = [self._columns.expressions.key(read) for read in ordered_keys(basis)]
        if not texts:
            return _NO_KEY
        parts = [f"CAST({self._dialect.length(text)} AS {self._dialect.text}), ':', {text}" for text in texts]
        whole = texts[0] if len(texts) == 1 else f"concat({', '.join(parts)})"
        return self._keys.setdefault(whole, f"key{len(self._keys)}")

    def _shapes(self, groups: Groups) -> list[list[int]]:
        """The lines or leaves whose groups are told apart by the same columns, together."""
        shapes: dict[tuple[str, str], list[int]] = {}
        for number, basis in groups.bases.items():
            period = self._columns.period(basis.period) if basis.period else _NO_PERIOD
            shapes.setdefault((period, self._key(basis)), []).append(number)
        return list(shapes.values()) if len(shapes) <= _MOST_SHAPES else [list(groups.bases)]

    def _over(self, groups: Groups, members: Sequence[int]) -> str:
        """The window over each group of some lines or leaves; what is the same for all their rows is left out."""
        columns = [self.customer]
        numbers = {groups.groups[member] for member in members}
        if len(numbers) > 1:
            alone = len(numbers) == len(members)
            names = {member: str(groups.groups[member]) for member in members}
            columns.append(groups.column if alone else choose(groups.column, names))
        bases = {member: groups.bases[member] for member in members}
        periods = {n: self._columns.period(b.period) if b.period else _NO_PERIOD for n, b in bases.items()}
        for texts in (periods, {n: self._key(basis) for n, basis in bases.items()}):
            distinct = set(texts.values())
            if len(distinct) > 1:
                columns.append(choose(groups.column, texts))
            elif not distinct & {_NO_PERIOD, _NO_KEY}:
                columns += distinct
        return f"OVER (PARTITION BY {', '.join(columns)} ORDER BY {self._ord}"

    def _everything(self, groups: Groups) -> bool:
        """Whether every row is of one of the groups' lines or leaves."""
        if groups.column == "line":
            return len(groups.groups) == len(self._lines.lines)
        return self._every_leaf and len(groups.groups) == sum(1 for _ in self._lines.leaves())

    def _together(self, groups: Groups) -> bool:
        """Whether every row is in one and the same window, if those without room may be in it."""
        return self._everything(groups) and len(self._shapes(groups)) == 1

    # ── stages ──────────────────────────────────────────────────────────────

    def _windowed(self, name: str, groups: Groups, window: "_Window", changed: Mapping[str, str]) -> None:
        """A stage in which the rows of some groups that have room see `seen`, a window over their groups.

        `changed` says what becomes of their columns, and which they have from now on; what only these groups needed is
        left behind.
        """
        self._waiting.remove(groups)
        late = self.needed()
        kept = [column for column in self._carried if not column.startswith(("in_", "key")) or column in late]
        added = [column for column in changed if column not in kept]
        mine = ", ".join(f"{changed[column]} AS {column}" if column in changed else column for column in kept + added)
        shapes, room = self._shapes(groups), "room" in self._carried
        if self._together(groups) and (window.adds or not room):
            # All rows are sorted in any case: those without room add nothing, and nobody looks at what they see. It is
            # computed all the same.
            adds = f"CASE WHEN room THEN {window.adds} ELSE 0 END" if room else window.adds
            seen = window.text(adds, self._over(groups, shapes[0]))
            select = f"SELECT {mine} FROM (SELECT *, {seen} AS seen FROM {self._last})"
        else:
            select = " UNION ALL ".join(self._apart(groups, shapes, window, mine, kept, added))
        self._stages.append(Stage(name, select, stored=False))
        self._last = name
        self._carried = kept + added

    def _apart(
        self,
        groups: Groups,
        shapes: Sequence[Sequence[int]],
        window: "_Window",
        mine: str,
        kept: Sequence[str],
        added: Sequence[str],
    ) -> Iterator[str]:
        """The rows of each shape with their window, and all other rows as they are."""
        if self._stages:
            self._stages[-1] = replace(self._stages[-1], stored=True)
        room = "room AND " if "room" in self._carried else ""
        for members in shapes:
            seen = window.text(window.adds, self._over(groups, members))
            rows = f"SELECT *, {seen} AS seen FROM {self._last} WHERE {room}{is_one_of(groups.column, members)}"
            yield f"SELECT {mine} FROM ({rows})"
        if room or not self._everything(groups):
            others = ", ".join([*kept, *(f"{self._unless[column]} AS {column}" for column in added)])
            test = f"{room}{is_one_of(groups.column, list(groups.groups))}"
            yield f"SELECT {others} FROM {self._last} WHERE NOT coalesce({test}, FALSE)"

    def _or_hazard(self, test: str) -> str:
        return f"(hazard OR {test})" if "hazard" in self._carried else test

    def _limits_stages(self) -> None:
        """Which rows have room in all their limits: `room`, FALSE for limited ones."""
        for place, (slot, groups) in enumerate(self.limits):
            room = f"(seen <= {choose('line', {n: str(limit.allowed) for n, limit in slot.items()})})"
            changed = {"room": room}
            sequential = sorted(self._sequential & set(slot))
            if sequential:
                changed["hazard"] = self._or_hazard(f"({is_one_of('line', sequential)} AND NOT {room})")
            self._windowed(f"limited{place}", groups, _Window(None, "row_number() {over})"), changed)

    def _totals_stages(self) -> None:
        """The prices that depend on a running total."""
        followed = {leaf.number: leaf for leaf in self._lines.leaves() if self._lines.followed(leaf)}
        for groups in self._totals:
            certain = all(leaf.certain for leaf in followed.values())
            most = LARGEST_TOTALS[0]
            total = f"{self._dialect.total('{adds}')} {{over}} {_RUNNING})"
            total = f"CAST({total if certain else f'least({total}, {most + 1})'} AS {self._dialect.small})"
            before = "(seen - units)"
            if "room" in self._carried and self._together(groups):
                # Units of rows without room are not among those seen; below 0 a product may overflow.
                before = f"greatest(seen - units, {self._numbers.literal(0).text})"
            prices = {leaf.number: self._moved(leaf, before) for leaf in followed.values() if leaf.price is None}
            price = choose("leaf", prices, "price" if "price" in self._carried else self._unless["price"])
            changed = {"price": price}
            if not certain:
                bounds = {leaf.number: str(leaf.total) for leaf in followed.values()}
                trusted = f"(seen <= {choose('leaf', bounds)})"
                if set(bounds.values()) == {str(most)}:
                    trusted = f"(seen <= {most})"
                changed = {
                    "price": f"CASE WHEN {trusted} THEN {price} END",
                    "hazard": self._or_hazard(f"(NOT {trusted})"),
                }
            self._windowed("totalled", groups, _Window("units", total), changed)

    def _moved(self, leaf: Leaf, before: str) -> str:
        """What a row costs whose units bring the running total from `before` to `seen`, in the wide type."""
        assert leaf.curve is not None
        numbers = self._numbers
        one, other = (self._lines.owed(leaf.curve, leaf.total, total) for total in ("seen", before))
        if leaf.number in self._on_totals:
            cap = numbers.literal(self._on_totals[leaf.number])
            one, other = numbers.least(cap, one), numbers.least(cap, other)
        return f"({numbers.widened(one)} - {numbers.widened(other)})"

    def _caps_stages(self) -> None:
        """The smallest price that a cap over a group allows, in `charge`, NULL where there is none."""
        for place, (slot, groups) in enumerate(self.caps):
            fair = f"price BETWEEN -{LARGEST_AMOUNT} AND {LARGEST_AMOUNT}"
            cap = choose("line", {n: self._numbers.widened(self._numbers.literal(c.allowed)) for n, c in slot.items()})
            moved = f"(least({cap}, seen) - least({cap}, seen - price))"
            changed = {
                "charge": moved if place == 0 else f"least(charge, {moved})",
                "hazard": self._or_hazard(f"(NOT coalesce({fair}, FALSE))"),
            }
            adds = f"CASE WHEN {fair} THEN price ELSE 0 END"
            self._windowed(f"capped{place}", groups, _Window(adds, f"sum({{adds}}) {{over}} {_RUNNING})"), changed)


@dataclass(frozen=True, slots=True)
class _Window:
    """A window function: what it adds up, None for a row's place, and its text with both to be filled in."""

    adds: str | None
    template: str

    def text(self, adds: str | None, over: str) -> str:
        """The function over a window that `over` begins."""
        return self.template.replace("{adds}", adds or "").replace("{over}", over)
