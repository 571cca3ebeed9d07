"""Random well-typed programs as text, and random events for them: what every back end is tested with.

`random_program` and `random_events` take a `random.Random` and serve long runs; `programs` and `events_for` are the
same for Hypothesis, which shrinks a program's size and the number of its events.
"""

from random import Random

from hypothesis import strategies as st

from tests.programs.events import RawEvent, as_event, random_events
from tests.programs.generator import LARGEST, random_program
from tests.programs.model import Attribute, EventType, Program

__all__ = [
    "Attribute",
    "EventType",
    "Program",
    "RawEvent",
    "as_event",
    "events_for",
    "programs",
    "random_events",
    "random_program",
]

_SEEDS = st.integers(0, 2**32 - 1)


def programs(largest: int = LARGEST) -> st.SearchStrategy[Program]:
    """Random well-typed programs up to a size from 0 (tiny) to 5 (large)."""
    return st.builds(lambda step, seed: random_program(Random(seed), step), st.integers(0, largest), _SEEDS)


def events_for(program: Program, most: int = 40) -> st.SearchStrategy[list[RawEvent]]:
    """Random events for a program, in order of arrival."""
    return st.builds(lambda n, seed: random_events(program, Random(seed), n), st.integers(0, most), _SEEDS)
