"""The work of `vpi replay`: events prepared, priced by every side, compared and shown; nothing is left in part."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path

import click
import duckdb
from pyarrow import ArrowException, parquet

from dsl.to_sql import Column, Order, columns_of
from service.cli.ledgers import cant_use, is_postgres, ledger_at, shown
from service.cli.options import FINDINGS, UNREADABLE, numbered, print_json, sound_rules, unreadable
from service.cli.replay_errors import in_words, unusable
from service.cli.replay_progress import Working
from service.cli.replay_tables import print_replay
from service.errors import LedgerDamaged, LedgerUnavailable, ServiceError
from service.loading import registry_of
from service.publishing import OutdatedRules, registry_from
from service.replay.batches import Broken
from service.replay.changes import CantWrite, write_changes
from service.replay.comparison import CantCompare, comparing
from service.replay.duckdb import Settings
from service.replay.expected import CantExpect, Expected, NotExpectations, meet
from service.replay.expected import read as expected_in
from service.replay.interrupting import watching
from service.replay.manifest import NotPrepared
from service.replay.prepare import CantPrepare, OnError, find, prepare
from service.replay.prepared import Prepared, open_prepared
from service.replay.recorded import History, from_ledger
from service.replay.report import write_report
from service.replay.results import Replay, as_data
from service.replay.samples import samples
from service.replay.sides import AnyEngine, Price, Side, priced

SPARK = frozenset({"py4j", "pyspark"})
INTERRUPTED = 130
_SQLITE = b"SQLite format 3\0"
_SOURCES = "sources.json"
_MOST_NAMED = 20


@dataclass(frozen=True)
class Wanted:
    """The command line's arguments and options, under their names; `history_of` is the ruleset that was typed."""

    events: tuple[str, ...]
    rules: str
    against: tuple[str, ...]
    ruleset: str
    engine: AnyEngine
    order: Order
    on_error: OnError
    prepared: str | None
    report: str | None
    changes: str | None
    expect: str | None
    update: bool
    memory: str
    fail_on_diff: bool
    json_output: bool
    history_of: str


@dataclass(frozen=True)
class Read:
    """Prepared events, and, of a ledger, what it recorded."""

    prepared: Prepared
    history: History | None = None

    @property
    def broken(self) -> list[Broken]:
        """The first places that are no events."""
        return [Broken(*one) for one in self.prepared.left_out.first]

    @property
    def refused(self) -> tuple[int, int, int]:
        """Of a ledger's refused events: those included, recorded later, ahead of their time."""
        history = self.history
        return (history.refused, history.recorded_later, history.ahead) if history else (0, 0, 0)


