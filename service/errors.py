"""Why a request gets no evaluation: one exception type a reason, in one tree.

    ServiceError
    ├── EventRefused          the event does not fit its declaration
    ├── InvalidRequest        the request itself is malformed
    ├── UnknownRuleset        no such ruleset here
    ├── UnknownVersion        no such version of it
    ├── NoVersionInForce      no version is in force at the event's time
    ├── VersionNeedsDryRun    a version may be named only in a dry run
    ├── IdTaken               the id was recorded with other content
    ├── NotRecorded           nothing is recorded under the id
    ├── VersionTaken          the version is published with another meaning
    ├── RulesRefused          the rule file has errors, or an example fails
    ├── QueueFull             too much is waiting; nothing was recorded
    ├── LedgerUnavailable     the ledger can't be used just now
    └── LedgerDamaged         what the ledger holds at one place can't be read

In a batch they are answers, one an event; alone they are raised. `rpc/status.py` says how each travels.
"""

from dsl.evaluation import Violation


class ServiceError(Exception):
    """The root of the tree; its text is one sentence for the caller and shows no string's value of an event."""


class EventRefused(ServiceError):
    """The event does not fit its declaration: every violation at once. Nothing was counted, the id is not claimed."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        super().__init__(f"the event is refused: {first.field}: {first.description}{more}")
        self.violations = violations


class InvalidRequest(ServiceError):
    """The request is malformed, apart from its event: `field` names the part."""

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}")
        self.violations = (Violation(field, "invalid-request", description),)


class UnknownRuleset(ServiceError):
    """No ruleset of that name is served here."""

    def __init__(self, name: str, nearest: str | None) -> None:
        hint = f"; did you mean `{nearest}`?" if nearest else ""
        super().__init__(f"there is no ruleset `{name}`{hint}")
        self.name = name


class UnknownVersion(ServiceError):
    """The ruleset has no such version."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(f"ruleset `{name}` has no version {version}")
        self.name, self.version = name, version


class NoVersionInForce(ServiceError):
    """The event's time lies before the first version's `effective`."""

    def __init__(self, name: str, first: str) -> None:
        super().__init__(f"no version of `{name}` is in force at the event's time; the first takes effect {first}")
        self.name, self.first = name, first
        self.violations = (Violation("time", "no-version-in-force", str(self)),)


class VersionNeedsDryRun(ServiceError):
    """Which version prices a recorded event is decided by the event's time alone."""

    def __init__(self) -> None:
        super().__init__("a version may be named only with dry_run: the event's own time decides which one prices it")


class IdTaken(ServiceError):
    """The same ruleset, source and id were recorded with other content, which stays as it is."""

    def __init__(self, recorded: str, ruleset: str, version: int) -> None:
        super().__init__(
            f"this id was recorded {recorded} with other content, under {ruleset} version {version}; "
            "nothing was changed"
        )
        self.recorded, self.ruleset, self.version = recorded, ruleset, version


class NotRecorded(ServiceError):
    """No evaluation is recorded under this ruleset, source and id: there is nothing to take back."""

    def __init__(self, ruleset: str) -> None:
        super().__init__(f"no evaluation is recorded under this source and id in {ruleset}")
        self.ruleset = ruleset


class VersionTaken(ServiceError):
    """The version is published with another meaning; a published version never changes."""

    def __init__(self, name: str, version: int, published: str, used: bool) -> None:
        priced = " and has priced events" if used else ""
        super().__init__(
            f"version {version} of {name} was published {published}{priced}, and never changes; "
            f"give what is new the next number and its own `effective`"
        )
        self.name, self.version, self.published, self.used = name, version, published, used


class RulesRefused(ServiceError):
    """A rule file can't be published: one violation an error or failed example."""

    def __init__(self, path: str, violations: tuple[Violation, ...]) -> None:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        super().__init__(f"{path} can't be published: {first.description}{more}")
        self.violations = violations


class QueueFull(ServiceError):
    """More events wait than the service takes on; nothing was recorded, a retry is safe."""

    def __init__(self) -> None:
        super().__init__("too many events are waiting; nothing was recorded, try again shortly")


class LedgerUnavailable(ServiceError):
    """The ledger can't be used just now; a retry with the same id is safe.

    Nothing was recorded, unless `in_doubt`: then the connection broke while the store was writing, and only sending the
    event again tells; it is never counted twice.
    """

    def __init__(self, why: str, in_doubt: bool = False) -> None:
        outcome = "it may have been recorded" if in_doubt else "nothing was recorded"
        super().__init__(f"the ledger can't be used just now ({why}); {outcome}, a retry with the same id is safe")
        self.in_doubt = in_doubt


class LedgerDamaged(ServiceError):
    """What the ledger holds at one place can't be read: it was changed by something else than the service."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} of the ledger is damaged and can't be read; `vpi ledger verify` says more")
        self.row = row
