"""A Spark of this machine's own: started without a word, shared by all that prices meanwhile, and ended."""

import logging
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from threading import enumerate as enumerate_threads
from typing import Any

import duckdb
import pyspark
from py4j.clientserver import FinalizerWorker  # type: ignore[import-untyped]
from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from service.replay.duckdb import Settings

START_SECONDS, END_SECONDS = 120, 30
_LEAST_MEMORY = 2**30
"""Spark does not start with less than half a gigabyte, and hardly works with it."""
_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_LOG, _CONNECTION = "spark.log", "connection"
_NOT_OURS = frozenset({"PYSPARK_SUBMIT_ARGS", "SPARK_CONF_DIR", "SPARK_REMOTE", "SPARK_TESTING"})
"""Variables with which others direct a Spark of theirs."""


class CantSpark(Exception):
    """Spark stopped in the middle; the text says why."""


class CantStart(CantSpark):
    """Spark can't start on this machine; the text says why."""


@contextmanager
def running(
    folder: Path, settings: Settings | None = None, more: Mapping[str, str] | None = None
) -> Iterator[SparkSession]:
    """A session on this machine, until the end of the block; one that is running already is used, and goes on.

    It spills to the folder, and writes its log there; `more` are settings of Spark. Raises CantStart, and CantSpark for
    what Spark raises within the block. Whatever else ends the block also ends Spark at once.
    """
    if SparkContext._active_spark_context is not None:
        with _named():
            yield SparkSession.builder.getOrCreate()
        return
    folder.mkdir(parents=True, exist_ok=True)
    with _interrupts_kept():
        process, session = _start(folder.resolve(), {**_conf(folder, settings or Settings()), **(more or {})})
    whole = False
    try:
        with _named():
            yield session
        whole = True
    finally:
        _end(process, session, whole)


@contextmanager
def _named() -> Iterator[None]:
    """Within this, what goes wrong in Spark is CantSpark."""
    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        raise CantSpark(f"Spark could not go on: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """What an error says, without the place in Java."""
    if isinstance(error, Py4JError):
        # The first line names a call of ours; what happened stands behind it.
        causes = [line for line in str(error).splitlines() if line.startswith(":")]
        return causes[0].lstrip(": ") if causes else "its process has ended"
    lines = [line.rstrip() for line in str(error).splitlines() if line.strip()]
    if any(line.startswith("Traceback ") for line in lines):
        # Of what Python raised for Spark the last line that is no part of a stack.
        return next(line for line in reversed(lines) if not line[0].isspace())
    return lines[0].strip() if lines else type(error).__name__


def _conf(folder: Path, settings: Settings) -> dict[str, str]:
    return {
        "spark.master": f"local[{settings.threads or '*'}]",
        "spark.app.name": "vpi replay",
        "spark.driver.memory": f"{max(_bytes(settings.memory), _LEAST_MEMORY) // 2**20}m",
        # Nothing listens but for this machine.
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.eventLog.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": str(folder / "spill"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
    }


def _bytes(memory: str) -> int:
    """A size as DuckDB writes it (`2GB`, `80%`) in bytes."""
    with duckdb.connect(config={"memory_limit": memory}) as database:
        found = database.execute("SELECT current_setting('memory_limit')").fetchone()
    assert found is not None
    number, unit = found[0].split()
    return int(float(number) * _UNITS[unit])


def require_java() -> None:
    """Raises CantStart where there is no Java."""
    home = os.environ.get("JAVA_HOME")
    if home:
        if not os.access(Path(home, "bin", "java"), os.X_OK):
            raise CantStart(f"JAVA_HOME is {home}, and there is no Java")
    elif shutil.which("java") is None:
        raise CantStart("there is no `java` here (on Debian and Ubuntu: apt install openjdk-17-jre-headless)")


def _start(folder: Path, conf: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], SparkSession]:
    require_java()
    # What these report is also raised; py4j also speaks through the root logger.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_of_py4j)
    process = _launch(folder, conf)
    try:
        with _environment(_connection(process, folder)):
            gateway = launch_gateway()  # type: ignore[no-untyped-call]
        written = SparkConf(loadDefaults=False).setAll(list(conf.items()))
        context = SparkContext(gateway=gateway, conf=written)
        # Where Python runs for Spark, it is this one with what is installed for it.
        context.pythonExec = sys.executable
        return process, SparkSession(context)
    except (PySparkException, Py4JError, OSError) as error:
        process.kill()
        raise CantStart(f"it did not start: {_last_error(folder / _LOG) or _first_line(error)}") from error
    except BaseException:
        process.kill()
        raise


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return "py4j" not in Path(record.pathname).parts


def _launch(folder: Path, conf: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Spark's process: that of the installed package, silent, untouched by interrupts, and gone when this one is.

    pyspark would fork this process as it is to start it; where gRPC runs in other threads, such a copy can die.
    """
    home = Path(pyspark.__file__).parent
    command = [str(home / "bin" / "spark-submit")]
    for name, value in conf.items():
        command += ["--conf", f"{name}={value}"]
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    with (folder / _LOG).open("ab") as log:
        return subprocess.Popen(
            [*command, "pyspark-shell"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=kept
            | {
                "SPARK_HOME": str(home),
                "SPARK_CONNECT_MODE": "0",
                "_PYSPARK_DRIVER_CONN_INFO_PATH": str(folder / _CONNECTION),
            },
        )


def _connection(process: subprocess.Popen[bytes], folder: Path) -> dict[str, str]:
    """Where Spark's process listens, as pyspark takes it from the environment; raises CantStart where it has ended."""
    place = folder / _CONNECTION
    until = time.monotonic() + START_SECONDS
    while not place.is_file():
        if process.poll() is not None or time.monotonic() > until:
            raise CantStart(f"it did not start: {_last_error(folder / _LOG) or 'its log says nothing'}")
        time.sleep(0.05)
    with place.open("rb") as written:
        port, size = struct.unpack(">ii", written.read(8))
        secret = written.read(size).decode()
    place.unlink()
    return {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    """Within this, the environment has more."""
    os.environ.update(more)
    try:
        yield
    finally:
        for name in more:
            del os.environ[name]


def _last_error(log: Path) -> str:
    """The last line of a log that tells of an error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [
        line for line in lines if re.search(r"error|exception|not found|unable|unsupported", line, re.IGNORECASE)
    ]
    return telling[-1].strip() if telling else ""


def _end(process: subprocess.Popen[bytes], session: SparkSession, whole: bool) -> None:
    """End the session, and its process with it; at once where its work is not whole."""
    context = session.sparkContext
    gateway: Any = context._gateway
    if not whole:
        # It would complain of what ends now.
        if context._accumulatorServer is not None:
            context._accumulatorServer.shutdown()
        process.kill()
    try:
        if whole:
            session.stop()
        gateway.shutdown()
    except (PySparkException, Py4JError, OSError):
        # It has ended by itself.
        pass
    finally:
        # Another session, if ever, is one of another process.
        SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
        SparkSession._instantiatedSession = SparkSession._activeSession = None
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # py4j's thread sees its end within a second. Python must not end while it sleeps: what is loaded would stay,
        # and DuckDB would complain of that.
        for thread in enumerate_threads():
            if isinstance(thread, FinalizerWorker):
                thread.join(END_SECONDS)


@contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Within this, whoever takes interrupts over does not keep them."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
