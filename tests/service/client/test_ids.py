"""Ids for events that have none yet."""

from uuid import RFC_4122, UUID

from service.client import new_id

MOMENT = 1_782_864_000_123_456
"""2026-07-01T00:00:00.123456Z, in microseconds."""


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = UUID(new_id())
    assert (made.version, made.variant) == (7, RFC_4122)


def test_an_id_begins_with_the_millisecond_of_its_making() -> None:
    made = UUID(new_id(lambda: MOMENT, lambda _: 0))
    assert made.int >> 80 == MOMENT // 1000


def test_ids_sort_by_the_microsecond_of_their_making() -> None:
    most = new_id(lambda: MOMENT, lambda bits: (1 << bits) - 1)
    least = new_id(lambda: MOMENT + 1, lambda _: 0)
    assert most < least


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id(lambda: MOMENT) for _ in range(100)}) == 100
