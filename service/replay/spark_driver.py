"""Prepared events priced on a cluster, for `spark-submit`: by one ruleset, into Parquet in any storage.

It needs neither DuckDB nor Arrow, there or here. `service/replay/README.md` tells how it is submitted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import SparkSession

from dsl.diagnostics import show
from dsl.to_sql import Outcome, columns_of
from service.errors import ServiceError
from service.loading import NoRules, check_files, find, registry_of, sound
from service.registry import Versions
from service.replay.manifest import NotPrepared
from service.replay.spark import Run, exists, read_source

UNUSABLE = 2


class CantPrice(Exception):
    """What was given can't be priced; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Price what the command line names; returns the exit code: 0, or 2 where something given can't be used."""
    given = _parser().parse_args(arguments)
    session = SparkSession.builder.appName("vpi replay").getOrCreate()
    try:
        versions, version = _rules(given.rules, given.ruleset)
        rulesets = [one.ruleset for one in versions.by_number() if version in (0, one.ruleset.version)]
        source = read_source(session, given.events.rstrip("/"), columns_of(rulesets))
        if exists(session, given.out):
            raise CantPrice(f"{given.out} is there already; name a folder that is not")
    except (CantPrice, NoRules, NotPrepared, OSError, ServiceError) as error:
        print(f"vpi: {error}", file=sys.stderr)
        return UNUSABLE
    out = given.out.rstrip("/")
    run = Run(session, source, versions, out, version=version, order=given.order)
    run.run()
    for outcome, events in sorted(session.read.parquet(f"{out}/evaluations").groupBy("outcome").count().collect()):
        print(f"{Outcome(outcome).name}: {events:,}")
    print(f"of these priced event by event: {run.diverted:,}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spark_driver.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("--events", required=True, metavar="DIR", help="what `vpi replay --prepared DIR` left")
    parser.add_argument("--rules", required=True, metavar="PATH", help="a rule file, or a folder, on this machine")
    parser.add_argument("--ruleset", default="", metavar="NAME", help="which one, where a folder has several")
    parser.add_argument("--order", choices=["recorded", "time"], default="recorded")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the tables go; it must not exist")
    return parser


def _rules(path: str, name: str) -> tuple[Versions, int]:
    """The versions of a ruleset, and the one that prices every event; 0: each by the version in force at its time."""
    checked = check_files(find([path], Path("rules")))
    if not sound(checked):
        found = [show(diagnostic, one.source) for one in checked for diagnostic in one.diagnostics]
        raise CantPrice("\n\n".join(found))
    versions = registry_of(checked).versions(name)
    return versions, 0 if Path(path).is_dir() else versions.latest.ruleset.version


if __name__ == "__main__":
    sys.exit(main())
