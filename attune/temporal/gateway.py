"""The one place outside workflows that starts, signals and asks Temporal."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from attune.domain.errors import NotFound, Unavailable
from attune.messages import names
from attune.messages.execution import CancelRequest, ExecutionRequest
from workflows.execution import ExecutionWorkflow

_EXECUTION = SearchAttributeKey.for_keyword_list(names.EXECUTION_ATTRIBUTE)
_ACTION = SearchAttributeKey.for_keyword_list(names.ACTION_ATTRIBUTE)
_PACK = SearchAttributeKey.for_keyword_list(names.PACK_ATTRIBUTE)
_TRACE = SearchAttributeKey.for_keyword(names.TRACE_ATTRIBUTE)

_UNANSWERED = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.INTERNAL,
    RPCStatusCode.UNKNOWN,
}


class RunState(StrEnum):
    """What Temporal knows about a workflow id."""

    OPEN = "open"
    CLOSED = "closed"
    ABSENT = "absent"


class Gateway:
    """Speaks to Temporal; an answer that does not come is Unavailable."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start_executions(
        self, workflow_id: str, request: ExecutionRequest, trace_tag: str | None = None
    ) -> None:
        """Start the workflow that hosts these executions, once for this id ever."""
        try:
            await self._client.start_workflow(
                ExecutionWorkflow.run,
                request,
                id=workflow_id,
                task_queue=names.ORCHESTRATION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                static_summary=_summary(request),
                search_attributes=_attributes(request, trace_tag),
            )
        except WorkflowAlreadyStartedError:
            return
        except RPCError as error:
            raise _translate(error, workflow_id) from error

    async def cancel_execution(self, workflow_id: str, execution_id: int) -> None:
        """Signal the cancel; NotFound when no such workflow is open."""
        handle = self._client.get_workflow_handle_for(
            ExecutionWorkflow.run, workflow_id
        )
        try:
            await handle.signal(
                ExecutionWorkflow.cancel, CancelRequest(execution_id=execution_id)
            )
        except RPCError as error:
            raise _translate(error, workflow_id) from error

    async def state_of(self, workflow_id: str) -> RunState:
        """Tell whether the workflow is open, closed or unknown."""
        try:
            described = await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return RunState.ABSENT
            raise _translate(error, workflow_id) from error
        running = described.status is WorkflowExecutionStatus.RUNNING
        return RunState.OPEN if running else RunState.CLOSED


def _summary(request: ExecutionRequest) -> str:
    first = request.executions[0]
    if len(request.executions) == 1:
        return f"{first.action_ref} (execution {first.execution_id})"
    return f"{len(request.executions)} executions from {first.execution_id}"


def _attributes(
    request: ExecutionRequest, trace_tag: str | None
) -> TypedSearchAttributes:
    actions: Sequence[str] = sorted({o.action_ref for o in request.executions})
    packs: Sequence[str] = sorted({ref.split(".", 1)[0] for ref in actions})
    ids: Sequence[str] = [str(order.execution_id) for order in request.executions]
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(_EXECUTION, ids),
        SearchAttributePair(_ACTION, actions),
        SearchAttributePair(_PACK, packs),
    ]
    if trace_tag:
        pairs.append(SearchAttributePair(_TRACE, trace_tag))
    return TypedSearchAttributes(pairs)


def _translate(error: RPCError, workflow_id: str) -> Exception:
    if error.status is RPCStatusCode.NOT_FOUND:
        return NotFound(entity="workflow run", ref=workflow_id)
    if error.status in _UNANSWERED:
        return Unavailable("Temporal does not answer just now")
    return error