def replay(wanted: Wanted) -> int:
    """The whole command; returns its exit code. Ends the command where an input can't be used."""
    try:
        with tempfile.TemporaryDirectory(prefix="vpi-replay-") as folder, watching():
            return _replay(wanted, Path(folder))
    except KeyboardInterrupt:
        click.echo("vpi: interrupted; nothing is left half-written", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        raise  # who reads what is printed has gone; click ends the command
    except (duckdb.Error, OSError) as error:
        unreadable(in_words(error, wanted.memory))
    except CantPrepare as error:
        unreadable(f"{error}{'; --on-error skip leaves it out and goes on' if error.broken else ''}")
    except (CantCompare, CantExpect, CantWrite, NotPrepared, OutdatedRules) as error:
        unreadable(str(error))


def _replay(wanted: Wanted, folder: Path) -> int:
    settings = _settings(wanted)
    _check_compared(wanted)
    _check_outputs(wanted)
    _check_places(wanted, folder)
    sides = _sides(wanted)
    expected = _expected(wanted, folder)
    engine = _engine(wanted, folder, settings)
    read = _read(wanted, sides, folder, settings)
    done = _priced(engine, sides, read.prepared, folder)
    if read.history is not None:
        done = [done[0], read.history.side, *done[1:]]
    met = None
    with Working("comparing"), comparing(done, read.prepared, folder, settings) as database:
        comparison = database.compare()
        found = tuple(samples(database, pair.before, wanted.order) for pair in comparison.pairs)
        if wanted.changes:
            write_changes(database, Path(wanted.changes))
        if wanted.expect:
            met = meet(database, comparison, Path(wanted.expect), expected, wanted.order, wanted.update)
    names = tuple(shown(name) for name in wanted.events) or (str(wanted.prepared),)
    left_out = read.prepared.left_out
    result = Replay(
        comparison,
        found,
        wanted.order,
        wanted.engine,
        names,
        read.broken,
        left_out.places,
        left_out.rows,
        left_out.unread,
        read.refused,
        met,
    )
    if wanted.report:
        write_report(result, Path(wanted.report))
    if wanted.json_output:
        print_json(as_data(result))
    else:
        print_replay(result)
    _tell_left_out(result)
    if left_out.places:
        return UNREADABLE
    unmet = met is not None and met.differs and not met.written
    return FINDINGS if unmet or (wanted.fail_on_diff and comparison.differs) else 0


def _check_compared(wanted: Wanted) -> None:
    """Ends the command where it is asked for differences and nothing is given that events could differ from."""
    if wanted.against or any(_is_ledger(place) for place in wanted.events):
        return
    if wanted.changes:
        raise click.UsageError("--changes writes what differs from other rules: name those with --against")
    if wanted.fail_on_diff and not wanted.expect:
        raise click.UsageError("--fail-on-diff needs something to differ from: name it with --against or --expect")


def _check_outputs(wanted: Wanted) -> None:
    """Ends the command where what it would write is what it reads."""
    for option, name in (("changes", wanted.changes), ("expect", wanted.expect)):
        if name is None or not Path(name).exists():
            continue
        place = Path(name).resolve()
        if any(path.resolve() == place for event in wanted.events for path in _files_of(event)):
            raise click.UsageError(f"--{option} {name} is one of the EVENTS; name another file")
    if wanted.changes and wanted.expect and Path(wanted.changes).resolve() == Path(wanted.expect).resolve():
        raise click.UsageError(f"--changes and --expect are both {wanted.changes}; name two files")


def _check_places(wanted: Wanted, folder: Path) -> None:
    """Ends the command where an engine would find at the very end that it can't use the name of a file or folder."""
    # Spark takes several folders for what it spills, with commas between them.
    places = [
        ("TMPDIR", folder.parent, "?\\," if wanted.engine == "spark" else "?\\"),
        ("--prepared", wanted.prepared, "\\"),
    ]
    if wanted.expect and wanted.expect.endswith(".parquet"):
        places.append(("--expect", wanted.expect, "\\"))
    for option, name, letters in places:
        why = unusable(Path(name), letters) if name else None
        if why:
            unreadable(f"{why}; name another with {option}")


def _files_of(event: str) -> list[Path]:
    """The files that one of EVENTS names; none where it is a ledger, or can't be found."""
    try:
        return find([event])
    except CantPrepare:
        return []


def _expected(wanted: Wanted, folder: Path) -> Expected | None:
    """What is expected, read before the long work; None where nothing is, or what was is to be written anew."""
    if not wanted.expect:
        return None
    try:
        with Working("reading what is expected"):
            return expected_in(Path(wanted.expect), folder, wanted.order)
    except NotExpectations:
        raise
    except CantExpect:
        if wanted.update:
            return None
        raise


def _tell_left_out(result: Replay) -> None:
    """On standard error, every place that was skipped, or the first of them, and what that comes to."""
    for one in result.broken[:_MOST_NAMED]:
        click.echo(f"vpi: {one} (skipped)", err=True)
    if result.places > _MOST_NAMED:
        click.echo(f"vpi: and {numbered(result.places - _MOST_NAMED, 'more place')} skipped", err=True)
    if result.places:
        rows = [f"{numbered(result.skipped, 'row')} left out"] if result.skipped else []
        files = [f"{numbered(result.unread, 'file')} not read to the end"] if result.unread else []
        click.echo(f"vpi: {', and '.join(rows + files)}", err=True)


def _settings(wanted: Wanted) -> Settings:
    try:
        duckdb.connect(config={"memory_limit": wanted.memory}).close()
    except duckdb.Error:
        raise click.UsageError(f"--memory {wanted.memory} is no size; write it as 500MB or 4GB") from None
    return Settings(wanted.memory)


# ── rules ───────────────────────────────────────────────────────────────────


def _sides(wanted: Wanted) -> list[Side]:
    """The rules in question, then those that they are compared with, under labels that differ."""
    twice = next((one for one in wanted.against if (wanted.rules, *wanted.against).count(one) > 1), None)
    if twice is not None:
        raise click.UsageError(f"--against {twice}: these rules are named twice")
    first = _side(wanted.rules, wanted.ruleset, "")
    sides = [first, *(_side(given, wanted.ruleset, first.versions.name) for given in wanted.against)]
    labels = [side.label for side in sides]
    return [
        replace(side, label=f"{side.label} ({given})") if labels.count(side.label) > 1 else side
        for side, given in zip(sides, (wanted.rules, *wanted.against), strict=True)
    ]


def _side(given: str, wanted: str, first: str) -> Side:
    registry = registry_of(sound_rules((given,), "rules"))
    names = registry.names()
    name = next((name for name in (wanted, first) if name in names), wanted if len(names) > 1 else "")
    if not name and len(names) > 1:
        unreadable(f"{given} has several rulesets: {', '.join(names)}; name one with --ruleset")
    try:
        versions = registry.versions(name)
    except ServiceError as error:
        unreadable(f"{given}: {error}")
    if Path(given).is_dir():
        return Side(versions.name, versions)
    number = versions.latest.ruleset.version
    return Side(f"{versions.name}@{number}", versions, number)


# ── events ──────────────────────────────────────────────────────────────────


def _read(wanted: Wanted, sides: Sequence[Side], folder: Path, settings: Settings) -> Read:
    columns = columns_of(version.ruleset for side in sides for version in side.rules)
    ledgers = [place for place in wanted.events if _is_ledger(place)]
    if ledgers:
        if len(wanted.events) > 1 or wanted.prepared:
            raise click.UsageError("a ledger is read by itself: give no other events with it, and no --prepared")
        return _from_ledger(ledgers[0], (wanted.history_of, sides[0].versions.name), folder, columns, settings)
    kept = Path(wanted.prepared) if wanted.prepared else None
    if kept is not None and kept.exists():
        return _kept(wanted, kept, columns)
    if not wanted.events:
        raise click.UsageError("name the events: files, folders or globs of JSON lines, CSV or Parquet, or a ledger")
    work = folder / "work"
    if kept is None:
        return _prepare(wanted, folder / "prepared", work, columns, settings)
    with _made(kept) as part:
        read = _prepare(wanted, part, work, columns, settings)
        sources = json.dumps(_sources(wanted.events), indent=1)
        (part / _SOURCES).write_text(sources + "\n", encoding="utf-8")
    return replace(read, prepared=replace(read.prepared, folder=kept))


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """A folder to fill, beside `folder`, which takes its place when all is there; else it is removed."""
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        yield part
        part.replace(folder)
    except OSError as error:
        raise CantWrite(f"can't write {folder}: {(error.strerror or str(error)).lower()}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _prepare(wanted: Wanted, folder: Path, work: Path, columns: tuple[Column, ...], settings: Settings) -> Read:
    with Working("reading events", _estimated(find(wanted.events))) as working:
        done = prepare(
            wanted.events,
            folder,
            columns,
            on_error=wanted.on_error,
            settings=settings,
            progress=working,
            work=work,
        )
    return Read(done.prepared)


def _kept(wanted: Wanted, folder: Path, columns: tuple[Column, ...]) -> Read:
    """Events that were prepared before; raises NotPrepared where they are not those that are named now."""
    prepared = open_prepared(folder, columns)
    try:
        sources = json.loads((folder / _SOURCES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        sources = None
    if wanted.events and sources != _sources(wanted.events):
        raise NotPrepared(
            f"{folder} was prepared from other events, or they have changed since; remove it, or name it alone"
        )
    return Read(prepared)


def _sources(events: Sequence[str]) -> list[list[str | int]]:
    """What tells whether files are still the same: their paths, sizes and times of change."""
    stats = [(path.resolve(), path.stat()) for path in find(events)]
    return [[str(path), stat.st_size, stat.st_mtime_ns] for path, stat in stats]


def _estimated(files: Sequence[Path]) -> int:
    """About how many rows there are."""
    total = 0
    for path in files:
        try:
            if path.suffix == ".parquet":
                total += parquet.read_metadata(path).num_rows
            else:
                with path.open("rb") as opened:
                    some = opened.read(2**20)
                total += max(some.count(b"\n"), 1) * os.path.getsize(path) // max(len(some), 1)  # noqa: PTH202
        except (OSError, ArrowException):
            continue  # whoever reads it says what is wrong
    return total


def _is_ledger(place: str) -> bool:
    if is_postgres(place):
        return True
    try:
        with Path(place).open("rb") as opened:
            return opened.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _from_ledger(
    place: str, wanted: Sequence[str], folder: Path, columns: tuple[Column, ...], settings: Settings
) -> Read:
    """The history of the first wanted ruleset that a ledger has, or of its only one; ends the command without any."""
    with ledger_at(place) as ledger:
        try:
            published = registry_from(ledger.published())
            known = published.names()
            name = next((name for name in wanted if name in known), "")
            other = f"it has rulesets: {', '.join(known) or 'none'}; name one with --ruleset"
            if not name and len(known) != 1:
                unreadable(f"the ledger has no evaluations of {wanted[-1]}; {other}")
            versions = published.versions(name)
            # Columns for both: those of the rules in question, and those of the rules that explain what was recorded.
            all_columns = _together(columns, columns_of(one.ruleset for one in versions.by_number()))
            with Working("reading the ledger", ledger.stats().entries) as working:
                history = from_ledger(ledger, versions, folder, all_columns, settings, working)
            if not history.prepared.rows and len(known) > 1:
                unreadable(f"the ledger has no evaluations of {versions.name}; {other}")
        except (LedgerUnavailable, LedgerDamaged) as error:
            cant_use(error, place)
    return Read(history.prepared, history)


def _together(*several: Sequence[Column]) -> tuple[Column, ...]:
    found = sorted({(column.path, column.storage) for columns in several for column in columns})
    return tuple(Column(f"a{number}", path, storage) for number, (path, storage) in enumerate(found))


# ── prices ──────────────────────────────────────────────────────────────────


def _engine(wanted: Wanted, folder: Path, settings: Settings) -> AbstractContextManager[Price]:
    """What prices sides, within a block; ends the command where the engine is not there."""
    if wanted.engine != "spark":
        return nullcontext(partial(priced, engine=wanted.engine, order=wanted.order, settings=settings))
    try:
        # Only who asks for Spark needs it, and waits for it.
        spark = import_module("service.cli.replay_spark")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in SPARK:
            raise
        unreadable("`--engine spark` needs the extra `spark` and Java 17: `pip install 'vpi[spark]'`")
    found: AbstractContextManager[Price] = spark.pricing(folder / "spark", wanted.order, settings)
    return found


def _priced(
    engine: AbstractContextManager[Price], sides: Sequence[Side], prepared: Prepared, folder: Path
) -> list[Side]:
    done: list[Side] = []
    seconds = 0.0
    with engine as price:
        for number, side in enumerate(sides):
            with Working(f"pricing by {side.label}", prepared.rows, seconds) as working:
                done.append(price(side, prepared, folder / f"side{number}", progress=working))
                seconds = working.seconds
    return done
