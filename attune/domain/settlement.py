"""What becomes of an execution whose worker did not record its end."""

from dataclasses import dataclass
from enum import StrEnum

from attune.domain.execution import TERMINAL, WAITING, ExecutionStatus


class Loss(StrEnum):
    """Why the worker recorded nothing."""

    LOST = "lost"  # it stopped beating, or failed without a word
    CANCELLED = "cancelled"  # the cancel came before the worker
    LIMIT = "limit"  # the activity ran past its last moment
    REFUSED = "refused"  # it was not allowed to start or to finish


class Verdict(StrEnum):
    """What to do about it."""

    KEEP = "keep"  # it has ended after all, or a person ends it
    CANCEL = "cancel"
    TIME_OUT = "time out"
    ABANDON = "abandon"
    RUN_AGAIN = "run again"
    ASK_AGAIN = "ask again"  # its worker still lives and may yet record the end


@dataclass(frozen=True)
class Attempt:
    """The facts about the attempt that has to be settled."""

    status: ExecutionStatus
    worker_is_running_it: bool
    """Its worker was heard of lately and counts it among what it runs."""
    may_rerun: bool
    """The action's `on_worker_loss` is rerun and attempts are left."""
    awaits_answer: bool = False
    """Nothing runs any more: it ends when a person answers."""


def settle(attempt: Attempt, loss: Loss) -> Verdict:
    """Decide; the row is the truth, and a living worker has the first word."""
    if attempt.status in TERMINAL or _is_held(attempt):
        return Verdict.KEEP
    if attempt.status in WAITING:
        return Verdict.CANCEL if loss is Loss.CANCELLED else Verdict.RUN_AGAIN
    if attempt.worker_is_running_it:
        return Verdict.ASK_AGAIN
    if attempt.status is ExecutionStatus.CANCELING:
        return Verdict.CANCEL
    return _settle_running(attempt, loss)


def _is_held(attempt: Attempt) -> bool:
    return attempt.awaits_answer and attempt.status is ExecutionStatus.RUNNING


def _settle_running(attempt: Attempt, loss: Loss) -> Verdict:
    if loss is Loss.CANCELLED:
        return Verdict.CANCEL
    if loss is Loss.LIMIT:
        return Verdict.TIME_OUT
    return Verdict.RUN_AGAIN if attempt.may_rerun else Verdict.ABANDON
