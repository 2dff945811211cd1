"""Tasks with nested tasks: how a run of one begins, and what it comes to."""

from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_conclusion import describe_failures
from attune.domain.workflow_event import Feed, Over
from attune.domain.workflow_join import unfired_joins
from attune.domain.workflow_start import start
from attune.domain.workflow_state import ScopeState, TaskState
from attune.domain.workflow_task import Task
from attune.domain.workflow_turn import Turn
from attune.domain.workflow_view import Outcome


def open_scope(turn: Turn, task: Task, run: int) -> None:
    """Start the nested tasks that no other one leads to."""
    turn.state.scopes[task.name] = ScopeState(run=run)
    if run > 1:
        for name in turn.workflow.within(task.name):
            turn.state.tasks[name] = TaskState(runs=turn.state.task(name).runs)
    for name in turn.workflow.entries[task.name]:
        start(turn, turn.workflow.tasks[name], task.name)
    close_if_over(turn, task.name)


def close_if_over(turn: Turn, scope: str | None) -> None:
    """Have a run of nested tasks end, if the last of them has."""
    if scope is not None and turn.state.scopes[scope].live == 0:
        over = Over(task=scope, run=turn.state.scopes[scope].run)
        turn.order(Feed(event=over))


def outcome_of_scope(turn: Turn, task: Task) -> Outcome:
    """Return how the nested tasks ended, all together."""
    scope = turn.state.scopes.pop(task.name)
    result = turn.view.result(task.name)
    if turn.state.stopping:
        return Outcome(status=ExecutionStatus.CANCELLED, result=result)
    unfired = unfired_joins(turn.workflow, turn.state.tasks, task.name)
    if not scope.failures and not unfired:
        return Outcome(status=ExecutionStatus.COMPLETED, result=result)
    error = describe_failures(scope) if scope.failures else "; ".join(unfired.values())
    return Outcome(status=ExecutionStatus.FAILED, result=result, error=error)
