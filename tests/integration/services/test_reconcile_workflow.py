"""Workflows whose runs are lost: taken up by another, and given up in the end."""

from attune.db.database import Database
from attune.db.models import Execution
from attune.db.repositories.dispatch import StuckExecution
from attune.domain.execution import ExecutionKind, ExecutionStatus
from attune.services.execution.reconcile import MOST_RUNS, ReconcileService
from tests.integration.services.test_attempt import settling
from tests.support.builders import make_execution


async def running(database: Database) -> tuple[Execution, Execution]:
    """Write a workflow that runs, and one of its tasks that was not started yet."""
    async with database.transaction() as tx:
        parent = await make_execution(tx, status="running", workflow_id="lost-run")
        task = await make_execution(
            tx,
            status="scheduled",
            parent_id=parent.id,
            awaited=True,
            workflow_id="lost-run",
        )
    return parent, task


def stuck(execution: Execution, generation: int) -> StuckExecution:
    return StuckExecution(
        id=execution.id,
        workflow_id="lost-run",
        kind=ExecutionKind.WORKFLOW,
        action_ref=execution.action_ref,
        generation=generation,
    )


async def test_another_run_takes_the_workflow_and_its_tasks_up(
    database: Database,
) -> None:
    parent, task = await running(database)
    service = ReconcileService(database, settling(database))

    workflow_id = await service.take_up_workflow(stuck(parent, 0))

    async with database.transaction() as tx:
        assert workflow_id == f"execution-{parent.id}-1"
        assert (await tx.executions.get(parent.id)).workflow_id == workflow_id
        assert (await tx.executions.get(task.id)).workflow_id == workflow_id


async def test_a_workflow_whose_runs_are_lost_again_and_again_fails(
    database: Database,
) -> None:
    parent, task = await running(database)
    service = ReconcileService(database, settling(database))

    assert await service.take_up_workflow(stuck(parent, MOST_RUNS)) is None

    async with database.transaction() as tx:
        ended = await tx.executions.get(parent.id)
        assert ended.status is ExecutionStatus.FAILED
        assert "were lost" in str(ended.result)
        child = await tx.executions.get(task.id)
        assert child.status is ExecutionStatus.CANCELLED
