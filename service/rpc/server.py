"""The gRPC server: services, health, reflection, limits, and an end that loses nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from service.access import Access, Direct
from service.errors import LedgerUnavailable, QueueFull
from service.evaluator import Evaluator
from service.rpc.draining import Drain
from service.rpc.evaluation import EvaluationService
from service.rpc.forwarding import ForwardingService
from service.rpc.published import CurrentRules
from service.rpc.recorder.frames import Kind
from service.rpc.recorder.remote import RemoteRecorder
from service.rpc.rules import RulesService
from service.rpc.shield import shield
from service.rpc.status import Refusal
from service.rpc.usage import UsageService
from vpi.v1 import evaluation_pb2, evaluation_pb2_grpc, rules_pb2, rules_pb2_grpc, usage_pb2, usage_pb2_grpc

LARGEST_MESSAGE = 32 * 1024 * 1024
LAST_ANSWERS_SECONDS = 0.1
"""How long the last answers of a process have to get out."""
GRACE_SECONDS = 10.0
"""How long calls under way may go on after the end was asked for."""
FLUSH_SECONDS = 2.0
"""How long the last answers may take to leave, once all calls have ended."""

_SHARE_PORT = "grpc.so_reuseport"
OPTIONS = [
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    # By default a second server on the same port silently takes half of the connections.
    (_SHARE_PORT, 0),
    # Clients may ping every ten seconds to keep their connection; by default they would be cut off.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Connections are balanced, not calls: old ones end, so that clients find new servers.
    ("grpc.max_connection_age_ms", 30 * 60 * 1000),
    ("grpc.max_connection_age_grace_ms", 60 * 1000),
]
HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
SERVICES = (
    evaluation_pb2.DESCRIPTOR.services_by_name["EvaluationService"].full_name,
    rules_pb2.DESCRIPTOR.services_by_name["RulesService"].full_name,
    usage_pb2.DESCRIPTOR.services_by_name["UsageService"].full_name,
)
logger = logging.getLogger(__name__)


class AddressInUse(Exception):
    """The address can't be listened on; the text says which."""


@dataclass(frozen=True)
class Running:
    """A started server; `address` is where it listens, with the real port."""

    server: grpc.aio.Server
    health: HealthServicer
    address: str
    drain: Drain

    async def leave(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """As `stop`, for a process that ends right afterwards: its connections end with it and not before.

        Where several processes share a port, clients of the first to end come to the others while these are closing,
        and gRPC would cut their calls off as CANCELLED.
        """
        await self.health.enter_graceful_shutdown()
        await self.drain.run(grace_seconds)
        await self.drain.quiet()
        self.drain.release()
        await asyncio.sleep(LAST_ANSWERS_SECONDS)

    async def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Says NOT_SERVING, answers the calls under way and no others, and closes.

        A client gets its answer or UNAVAILABLE. Afterwards nothing uses the ledger any more, and whoever opened it may
        close its access, and then the ledger.
        """
        await self.health.enter_graceful_shutdown()
        await self.drain.run(grace_seconds)
        if grace_seconds:
            await self.drain.quiet()
        stopping = asyncio.create_task(self.server.stop(min(grace_seconds, FLUSH_SECONDS)))
        # Only now that clients are told to go elsewhere: who is answered before comes back.
        await asyncio.sleep(0)
        self.drain.release()
        await stopping


async def start(
    evaluator: Evaluator,
    address: str,
    clock: Callable[[], int],
    access: Access | None = None,
    share_port: bool = False,
    recorder: RemoteRecorder | None = None,
) -> Running:
    """Starts a server at `HOST:PORT`, port 0 for a free one; raises AddressInUse.

    `access` is how its rpcs use the ledger; without one, directly. What is evaluated is left to `recorder`, if there is
    one. With `share_port` other processes that do the same may listen there too, and each gets some of the connections.
    """
    access = access or Direct(evaluator.ledger)
    drain = Drain()
    rules = CurrentRules(evaluator, access, _refreshed(recorder) if recorder is not None else None)
    server = grpc.aio.server(options=[(name, 1 if share_port and name == _SHARE_PORT else n) for name, n in OPTIONS])
    _find_methods_by_name(server)
    if recorder is None:
        evaluation: evaluation_pb2_grpc.EvaluationServiceServicer = EvaluationService(evaluator, access, rules)
    else:
        evaluation = ForwardingService(recorder)
    shield(evaluation, drain)
    if recorder is not None:
        # Found before the same method that reads and writes messages.
        as_it_comes: dict[str, Any] = {"Evaluate": grpc.unary_unary_rpc_method_handler(evaluation.Evaluate)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICES[0], as_it_comes),))
    evaluation_pb2_grpc.add_EvaluationServiceServicer_to_server(evaluation, server)
    rules_pb2_grpc.add_RulesServiceServicer_to_server(shield(RulesService(rules, clock), drain), server)
    usage_pb2_grpc.add_UsageServiceServicer_to_server(
        shield(UsageService(evaluator, access, rules, clock), drain), server
    )
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    reflection.enable_server_reflection((*SERVICES, HEALTH, reflection.SERVICE_NAME), server)
    host, _, _ = address.rpartition(":")
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if not port:
        raise AddressInUse(f"can't listen on {address}: it is in use, or no address of this machine")
    await server.start()
    for name in ("", *SERVICES):
        await health.set(name, health_pb2.HealthCheckResponse.SERVING)
    return Running(server, health, f"{host}:{port}", drain)


def _refreshed(recorder: RemoteRecorder) -> Callable[[], Awaitable[None]]:
    """Has the recorder serve what is published; it does so by itself with the next event that it records."""

    async def refresh() -> None:
        with suppress(Refusal, LedgerUnavailable, QueueFull):
            await recorder.ask(Kind.REFRESH, b"", 0)

    return refresh


def _find_methods_by_name(server: grpc.aio.Server) -> None:
    """Has methods found by name when they are called, and not registered as well, as generated code does it.

    For each registered method gRPC's event loop waits with a task of its own, and goes through all of these at every
    call: with the methods of five services that costs more than to rate an event.
    """
    setattr(server, "add_registered_method_handlers", lambda service, handlers: None)  # noqa: B010 - a method


async def serve_until(running: Running, stopped: asyncio.Event, leave: bool = False) -> None:
    """Serves until the event is set, then ends gracefully; with `leave` the process ends with it."""
    await stopped.wait()
    logger.info("stopping: calls under way may go on for %.0f seconds", GRACE_SECONDS)
    await (running.leave() if leave else running.stop())
