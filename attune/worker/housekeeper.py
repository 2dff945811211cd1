"""Remove what is old, from time to time; any number of orchestrators may do so."""

import asyncio

from attune.services.retention import RetentionService


class Housekeeper:
    """Sweeps, and rests."""

    def __init__(self, retention: RetentionService, *, every_seconds: float) -> None:
        self._retention = retention
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self._retention.sweep()
            await asyncio.sleep(self._every_seconds)
