"""Answers as plain data: the shape that `--json` prints, with exactly the proto's field names."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from dsl.evaluation import Line, Step, Violation
from dsl.event import Event, Instant, Other
from dsl.numbers import LONGEST_NUMBER, format_money, format_units
from service.cloudevents import MalformedEvent, json_value
from service.errors import EventRefused, InvalidRequest, NoVersionInForce, RulesRefused, ServiceError
from service.ledger.interface import Entry, Record, Refused, Void
from service.registry import Version
from service.times import as_text
from service.usage import Usage


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
    return {
        "source": source if isinstance(source, str) else None,
        "event_id": event_id if isinstance(event_id, str) else None,
        "error": reason_as_data(error),
    }


def reason_as_data(error: ServiceError) -> dict[str, Any]:
    """An error: a stable code, the sentence, and every violation."""
    violations = error.violations if isinstance(error, EventRefused | InvalidRequest | RulesRefused) else ()
    return {"code": code(error), "message": str(error), "violations": _violations(violations)}


def reason(violation_id: str) -> str:
    """A violation's id as the protocol writes it, in capitals with underscores."""
    return violation_id.upper().replace("-", "_")


def code(error: ServiceError) -> str:
    """A stable name of the kind of error, such as EVENT_REFUSED."""
    name = type(error).__name__
    return "".join("_" + c if c.isupper() else c for c in name).lstrip("_").upper()


# ── what a ledger holds ─────────────────────────────────────────────────────


def record_as_data(record: Record) -> dict[str, Any]:
    """A row of the ledger: an evaluation as it was answered, or a void."""
    row = record.row
    entry = row.entry if isinstance(row, Void) else row
    return {
        "sequence": record.sequence,
        "record_time": as_text(row.recorded),
        "event": event_as_data(entry.event),
        "evaluation": _void_as_data(row) if isinstance(row, Void) else as_data(row),
        "is_void": isinstance(row, Void),
        "is_voided": record.voided,
        "content_sha256": record.content,
        "chain_position": f"{record.writer}/{record.number}",
        "chain_sha256": record.sha256,
    }


def void_as_data(void: Void) -> dict[str, Any]:
    """What a void came to: minus the units, the price that falls away, and when."""
    return {"evaluation": _void_as_data(void), "record_time": as_text(void.recorded)}


def _void_as_data(void: Void) -> dict[str, Any]:
    evaluation = void.entry.evaluation
    return as_data(void.entry) | {
        "units": format_units(-evaluation.units),
        "price": format_money(void.price),
        "lines": [_line(line) for line in void.lines],
        "duplicate": void.duplicate,
        "reason": void.reason,
        "warnings": [],
    }


def refused_as_data(refused: Refused) -> dict[str, Any]:
    """An event that claimed no key: `reason` is its error; of an event of an unknown type the code is OK."""
    error = refusal_of(refused)
    unknown = {"code": "OK", "message": refused.reason, "violations": []}
    return {
        "record_time": as_text(refused.recorded),
        "ruleset": refused.ruleset,
        "event": event_as_data(refused.event),
        "reason": unknown if error is None else reason_as_data(error),
    }


def refusal_of(refused: Refused) -> ServiceError | None:
    """The error that a refused event was answered with; None for one of an unknown type, which is no error."""
    if not refused.violations:
        return None
    if refused.violations[0].id == "no-version-in-force":
        # What is kept of that error is its sentence, which ends in the one thing that it holds besides the ruleset.
        return NoVersionInForce(refused.ruleset, refused.reason.rpartition(" ")[2])
    return EventRefused(refused.violations)


def usage_as_data(usage: Usage) -> dict[str, Any]:
    """What a customer used in a period, by interaction."""
    return {
        "ruleset": usage.ruleset,
        "subject": usage.subject,
        "period": usage.period.text,
        "start_time": as_text(usage.period.start),
        "end_time": as_text(usage.period.end),
        "timezone": usage.timezone,
        "currency": usage.currency,
        "interactions": [
            {
                "interaction": used.interaction,
                "events": used.events,
                "units": format_units(used.units),
                "noun": used.noun,
                "price": format_money(used.price),
            }
            for used in usage.interactions
        ],
        "price": format_money(usage.price),
    }


def version_as_data(version: Version) -> dict[str, Any]:
    """What identifies a version, and since when it is in force."""
    ruleset = version.ruleset
    return {
        "ruleset": ruleset.name,
        "version": ruleset.version,
        "effective_time": as_text(ruleset.effective),
        "currency": ruleset.currency,
        "timezone": ruleset.zone,
        "sha256": version.sha256,
    }


# ── events ──────────────────────────────────────────────────────────────────


def event_as_data(event: Event) -> dict[str, Any]:
    """An event in the CloudEvents JSON shape, to be sent again; members that it lacks are left out.

    A number that JSON readers would not give back as it is stands as a decimal string.
    """
    members = {name: getattr(event, name) for name in ("id", "source", "type", "subject", "time")}
    if isinstance(event.time, int):
        members["time"] = as_text(event.time)
    data = {name: _plain(value) for name, value in members.items() if value is not None}
    return data | {"data": {path: _plain(value) for path, value in event.data.items()}}


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return _number(value)
        case Instant():
            return as_text(value.microseconds)
        case Other():
            try:
                return _plain(json_value(value.content))
            except MalformedEvent:
                return value.content
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value


def _number(value: Decimal) -> int | float | str:
    """A number as JSON's writer puts it down digit by digit; as text where it would not."""
    if not value.is_finite() or abs(value.adjusted()) > LONGEST_NUMBER:
        return str(value)
    if value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    return nearest if Decimal(repr(nearest)) == value else f"{value:f}"


def _violations(violations: Iterable[Violation]) -> list[dict[str, str]]:
    return [{"field": v.field, "reason": reason(v.id), "description": v.description} for v in violations]


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
