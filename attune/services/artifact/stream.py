"""Text and progress as they grow (contract, m.3)."""

import asyncio
import codecs
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from attune.artifacts.files import ArtifactFiles
from attune.db.database import Database
from attune.domain.artifact import ArtifactBodyState, ArtifactType
from attune.domain.errors import Conflict, NotFound
from attune.domain.execution import is_terminal
from attune.domain.permission import Caller
from attune.services.artifact.read import ArtifactReadService
from attune.services.execution.stream import LogPiece
from attune.services.feed import ARTIFACT_CHANNELS, Change, ChangeFeed, Subscription

LOOK_SECONDS: Final = 5.0
FILE_LOOK_SECONDS: Final = 0.5
"""A file grows without a word, so it is looked at."""
PIECE_BYTES: Final = 65_536
_STREAMED: Final = frozenset(
    {ArtifactType.PROGRESS, ArtifactType.FILE_TEXT, ArtifactType.FILE_DATATABLE}
)


class ArtifactStreamService:
    """Live views; each checks at its beginning what the caller may see."""

    def __init__(
        self,
        database: Database,
        feed: ChangeFeed,
        read: ArtifactReadService,
        files: ArtifactFiles,
    ) -> None:
        self._database = database
        self._feed = feed
        self._read = read
        self._files = files

    @asynccontextmanager
    async def following(
        self, caller: Caller, artifact_id: int, offset: int
    ) -> AsyncIterator[AsyncIterator[LogPiece | None]]:
        """Yield what the artifact holds from `offset` on, until its execution ended.

        The offset counts entries of progress, and bytes of text. None keeps alive.
        Raises NotFound, and Conflict for an artifact of another type.
        """
        artifact = await self._read.get(caller, artifact_id)
        if artifact.type not in _STREAMED:
            raise Conflict(f"An artifact of type {artifact.type} cannot be followed")
        async with self._feed.subscribe(_is_about(artifact_id)) as changes:
            if artifact.type is ArtifactType.PROGRESS:
                yield self._entries(artifact_id, offset, changes)
            else:
                yield self._text(caller, artifact_id, offset)

    async def _entries(
        self, artifact_id: int, offset: int, changes: Subscription
    ) -> AsyncIterator[LogPiece | None]:
        kind = "content"
        while not changes.is_dropped:
            changes.drain()
            entries, is_over = await self._look(artifact_id)
            if len(entries) > offset:
                new, offset = entries[offset:], len(entries)
                yield LogPiece(kind, offset, json.dumps(new))
                kind = "append"
            elif kind == "content":
                yield LogPiece("waiting", offset)
                kind = "append"
            if is_over:
                break
            if await changes.next(LOOK_SECONDS) is None:
                yield None
        yield LogPiece("done", offset)

    async def _look(self, artifact_id: int) -> tuple[list[Any], bool]:
        """Return the entries, and whether none will follow; the end is read first."""
        async with self._database.autocommit() as tx:
            artifact = await tx.artifacts.find(artifact_id)
            if artifact is None:
                return [], True
            status = None
            if artifact.execution_id is not None:
                status = await tx.attempts.status_of(artifact.execution_id)
            is_over = status is not None and is_terminal(status)
            entries = artifact.data
            if is_over:
                fresh = await tx.artifacts.lock(artifact_id)
                entries = fresh.data
        return (entries if isinstance(entries, list) else []), is_over

    async def _text(
        self, caller: Caller, artifact_id: int, offset: int
    ) -> AsyncIterator[LogPiece | None]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        kind, silent_seconds = "content", 0.0
        while True:
            piece, is_over = await self._piece(caller, artifact_id, offset)
            if piece:
                offset += len(piece)
                text = decoder.decode(piece)
                yield LogPiece(kind, offset - len(decoder.getstate()[0]), text)
                kind, silent_seconds = "append", 0.0
                continue
            if is_over:
                break
            if kind == "content":
                yield LogPiece("waiting", offset)
                kind = "append"
            await asyncio.sleep(FILE_LOOK_SECONDS)
            silent_seconds += FILE_LOOK_SECONDS
            if silent_seconds >= LOOK_SECONDS:
                yield None
                silent_seconds = 0.0
        yield LogPiece("done", offset, decoder.decode(b"", final=True))

    async def _piece(
        self, caller: Caller, artifact_id: int, offset: int
    ) -> tuple[bytes, bool]:
        """Return some bytes of the newest version, and whether none will follow."""
        try:
            version = await self._read.version(caller, artifact_id, None)
        except NotFound:
            return b"", await self._is_gone(artifact_id)
        is_over = version.body_state is not ArtifactBodyState.PENDING
        if version.file_path is None:
            text = (
                await self._read.pieces(version)
                if version.content_json is None
                else json.dumps(version.content_json).encode()
            )
            return text[offset:][:PIECE_BYTES], True
        piece = await asyncio.to_thread(self._bytes, version.file_path, offset)
        return piece, is_over

    async def _is_gone(self, artifact_id: int) -> bool:
        async with self._database.autocommit() as tx:
            return await tx.artifacts.find(artifact_id) is None

    def _bytes(self, path: str, offset: int) -> bytes:
        try:
            file, _ = self._files.open(path)
        except NotFound:
            return b""
        with file:
            file.seek(offset)
            return file.read(PIECE_BYTES)


def _is_about(artifact_id: int) -> Any:
    def wanted(change: Change) -> bool:
        if change.channel not in ARTIFACT_CHANNELS:
            return False
        return bool(change.document()["entity_id"] == artifact_id)

    return wanted
