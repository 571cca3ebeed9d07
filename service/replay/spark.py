"""Prepared events priced by Spark: the stages of `dsl.to_sql`, with Parquet between those that are worth being kept.

Everything is read and written where Spark reads and writes: in folders of this machine, or of a cluster's storage.
What SQL leaves (`Plan.customers`) is priced customer by customer by the per-event engine, on the executors.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession, types

from dsl.to_sql import BY_TIME, Column, Order, Plan, Spark, Stage, plan
from service.registry import Versions
from service.replay.manifest import MANIFEST, read_manifest
from service.replay.rows import FIXED
from service.replay.spark_rows import RECKONING, Reckoning

SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.parser.escapedStringLiterals": "false",
    # A condition stays within the CASE that says for which rows it may be computed: for others it may overflow.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.SimplifyConditionalsInPredicate",
}
"""What the stages rely on, set for each run whatever a cluster's settings are."""
RESULTS = ("evaluations", "counted", "matches")
_REPEATS = "id_number BIGINT, content BIGINT, seq BIGINT"
_VOIDS = "seq BIGINT, event BIGINT"
_EVALUATIONS = (
    "seq",
    "CAST(outcome AS INT) AS outcome",
    "CAST(line AS INT) AS line",
    "CAST(units AS BIGINT) AS units",
    "CAST(price AS DECIMAL(38,0)) AS price",
)
_SHARED = """SELECT DISTINCT id_number, subject FROM repeats JOIN events USING (seq) WHERE id_number IN
(SELECT id_number FROM repeats JOIN events USING (seq)
GROUP BY id_number HAVING count(DISTINCT subject) > 1 OR count(*) > count(subject))"""
"""Repeated ids that not all of one customer's events have, and whose they are."""
_DIVERTED = "SELECT seq, shares FROM events JOIN customers USING (subject)"
"""The events of the customers that SQL leaves."""
_WITH_SHARED = f"""SELECT seq, bool_or(shares) AS shares FROM ({_DIVERTED}
UNION ALL SELECT seq, TRUE FROM repeats WHERE id_number IN
(SELECT id_number FROM shared JOIN customers USING (subject))) GROUP BY seq"""
"""These, and all events that have an id of theirs, whoever's they are."""


@dataclass(frozen=True)
class Source:
    """Prepared events where Spark finds them: `location` is a folder; the rest as in `Prepared`."""

    location: str
    columns: tuple[Column, ...]
    rows: int
    stretches: frozenset[int]
    repeats: int
    voids: int


