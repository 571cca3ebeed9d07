"""Events in, answers out: the use of registry, rating and ledger that gRPC and the command line share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dsl.event import Event
from service.errors import ServiceError, VersionNeedsDryRun
from service.ledger.interface import Answer, Ledger, Rate, Submission, Void
from service.rating import explain_again, rater, repricer
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
        self.ledger = ledger
        self._clock = clock
        self.adopt(registry)

    @property
    def registry(self) -> Registry:
        """The rulesets that are served now."""
        return self._registry

    def adopt(self, registry: Registry) -> None:
        """Serves other rulesets from now on."""
        self._registry = registry
        # The raters of plain requests, made once: a request must not pay for making one. A rater is for one thread,
        # here the one that records; every dry run makes its own.
        self._plain = {name: rater(registry.versions(name), clock=self._clock) for name in registry.names()}

    def evaluate(self, ruleset: str, events: Sequence[Event], options: Options = PLAIN) -> list[Answer]:
        """One answer an event, in order.

        Raises InvalidRequest, UnknownRuleset, UnknownVersion, VersionNeedsDryRun for the whole request, and
        LedgerUnavailable with nothing recorded.
        """
        submission = self.submission(ruleset, events, options)
        if options.dry_run:
            return self.ledger.preview(submission)
        return self.finished(self.ledger.record((submission,))[0], options)

    def submission(self, ruleset: str, events: Sequence[Event], options: Options = PLAIN) -> Submission:
        """The events with how they are rated, to be recorded or previewed; raises as `evaluate` for the request."""
        if options.version and not options.dry_run:
            raise VersionNeedsDryRun
        name = self._registry.versions(ruleset).name
        if options is PLAIN:
            return Submission(name, events, lambda: self._plain[name])
        if options.version:
            self._registry.versions(name).number(options.version)

        def special() -> Rate:
            return rater(self._registry.versions(name), options.version, options.explain, self._clock)

        return Submission(name, events, special)

    def finished(self, answers: list[Answer], options: Options) -> list[Answer]:
        """What was recorded, with the steps that were asked for."""
        return [self._explained(answer) for answer in answers] if options.explain else answers

    def void(self, ruleset: str, source: str, event_id: str, reason: str) -> Void:
        """Takes a recorded evaluation back; raises UnknownRuleset, NotRecorded and as the ledger does."""
        versions = self._registry.versions(ruleset)
        return self.ledger.void(versions.name, source, event_id, reason, repricer(lambda: self._registry))

    def _explained(self, answer: Answer) -> Answer:
        """A duplicate's first answer has no steps unless it was asked for them: they are found again."""
        if isinstance(answer, ServiceError) or not answer.duplicate:
            return answer
        version = self._registry.versions(answer.ruleset).number(answer.version)
        return replace(answer, evaluation=replace(answer.evaluation, steps=explain_again(answer, version).steps))
