"""The retry core alone, under a clock and a chance that the test holds."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.client.failures import Failure
from service.client.retry import ONCE, Attempts, RetryPolicy, may_repeat

CODES = (
    "CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
    "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
    "UNAUTHENTICATED"
).split()
SECONDS = st.floats(0, 100)
POLICIES = st.builds(RetryPolicy, st.integers(1, 12), SECONDS, SECONDS, st.floats(0.01, 100))
FAILURES = st.builds(
    lambda code, after: Failure(code, "", retry_after_seconds=after), st.sampled_from(CODES), st.none() | SECONDS
)


@dataclass
class Clock:
    """Time that passes only when told to."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now


def unavailable(retry_after: float | None = None) -> Failure:
    return Failure("UNAVAILABLE", "", retry_after_seconds=retry_after)


def waits(policy: RetryPolicy, chance: float, retry_after: float | None = None) -> list[float]:
    """The waits of a call that never succeeds, with time without end."""
    attempts = Attempts(policy, 1e9, Clock(), lambda: chance)
    found = []
    attempts.begin()
    while (wait := attempts.wait_after(unavailable(retry_after), idempotent=True)) is not None:
        found.append(wait)
        attempts.begin()
    return found


def test_waits_are_drawn_from_a_span_that_doubles_up_to_its_cap() -> None:
    policy = RetryPolicy(most_attempts=7, first_wait_seconds=1, longest_wait_seconds=8)
    assert waits(policy, 0.5) == [0.5, 1, 2, 4, 4, 4]
    assert waits(policy, 0.0) == [0, 0, 0, 0, 0, 0]


def test_a_wait_that_the_server_asks_for_is_kept_and_chance_comes_on_top() -> None:
    policy = RetryPolicy(most_attempts=4, first_wait_seconds=1, longest_wait_seconds=8)
    assert waits(policy, 0.0, retry_after=0.25) == [0.25, 0.25, 0.25]
    assert waits(policy, 0.5, retry_after=0.25) == [0.75, 1.25, 2.25]


def test_a_very_long_row_of_attempts_overflows_nothing() -> None:
    assert waits(RetryPolicy(most_attempts=1200, longest_wait_seconds=2), 0.5)[-1] == 1


def test_once_is_never_again() -> None:
    assert waits(ONCE, 0.5) == []


@pytest.mark.parametrize("code", CODES)
def test_only_what_is_safe_is_repeated(code: str) -> None:
    always = {"UNAVAILABLE"}
    in_doubt = {"DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN"}
    assert may_repeat(Failure(code, ""), idempotent=False) is (code in always)
    assert may_repeat(Failure(code, ""), idempotent=True) is (code in always | in_doubt)


def test_what_is_exhausted_is_repeated_where_the_server_says_when() -> None:
    """Without a wait it is a message that is too large: it would be so the next time."""
    assert not may_repeat(Failure("RESOURCE_EXHAUSTED", ""), idempotent=True)
    assert may_repeat(Failure("RESOURCE_EXHAUSTED", "", retry_after_seconds=0.2), idempotent=False)


def test_a_wait_that_would_use_up_the_time_is_not_begun() -> None:
    clock = Clock()
    attempts = Attempts(RetryPolicy(first_wait_seconds=0), 10, clock, lambda: 0.0)
    attempts.begin()
    clock.now += 4
    assert attempts.wait_after(unavailable(5), True) == 5
    assert attempts.wait_after(unavailable(6), True) is None


def test_an_attempt_gets_its_own_time_and_never_more_than_is_left() -> None:
    clock = Clock()
    attempts = Attempts(RetryPolicy(attempt_seconds=4), 10, clock, lambda: 0.0)
    assert attempts.begin() == 4
    clock.now += 7
    assert attempts.begin() == 3
    clock.now += 7
    assert attempts.begin() == 0


@given(POLICIES, SECONDS, st.lists(st.tuples(FAILURES, SECONDS, st.floats(0, 1, exclude_max=True)), max_size=15))
def test_no_call_ever_lasts_longer_or_is_sent_more_often_than_allowed(
    policy: RetryPolicy, timeout: float, fates: list[tuple[Failure, float, float]]
) -> None:
    """However long attempts take within their own time, whatever they fail with and whatever chance says."""
    clock = Clock()
    chances = iter([chance for _, _, chance in fates])
    attempts = Attempts(policy, timeout, clock, lambda: next(chances))
    for failure, duration, _ in fates:
        allowed = attempts.begin()
        assert allowed <= policy.attempt_seconds
        clock.now += min(duration, allowed)
        wait = attempts.wait_after(failure, idempotent=True)
        if wait is None:
            break
        assert may_repeat(failure, idempotent=True)
        asked = failure.retry_after_seconds or 0.0
        assert asked <= wait <= asked + policy.longest_wait_seconds
        clock.now += wait
        # Sums of binary fractions differ in their last place.
        assert clock.now < 1000.0 + timeout + 1e-9
    assert attempts.made <= policy.most_attempts
    assert clock.now <= 1000.0 + timeout + 1e-9


@pytest.mark.parametrize(
    "wrong",
    [{"most_attempts": 0}, {"first_wait_seconds": -1.0}, {"longest_wait_seconds": -0.1}, {"attempt_seconds": 0.0}],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        RetryPolicy(**wrong)  # type: ignore[arg-type]  # the counts are written as numbers
