"""Keep one sensor process alive, somewhere.

What to do is decided by the row. This run may be given up and taken up at any point: the
first question of every run brings whatever is to be done.
"""

import contextlib

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.sensor import SensorActivities, SensorRecordActivities
    from attune.domain.sensor import StepKind
    from attune.messages.sensor import (
        SensorOrder,
        SensorOutcome,
        SensorQuestion,
        SensorRun,
        SensorWatch,
    )

    from workflows import options


@workflow.defn(name="Sensor")
class SensorWorkflow:
    """The process of one sensor, from the first rule that needs it to the last."""

    def __init__(self) -> None:
        self._is_woken = False

    @workflow.run
    async def run(self, watch: SensorWatch) -> None:
        """Do what the row wants, until it wants nothing any more."""
        declined = False
        while True:
            order = await self._ask(watch, declined=declined)
            declined = False
            if order.kind is StepKind.RUN:
                declined = await self._carry(watch, order)
            elif order.kind is StepKind.WAIT:
                await self._rest(order.wait_seconds)
            elif not self._is_woken:
                return
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(watch)

    @workflow.signal(name="wake")
    def wake(self) -> None:
        """Look at the row again."""
        self._is_woken = True

    async def _carry(self, watch: SensorWatch, order: SensorOrder) -> bool:
        """Have a worker run it to its end; tells whether none had room."""
        handle = workflow.start_activity_method(
            SensorActivities.run_sensor,
            SensorRun(sensor_ref=watch.sensor_ref, generation=order.generation),
            **options.sensor(
                queue=order.queue,
                summary=f"{watch.sensor_ref} (start {order.generation})",
            ),
        )
        # Never await the handle bare: a cancel and the end in one task wedge it.
        while not handle.done():
            await workflow.wait_condition(lambda: handle.done() or self._is_woken)
            if not handle.done() and await self._is_to_end(watch, order):
                handle.cancel()
                await workflow.wait_condition(handle.done)
        return _has_declined(handle)

    async def _is_to_end(self, watch: SensorWatch, order: SensorOrder) -> bool:
        answer = await self._ask(watch, carried=order.generation)
        return answer.kind is not StepKind.KEEP

    async def _ask(
        self,
        watch: SensorWatch,
        *,
        carried: int | None = None,
        declined: bool = False,
    ) -> SensorOrder:
        self._is_woken = False
        return await workflow.execute_local_activity_method(
            SensorRecordActivities.order_sensor,
            SensorQuestion(
                sensor_ref=watch.sensor_ref, carried=carried, declined=declined
            ),
            **options.database(summary=f"ask about {watch.sensor_ref}"),
        )

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._is_woken, timeout=seconds, timeout_summary="wait"
            )


def _has_declined(handle: workflow.ActivityHandle[SensorOutcome]) -> bool:
    """Tell whether the worker had no room; how it ended otherwise says the row."""
    if handle.cancelled() or handle.exception() is not None:
        return False
    return handle.result().declined
