"""The one place outside workflows that starts, signals and asks Temporal."""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from functools import partial
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
from attune.messages.execution import (
    CancelRequest,
    ExecutionEnded,
    ExecutionRequest,
    WakeRequest,
)
from attune.messages.sensor import SensorWatch
from attune.messages.workflow import WorkflowRequest
from workflows.execution import ExecutionWorkflow
from workflows.sensor import SensorWorkflow
from workflows.workflow import PackWorkflow

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
        """Start the workflow run that hosts these executions, once for this id ever."""
        await self._start(
            workflow_id,
            partial(self._client.start_workflow, ExecutionWorkflow.run, request),
            _summary(request),
            _attributes(_facts(request), trace_tag),
        )

    async def start_workflow(
        self, workflow_id: str, request: WorkflowRequest, trace_tag: str | None = None
    ) -> None:
        """Start the run that drives a pack's workflow, once for this id ever."""
        await self._start(
            workflow_id,
            partial(self._client.start_workflow, PackWorkflow.run, request),
            f"{request.action_ref} (execution {request.execution_id})",
            _attributes([(request.execution_id, request.action_ref)], trace_tag),
        )

    async def _start(
        self,
        workflow_id: str,
        start: Callable[..., Awaitable[Any]],
        summary: str,
        attributes: TypedSearchAttributes,
    ) -> None:
        try:
            await start(
                id=workflow_id,
                task_queue=names.ORCHESTRATION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                static_summary=summary,
                search_attributes=attributes,
            )
        except WorkflowAlreadyStartedError:
            return
        except RPCError as error:
            raise translate(error, workflow_id) from error

    async def cancel_execution(self, workflow_id: str, execution_id: int) -> None:
        """Signal the cancel; NotFound when no such workflow run is open."""
        request = CancelRequest(execution_id=execution_id)
        await self._signal(workflow_id, ExecutionWorkflow.cancel, request)

    async def tell_end(self, workflow_id: str, execution_id: int) -> None:
        """Signal that an execution has ended elsewhere; NotFound as above."""
        ended = ExecutionEnded(execution_id=execution_id)
        await self._signal(workflow_id, ExecutionWorkflow.ended, ended)

    async def wake(self, workflow_id: str, execution_id: int) -> None:
        """Signal that rows of a pack's workflow have changed; NotFound as above."""
        request = WakeRequest(execution_id=execution_id)
        await self._signal(workflow_id, PackWorkflow.wake, request)

    async def _signal(self, workflow_id: str, signal: Any, message: object) -> None:
        """Send a signal; both kinds of run know those of executions by one name."""
        try:
            await self._client.get_workflow_handle(workflow_id).signal(signal, message)
        except RPCError as error:
            raise translate(error, workflow_id) from error

    async def keep_sensor(self, sensor_ref: str) -> None:
        """Have the one workflow of this sensor look at its row, started if need be."""
        workflow_id = names.sensor_workflow_id(sensor_ref)
        try:
            await self._client.start_workflow(
                SensorWorkflow.run,
                SensorWatch(sensor_ref=sensor_ref),
                id=workflow_id,
                task_queue=names.ORCHESTRATION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal="wake",
                static_summary=f"sensor {sensor_ref}",
                search_attributes=TypedSearchAttributes(
                    [SearchAttributePair(_PACK, [sensor_ref.partition(".")[0]])]
                ),
            )
        except RPCError as error:
            raise translate(error, workflow_id) from error

    async def state_of(self, workflow_id: str) -> RunState:
        """Tell whether the workflow is open, closed or unknown."""
        try:
            described = await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return RunState.ABSENT
            raise translate(error, workflow_id) from error
        running = described.status is WorkflowExecutionStatus.RUNNING
        return RunState.OPEN if running else RunState.CLOSED


def _summary(request: ExecutionRequest) -> str:
    first = request.executions[0]
    if len(request.executions) == 1:
        return f"{first.action_ref} (execution {first.execution_id})"
    return f"{len(request.executions)} executions from {first.execution_id}"


def _facts(request: ExecutionRequest) -> list[tuple[int, str]]:
    return [(order.execution_id, order.action_ref) for order in request.executions]


def _attributes(
    executions: Sequence[tuple[int, str]], trace_tag: str | None
) -> TypedSearchAttributes:
    actions: Sequence[str] = sorted({ref for _, ref in executions})
    packs: Sequence[str] = sorted({ref.split(".", 1)[0] for ref in actions})
    ids: Sequence[str] = [str(execution_id) for execution_id, _ in executions]
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(_EXECUTION, ids),
        SearchAttributePair(_ACTION, actions),
        SearchAttributePair(_PACK, packs),
    ]
    if trace_tag:
        pairs.append(SearchAttributePair(_TRACE, trace_tag))
    return TypedSearchAttributes(pairs)


def translate(error: RPCError, workflow_id: str) -> Exception:
    """Return what the answer of Temporal means, or itself if it is a bug."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return NotFound(entity="workflow run", ref=workflow_id)
    if error.status in _UNANSWERED:
        return Unavailable("Temporal does not answer just now")
    return error
