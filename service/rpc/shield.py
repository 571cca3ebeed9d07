"""Around every rpc: errors leave as rich statuses, and no exception's text ever reaches a client."""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn, TypeVar
from uuid import uuid4

import grpc
from grpc_status import rpc_status

from service.errors import ServiceError
from service.rpc.status import status_of

logger = logging.getLogger(__name__)
Servicer = TypeVar("Servicer")


def shield(servicer: Servicer) -> Servicer:
    """The servicer with all its rpcs shielded: a ServiceError leaves as its status, anything unforeseen as INTERNAL
    with a reference into the log.

    An interceptor would do the same, but makes a handler anew for every call.
    """
    for name in dir(type(servicer)):
        if name.startswith("_"):
            continue
        rpc = getattr(servicer, name)
        if inspect.isasyncgenfunction(rpc):
            setattr(servicer, name, _shielded_stream(rpc))
        elif inspect.iscoroutinefunction(rpc):
            setattr(servicer, name, _shielded(rpc))
    return servicer


def _shielded(behaviour: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def shielded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            return await behaviour(request, context)
        except ServiceError as error:
            await _abort(context, error)
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception:  # noqa: BLE001 - the edge of the process: nothing may pass
            await _hide(context)

    return shielded


def _shielded_stream(
    behaviour: Callable[[Any, Any], Any],
) -> Callable[[Any, Any], AsyncIterator[Any]]:
    async def shielded(requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        try:
            async for answer in behaviour(requests, context):
                yield answer
        except ServiceError as error:
            await _abort(context, error)
        except (asyncio.CancelledError, grpc.aio.AbortError, GeneratorExit):
            raise
        except Exception:  # noqa: BLE001 - the edge of the process: nothing may pass
            await _hide(context)

    return shielded


async def _abort(context: grpc.aio.ServicerContext[Any, Any], error: ServiceError) -> NoReturn:
    status = rpc_status.to_status(status_of(error))
    await context.abort(status.code, status.details, status.trailing_metadata)
    raise AssertionError("abort raises")


async def _hide(context: grpc.aio.ServicerContext[Any, Any]) -> NoReturn:
    reference = uuid4().hex[:12]
    logger.exception("an unforeseen error, shown to the client as reference %s", reference)
    await context.abort(grpc.StatusCode.INTERNAL, f"an internal error; the server's log has it as {reference}")
    raise AssertionError("abort raises")
