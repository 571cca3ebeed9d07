"""Taking an evaluation back: minus its units, and the price that falls away along the curve and through caps."""

from collections.abc import Callable

from dsl.core import Ruleset
from dsl.evaluation import Change, CounterKey, Counters, Evaluation, Line
from dsl.event import Event


def void(
    ruleset: Ruleset,
    event: Event,
    evaluation: Evaluation,
    counters: Counters,
    one_version: Callable[[CounterKey], bool],
) -> tuple[tuple[Line, ...], tuple[Change, ...]]:
    """The lines and changes that take `evaluation` back, against the counters as they stand now."""
    raise NotImplementedError
