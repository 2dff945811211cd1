"""Let executions go as far as policies let them: woken by what might make room.

Decisions are the service's; here is only when to look. Any number of orchestrators may
look; one at a time decides, and a lost wake-up only delays.
"""

import asyncio
import contextlib
import logging

from attune.domain.errors import Unavailable
from attune.services.admission import AdmissionService, Look

logger = logging.getLogger(__name__)

ADMISSION = "admission"
"""The database's word for: a policy has changed, or something live has ended."""
BUSY_SECONDS = 0.05
WAITING_SECONDS = 1.0
"""Between two looks while something waits, whether or not anything was heard."""
LEAST_SECONDS = 0.005
PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0


class Admission:
    """Looks at what waits for policies whenever something may have changed."""

    def __init__(self, admitting: AdmissionService, *, look_seconds: float) -> None:
        self._admitting = admitting
        self._look_seconds = look_seconds
        self._woken = asyncio.Event()
        self._due_at = 0.0
        self._freed_at = float("-inf")
        self._is_anything_limited = True

    def wake(self, word: str) -> None:
        """Look soon, if this word of the database can concern policies."""
        if word == ADMISSION:
            self.look_anew()
        elif self._is_anything_limited:
            self._woken.set()

    def look_anew(self) -> None:
        """Look soon, whatever there is to see."""
        self._due_at = 0.0
        self._woken.set()

    async def run(self) -> None:
        """Admit until cancelled."""
        pause = PAUSE_SECONDS
        while True:
            self._woken.clear()
            try:
                await self._look()
                pause = PAUSE_SECONDS
            except Unavailable as error:
                logger.warning("admission waits", extra={"reason": error.message})
                self._due_at = 0.0
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                continue
            await self._rest()

    async def _look(self) -> None:
        """Look at everything when that is due, or when something is new."""
        now = asyncio.get_running_loop().time()
        if now < self._due_at and not await self._admitting.is_anything_new():
            return
        # What is heard from here on asks for another look.
        self._due_at = now + self._look_seconds
        look = await self._admitting.admit()
        if now - self._freed_at >= self._look_seconds:
            self._freed_at = now
            await self._admitting.free_stranded()
        self._is_anything_limited = look.is_anything_limited
        self._due_at = min(self._due_at, now + self._seconds_after(look))
        if not look.has_more:
            # However much waits and ends, half of the time belongs to others.
            await asyncio.sleep(asyncio.get_running_loop().time() - now)

    def _seconds_after(self, look: Look) -> float:
        if look.was_busy:
            return BUSY_SECONDS
        if look.has_more:
            return 0.0
        if not look.waits:
            return self._look_seconds
        room = WAITING_SECONDS if look.room_in_seconds is None else look.room_in_seconds
        return min(WAITING_SECONDS, max(room, LEAST_SECONDS))

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._due_at):
                await self._woken.wait()
