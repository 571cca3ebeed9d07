"""The columns that a row needs before rules look at it: its version, what it holds by name, clocks and periods.

Columns are asked for while rules are written, and then stand in one level of the statement below those that use them.
"""

from collections.abc import Sequence

from dsl.core import Period, Read, Ruleset
from dsl.to_sql.cases import by_version_and_type
from dsl.to_sql.dialect import Dialect
from dsl.to_sql.expressions import Expressions
from dsl.to_sql.numbers import Numbers
from dsl.to_sql.offsets import Offsets
from dsl.to_sql.schema import Column, Storage, storage_of, storage_of_type
from dsl.zones import zone_named

_BUILT_INS = {"id": "id", "source": "source", "type": "type", "subject": "subject", "time": "time_us"}


class Columns:
    """The columns of one ruleset's versions over the prepared events; `always` prices whatever an event's time."""

    def __init__(
        self, dialect: Dialect, versions: Sequence[Ruleset], prepared: Sequence[Column], offsets: Offsets, always: bool
    ) -> None:
        self._dialect = dialect
        self._numbers = Numbers(dialect)
        self._versions = versions
        self._prepared = {(column.path, column.storage): column.name for column in prepared}
        self._offsets = offsets
        self._always = always
        self._reads: dict[tuple[str, Storage], str] = {}
        self._clocks: dict[str, str] = {}
        self._periods: dict[Period, str] = {}
        self._early: set[str] | None = None
        zone = zone_named(versions[0].zone)
        self.expressions = Expressions(dialect, self._read, self._clock, zone.local)

    # ── what is asked for ───────────────────────────────────────────────────

    def _read(self, read: Read) -> str:
        if read.builtin:
            return _BUILT_INS[read.name]
        key = read.name, storage_of_type(read.type)
        return self._reads.setdefault(key, f"r{len(self._reads)}")

    def _clock(self, column: str) -> str:
        return self._clocks.setdefault(column, f"local_{column}")

    def period(self, period: Period) -> str:
        """The name of the column with a period's number."""
        self._clock("time_us")
        return self._periods.setdefault(period, f"in_{period}")

    # ── the levels ──────────────────────────────────────────────────────────

    def version(self) -> str:
        """The index of the version that prices a row; NULL before the first takes effect."""
        if self._always:
            return "0"
        arms = [f"WHEN time_us < {self._versions[0].effective} THEN NULL"]
        arms += [f"WHEN time_us < {later.effective} THEN {index}" for index, later in enumerate(self._versions[1:])]
        return f"CASE {' '.join(arms)} ELSE {len(self._versions) - 1} END"

    def read_columns(self) -> list[str]:
        """What is read, by its name within the rules, with defaults; NULL where it is missing."""
        return [f"{self._held(name, storage)} AS {column}" for (name, storage), column in self._reads.items()]

    def _held(self, name: str, storage: Storage) -> str:
        texts: dict[tuple[int, str], str] = {}
        for index, version in enumerate(self._versions):
            for event in version.events:
                for attribute in event.attributes:
                    if attribute.name == name and storage_of(attribute) == storage:
                        column = self._prepared[attribute.outside, storage]
                        default = attribute.default
                        filled = column if default is None else f"coalesce({column}, {self._default(default)})"
                        texts[index, self._dialect.string(event.outside)] = filled
        distinct = set(texts.values())
        return distinct.pop() if len(distinct) == 1 else by_version_and_type(len(self._versions), texts)

    def _default(self, value: object) -> str:
        match value:
            case bool():
                return "TRUE" if value else "FALSE"
            case int():
                return self._numbers.literal(value).text
            case str():
                return self._dialect.string(value)
            case tuple():
                return self._dialect.strings(value)
        raise AssertionError(value)

    def matched(self) -> None:
        """What was asked for until now decides what matches; the clocks of what follows wait until that is known."""
        self._early = set(self._clocks)

    def clock_columns(self, early: bool) -> list[str]:
        """The wall clocks of instants, by the zone's offsets as data: those that matching needs, or the others."""
        return [
            f"({column} + {self._offset(column, self._offsets)}) AS {name}"
            for column, name in self._clocks.items()
            if (self._early is None or column in self._early) == early
        ]

    def _offset(self, column: str, offsets: Offsets) -> str:
        if len(offsets) == 1:
            return self._numbers.literal(offsets[0][1]).text
        middle = len(offsets) // 2
        first, second = self._offset(column, offsets[:middle]), self._offset(column, offsets[middle:])
        return f"CASE WHEN {column} < {offsets[middle][0]} THEN {first} ELSE {second} END"

    def period_columns(self) -> list[str]:
        """The numbers of the calendar periods that hold the event's time."""
        return [f"{self.expressions.period(period)} AS {name}" for period, name in self._periods.items()]
