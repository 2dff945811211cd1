"""What timers say of their times: read, or refused with the place of each mistake."""

import time
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.json import JsonObject
from attune.domain.timer import TIMER_TRIGGERS, Misfire
from attune.domain.timer_text import read_timer, timer_problems
from tests.support.json_values import values

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def due(kind: str, most: int = 3, **params: Any) -> list[str]:
    timer = read_timer(f"core.{kind}timer", params)
    return [
        moment.isoformat()[:19] for moment in islice(timer.due_after(NOON, NOON), most)
    ]


def test_an_interval_counts_from_its_anchor() -> None:
    found = due("interval", unit="minutes", interval=90)

    assert found == [
        "2027-03-01T13:30:00",
        "2027-03-01T15:00:00",
        "2027-03-01T16:30:00",
    ]


def test_an_interval_is_a_minute_unless_said_otherwise() -> None:
    assert due("interval", 1) == ["2027-03-01T12:01:00"]


def test_an_interval_keeps_its_beat_whenever_it_is_asked() -> None:
    timer = read_timer("core.intervaltimer", {"unit": "seconds", "interval": 7})

    later = next(timer.due_after(NOON.replace(minute=59, second=58), NOON))

    assert (later - NOON).total_seconds() % 7 == 0


def test_a_date_is_due_once() -> None:
    assert due("datetime", fire_at="2030-01-01T00:00:00Z") == ["2030-01-01T00:00:00"]


def test_a_date_that_has_passed_is_never_due() -> None:
    assert due("datetime", fire_at="2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    ("fire_at", "zone", "moment"),
    [
        ("2030-07-01T09:00:00+05:00", "Europe/Berlin", "2030-07-01T04:00:00"),
        ("2030-07-01T09:00:00", "Europe/Berlin", "2030-07-01T07:00:00"),
        ("2030-07-01 09:00", None, "2030-07-01T09:00:00"),
        ("2030-07-01", "Europe/Berlin", "2030-06-30T22:00:00"),
        ("2027-03-28T02:30:00", "Europe/Berlin", "2027-03-28T01:30:00"),
        ("2027-10-31T02:30:00", "Europe/Berlin", "2027-10-31T00:30:00"),
    ],
)
def test_a_date_is_read_on_the_clock_of_its_zone(
    fire_at: str, zone: str | None, moment: str
) -> None:
    assert due("datetime", fire_at=fire_at, timezone=zone) == [moment]


def test_a_recurrence_begins_with_its_first_time() -> None:
    found = due("rrule", freq="WEEKLY", dtstart="2027-04-05T09:00:00", by_day=["MO"])

    assert found == [
        "2027-04-05T09:00:00",
        "2027-04-12T09:00:00",
        "2027-04-19T09:00:00",
    ]


def test_a_recurrence_without_a_beginning_begins_with_the_timer() -> None:
    assert due("rrule", 2, freq="DAILY") == [
        "2027-03-02T12:00:00",
        "2027-03-03T12:00:00",
    ]


def test_a_recurrence_ends_with_its_count() -> None:
    found = due("rrule", 9, freq="DAILY", dtstart="2027-02-28T15:00:00Z", count=3)

    assert found == ["2027-03-01T15:00:00", "2027-03-02T15:00:00"]


def test_a_recurrence_ends_with_its_last_time() -> None:
    found = due("rrule", 9, rule="FREQ=DAILY;UNTIL=20270303T120000Z")

    assert found == ["2027-03-02T12:00:00", "2027-03-03T12:00:00"]


def test_a_recurrence_may_be_one_text() -> None:
    found = due(
        "rrule",
        2,
        rule="DTSTART;TZID=Europe/Berlin:20270401T090000\nRRULE:FREQ=MONTHLY",
    )

    assert found == ["2027-04-01T07:00:00", "2027-05-01T07:00:00"]


def test_what_is_missed_of_an_interval_fires_once_and_all_of_anything_else() -> None:
    interval = read_timer("core.intervaltimer", {})
    cron = read_timer("core.crontimer", {"expression": "* * * * *"})
    chosen = read_timer("core.intervaltimer", {"misfire": "skip"})

    assert (interval.misfire, cron.misfire) == (Misfire.ONCE, Misfire.ALL)
    assert chosen.misfire is Misfire.SKIP


def test_only_what_changes_the_times_changes_the_fingerprint() -> None:
    def mark(**params: Any) -> str:
        return read_timer("core.crontimer", params).fingerprint

    assert mark(expression="0 * * * *") == mark(
        expression="0 * * * *", misfire="once", description="hourly"
    )
    assert mark(expression="0 * * * *") != mark(expression="1 * * * *")
    assert mark(expression="0 * * * *") != mark(
        expression="0 * * * *", timezone="Asia/Tokyo"
    )


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    params: JsonObject = {
        "freq": "YEARLY",
        "by_month": [3, 1, 2],
        "by_day": ["FR", "MO"],
    }

    timer = read_timer("core.rruletimer", params)

    list(islice(timer.due_after(NOON, NOON), 3))
    assert timer.fingerprint == "9b337574ab0ffc21"


