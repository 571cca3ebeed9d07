"""Answers as plain data: the shape that `--json` prints, with exactly the proto's field names."""

from typing import Any

from dsl.evaluation import Line, Step
from dsl.numbers import format_money, format_units
from service.errors import EventRefused, InvalidRequest, ServiceError
from service.ledger.interface import Entry


def as_data(entry: Entry) -> dict[str, Any]:
    """An evaluation with all its fields; `steps` only where there are any."""
    evaluation = entry.evaluation
    data: dict[str, Any] = {
        "source": entry.event.source,
        "event_id": entry.event.id,
        "outcome": f"OUTCOME_{evaluation.outcome}",
        "interaction": evaluation.interaction,
        "units": format_units(evaluation.units),
        "price": format_money(evaluation.price),
        "currency": entry.currency,
        "lines": [_line(line) for line in evaluation.lines],
        "ruleset": entry.ruleset,
        "version": entry.version,
        "duplicate": entry.duplicate,
        "reason": evaluation.reason,
        "warnings": list(evaluation.warnings),
    }
    if evaluation.steps:
        data["steps"] = [_step(step) for step in evaluation.steps]
    return data


def error_as_data(error: ServiceError, source: object, event_id: object) -> dict[str, Any]:
    """An event's error: which event, a stable code, the sentence, and every violation."""
    violations = error.violations if isinstance(error, EventRefused | InvalidRequest) else ()
    return {
        "source": source if isinstance(source, str) else None,
        "event_id": event_id if isinstance(event_id, str) else None,
        "error": {
            "code": code(error),
            "message": str(error),
            "violations": [
                {"field": v.field, "reason": reason(v.id), "description": v.description} for v in violations
            ],
        },
    }


def reason(violation_id: str) -> str:
    """A violation's id as the protocol writes it, in capitals with underscores."""
    return violation_id.upper().replace("-", "_")


def code(error: ServiceError) -> str:
    """A stable name of the kind of error, such as EVENT_REFUSED."""
    name = type(error).__name__
    return "".join("_" + c if c.isupper() else c for c in name).lstrip("_").upper()


def _line(line: Line) -> dict[str, str]:
    return {
        "interaction": line.interaction,
        "units": format_units(line.units),
        "noun": line.noun,
        "price": format_money(line.price),
    }


def _step(step: Step) -> dict[str, Any]:
    data: dict[str, Any] = {"text": step.text}
    if step.verdict is not None:
        data["verdict"] = "VERDICT_HOLDS" if step.verdict else "VERDICT_FAILS"
    if step.steps:
        data["steps"] = [_step(inner) for inner in step.steps]
    return data
