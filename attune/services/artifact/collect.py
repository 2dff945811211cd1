"""Take the files that actions wrote on workers with a directory of their own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from attune.artifacts.files import ArtifactFiles
from attune.db.database import Database
from attune.domain.errors import NotFound


@dataclass(frozen=True, kw_only=True, slots=True)
class AwaitedFile:
    """A file that an execution was to write."""

    version_id: int
    file_path: str
    """Below the artifacts directory, on either machine."""


class CollectService:
    """Files by execution; taking one again replaces it by the same."""

    def __init__(
        self, database: Database, files: ArtifactFiles, *, file_limit_bytes: int
    ) -> None:
        self._database = database
        self._files = files
        self._file_limit_bytes = file_limit_bytes

    async def awaited(self, execution_id: int) -> Sequence[AwaitedFile]:
        """Return what the execution allocated and nobody has filled yet."""
        async with self._database.autocommit() as tx:
            pending = await tx.artifact_versions.pending_of(execution_id)
        return [
            AwaitedFile(version_id=version.id, file_path=version.file_path)
            for version in pending
            if version.file_path is not None
        ]

    async def take(self, execution_id: int, version_id: int, source: BinaryIO) -> None:
        """Keep a file that the execution has written; raises NotFound for another's."""
        async with self._database.autocommit() as tx:
            version = await tx.artifact_versions.find(version_id)
        if (
            version is None
            or version.execution_id != execution_id
            or version.file_path is None
        ):
            raise NotFound(entity="artifact version", ref=version_id)
        stored = await asyncio.to_thread(
            self._files.write, version.file_path, source, self._file_limit_bytes
        )
        async with self._database.transaction() as tx:
            found = await tx.artifact_versions.find(version_id)
            if found is not None:
                await tx.artifact_versions.mark_ready(
                    found, stored.size_bytes, stored.sha256
                )
