"""Close what got stuck: live executions whose workflow run is gone.

Every other path heals itself; this one is for what nobody foresaw, such as a Temporal
database that was lost or a workflow that was terminated by hand.
"""

import asyncio
import logging

from attune.domain.errors import Unavailable
from attune.domain.execution import ExecutionKind
from attune.messages.workflow import WorkflowRequest
from attune.services.execution.reconcile import ReconcileService, StuckExecution
from attune.temporal.gateway import Gateway, RunState

logger = logging.getLogger(__name__)

EVERY_SECONDS = 20.0


class Reconciler:
    """Looks from time to time at executions that have not moved for long."""

    def __init__(self, reconciling: ReconcileService, gateway: Gateway) -> None:
        self._reconciling = reconciling
        self._gateway = gateway

    async def run(self) -> None:
        """Reconcile until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                for stuck in await self._reconciling.find_stuck():
                    await self._reconcile(stuck)
            except Unavailable as error:
                logger.warning("reconciling waits", extra={"reason": error.message})

    async def _reconcile(self, stuck: StuckExecution) -> None:
        if await self._gateway.state_of(stuck.workflow_id) is RunState.OPEN:
            return
        logger.warning("execution lost its workflow", extra={"execution": stuck.id})
        if stuck.kind is ExecutionKind.WORKFLOW:
            await self._drive_anew(stuck)
        else:
            await self._reconciling.take_up(stuck.id)

    async def _drive_anew(self, stuck: StuckExecution) -> None:
        workflow_id = await self._reconciling.take_up_workflow(stuck)
        if workflow_id is not None:
            request = WorkflowRequest(
                execution_id=stuck.id, action_ref=stuck.action_ref
            )
            await self._gateway.start_workflow(workflow_id, request)
