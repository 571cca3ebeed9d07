"""How all tests run: how many random examples, from which seed, and with which outside programs."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.interop.node import Node, NodeMissing, installed

# The same examples in every run: a failure that comes and goes is worth less than one that stays. `make test-long`
# looks further, from a fresh seed each time.
settings.register_profile("short", max_examples=60, derandomize=True, deadline=None)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("short")

# Rule files among the tests are run by tests of their own: the plugin for pytest would run them again.
collect_ignore_glob = ["*.vpi", "*.cases.jsonl"]


@pytest.fixture(scope="session")
def node() -> Node:
    """Node with grpc-js and buf; a test that needs them is skipped where node is missing, except in CI."""
    try:
        return installed()
    except NodeMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"{missing}: CI must run this test, see .ci/run")
        pytest.skip(f"{missing}: install Node.js with npm to run the clients that are not written in Python")
