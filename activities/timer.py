"""The database side of a timer: emit the events of what is due."""

from typing import Protocol

from temporalio import activity

from attune.messages.timer import TimerFired, TimerWake


class TimerRecords(Protocol):
    """What these activities need of the timer service."""

    async def fire(self, wake: TimerWake) -> TimerFired:
        """Emit what is due, or say why nothing is."""


class TimerActivities:
    """Looks at the row of a timer, which alone says what is due."""

    def __init__(self, timers: TimerRecords) -> None:
        self._timers = timers

    @activity.defn(name="fire_timer")
    async def fire(self, wake: TimerWake) -> TimerFired:
        """Emit what is due; repeating it emits nothing twice."""
        return await self._timers.fire(wake)