@pytest.mark.parametrize(
    ("kind", "params", "says"),
    [
        ("interval", {"interval": 0}, "trigger_params.interval: must be between 1 and"),
        ("interval", {"interval": -5}, "trigger_params.interval: must be between 1"),
        ("interval", {"interval": 10**9}, "must be between 1 and 316224000"),
        ("interval", {"interval": 4000, "unit": "days"}, "between 1 and 3660"),
        ("interval", {"interval": "5"}, "trigger_params.interval: must be a whole"),
        ("interval", {"interval": True}, "trigger_params.interval: must be a whole"),
        ("interval", {"unit": "weeks"}, "trigger_params.unit: must be one of seconds"),
        ("interval", {"misfire": "some"}, "trigger_params.misfire: must be one of all"),
        ("interval", {"misfire_limit": 0}, "trigger_params.misfire_limit: must be"),
        ("cron", {}, "trigger_params.expression: is required"),
        ("cron", {"expression": 5}, "trigger_params.expression: must be a text"),
        ("cron", {"expression": "x"}, "trigger_params.expression: a cron expression"),
        (
            "cron",
            {"expression": "* * * * *", "timezone": "Mars"},
            "trigger_params.timezone: 'Mars' is no time zone",
        ),
        ("datetime", {}, "trigger_params.fire_at: is required"),
        ("datetime", {"fire_at": "soon"}, "trigger_params.fire_at: 'soon' is no date"),
        ("datetime", {"fire_at": 1893456000}, "trigger_params.fire_at: must be a text"),
        ("datetime", {"fire_at": "2030-02-30"}, "'2030-02-30' does not exist"),
        ("datetime", {"fire_at": "2030-01-01T25:00Z"}, "does not exist"),
        ("datetime", {"fire_at": "9999-12-31T23:59:59-23:59"}, "from 2000 to 2099"),
        ("datetime", {"fire_at": "0001-01-01T00:00:00+14:00"}, "from 2000 to 2099"),
        ("datetime", {"fire_at": "2030-01-01T00:00:00+99:99"}, "does not exist"),
        ("rrule", {}, "trigger_params.freq: is required"),
        ("rrule", {"freq": "DAILY", "rule": "FREQ=DAILY"}, "leave out freq"),
        ("rrule", {"rule": "FREQ=DAILY;COUNT=0"}, "trigger_params.count: must be"),
        ("rrule", {"rule": "nonsense"}, "trigger_params.rule: rule: 'NONSENSE'"),
        ("rrule", {"freq": "DAILY", "dtstart": "x"}, "trigger_params.dtstart: 'x'"),
        (
            "rrule",
            {"freq": "DAILY", "count": 3, "until": "2030-01-01"},
            "trigger_params.until: count excludes it",
        ),
        (
            "rrule",
            {"freq": "YEARLY", "by_month": [2], "by_month_day": [30]},
            "trigger_params: the rule is never due",
        ),
    ],
)
def test_each_mistake_is_told_with_its_place(
    kind: str, params: dict[str, Any], says: str
) -> None:
    problems = timer_problems(f"core.{kind}timer", params)

    assert says in "; ".join(problems)


def test_every_mistake_is_told_at_once() -> None:
    problems = timer_problems("core.crontimer", {"expression": "x", "timezone": "y"})

    assert len(problems) == 2


def test_other_triggers_are_no_timers() -> None:
    assert timer_problems("deploy.pushed", {"expression": "x"}) == []


@given(
    st.sampled_from(sorted(TIMER_TRIGGERS)),
    st.dictionaries(
        st.sampled_from(
            [
                "unit",
                "interval",
                "expression",
                "timezone",
                "fire_at",
                "freq",
                "rule",
                "dtstart",
                "until",
                "by_day",
                "by_month",
                "by_hour",
                "count",
                "by_set_pos",
                "misfire",
                "misfire_limit",
            ]
        ),
        values | st.sampled_from(["SECONDLY", "YEARLY", "2030-01-01", 1, [1], "MO"]),
    ),
)
def test_whatever_plain_sql_wrote_is_read_or_refused_in_time(
    trigger_ref: str, params: dict[str, Any]
) -> None:
    started = time.process_time()
    problems = timer_problems(trigger_ref, params)
    if not problems:
        timer = read_timer(trigger_ref, params)
        list(islice(timer.due_after(NOON, NOON), 3))
    assert time.process_time() - started < 2
