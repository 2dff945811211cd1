"""What happens to timers when clocks are put forward and back.

Berlin: on 28 March 2027 02:00 becomes 03:00, on 31 October 2027 03:00 becomes 02:00.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.cron_text import read_cron
from attune.domain.errors import InvalidInput
from attune.domain.local_time import moments, read_zone

BERLIN = "Europe/Berlin"
ZONES = [
    BERLIN,
    "America/New_York",
    "America/Havana",  # put back at 01:00 to midnight
    "Asia/Beirut",  # put forward at midnight
    "America/Nuuk",  # put forward late in the evening
    "Australia/Lord_Howe",  # half an hour
    "Africa/Casablanca",  # for the month of Ramadan
    "Asia/Kathmandu",  # 05:45, never changed
    "Pacific/Kiritimati",  # 14 hours ahead
]
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


def due(text: str, after: str, count: int, zone: str = BERLIN) -> list[str]:
    times = moments(read_cron(text), read_zone(zone), datetime.fromisoformat(after))
    return [
        moment.astimezone(read_zone(zone)).isoformat()
        for moment in islice(times, count)
    ]


def test_a_time_that_does_not_exist_comes_as_if_the_clock_had_not_changed() -> None:
    found = due("0 30 2 * * *", "2027-03-27T12:00:00+00:00", 2)

    assert found == ["2027-03-28T03:30:00+02:00", "2027-03-29T02:30:00+02:00"]


def test_a_time_that_exists_twice_is_the_first() -> None:
    found = due("0 30 2 * * *", "2027-10-30T12:00:00+00:00", 2)

    assert found == ["2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00"]


def test_two_times_that_become_one_fire_once() -> None:
    found = due("0 30 2,3 * * *", "2027-03-28T00:00:00+00:00", 2)

    assert found == ["2027-03-28T03:30:00+02:00", "2027-03-29T02:30:00+02:00"]


def test_what_is_due_each_hour_passes_over_the_hour_that_does_not_exist() -> None:
    found = due("0 15 * * * *", "2027-03-28T00:00:00+00:00", 3)

    assert [each[11:] for each in found] == [
        "01:15:00+01:00",
        "03:15:00+02:00",
        "04:15:00+02:00",
    ]


def test_what_is_due_each_hour_fires_in_both_hours_that_look_alike() -> None:
    found = due("0 15 * * * *", "2027-10-31T00:00:00+00:00", 3)

    assert [each[11:] for each in found] == [
        "02:15:00+02:00",
        "02:15:00+01:00",
        "03:15:00+01:00",
    ]


def test_seconds_of_an_hour_that_does_not_exist_keep_their_distance() -> None:
    found = due("*/20 0 2 * * *", "2027-03-28T00:00:00+00:00", 3)

    assert [each[11:19] for each in found] == ["03:00:00", "03:00:20", "03:00:40"]


@pytest.mark.parametrize("zone", ZONES)
@given(day=DAYS)
def test_what_is_due_each_second_is_due_each_second(zone: str, day: date) -> None:
    """Nothing is left out and nothing doubled, at any hour of any day."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    cron, local = read_cron("0 */10 * * * *"), read_zone(zone)

    found = list(islice(moments(cron, local, start), 300))

    gaps = {after - before for before, after in pairwise(found)}
    assert gaps == {timedelta(minutes=10)}


@pytest.mark.parametrize("zone", ZONES)
@given(day=DAYS, minute=st.integers(0, 1439))
def test_what_is_due_once_a_day_is_due_once_a_day(
    zone: str, day: date, minute: int
) -> None:
    """Whatever clocks do, no day is left out and none has two."""
    local = read_zone(zone)
    cron = read_cron(f"{minute % 60} {minute // 60} * * *")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)

    found = list(islice(moments(cron, local, start), 40))

    days = [_intended_day(moment, local, minute) for moment in found]
    assert days == [days[0] + timedelta(days=n) for n in range(40)]


def _intended_day(moment: datetime, zone: ZoneInfo, minute: int) -> date:
    """Return the day, were the clock not put forward over its end."""
    shown = moment.astimezone(zone)
    moved = shown.hour * 60 + shown.minute < minute - 720
    return (shown - timedelta(days=1)).date() if moved else shown.date()


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "X" * 999],
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="no time zone"):
        read_zone(name)
