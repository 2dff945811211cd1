"""From what the interpreter wants run to the rows of executions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from attune.clock import utc_now
from attune.db.database import Transaction
from attune.db.repositories.workflow_rows import CarriedExecution, LockedWorkflow
from attune.domain.executable import ENGINE, ExecutableAction
from attune.domain.execution import ExecutionKind, ExecutionStatus
from attune.domain.json import JsonObject
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import Run
from attune.messages.execution import ExecutionOrder
from attune.messages.names import runtime_queue
from attune.security.encryption import Encryption
from attune.services.execution.row import (
    Origin,
    PreparedExecution,
    Terms,
    prepare_execution,
)
from attune.services.execution.write import write_secrets
from attune.services.workflow.remembered import KnownActions
from attune.services.workflow.secret import WorkflowSecrets

ASK = "core.ask"


@dataclass
class TaskExecutions:
    """The executions that one step makes, and the orders that come of them."""

    tx: Transaction
    encryption: Encryption
    parent: LockedWorkflow
    state_id: int
    workflow: Workflow
    secrets: WorkflowSecrets
    actions: KnownActions
    room: int
    backlog: int = 0
    """How many could not be given to the run for want of room."""
    _known: dict[str, ExecutableAction] = field(default_factory=dict)
    _pending: list[tuple[Run, PreparedExecution]] = field(default_factory=list)

    async def add(self, runs: list[Run]) -> list[tuple[Run, int]]:
        """Take what is to run; returns what failed at once, with its execution."""
        refs = {run.action_ref for run in runs} - self._known.keys()
        self._known |= await self.actions.find(self.tx, refs, self.parent)
        now = utc_now()
        prepared = [(run, self._prepare(run, now)) for run in runs]
        failed = [pair for pair in prepared if _has_failed(pair[1])]
        self._pending += [pair for pair in prepared if not _has_failed(pair[1])]
        written = await self._insert(failed)
        return [(run, id_) for (run, _), (id_, _) in zip(failed, written, strict=True)]

    async def write(self) -> list[ExecutionOrder]:
        """Write everything that was taken and return what the run has to carry."""
        written = await self._insert(self._pending)
        return [
            self._order(run, id_, prepared)
            for (run, prepared), (id_, status) in zip(
                self._pending, written, strict=True
            )
            if status is ExecutionStatus.SCHEDULED
        ]

    async def _insert(
        self, prepared: list[tuple[Run, PreparedExecution]]
    ) -> list[tuple[int, ExecutionStatus]]:
        if not prepared:
            return []
        rows = [each.row for _, each in prepared]
        written = await self.tx.workflow_runs.insert_tasks(rows)
        ids = (execution_id for execution_id, _ in written)
        executions = (each for _, each in prepared)
        pairs = list(zip(ids, executions, strict=True))
        await write_secrets(self.tx, self.encryption, pairs)
        return written

    def _prepare(self, run: Run, now: datetime) -> PreparedExecution:
        given = run.parameters
        if given is None:
            given = self.secrets.parameters() or self.parent.config
        stored, references = self.secrets.extract(given)
        known = self._known.get(run.action_ref)
        problem = run.problem or _obstacle(run, known)
        prepared = prepare_execution(
            known or _unknown(run.action_ref),
            stored,
            self._origin(),
            self._terms(run),
            now=now,
            referring={str(reference["path"][0]) for reference in references},
        )
        row = {
            **prepared.row,
            **self._task_columns(run, known, now, has_failed=_has_failed(prepared)),
            "secret_references": references or None,
        }
        if problem is not None:
            row |= _failure(problem, now)
        return PreparedExecution(row, prepared.secrets)

    def _origin(self) -> Origin:
        return Origin(
            executor_id=self.parent.executor,
            parent_id=self.parent.id,
            trace_tag=self.parent.trace_tag,
        )

    def _terms(self, run: Run) -> Terms:
        terms = self.workflow.tasks[run.task].terms
        return Terms(
            permission_set_refs=terms.permission_set_refs,
            timeout_seconds=run.timeout_seconds,
            worker_selector=terms.worker_selector,
            worker_tolerations=terms.worker_tolerations,
            worker_affinity=terms.worker_affinity,
        )

    def _task_columns(
        self,
        run: Run,
        known: ExecutableAction | None,
        now: datetime,
        *,
        has_failed: bool,
    ) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "workflow_task": _workflow_task(run, self.state_id),
            "original_execution_id": run.first_execution_id,
            "awaited": False,
            "workflow_id": None,
            "dispatched_at": None,
        }
        if has_failed or run.problem is not None or _obstacle(run, known) is not None:
            return columns
        columns["awaited"] = True
        if known is None or _kind(known) is ExecutionKind.WORKFLOW:
            return columns
        columns["workflow_id"] = self.parent.workflow_id
        if self.room <= 0:
            self.backlog += 1
            return columns
        self.room -= 1
        return {
            **columns,
            "status": ExecutionStatus.SCHEDULED,
            "dispatched_at": now,
        }

    def _order(
        self, run: Run, execution_id: int, prepared: PreparedExecution
    ) -> ExecutionOrder:
        known = self._known[run.action_ref]
        return ExecutionOrder(
            execution_id=execution_id,
            action_ref=run.action_ref,
            queue=runtime_queue(known.runtime_ref or ENGINE),
            limit_seconds=prepared.row["timeout_seconds"] or 0,
            kind=_kind(known),
            task=run.task,
        )


def orders_for(carried: Iterable[CarriedExecution]) -> list[ExecutionOrder]:
    """Return what the run has to carry, from the rows of it."""
    return [
        ExecutionOrder(
            execution_id=each.id,
            action_ref=each.action_ref,
            queue=runtime_queue(each.runtime_ref or ENGINE),
            limit_seconds=each.timeout_seconds,
            kind=each.kind,
            task=each.task_name,
            activity_of=each.activity_of,
        )
        for each in carried
    ]


def _workflow_task(run: Run, state_id: int) -> JsonObject:
    """Return what an execution tells of the task it runs (contract, e.3)."""
    return {
        "workflow_execution": state_id,
        "task_name": run.task,
        "run": run.run,
        "triggered_by": run.triggered_by,
        "task_index": run.item,
        "task_batch": run.batch,
        "retry_count": run.retry_count,
        "max_retries": run.max_retries,
        "timeout_seconds": run.timeout_seconds,
    }


def _kind(action: ExecutableAction) -> ExecutionKind:
    if action.runtime_ref != ENGINE:
        return ExecutionKind.ACTION
    return ExecutionKind.INQUIRY if action.ref == ASK else ExecutionKind.WORKFLOW


def _obstacle(run: Run, known: ExecutableAction | None) -> str | None:
    if known is None:
        return f"Task {run.task}: there is no action {run.action_ref}"
    return None if known.enabled else f"Action {run.action_ref} is disabled"


def _unknown(ref: str) -> ExecutableAction:
    return ExecutableAction(
        id=None,
        ref=ref,
        pack_ref=ref.partition(".")[0],
        runtime_ref=None,
        is_executable=False,
        enabled=False,
        param_schema={},
        timeout_seconds=None,
    )


def _has_failed(prepared: PreparedExecution) -> bool:
    return prepared.row["status"] is ExecutionStatus.FAILED


def _failure(problem: str, now: datetime) -> Mapping[str, Any]:
    return {
        "status": ExecutionStatus.FAILED,
        "result": {"succeeded": False, "error": problem},
        "finished_at": now,
    }
