"""A turn: when more may follow in an activity, whom a stop ends, what the run is told."""

import time

import pytest

from attune.domain.execution import ExecutionStatus as Status
from attune.runtimes.report import AttemptRecord
from attune.worker import attempt
from attune.worker.attempt import Turn

FIRST, SECOND, THIRD = 11, 12, 13
WORKER = 5


def turn(*, goes_on: bool = True) -> Turn:
    made = Turn(FIRST, goes_on=goes_on)
    made.limit_seconds = 300
    return made


def followed(*, until: int = SECOND) -> Turn:
    """Return a turn that has gone on, up to this execution."""
    made = turn()
    for execution_id in range(SECOND, until + 1):
        made.wish(WORKER)
        made.go_on_with(execution_id)
    return made


def record(
    execution_id: int, status: Status = Status.COMPLETED, *, unsure: bool = False
) -> AttemptRecord:
    return AttemptRecord(execution_id=execution_id, status=status, unsure=unsure)


def test_a_turn_wishes_for_more_while_it_may() -> None:
    wish = turn().wish(WORKER)

    assert wish is not None
    assert (wish.worker_id, wish.activity_of) == (WORKER, FIRST)
    assert wish.limit_seconds == 300


def test_who_follows_runs_as_the_attempt_that_was_wished_for() -> None:
    made = turn()

    wish = made.wish(WORKER)
    made.go_on_with(SECOND)

    assert wish is not None
    assert made.attempt.execution_id == SECOND
    assert made.attempt.id == wish.attempt_id


def test_each_wish_is_for_another_attempt_in_the_activity_of_the_first() -> None:
    made = turn()

    one = made.wish(WORKER)
    made.go_on_with(SECOND)
    two = made.wish(WORKER)

    assert one is not None
    assert two is not None
    assert one.attempt_id != two.attempt_id
    assert two.activity_of == FIRST


def test_only_what_the_activity_was_made_for_is_the_first() -> None:
    assert turn().is_first
    assert not followed().is_first


def test_nothing_is_wished_for_where_nobody_asked_for_more() -> None:
    assert turn(goes_on=False).wish(WORKER) is None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(attempt.GOES_ON_SECONDS, True, id="in time"),
        pytest.param(attempt.GOES_ON_SECONDS + 0.1, False, id="too late"),
    ],
)
def test_nothing_is_wished_for_after_a_while(
    monkeypatch: pytest.MonkeyPatch, seconds: float, *, expected: bool
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    made = turn()
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0 + seconds)

    assert (made.wish(WORKER) is not None) is expected


def test_the_while_is_that_of_the_whole_activity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    made = followed(until=THIRD)
    late = 1000.1 + attempt.GOES_ON_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: late)

    assert made.wish(WORKER) is None


def test_a_cancel_ends_the_first_and_nothing_follows() -> None:
    made = turn()

    made.cancel()

    assert made.attempt.cancelled.is_set()
    assert not made.attempt.worker_stops
    assert made.wish(WORKER) is None


def test_a_cancel_does_not_end_one_that_followed() -> None:
    made = followed()

    made.cancel()

    assert not made.attempt.cancelled.is_set()
    assert made.wish(WORKER) is None


def test_a_cancel_leaves_alone_what_was_already_brought() -> None:
    made = turn()
    made.wish(WORKER)

    made.cancel()
    made.go_on_with(SECOND)

    assert not made.attempt.cancelled.is_set()


def test_nothing_follows_an_execution_that_was_ended() -> None:
    made = followed()

    made.attempt.cancelled.set()

    assert made.wish(WORKER) is None


def test_one_that_is_left_runs_on_and_nothing_follows() -> None:
    made = turn()

    made.leave()

    assert not made.attempt.cancelled.is_set()
    assert made.wish(WORKER) is None


@pytest.mark.parametrize("made", [turn(), followed()], ids=["first", "follower"])
def test_a_stop_of_the_worker_ends_whatever_runs(made: Turn) -> None:
    made.stop()

    assert made.attempt.cancelled.is_set()
    assert made.attempt.worker_stops
    assert made.wish(WORKER) is None


def test_a_stop_of_the_worker_ends_what_is_taken_up_afterwards() -> None:
    made = turn()
    made.wish(WORKER)

    made.stop()
    made.go_on_with(SECOND)

    assert made.attempt.cancelled.is_set()
    assert made.attempt.worker_stops


def test_the_end_of_the_first_is_the_status_of_the_outcome() -> None:
    made = turn()

    made.note(record(FIRST, Status.FAILED))

    outcome = made.outcome()
    assert (outcome.execution_id, outcome.status) == (FIRST, Status.FAILED)
    assert outcome.went_on == {}
    assert not outcome.unsure


def test_the_ends_of_those_that_followed_are_told_one_by_one() -> None:
    made = turn()
    for execution_id, status in (
        (FIRST, Status.COMPLETED),
        (SECOND, Status.FAILED),
        (THIRD, Status.TIMEOUT),
    ):
        if execution_id != FIRST:
            made.go_on_with(execution_id)
        made.note(record(execution_id, status))

    outcome = made.outcome()
    assert (outcome.execution_id, outcome.status) == (FIRST, Status.COMPLETED)
    assert outcome.went_on == {SECOND: Status.FAILED, THIRD: Status.TIMEOUT}


def test_who_was_unsure_once_stays_so() -> None:
    made = turn()
    made.note(record(FIRST, unsure=True))
    made.go_on_with(SECOND)

    made.note(record(SECOND))

    assert made.outcome().unsure


def test_the_worker_itself_may_be_unsure() -> None:
    made = turn()
    made.note(record(FIRST))

    assert made.outcome(unsure=True).unsure
