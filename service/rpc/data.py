"""The service's messages as plain data, in the shape of `service/answers.py`."""

from collections.abc import Iterable
from typing import Any

from google.protobuf import timestamp_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from service.answers import event_as_data
from service.rpc.convert import event_of, instant_of
from service.times import as_text
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import rules_pb2, usage_pb2


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
    return {
        "source": source if isinstance(source, str) else None,
        "event_id": event_id if isinstance(event_id, str) else None,
        "error": reason_as_data(status),
    }


def reason_as_data(status: status_pb2.Status) -> dict[str, Any]:
    """A status in the shape of `answers.reason_as_data`; one that is OK has that as its code."""
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
    return {"code": reason, "message": status.message, "violations": violations}


# ── what a ledger holds ─────────────────────────────────────────────────────


def entry_as_data(message: usage_pb2.LedgerEntry) -> dict[str, Any]:
    """A row of the ledger: an evaluation as it was answered, or a void."""
    return {
        "sequence": message.sequence,
        "record_time": _time(message.record_time),
        "event": event_as_data(event_of(message.event)),
        "evaluation": evaluation_as_data(message.evaluation),
        "is_void": message.is_void,
        "is_voided": message.is_voided,
        "content_sha256": message.content_sha256,
        "chain_position": message.chain_position,
        "chain_sha256": message.chain_sha256,
    }


def entries_as_data(message: usage_pb2.ListEvaluationsResponse) -> dict[str, Any]:
    """A page of the ledger."""
    return {
        "entries": [entry_as_data(entry) for entry in message.entries],
        "next_page_token": message.next_page_token,
    }


def void_as_data(message: usage_pb2.VoidEvaluationResponse) -> dict[str, Any]:
    """What a void came to, and when."""
    return {"evaluation": evaluation_as_data(message.evaluation), "record_time": _time(message.record_time)}


def refused_as_data(message: usage_pb2.RefusedEvent) -> dict[str, Any]:
    """An event that was kept and not recorded as an entry."""
    return {
        "record_time": _time(message.record_time),
        "ruleset": message.ruleset,
        "event": event_as_data(event_of(message.event)),
        "reason": reason_as_data(message.reason),
    }


def usage_as_data(message: usage_pb2.GetUsageResponse) -> dict[str, Any]:
    """What a customer used in a period, by interaction."""
    return {
        "ruleset": message.ruleset,
        "subject": message.subject,
        "period": message.period,
        "start_time": _time(message.start_time),
        "end_time": _time(message.end_time),
        "timezone": message.timezone,
        "currency": message.currency,
        "interactions": [
            {
                "interaction": used.interaction,
                "events": used.events,
                "units": used.units,
                "noun": used.noun,
                "price": used.price,
            }
            for used in message.interactions
        ],
        "price": message.price,
    }


def version_as_data(message: rules_pb2.VersionInfo) -> dict[str, Any]:
    """What identifies a version, and since when it is in force."""
    return {
        "ruleset": message.ruleset,
        "version": message.version,
        "effective_time": _time(message.effective_time),
        "currency": message.currency,
        "timezone": message.timezone,
        "sha256": message.sha256,
    }


def publication_as_data(message: rules_pb2.PublishVersionResponse) -> dict[str, Any]:
    """What is published now; its warnings in the shape of `dsl.diagnostics.as_data`."""
    return {
        "version": version_as_data(message.version),
        "already_published": message.already_published,
        "warnings": [_diagnostic(warning) for warning in message.warnings],
    }


def _diagnostic(message: rules_pb2.Diagnostic) -> dict[str, Any]:
    return {
        "id": message.id,
        "severity": "error" if message.severity == rules_pb2.SEVERITY_ERROR else "warning",
        "path": message.path,
        "line": message.line,
        "column": message.column,
        "end_line": message.end_line,
        "end_column": message.end_column,
        "message": message.message,
        "help": message.help or None,
    }


def _time(message: timestamp_pb2.Timestamp) -> str:
    return as_text(instant_of(message))
