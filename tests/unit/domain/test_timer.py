"""What timers say, what wakes them, and what outlives a change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from attune.domain.alarm import CalendarAlarm, EveryAlarm, SleepAlarm, alarm_of
from attune.domain.timer import Timer
from attune.domain.timer_payload import timer_payload
from attune.domain.timer_state import next_due, state_of
from attune.domain.timer_text import read_timer

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def timer(kind: str, **params: Any) -> Timer:
    return read_timer(f"core.{kind}timer", params)


@pytest.mark.parametrize(
    ("kind", "params", "payload"),
    [
        (
            "interval",
            {"unit": "minutes", "interval": 5},
            {"type": "interval", "interval_seconds": 300, "execution_count": 7},
        ),
        (
            "cron",
            {"expression": "0 0 12 * * *", "timezone": "Etc/UTC"},
            {
                "type": "cron",
                "scheduled_at": "2027-03-01T12:00:00+00:00",
                "expression": "0 0 12 * * *",
                "timezone": "Etc/UTC",
                "next_fire_at": "2027-03-02T12:00:00+00:00",
                "execution_count": 7,
            },
        ),
        (
            "datetime",
            {"fire_at": "2027-03-01T13:00:00", "timezone": "Europe/Berlin"},
            {
                "type": "one_shot",
                "fire_at": "2027-03-01T12:00:00+00:00",
                "timezone": "Europe/Berlin",
                "delay_ms": 250,
            },
        ),
        (
            "rrule",
            {"freq": "DAILY"},
            {
                "type": "rrule",
                "scheduled_at": "2027-03-01T12:00:00+00:00",
                "delay_ms": 250,
                "execution_count": 7,
            },
        ),
    ],
)
def test_a_payload_is_what_the_contract_says(
    kind: str, params: dict[str, Any], payload: dict[str, Any]
) -> None:
    one = timer(kind, **params)

    said = timer_payload(
        one,
        due=NOON,
        fired_at=NOON + timedelta(milliseconds=250),
        next_due=next(one.due_after(NOON, NOON), None),
        count=7,
    )

    assert said == payload | {
        "fired_at": "2027-03-01T12:00:00.250000+00:00",
        "sensor_ref": "core.timer",
    }


def test_an_interval_is_woken_at_the_multiples_that_meet_its_anchor() -> None:
    anchor = NOON + timedelta(seconds=3)

    alarm = alarm_of(timer("interval", unit="seconds", interval=7), anchor)

    assert isinstance(alarm, EveryAlarm)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert (anchor - epoch - alarm.offset) % alarm.every == timedelta()
    assert alarm.offset < alarm.every


def test_a_cron_expression_is_woken_by_calendars() -> None:
    alarm = alarm_of(timer("cron", expression="0 */30 9-17 * 1,2,3,6 MON-FRI"), NOON)

    assert isinstance(alarm, CalendarAlarm)
    [calendar] = alarm.calendars
    assert calendar.minutes == [(0, 0), (30, 30)]
    assert calendar.hours == [(9, 17)]
    assert calendar.days_of_month == [(1, 31)]
    assert calendar.months == [(1, 3), (6, 6)]
    assert calendar.days_of_week == [(1, 5)]


def test_either_kind_of_day_takes_two_calendars() -> None:
    alarm = alarm_of(timer("cron", expression="0 0 13 * FRI"), NOON)

    assert isinstance(alarm, CalendarAlarm)
    assert [each.days_of_week for each in alarm.calendars] == [[(0, 6)], [(5, 5)]]
    assert [each.days_of_month for each in alarm.calendars] == [[(13, 13)], [(1, 31)]]


def test_a_date_is_woken_once() -> None:
    alarm = alarm_of(timer("datetime", fire_at="2030-01-02T03:04:05Z"), NOON)

    assert isinstance(alarm, CalendarAlarm)
    assert alarm.calendars[0].years == [(2030, 2030)]


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("cron", {"expression": "0 9 * * *", "timezone": "Europe/Berlin"}),
        ("cron", {"expression": "0 9 L * *"}),
        ("cron", {"expression": "0 9 * * MON#1"}),
        ("rrule", {"freq": "DAILY"}),
        ("datetime", {"fire_at": "2030-01-02T03:04:05.5Z"}),
    ],
)
def test_what_a_schedule_cannot_express_is_slept_for(
    kind: str, params: dict[str, Any]
) -> None:
    assert alarm_of(timer(kind, **params), NOON) == SleepAlarm()


def test_a_change_of_anything_but_its_times_leaves_a_timer_where_it_stands() -> None:
    before = timer("interval", unit="seconds", interval=7)
    stood = state_of(before, None, changed_at=NOON)

    after = timer("interval", unit="seconds", interval=7, misfire="all")

    later = NOON + timedelta(seconds=100)
    assert state_of(after, stood, changed_at=later) == stood


def test_a_change_of_its_times_begins_anew() -> None:
    before = timer("interval", unit="seconds", interval=7)
    stood = state_of(before, None, changed_at=NOON)
    later = NOON + timedelta(seconds=100, milliseconds=700)

    after = timer("interval", unit="seconds", interval=10)
    stands = state_of(after, stood, changed_at=later)

    # Anchors are whole seconds, which is all that a Schedule can keep.
    assert stands.anchor == NOON + timedelta(seconds=101)
    assert stands.done_until == later
    assert next_due(after, stands) == NOON + timedelta(seconds=111)


def test_what_was_dealt_with_stays_so_whatever_becomes_of_fingerprints() -> None:
    one = timer("interval", unit="seconds", interval=7)
    later = NOON + timedelta(days=9)
    stood = replace(state_of(one, None, changed_at=NOON), fingerprint="of before")

    stands = state_of(one, replace(stood, done_until=later), changed_at=NOON)

    assert (stands.anchor, stands.done_until) == (stood.anchor, later)


@pytest.mark.parametrize(
    ("kind", "params", "text"),
    [
        ("interval", {"unit": "seconds", "interval": 90}, "every 90 seconds"),
        ("interval", {"unit": "seconds", "interval": 3600}, "every hour"),
        ("interval", {"unit": "hours", "interval": 48}, "every 2 days"),
        ("cron", {"expression": "@daily"}, "@daily (UTC)"),
        (
            "datetime",
            {"fire_at": "2030-01-02T03:04:05Z", "timezone": "Asia/Tokyo"},
            "once at 2030-01-02T12:04:05+09:00",
        ),
        ("rrule", {"freq": "WEEKLY", "interval": 2}, "weekly, interval 2 (UTC)"),
    ],
)
def test_a_timer_says_itself_in_a_few_words(
    kind: str, params: dict[str, Any], text: str
) -> None:
    assert timer(kind, **params).times.text == text


@pytest.mark.parametrize("kind", ["interval", "cron", "rrule"])
def test_nothing_is_due_after_the_last_year(kind: str) -> None:
    params: dict[str, Any] = {
        "interval": {"unit": "days", "interval": 1000},
        "cron": {"expression": "0 0 1 1 *"},
        "rrule": {"freq": "YEARLY"},
    }

    found = list(islice(timer(kind, **params[kind]).due_after(NOON, NOON), 200))

    assert 0 < len(found) < 100
