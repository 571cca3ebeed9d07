"""A side of a comparison priced by Spark: what it wrote as Parquet, in a database file like those of all sides."""

import shutil
from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from dsl.to_sql import Order
from service.replay.duckdb import Settings, connect
from service.replay.prepared import Prepared
from service.replay.reckoning import parquet_at
from service.replay.sides import DATABASE, Progress, Side
from service.replay.spark import RESULTS, Run, Source

ROWS_A_PARTITION = 500_000
"""Events that are sorted at a time, about."""


def priced_by_spark(
    session: SparkSession,
    side: Side,
    prepared: Prepared,
    folder: Path,
    *,
    order: Order,
    settings: Settings,
    progress: Progress = lambda rows: None,
) -> Side:
    """The side with its prices, in a folder that is made for them; `progress` is told the rows when all are done."""
    folder.mkdir(parents=True)
    tables = folder / "spark"
    # At least two: one alone would leave out what happens between parts.
    partitions = max(2, session.sparkContext.defaultParallelism, prepared.rows // ROWS_A_PARTITION)
    run = Run(
        session,
        source_of(prepared),
        side.versions,
        f"file:{tables.resolve()}",
        version=side.version,
        order=order,
        partitions=partitions,
    )
    run.run()
    load(tables, folder, settings)
    shutil.rmtree(tables)
    progress(prepared.rows)
    return replace(side, database=folder / DATABASE, diverted=run.diverted)


def source_of(prepared: Prepared) -> Source:
    """Prepared events of this machine, as Spark finds them."""
    location = f"file:{prepared.folder.resolve()}"
    return Source(location, prepared.columns, prepared.rows, prepared.stretches, prepared.repeats, prepared.voids)


def load(tables: Path, folder: Path, settings: Settings) -> None:
    """The tables of a run, in a database file of a folder."""
    columns = {
        "evaluations": "seq, outcome, line, units, CAST(price AS HUGEINT) AS price",
        "counted": "seq, line, units, CAST(price AS HUGEINT) AS price",
        "matches": "line, version, interaction",
    }
    database = connect(folder, settings)
    try:
        for name in RESULTS:
            files = parquet_at(tables / name, "*.parquet")
            database.execute(f"CREATE TABLE {name} AS SELECT {columns[name]} FROM {files}")
    finally:
        database.close()
