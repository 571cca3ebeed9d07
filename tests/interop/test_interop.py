"""Clients that share no code with the server get the same answers and read the same rich errors."""

import base64
import json
import selectors
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google.rpc
import grpc_tools
import pytest
from google.rpc import error_details_pb2

from tests.interop.node import Node

ROOT = Path(__file__).resolve().parents[2]
INCLUDES = [ROOT / "protos", Path(next(iter(google.rpc.__path__))).parents[1], Path(grpc_tools.__path__[0]) / "_proto"]
START_SECONDS = 30
CALL_SECONDS = 60


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of its own, with the shipped rules and an empty ledger."""
    vpi = Path(sys.executable).with_name("vpi")
    options = ["--rules", "rules", "--ledger", "memory:", "--address", "127.0.0.1:0", "--json"]
    command = [str(vpi), "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            with selectors.DefaultSelector() as ready:
                ready.register(process.stdout, selectors.EVENT_READ)
                assert ready.select(START_SECONDS), f"no line from `vpi serve` within {START_SECONDS} s"
            line = process.stdout.readline()
            assert line, f"`vpi serve` ended with code {process.wait(START_SECONDS)}; its stderr says why"
            yield json.loads(line)["address"]
        finally:
            process.terminate()


def search(event_id: str, **data: Any) -> dict[str, Any]:
    """A request to rate a search, in the JSON form of protobuf but for its time."""
    event = {"id": event_id, "source": "/interop", "type": "search", "subject": "acme", "data": data}
    return {"ruleset": "proptech", "event": event}


VOICE = {"member": {"text": "ann"}, "voice": {"boolean": True}, "channel": {"text": "app"}}
COUNTED = {**VOICE, "resultCount": {"integer": 3}}
REFUSED = {**VOICE, "resultCount": {"text": "three"}, "channel": {"text": "ap"}}
FIRST_OF_JULY = 1_782_907_200  # 2026-07-01T12:00:00Z


def grpc_js(node: Node, server: str, requests: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """What grpc-js is answered."""
    path = folder / "requests.json"
    for request in requests:
        request["event"]["time"] = {"seconds": FIRST_OF_JULY}
    path.write_text(json.dumps(requests), encoding="utf-8")
    command = ["node", str(node.folder / "client.js"), server, str(path), *map(str, INCLUDES)]
    done = subprocess.run(command, capture_output=True, timeout=CALL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def buf_curl(node: Node, server: str, request: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """What buf is answered, which learns the interface from the server's reflection."""
    request["event"]["time"] = "2026-07-01T12:00:00Z"
    url = f"http://{server}/vpi.v1.EvaluationService/Evaluate"
    command = [node.tool("buf"), "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--data", "@-", url]
    text = json.dumps(request)
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=CALL_SECONDS, check=False)


def test_grpc_js_is_billed_once(node: Node, server: str, tmp_path: Path) -> None:
    first, again = grpc_js(node, server, [search("js-1", **COUNTED), search("js-1", **COUNTED)], tmp_path)
    evaluation = first["response"]["evaluation"]
    shown = {name: evaluation[name] for name in ("outcome", "interaction", "units", "price", "currency", "version")}
    assert shown == {
        "outcome": "OUTCOME_COUNTED",
        "interaction": "voice_search",
        "units": "1",
        "price": "0.05",
        "currency": "USD",
        "version": 2,
    }
    assert [line["interaction"] for line in evaluation["lines"]] == ["voice_search"]
    assert evaluation["reason"]
    assert again["response"]["evaluation"] == {**evaluation, "duplicate": True}


def test_grpc_js_reads_a_rich_error(node: Node, server: str, tmp_path: Path) -> None:
    (refused,) = grpc_js(node, server, [search("js-2", **REFUSED)], tmp_path)
    assert refused["error"]["code"] == "INVALID_ARGUMENT"
    (detail,) = refused["error"]["details"]
    assert detail["type"] == "google.rpc.BadRequest"
    violations = detail["value"]["field_violations"]
    assert sorted(violation["field"] for violation in violations) == ["data.channel", "data.resultCount"]
    assert all(violation["description"] for violation in violations)
    assert "three" not in json.dumps(refused), "the value of a string stays with the customer"


def test_buf_curl_is_billed(node: Node, server: str) -> None:
    done = buf_curl(node, server, search("buf-1", **COUNTED))
    assert done.returncode == 0, done.stderr
    evaluation = json.loads(done.stdout)["evaluation"]
    assert (evaluation["outcome"], evaluation["interaction"]) == ("OUTCOME_COUNTED", "voice_search")
    assert evaluation["units"] == "1"


def test_buf_curl_reads_a_rich_error(node: Node, server: str) -> None:
    done = buf_curl(node, server, search("buf-2", **REFUSED))
    assert done.returncode != 0
    error = json.loads(done.stderr)
    assert error["code"] == "invalid_argument"
    (detail,) = error["details"]
    assert detail["type"] == "google.rpc.BadRequest"
    padded = detail["value"] + "=" * (-len(detail["value"]) % 4)
    bad_request = error_details_pb2.BadRequest.FromString(base64.b64decode(padded))
    assert sorted(violation.field for violation in bad_request.field_violations) == ["data.channel", "data.resultCount"]
