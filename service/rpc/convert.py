"""Between protobuf messages and the service's own types; nothing here decides anything."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from google.protobuf import timestamp_pb2
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
from google.rpc import status_pb2

from dsl.evaluation import Evaluation, Outcome, Step
from dsl.event import Event, Instant, Other
from dsl.numbers import LONGEST_NUMBER, format_money, format_units
from dsl.zones import SECOND
from service.answers import refusal_of
from service.cloudevents import MalformedEvent, flatten, json_value
from service.errors import ServiceError
from service.ledger.interface import Answer, Entry, Record, Refused, Void
from service.rpc.status import status_of
from service.usage import Usage
from vpi.v1 import evaluation_pb2 as pb
from vpi.v1 import usage_pb2

_SURROGATE = re.compile("[\ud800-\udfff]")
FIRST_SECOND = -62_135_596_800
LAST_SECOND = 253_402_300_799
"""What a Timestamp can hold: the years 1 to 9999."""
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")
_AS_IT_IS = frozenset({"boolean", "integer", "number", "text"})
_OUTCOMES = {
    Outcome.COUNTED: pb.OUTCOME_COUNTED,
    Outcome.NOT_COUNTED: pb.OUTCOME_NOT_COUNTED,
    Outcome.LIMITED: pb.OUTCOME_LIMITED,
    Outcome.UNKNOWN_EVENT: pb.OUTCOME_UNKNOWN_EVENT,
}
OUTCOMES = {number: outcome for outcome, number in _OUTCOMES.items()}
"""Outcomes by their numbers in messages."""


def event_of(message: pb.Event) -> Event:
    """The event that a message carries; a member that is empty in the message is missing."""
    values = message.data
    data: dict[str, object] = {}
    nested = False
    # This loop runs for every value of every event. A member of a oneof that is not at its default is the one that is
    # set: asking which one is, slower than reading one, is left for the values that are at theirs.
    for path in values:
        value = values[path]
        if found := value.text or value.integer or value.boolean:
            data[path] = found
            continue
        kind = value.WhichOneof("kind")
        if kind in _AS_IT_IS:
            data[path] = getattr(value, kind)
        elif kind == "json":
            nested = True
        elif kind is not None:
            data[path] = _special(value, kind)
    conflicts = _read_json(message, data) if nested else ()
    time = message.time
    instant: int | None = time.seconds * SECOND + time.nanos // 1000
    if not instant and not message.HasField("time"):
        instant = None
    return Event(
        message.id or None,
        message.source or None,
        message.type or None,
        message.subject or None,
        instant,
        data,
        conflicts,
    )


def _special(value: pb.Value, kind: str) -> object:
    if kind == "decimal":
        text = value.decimal
        fits = len(text) <= LONGEST_NUMBER and _DECIMAL.match(text)
        return Decimal(text) if fits else Other("a malformed decimal", text)
    if kind == "timestamp":
        return Instant(instant_of(value.timestamp))
    return list(value.texts.values)


def _read_json(message: pb.Event, data: dict[str, object]) -> tuple[str, ...]:
    """Adds the members given as JSON text; the paths that come twice are returned."""
    members: dict[str, object] = {}
    for path, value in message.data.items():
        if value.WhichOneof("kind") == "json":
            try:
                members[path] = json_value(value.json)
            except MalformedEvent:
                data[path] = Other("malformed JSON", value.json)
    try:
        flat, conflicts = flatten(members)
    except MalformedEvent:
        return tuple(members)
    both = tuple(path for path in flat if path in data)
    data.update(flat)
    return conflicts + both


def instant_of(message: timestamp_pb2.Timestamp) -> int:
    """A Timestamp in microseconds; finer is cut."""
    return message.seconds * SECOND + message.nanos // 1000


def timestamp_of(microseconds: int) -> timestamp_pb2.Timestamp:
    """An instant as a Timestamp."""
    return timestamp_pb2.Timestamp(seconds=microseconds // SECOND, nanos=microseconds % SECOND * 1000)


def message_of(event: Event) -> pb.Event:
    """The message that carries an event, so that `event_of` gives it back; for clients.

    Half of a surrogate pair can't travel as text: in a value it goes as JSON, where the service refuses it by name; a
    built-in that has one is left out, which the service refuses as well.
    """
    message = pb.Event()
    for name in ("id", "source", "type", "subject"):
        value = getattr(event, name)
        if isinstance(value, str) and not _SURROGATE.search(value):
            setattr(message, name, value)
    if isinstance(event.time, int) and FIRST_SECOND <= event.time // SECOND <= LAST_SECOND:
        message.time.CopyFrom(timestamp_of(event.time))
    for path, value in event.data.items():
        if value is not None:
            _write_value(message.data[_SURROGATE.sub("\ufffd", path)], value)
    for path in event.conflicts:
        # Both ways of giving the path: the service finds the conflict itself.
        first, _, rest = path.partition(".")
        message.data[first].json = json.dumps({rest: None})
    return message


def _write_value(target: pb.Value, value: object) -> None:
    match value:
        case bool():
            target.boolean = value
        case int() if -(2**63) <= value < 2**63:
            target.integer = value
        case int() | Decimal():
            text = _plain_decimal(value)
            if text is None:
                target.json = str(value)
            else:
                target.decimal = text
        case float():
            target.number = value
        case str() if _SURROGATE.search(value):
            target.json = json.dumps(value)
        case str():
            target.text = value
        case Instant():
            target.timestamp.CopyFrom(timestamp_of(value.microseconds))
        case list() if any(_SURROGATE.search(item) for item in value):
            target.json = json.dumps(value)
        case list():
            target.texts.values.extend(value)
        case Other():
            target.json = value.content


def _plain_decimal(value: int | Decimal) -> str | None:
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or abs(exponent) > LONGEST_NUMBER:
            return None
    # Not `f"{value:f}"` for an integer: that goes through a float.
    text = str(value) if isinstance(value, int) else f"{value:f}"
    return text if len(text) <= LONGEST_NUMBER else None


def write_result(answer: Answer, result: pb.EvaluateBatchResponse.Result) -> None:
    """Fills one result of a batch."""
    if isinstance(answer, ServiceError):
        result.error.CopyFrom(status_of(answer))
    else:
        write_evaluation(answer, result.evaluation)


def write_evaluation(entry: Entry, message: pb.Evaluation) -> None:
    """Fills the message with an answer."""
    evaluation = entry.evaluation
    lines = evaluation.lines
    event = entry.event
    # What answers have in common is copied from a template: setting a dozen fields one by one is slower.
    if len(lines) == 1:
        line = lines[0]
        message.CopyFrom(
            _one_line(entry.ruleset, entry.version, entry.currency, line.interaction, line.units, line.noun, line.price)
        )
    elif not lines:
        outcome, interaction = evaluation.outcome, evaluation.limited_by
        message.CopyFrom(_no_line(entry.ruleset, entry.version, entry.currency, outcome, interaction))
    else:
        _write_lines(entry, evaluation, message)
    message.source = event.source  # type: ignore[assignment]  # an accepted event's members are strings
    message.event_id = event.id  # type: ignore[assignment]
    message.reason = evaluation.reason
    if entry.duplicate:
        message.duplicate = True
    if evaluation.warnings:
        message.warnings.extend(evaluation.warnings)
    if evaluation.steps:
        write_steps(evaluation.steps, message.steps)


@lru_cache(maxsize=16384)
def _one_line(
    ruleset: str, version: int, currency: str, interaction: str, units: int, noun: str, price: int
) -> pb.Evaluation:
    line = pb.Line(interaction=interaction, units=format_units(units), noun=noun, price=format_money(price))
    return pb.Evaluation(
        outcome=pb.OUTCOME_COUNTED,
        interaction=interaction,
        units=line.units,
        price=line.price,
        currency=currency,
        ruleset=ruleset,
        version=version,
        lines=[line],
    )


@lru_cache(maxsize=16384)
def _no_line(ruleset: str, version: int, currency: str, outcome: Outcome, interaction: str) -> pb.Evaluation:
    return pb.Evaluation(
        outcome=_OUTCOMES[outcome],
        interaction=interaction,
        units="0",
        price="0",
        currency=currency,
        ruleset=ruleset,
        version=version,
    )


def _write_lines(entry: Entry, evaluation: Evaluation, message: pb.Evaluation) -> None:
    """Several lines."""
    message.outcome = pb.OUTCOME_COUNTED
    message.interaction = evaluation.interaction
    message.units = format_units(evaluation.units)
    message.price = format_money(evaluation.price)
    message.currency = entry.currency
    message.ruleset = entry.ruleset
    message.version = entry.version
    for line in evaluation.lines:
        units, price = format_units(line.units), format_money(line.price)
        message.lines.add(interaction=line.interaction, units=units, noun=line.noun, price=price)


def write_steps(steps: Sequence[Step], target: RepeatedCompositeFieldContainer[pb.Step]) -> None:
    """Adds steps and those below them; an explanation nests no deeper than its rules."""
    for step in steps:
        verdict = pb.VERDICT_UNSPECIFIED
        if step.verdict is not None:
            verdict = pb.VERDICT_HOLDS if step.verdict else pb.VERDICT_FAILS
        message = target.add(text=step.text, verdict=verdict)
        write_steps(step.steps, message.steps)


# ── what a ledger holds ─────────────────────────────────────────────────────


def write_void(void: Void, message: pb.Evaluation) -> None:
    """Fills the message with a void: the voided evaluation's outcome, minus its units, the price that falls away."""
    entry, evaluation = void.entry, void.entry.evaluation
    message.source = entry.event.source  # type: ignore[assignment]  # a recorded event's members are strings
    message.event_id = entry.event.id  # type: ignore[assignment]
    message.outcome = _OUTCOMES[evaluation.outcome]
    message.interaction = evaluation.interaction
    message.units = format_units(-evaluation.units)
    message.price = format_money(void.price)
    message.currency = entry.currency
    message.ruleset = entry.ruleset
    message.version = entry.version
    message.duplicate = void.duplicate
    message.reason = void.reason
    for line in void.lines:
        units, price = format_units(line.units), format_money(line.price)
        message.lines.add(interaction=line.interaction, units=units, noun=line.noun, price=price)


