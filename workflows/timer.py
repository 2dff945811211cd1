"""Wake a timer: the row says what is due, and whether it still may fire.

A Schedule starts a run for each of its times. What no Schedule can express sleeps in
one run until its next time, and is told when the rule has changed.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.timer import TimerActivities
    from attune.messages.timer import TimerFired, TimerReport, TimerWake

    from workflows import options


@workflow.defn(name="Timer")
class TimerWorkflow:
    """One look at a timer, or one after the other."""

    def __init__(self) -> None:
        self._fired_count = 0
        self._changed = False

    @workflow.run
    async def run(self, wake: TimerWake) -> TimerReport:
        """Fire what is due, as long as the answer is to look again."""
        answer = await self._fire(wake)
        while answer.again_in_seconds is not None:
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(wake)
            await self._wait(answer.again_in_seconds)
            answer = await self._fire(wake)
        return TimerReport(fired_count=self._fired_count)

    @workflow.signal(name="changed")
    def changed(self) -> None:
        """Hear that the rule is no longer what it was."""
        self._changed = True

    async def _fire(self, wake: TimerWake) -> TimerFired:
        self._changed = False
        answer = await workflow.execute_local_activity_method(
            TimerActivities.fire, wake, **options.fire_timer(sleeps=wake.sleeps)
        )
        self._fired_count += answer.fired_count
        return answer

    async def _wait(self, seconds: float) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._changed, timeout=seconds, timeout_summary="next time"
            )
        except TimeoutError:
            return
