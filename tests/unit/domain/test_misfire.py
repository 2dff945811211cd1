"""Which of the times that have come a timer fires for, after nothing could fire."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.json import JsonObject
from attune.domain.misfire import AT_ONCE, FiringPlan, plan_firings
from attune.domain.timer_text import read_timer

START = datetime(2027, 3, 1, 12, tzinfo=UTC)


def plan(
    seconds: float, done: float = 0, kind: str = "interval", **params: Any
) -> FiringPlan:
    """Plan an interval of two seconds, so many seconds after the start."""
    two_seconds: JsonObject = {"unit": "seconds", "interval": 2}
    timer = read_timer(f"core.{kind}timer", two_seconds | params)
    return plan_firings(
        timer,
        anchor=START,
        done_until=START + timedelta(seconds=done),
        now=START + timedelta(seconds=seconds),
    )


def dues(found: FiringPlan) -> list[float]:
    return [(firing.due - START).total_seconds() for firing in found.firings]


def test_nothing_fires_before_its_time() -> None:
    found = plan(1.999)

    assert (dues(found), found.done_until) == ([], START)


@pytest.mark.parametrize("misfire", ["all", "once", "skip"])
def test_what_is_a_little_late_fires_whatever_the_choice(misfire: str) -> None:
    found = plan(6.5, misfire=misfire)

    assert dues(found) == [2, 4, 6]
    assert found.missed_count == 0


def test_all_that_was_missed_fires() -> None:
    found = plan(31, misfire="all")

    assert dues(found) == [*range(2, 31, 2)]
    assert found.done_until == START + timedelta(seconds=30)


def test_once_fires_for_all_that_was_missed() -> None:
    found = plan(31, misfire="once")

    assert dues(found) == [30]
    assert found.firings[0].missed_count == 14
    assert found.missed_count == 14


def test_skip_fires_only_what_has_just_come() -> None:
    found = plan(31, misfire="skip")

    assert dues(found) == [22, 24, 26, 28, 30]
    assert found.missed_count == 10


def test_skip_leaves_behind_what_was_missed() -> None:
    timer = read_timer(
        "core.datetimetimer", {"fire_at": "2027-03-01T12:00:05Z", "misfire": "skip"}
    )

    found = plan_firings(
        timer, anchor=START, done_until=START, now=START + timedelta(hours=1)
    )

    assert (dues(found), found.missed_count) == ([], 1)
    assert found.done_until == START + timedelta(seconds=5)


def test_of_more_than_the_limit_the_last_fire() -> None:
    found = plan(3601, misfire="all", misfire_limit=10)

    assert dues(found) == [*range(3582, 3601, 2)]
    assert found.missed_count == 1790
    assert found.firings[0].missed_count == 1790


def test_many_fire_in_several_steps_and_none_twice() -> None:
    fired, done, found = list[float](), 0.0, None
    while found is None or found.has_more:
        found = plan(1001, done, misfire="all")
        fired += dues(found)
        done = (found.done_until - START).total_seconds()
        assert len(found.firings) <= AT_ONCE

    assert fired == [*range(2, 1001, 2)]


def test_a_backlog_of_years_costs_little_and_leaves_the_last() -> None:
    seconds = 3 * 365 * 86_400 + 0.5

    found = plan(seconds, misfire="all", misfire_limit=50)

    assert dues(found) == [*range(int(seconds) - 98, int(seconds) + 1, 2)]


@given(
    st.lists(st.integers(0, 40_000), min_size=1, max_size=20),
    st.sampled_from(["all", "once", "skip"]),
)
def test_however_often_it_is_looked_at_each_time_is_dealt_with_once(
    looks: list[int], misfire: str
) -> None:
    done, dealt_with, fired = 0.0, 0, list[float]()
    for milliseconds in sorted(looks):
        found = plan(milliseconds / 1000, done, misfire=misfire)
        fired += dues(found)
        dealt_with += len(found.firings) + found.missed_count
        done = (found.done_until - START).total_seconds()

    assert dealt_with == max(looks) // 2000
    assert len(set(fired)) == len(fired)
