"""Take up executions whose workflow run is gone."""

from datetime import timedelta

from attune.db.database import Database, Transaction
from attune.db.repositories.dispatch import StuckExecution
from attune.db.repositories.workflow_rows import LockedWorkflow
from attune.domain.execution import ExecutionStatus, is_terminal
from attune.domain.json import JsonObject
from attune.services.execution.settle import SettleService, cancelled_document, lost
from attune.services.workflow.ending import end_workflow

__all__ = ["ReconcileService", "StuckExecution"]

QUIET = timedelta(seconds=60)
LIMIT = 50
MOST_RUNS = 5
"""So many runs of one workflow may be lost before it is given up."""


class ReconcileService:
    """The last resort for what every other path left standing."""

    def __init__(self, database: Database, settling: SettleService) -> None:
        self._database = database
        self._settling = settling

    async def find_stuck(self) -> list[StuckExecution]:
        """Return live executions that nothing has moved for a minute.

        Each is touched, so that a healthy long one is asked about once a minute.
        """
        async with self._database.transaction() as tx:
            stuck = await tx.dispatch.find_stuck(QUIET, LIMIT)
            for execution in stuck:
                await tx.dispatch.touch(execution.id)
        return stuck

    async def take_up_workflow(self, stuck: StuckExecution) -> str | None:
        """Return the id under which another run is to drive the workflow.

        None when it has ended, or has to: a workflow whose runs are lost again and again
        is not driven for ever.
        """
        async with self._database.transaction() as tx:
            if stuck.generation < MOST_RUNS:
                return await tx.dispatch.take_up(stuck)
            run = await tx.workflow_runs.lock(stuck.id)
            if run is not None and not is_terminal(run.status):
                await _give_up(tx, run)
        return None

    async def take_up(self, execution_id: int) -> None:
        """Settle the execution, or have it dispatched under a new workflow id."""
        result = await self._settling.settle(lost(execution_id))
        if result.run_again:
            async with self._database.transaction() as tx:
                await tx.dispatch.requeue(execution_id)


async def _give_up(tx: Transaction, run: LockedWorkflow) -> None:
    runs = tx.workflow_runs
    stopped = await runs.stop_waiting(run.id, cancelled_document())
    for child in (*stopped, *await runs.stop_running(run.id, code_too=True)):
        if child.workflow_id is not None:
            await tx.outbox.add_cancel(child.workflow_id, child.id)
    document: JsonObject = {
        "succeeded": False,
        "error": f"{MOST_RUNS} runs of the workflow were lost; "
        "the orchestrator's log says why",
    }
    await end_workflow(tx, run, ExecutionStatus.FAILED, document)
