"""Spark answers every event as the reference and DuckDB do, and says in plain words why where it can't."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import service.cli.replaying as replaying
from dsl import core
from dsl.event import Event
from dsl.to_sql import Order, Outcome
from service.registry import Version, Versions
from service.replay.duckdb import Settings
from service.replay.prepared import write_manifest
from service.replay.sides import DATABASE
from tests.dsl.rules import HEAD, JULY, ruleset
from tests.service.cli.running import RULES, data_of, finished, process, vpi
from tests.service.replay.histories import Answers, by_duckdb, expected, prepare, random_history, tables_of
from tests.service.replay.spark_here import by_spark
from tests.service.replay.test_voids import reference, with_voids

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SUITE: tuple[tuple[int, Order], ...] = ((1052, "time"), (1037, "recorded"), (1082, "recorded"))
"""Programs with limits, totals, caps, two versions, shared ids, and customers that SQL leaves; the last with several
interactions too."""
MANY = (7, 37, 186, 324, 392, 456, 537, 584, 844, *range(1000, 1016))
ROOT = Path(__file__).parents[3]
EVENTS = 260

CURVE = """
interaction sold
  counts sale with n * n ≥ 0
  units n
  price per month
    first 100 at 0.07
    then at 0.031
  limit 20 per member per month
interaction returned
  counts refund with n > 3
  price 0.5
interaction large
  also counts sale with n * n > 600
  price 0.01
"""
CROSSING = """
interaction sold
  counts sale
  limit 3 per member
  limit 20 per day
  units n
  price 1
interaction returned
  counts refund
  price 0.5
