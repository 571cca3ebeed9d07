"""What was refused leaves nothing behind: neither the server nor its recorder keeps a large request."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode

from tests.service.durability.driver import evaluation_stub
from tests.service.durability.server import Server, running
from tests.service.durability.traffic import Traffic, chances
from vpi.v1 import evaluation_pb2 as pb

LARGE_CHARACTERS = 8 * 1024 * 1024
BEFORE, AFTER = 8, 16
MOST_GROWTH_BYTES = AFTER * LARGE_CHARACTERS // 2
"""Half of what the requests come to that are measured."""


@pytest.mark.parametrize(("rpc", "code"), [("Evaluate", "INVALID_ARGUMENT"), ("EvaluateBatch", "NOT_FOUND")])
async def test_large_requests_that_are_refused_do_not_stay(tmp_path: Path, rpc: str, code: str) -> None:
    event = Traffic(chances("memory")).valid("shop").event
    event.ClearField("source")
    event.data["note"].text = "x" * LARGE_CHARACTERS
    request: Any = pb.EvaluateRequest(ruleset="shop", event=event)
    if rpc == "EvaluateBatch":
        request = pb.EvaluateBatchRequest(ruleset="none", events=[event])
    async with running(tmp_path, tmp_path / "ledger.db") as server:
        async with grpc.aio.insecure_channel(server.address) as channel:
            call = getattr(evaluation_stub(channel), rpc)
            await refused(call, request, StatusCode[code], BEFORE)
            before = memory(server)
            await refused(call, request, StatusCode[code], AFTER)
        after = memory(server)
    assert all(after[pid] - before[pid] < MOST_GROWTH_BYTES for pid in before), (before, after)


async def refused(call: Any, request: Any, code: StatusCode, times: int) -> None:
    """Makes a call that is refused, one time after the other."""
    for _ in range(times):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call(request)
        assert refusal.value.code() is code


def memory(server: Server) -> dict[int, int]:
    """The bytes that each process of a server has in memory."""
    return {pid: resident_bytes(pid) for pid in server.pids()}


def resident_bytes(pid: int) -> int:
    """The bytes of one process that are in memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024
