"""Close inquiries whose deadline passes, whether or not Temporal is there.

Any number of orchestrators may do so: what one has locked the others leave alone.
"""

import asyncio
import logging

from attune.domain.errors import Unavailable
from attune.services.inquiry.expire import ExpiryService

logger = logging.getLogger(__name__)

EVERY_SECONDS = 0.5
STRANDED_EVERY_SECONDS = 10.0
"""Between two looks for inquiries whose execution has ended by itself."""
PAUSE_SECONDS = 2.0
"""After the database did not answer."""


class Deadlines:
    """Looks twice a second at what is due."""

    def __init__(self, expiring: ExpiryService) -> None:
        self._expiring = expiring
        self._stranded_at = 0.0

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._sweep()
                await asyncio.sleep(EVERY_SECONDS)
            except Unavailable as error:
                logger.warning("deadlines wait", extra={"reason": error.message})
                await asyncio.sleep(PAUSE_SECONDS)

    async def _sweep(self) -> None:
        while await self._expiring.expire_due():
            pass
        now = asyncio.get_running_loop().time()
        if now < self._stranded_at:
            return
        while await self._expiring.cancel_stranded():
            pass
        self._stranded_at = now + STRANDED_EVERY_SECONDS