class Run:
    """One history priced by one ruleset, in a folder that Spark makes.

    Afterwards the folder has the tables `evaluations` (seq, outcome, line, units, price; an `Outcome` and a number of
    `matches`), `counted` (seq, line, units, price) and `matches` (line, version, interaction) as Parquet. Prices are in
    10⁻¹⁸. `version` prices events of any time; 0: each is priced by the version in force at its own. `partitions` is
    how many parts are shuffled at a time; None: as the session has it. Errors of Spark are raised as they are.
    """

    def __init__(
        self,
        session: SparkSession,
        source: Source,
        versions: Versions,
        folder: str,
        *,
        version: int = 0,
        order: Order = "recorded",
        partitions: int | None = None,
    ) -> None:
        # A session of its own: its tables and settings are no one else's.
        self._session = session.newSession()
        for name, value in SETTINGS.items():
            self._session.conf.set(name, value)
        if partitions is not None:
            self._session.conf.set("spark.sql.shuffle.partitions", str(partitions))
        self._source = source
        self._folder = folder
        self._fixed = version
        self._order: Order = order
        rulesets = [one.ruleset for one in versions.by_number() if version in (0, one.ruleset.version)]
        rulesets.sort(key=lambda ruleset: (ruleset.effective, ruleset.version))
        self._rulesets = rulesets
        self._all_rulesets = tuple(one.ruleset for one in versions.by_number())
        self._sql = self._session.sql
        self.plan: Plan
        self.diverted = 0
        """Events that were left to the per-event engine."""

    def run(self) -> None:
        """Price everything; the folder is whole when it has `matches`."""
        answered = True
        try:
            self._run()
        except KeyboardInterrupt:
            # Spark's last answer is still to come, and would be taken for that to whatever is asked next.
            answered = False
            raise
        finally:
            if answered:
                _remove(self._session, f"{self._folder}/stages")

    def _run(self) -> None:
        source = self._source
        events = self._read("events-*.parquet")
        events.createOrReplaceTempView("events")
        self._given("repeats", "repeats.parquet", _REPEATS, source.repeats)
        self._given("voids", "voids.parquet", _VOIDS, source.voids)
        self.plan = plan(
            Spark(),
            self._rulesets,
            source.columns,
            source.stretches,
            always=bool(self._fixed),
            order=self._order,
            repeats=source.repeats > 0,
            most_rows=max(source.rows, 1),
        )
        if source.repeats:
            self._stages(self.plan.claims)
        self._stages(self.plan.stages)
        diverted = self._divert() if self.plan.customers or source.voids else False
        self._stages(self.plan.results_with_diverted if diverted else self.plan.results)
        self._write("counted", self._session.table("counted").selectExpr("seq", *_EVALUATIONS[2:]))
        matches = [(match.number, match.version, match.interaction) for match in self.plan.matches]
        self._write("matches", self._session.createDataFrame(matches, "line INT, version INT, interaction STRING"))

    # ── tables ──────────────────────────────────────────────────────────────

    def _read(self, name: str) -> DataFrame:
        # The pattern stands beside the folder: in a path with one, a colon would be an error.
        return self._session.read.option("pathGlobFilter", name).parquet(literally(self._source.location))

    def _given(self, name: str, file: str, columns: str, rows: int) -> None:
        table = self._read(file) if rows else self._session.createDataFrame([], columns)
        table.createOrReplaceTempView(name)

    def _stages(self, stages: Iterable[Stage]) -> None:
        for stage in stages:
            table = self._sql(stage.select)
            if stage.name == "evaluations":
                self._store(stage.name, table.selectExpr(*_EVALUATIONS), result=True)
            elif stage.stored:
                self._store(stage.name, table)
            else:
                table.createOrReplaceTempView(stage.name)

    def _store(self, name: str, table: DataFrame, result: bool = False) -> DataFrame:
        """Keep a table for all that read it from now on; a result also for those who come after the run."""
        # What is NULL in all rows has no type, which Parquet can't write.
        typeless = [field.name for field in table.schema if isinstance(field.dataType, types.NullType)]
        table = table.withColumns({column: table[column].cast("INT") for column in typeless})
        place = name if result else f"stages/{name}"
        self._write(place, table)
        kept = self._session.read.schema(table.schema).parquet(literally(f"{self._folder}/{place}"))
        kept.createOrReplaceTempView(name)
        return kept

    def _write(self, name: str, table: DataFrame) -> None:
        table.write.parquet(f"{self._folder}/{name}")

    # ── what SQL leaves ─────────────────────────────────────────────────────

    def _divert(self) -> bool:
        """Price the customers that SQL leaves, with all who share a repeated id with them, event by event.

        A void moves counters back between two events, which windows can't follow: who has one is left as well. Returns
        whether there are any.
        """
        queries = [f"SELECT subject FROM ({query})" for query in self.plan.customers]
        queries.append("SELECT subject FROM events JOIN voids ON events.seq = voids.event")
        rows = " UNION ALL ".join(queries)
        undecided = f"SELECT DISTINCT subject FROM ({rows}) WHERE subject IS NOT NULL"
        if self._store("undecided", self._sql(undecided)).isEmpty():
            return False
        sharing = [(subject,) for subject in sorted(self._sharing())] if self._source.repeats else []
        self._session.createDataFrame(sharing, "subject STRING").createOrReplaceTempView("sharing")
        customers = "SELECT subject, FALSE AS shares FROM undecided ANTI JOIN sharing USING (subject)"
        self._sql(f"{customers} UNION ALL SELECT subject, TRUE FROM sharing").createOrReplaceTempView("customers")
        self._store("diverted", self._sql(_WITH_SHARED if sharing else _DIVERTED))
        self._reckon(bool(sharing))
        return True

    def _sharing(self) -> set[str]:
        """The customers that SQL leaves and that share ids, with all who are reached from them through shared ids.

        These are few: they are gathered here.
        """
        self._store("shared", self._sql(_SHARED))
        ids: dict[str, list[int]] = {}
        subjects: dict[int, list[str]] = {}
        for number, subject in self._sql("SELECT id_number, subject FROM shared WHERE subject IS NOT NULL").collect():
            ids.setdefault(subject, []).append(number)
            subjects.setdefault(number, []).append(subject)
        waiting = [
            row[0] for row in self._sql("SELECT DISTINCT subject FROM undecided JOIN shared USING (subject)").collect()
        ]
        found = set(waiting)
        while waiting:
            reached = {other for number in ids[waiting.pop()] for other in subjects[number]} - found
            found |= reached
            waiting += reached
        return found

    def _reckon(self, sharing: bool) -> None:
        """Customers who share ids with others are priced together, in order; all others one after the other."""
        self._sql(self._arrivals()).createOrReplaceTempView("arrivals")
        order = "seq" if self._order == "recorded" else BY_TIME
        alone = f"SELECT * FROM arrivals WHERE NOT shares DISTRIBUTE BY subject SORT BY subject, {order}"
        rows = self._reckoned(alone, by_customer=True)
        if sharing:
            together = f"SELECT * FROM (SELECT /*+ REPARTITION(1) */ * FROM arrivals WHERE shares) SORT BY {order}"
            rows = rows.union(self._reckoned(together, by_customer=False))
        self.diverted = self._store("reckonings", rows).count()
        self._sql("SELECT seq, outcome, line, units, price FROM reckonings").createOrReplaceTempView("reckoned")
        self._sql("SELECT seq, inline(lines) FROM reckonings").createOrReplaceTempView("reckoned_lines")

    def _arrivals(self) -> str:
        """The rows for `Reckoning`, voids among them: an event once more, with the sequence of its void."""
        values = [*FIXED[1:], *(column.name for column in self._source.columns)]
        left = "SELECT * FROM events JOIN diverted USING (seq)"
        repeats = f"SELECT * FROM ({left}) LEFT JOIN repeats USING (seq)"
        if not self._source.repeats:
            repeats = f"SELECT *, CAST(NULL AS BIGINT) AS id_number, CAST(NULL AS BIGINT) AS content FROM ({left})"
        if not self._source.voids:
            return f"SELECT seq, {', '.join(values)}, id_number, content, NULL AS voids, shares FROM ({repeats})"
        return (
            f"SELECT e.seq, {', '.join(values)}, id_number, content, event AS voids, shares FROM ({repeats}) AS e "
            f"LEFT JOIN (SELECT event FROM voids) ON event = e.seq UNION ALL "
            f"SELECT v.seq, {', '.join(values)}, NULL, NULL, event, shares FROM ({left}) AS e "
            "JOIN voids AS v ON event = e.seq"
        )

    def _reckoned(self, arrivals: str, by_customer: bool) -> DataFrame:
        numbers = {(match.version, match.interaction): match.number for match in reversed(self.plan.matches)}
        source = self._source
        reckoning = Reckoning(
            self._all_rulesets, self._fixed, source.columns, numbers, source.voids > 0, by_customer=by_customer
        )
        # The last column only says which way a row goes.
        rows = self._sql(arrivals).drop("shares").rdd.mapPartitions(reckoning)
        return self._session.createDataFrame(rows, RECKONING, verifySchema=False)


