"""Take up executions whose workflow run is gone."""

from datetime import timedelta

from attune.db.database import Database
from attune.db.repositories.dispatch import StuckExecution
from attune.services.execution.settle import SettleService, lost

__all__ = ["ReconcileService", "StuckExecution"]

QUIET = timedelta(seconds=60)
LIMIT = 50


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
        """Return the id under which another run is to drive the workflow."""
        async with self._database.transaction() as tx:
            return await tx.dispatch.take_up(stuck)

    async def take_up(self, execution_id: int) -> None:
        """Settle the execution, or have it dispatched under a new workflow id."""
        result = await self._settling.settle(lost(execution_id))
        if result.run_again:
            async with self._database.transaction() as tx:
                await tx.dispatch.requeue(execution_id)
