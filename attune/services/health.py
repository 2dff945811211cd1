"""Whether the process can do its work."""

import asyncio
from typing import Final

from attune.db.database import Database
from attune.domain.errors import Unavailable

PATIENCE_SECONDS: Final = 2.0


class HealthService:
    """Asks what the API depends on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def require_database(self) -> None:
        """Raise Unavailable unless PostgreSQL answers soon."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._database.ping()
        except TimeoutError as error:
            raise Unavailable("The database does not answer") from error