"""


def differences(wanted: Answers, found: Answers) -> list[tuple[int, object, object]]:
    """The events that are not answered alike."""
    return [(seq, wanted.get(seq), found.get(seq)) for seq in wanted | found if wanted.get(seq) != found.get(seq)]


def versions_of(*rulesets: core.Ruleset) -> Versions:
    return Versions(Version(one, "") for one in rulesets)


def sales(count: int) -> list[Event]:
    rng = Random(1)
    return [
        Event(
            f"e{number}",
            "/",
            rng.choice(["sale", "sale", "sale.refund"]),
            f"c{rng.randrange(3)}",
            JULY + rng.randrange(40 * 86_400_000_000),
            {"n": rng.randrange(30), "member": rng.choice(["a", "it's ${env:HOME} \\ 😀"])},
        )
        for number in range(count)
    ]


# ── random programs ─────────────────────────────────────────────────────────


def compare(session: "SparkSession", seed: int, order: Order, events: int, folder: Path) -> int:
    """One random program priced in all four ways, without a difference; how many events Spark left to Python."""
    versions, history = random_history(seed, events)
    prepared = prepare(folder / "prepared", [one.ruleset for one in versions.by_number()], history)
    found, side = by_spark(session, folder / "spark", prepared, versions, order)
    for by_interpreter in (True, False):
        wanted = expected(versions, history, order, by_interpreter=by_interpreter)
        assert differences(wanted, found)[:3] == [], f"seed {seed}, {order}"
    in_bulk, run = by_duckdb(folder / "duckdb", prepared, versions, order)
    assert in_bulk == found
    assert run.diverted == side.diverted
    assert len(found) == len(history)
    return side.diverted


@pytest.mark.parametrize(("seed", "order"), SUITE)
def test_random_programs_cost_the_same_in_all_four_ways(
    spark: "SparkSession", seed: int, order: Order, tmp_path: Path
) -> None:
    assert compare(spark, seed, order, EVENTS, tmp_path) > 50


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY)
def test_many_random_programs(spark: "SparkSession", seed: int, tmp_path: Path) -> None:
    compare(spark, seed, ("recorded", "time")[seed % 2], 2000, tmp_path)


@pytest.mark.parametrize(
    ("seed", "order"),
    [(1044, "time"), *(pytest.param(seed, "recorded", marks=pytest.mark.long) for seed in (7, 456, 1010))],
)
def test_voids_take_back_what_they_take_back_in_the_reference(
    spark: "SparkSession", seed: int, order: Order, tmp_path: Path
) -> None:
    versions, history = random_history(seed, EVENTS)
    rows, voids = with_voids(history, Random(seed))
    prepared = prepare(tmp_path / "prepared", [one.ruleset for one in versions.by_number()], rows)
    found, side = by_spark(spark, tmp_path / "spark", prepared, versions, order)
    wanted = reference(versions, rows, order)
    assert differences(wanted, {place: one for place, one in found.items() if place in wanted}) == []
    # The reference says nothing of what it refuses.
    refused = {one[0] for place, one in found.items() if place not in wanted}
    assert refused <= {Outcome.REFUSED, Outcome.NOT_IN_FORCE}
    assert len(found) == len(rows)
    assert sum(one[0] is Outcome.VOIDED for one in found.values()) == voids > 15
    assert side.diverted >= voids


# ── what must be seen ───────────────────────────────────────────────────────


def test_one_digit_of_one_rate_is_seen_and_nothing_refused_is_computed(spark: "SparkSession", tmp_path: Path) -> None:
    events = sales(300)
    # The squares of these need 38 digits: an error in 64 bits, if anyone tried it.
    events += [Event(f"x{number}", "/", "sale", "c1", JULY, {"n": (-1) ** number * 9 * 10**18}) for number in range(9)]
    events += events[5:12] + events[300:304]
    prepared = prepare(tmp_path / "prepared", [ruleset(CURVE)], events)
    # To Spark such a name is a pattern.
    prepared = replace(prepared, folder=prepared.folder.rename(tmp_path / "a{b,[c]*? d'e\\"))
    wanted = expected(versions_of(ruleset(CURVE)), events)
    same, _ = by_spark(spark, tmp_path / "s{ame", prepared, versions_of(ruleset(CURVE)))
    assert differences(wanted, same) == []
    outcomes = Counter(answer[0] for answer in same.values())
    assert outcomes[Outcome.REFUSED] == 13
    assert outcomes[Outcome.DUPLICATE] == 7
    assert outcomes[Outcome.LIMITED] > 3
    changed = versions_of(ruleset(CURVE.replace("0.031", "0.032")))
    assert len(differences(wanted, by_spark(spark, tmp_path / "changed", prepared, changed)[0])) > 50


# ── the command line ────────────────────────────────────────────────────────


def test_the_command_shows_what_it_shows_by_duckdb_whatever_folders_are_called(
    spark: "SparkSession", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # To Spark and DuckDB such names are patterns, or columns of what lies there.
    temporary, here = (tmp_path / "subject=a[1]*{b}" / name for name in ("temporary", "here?"))
    for folder in (temporary, here):
        folder.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(here)
    events = tmp_path / "sales.jsonl"
    lines = (RULES / "proptech" / "events" / "2026-06.jsonl").read_text(encoding="utf-8").splitlines()
    events.write_text("\n".join(lines[:200]) + "\n", encoding="utf-8")
    arguments = ("replay", events, "--rules", RULES / "tiered/1.vpi", "--json")
    by_engine = [
        data_of(vpi(*arguments, "--engine", engine, "--prepared", "a[1]*{b,c}?")) for engine in ("spark", "duckdb")
    ]
    assert [data.pop("engine") for data in by_engine] == ["spark", "duckdb"]
    assert by_engine[0] == by_engine[1]
    assert by_engine[0]["events"] == 200


def replayed(*more: object) -> tuple[int, str]:
    """The exit code and the errors of a run that needs Spark."""
    events = RULES / "proptech" / "events" / "2026-06.jsonl"
    result = vpi("replay", events, "--rules", RULES / "flat_rate/1.vpi", "--engine", "spark", *more)
    return result.exit_code, result.stderr


def test_without_pyspark_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError("No module named 'pyspark'", name="pyspark.sql")

    monkeypatch.setattr(replaying, "import_module", missing)
    assert replayed() == (2, "vpi: `--engine spark` needs the extra `spark` and Java 17: `pip install 'vpi[spark]'`\n")


def test_without_java_the_command_says_what_to_install(
    spark: "SparkSession", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    needs = "vpi: `--engine spark` needs the extra `spark` and Java 17: "
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    hint = "there is no `java` here (on Debian and Ubuntu: apt install openjdk-17-jre-headless)\n"
    assert replayed() == (2, needs + hint)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert replayed() == (2, f"{needs}JAVA_HOME is {tmp_path}, and there is no Java\n")


@pytest.mark.long
def test_a_java_that_fails_is_named_with_what_it_says(tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'Error: this Java is too old' >&2\nexit 1\n", encoding="utf-8")
    java.chmod(0o755)
    arguments = ("replay", RULES / "proptech/events/2026-06.jsonl", "--rules", RULES / "flat_rate/1.vpi")
    code, _, errors = finished(process(*arguments, "--engine", "spark", env={"JAVA_HOME": str(tmp_path)}))
    assert code == 2
    assert errors.splitlines()[-1] == (
        "vpi: `--engine spark` needs the extra `spark` and Java 17: it did not start: Error: this Java is too old"
    )


@pytest.mark.long
def test_an_interrupt_ends_spark_and_leaves_nothing(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    arguments = ("replay", RULES / "proptech/events/2026-06.jsonl", "--rules", RULES / "proptech/2.vpi")
    running = process(*arguments, "--engine", "spark", env={"TMPDIR": str(temporary)})
    until = time.monotonic() + 180
    while not list(temporary.glob("*/side0/spark/stages/*")) and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    code, out, errors = finished(running)
    assert (code, out) == (130, "")
    assert errors.splitlines()[-1] == "vpi: interrupted; nothing is left half-written"
    assert "Traceback" not in errors
    assert [path for path in temporary.iterdir() if path.name.startswith("vpi-")] == []


# ── on a cluster ────────────────────────────────────────────────────────────


def given(folder: Path) -> tuple[list[str], Answers]:
    """Prepared events and a rule file, as a driver's arguments, and what the events cost."""
    rules = folder / "shop" / "1.vpi"
    rules.parent.mkdir()
    rules.write_text(HEAD.format(version=1) + CROSSING, encoding="utf-8")
    events = sales(200)
    prepared = prepare(folder / "prepared", [ruleset(CROSSING)], events)
    write_manifest(prepared)
    arguments = ["--events", str(prepared.folder), "--rules", str(rules), "--out", str(folder / "out")]
    return arguments, expected(versions_of(ruleset(CROSSING)), events)


