"""Have timers woken: tell Temporal what has changed, and find what nobody woke.

Any number may run side by side: whatever wakes a timer twice, it fires once.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from attune.db.listener import Listener
from attune.domain.alarm import CalendarAlarm, EveryAlarm, SleepAlarm
from attune.domain.errors import InvalidInput, Unavailable
from attune.messages.timer import TimerWake
from attune.services.timer.alarm import SLEEPING, AlarmOrder, AlarmService

logger = logging.getLogger(__name__)

OUTBOX: Final = "outbox"
OVERDUE_EVERY_SECONDS: Final = 1.0
RECONCILE_EVERY_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 1.0
"""After Temporal or PostgreSQL did not answer."""

CONCURRENT_CALLS: Final = 8


class Clockwork(Protocol):
    """What wakes timers."""

    async def schedule(
        self, wake: TimerWake, alarm: EveryAlarm | CalendarAlarm, text: str, mark: str
    ) -> None:
        """Wake it at these times."""

    async def unschedule(self, rule_id: int) -> None:
        """Wake it no more."""

    async def sleep(self, wake: TimerWake) -> None:
        """Let a run sleep until it is due, again and again."""

    async def rouse(self, rule_id: int) -> None:
        """Let that run, if there is one, find that it is not needed."""

    async def wake(self, wake: TimerWake) -> None:
        """Wake it now."""

    async def marks(self) -> dict[int, list[str]]:
        """Return what it is woken by, of all timers."""

    async def sleeping(self) -> list[int]:
        """Return for which timers a run sleeps."""


class Timers:
    """Keeps what Temporal knows of timers as their rows are."""

    def __init__(
        self,
        alarms: AlarmService,
        clockwork: Clockwork,
        listener: Listener,
        *,
        look_seconds: float,
    ) -> None:
        self._alarms = alarms
        self._clockwork = clockwork
        self._listener = listener
        self._look_seconds = look_seconds
        self._changed = asyncio.Event()
        self._calls = asyncio.Semaphore(CONCURRENT_CALLS)

    async def run(self) -> None:
        """Tell, look and reconcile until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._repeat(self._tell_changes))
            group.create_task(self._repeat(self._wake_overdue))
            group.create_task(self._repeat(self._reconcile))

    async def _listen(self) -> None:
        async for channel, payload in self._listener:
            if payload == OUTBOX or not channel:
                self._changed.set()

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Unavailable as error:
                logger.warning("timers wait", extra={"reason": error.message})
                await asyncio.sleep(PAUSE_SECONDS)

    async def _tell_changes(self) -> None:
        self._changed.clear()
        claimed = await self._alarms.claim()
        outcomes = await asyncio.gather(
            *(self._tell(rule_id, ids) for rule_id, ids in claimed.items()),
            return_exceptions=True,
        )
        _raise_first(outcomes)
        if not claimed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_seconds):
                    await self._changed.wait()

    async def _tell(self, rule_id: int, outbox_ids: Sequence[int]) -> None:
        async with self._calls:
            order = await self._alarms.order(rule_id)
            await self._set(order)
            # Another may have told what was true a moment before.
            while (now := await self._alarms.order(rule_id)) != order:
                order = now
                await self._set(order)
            await self._alarms.told(order, outbox_ids)

    async def _set(self, order: AlarmOrder) -> None:
        match order.alarm:
            case SleepAlarm():
                await self._clockwork.unschedule(order.rule_id)
                await self._clockwork.sleep(order.wake)
            case None:
                await self._clockwork.unschedule(order.rule_id)
                await self._clockwork.rouse(order.rule_id)
            case alarm:
                await self._schedule(order, alarm)
                await self._clockwork.rouse(order.rule_id)
        if order.is_overdue:
            await self._clockwork.wake(order.wake)

    async def _schedule(
        self, order: AlarmOrder, alarm: EveryAlarm | CalendarAlarm
    ) -> None:
        try:
            await self._clockwork.schedule(
                order.wake, alarm, order.text, order.fingerprint
            )
        except InvalidInput as refused:
            # It is found overdue each time instead: late, but not lost.
            logger.warning(
                "schedule refused",
                extra={"rule": order.rule_ref, "reason": refused.message},
            )

    async def _wake_overdue(self) -> None:
        wakes = await self._alarms.overdue()
        outcomes = await asyncio.gather(
            *(self._wake(wake) for wake in wakes), return_exceptions=True
        )
        pairs = zip(wakes, outcomes, strict=True)
        if failed := [wake for wake, failure in pairs if failure is not None]:
            await self._alarms.give_back(failed)
        _raise_first(outcomes)
        await asyncio.sleep(OVERDUE_EVERY_SECONDS)

    async def _wake(self, wake: TimerWake) -> None:
        async with self._calls:
            await self._clockwork.wake(wake)

    async def _reconcile(self) -> None:
        found = await self._clockwork.marks()
        for rule_id in await self._clockwork.sleeping():
            found.setdefault(rule_id, []).append(SLEEPING)
        differing = await self._alarms.reconcile(found)
        if differing:
            logger.warning("timers differed", extra={"count": len(differing)})
        await asyncio.sleep(RECONCILE_EVERY_SECONDS)


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
