"""Calendar periods in zones of every kind, against the standard library, and what is remembered of an hour."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.zones import EARLIEST, HOUR, LATEST, PERIODS, Zone, zone_named, zone_names

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Offsets of half and quarter hours, changes at midnight, a day left out, a change of 30 minutes, local mean time.
ZONES = ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Monrovia",
         "America/Sao_Paulo", "Pacific/Chatham"]  # fmt: skip
INSTANTS = st.one_of(
    st.integers(EARLIEST, LATEST),
    st.integers(EARLIEST // HOUR, LATEST // HOUR - 1).flatmap(
        lambda hour: st.sampled_from(
            [hour * HOUR, (hour + 1) * HOUR - 1, hour * HOUR + HOUR // 4, hour * HOUR + HOUR // 2]
        )
    ),
    st.integers(0, 24 * 366).map(lambda hours: 1_735_689_600_000_000 + hours * HOUR),
)


def expected(name: str, instant: int) -> dict[str | None, int]:
    """All periods, by the standard library."""
    local = (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(name)).replace(tzinfo=UTC)
    day = (local - EPOCH) // timedelta(days=1)
    return {
        None: 0,
        "hour": instant - (local - EPOCH) // timedelta(microseconds=1) % HOUR,
        "day": day,
        "week": day - local.weekday(),
        "month": local.year * 12 + local.month - 1,
        "year": local.year,
    }


@pytest.mark.parametrize("name", ZONES)
@given(instants=st.lists(INSTANTS, max_size=8))
def test_periods(name: str, instants: list[int]) -> None:
    for zone in (zone_named(name), Zone(name)):
        for instant in instants:
            assert {period: zone.period(period, instant) for period in (None, *PERIODS)} == expected(name, instant)
            for period in PERIODS:
                known = zone.blocks(period).get(instant // HOUR)
                assert known is None or known == expected(name, instant)[period]


def test_every_zone_has_its_name_and_no_other_has() -> None:
    assert {"UTC", "Europe/Berlin"} <= zone_names()
    with pytest.raises(KeyError):
        zone_named("Europe/Nowhere")
