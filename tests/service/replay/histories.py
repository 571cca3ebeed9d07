"""Histories for the tests of replay: random rules in one or two versions, events that repeat, and what they cost."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
from pyarrow import parquet

from dsl import core
from dsl.acceptance import is_built_in, parse_rfc3339
from dsl.checker import check
from dsl.event import Event
from dsl.source import Source
from dsl.to_sql import Order, Outcome, columns_of
from dsl.zones import EARLIEST, LATEST
from service.rating import rater
from service.registry import Version, Versions
from service.replay.duckdb import Run, Settings, content_key, find_repeats
from service.replay.prepared import Prepared, Writer
from service.replay.python import Arrival, Engine
from tests.programs import Program, as_event, random_events, random_program

Answers = dict[int, tuple[object, ...]]
"""By sequence: outcome, version, main interaction, units, price, and every line's interaction, units and price."""


def random_history(seed: int, events: int, step: int | None = None) -> tuple[Versions, list[Event]]:
    """A random program, sometimes in two versions, and random events for many customers, some of them sent again."""
    rng = Random(seed)
    program = random_program(rng, step)
    ruleset, diagnostics = check(Source("random.vpi", program.text))
    assert ruleset is not None, diagnostics
    rulesets = [replace(ruleset, effective=-(10**16))]
    if rng.random() < 0.6:
        rulesets = [replace(ruleset, effective=rng.choice([-(10**16), 0]))]
        rulesets.append(changed(ruleset, rng))
    versions = Versions(Version(one, "") for one in rulesets)
    return versions, history(program, rng, events)


