"""The one table of errors: which gRPC status, with which details, each reason travels as."""

import logging
from uuid import uuid4

from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from dsl.evaluation import Violation
from service import errors
from service.rpc.draining import Stopping

DOMAIN = "vpi"
RETRY_AFTER_MILLISECONDS = 200

logger = logging.getLogger(__name__)

_CODES: dict[type[errors.ServiceError], code_pb2.Code] = {
    errors.EventRefused: code_pb2.INVALID_ARGUMENT,
    errors.InvalidRequest: code_pb2.INVALID_ARGUMENT,
    errors.UnknownRuleset: code_pb2.NOT_FOUND,
    errors.UnknownVersion: code_pb2.NOT_FOUND,
    errors.NoVersionInForce: code_pb2.FAILED_PRECONDITION,
    errors.VersionNeedsDryRun: code_pb2.FAILED_PRECONDITION,
    errors.IdTaken: code_pb2.ALREADY_EXISTS,
    errors.NotRecorded: code_pb2.NOT_FOUND,
    errors.VersionTaken: code_pb2.ALREADY_EXISTS,
    errors.RulesRefused: code_pb2.INVALID_ARGUMENT,
    errors.QueueFull: code_pb2.RESOURCE_EXHAUSTED,
    errors.LedgerUnavailable: code_pb2.UNAVAILABLE,
    errors.LedgerDamaged: code_pb2.DATA_LOSS,
    Stopping: code_pb2.UNAVAILABLE,
}


class Refusal(Exception):
    """A request that ends with a status and no response."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(status.message)
        self.status = status


def status_of(error: errors.ServiceError) -> status_pb2.Status:
    """The rich status of an error: code, sentence and details."""
    status = status_pb2.Status(code=_CODES[type(error)], message=str(error))
    detail = any_pb2.Any()
    detail.Pack(_detail(error))
    status.details.append(detail)
    return status


def forget_frames(error: Exception) -> None:
    """Lets go of where an error was raised: these frames hold the request, and whoever waits for the error holds it.

    Such circles stay until garbage is looked for, which is rarely, and a request may have 32 MiB.
    """
    error.__traceback__ = error.__context__ = error.__cause__ = None


def unforeseen() -> status_pb2.Status:
    """The status of what nobody foresaw and is being handled: it goes into the log, its reference to the client."""
    reference = uuid4().hex[:12]
    logger.exception("an unforeseen error, shown to the client as reference %s", reference)
    text = f"an internal error; the server's log has it as {reference}"
    return status_pb2.Status(code=code_pb2.INTERNAL, message=text)


def _detail(
    error: errors.ServiceError,
) -> error_details_pb2.BadRequest | error_details_pb2.ErrorInfo | error_details_pb2.RetryInfo:
    match error:
        case errors.EventRefused() | errors.InvalidRequest() | errors.RulesRefused():
            return _bad_request(error.violations)
        case errors.QueueFull() | errors.LedgerUnavailable() | Stopping():
            wait = duration_pb2.Duration(nanos=RETRY_AFTER_MILLISECONDS * 1_000_000)
            return error_details_pb2.RetryInfo(retry_delay=wait)
        case errors.UnknownRuleset():
            return _info("UNKNOWN_RULESET", ruleset=error.name)
        case errors.UnknownVersion():
            return _info("UNKNOWN_VERSION", ruleset=error.name, version=str(error.version))
        case errors.NoVersionInForce():
            return _info("NO_VERSION_IN_FORCE", ruleset=error.name, first_effective=error.first)
        case errors.VersionNeedsDryRun():
            return _info("VERSION_NEEDS_DRY_RUN")
        case errors.IdTaken():
            return _info("ID_TAKEN", recorded=error.recorded, ruleset=error.ruleset, version=str(error.version))
        case errors.LedgerDamaged():
            return _info("LEDGER_DAMAGED", row=str(error.row))
        case errors.NotRecorded():
            return _info("NOT_RECORDED", ruleset=error.ruleset)
        case errors.VersionTaken():
            used = "true" if error.used else "false"
            version = str(error.version)
            return _info("VERSION_TAKEN", ruleset=error.name, version=version, published=error.published, used=used)
        case _:
            raise TypeError(f"no status for {type(error).__name__}")


def _bad_request(violations: tuple[Violation, ...]) -> error_details_pb2.BadRequest:
    details = error_details_pb2.BadRequest()
    for violation in violations:
        details.field_violations.add(
            field=violation.field, description=violation.description, reason=violation.id.upper().replace("-", "_")
        )
    return details


def _info(reason: str, **metadata: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
