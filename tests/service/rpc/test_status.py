"""Errors on their way out: what they let go of."""

import gc
import weakref

from service.errors import InvalidRequest, ServiceError
from service.rpc.status import forget_frames


class Request:
    """Stands for what may have 32 MiB."""


def refuse(request: Request) -> None:
    """Refuses a request because of another error."""
    try:
        raise KeyError(request)
    except KeyError:
        raise InvalidRequest("event", "an event is required") from None


def test_an_error_that_is_kept_keeps_no_request() -> None:
    """gRPC keeps a call's error until garbage is looked for."""
    gc.disable()
    try:
        request = Request()
        there, kept = weakref.ref(request), []
        try:
            refuse(request)
        except ServiceError as error:
            forget_frames(error)
            kept.append(error)
        del request
        assert kept and there() is None
    finally:
        gc.enable()
