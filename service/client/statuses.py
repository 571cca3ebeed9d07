"""gRPC's errors and the interface's rich statuses, read into failures."""

from typing import cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from service.client.failures import Failure, FieldViolation


def failure_of(error: grpc.RpcError) -> Failure:
    """What a call that raised, on either kind of channel, failed with."""
    call = cast(grpc.Call, error)
    try:
        rich = rpc_status.from_call(call)
    except (ValueError, DecodeError):
        rich = None  # something between here and the server changed one half of the status
    if rich is not None:
        return failure_of_status(rich)
    return Failure(call.code().name, call.details() or "")


def failure_of_status(status: status_pb2.Status) -> Failure:
    """A status with its details; for the `error` of a batch's result, too."""
    violations: tuple[FieldViolation, ...] = ()
    info = error_details_pb2.ErrorInfo()
    retry_after = None
    for detail in status.details:
        bad_request, retry_info = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(bad_request):
            violations = tuple(
                FieldViolation(one.field, one.reason, one.description) for one in bad_request.field_violations
            )
        elif detail.Unpack(retry_info):
            retry_after = max(0.0, retry_info.retry_delay.ToTimedelta().total_seconds())
        else:
            detail.Unpack(info)
    try:
        code = code_pb2.Code.Name(status.code)
    except ValueError:
        code = grpc.StatusCode.UNKNOWN.name  # a number that gRPC has no name for
    return Failure(code, status.message, violations, info.reason, dict(info.metadata), retry_after)
