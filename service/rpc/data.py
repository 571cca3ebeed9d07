"""The service's messages as plain data, in the shape of `service/answers.py`."""

from collections.abc import Iterable
from typing import Any

from google.rpc import code_pb2, error_details_pb2, status_pb2

from vpi.v1 import evaluation_pb2 as pb


def evaluation_as_data(message: pb.Evaluation) -> dict[str, Any]:
    """An evaluation with all its fields; `steps` only where there are any."""
    data: dict[str, Any] = {
        "source": message.source,
        "event_id": message.event_id,
        "outcome": pb.Outcome.Name(message.outcome),
        "interaction": message.interaction,
        "units": message.units,
        "price": message.price,
        "currency": message.currency,
        "lines": [
            {"interaction": line.interaction, "units": line.units, "noun": line.noun, "price": line.price}
            for line in message.lines
        ],
        "ruleset": message.ruleset,
        "version": message.version,
        "duplicate": message.duplicate,
        "reason": message.reason,
        "warnings": list(message.warnings),
    }
    if message.steps:
        data["steps"] = _steps(message.steps)
    return data


def _steps(steps: Iterable[pb.Step]) -> list[dict[str, Any]]:
    found = []
    for step in steps:
        data: dict[str, Any] = {"text": step.text}
        if step.verdict != pb.VERDICT_UNSPECIFIED:
            data["verdict"] = pb.Verdict.Name(step.verdict)
        if step.steps:
            data["steps"] = _steps(step.steps)
        found.append(data)
    return found


def status_as_data(status: status_pb2.Status, source: object, event_id: object) -> dict[str, Any]:
    """An event's error in the shape of `answers.error_as_data`."""
    violations: list[dict[str, str]] = []
    reason = code_pb2.Code.Name(status.code)
    for detail in status.details:
        bad_request = error_details_pb2.BadRequest()
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(bad_request):
            reason = "EVENT_REFUSED"
            violations = [
                {"field": v.field, "reason": v.reason, "description": v.description}
                for v in bad_request.field_violations
            ]
        elif detail.Unpack(info):
            reason = info.reason
    return {
        "source": source if isinstance(source, str) else None,
        "event_id": event_id if isinstance(event_id, str) else None,
        "error": {"code": reason, "message": status.message, "violations": violations},
    }
