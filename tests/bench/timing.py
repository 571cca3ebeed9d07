"""Timing fairly on a noisy machine: the two sides take turns, and medians are compared."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians of the two sides over the rounds, and the median of the rounds' ratios, in the same unit."""

    ours: float
    baseline: float
    ratio: float


def seconds(work: Callable[[], object]) -> float:
    """How long one run takes, with the garbage of others out of the way."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def side_by_side(ours: Callable[[], float], baseline: Callable[[], float], rounds: int = ROUNDS) -> Pair:
    """Both sides measured in turn, after one round that is not counted; each gives its own figure."""
    figures = [(ours(), baseline()) for _ in range(rounds + 1)][1:]
    return Pair(
        statistics.median(a for a, _ in figures),
        statistics.median(b for _, b in figures),
        statistics.median(a / b for a, b in figures),
    )


def report(what: str, pair: Pair, unit: str, asked: str, baseline: str) -> None:
    """One line: what was measured, both sides, their ratio, and what is asked of it."""
    print(f"{what}\n    {pair.ours:>12,.2f} {unit}   against {pair.baseline:>12,.2f} {unit} ({baseline})")
    print(f"    ratio {pair.ratio:.2f}, asked: {asked}", flush=True)
