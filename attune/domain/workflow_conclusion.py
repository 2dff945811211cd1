"""How a workflow ends, once nothing in it lives any more."""

from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus
from attune.domain.json import Json, JsonObject
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Conclusion, Facts
from attune.domain.workflow_join import unfired_joins
from attune.domain.workflow_state import Failure, ScopeState, WorkflowState
from attune.domain.workflow_view import View

CANCELLED_TEXT: Final = "Workflow was cancelled"


def describe_failures(scope: ScopeState | WorkflowState) -> str:
    """Say which tasks failed, and why if it was one."""
    names = ", ".join(failure["task"] for failure in scope.failures)
    more = scope.failure_count - len(scope.failures)
    listed = f"{names} and {more} more" if more > 0 else names
    reason = f": {scope.failures[0]['error']}" if scope.failure_count == 1 else ""
    return f"{scope.failure_count} task(s) failed: {listed}{reason}"


def conclusion_of(workflow: Workflow, state: WorkflowState, facts: Facts) -> Conclusion:
    """Return how the workflow ends; its output is made only on success."""
    if state.error is not None:
        return _failure(state.error, state.failures)
    if state.stopping:
        return _ending(ExecutionStatus.CANCELLED, CANCELLED_TEXT, state.failures)
    if state.failures:
        return _failure(describe_failures(state), state.failures)
    unfired = unfired_joins(workflow, state.tasks)
    if unfired:
        found = [{"task": name, "error": text} for name, text in unfired.items()]
        return _failure("; ".join(unfired.values()), found)
    return _success(workflow, state, facts)


def _success(workflow: Workflow, state: WorkflowState, facts: Facts) -> Conclusion:
    view = View(workflow, state, facts)
    result: JsonObject = {"succeeded": True}
    try:
        for name, template in workflow.output_map.items():
            result[name] = template.render(view.names(template.reads), {})
    except InvalidInput as wrong:
        return _failure(wrong.message, [])
    return Conclusion(status=ExecutionStatus.COMPLETED, result=result)


def _failure(reason: str, failures: list[Failure]) -> Conclusion:
    return _ending(ExecutionStatus.FAILED, f"Workflow failed: {reason}", failures)


def _ending(status: ExecutionStatus, error: str, failures: list[Failure]) -> Conclusion:
    listed: list[Json] = [{**failure} for failure in failures]
    result: JsonObject = {"error": error, "succeeded": False, "failed_tasks": listed}
    return Conclusion(status=status, result=result, error=error)
