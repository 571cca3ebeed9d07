"""The server's loop waits with few tasks: methods are found by name, so that no call goes through one task for each."""

import asyncio
from collections import Counter

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from service.ledger.memory import MemoryLedger
from tests.service.rpc.serving import clock, served
from vpi.v1 import evaluation_pb2 as pb


def waiting() -> Counter[str]:
    """How many tasks of gRPC's server there are on this loop, by what they run."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return Counter(name for name in names if name.startswith("AioServer."))


async def test_no_method_has_a_task_of_its_own() -> None:
    async with served(MemoryLedger(clock)) as server:
        idle = waiting()
        await server.evaluation.EvaluateBatch(pb.EvaluateBatchRequest(ruleset="shop"))
        assert [name for name in idle if "registered" in name] == []
        assert idle.total() <= 3, "the loop, and what waits for the next call"
        assert waiting().total() <= idle.total() + 1


async def test_generated_code_alone_gives_every_method_a_task() -> None:
    """What the test above would find if methods were registered as generated code does it."""
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(HealthServicer(), server)
    server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await asyncio.sleep(0)
    registered = [name for name in waiting().elements() if "registered" in name]
    await server.stop(None)
    assert len(registered) >= len(health_pb2.DESCRIPTOR.services_by_name["Health"].methods)
