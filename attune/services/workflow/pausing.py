"""Hold a workflow, and let it go on: what runs may end, nothing new starts."""

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.models.execution import Execution
from attune.db.repositories.execution import visible_executions
from attune.db.repositories.workflow_state import StateRow
from attune.domain.errors import Conflict
from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject
from attune.domain.permission import Action, Caller, Resource
from attune.services.execution.read import target_of


class PauseService:
    """Switches workflows that run; repeating either is harmless."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pause(self, caller: Caller, execution_id: int) -> Execution:
        """Start nothing more until it is resumed; Conflict unless a workflow runs."""
        async with self._database.transaction() as tx:
            row = await self._locked(tx, caller, execution_id)
            if "paused" not in row.state:
                paused: JsonObject = {
                    "since": utc_now().isoformat(),
                    "by": caller.login,
                }
                await tx.workflow_states.save(row.id, {**row.state, "paused": paused})
            return await tx.executions.get(execution_id)

    async def resume(self, caller: Caller, execution_id: int) -> Execution:
        """Go on with everything that ended or came due meanwhile."""
        async with self._database.transaction() as tx:
            row = await self._locked(tx, caller, execution_id)
            execution = await tx.executions.get(execution_id)
            if "paused" in row.state:
                state = {k: v for k, v in row.state.items() if k != "paused"}
                await tx.workflow_states.save(row.id, state)
                if execution.workflow_id is not None:
                    await tx.outbox.add_wake(execution.workflow_id, execution_id)
            return execution

    async def _locked(
        self, tx: Transaction, caller: Caller, execution_id: int
    ) -> StateRow:
        among = visible_executions(caller)
        execution = await tx.executions.get(execution_id, among=among)
        target = await target_of(tx, execution)
        caller.require(Resource.EXECUTIONS, Action.CANCEL, target)
        run = await tx.workflow_runs.lock(execution_id)
        row = await tx.workflow_states.state_of(execution_id)
        if run is None or row is None:
            raise Conflict(
                f"Execution {execution_id} is no workflow that has begun",
                status=execution.status,
            )
        if run.status is not ExecutionStatus.RUNNING:
            raise Conflict(
                f"Execution {execution_id} does not run: {run.status}",
                status=run.status,
            )
        return row
