"""Fixtures of the tests of replay."""

from tests.service.replay.spark_here import spark

__all__ = ["spark"]
