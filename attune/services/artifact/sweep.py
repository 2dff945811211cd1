"""Remove artifacts whose time is over, and settle what nobody writes any more."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from attune.artifacts.files import ArtifactFiles
from attune.db.database import Database
from attune.domain.errors import AttuneError

BATCH: Final = 200
PAUSE_SECONDS: Final = 0.05
ABANDONED: Final = timedelta(days=1)
"""An upload that has not ended after so long never will."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """How much one sweep did."""

    artifacts: int
    versions: int
    files: int
    settled: int

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.artifacts or self.versions or self.files or self.settled)


class ArtifactSweeper:
    """Works in small batches, past what others hold; any number may run at once."""

    def __init__(self, database: Database, files: ArtifactFiles) -> None:
        self._database = database
        self._files = files

    @asynccontextmanager
    async def sweeping(self, every_seconds: float) -> AsyncIterator[None]:
        """Sweep from time to time until the end, wherever the files are."""
        task = asyncio.create_task(self._sweep_for_ever(every_seconds))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _sweep_for_ever(self, every_seconds: float) -> None:
        more = False
        while True:
            await asyncio.sleep(PAUSE_SECONDS if more else every_seconds)
            try:
                more = not (await self.sweep()).is_idle
            except AttuneError as error:
                logger.warning("sweeping waits", extra={"reason": error.message})
                more = False

    async def sweep(self) -> Swept:
        """Do one batch of each kind; repeat until it is idle."""
        return Swept(
            settled=await self._settle(),
            artifacts=await self._remove_expired(),
            versions=await self._prune(),
            files=await self._remove_files(),
        )

    async def _settle(self) -> int:
        """Give written files their size; a version that was never written goes."""
        async with self._database.transaction() as tx:
            found = await tx.artifact_versions.lock_settled(ABANDONED, BATCH)
            for version in found:
                path = version.file_path or ""
                size = await asyncio.to_thread(self._files.size, path)
                if size is None:
                    await tx.artifact_versions.remove(version)
                else:
                    await tx.artifact_versions.mark_ready(version, size)
            return len(found)

    async def _remove_expired(self) -> int:
        async with self._database.transaction() as tx:
            expired = await tx.artifacts.lock_expired(BATCH)
            for artifact in expired:
                await tx.artifacts.remove(artifact)
            return len(expired)

    async def _prune(self) -> int:
        async with self._database.transaction() as tx:
            return await tx.artifact_versions.prune_aged(BATCH)

    async def _remove_files(self) -> int:
        """Remove files of versions that are gone; after a crash they are found again."""
        async with self._database.transaction() as tx:
            paths = await tx.artifact_versions.take_removals(BATCH)
            for path in paths:
                await asyncio.to_thread(self._files.remove, path)
            return len(paths)