def literally(path: str) -> str:
    """A path as Spark reads it: it takes some letters for patterns, and lists none of these folders otherwise."""
    return "".join(f"\\{letter}" if letter in "{}[]*?\\" else letter for letter in path)


def exists(session: SparkSession, folder: str) -> bool:
    """Whether there is such a folder, wherever it would be."""
    files, path = _place(session, folder)
    return bool(files.exists(path))


def _remove(session: SparkSession, folder: str) -> None:
    """Remove a folder; one that is not there is no error."""
    files, path = _place(session, folder)
    files.delete(path, True)


def _place(session: SparkSession, folder: str) -> tuple[Any, Any]:
    """The file system that a folder is in, and its path there, both of Java."""
    context: Any = session.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(folder)
    return path.getFileSystem(context._jsc.hadoopConfiguration()), path


def read_source(session: SparkSession, location: str, needed: Iterable[Column]) -> Source:
    """Prepared events in a folder of any storage; raises NotPrepared, also where a needed column is missing."""
    try:
        found = session.read.text(f"{literally(location)}/{MANIFEST}", wholetext=True).collect()
    except AnalysisException:
        found = []
    manifest, columns = read_manifest(found[0][0] if found else None, location, needed)
    stretches = frozenset(manifest["stretches"])
    return Source(location, columns, manifest["rows"], stretches, manifest["repeats"], manifest["voids"])