def written(out: Path) -> Answers:
    """What each event costs, by the tables that a driver wrote."""
    folder = out.parent / "database"
    folder.mkdir()
    import_module("service.replay.spark_side").load(out, folder, Settings("1GB", 1))
    return tables_of(folder / DATABASE)


def test_a_driver_writes_what_each_event_costs(
    spark: "SparkSession", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, wanted = given(tmp_path)
    driver = import_module("service.replay.spark_driver")
    assert driver.main(arguments) == 0
    assert differences(wanted, written(tmp_path / "out")) == []
    counts = Counter(answer[0] for answer in wanted.values())
    shown = [f"{outcome.name}: {counts[outcome]}" for outcome in Outcome if counts[outcome]]
    assert capsys.readouterr().out.splitlines() == [*shown, "of these priced event by event: 200"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["counted", "evaluations", "matches"]
    assert driver.main(arguments) == 2
    assert driver.main([*arguments[:1], str(tmp_path), *arguments[2:]]) == 2
    assert driver.main([*arguments[:3], str(tmp_path / "none.vpi"), *arguments[4:]]) == 2
    (tmp_path / "wrong.vpi").write_text("ruleset wrong\n", encoding="utf-8")
    assert driver.main([*arguments[:3], str(tmp_path / "wrong.vpi"), *arguments[4:]]) == 2
    errors = capsys.readouterr().err
    for said in (
        "/out is there already",
        "it has no manifest that can be read",
        "no such file or folder",
        "wrong.vpi:1",
    ):
        assert said in errors


# Behind it nothing can be imported that a cluster need not have.
BLOCKED = """
import sys
for name in ("click", "duckdb", "grpc", "jinja2", "numpy", "pandas", "pyarrow", "rich"):
    sys.modules[name] = None
"""


@pytest.mark.long
def test_a_driver_is_submitted_with_the_packages_in_a_file(spark: "SparkSession", tmp_path: Path) -> None:
    arguments, wanted = given(tmp_path)
    packages = tmp_path / "vpi.zip"
    with zipfile.ZipFile(packages, "w") as archive:
        for folder in ("dsl", "service"):
            for path in sorted((ROOT / folder).rglob("*")):
                if path.is_file() and path.suffix != ".pyc":
                    archive.write(path, path.relative_to(ROOT))
    (tmp_path / "sitecustomize.py").write_text(BLOCKED, encoding="utf-8")
    submit = Path(import_module("pyspark").__file__ or "").parent / "bin" / "spark-submit"
    driver = tmp_path / "spark_driver.py"
    driver.write_bytes((ROOT / "service" / "replay" / "spark_driver.py").read_bytes())
    first = os.pathsep.join([str(packages), str(tmp_path)])
    done = subprocess.run(
        [str(submit), "--master", "local[2]", "--py-files", str(packages), str(driver), *arguments],
        cwd=tmp_path, env=os.environ | {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": first}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if " INFO " not in line]
    assert done.returncode == 0, said
    assert done.stdout.splitlines()[-1] == "of these priced event by event: 200"
    assert differences(wanted, written(tmp_path / "out")) == []
