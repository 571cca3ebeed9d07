"""The outermost interceptors' work: errors leave as rich statuses, and no exception's text ever reaches a client."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

import grpc
from grpc_status import rpc_status

from service.errors import ServiceError
from service.rpc.status import status_of

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]  # generic in its stub only

logger = logging.getLogger(__name__)


class ErrorShield(grpc.aio.ServerInterceptor):
    """Turns a ServiceError into its status, and anything unforeseen into INTERNAL with a reference into the log."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler | None"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        """Wraps the two shapes of handler that the services have; others (health's, reflection's) stay as they are."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return handler
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                _shielded(handler.unary_unary), handler.request_deserializer, handler.response_serializer
            )
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(
                _shielded_stream(handler.stream_stream), handler.request_deserializer, handler.response_serializer
            )
        return handler


def _shielded(behaviour: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def shielded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            answer = behaviour(request, context)
            return await answer if asyncio.iscoroutine(answer) else answer
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
