"""The life of one execution within a workflow run: what runs it, and what settles it.

Whatever is said of an execution by signal is kept here until its turn comes.
"""

import contextlib

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError, TimeoutType
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    from activities.action import ActionActivities
    from activities.execution import ExecutionActivities
    from attune.domain.execution import ExecutionKind, ExecutionStatus
    from attune.domain.settlement import Loss
    from attune.messages.execution import (
        ActionOutcome,
        ActionRun,
        ExecutionOrder,
        InquiryOpening,
        Pause,
        Settlement,
        SettlementResult,
    )

    from workflows import options


class Lives:
    """Brings executions to their recorded ends, each in a coroutine of its own."""

    def __init__(self, *, go_on: bool = False) -> None:
        self._go_on = go_on
        self.cancelled: set[int] = set()
        """Executions that are to end."""
        self.ended: set[int] = set()
        """Executions whose end was recorded elsewhere."""
        self.went_on: list[int] = []
        """Executions that were run to their ends after others, in their activities."""
        self.unsure: set[int] = set()
        """Executions in whose activities others may have begun that are not reported."""

    async def bring_to_end(self, order: ExecutionOrder) -> ExecutionStatus:
        """Return the status on record when nothing more can happen to it."""
        while True:
            ended = await self._live(order)
            if isinstance(ended, ExecutionStatus):
                return ended
            if order.kind is ExecutionKind.ACTION:
                self.unsure.add(order.execution_id)
            settled = await self._settle(order, ended)
            if settled.status is ExecutionStatus.RUNNING and not settled.run_again:
                # A person ends it; that its end was held reached the row, not us.
                await workflow.wait_condition(lambda: self._is_decided(order))
                settled = await self._settle(order, Loss.REFUSED)
            if not settled.run_again:
                return settled.status

    async def _live(self, order: ExecutionOrder) -> ExecutionStatus | Loss:
        """Return the recorded status, or why somebody has to settle."""
        if order.kind is ExecutionKind.INQUIRY:
            reached: ExecutionStatus | Loss = await _open_inquiry(order)
        else:
            reached = await self._run_action(order)
        if reached is not ExecutionStatus.RUNNING:
            return reached
        await workflow.wait_condition(lambda: self._is_decided(order))
        return Loss.REFUSED

    async def _run_action(self, order: ExecutionOrder) -> ExecutionStatus | Loss:
        if self._is_cancelled(order):
            return Loss.CANCELLED
        handle = _start_action(order, goes_on=self._go_on)
        # Never await the handle bare: a cancel and the end in one task wedge it.
        await workflow.wait_condition(
            lambda: handle.done() or self._is_cancelled(order)
        )
        if not handle.done():
            handle.cancel()
            await workflow.wait_condition(handle.done)
        ending = _ending(handle)
        if isinstance(ending, Loss):
            return ending
        self.went_on += ending.went_on
        if ending.unsure:
            self.unsure.add(order.execution_id)
        return ending.status or Loss.REFUSED

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

    def _is_decided(self, order: ExecutionOrder) -> bool:
        return order.execution_id in self.ended or self._is_cancelled(order)

    def _is_cancelled(self, order: ExecutionOrder) -> bool:
        return order.execution_id in self.cancelled


async def let_ends_gather(pause: Pause) -> None:
    """Keep the workflow task open for a moment, so that ends share it."""
    # A pause that was cut short has done its work too.
    with contextlib.suppress(ActivityError):
        await workflow.execute_local_activity_method(
            ExecutionActivities.pause, pause, **options.pause()
        )


async def _open_inquiry(order: ExecutionOrder) -> ExecutionStatus:
    opened = await workflow.execute_local_activity_method(
        ExecutionActivities.open_inquiry,
        InquiryOpening(execution_id=order.execution_id),
        **options.database(summary=f"ask for {order.execution_id}"),
    )
    return opened.status


def _start_action(
    order: ExecutionOrder, *, goes_on: bool
) -> workflow.ActivityHandle[ActionOutcome]:
    return workflow.start_activity_method(
        ActionActivities.run_action,
        ActionRun(execution_id=order.execution_id, goes_on=goes_on),
        **options.action(
            queue=order.queue,
            limit_seconds=order.limit_seconds,
            summary=f"{order.label} (execution {order.execution_id})",
        ),
    )


def _ending(
    handle: workflow.ActivityHandle[ActionOutcome],
) -> ActionOutcome | Loss:
    if handle.cancelled():
        return Loss.CANCELLED
    failure = handle.exception()
    return handle.result() if failure is None else _cause(failure)


def _cause(failure: BaseException) -> Loss:
    if not isinstance(failure, ActivityError):
        return Loss.CANCELLED
    cause = failure.cause
    if isinstance(cause, ActivityTimeoutError):
        return Loss.LOST if cause.type is TimeoutType.HEARTBEAT else Loss.LIMIT
    if isinstance(cause, CancelledError):
        return Loss.CANCELLED
    return Loss.LOST
