"""Running a workflow again from some of its tasks, with what succeeded kept."""

from collections.abc import Collection, Mapping

from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Restart
from attune.domain.workflow_state import TaskState, WorkflowState


def restart(
    workflow: Workflow,
    states: Mapping[str, TaskState],
    state: WorkflowState,
    from_tasks: Collection[str] = (),
) -> tuple[WorkflowState, Restart]:
    """Return the state to go on from, with all tasks in it, and the event to feed.

    `states` are those of all tasks of a workflow that has ended. Without `from_tasks`
    those whose failure nothing handled. Raises InvalidInput if there is none to start.
    """
    raise NotImplementedError
