"""The one table of errors: which gRPC status, with which details, each reason travels as."""

from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import StatusCode

from dsl.evaluation import Violation
from service import errors
from service.rpc.draining import Stopping

DOMAIN = "vpi"
RETRY_AFTER_MILLISECONDS = 200

_CODES: dict[type[errors.ServiceError], StatusCode] = {
    errors.EventRefused: StatusCode.INVALID_ARGUMENT,
    errors.InvalidRequest: StatusCode.INVALID_ARGUMENT,
    errors.UnknownRuleset: StatusCode.NOT_FOUND,
    errors.UnknownVersion: StatusCode.NOT_FOUND,
    errors.NoVersionInForce: StatusCode.FAILED_PRECONDITION,
    errors.VersionNeedsDryRun: StatusCode.FAILED_PRECONDITION,
    errors.IdTaken: StatusCode.ALREADY_EXISTS,
    errors.NotRecorded: StatusCode.NOT_FOUND,
    errors.VersionTaken: StatusCode.ALREADY_EXISTS,
    errors.RulesRefused: StatusCode.INVALID_ARGUMENT,
    errors.QueueFull: StatusCode.RESOURCE_EXHAUSTED,
    errors.LedgerUnavailable: StatusCode.UNAVAILABLE,
    errors.LedgerDamaged: StatusCode.DATA_LOSS,
    Stopping: StatusCode.UNAVAILABLE,
}


def code_of(error: errors.ServiceError) -> StatusCode:
    """The gRPC code of an error."""
    return _CODES[type(error)]


def status_of(error: errors.ServiceError) -> status_pb2.Status:
    """The rich status of an error: code, sentence and details."""
    status = status_pb2.Status(code=_number(code_of(error)), message=str(error))
    detail = any_pb2.Any()
    detail.Pack(_detail(error))
    status.details.append(detail)
    return status


def _number(code: StatusCode) -> int:
    return int(code_pb2.Code.Value(code.name))


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
