"""Which changes of status are legal, and that nothing ever leaves its end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.execution import (
    CHANGES,
    LIVE,
    TERMINAL,
    WAITING,
    ExecutionStatus,
    cancel_target,
    is_terminal,
    sources,
)

S = ExecutionStatus


def test_the_statuses_are_those_of_the_data_model() -> None:
    assert [status.value for status in S] == [
        "requested",
        "scheduling",
        "scheduled",
        "running",
        "completed",
        "failed",
        "canceling",
        "cancelled",
        "timeout",
        "abandoned",
    ]


def test_every_status_waits_runs_or_has_ended() -> None:
    running = {S.RUNNING, S.CANCELING}

    assert WAITING | running | TERMINAL == set(S)
    assert not WAITING & TERMINAL
    assert WAITING | running == LIVE
    assert CHANGES.keys() == set(S)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_what_has_ended_never_changes(status: S) -> None:
    assert is_terminal(status)
    assert CHANGES[status] == frozenset()
    assert cancel_target(status) is None


@pytest.mark.parametrize("status", sorted(LIVE))
def test_what_lives_can_end_in_every_way(status: S) -> None:
    assert not is_terminal(status)
    assert CHANGES[status] >= TERMINAL


@pytest.mark.parametrize("status", S)
def test_sources_mirror_the_changes(status: S) -> None:
    assert sources(status) == {each for each in S if status in CHANGES[each]}


@pytest.mark.parametrize("status", S)
def test_no_status_changes_into_itself(status: S) -> None:
    assert status not in CHANGES[status]


@pytest.mark.parametrize(
    ("status", "target"),
    [
        (S.REQUESTED, S.CANCELLED),
        (S.SCHEDULING, S.CANCELLED),
        (S.SCHEDULED, S.CANCELLED),
        (S.RUNNING, S.CANCELING),
        (S.CANCELING, S.CANCELING),
    ],
)
def test_a_cancel_ends_what_waits_and_stops_what_runs(status: S, target: S) -> None:
    assert cancel_target(status) is target
    assert target is status or target in CHANGES[status]


def test_a_cancel_that_was_accepted_cannot_be_taken_back() -> None:
    assert sources(S.CANCELING) == {S.RUNNING}
    assert CHANGES[S.CANCELING] == TERMINAL


@given(st.data())
def test_every_life_ends_at_most_once(data: st.DataObject) -> None:
    life = [S.REQUESTED]
    for _ in range(20):
        following = sorted(CHANGES[life[-1]])
        if not following:
            break
        life.append(data.draw(st.sampled_from(following)))

    assert not any(map(is_terminal, life[:-1]))
    assert all(before in sources(after) for before, after in pairwise(life))
