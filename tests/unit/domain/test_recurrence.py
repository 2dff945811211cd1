"""Recurrence rules: as dateutil has them, and bounded where it is not."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from dateutil import rrule as oracle
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput
from attune.domain.recurrence import Recurrence
from attune.domain.recurrence_rule import Frequency
from attune.domain.recurrence_text import read_rule, split_rule

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
START = datetime(2024, 2, 29, 9, 30, 15)  # noqa: DTZ001 - a time on a clock


def recurrence(begins: datetime = START, **parts: Any) -> Recurrence:
    rule, problems = read_rule(parts)
    assert rule is not None, problems
    return Recurrence(rule, begins)


def dateutil_times(begins: datetime, parts: dict[str, Any]) -> Iterator[datetime]:
    named = {
        name.replace("_", "").replace("byday", "byweekday"): value
        for name, value in parts.items()
        if name not in ("freq", "week_start", "by_day")
    }
    days = [
        getattr(oracle, day[-2:])(int(day[:-2])) if day[:-2] else getattr(oracle, day)
        for day in parts.get("by_day", [])
    ]
    rule = oracle.rrule(
        getattr(oracle, parts["freq"]),
        dtstart=begins,
        wkst=WEEKDAYS.index(parts.get("week_start", "MO")),
        byweekday=days or None,
        **named,
    )
    return iter(rule)


def _some(low: int, high: int) -> st.SearchStrategy[list[int]]:
    numbers = st.integers(low, high).filter(bool)
    return st.lists(numbers, min_size=1, max_size=3, unique=True)


def _days(*, numbered: bool) -> st.SearchStrategy[list[str]]:
    plain = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3, unique=True)
    if not numbered:
        return plain
    number = st.sampled_from(["1", "2", "-1", "-2"])
    both = st.tuples(number, st.sampled_from(WEEKDAYS)).map("".join)
    return plain | st.lists(both, min_size=1, max_size=3, unique=True)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """Draw rules that mean the same to both, and are due now and then."""
    freq = draw(st.sampled_from(list(Frequency)))
    numbered = freq in (Frequency.MONTHLY, Frequency.YEARLY)
    optional: dict[str, Any] = {
        "interval": st.integers(1, 5),
        "by_month": _some(1, 12),
        "by_day": _days(numbered=numbered),
        "by_hour": st.just([3, 15]),
        "by_minute": st.just([0, 20, 40]),
        "by_second": st.just([5, 45]),
    }
    if freq is not Frequency.WEEKLY:
        optional["by_month_day"] = _some(-31, 31)
    if freq is Frequency.YEARLY:
        optional |= {"by_week_no": _some(-53, 53), "by_year_day": _some(-366, 366)}
        optional["week_start"] = st.sampled_from(WEEKDAYS)
    names = draw(st.sets(st.sampled_from(sorted(optional)), max_size=3))
    return {"freq": freq.value} | {name: draw(optional[name]) for name in sorted(names)}


@given(rules(), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - on a clock
def test_a_rule_is_due_when_dateutil_says_so(
    parts: dict[str, Any], begins: datetime
) -> None:
    begins = begins.replace(microsecond=0)
    try:
        ours = recurrence(begins, **parts)
        if not ours.is_ever_due:
            return
        expected = list(islice(dateutil_times(begins, parts), 12))
    except ValueError:
        return  # dateutil's word for a rule that never is

    assert list(islice(ours.local_times(), 12)) == expected


@given(rules(), st.integers(0, 4000))
def test_begun_late_it_goes_on_as_if_it_had_run_all_along(
    parts: dict[str, Any], days: int
) -> None:
    ours = recurrence(**parts)
    day = START.date() + timedelta(days=days)

    late = list(islice(ours.days(day), 5))

    early = (each for each in ours.days(START.date()) if each >= day)
    assert late == list(islice(early, 5))


def test_last_working_day_of_each_month() -> None:
    ours = recurrence(freq="MONTHLY", by_day=WEEKDAYS[:5], by_set_pos=[-1])

    found = [each.date().isoformat() for each in islice(ours.local_times(), 3)]

    assert found == ["2024-02-29", "2024-03-29", "2024-04-30"]


def test_a_day_may_be_any_of_those_named() -> None:
    ours = recurrence(freq="MONTHLY", by_day=["MO", "1TU"])

    found = [each.day for each in islice(ours.local_times(), 3)]

    assert found == [4, 5, 11]


def test_a_count_names_the_last_time() -> None:
    assert recurrence(freq="DAILY", count=3).last == START + timedelta(days=2)
    assert recurrence(freq="DAILY").last is None


@pytest.mark.parametrize(
    "parts",
    [
        {"freq": "YEARLY", "by_month": [2], "by_month_day": [30]},
        {"freq": "MONTHLY", "by_month": [2], "by_month_day": [30]},
        {"freq": "DAILY", "by_month": [2], "by_month_day": [30]},
        {"freq": "SECONDLY", "by_month": [2], "by_month_day": [30]},
        {"freq": "SECONDLY", "interval": 2, "by_second": [0, 2, 4]},
        {"freq": "HOURLY", "interval": 24, "by_hour": [3]},
        {"freq": "MONTHLY", "by_day": ["MO"], "by_set_pos": [6]},
        {"freq": "WEEKLY", "by_year_day": [366], "interval": 31536000},
    ],
    ids=str,
)
def test_a_rule_that_never_is_due_is_found_out_in_time(parts: dict[str, Any]) -> None:
    started = time.process_time()

    is_ever_due = recurrence(**parts).is_ever_due

    assert not is_ever_due
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("FREQ=DAILY", {"freq": "DAILY"}),
        (
            "rrule:freq=weekly;byday=mo,-1fr;",
            {"freq": "WEEKLY", "by_day": ["MO", "-1FR"]},
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20300101T090000\nRRULE:FREQ=DAILY;COUNT=3",
            {
                "dtstart": "2030-01-01T09:00:00",
                "timezone": "Europe/Berlin",
                "freq": "DAILY",
                "count": "3",
            },
        ),
        (
            "FREQ=DAILY;UNTIL=20300101T090000Z",
            {"freq": "DAILY", "until": "2030-01-01T09:00:00+00:00"},
        ),
        (
            "FREQ=DAILY;UNTIL=20300101",
            {"freq": "DAILY", "until": "2030-01-01T00:00:00"},
        ),
    ],
)
def test_a_text_is_split_into_its_parts(text: str, parts: dict[str, Any]) -> None:
    assert split_rule(text) == parts


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("FREQ", "'FREQ' is not understood"),
        ("FREQ=DAILY;FOO=1", "'FOO=1' is not understood"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is there twice"),
        ("EXDATE:20300101T090000Z", "'EXDATE' is not supported"),
        ("DTSTART:tomorrow", "DTSTART reads like"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL reads like"),
        ("FREQ=DAILY;" * 200, "at most 1024 characters"),
    ],
)
def test_a_text_that_is_no_rule_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        split_rule(text)

    assert says in refused.value.message


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({}, "freq: is required"),
        ({"freq": "SOMETIMES"}, "freq: must be one of"),
        ({"freq": "DAILY", "interval": 0}, "interval: must be between 1 and"),
        ({"freq": "DAILY", "interval": True}, "interval: 'True' is no whole number"),
        ({"freq": "DAILY", "count": 10**9}, "count: must be between 1 and 10000"),
        ({"freq": "DAILY", "by_month": [0]}, "by_month: 0 is not between 1 and 12"),
        ({"freq": "DAILY", "by_month_day": [0]}, "by_month_day: 0 is not between"),
        ({"freq": "DAILY", "by_hour": ["24"]}, "by_hour: 24 is not between 0 and 23"),
        ({"freq": "DAILY", "by_day": ["XX"]}, "by_day: 'XX' is no day"),
        ({"freq": "WEEKLY", "by_day": ["2MO"]}, "by_day: a number before a day"),
        ({"freq": "WEEKLY", "by_week_no": [3]}, "by_week_no: needs freq YEARLY"),
        ({"freq": "WEEKLY", "week_start": "X"}, "week_start: must be one of"),
        ({"freq": "HOURLY", "by_set_pos": [1]}, "by_set_pos: with several times a day"),
        ({"freq": "DAILY", "by_set_pos": [1]}, "by_set_pos: needs freq WEEKLY"),
        ({"freq": "MONTHLY", "by_set_pos": [32]}, "by_set_pos: so many days"),
        (
            {
                "freq": "DAILY",
                "by_hour": [*range(24)],
                "by_minute": [*range(60)],
                "by_second": [0, 30],
            },
            "at most 1440 times a day",
        ),
    ],
)
def test_parts_that_cannot_be_meant_are_refused(
    parts: dict[str, Any], says: str
) -> None:
    rule, problems = read_rule(parts)

    assert rule is None
    assert says in "; ".join(problems)
