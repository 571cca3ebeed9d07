"""Some events that two sides price differently, each with its why on both: priced again by the interpreter.

An event is explained from the counters as they stood: all its customer's events before it are priced first. So that
this stays quick, events of customers with few events are taken, where a kind of difference has them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from dsl.evaluation import Counters, Step
from dsl.event import Event
from dsl.to_sql import DuckDb, Order, Outcome
from service.errors import EventRefused, ServiceError
from service.ledger.interface import Rated
from service.rating import rater
from service.replay.comparison import Comparing, differences, kinds_of
from service.replay.prepared import Prepared
from service.replay.python import Arrival, Engine, Reckoned
from service.replay.reckoning import arrival_of, arrivals_query, fetched, ordered, parquet_at
from service.replay.rows import Rows
from service.replay.sides import Side

MOST_SAMPLES = 30
_OF_EACH = 5
MOST_PRICED = 200_000
"""Events that are priced again at most, so that some can be explained."""
_TOLD = {
    Outcome.DUPLICATE: "the same event came before: it is answered as it was then, and costs nothing more",
    Outcome.CONFLICT: "refused: an earlier event with other content has its id",
    Outcome.VOIDED: "taken back; it had cost nothing",
}


@dataclass(frozen=True)
class Why:
    """What one side makes of a sample, and why. `lines` are interaction, units and price of all that counted; `steps`
    is empty where no step can tell more, as of an event that came before."""

    outcome: Outcome
    version: int
    interaction: str
    units: int
    price: int
    lines: tuple[tuple[str, int, int], ...]
    reason: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Sample:
    """An event that differs, in which kinds, and what the two sides say; their order is before, after."""

    seq: int
    event: Event
    kinds: tuple[str, ...]
    whys: tuple[Why, Why]


@dataclass(frozen=True, slots=True)
class _Chosen:
    seq: int
    subject: str | None
    kinds: int


def samples(comparing: Comparing, before: int, order: Order) -> tuple[Sample, ...]:
    """Up to `MOST_SAMPLES` events in which the first side differs from another, the kinds of difference in turn."""
    candidates = _candidates(comparing, before)
    chosen = list(_within_reach(candidates))
    found = _explained_all(comparing, {one.seq: one.subject for one in chosen}, (before, 0), order)
    result = []
    for one in chosen:
        event, (first, second) = found[one.seq]
        result.append(Sample(one.seq, event, tuple(kinds_of(one.kinds)), (first, second)))
    return tuple(result)


def explained(comparing: Comparing, wanted: Sequence[int], order: Order) -> dict[int, tuple[Event, Why]]:
    """Events by sequence, and what the first side makes of each; those of the largest customers may be missing."""
    if not wanted:
        return {}
    _count_sizes(comparing)
    some = f"seq IN ({', '.join(map(str, wanted))})"
    sized = {
        seq: (int(size), _Chosen(seq, subject, 0))
        for seq, subject, size in comparing.database.execute(
            "SELECT seq, e.subject, size FROM events AS e "
            f"JOIN sizes AS s ON s.subject IS NOT DISTINCT FROM e.subject WHERE {some}"
        ).fetchall()
    }
    chosen = _within_reach(sized[seq] for seq in wanted)
    found = _explained_all(comparing, {one.seq: one.subject for one in chosen}, (0,), order)
    return {seq: (event, why) for seq, (event, (why,)) in found.items()}


def _explained_all(
    comparing: Comparing, chosen: Mapping[int, str | None], sides: Sequence[int], order: Order
) -> dict[int, tuple[Event, tuple[Why, ...]]]:
    """Events of customers, by sequence, and what each of some sides makes of them."""
    whys: dict[int, list[Why]] = {}
    events: dict[int, Event] = {}
    by_customer = sorted(chosen.items(), key=lambda one: one[1] or "")
    for subject, group in groupby(by_customer, key=lambda one: one[1]):
        wanted = {seq for seq, _ in group}
        arrivals = list(_arrivals(comparing, subject, wanted, order))
        events |= {arrival.seq: arrival.event for arrival in arrivals if arrival.seq in wanted}
        for place in sides:
            for seq, why in _explained(comparing.sides[place], arrivals, wanted):
                whys.setdefault(seq, []).append(why)
    kept = [_kept(comparing, number, list(chosen)) for number in sides]
    return {
        seq: (events[seq], tuple(_true_to(why, said.get(seq, why)) for why, said in zip(found, kept, strict=True)))
        for seq, found in whys.items()
    }


def _candidates(comparing: Comparing, before: int) -> list[tuple[int, _Chosen]]:
    """Events that differ, the groups by kinds and interactions in turn, each with its customer's number of events."""
    _count_sizes(comparing)
    a, b = (
        f"(SELECT seq, outcome, id FROM s{n}.evaluations SEMI JOIN {differences(before)} USING (seq) "
        f"LEFT JOIN lines{n} USING (line))"
        for n in (before, 0)
    )
    query = (
        "SELECT kinds, min({'size': size, 'seq': d.seq, 'subject': e.subject}, " + f"{_OF_EACH}) AS chosen, count(*) "
        f"FROM {differences(before)} AS d JOIN {a} AS a USING (seq) JOIN {b} AS b USING (seq) "
        "JOIN events AS e USING (seq) JOIN sizes AS s ON s.subject IS NOT DISTINCT FROM e.subject "
        "GROUP BY kinds, a.id, b.id, a.outcome, b.outcome ORDER BY 3 DESC, kinds, a.id, b.id"
    )
    groups: list[list[tuple[int, _Chosen]]] = [
        [(one["size"], _Chosen(one["seq"], one["subject"], kinds)) for one in found]
        for kinds, found, _ in comparing.database.execute(query).fetchall()
    ]
    return [group[turn] for turn in range(_OF_EACH) for group in groups if turn < len(group)]


