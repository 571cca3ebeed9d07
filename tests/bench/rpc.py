"""The service over gRPC against a handler that does nothing with the same messages."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import grpc

from service.rpc.convert import message_of
from tests.bench.rules10 import TEXT, events
from tests.bench.timing import report, side_by_side
from vpi.v1 import evaluation_pb2 as pb

BATCH = 1000
BATCHES = 60
UNARY_CALLS = 20_000
IN_FLIGHT = 64
EVALUATE = "/vpi.v1.EvaluationService/Evaluate"
EVALUATE_BATCH = "/vpi.v1.EvaluationService/EvaluateBatch"


@contextmanager
def server(*command: str) -> Iterator[str]:
    """A server in a process of its own; gives its address."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        try:
            yield address
        finally:
            process.terminate()


@contextmanager
def vpi_server(ledger: str = "", workers: int = 1) -> Iterator[str]:
    """`vpi serve` with the benchmark's rules, over a file of its own unless a ledger is named."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules" / "bench"
        rules.mkdir(parents=True)
        (rules / "1.vpi").write_text(TEXT, encoding="utf-8")
        code = "from service.cli.main import main; main()"
        place = ledger or str(Path(folder) / "ledger.db")
        options = ("--rules", str(rules.parent), "--ledger", place, "--address", "127.0.0.1:0", "--json")
        with server("-c", code, "serve", *options, "--workers", str(workers)) as address:
            yield address


class Batches:
    """Requests serialised beforehand, so that the client costs next to nothing; every event of a run has its own id."""

    def __init__(self, batches: int = BATCHES) -> None:
        self._run = 0
        self._events = [message_of(event) for event in events(BATCH * batches)]

    def next_run(self) -> list[bytes]:
        """The requests of another run, with new ids."""
        self._run += 1
        for number, event in enumerate(self._events):
            event.id = f"run-{self._run:04d}-{number:08d}"
        return [
            pb.EvaluateBatchRequest(events=self._events[first : first + BATCH], ruleset="bench").SerializeToString()
            for first in range(0, len(self._events), BATCH)
        ]


def batch_rate(address: str, requests: list[bytes]) -> float:
    """Events a second, one batch after another on one connection."""
    with grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)]) as channel:
        call: Callable[[bytes], bytes] = cast(Any, channel).unary_unary(EVALUATE_BATCH)
        call(requests[0])
        started = time.perf_counter()
        for request in requests[1:]:
            call(request)
        return BATCH * (len(requests) - 1) / (time.perf_counter() - started)


NOOPS = (
    (("--reading",), "at least 0.6", "no-op that reads every field and makes each answer"),
    (("--making",), "at least 0.6", "no-op that makes each answer"),
    ((), "at least 0.6", "no-op that copies one answer for each event"),
    (("--prebuilt",), "at least 0.6", "one prebuilt answer, nothing read or built"),
)


def batches() -> None:
    """(c), first half."""
    made = Batches()
    for options, asked, what in NOOPS:
        with vpi_server("memory:") as ours, server("-m", "tests.bench.noop", *options) as noop:
            pair = side_by_side(
                lambda ours=ours: batch_rate(ours, made.next_run()),  # type: ignore[misc]
                lambda noop=noop: batch_rate(noop, made.next_run()),  # type: ignore[misc]
            )
            report("EvaluateBatch of 1,000", pair, "events/s", asked, what)


def h2load(address: str, body: Path) -> float:
    """Calls a second, by an HTTP/2 load generator."""
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    run = subprocess.run(
        ["h2load", "-n", str(UNARY_CALLS), "-c", "4", "-m", str(IN_FLIGHT // 4), "-d", str(body), *headers,
         f"http://{address}{EVALUATE}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"finished in .*?, ([0-9.]+) req/s", run.stdout)
    assert found, run.stdout
    assert f"{UNARY_CALLS} succeeded" in run.stdout, run.stdout
    return float(found[1])


def unary() -> None:
    """(c), second half. The load generator sends one body again and again: as a dry run every call is rated in full."""
    if shutil.which("h2load") is None:
        print("unary Evaluate: skipped, h2load is not installed (Debian: nghttp2-client)")
        return
    for what, dry in (("every call rated (dry run)", True), ("the same event again and again", False)):
        request = pb.EvaluateRequest(event=message_of(events(1)[0]), ruleset="bench", dry_run=dry)
        message = request.SerializeToString()
        with tempfile.NamedTemporaryFile() as body:
            body.write(b"\0" + len(message).to_bytes(4, "big") + message)
            body.flush()
            path = Path(body.name)
            for ledger, kept in (("", "the embedded ledger"), ("memory:", "a ledger in memory")):
                with vpi_server(ledger) as ours, server("-m", "tests.bench.noop") as noop:
                    pair = side_by_side(
                        lambda ours=ours, path=path: h2load(ours, path),  # type: ignore[misc]
                        lambda noop=noop, path=path: h2load(noop, path),  # type: ignore[misc]
                    )
                report(f"unary Evaluate, {what}, {kept}", pair, "calls/s", "at least 0.9", "no-op handler")


def run() -> None:
    """All of it."""
    batches()
    unary()
