"""Cron expressions: what they mean, what is refused, and that no text costs much."""

import contextlib
import time
from datetime import datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.cron_text import LONGEST_TEXT, read_cron
from attune.domain.errors import InvalidInput
from attune.domain.local_time import moments, read_zone

UTC = "UTC"


def due(text: str, after: str, count: int, zone: str = UTC) -> list[str]:
    times = moments(read_cron(text), read_zone(zone), datetime.fromisoformat(after))
    return [moment.isoformat()[:19] for moment in islice(times, count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * * *", ["2027-03-01T12:00:01", "2027-03-01T12:00:02"]),
        ("*/20 * * * * *", ["2027-03-01T12:00:20", "2027-03-01T12:00:40"]),
        ("0 */15 * * * *", ["2027-03-01T12:15:00", "2027-03-01T12:30:00"]),
        ("*/15 * * * *", ["2027-03-01T12:15:00", "2027-03-01T12:30:00"]),
        ("0 5/20 * * * *", ["2027-03-01T12:05:00", "2027-03-01T12:25:00"]),
        ("30 0 9,17 * * ?", ["2027-03-01T17:00:30", "2027-03-02T09:00:30"]),
        ("0 0 22-1/2 * * *", ["2027-03-01T22:00:00", "2027-03-02T00:00:00"]),
        ("0 0 9 * * 1-5", ["2027-03-02T09:00:00", "2027-03-03T09:00:00"]),
        ("0 0 9 * * sat-mon", ["2027-03-06T09:00:00", "2027-03-07T09:00:00"]),
        ("0 0 9 * * 0-7", ["2027-03-02T09:00:00", "2027-03-03T09:00:00"]),
        ("0 0 9 * * 7", ["2027-03-07T09:00:00", "2027-03-14T09:00:00"]),
        ("0 0 0 1 jan,JUL *", ["2027-07-01T00:00:00", "2028-01-01T00:00:00"]),
        ("0 0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("0 0 0 L * *", ["2027-03-31T00:00:00", "2027-04-30T00:00:00"]),
        ("0 0 0 L-2 * *", ["2027-03-29T00:00:00", "2027-04-28T00:00:00"]),
        ("0 0 0 ? * MON#2", ["2027-03-08T00:00:00", "2027-04-12T00:00:00"]),
        ("0 0 0 ? * 5L", ["2027-03-26T00:00:00", "2027-04-30T00:00:00"]),
        ("@daily", ["2027-03-02T00:00:00", "2027-03-03T00:00:00"]),
        ("@weekly", ["2027-03-07T00:00:00", "2027-03-14T00:00:00"]),
    ],
)
def test_an_expression_is_due(text: str, expected: list[str]) -> None:
    # 1 March 2027 is a Monday.
    assert due(text, "2027-03-01T12:00:00+00:00", 2) == expected


def test_either_kind_of_day_will_do_when_both_are_restricted() -> None:
    found = due("0 0 0 13 * FRI", "2027-03-01T00:00:00+00:00", 3)

    assert found == [
        "2027-03-05T00:00:00",
        "2027-03-12T00:00:00",
        "2027-03-13T00:00:00",
    ]


def test_a_stepped_day_narrows_the_other() -> None:
    found = due("0 0 0 */2 * MON", "2027-03-01T00:00:00+00:00", 2)

    assert found == ["2027-03-15T00:00:00", "2027-03-29T00:00:00"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("* * * *", "this one has 4"),
        ("0 0 0 1 1 * 2030", "this one has 7"),
        ("", "this one has 0"),
        ("@never", "this one has 1"),
        ("*/0 * * * *", "'*/0' in the minutes: a step is between 1 and 59"),
        ("*/60 * * * *", "a step is between 1 and 59"),
        ("60 * * * *", "'60' in the minutes: they go from 0 to 59"),
        ("0 24 * * *", "'24' in the hours: they go from 0 to 23"),
        ("0 0 0 * *", "'0' in the days of the month: they go from 1 to 31"),
        ("0 0 * 13 *", "'13' in the months: they go from 1 to 12"),
        ("0 0 * * 8", "'8' in the days of the week: they go from 0 to 7"),
        ("0 0 * * FOO", "'FOO' in the days of the week"),
        ("0 0 * * MON#6", "'MON#6' in the days of the week"),
        ("0 0 15W * *", "'15W' in the days of the month"),
        ("0 0 L-31 * *", "no month has so many days"),
        ("? * * * *", "? is for days only"),
        ("1,,2 * * * *", "'' in the minutes"),
        ("0 0 31 2 *", "never due"),
        ("0 0 0 31 4,6,9,11 *", "never due"),
        ("0 0 ٣ * *", "in the days of the month"),
        ("1-2-3 * * * *", "'1-2-3' in the minutes"),
        ("* " * LONGEST_TEXT, "at most 255 characters"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_cron(text)

    assert says in refused.value.message


@given(
    st.lists(
        st.sampled_from(["*", "*/7", "1-5", "3,9", "11", "1", "L", "?", "MON", "FEB"]),
        min_size=6,
        max_size=6,
    ),
    st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_each_time_that_is_due_has_all_the_fields(
    fields: list[str], after: datetime
) -> None:
    try:
        cron = read_cron(" ".join(fields))
    except InvalidInput:
        return
    start = after.replace(tzinfo=read_zone(UTC))

    found = list(islice(moments(cron, read_zone(UTC), start), 5))

    assert found == sorted(set(found))
    for moment in found:
        assert moment > start
        assert moment.second in cron.seconds_of_minute
        assert moment.minute in cron.minutes
        assert moment.hour in cron.hours
        assert moment.month in cron.months


@given(st.text(max_size=300) | st.from_regex(r"([0-9*/,?L#-]{1,8} ){5}[0-9*]"))
def test_no_text_takes_long_or_does_anything_but_refuse(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(InvalidInput):
        due(text, "2027-03-01T12:00:00+00:00", 5)

    assert time.process_time() - started < 1
