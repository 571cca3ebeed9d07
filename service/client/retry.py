"""When a failed call is sent again, and after which wait; clock and chance are passed in, and nothing here waits."""

from collections.abc import Callable
from dataclasses import dataclass

from service.client.failures import Failure

IN_DOUBT = frozenset({"DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN"})
"""Statuses that leave open whether the server did what was asked: time ran out, the server ended, or the connection
broke. The service gives none of them itself."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a call is sent and how long is waited in between.

    The wait before attempt n+1 is drawn evenly from 0 to `first_wait_seconds` × 2ⁿ⁻¹, at most `longest_wait_seconds`;
    where the server asks for a wait of its own, it is added to that. `attempt_seconds` is the most that one attempt may
    take, so that an answer that got lost is asked for again before the call's own time is over.
    """

    most_attempts: int = 10
    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 5.0
    attempt_seconds: float = 20.0

    def __post_init__(self) -> None:
        if self.most_attempts < 1:
            raise ValueError(f"a call is sent at least once, not {self.most_attempts} times")
        if self.first_wait_seconds < 0 or self.longest_wait_seconds < 0:
            raise ValueError("a wait is never negative")
        if self.attempt_seconds <= 0:
            raise ValueError("an attempt needs some time: attempt_seconds must be above 0")


ONCE = RetryPolicy(most_attempts=1)
"""No retries."""


def may_repeat(failure: Failure, idempotent: bool) -> bool:
    """Whether sending the same call again is safe and may help.

    UNAVAILABLE says that nothing was done, or that only sending it again tells. RESOURCE_EXHAUSTED is repeated only
    with a wait that the server asks for: without one a message is too large, and stays so. What leaves in doubt whether
    it was done is repeated only if `idempotent`: doing it twice is doing it once.
    """
    match failure.code:
        case "UNAVAILABLE":
            return True
        case "RESOURCE_EXHAUSTED":
            return failure.retry_after_seconds is not None
        case code:
            return idempotent and code in IN_DOUBT


class Attempts:
    """The attempts of one call: at most `policy.most_attempts`, all within `timeout_seconds` from now, waits included.

    `clock` gives seconds that never run backwards, `chance` a number from 0 to below 1.
    """

    def __init__(
        self, policy: RetryPolicy, timeout_seconds: float, clock: Callable[[], float], chance: Callable[[], float]
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self._end = clock() + timeout_seconds
        self.made = 0
        """How many were begun."""

    def begin(self) -> float:
        """Counts an attempt and gives the seconds that it may take; 0 where the call's time is over."""
        self.made += 1
        return max(0.0, min(self._policy.attempt_seconds, self._end - self._clock()))

    def wait_after(self, failure: Failure, idempotent: bool) -> float | None:
        """Seconds to wait before the next attempt; None where there must be none.

        A wait that would not leave any time for the attempt after it is not begun.
        """
        if self.made >= self._policy.most_attempts or not may_repeat(failure, idempotent):
            return None
        # Far more doublings than a wait can need; 2.0 ** 1024 would overflow.
        longest = self._policy.first_wait_seconds * 2.0 ** min(self.made - 1, 64)
        wait = self._chance() * min(longest, self._policy.longest_wait_seconds)
        # The server gives many clients the same wait at once; chance on top keeps them from coming back together.
        wait += failure.retry_after_seconds or 0.0
        return wait if self._clock() + wait < self._end else None
