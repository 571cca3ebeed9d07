"""What is recorded, in a ledger itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dsl.diagnostics import as_data as diagnostic_as_data
from dsl.diagnostics import nearest
from dsl.event import Event
from service.answers import record_as_data, refused_as_data, usage_as_data, version_as_data, void_as_data
from service.cli.ledgers import ledger_at
from service.cli.options import FINDINGS, UNREADABLE, sentence
from service.cli.targets import Data, Failed
from service.errors import LedgerUnavailable, RulesRefused, ServiceError, UnknownRuleset, VersionTaken
from service.evaluator import Evaluator
from service.ledger.interface import Ledger, Query, Void
from service.publishing import OutdatedRules, publish_text, registry_from
from service.registry import Registry
from service.times import now
from service.usage import usage_of

PAGE = 1000


@contextmanager
def opened(place: str, make: bool) -> Iterator["InLedger"]:
    """The ledger at a place as a target; errors are raised as Failed."""
    with ledger_at(place, make) as ledger:
        try:
            yield InLedger(ledger)
        except LedgerUnavailable:
            raise  # where it is opened is where a place is shown without its password
        except RulesRefused as error:
            sentences = [f"{v.field}: {v.description}" for v in error.violations]
            raise Failed(sentences, FINDINGS) from None
        except ServiceError as error:
            raise Failed([sentence(error)], FINDINGS if isinstance(error, VersionTaken) else UNREADABLE) from None
        except OutdatedRules as error:
            raise Failed([str(error)]) from None


class InLedger:
    """A ledger as a target; see `Target`. Its errors come as they are: `opened` turns them into Failed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def usage(self, ruleset: str, subject: str, period: str) -> Data:
        """See `Target.usage`."""
        versions = self._registry().versions(ruleset)
        return usage_as_data(usage_of(self._ledger, versions, subject, period, now()))

    def evaluations(self, query: Query) -> Iterator[tuple[Event, Data]]:
        """See `Target.evaluations`."""
        self._must_know(query.ruleset)
        token = ""
        while True:
            records, token = self._ledger.find(query, PAGE, token)
            for record in records:
                entry = record.row.entry if isinstance(record.row, Void) else record.row
                yield entry.event, record_as_data(record)
            if not token:
                return

    def refused(self, ruleset: str) -> Iterator[tuple[Event, Data]]:
        """See `Target.refused`."""
        self._must_know(ruleset)
        last = 0
        while page := self._ledger.refused(ruleset, PAGE, last):
            last = page[-1].sequence
            for one in page:
                yield one.event, refused_as_data(one)

    def void(self, ruleset: str, source: str, event_id: str, reason: str) -> Data:
        """See `Target.void`."""
        return void_as_data(Evaluator(self._registry(), self._ledger, now).void(ruleset, source, event_id, reason))

    def publish(self, path: str, text: str) -> Data:
        """See `Target.publish`."""
        published, already, warnings = publish_text(self._ledger, path, text, now)
        version = registry_from([published]).versions(published.ruleset).number(published.version)
        found: list[dict[str, Any]] = [diagnostic_as_data(diagnostic, source) for diagnostic, source in warnings]
        return {"version": version_as_data(version), "already_published": already, "warnings": found}

    def _registry(self) -> Registry:
        return registry_from(self._ledger.published())

    def _must_know(self, ruleset: str) -> None:
        names = {one.ruleset for one in self._ledger.published()}
        if ruleset and ruleset not in names:
            raise UnknownRuleset(ruleset, nearest(ruleset, sorted(names)))
