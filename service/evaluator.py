"""Events in, answers out: the use of registry, rating and ledger that gRPC and the command line share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dsl.event import Event
from service.errors import ServiceError, VersionNeedsDryRun
from service.ledger.interface import Answer, Ledger, Submission
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

    def evaluate(self, ruleset: str, events: Sequence[Event], options: Options = PLAIN) -> list[Answer]:
        """One answer an event, in order.

        Raises InvalidRequest, UnknownRuleset, UnknownVersion, VersionNeedsDryRun for the whole request, and
        LedgerUnavailable with nothing recorded.
        """
        if options.version and not options.dry_run:
            raise VersionNeedsDryRun
        versions = self.registry.versions(ruleset)
        name = versions.name
        rate = self._plain[name]
        if options.version or options.explain:
            rate = rater(versions, options.version, options.explain, self._clock)
        submission = Submission(name, events, rate)
        if options.dry_run:
            return self._ledger.preview(submission)
        answers = self._ledger.record(submission)
        return [self._explained(answer) for answer in answers] if options.explain else answers

    def _explained(self, answer: Answer) -> Answer:
        """A duplicate's first answer has no steps unless it was asked for them: they are found again."""
        if isinstance(answer, ServiceError) or not answer.duplicate:
            return answer
        version = self.registry.versions(answer.ruleset).number(answer.version)
        return replace(answer, evaluation=replace(answer.evaluation, steps=explain_again(answer, version).steps))
