"""Bring executions to their recorded end: run the action, settle what it left open."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from attune.domain.execution import ExecutionStatus
    from attune.messages.execution import (
        CancelRequest,
        ExecutionEnded,
        ExecutionOrder,
        ExecutionReport,
        ExecutionRequest,
    )

    from workflows import options
    from workflows.life import Lives, let_ends_gather


@workflow.defn(name="Execution")
class ExecutionWorkflow:
    """One or several executions, each from dispatch to recorded result."""

    def __init__(self) -> None:
        self._lives = Lives()
        self._ended_count = 0

    @workflow.run
    async def run(self, request: ExecutionRequest) -> ExecutionReport:
        """Run every execution at once and report how each ended."""
        statuses, _ = await asyncio.gather(
            asyncio.gather(*(self._bring_to_end(each) for each in request.executions)),
            self._let_ends_gather(len(request.executions)),
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        ids = (order.execution_id for order in request.executions)
        return ExecutionReport(statuses=dict(zip(ids, statuses, strict=True)))

    @workflow.signal(name="cancel")
    def cancel(self, request: CancelRequest) -> None:
        """Ask one execution to end; repeating it changes nothing."""
        self._lives.cancelled.add(request.execution_id)

    @workflow.signal(name="ended")
    def ended(self, ended: ExecutionEnded) -> None:
        """Hear that somebody else has recorded the end of one execution."""
        self._lives.ended.add(ended.execution_id)

    async def _let_ends_gather(self, count: int) -> None:
        """Answer many ends at once, where one of them alone wakes nobody.

        Each end of an activity costs a workflow task of its own, unless one is open
        already. The rows are written by then: nobody waits for this workflow.
        """
        while count > 1 and self._ended_count < count:
            seen = self._ended_count
            await workflow.wait_condition(lambda: self._ended_count > seen)  # noqa: B023 - awaited at once
            if self._ended_count < count:
                await let_ends_gather(options.GATHERING)

    async def _bring_to_end(self, order: ExecutionOrder) -> ExecutionStatus:
        try:
            return await self._lives.bring_to_end(order)
        finally:
            self._ended_count += 1
