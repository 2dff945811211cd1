"""Changes as they happen, handed from one listening connection to many readers."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from attune.db.listener import Listener

EXECUTION_CHANNELS = ("execution_created", "execution_status_changed")
LOG_CHANNEL = "attune_log"
ARTIFACT_CHANNELS = ("artifact_created", "artifact_updated")
CHANNELS = (*EXECUTION_CHANNELS, LOG_CHANNEL, *ARTIFACT_CHANNELS)

LARGEST_BACKLOG = 1000
"""A reader that lags by more changes than this is dropped."""


@dataclass(frozen=True)
class Change:
    """One message of a channel; an empty channel means that some may be missing."""

    channel: str
    payload: str

    def document(self) -> dict[str, Any]:
        """Return the payload as the object it is."""
        document: dict[str, Any] = json.loads(self.payload)
        return document


class Subscription:
    """The changes one reader waits for."""

    def __init__(self, wanted: Callable[[Change], bool]) -> None:
        self._wanted = wanted
        self._queue: asyncio.Queue[Change] = asyncio.Queue()
        self.is_dropped = False

    def offer(self, change: Change) -> None:
        """Keep the change if it is wanted; a reader too slow loses its place."""
        if change.channel and not self._wanted(change):
            return
        if self._queue.qsize() >= LARGEST_BACKLOG:
            self.is_dropped = True
        else:
            self._queue.put_nowait(change)

    async def next(self, within_seconds: float) -> Change | None:
        """Return the next change, or None when none comes in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                return await self._queue.get()
        return None

    def drain(self) -> None:
        """Forget what has piled up, because its reader looks anew anyway."""
        while not self._queue.empty():
            self._queue.get_nowait()


class ChangeFeed:
    """One for each API process."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    @asynccontextmanager
    async def following(self, listener: Listener) -> AsyncIterator[None]:
        """Hand on what the listener hears, until the end."""
        task = asyncio.create_task(self._follow(listener))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @asynccontextmanager
    async def subscribe(
        self, wanted: Callable[[Change], bool]
    ) -> AsyncIterator[Subscription]:
        """Give a reader its changes for as long as it reads."""
        subscription = Subscription(wanted)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    async def _follow(self, listener: Listener) -> None:
        async for channel, payload in listener:
            change = Change(channel, payload)
            for subscription in self._subscriptions:
                subscription.offer(change)
