"""(event, version, counters) -> evaluation: the one way to a price, for recorded events and dry runs alike."""

from collections.abc import Callable

from dsl import interpreter, voiding
from dsl.evaluation import Change, Counters, Evaluation, Line, Refusal, Violation
from dsl.event import Event
from dsl.zones import DAY, EARLIEST, LATEST
from service.errors import EventRefused, ServiceError
from service.ledger.interface import Entry, Rate, Rated, Reprice, VoidCounters
from service.registry import Registry, Version, Versions

_TOO_EARLY = Violation("time", "time-in-future", "the event's time is more than 24 hours ahead of its arrival")


def rater(versions: Versions, number: int = 0, explain: bool = False, clock: Callable[[], int] | None = None) -> Rate:
    """How events of a ruleset are rated: by the version in force at their own time, or by version `number`.

    `clock` gives the instant of arrival; without it (events of a file) a time ahead of it is not asked for.
    An explained evaluation is the interpreter's own; others are the compiled version's, which is proven to be the same.
    Raises UnknownVersion.
    """
    fixed = bool(number)
    # An event without a usable time is refused whatever the version: the latest one names what is wrong.
    only = versions.number(number) if fixed else versions.latest
    # Events come in order of their time, mostly: the version of the one before is looked at first.
    start, end, version = versions.around(EARLIEST)
    # So is its function: a cached property takes as long to read as a small dict.
    last: tuple[Version, Callable[[Event, Counters], Evaluation | Refusal]] | None = None
    # Clocks go forward: a time that was not too far ahead at an earlier event's arrival is not at a later one's.
    horizon = EARLIEST

    def rate(event: Event, counters: Counters) -> Rated | ServiceError:
        nonlocal start, end, version, last, horizon
        time = event.time
        rates = only
        # A time between two versions is within what timestamps may name: it needs no second comparison.
        if not fixed and type(time) is int:
            if start <= time < end:
                found = version
            elif EARLIEST <= time <= LATEST:
                start, end, version = versions.around(time)
                found = version
            else:
                found = only
            if found is None:
                return versions.not_in_force()
            rates = found
        if explain:
            result = interpreter.evaluate(rates.ruleset, event, counters, explain=True)
        else:
            known = last
            if known is None or known[0] is not rates:
                last = known = (rates, rates.compiled.evaluate)
            result = known[1](event, counters)
        ahead = False
        if clock is not None and type(time) is int and time > horizon:
            horizon = clock() + DAY
            ahead = time > horizon
        if isinstance(result, Refusal):
            return EventRefused((*result.violations, _TOO_EARLY) if ahead else result.violations)
        return EventRefused((_TOO_EARLY,)) if ahead else (rates.ruleset, result)

    return rate


def explain_again(entry: Entry, version: Version) -> Evaluation:
    """The explanation of a recorded evaluation, from the totals that were kept with it."""
    before = {change.key: change.before for change in entry.evaluation.changes}
    explained = interpreter.evaluate(version.ruleset, entry.event, before, explain=True)
    assert isinstance(explained, Evaluation), "a recorded event was accepted"
    return explained


def repricer(registry: Callable[[], Registry]) -> Reprice:
    """What taking an entry back does, by the version that priced it; `registry` gives the rulesets when it is asked."""

    def reprice(entry: Entry, counters: VoidCounters) -> tuple[tuple[Line, ...], tuple[Change, ...]]:
        ruleset = registry().versions(entry.ruleset).number(entry.version).ruleset
        return voiding.void(ruleset, entry.evaluation, counters, lambda key: counters.priced_by(key) == entry.version)

    return reprice
