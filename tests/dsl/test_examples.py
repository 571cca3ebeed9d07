"""Running examples: what is compared, what a failure says, and that each example begins anew."""

import pytest

from dsl import core, examples, interpreter
from dsl.checker import check
from dsl.diagnostics import show
from dsl.evaluation import Counters, Evaluation, Refusal
from dsl.event import Event
from dsl.source import Source

HEAD = """ruleset shop
version 1
effective 2026-07-01
currency EUR

event call
  minutes integer from 0 to 60

interaction talk
  counts call with minutes > 0
  limit 2 per day
  units minutes
  price 0.05 per minute

example "calls"
"""


def failures(*steps: str) -> list[examples.Failure]:
    source = Source("shop.vpi", HEAD + "".join(f"  {step}\n" for step in steps))
    ruleset, found = check(source)
    assert ruleset is not None, found

    def evaluate(event: Event, counters: Counters) -> Evaluation | Refusal:
        assert isinstance(ruleset, core.Ruleset)
        return interpreter.evaluate(ruleset, event, counters)

    return examples.run(ruleset, evaluate)


def test_what_comes_out_as_expected_says_nothing() -> None:
    assert failures("call (minutes: 2) => talk, 2 minutes, 0.1") == []


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            "call (minutes: 2) => talk, 2 minutes, 0.11",
            "expected `talk, 2 minutes, 0.11`, but it came to `talk, 2 minutes, 0.10`",
        ),
        (
            "call (minutes: 2) => talk, 3 minutes, 0.1",
            "expected `talk, 3 minutes, 0.10`, but it came to `talk, 2 minutes, 0.10`",
        ),
        ("call (minutes: 2) => nothing", "expected `nothing`, but it came to `talk, 2 minutes, 0.10`"),
        ("call (minutes: 0) => talk, 1 minute, 0.05", "expected `talk, 1 minute, 0.05`, but it came to `nothing`"),
        ("call (minutes: 0) => limited", "expected `limited`, but it came to `nothing`"),
        ("call (minutes: 1) => refused", "expected `refused`, but it came to `talk, 1 minute, 0.05`"),
    ],
)
def test_a_failure_says_what_was_expected_and_what_came(step: str, message: str) -> None:
    [failure] = failures(step)
    assert failure.message.startswith(message)
    assert failure.reason
    assert failure.message == f"{message}: {failure.reason}"


def test_later_steps_see_earlier_ones_and_are_told_apart() -> None:
    call = "call (minutes: 1) => talk, 1 minute, 0.05"
    [failure] = failures(call, call, call)
    assert (failure.example, failure.step) == ("calls", 2)
    assert failure.message.startswith("expected `talk, 1 minute, 0.05`, but it was `limited`")


def test_a_failure_is_shown_at_its_step() -> None:
    [failure] = failures("call (minutes: 2) => nothing")
    shown = show(failure.diagnostic, Source("shop.vpi", HEAD + "  call (minutes: 2) => nothing\n")).splitlines()
    assert shown[0].startswith("shop.vpi:16:3: error[example-failed]: in the example `calls`, expected `nothing`")
    assert shown[1] == "   16 |   call (minutes: 2) => nothing"
    assert shown[3].startswith("  help: ")