def _count_sizes(comparing: Comparing) -> None:
    comparing.database.execute(
        "CREATE TABLE IF NOT EXISTS sizes AS SELECT subject, count(*) AS size FROM events GROUP BY subject"
    )


def _within_reach(candidates: Iterable[tuple[int, _Chosen]]) -> Iterator[_Chosen]:
    """Candidates until there are enough, or until too many events would have to be priced for them."""
    left, count = MOST_PRICED, 0
    priced: set[str | None] = set()
    for size, one in candidates:
        if one.subject not in priced:
            if size > left:
                continue
            left -= size
            priced.add(one.subject)
        count += 1
        yield one
        if count == MOST_SAMPLES:
            return


def _arrivals(comparing: Comparing, subject: str | None, wanted: set[int], order: Order) -> Iterator[Arrival]:
    """A customer's events, and others with the same ids, up to the last that is wanted."""
    prepared: Prepared = comparing.prepared
    query = arrivals_query(prepared)
    places = f"seq IN ({', '.join(map(str, wanted))})"
    mine = places if subject is None else f"subject = {DuckDb().string(subject)}"
    if prepared.repeats:
        ids = f"SELECT id_number FROM {parquet_at(prepared.repeated)} JOIN events USING (seq) WHERE {mine}"
        mine = f"({mine} OR id_number IN ({ids}))"
    rows = Rows(prepared.columns)
    left = set(wanted)
    found = comparing.database.execute(ordered(f"SELECT * FROM ({query}) WHERE {mine}", order))
    for row in fetched(found):
        yield arrival_of(rows, row)
        left.discard(row[0])
        if not left:
            return


def _explained(side: Side, arrivals: Sequence[Arrival], wanted: set[int]) -> Iterator[tuple[int, Why]]:
    plain, explaining = (rater(side.versions, side.version, explain) for explain in (False, True))
    now = False

    def rate(event: Event, counters: Counters) -> Rated | ServiceError:
        return (explaining if now else plain)(event, counters)

    engine = Engine(rate, voids=any(arrival.voids is not None for arrival in arrivals))
    for arrival in arrivals:
        now = arrival.seq in wanted
        reckoned = engine.price(arrival)
        if now:
            yield arrival.seq, _why(reckoned)


def _why(reckoned: Reckoned) -> Why:
    answer = reckoned.evaluation
    if answer is None:
        return Why(reckoned.outcome, 0, "", 0, 0, (), _sentence(reckoned))
    lines = tuple((line.interaction, line.units, line.price) for line in answer.lines)
    return Why(
        reckoned.outcome,
        reckoned.version,
        answer.interaction,
        answer.units,
        answer.price,
        lines,
        answer.reason,
        answer.steps,
    )


def _sentence(reckoned: Reckoned) -> str:
    if isinstance(reckoned.error, EventRefused):
        return "refused: " + "; ".join(f"{v.field}: {v.description}" for v in reckoned.error.violations)
    return str(reckoned.error) if reckoned.error else _TOLD[reckoned.outcome]


def _kept(comparing: Comparing, number: int, chosen: Sequence[int]) -> Mapping[int, Why]:
    """What the run says of the chosen events, without a reason."""
    if not chosen:
        return {}
    some = f"seq IN ({', '.join(map(str, chosen))})"
    lines: dict[int, list[tuple[str, int, int]]] = {}
    for seq, *line in comparing.database.execute(
        f"SELECT seq, interaction, units, price FROM s{number}.counted JOIN s{number}.matches USING (line) "
        f"WHERE {some} ORDER BY seq, line"
    ).fetchall():
        lines.setdefault(seq, []).append((line[0], int(line[1]), int(line[2])))
    return {
        seq: Why(Outcome(outcome), version or 0, name or "", int(units), int(price), tuple(lines.get(seq, ())), "")
        for seq, outcome, version, name, units, price in comparing.database.execute(
            f"SELECT seq, outcome, version, interaction, units, price FROM s{number}.evaluations "
            f"LEFT JOIN s{number}.matches USING (line) WHERE {some}"
        ).fetchall()
    }


def _true_to(why: Why, kept: Why) -> Why:
    """The explanation if it explains what the run says; else what the run says, and that it can't be explained."""
    if (why.outcome, why.interaction, why.units, why.price) == (
        kept.outcome,
        kept.interaction,
        kept.units,
        kept.price,
    ):
        return why
    return replace(
        kept, reason=f"so it was recorded; this customer's recorded events, priced by the published rules: {why.reason}"
    )
