"""Memory over time: a durable server under a steady load of single calls and batches; `VPI_SOAK_MINUTES` says how long.

Every event has an id of its own, and customers and tickets keep changing, so that whatever is remembered for each would
show. The client runs in this process, the server in its own with its recorder beside it; the resident memory of both is
read from /proc.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import grpc

from service.rpc.convert import message_of
from tests.bench.load import load
from tests.bench.rpc import EVALUATE, EVALUATE_BATCH
from tests.bench.rules10 import TEXT, events
from vpi.v1 import evaluation_pb2 as pb

MINUTES = float(os.environ.get("VPI_SOAK_MINUTES", "10"))
CALLS, BATCH = 2_000, 1_000


def run() -> None:
    """Samples after every round of calls and batches; compares the second tenth of the time with the last."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules" / "bench"
        rules.mkdir(parents=True)
        (rules / "1.vpi").write_text(TEXT, encoding="utf-8")
        options = [
            "--rules",
            str(rules.parent),
            "--ledger",
            str(Path(folder) / "ledger.db"),
            "--address",
            "127.0.0.1:0",
        ]
        code = "from service.cli.main import main; main()"
        command = [sys.executable, "-c", code, "serve", *options, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            try:
                _soak(process.pid, json.loads(process.stdout.readline())["address"])
            finally:
                process.terminate()


def _soak(pid: int, address: str) -> None:
    samples: list[int] = []
    sent, began = 0, time.monotonic()
    made = [message_of(event) for event in events(CALLS + BATCH)]
    while time.monotonic() - began < MINUTES * 60:
        for event in made:
            sent += 1
            event.id = f"{sent:012d}"
            event.subject = f"customer-{sent % 50_000}"
            if "ticket" in event.data:
                event.data["ticket"].text = f"T-{sent}"
        calls = [pb.EvaluateRequest(event=event, ruleset="bench").SerializeToString() for event in made[:CALLS]]
        assert not load(address, EVALUATE, calls).failed
        request = pb.EvaluateBatchRequest(events=made[CALLS:], ruleset="bench").SerializeToString()
        with grpc.insecure_channel(address) as channel:
            cast(Any, channel).unary_unary(EVALUATE_BATCH)(request)
        samples.append(_resident(pid))
    tenth = max(1, len(samples) // 10)
    early = statistics.median(samples[tenth : 2 * tenth + 1])
    late = statistics.median(samples[-tenth:])
    print(f"memory over {MINUTES:g} minutes and {sent:,} events, medians")
    print(f"    {early / 1024:.1f} MB after a tenth of the time, {late / 1024:.1f} MB at the end")
    print(f"    ratio {late / early:.3f}, asked: flat; peak {max(samples) / 1024:.1f} MB", flush=True)


def _resident(pid: int) -> int:
    """The resident memory of a process and of those that it has started, in KiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
    assert found
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return int(found[1]) + sum(_resident(int(child)) for child in children)
