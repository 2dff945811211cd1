"""Bring executions to their recorded end: run the action, settle what it left open."""

import asyncio
import contextlib

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError, TimeoutType
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    from activities.action import ActionActivities
    from activities.execution import ExecutionActivities
    from attune.domain.execution import ExecutionStatus
    from attune.domain.settlement import Loss
    from attune.messages.execution import (
        ActionOutcome,
        ActionRun,
        CancelRequest,
        ExecutionOrder,
        ExecutionReport,
        ExecutionRequest,
        Settlement,
        SettlementResult,
    )

    from workflows import options


@workflow.defn(name="Execution")
class ExecutionWorkflow:
    """One or several executions, each from dispatch to recorded result."""

    def __init__(self) -> None:
        self._cancelled: set[int] = set()
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
        self._cancelled.add(request.execution_id)

    async def _let_ends_gather(self, count: int) -> None:
        """Answer many ends at once, where one of them alone wakes nobody.

        Each end of an activity costs a workflow task of its own, unless one is open
        already. The rows are written by then: nobody waits for this workflow.
        """
        while count > 1 and self._ended_count < count:
            seen = self._ended_count
            await workflow.wait_condition(lambda: self._ended_count > seen)  # noqa: B023 - awaited at once
            if self._ended_count < count:
                await _pause()

    async def _bring_to_end(self, order: ExecutionOrder) -> ExecutionStatus:
        try:
            return await self._run_and_settle(order)
        finally:
            self._ended_count += 1

    async def _run_and_settle(self, order: ExecutionOrder) -> ExecutionStatus:
        while True:
            ended = await self._run_action(order)
            if isinstance(ended, ExecutionStatus):
                return ended
            settled = await self._settle(order, ended)
            if not settled.run_again:
                return settled.status

    async def _run_action(self, order: ExecutionOrder) -> ExecutionStatus | Loss:
        """Return the recorded status, or why somebody has to settle."""
        if self._is_cancelled(order):
            return Loss.CANCELLED
        handle = _start_action(order)
        # Never await the handle bare: a cancel and the end in one task wedge it.
        await workflow.wait_condition(
            lambda: handle.done() or self._is_cancelled(order)
        )
        if not handle.done():
            handle.cancel()
            await workflow.wait_condition(handle.done)
        return _ending(handle)

    async def _settle(self, order: ExecutionOrder, cause: Loss) -> SettlementResult:
        while True:
            result = await workflow.execute_local_activity_method(
                ExecutionActivities.settle,
                Settlement(execution_id=order.execution_id, cause=cause),
                **options.database(summary=f"settle {order.execution_id}: {cause}"),
            )
            if result.ask_again_seconds is None:
                return result
            await workflow.sleep(
                result.ask_again_seconds,
                summary=f"worker of {order.execution_id} still lives",
            )

    def _is_cancelled(self, order: ExecutionOrder) -> bool:
        return order.execution_id in self._cancelled


async def _pause() -> None:
    # A pause that was cut short has done its work too.
    with contextlib.suppress(ActivityError):
        await workflow.execute_local_activity_method(
            ExecutionActivities.pause, options.GATHERING, **options.pause()
        )


def _start_action(
    order: ExecutionOrder,
) -> workflow.ActivityHandle[ActionOutcome]:
    return workflow.start_activity_method(
        ActionActivities.run_action,
        ActionRun(execution_id=order.execution_id),
        **options.action(
            queue=order.queue,
            limit_seconds=order.limit_seconds,
            summary=f"{order.action_ref} (execution {order.execution_id})",
        ),
    )


def _ending(
    handle: workflow.ActivityHandle[ActionOutcome],
) -> ExecutionStatus | Loss:
    if handle.cancelled():
        return Loss.CANCELLED
    failure = handle.exception()
    if failure is None:
        return handle.result().status or Loss.REFUSED
    return _cause(failure)


def _cause(failure: BaseException) -> Loss:
    if not isinstance(failure, ActivityError):
        return Loss.CANCELLED
    cause = failure.cause
    if isinstance(cause, ActivityTimeoutError):
        return Loss.LOST if cause.type is TimeoutType.HEARTBEAT else Loss.LIMIT
    if isinstance(cause, CancelledError):
        return Loss.CANCELLED
    return Loss.LOST
