"""How a connection to a server is set up."""

import grpc

LARGEST_MESSAGE = 32 * 1024 * 1024
"""Bytes, both ways; what the server allows."""

OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    # A peer that is gone without a word is found within half a minute. The server permits a ping every ten seconds.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A server that restarts is found again at once: by default gRPC would wait for up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


def open_async(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
    """An asynchronous channel to `HOST:PORT`; without credentials nothing is encrypted."""
    if credentials is None:
        return grpc.aio.insecure_channel(address, OPTIONS)
    return grpc.aio.secure_channel(address, credentials, OPTIONS)


def open_sync(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    """A synchronous channel to `HOST:PORT`; without credentials nothing is encrypted."""
    if credentials is None:
        return grpc.insecure_channel(address, OPTIONS)
    return grpc.secure_channel(address, credentials, OPTIONS)
