"""Events in, answers out: the use of registry, rating and ledger that gRPC and the command line share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dsl.event import Event
from service.errors import ServiceError, VersionNeedsDryRun
from service.ledger.interface import Answer, Entry, Ledger, Rate, Rated, Submission
from service.rating import explain_again, rater
from service.registry import Registry


@dataclass(frozen=True, slots=True)
class Options:
    """How a request wants its events evaluated; `version` 0 is the one in force at each event's time."""

    version: int = 0
    dry_run: bool = False
    explain: bool = False


PLAIN = Options()


class Evaluator:
    """Rates events and records them.

    `clock` gives now as an instant; None for events of a file, whose times may lie ahead.
    """

    def __init__(self, registry: Registry, ledger: Ledger, clock: Callable[[], int] | None) -> None:
        self.registry = registry
        self._ledger = ledger
        self._clock = clock
        # The raters of plain requests, made once: a request must not pay for making one.
        self._plain = {name: rater(registry.versions(name), clock=clock) for name in registry.names()}

    def evaluate(self, ruleset: str, events: Sequence[Event], options: Options = PLAIN) -> list[Answer | ServiceError]:
        """One answer an event, in order.

        Raises InvalidRequest, UnknownRuleset, UnknownVersion, VersionNeedsDryRun for the whole request, and
        LedgerUnavailable with nothing recorded.
        """
        if options.version and not options.dry_run:
            raise VersionNeedsDryRun
        versions = self.registry.versions(ruleset)
        name = versions.name
        rate: Rate
        if options.version or options.explain:
            rate = rater(versions, options.version, options.explain, self._clock)
        else:
            rate = self._plain[name]
        submissions = [Submission(name, event, rate) for event in events]
        if options.dry_run:
            return self._ledger.preview(submissions)
        answers = self._ledger.record(submissions)
        return [self._explained(answer) for answer in answers] if options.explain else answers

    def _explained(self, answer: Answer | ServiceError) -> Answer | ServiceError:
        if isinstance(answer, ServiceError) or not answer.duplicate:
            return answer
        entry: Entry = answer.entry
        version = self.registry.versions(entry.ruleset).number(entry.rated.version)
        steps = explain_again(entry, version).steps
        rated = Rated(entry.rated.version, entry.rated.currency, replace(entry.rated.evaluation, steps=steps))
        return Answer(replace(entry, rated=rated), True)
