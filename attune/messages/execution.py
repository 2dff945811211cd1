"""What crosses Temporal while an execution lives: ids and small numbers, no user data."""

from attune.domain.execution import ExecutionStatus
from attune.domain.settlement import Loss
from attune.messages.base import Message


class ExecutionOrder(Message):
    """One execution that a workflow is to bring to its end."""

    execution_id: int
    action_ref: str
    """For the reader of the Web UI; the worker is told by the API what to run."""
    queue: str
    """The task queue of the action's runtime."""
    limit_seconds: float
    """How long the process may run."""


class ExecutionRequest(Message):
    """The executions one workflow run hosts, each of which fails alone."""

    executions: list[ExecutionOrder]


class ActionRun(Message):
    """Run the action of this execution, unless it has been started before."""

    execution_id: int


class ActionOutcome(Message):
    """How a run of an action ended, as the API recorded it."""

    execution_id: int
    status: ExecutionStatus | None = None
    """None when this attempt recorded nothing and someone must settle."""


class Settlement(Message):
    """Write the end of an execution whose worker did not."""

    execution_id: int
    cause: Loss


class SettlementResult(Message):
    """What became of an execution that had to be settled."""

    execution_id: int
    status: ExecutionStatus
    run_again: bool = False
    """The attempt was never started, or may be repeated: dispatch it anew."""
    ask_again_seconds: float | None = None
    """Its worker still lives and may yet record the end: ask again then."""


class Pause(Message):
    """Do nothing for a while."""

    seconds: float


class CancelRequest(Message):
    """A person or a policy wants this execution to end."""

    execution_id: int


class ExecutionReport(Message):
    """How the executions of one workflow run ended, by id."""

    statuses: dict[int, ExecutionStatus]
