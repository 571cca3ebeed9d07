"""UsageService: what customers used, what the ledger holds, and taking an evaluation back."""

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import timestamp_pb2

from dsl.zones import SECOND
from service.access import Access
from service.errors import InvalidRequest, UnknownRuleset, UnknownVersion
from service.evaluator import Evaluator
from service.ledger.interface import Query, Void
from service.rpc.convert import (
    FIRST_SECOND,
    LAST_SECOND,
    OUTCOMES,
    record_message,
    refused_message,
    timestamp_of,
    usage_message,
    write_void,
)
from service.rpc.paging import fitting, page_size, wrong_token
from service.rpc.published import CurrentRules
from service.usage import usage_of
from vpi.v1 import evaluation_pb2, usage_pb2_grpc
from vpi.v1 import usage_pb2 as pb

LONGEST_REASON = 1000
"""Characters that a void's reason may have."""

Context = grpc.aio.ServicerContext[Any, Any]


class UsageService(usage_pb2_grpc.UsageServiceServicer):
    """The rpcs of `vpi.v1.UsageService`; `clock` gives now as an instant."""

    def __init__(self, evaluator: Evaluator, access: Access, rules: CurrentRules, clock: Callable[[], int]) -> None:
        self._evaluator = evaluator
        self._access = access
        self._rules = rules
        self._clock = clock

    async def GetUsage(self, request: pb.GetUsageRequest, context: Context) -> pb.GetUsageResponse:
        """Sums up what one customer used in a period."""
        subject = _text("subject", request.subject)
        versions = await self._rules.known(lambda registry: registry.versions(request.ruleset))
        ledger = self._evaluator.ledger
        usage = await self._access.read(lambda: usage_of(ledger, versions, subject, request.period, self._clock()))
        return usage_message(usage)

    async def ListEvaluations(self, request: pb.ListEvaluationsRequest, context: Context) -> pb.ListEvaluationsResponse:
        """Lists evaluations and voids, a page at a time."""
        size, query, after = page_size(request.page_size), _query(request), _text("page_token", request.page_token)
        if query.ruleset:
            await self._rules.known(lambda registry: registry.versions(query.ruleset))
        find = self._evaluator.ledger.find

        def listed() -> pb.ListEvaluationsResponse:
            records, token = find(query, size, after)
            entries = fitting(map(record_message, records))
            if len(entries) < len(records):
                # A page of less has a token of its own; what came between is on it, or on a later page.
                records, token = find(query, len(entries), after)
                entries = [record_message(record) for record in records]
            return pb.ListEvaluationsResponse(entries=entries, next_page_token=token)

        return await self._access.read(listed)

    async def ListRefusedEvents(
        self, request: pb.ListRefusedEventsRequest, context: Context
    ) -> pb.ListRefusedEventsResponse:
        """Lists refused events, a page at a time."""
        size, ruleset, after = page_size(request.page_size), _text("ruleset", request.ruleset), _after(request)
        if ruleset:
            await self._rules.known(lambda registry: registry.versions(ruleset))
        ledger = self._evaluator.ledger

        def listed() -> pb.ListRefusedEventsResponse:
            refused = ledger.refused(ruleset, size + 1, after)
            events = fitting(map(refused_message, refused[:size]))
            # The token names the last one shown; none is ever put in before it.
            token = f"{ruleset}/{refused[len(events) - 1].sequence}" if len(events) < len(refused) else ""
            return pb.ListRefusedEventsResponse(events=events, next_page_token=token)

        return await self._access.read(listed)

    async def VoidEvaluation(self, request: pb.VoidEvaluationRequest, context: Context) -> pb.VoidEvaluationResponse:
        """Takes one evaluation back."""
        ruleset = _text("ruleset", request.ruleset)
        source = _required("source", request.source, "name the source of the event whose evaluation is taken back")
        event_id = _required("event_id", request.event_id, "name the event whose evaluation is taken back")
        reason = _required("reason", request.reason.strip(), "say in a sentence why the evaluation is taken back")
        if len(reason) > LONGEST_REASON:
            raise InvalidRequest(
                "reason", f"a reason has at most {LONGEST_REASON:,} characters, this has {len(reason):,}"
            )

        async def void() -> Void:
            return await self._access.write(lambda: self._evaluator.void(ruleset, source, event_id, reason))

        known = self._evaluator.registry
        try:
            done = await void()
        except (UnknownRuleset, UnknownVersion):
            # Another process may have published the rules that priced it.
            if not await self._rules.newer_than(known):
                raise
            done = await void()
        response = pb.VoidEvaluationResponse(record_time=timestamp_of(done.recorded))
        write_void(done, response.evaluation)
        return response


def _query(request: pb.ListEvaluationsRequest) -> Query:
    outcome = None
    if request.outcome != evaluation_pb2.OUTCOME_UNSPECIFIED:
        outcome = OUTCOMES.get(request.outcome)
        if outcome is None:
            raise InvalidRequest("outcome", f"there is no outcome of the number {request.outcome}")
    start = _instant("start_time", request.start_time) if request.HasField("start_time") else None
    end = _instant("end_time", request.end_time) if request.HasField("end_time") else None
    if not request.subject and (start is not None or end is not None):
        raise InvalidRequest("subject", "times need a customer: name the subject whose entries you ask for")
    return Query(
        ruleset=_text("ruleset", request.ruleset),
        subject=_text("subject", request.subject),
        source=_text("source", request.source),
        event_id=_text("event_id", request.event_id),
        start=start,
        end=end,
        outcome=outcome,
        interaction=_text("interaction", request.interaction),
    )


def _instant(field: str, time: timestamp_pb2.Timestamp) -> int:
    """The first instant not before a time that may be finer."""
    if not (FIRST_SECOND <= time.seconds <= LAST_SECOND and 0 <= time.nanos < 10**9):
        raise InvalidRequest(field, "this is no Timestamp: its seconds lie outside the years 1 to 9999, or its nanos")
    return time.seconds * SECOND + -(-time.nanos // 1000)


def _after(request: pb.ListRefusedEventsRequest) -> int:
    """After which refused event the page begins."""
    if not request.page_token:
        return 0
    asked, slash, number = request.page_token.rpartition("/")
    if not slash or asked != request.ruleset or not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise wrong_token()
    return int(number)


def _required(field: str, text: str, otherwise: str) -> str:
    if not text:
        raise InvalidRequest(field, otherwise)
    return _text(field, text)


def _text(field: str, text: str) -> str:
    """A text that a ledger can be asked for: PostgreSQL has no U+0000, and no accepted event does."""
    if "\0" in text:
        raise InvalidRequest(field, "a text has no U+0000 character")
    return text
