"""The end of a workflow's own execution, and who has to hear of it."""

from attune.db.database import Transaction
from attune.db.repositories.workflow_rows import LockedWorkflow
from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject
from attune.messages.workflow import Orders
from attune.services.execution.settle import cancelled_document


def end_document(status: ExecutionStatus, limit_seconds: int | None) -> JsonObject:
    """Return the result of a workflow that was stopped before it was done."""
    if status is ExecutionStatus.TIMEOUT:
        return {
            "succeeded": False,
            "error": f"Execution timed out after {limit_seconds} seconds",
            "timed_out": True,
        }
    return {**cancelled_document(), "error": "Execution was cancelled"}


async def end_workflow(
    tx: Transaction, run: LockedWorkflow, status: ExecutionStatus, document: JsonObject
) -> Orders:
    """Record the end; a workflow that this one is a task of hears of it by signal."""
    error = document.get("error")
    await tx.workflow_runs.end(
        run.id, status, document, str(error) if error is not None else None
    )
    await tell_parent(tx, run.id, run.parent if run.awaited else None)
    return Orders(status=status)


async def tell_parent(
    tx: Transaction, execution_id: int, parent_id: int | None
) -> None:
    """Have the run of the parent's workflow told that this execution has ended."""
    if parent_id is None:
        return
    workflow_id = await tx.workflow_runs.workflow_id_of(parent_id)
    if workflow_id is not None:
        await tx.outbox.add_ended(workflow_id, execution_id)
