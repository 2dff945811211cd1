"""What crosses Temporal while a workflow of a pack runs: ids, spans and small numbers."""

from attune.domain.execution import ExecutionStatus
from attune.messages.base import Message
from attune.messages.execution import ExecutionOrder


class WorkflowRequest(Message):
    """The workflow of a pack that a run is to drive; its state is in the database."""

    execution_id: int
    action_ref: str
    """For the reader of the Web UI."""


class Advance(Message):
    """What has happened, so that the workflow goes on."""

    execution_id: int
    ended: list[int] = []
    """Executions that have reached their end."""
    due: list[int] = []
    """Timers that fired."""
    room: int
    """How many more executions the run can carry."""
    look: bool = False
    """Look at every row: at the beginning, and when something was changed outside."""
    under_way: int = 0
    """How many executions the run carries now."""
    glance: bool = False
    """Take note of whatever has ended, and of whether the backlog needs more hands."""


class TimerOrder(Message):
    """Come back with this timer after so long."""

    timer_id: int
    seconds: float


class Orders(Message):
    """What the run has to do next."""

    run: list[ExecutionOrder] = []
    timers: list[TimerOrder] = []
    cancel: list[int] = []
    """Executions that it carries and that have to end."""
    look_in_seconds: float | None = None
    """When the workflow's own time is over."""
    status: ExecutionStatus | None = None
    """How the workflow ended; None while it has not."""
    has_backlog: bool = False
    """More may run: by those that carry something now, or when the run has room."""


class WorkflowReport(Message):
    """How the workflow of a pack ended."""

    execution_id: int
    status: ExecutionStatus
