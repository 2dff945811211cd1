"""Executions as they move, and their output as it is written."""

import codecs
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from attune.db.database import Database
from attune.db.repositories.execution import visible_executions
from attune.domain.execution import ExecutionStatus, is_terminal
from attune.domain.permission import Caller
from attune.services.execution.read import ReadService
from attune.services.feed import (
    EXECUTION_CHANNELS,
    LOG_CHANNEL,
    Change,
    ChangeFeed,
    Subscription,
)

KEEP_ALIVE_SECONDS = 15.0
LOOK_SECONDS = 5.0
"""How long a reader of output trusts the feed before it looks by itself."""


@dataclass(frozen=True)
class LogPiece:
    """Some output, or a word about it."""

    kind: str
    """`waiting`, `content`, `append` or `done` (contract, m.3)."""
    offset: int
    """Where the stream goes on after this."""
    text: str = ""


class StreamService:
    """Live views; each checks at its beginning what the caller may see."""

    def __init__(self, database: Database, feed: ChangeFeed, read: ReadService) -> None:
        self._database = database
        self._feed = feed
        self._read = read

    @asynccontextmanager
    async def changes(
        self, caller: Caller, execution_id: int | None
    ) -> AsyncIterator[AsyncIterator[dict[str, Any] | None]]:
        """Yield changes of one visible execution or of all; None keeps alive.

        The changes of one end with its end. Raises NotFound before anything is sent.
        """
        async with self._feed.subscribe(_is_execution(execution_id)) as subscription:
            if execution_id is None:
                yield self._all_changes(caller, subscription)
            else:
                execution = await self._read.get(caller, execution_id)
                first = {
                    "entity_type": "execution",
                    "entity_id": execution.id,
                    "id": execution.id,
                    "action_ref": execution.action_ref,
                    "status": execution.status,
                    "parent": execution.parent_id,
                }
                yield _one(first, subscription)

    @asynccontextmanager
    async def output(
        self, caller: Caller, execution_id: int, stream: str, offset: int
    ) -> AsyncIterator[AsyncIterator[LogPiece | None]]:
        """Yield output from `offset` on until the execution has ended."""
        await self._read.get(caller, execution_id)
        async with self._feed.subscribe(_is_about(execution_id, stream)) as changes:
            yield self._pieces(execution_id, stream, offset, changes)

    async def _all_changes(
        self, caller: Caller, subscription: Subscription
    ) -> AsyncIterator[dict[str, Any] | None]:
        yield None
        while not subscription.is_dropped:
            change = await subscription.next(KEEP_ALIVE_SECONDS)
            if change is None or not change.channel:
                yield None
                continue
            document = change.document()
            if await self._may_see(caller, int(document["entity_id"])):
                yield document

    async def _may_see(self, caller: Caller, execution_id: int) -> bool:
        async with self._database.transaction() as tx:
            among = visible_executions(caller)
            return await tx.executions.find(execution_id, among=among) is not None

    async def _pieces(
        self, execution_id: int, stream: str, offset: int, changes: Subscription
    ) -> AsyncIterator[LogPiece | None]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        kind = "content"
        while not changes.is_dropped:
            changes.drain()
            content, ended = await self._read.log_after(execution_id, stream, offset)
            if content:
                offset += len(content)
                text = decoder.decode(content)
                # A character cut in two is sent whole: a new reader begins before it.
                yield LogPiece(kind, offset - len(decoder.getstate()[0]), text)
                kind = "append"
                continue
            if ended:
                break
            if kind == "content":
                yield LogPiece("waiting", offset)
                kind = "append"
            elif await changes.next(LOOK_SECONDS) is None:
                yield None
        yield LogPiece("done", offset, decoder.decode(b"", final=True))


async def _one(
    first: dict[str, Any], subscription: Subscription
) -> AsyncIterator[dict[str, Any] | None]:
    yield first
    ended = is_terminal(first["status"])
    while not ended and not subscription.is_dropped:
        change = await subscription.next(KEEP_ALIVE_SECONDS)
        if change is None:
            yield None
        elif not change.channel:
            return  # Something may be missing: the reader comes again and sees it all.
        else:
            document = change.document()
            yield document
            ended = is_terminal(ExecutionStatus(document["status"]))


def _is_execution(execution_id: int | None) -> Any:
    def wanted(change: Change) -> bool:
        if change.channel not in EXECUTION_CHANNELS:
            return False
        return execution_id is None or change.document()["entity_id"] == execution_id

    return wanted


def _is_about(execution_id: int, stream: str) -> Any:
    name = f"{execution_id}:{stream}"

    def wanted(change: Change) -> bool:
        if change.channel == LOG_CHANNEL:
            return change.payload == name
        if change.channel not in EXECUTION_CHANNELS:
            return False
        return bool(change.document()["entity_id"] == execution_id)

    return wanted
