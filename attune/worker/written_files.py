"""Files of artifacts that an action wrote on this machine, brought to the API."""

import asyncio
import logging
from functools import partial
from typing import BinaryIO

from attune.artifacts.files import ArtifactFiles
from attune.domain.errors import NotFound
from attune.worker.api_client import Refused, WorkerApi

logger = logging.getLogger(__name__)


class WrittenFiles:
    """Sends what an execution has written; does nothing where the directory is shared."""

    def __init__(
        self, api: WorkerApi, files: ArtifactFiles, *, are_shared: bool
    ) -> None:
        self._api = api
        self._files = files
        self._are_shared = are_shared

    async def send(self, execution_id: int) -> None:
        """Send each file that was allocated and written; what is missing is no mistake."""
        if self._are_shared:
            return
        for awaited in await self._api.awaited_files(execution_id):
            path, version_id = awaited["file_path"], awaited["version_id"]
            try:
                await self._send(execution_id, version_id, path)
            except (NotFound, Refused) as error:
                reason = {"path": path, "reason": str(error)}
                logger.warning("file of an artifact not taken", extra=reason)

    async def _send(self, execution_id: int, version_id: int, path: str) -> None:
        if await asyncio.to_thread(self._files.size, path) is None:
            return
        opened = partial(_opened, self._files, path)
        await self._api.send_file(execution_id, version_id, opened)
        await asyncio.to_thread(self._files.remove, path)


def _opened(files: ArtifactFiles, path: str) -> BinaryIO:
    return files.open(path)[0]
