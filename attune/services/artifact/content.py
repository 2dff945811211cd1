"""The bytes of a version, for whoever may read it."""

import asyncio
import io
import json
from dataclasses import dataclass
from typing import BinaryIO

from attune.artifacts.files import ArtifactFiles
from attune.db.models import Artifact, ArtifactVersion
from attune.domain.artifact import download_name, known_content_type
from attune.domain.errors import NotFound
from attune.domain.permission import Caller
from attune.services.artifact.read import ArtifactReadService


@dataclass(frozen=True, kw_only=True)
class Content:
    """An open file, for its reader to close."""

    file: BinaryIO
    size_bytes: int
    content_type: str
    name: str
    etag: str


class ContentService:
    """Opens versions; nothing of them is in memory but JSON."""

    def __init__(self, read: ArtifactReadService, files: ArtifactFiles) -> None:
        self._read = read
        self._files = files

    async def open(
        self, caller: Caller, artifact_id: int, number: int | None
    ) -> Content:
        """Open one version, or the newest for None; raises NotFound.

        An artifact without versions that holds data itself gives that.
        """
        artifact = await self._read.get(caller, artifact_id)
        try:
            version = await self._read.version(caller, artifact_id, number)
        except NotFound:
            if number is not None or artifact.data is None:
                raise
            return _json_content(artifact, 0, artifact.data)
        return await self._open(artifact, version)

    async def _open(self, artifact: Artifact, version: ArtifactVersion) -> Content:
        if version.content_json is not None:
            return _json_content(artifact, version.version, version.content_json)
        if version.file_path is None:
            return await self._pieced(artifact, version)
        file, size = await asyncio.to_thread(self._files.open, version.file_path)
        return Content(
            file=file,
            size_bytes=size,
            content_type=known_content_type(version.content_type),
            name=download_name(artifact.ref, version.version, version.file_path),
            etag=version.sha256 or f"{version.id}-{size}",
        )

    async def _pieced(self, artifact: Artifact, version: ArtifactVersion) -> Content:
        """Open a segment of a sensor's log, which is small enough to be in memory."""
        pieces = await self._read.pieces(version)
        if not pieces:
            raise NotFound(entity="artifact version", ref=version.version)
        return Content(
            file=io.BytesIO(pieces),
            size_bytes=len(pieces),
            content_type=known_content_type(version.content_type),
            name=download_name(artifact.ref, version.version, "log.txt"),
            etag=f"{version.id}-{len(pieces)}",
        )


def _json_content(artifact: Artifact, number: int, value: object) -> Content:
    text = json.dumps(value).encode()
    return Content(
        file=io.BytesIO(text),
        size_bytes=len(text),
        content_type="application/json",
        name=download_name(artifact.ref, number, "data.json"),
        etag=f"{artifact.id}-{number}-{artifact.updated.timestamp()}",
    )
