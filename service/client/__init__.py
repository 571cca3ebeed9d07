"""A client of the service, asynchronous (`Client`) and plain (`SyncClient`), that retries what is safe to retry.

failures.py       what a call failed with, as plain data; CallFailed
retry.py          when to try again and how long to wait: pure, with clock and chance passed in
statuses.py       gRPC's errors and rich statuses, read into failures
channels.py       how a connection is set up
batching.py       which events travel together: lists cut into calls, streams cut as they come
calls.py          every call as a conversation: what to send, when to wait, what it comes to; it does neither itself
streaming.py      batch after batch over one connection, and over the next where it breaks
asynchronous.py   Client: holds the conversations on an event loop
synchronous.py    SyncClient: holds the same ones in the caller's thread
ids.py            ids for events that have none yet
"""

from service.client.asynchronous import Client
from service.client.batching import Bounds
from service.client.failures import CallFailed, Failure, FieldViolation
from service.client.ids import new_id
from service.client.retry import RetryPolicy
from service.client.statuses import failure_of_status
from service.client.synchronous import SyncClient

__all__ = [
    "Bounds",
    "CallFailed",
    "Client",
    "Failure",
    "FieldViolation",
    "RetryPolicy",
    "SyncClient",
    "failure_of_status",
    "new_id",
]
