"""What becomes of an execution whose worker did not record its end."""

import pytest

from attune.domain.execution import TERMINAL, WAITING
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.settlement import Attempt, Loss, Verdict, settle


def attempt(status: Status, *, alive: bool = False, rerun: bool = False) -> Attempt:
    return Attempt(status=status, worker_is_running_it=alive, may_rerun=rerun)


@pytest.mark.parametrize("status", sorted(TERMINAL))
@pytest.mark.parametrize("loss", Loss)
def test_what_has_ended_is_kept(status: Status, loss: Loss) -> None:
    assert settle(attempt(status), loss) is Verdict.KEEP


@pytest.mark.parametrize("status", sorted(WAITING))
@pytest.mark.parametrize("loss", [Loss.LOST, Loss.REFUSED, Loss.LIMIT])
def test_what_never_started_is_run_again(status: Status, loss: Loss) -> None:
    assert settle(attempt(status), loss) is Verdict.RUN_AGAIN


@pytest.mark.parametrize("status", [Status.RUNNING, Status.CANCELING])
@pytest.mark.parametrize("loss", Loss)
def test_a_living_worker_has_the_first_word(status: Status, loss: Loss) -> None:
    assert settle(attempt(status, alive=True), loss) is Verdict.ASK_AGAIN


@pytest.mark.parametrize(
    ("loss", "verdict"),
    [
        (Loss.LOST, Verdict.ABANDON),
        (Loss.REFUSED, Verdict.ABANDON),
        (Loss.LIMIT, Verdict.TIME_OUT),
        (Loss.CANCELLED, Verdict.CANCEL),
    ],
)
def test_what_ran_on_a_dead_worker_ends(loss: Loss, verdict: Verdict) -> None:
    assert settle(attempt(Status.RUNNING), loss) is verdict


def test_what_may_be_rerun_is_run_again_after_a_loss() -> None:
    lost = attempt(Status.RUNNING, rerun=True)

    assert settle(lost, Loss.LOST) is Verdict.RUN_AGAIN
    assert settle(lost, Loss.CANCELLED) is Verdict.CANCEL


def test_a_cancel_in_progress_is_never_run_again() -> None:
    lost = attempt(Status.CANCELING, rerun=True)

    assert settle(lost, Loss.LOST) is Verdict.CANCEL


@pytest.mark.parametrize("loss", Loss)
def test_what_a_person_ends_is_kept(loss: Loss) -> None:
    waiting = Attempt(
        status=Status.RUNNING,
        worker_is_running_it=False,
        may_rerun=True,
        awaits_answer=True,
    )

    assert settle(waiting, loss) is Verdict.KEEP
