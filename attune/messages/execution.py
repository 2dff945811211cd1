"""What crosses Temporal while an execution lives: ids and small numbers, no user data."""

from attune.domain.execution import ExecutionKind, ExecutionStatus
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
    kind: ExecutionKind = ExecutionKind.ACTION
    task: str | None = None
    """Its name in the workflow that started it; for the reader of the Web UI, too."""
    activity_of: int | None = None
    """The execution in whose activity it runs already; None: it has none, or its own."""

    @property
    def label(self) -> str:
        """What the reader of the Web UI finds it by."""
        return f"{self.task}: {self.action_ref}" if self.task else self.action_ref


class ExecutionRequest(Message):
    """The executions one workflow run hosts, each of which fails alone."""

    executions: list[ExecutionOrder]


class ActionRun(Message):
    """Run the action of this execution, unless it has been started before."""

    execution_id: int
    goes_on: bool = False
    """Run what follows in the same workflow too, as long as that takes moments."""


class ActionOutcome(Message):
    """How a run of an action ended, as the API recorded it."""

    execution_id: int
    status: ExecutionStatus | None = None
    """None when this attempt recorded nothing and someone must settle; running when it
    did, and an inquiry that the action posted is still open."""
    went_on: dict[int, ExecutionStatus] = {}
    """The executions that were run after it in the same activity, as recorded."""
    unsure: bool = False
    """Something may have been begun after it that the worker did not hear of."""


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


class ExecutionEnded(Message):
    """This execution has reached its end, and not by the hand of the workflow run."""

    execution_id: int


class WakeRequest(Message):
    """Something was changed outside: look at the rows again."""

    execution_id: int


class InquiryOpening(Message):
    """Ask the person what this execution asks."""

    execution_id: int


class InquiryOpened(Message):
    """Where the execution stands now that its question was put."""

    execution_id: int
    status: ExecutionStatus


class ExecutionReport(Message):
    """How the executions of one workflow run ended, by id."""

    statuses: dict[int, ExecutionStatus]
