"""Executions as clients ask for them and see them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from attune.api.parameters import QueryId
from attune.api.schemas.envelope import (
    Body,
    Flag,
    ListOrEmpty,
    ObjectOrEmpty,
    Omitted,
    Read,
)
from attune.db.models.execution import Execution
from attune.db.repositories.execution import ExecutionFilter
from attune.domain.artifact import RetentionPolicyType
from attune.domain.execution import ExecutionStatus
from attune.domain.run_link import RunLinks
from attune.services.execution.request import ExecutionWish
from attune.services.execution.rerun import RerunWish
from attune.services.execution.row import Terms

LONGEST_TIMEOUT_SECONDS = 30 * 86400

Ref = Annotated[str, Field(min_length=1, max_length=255)]
FilterText = Annotated[str | None, Field(max_length=255)]
Limit = Annotated[int, Field(ge=1, le=LONGEST_TIMEOUT_SECONDS, strict=True)]


class CreateExecutionRequest(Body):
    """An action to execute, and how."""

    action_ref: Ref
    parameters: dict[str, Any] | None = None
    env_vars: dict[str, str] | None = None
    """Variables for the process; names that begin with ATTUNE_ are refused."""
    permission_set_refs: list[Ref] | None = None
    """What the execution's own token may do; none at all with an empty list."""
    timeout_seconds: Limit | None = None
    trace_tag: Annotated[str, Field(max_length=255)] | None = None
    worker_selector: dict[str, Any] | None = None
    worker_tolerations: list[dict[str, Any]] | None = None
    worker_affinity: dict[str, Any] | None = None
    artifact_retention_policy: RetentionPolicyType | None = None
    artifact_retention_limit: (
        Annotated[int, Field(ge=1, le=2**31, strict=True)] | None
    ) = None

    def wish(self) -> ExecutionWish:
        """Return what the service is asked for."""
        terms = Terms(
            env_vars=self.env_vars or {},
            permission_set_refs=self.permission_set_refs,
            timeout_seconds=self.timeout_seconds,
            worker_selector=self.worker_selector,
            worker_tolerations=self.worker_tolerations,
            worker_affinity=self.worker_affinity,
            artifact_retention_policy=self.artifact_retention_policy,
            artifact_retention_limit=self.artifact_retention_limit,
        )
        return ExecutionWish(
            action_ref=self.action_ref,
            parameters=self.parameters or {},
            terms=terms,
            trace_tag=self.trace_tag,
        )


class RerunRequest(Body):
    """What is to be different when an execution is run again."""

    parameters: dict[str, Any] | None = None
    """In place of those of the same name; secret ones stay what they were."""
    from_task: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """Go on from this task of a workflow, and keep what the others did before it."""
    from_tasks: Annotated[list[Ref], Field(max_length=100)] | None = None
    """The same for several tasks."""
    from_failed: Flag = False
    """Go on from the tasks that failed."""

    def wish(self) -> RerunWish:
        """Return what the service is asked for."""
        named = [
            *(self.from_tasks or []),
            *([self.from_task] if self.from_task else []),
        ]
        return RerunWish(
            parameters=self.parameters or {},
            from_tasks=named if named or self.from_failed else None,
        )


class WorkflowTaskResponse(Read):
    """What has become of one task of a workflow so far."""

    name: str
    status: Omitted[str]
    """How its last run ended: as an execution does, or `skipped`."""
    runs: int
    live: int
    """Runs that have not ended, delayed ones included."""
    execution: Omitted[int] = Field(validation_alias="execution_id")
    """The execution that ended last."""
    arrivals: dict[str, int]
    """Which predecessors of a join have arrived, and how often."""


class ExecutionQuery(BaseModel):
    """The filters of the list; an unknown parameter is ignored."""

    status: ExecutionStatus | None = None
    action_ref: FilterText = None
    pack_name: FilterText = None
    rule_ref: FilterText = None
    trigger_ref: FilterText = None
    trace_tag: FilterText = None
    executor: QueryId = None
    enforcement: QueryId = None
    parent: QueryId = None
    result_contains: FilterText = None
    top_level_only: bool = False
    include_total: bool = False

    def wanted(self) -> ExecutionFilter:
        """Return what the repository is asked for."""
        return ExecutionFilter(
            status=self.status,
            action_ref=self.action_ref,
            pack_ref=self.pack_name,
            rule_ref=self.rule_ref,
            trigger_ref=self.trigger_ref,
            trace_tag=self.trace_tag,
            executor_id=self.executor,
            enforcement_id=self.enforcement,
            parent_id=self.parent,
            result_contains=self.result_contains,
            top_level_only=self.top_level_only,
        )


class ExecutionSummary(Read):
    """An execution in a list."""

    id: int
    action_ref: str
    status: ExecutionStatus
    created: datetime
    updated: datetime
    enforcement: Omitted[int] = Field(validation_alias="enforcement_id")
    original_execution: Omitted[int] = Field(validation_alias="original_execution_id")
    parent: Omitted[int] = Field(validation_alias="parent_id")
    executor: Omitted[int] = Field(validation_alias="executor_id")
    worker: Omitted[int] = Field(validation_alias="worker_id")
    rule_ref: Omitted[str]
    trigger_ref: Omitted[str]
    started_at: Omitted[datetime]
    finished_at: Omitted[datetime]
    timeout_seconds: Omitted[int]
    trace_tag: Omitted[str]
    workflow_task: Omitted[dict[str, Any]]
    waiting_for: Omitted[dict[str, Any]]


class ExecutionResponse(ExecutionSummary):
    """An execution with all that belongs to it."""

    action: Omitted[int] = Field(validation_alias="action_id")
    config: ObjectOrEmpty
    """The parameters; secret ones are masked."""
    result: ObjectOrEmpty
    env_vars: ObjectOrEmpty
    permission_set_refs: ListOrEmpty[str]
    attempt_count: int
    artifact_retention_policy: Omitted[RetentionPolicyType]
    artifact_retention_limit: Omitted[int]
    worker_selector: Omitted[dict[str, Any]]
    worker_tolerations: Omitted[list[dict[str, Any]]]
    worker_affinity: Omitted[dict[str, Any]]
    workflow_id: Omitted[str]
    """The Temporal workflow that hosts it."""
    links: dict[str, str] = Field(default_factory=dict)
    """Where to look inside the run."""


class ExecutionStats(Read):
    """How many executions stand where."""

    total: int
    pending: int
    running: int
    completed: int
    failed: int
    cancelled: int
    timeout: int
    abandoned: int


def execution_response(
    execution: Execution, links: RunLinks, config: dict[str, Any] | None = None
) -> ExecutionResponse:
    """Show one execution, with its parameters unmasked where `config` is given."""
    shown = ExecutionResponse.model_validate(execution)
    shown.links = links.for_workflow(execution.workflow_id)
    if config is not None:
        shown.config = config
    return shown
