"""What a call failed with, as plain data, and the exception that carries it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One mistake in a request: the field's path, a stable reason such as UNKNOWN_ATTRIBUTE, and a sentence."""

    field: str
    reason: str
    description: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A status that is not OK, with the details that came with it.

    `code` is the status's name, such as UNAVAILABLE. `reason` and `metadata` say which error it is, for programs; ""
    and empty where the server names none. `retry_after_seconds` is how long the server asks to wait, None where it does
    not ask.
    """

    code: str
    message: str
    violations: tuple[FieldViolation, ...] = ()
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after_seconds: float | None = None


class CallFailed(Exception):
    """The server answered with a status, or could not be reached; `attempts` is how often the call was sent.

    `code`, `message`, `violations`, `reason` and `metadata` are those of the last attempt's Failure.
    """

    def __init__(self, failure: Failure, attempts: int = 1) -> None:
        tried = f" (after {attempts} attempts)" if attempts > 1 else ""
        super().__init__(f"{failure.code}: {failure.message}{tried}")
        self.failure, self.attempts = failure, attempts
        self.code, self.message = failure.code, failure.message
        self.violations, self.reason, self.metadata = failure.violations, failure.reason, failure.metadata