def history(program: Program, rng: Random, count: int) -> list[Event]:
    """Random events; customers are many, so that few of them have to be priced event by event."""
    found: list[Event] = []
    customers = [f"c{number}" for number in range(max(3, count // 20))]
    for raw in random_events(program, rng, count):
        event = as_event(raw)
        if event.subject in ("acme", "b", "Zoë") and rng.random() < 0.95:
            event.subject = rng.choice(customers)
        if isinstance(event.time, str):
            event.time = instant(event.time)
        found.append(event)
        if rng.random() < 0.04:
            found.append(again(rng, rng.choice(found[-30:])))
    return found


def again(rng: Random, event: Event) -> Event:
    """An event sent again, now and then with other content."""
    copy = replace(event, data=dict(event.data))
    if rng.random() < 0.3:
        copy.data["undeclared"] = rng.choice([1, "x"])
    elif rng.random() < 0.3:
        copy.subject = f"c{rng.randrange(5)}"
    elif rng.random() < 0.2:
        copy.data = dict(list(copy.data.items())[1:])
    return copy


def instant(text: str) -> int | str:
    """A time as `service.cloudevents` reads it."""
    found = parse_rfc3339(text)
    return text if found is None else found


def changed(ruleset: core.Ruleset, rng: Random) -> core.Ruleset:
    """A later version: other rates, limits and caps, some interactions left out, in another order."""
    interactions = [one for one in ruleset.interactions if rng.random() < 0.85] or list(ruleset.interactions)
    if rng.random() < 0.3:
        rng.shuffle(interactions)
    effective = rng.choice([1_767_225_600_000_000, 1_772_500_000_000_000, 1_783_000_000_000_000, 1_793_000_000_000_000])
    return replace(
        ruleset,
        version=ruleset.version + 1,
        effective=effective,
        interactions=tuple(_changed(one, rng) for one in interactions),
    )


def _changed(interaction: core.Interaction, rng: Random) -> core.Interaction:
    price = interaction.price
    if isinstance(price, core.ByPrice):
        cases = tuple(replace(case, price=_dearer(case.price, rng)) for case in price.cases)
        price = replace(price, cases=cases, otherwise=price.otherwise and _dearer(price.otherwise, rng))
    else:
        price = _dearer(price, rng)
    limits = interaction.limits
    if rng.random() < 0.3:
        limits = tuple(replace(limit, count=limit.count + rng.choice([0, 1])) for limit in limits)
    if rng.random() < 0.1:
        limits = limits[1:]
    caps = interaction.caps
    if rng.random() < 0.4:
        caps = tuple(replace(cap, amount=cap.amount * 2) for cap in caps[::-1])
    return replace(interaction, price=price, limits=limits, caps=caps)


def _dearer(price: core.SimplePrice, rng: Random) -> core.SimplePrice:
    if not isinstance(price, core.UnitPrice) or rng.random() < 0.4:
        return price
    tiers = tuple(replace(tier, rate=tier.rate // 2 * 3) for tier in price.curve.tiers)
    if rng.random() < 0.2:
        tiers = (core.Tier(0, None, 10**11),)
    return replace(price, curve=replace(price.curve, tiers=tiers))


# ── what it costs ───────────────────────────────────────────────────────────


def prepare(folder: Path, rulesets: Iterable[core.Ruleset], events: Sequence[Event | int]) -> Prepared:
    """Events as a folder of prepared ones; a number among them is a void, of the event at that place."""
    folder.mkdir(parents=True)
    writer = Writer(folder / "events-00000.parquet", columns_of(rulesets))
    voids = []
    for seq, event in enumerate(events):
        if isinstance(event, int):
            voids.append((seq, event))
        else:
            writer.add(seq, event)
    writer.close()
    prepared = Prepared(folder, writer.columns, writer.rows, frozenset(writer.stretches), 0, len(voids))
    if voids:
        parquet.write_table(
            pa.table(dict(zip(("seq", "event"), zip(*voids, strict=True), strict=True))), prepared.taken_back
        )
    return replace(prepared, repeats=find_repeats(prepared, folder, Settings(threads=1)))


def expected(
    versions: Versions,
    events: Sequence[Event],
    order: Order = "recorded",
    version: int = 0,
    by_interpreter: bool = False,
) -> Answers:
    """What each event costs, by the reference: one after the other."""
    engine = Engine(rater(versions, version, explain=by_interpreter))
    numbers: dict[object, int] = {}
    contents: dict[object, int] = {}
    arrivals = []
    for seq, event in enumerate(events):
        number = content = None
        if is_built_in(event.source) and is_built_in(event.id):
            number = numbers.setdefault((event.source, event.id), len(numbers))
            content = contents.setdefault(content_key(event), len(contents))
        arrivals.append(Arrival(seq, event, number, content))
    if order == "time":
        arrivals.sort(key=lambda arrival: by_time(arrival.event, arrival.seq))
    answers: Answers = {}
    for one in map(engine.price, arrivals):
        answer = one.evaluation
        if answer is None or one.outcome not in (Outcome.COUNTED, Outcome.LIMITED):
            answers[one.seq] = (one.outcome, None, None, 0, 0, ())
        else:
            lines = tuple((line.interaction, line.units, line.price) for line in answer.lines)
            answers[one.seq] = (one.outcome, one.version, answer.interaction, answer.units, answer.price, lines)
    return answers


def by_time(event: Event, seq: int) -> tuple[object, ...]:
    """What events are sorted by in the order of their own time."""
    time = event.time if isinstance(event.time, int) and not timed_wrongly(event.time) else None
    texts = [text if is_built_in(text) else None for text in (event.source, event.id)]
    return (time is None, time or 0, *((text is None, text or "") for text in texts), seq)


def timed_wrongly(instant: int) -> bool:
    """Whether an instant lies outside the years that an event may be of."""
    return not EARLIEST <= instant <= LATEST


def by_duckdb(
    folder: Path,
    prepared: Prepared,
    versions: Versions,
    order: Order = "recorded",
    version: int = 0,
    event_by_event: bool = False,
) -> tuple[Answers, Run]:
    """What each event costs, by DuckDB, or event by event from the same prepared events; the run is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings("1GB", 1)
    run = Run(
        prepared, versions, folder, version=version, order=order, event_by_event=event_by_event, settings=settings
    )
    run.run()
    answers = _answers(run.database)
    run.close()
    return answers, run


def tables_of(database: Path) -> Answers:
    """What each event costs, by the tables that a run left in a file."""
    with duckdb.connect(str(database), read_only=True) as opened:
        return _answers(opened)


def _answers(database: duckdb.DuckDBPyConnection) -> Answers:
    lines: dict[int, list[tuple[object, ...]]] = {}
    named = "LEFT JOIN matches USING (line)"
    for seq, *line in database.execute(
        f"SELECT seq, interaction, units, price FROM counted {named} ORDER BY seq, line"
    ).fetchall():
        lines.setdefault(seq, []).append(tuple(line))
    answers: Answers = {}
    for seq, outcome, number, *rest in database.execute(
        f"SELECT seq, outcome, version, interaction, units, price FROM evaluations {named}"
    ).fetchall():
        assert seq not in answers
        answers[seq] = (Outcome(outcome), number, *rest, tuple(lines.get(seq, ())))
    return answers
