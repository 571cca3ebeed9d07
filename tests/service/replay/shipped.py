"""The shipped rules over the shipped events, priced event by event in dicts: what a comparison must come to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.acceptance import is_built_in
from dsl.event import Event
from dsl.to_sql import Outcome, columns_of
from service.cloudevents import MalformedEvent, parse_event
from service.loading import check_files, registry_of
from service.rating import rater
from service.registry import Versions
from service.replay.comparison import Comparison, comparing
from service.replay.duckdb import Settings, content_key
from service.replay.prepare import prepare
from service.replay.prepared import Prepared
from service.replay.python import Arrival, Engine
from service.replay.samples import Sample, samples
from service.replay.sides import EngineName, Side, priced

RULES = Path(__file__).parents[3] / "rules"
EVENTS = RULES / "proptech" / "events"
SETTINGS = Settings("1GB", 1)
MODELS = ("proptech@2", "member_based@1", "flat_rate@1", "tiered@1")


@dataclass(frozen=True)
class Answer:
    """What one event costs, by the per-event engine."""

    outcome: Outcome
    interaction: str
    units: int
    price: int
    lines: dict[str, tuple[int, int]]


def side(name: str, changed: tuple[str, str] | None = None, folder: Path | None = None) -> Side:
    """A shipped version that prices every event; with one text in it changed, if so told."""
    ruleset, _, number = name.partition("@")
    path = RULES / ruleset / f"{number}.vpi"
    if changed is not None and folder is not None:
        text = path.read_text(encoding="utf-8")
        assert text.count(changed[0]) == 1
        path = folder / "changed.vpi"
        path.write_text(text.replace(*changed), encoding="utf-8")
        name = f"{name} changed"
    versions = registry_of(check_files([path])).versions("")
    return Side(name, versions, versions.latest.ruleset.version)


def events(files: Iterable[str] = ("*.jsonl",)) -> list[Event]:
    """The shipped events that are some, in the order of their files."""
    found: list[Event] = []
    for path in sorted(path for pattern in files for path in EVENTS.glob(pattern)):
        for line in path.read_bytes().split(b"\n"):
            try:
                found += [parse_event(line)] if line.strip() else []
            except MalformedEvent:
                continue
    return found


def answers(versions: Versions, version: int, history: Sequence[Event]) -> list[Answer]:
    """What each event costs, one after the other."""
    engine = Engine(rater(versions, version))
    numbers: dict[object, int] = {}
    contents: dict[object, int] = {}
    found = []
    for seq, event in enumerate(history):
        number = content = None
        if is_built_in(event.source) and is_built_in(event.id):
            number = numbers.setdefault((event.source, event.id), len(numbers))
            content = contents.setdefault(content_key(event), len(contents))
        one = engine.price(Arrival(seq, event, number, content))
        answer = one.evaluation
        if answer is None or one.outcome not in (Outcome.COUNTED, Outcome.LIMITED):
            found.append(Answer(one.outcome, "", 0, 0, {}))
        else:
            lines = {line.interaction: (line.units, line.price) for line in answer.lines}
            found.append(Answer(one.outcome, answer.interaction, answer.units, answer.price, lines))
    return found


def prepared(folder: Path, sides: Sequence[Side]) -> Prepared:
    """The shipped events, prepared for some sides."""
    columns = columns_of(one.ruleset for side in sides for one in side.rules)
    return prepare([str(EVENTS)], folder, columns, on_error="skip", settings=SETTINGS).prepared


def compared(
    folder: Path, sides: Sequence[Side], engine: EngineName = "duckdb"
) -> tuple[Comparison, list[tuple[Sample, ...]]]:
    """Sides over the shipped events, compared, and the samples of each pair."""
    ready = prepared(folder / "prepared", sides)
    done = [
        priced(one, ready, folder / f"side{number}", engine=engine, order="recorded", settings=SETTINGS)
        for number, one in enumerate(sides)
    ]
    with comparing(done, ready, folder, SETTINGS) as database:
        comparison = database.compare()
        return comparison, [samples(database, pair.before, "recorded") for pair in comparison.pairs]
