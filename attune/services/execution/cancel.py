"""Ask an execution to end."""

import json

from attune.db.database import Database, Transaction
from attune.db.models.execution import Execution
from attune.db.repositories.execution import visible_executions
from attune.domain.errors import Conflict
from attune.domain.execution import is_terminal
from attune.domain.permission import Action, Caller, Resource
from attune.services.execution.read import target_of
from attune.services.execution.settle import cancelled_document


class CancelService:
    """The end of executions that somebody no longer wants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cancel(self, caller: Caller, execution_id: int) -> Execution:
        """End what waits at once and what runs soon; repeating it is harmless.

        A workflow ends its tasks as its cancellation policy says. Raises Conflict for an
        execution that has ended (contract, p.1).
        """
        async with self._database.transaction() as tx:
            among = visible_executions(caller)
            execution = await tx.executions.get(execution_id, among=among)
            target = await target_of(tx, execution)
            caller.require(Resource.EXECUTIONS, Action.CANCEL, target)
            changed = await self._end(tx, execution_id)
            execution = await tx.executions.lock(execution_id)
            if not changed and is_terminal(execution.status):
                raise Conflict(
                    f"Execution {execution_id} has ended: {execution.status}",
                    status=execution.status,
                )
        return execution

    async def _end(self, tx: Transaction, execution_id: int) -> bool:
        result = json.dumps(cancelled_document())
        cancelled = await tx.executions.cancel(execution_id, result)
        if cancelled is None:
            return False
        if cancelled.workflow_id is not None:
            await tx.outbox.add_cancel(cancelled.workflow_id, execution_id)
        if cancelled.parent_workflow_id is not None:
            await tx.outbox.add_ended(cancelled.parent_workflow_id, execution_id)
        return True
