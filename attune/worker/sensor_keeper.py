"""Have the workflows of sensors look at their rows whenever those want something else.

A NOTIFY of any definition wakes it; it also looks by itself, so a lost wake-up, a crash
at any point or an hour without Temporal only delays.
"""

import asyncio
import contextlib
import logging

from attune.db.listener import Listener
from attune.domain.errors import Unavailable
from attune.services.sensor.keep import SensorKeepService
from attune.temporal.gateway import Gateway

logger = logging.getLogger(__name__)

CHANNELS = ("attune_definitions", "attune_sensor")
LEAST_SECONDS = 0.1
"""Between two looks, however many rules somebody changes at a time."""


class SensorKeeper:
    """Compares what is wanted with what is there; any number may run side by side."""

    def __init__(
        self,
        keeping: SensorKeepService,
        gateway: Gateway,
        listener: Listener,
        *,
        look_seconds: float,
    ) -> None:
        self._keeping = keeping
        self._gateway = gateway
        self._listener = listener
        self._look_seconds = look_seconds
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Keep sensors until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._look())

    async def _listen(self) -> None:
        async for _ in self._listener:
            self._changed.set()

    async def _look(self) -> None:
        while True:
            self._changed.clear()
            try:
                for ref in await self._keeping.find_out_of_step():
                    await self._gateway.keep_sensor(ref)
            except Unavailable as error:
                logger.warning("sensors wait", extra={"reason": error.message})
            await asyncio.sleep(LEAST_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_seconds):
                    await self._changed.wait()
