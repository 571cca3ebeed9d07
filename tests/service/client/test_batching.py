"""Cutting events into batches: lists into calls, streams as they come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.client.batching import MOST_BYTES, MOST_EVENTS, Bounds, Window, cut
from service.client.channels import LARGEST_MESSAGE
from service.rpc import requests, server
from vpi.v1 import evaluation_pb2 as pb

BOUNDS = st.builds(Bounds, st.integers(1, 5), st.integers(1, 60), st.just(0.0), st.integers(1, 3))
MESSAGES = st.lists(st.text("ab", max_size=30), max_size=30).map(lambda ids: [pb.Event(id=one) for one in ids])


def fits(batch: list[pb.Event], bounds: Bounds) -> bool:
    """Within its bounds, or one event that is too large for any."""
    return len(batch) <= bounds.events and (sum(m.ByteSize() for m in batch) <= bounds.bytes or len(batch) == 1)


def test_the_bounds_are_the_server_s() -> None:
    assert MOST_EVENTS == requests.MOST_EVENTS
    assert LARGEST_MESSAGE == server.LARGEST_MESSAGE
    assert MOST_BYTES * 2 == LARGEST_MESSAGE


@given(MESSAGES, BOUNDS)
def test_a_list_is_cut_within_bounds_and_as_rarely_as_they_allow(messages: list[pb.Event], bounds: Bounds) -> None:
    batches = list(cut(messages, bounds))
    assert [message for batch in batches for message in batch] == messages
    assert all(batch and fits(batch, bounds) for batch in batches)
    assert not any(fits([*before, after[0]], bounds) for before, after in pairwise(batches))


@given(MESSAGES, BOUNDS, st.data())
def test_a_window_gives_every_event_once_in_order_and_holds_no_more_than_it_may(
    messages: list[pb.Event], bounds: Bounds, data: st.DataObject
) -> None:
    """Whenever answers come and timers end."""
    window, sent = Window(bounds), []
    left = list(messages)
    ended = False
    while not (window.all_taken and not window.unanswered):
        assert len(window.unanswered) <= bounds.in_flight
        if data.draw(st.booleans()) and window.unanswered:
            batch = window.unanswered[0]
            assert fits(batch, bounds)
            sent += batch
            window.answered()
        elif left:
            if window.put(left[0]):
                left.pop(0)
            else:
                assert len(window.unanswered) == bounds.in_flight
            if data.draw(st.booleans()):
                window.flush(window.serial)
        elif not ended:
            ended = True
            window.end()
    assert sent == messages


def test_a_batch_that_is_not_full_waits_for_its_time() -> None:
    window = Window(Bounds(events=3))
    assert window.put(pb.Event(id="a"))
    assert window.is_begun()
    assert not window.unanswered
    window.flush(window.serial)
    assert [len(batch) for batch in window.unanswered] == [1]


def test_a_timer_of_a_batch_that_has_gone_does_nothing_to_the_next() -> None:
    window = Window(Bounds(events=2))
    began = window.serial
    for name in "abc":
        window.put(pb.Event(id=name))
    window.flush(began)
    assert [len(batch) for batch in window.unanswered] == [2]


@pytest.mark.parametrize(
    "wrong", [{"events": 0}, {"events": 10_001}, {"bytes": 0}, {"bytes": 2**25}, {"seconds": -1}, {"in_flight": 0}]
)
def test_bounds_that_no_batch_can_keep_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Bounds(**wrong)
