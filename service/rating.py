"""(event, version, counters) -> evaluation: the one way to a price, for recorded events and dry runs alike."""

from collections.abc import Callable

from dsl import interpreter
from dsl.evaluation import Counters, Evaluation, Refusal, Violation
from dsl.event import Event
from dsl.zones import DAY, EARLIEST, LATEST
from service.errors import EventRefused, ServiceError
from service.ledger.interface import Entry, Rate, Rated
from service.registry import Version, Versions

_TOO_EARLY = Violation("time", "time-in-future", "the event's time is more than 24 hours ahead of its arrival")


def rater(versions: Versions, number: int = 0, explain: bool = False, clock: Callable[[], int] | None = None) -> Rate:
    """How events of a ruleset are rated: by the version in force at their own time, or by version `number`.

    `clock` gives the instant of arrival; without it (events of a file) a time ahead of it is not asked for.
    An explained evaluation is the interpreter's own; others are the compiled version's, which is proven to be the same.
    Raises UnknownVersion.
    """
    fixed = versions.number(number) if number else None

    def rate(event: Event, counters: Counters) -> Rated | ServiceError:
        time = event.time
        version = fixed
        if version is None:
            # An event without a usable time is refused whatever the version: the latest one names what is wrong.
            usable = type(time) is int and EARLIEST <= time <= LATEST
            version = versions.in_force(time) if usable else versions.latest
            if version is None:
                return versions.not_in_force()
        ruleset = version.ruleset
        result = (
            interpreter.evaluate(ruleset, event, counters, explain=True)
            if explain
            else version.compiled.evaluate(event, counters)
        )
        ahead = clock is not None and type(time) is int and time > clock() + DAY
        if isinstance(result, Refusal):
            return EventRefused((*result.violations, _TOO_EARLY) if ahead else result.violations)
        if ahead:
            return EventRefused((_TOO_EARLY,))
        return Rated(ruleset.version, ruleset.currency, result)

    return rate


def explain_again(entry: Entry, version: Version) -> Evaluation:
    """The explanation of a recorded evaluation, from the totals that were kept with it."""
    before = {change.key: change.before for change in entry.rated.evaluation.changes}
    explained = interpreter.evaluate(version.ruleset, entry.event, before, explain=True)
    assert isinstance(explained, Evaluation), "a recorded event was accepted"
    return explained
