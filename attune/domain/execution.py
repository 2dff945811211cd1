"""The life of an execution: its statuses and which change of status is legal.

`canceling` and `cancelled` are the data-model document's spellings.
"""

from enum import StrEnum


class ExecutionStatus(StrEnum):
    """Where an execution stands."""

    REQUESTED = "requested"  # the row exists
    SCHEDULING = "scheduling"  # a policy makes it wait
    SCHEDULED = "scheduled"  # given to a queue
    RUNNING = "running"  # a worker started it
    COMPLETED = "completed"  # its process ended with 0
    FAILED = "failed"  # its process ended otherwise, or could not be made
    CANCELING = "canceling"  # a cancel was accepted, the process still ends
    CANCELLED = "cancelled"  # ended by a cancel
    TIMEOUT = "timeout"  # ended by its time limit
    ABANDONED = "abandoned"  # its worker was lost after the start


class ExecutionKind(StrEnum):
    """What brings an execution to its end."""

    ACTION = "action"  # a worker runs its code
    INQUIRY = "inquiry"  # a person answers
    WORKFLOW = "workflow"  # its tasks, each an execution of its own


TERMINAL = frozenset(
    {
        ExecutionStatus.COMPLETED,
        ExecutionStatus.FAILED,
        ExecutionStatus.CANCELLED,
        ExecutionStatus.TIMEOUT,
        ExecutionStatus.ABANDONED,
    }
)

WAITING = frozenset(
    {
        ExecutionStatus.REQUESTED,
        ExecutionStatus.SCHEDULING,
        ExecutionStatus.SCHEDULED,
    }
)

LIVE = frozenset(ExecutionStatus) - TERMINAL

_S = ExecutionStatus
CHANGES: dict[ExecutionStatus, frozenset[ExecutionStatus]] = {
    _S.REQUESTED: frozenset({_S.SCHEDULING, _S.SCHEDULED, _S.RUNNING}) | TERMINAL,
    _S.SCHEDULING: frozenset({_S.REQUESTED, _S.SCHEDULED, _S.RUNNING}) | TERMINAL,
    _S.SCHEDULED: frozenset({_S.RUNNING, _S.REQUESTED}) | TERMINAL,
    # A rerun after the loss of a worker goes back to the queue.
    _S.RUNNING: frozenset({_S.CANCELING, _S.SCHEDULED}) | TERMINAL,
    _S.CANCELING: TERMINAL,
} | {status: frozenset() for status in TERMINAL}
"""Every legal change of status; what is not here never happens."""


def sources(target: ExecutionStatus) -> frozenset[ExecutionStatus]:
    """Return the statuses from which `target` may be reached."""
    return frozenset(status for status, to in CHANGES.items() if target in to)


def is_terminal(status: ExecutionStatus) -> bool:
    """Tell whether nothing can change any more."""
    return status in TERMINAL


def cancel_target(status: ExecutionStatus) -> ExecutionStatus | None:
    """Return what an accepted cancel makes of `status`, or None if it is too late."""
    if status in TERMINAL:
        return None
    return _S.CANCELLED if status in WAITING else _S.CANCELING
