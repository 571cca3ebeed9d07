"""Which version prices an event, to the microsecond, and which times are refused whatever the rules say."""

from dsl.evaluation import Evaluation
from dsl.event import Event
from dsl.zones import DAY, EARLIEST, LATEST
from service.errors import EventRefused, NoVersionInForce
from service.rating import rater
from service.registry import Registry, Versions
from tests.service.rules import FIRST, JULY, JUNE, SECOND_VERSION, registry, search, version_of


def version_for(versions: Versions, *times: int) -> list[object]:
    """The version that prices an event of each time, in turn; the error where there is none."""
    rate = rater(versions)
    found: list[object] = []
    for time in times:
        rated = rate(search(time=time), {})
        found.append(rated[0].version if isinstance(rated, tuple) else type(rated))
    return found


def test_a_version_prices_from_its_first_instant_to_the_last_before_the_next() -> None:
    times = (JUNE, JULY - 1, JULY, JULY - 1, JULY + 1, JUNE)
    assert version_for(registry().versions("shop"), *times) == [1, 1, 2, 1, 2, 1]


def test_before_the_first_version_nothing_is_priced() -> None:
    assert version_for(registry().versions("shop"), JUNE - 1, JUNE, JUNE - 1) == [NoVersionInForce, 1, NoVersionInForce]


def test_the_first_and_the_last_instant_that_there_are_have_their_versions() -> None:
    first = FIRST.replace("2026-06-01", "1900-01-01")
    versions = Registry([version_of(first), version_of(SECOND_VERSION)]).versions("shop")
    assert version_for(versions, EARLIEST, JULY, EARLIEST, LATEST) == [1, 2, 1, 2]
    assert version_for(versions, LATEST, EARLIEST) == [2, 1]
    assert version_for(versions, EARLIEST - 1, LATEST + 1) == [EventRefused, EventRefused]


def test_an_event_may_be_a_day_ahead_of_its_arrival_and_not_a_microsecond_more() -> None:
    now = [JULY]
    rate = rater(registry().versions("shop"), clock=lambda: now[0])

    def refused(event: Event) -> list[str]:
        rated = rate(event, {})
        if isinstance(rated, EventRefused):
            return [violation.id for violation in rated.violations]
        assert isinstance(rated, tuple) and isinstance(rated[1], Evaluation)
        return []

    assert refused(search(time=JULY + DAY)) == []
    assert refused(search(time=JULY + DAY + 1)) == ["time-in-future"]
    now[0] += 1
    assert refused(search(time=JULY + DAY + 1)) == []
    assert refused(search(time=JULY + DAY + 2)) == ["time-in-future"]


def test_what_else_is_wrong_with_an_event_from_the_future_is_named_as_well() -> None:
    rated = rater(registry().versions("shop"), clock=lambda: JULY)(search(time=JULY + 2 * DAY, results="many"), {})
    assert isinstance(rated, EventRefused)
    assert sorted(violation.field for violation in rated.violations) == ["data.results", "time"]
