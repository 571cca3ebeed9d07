"""A Spark for the tests: one of a test process, started when the first test asks for it."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dsl.to_sql import Order
from service.registry import Versions
from service.replay.duckdb import Settings
from service.replay.prepared import Prepared
from service.replay.sides import Side
from tests.service.replay.histories import Answers, tables_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# In the short suite everything runs for a moment, and is not worth being compiled or planned twice. `make test-long`
# runs as users do.
QUICK = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
}


@pytest.fixture(scope="session")
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """A session; a test that needs it is skipped where pyspark or Java is missing, except in CI."""
    try:
        # It is imported here, since all of it needs pyspark.
        sessions = import_module("service.replay.spark_session")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pyspark", "py4j"):
            raise
        _missing("pyspark is not installed: install the extra `spark` to test it")
    try:
        sessions.require_java()
    except sessions.CantStart as error:
        _missing(str(error))
    more = QUICK if request.config.option.markexpr == "not long" else {}
    with sessions.running(tmp_path_factory.mktemp("spark"), Settings("1GB", 1), more) as session:
        yield session


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what}; CI must run this test, see .ci/run")
    pytest.skip(what)


def by_spark(
    session: "SparkSession",
    folder: Path,
    prepared: Prepared,
    versions: Versions,
    order: Order = "recorded",
    version: int = 0,
) -> tuple[Answers, Side]:
    """What each event costs, by Spark."""
    priced_by_spark = import_module("service.replay.spark_side").priced_by_spark
    side = priced_by_spark(
        session, Side("spark", versions, version), prepared, folder, order=order, settings=Settings("1GB", 1)
    )
    return tables_of(side.database), side
