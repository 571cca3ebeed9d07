"""Benchmarks: each figure beside a baseline that runs in turn with it; medians, never asserts."""