def record_message(record: Record) -> usage_pb2.LedgerEntry:
    """A row of the ledger."""
    row = record.row
    entry = row.entry if isinstance(row, Void) else row
    message = usage_pb2.LedgerEntry(
        sequence=record.sequence,
        record_time=timestamp_of(row.recorded),
        event=message_of(entry.event),
        is_void=isinstance(row, Void),
        is_voided=record.voided,
        content_sha256=record.content,
        chain_position=f"{record.writer}/{record.number}",
        chain_sha256=record.sha256,
    )
    if isinstance(row, Void):
        write_void(row, message.evaluation)
    else:
        write_evaluation(row, message.evaluation)
    return message


def refused_message(refused: Refused) -> usage_pb2.RefusedEvent:
    """An event that claimed no key, with the status that it was answered with."""
    error = refusal_of(refused)
    return usage_pb2.RefusedEvent(
        record_time=timestamp_of(refused.recorded),
        ruleset=refused.ruleset,
        event=message_of(refused.event),
        reason=status_pb2.Status(message=refused.reason) if error is None else status_of(error),
    )


def usage_message(usage: Usage) -> usage_pb2.GetUsageResponse:
    """What a customer used in a period."""
    period = usage.period
    response = usage_pb2.GetUsageResponse(
        ruleset=usage.ruleset,
        subject=usage.subject,
        period=period.text,
        start_time=timestamp_of(period.start),
        end_time=timestamp_of(period.end),
        timezone=usage.timezone,
        currency=usage.currency,
        price=format_money(usage.price),
    )
    for used in usage.interactions:
        response.interactions.add(
            interaction=used.interaction,
            events=used.events,
            units=format_units(used.units),
            noun=used.noun,
            price=format_money(used.price),
        )
    return response
