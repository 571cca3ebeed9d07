"""Around every rpc: errors leave as rich statuses, no exception's text reaches a client, and no call is cut off."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from service.errors import ServiceError
from service.rpc.draining import Drain, Stopping
from service.rpc.status import Refusal, forget_frames, status_of, unforeseen

Servicer = TypeVar("Servicer")


def shield(servicer: Servicer, drain: Drain) -> Servicer:
    """The servicer with all its rpcs shielded: a ServiceError leaves as its status, anything unforeseen as INTERNAL
    with a reference into the log. All are calls under way to `drain`.

    An interceptor would do the same, but makes a handler anew for every call.
    """
    for name in dir(type(servicer)):
        if name.startswith("_"):
            continue
        rpc = getattr(servicer, name)
        if inspect.isasyncgenfunction(rpc):
            setattr(servicer, name, _shielded_stream(rpc, drain))
        elif inspect.iscoroutinefunction(rpc):
            setattr(servicer, name, _shielded(rpc, drain))
    return servicer


def _shielded(behaviour: Callable[[Any, Any], Awaitable[Any]], drain: Drain) -> Callable[[Any, Any], Awaitable[Any]]:
    async def shielded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            if drain.begun:
                await drain.refuse()
            task = drain.enter()
            try:
                return await behaviour(request, context)
            finally:
                drain.leave(task)
        except (ServiceError, Refusal) as error:
            # gRPC keeps an aborted call's frames, and so this one, until garbage is looked for.
            del request
            await _abort(context, error)
        except asyncio.CancelledError:
            await _cancelled(context, drain)
        except grpc.aio.AbortError:
            raise
        except Exception:  # noqa: BLE001 - the edge of the process: nothing may pass
            await _hide(context)

    return shielded


def _shielded_stream(behaviour: Callable[[Any, Any], Any], drain: Drain) -> Callable[[Any, Any], AsyncIterator[Any]]:
    async def shielded(requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        try:
            if drain.begun:
                await drain.refuse()
            task = drain.enter()
            try:
                async for answer in behaviour(drain.requests(requests), context):
                    yield answer
            finally:
                drain.leave(task)
        except (ServiceError, Refusal) as error:
            await _abort(context, error)
        except asyncio.CancelledError:
            await _cancelled(context, drain)
        except (grpc.aio.AbortError, GeneratorExit):
            raise
        except Exception:  # noqa: BLE001 - the edge of the process: nothing may pass
            await _hide(context)

    return shielded


async def _cancelled(context: grpc.aio.ServicerContext[Any, Any], drain: Drain) -> NoReturn:
    """Ends a call that was cancelled: its client has gone, or the server has, which the client is told."""
    if drain.expired:
        await _abort(context, Stopping())
    raise asyncio.CancelledError


async def _abort(context: grpc.aio.ServicerContext[Any, Any], error: ServiceError | Refusal) -> NoReturn:
    forget_frames(error)
    await _end(context, error.status if isinstance(error, Refusal) else status_of(error))


async def _hide(context: grpc.aio.ServicerContext[Any, Any]) -> NoReturn:
    await _end(context, unforeseen())


async def _end(context: grpc.aio.ServicerContext[Any, Any], rich: status_pb2.Status) -> NoReturn:
    status = rpc_status.to_status(rich)
    await context.abort(status.code, status.details, status.trailing_metadata)
    raise AssertionError("abort raises")
