"""Messages that PostgreSQL's NOTIFY brings, over connections that come and go."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import suppress

import asyncpg

from attune.db.url import driver_url

Message = tuple[str, str]
"""A channel and the payload that was sent to it."""

WAKE_UP: Message = ("", "")
"""Messages may have been lost: whoever keeps something by them has to look anew."""

QUEUE_SIZE = 10_000
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 4.0
CHECK_SECONDS = 10.0

logger = logging.getLogger(__name__)


class Listener:
    """An endless iteration over the messages of some channels.

    It begins with WAKE_UP once it listens, and says so again after every gap: a lost
    connection, or a reader so slow that messages had to be dropped.
    """

    def __init__(
        self, url: str, channels: Collection[str], *, queue_size: int = QUEUE_SIZE
    ) -> None:
        self._url = driver_url(url)
        self._channels = tuple(channels)
        self._queue_size = queue_size

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Connect, listen, connect again, until the iteration is left."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            messages = _Messages(self._queue_size)
            try:
                connection = await self._connect(messages)
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                logger.warning("listening failed", extra={"reason": str(error)})
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                continue
            pause = FIRST_PAUSE_SECONDS
            watch = asyncio.create_task(_watch(connection, messages))
            try:
                yield WAKE_UP
                while (message := await messages.next()) is not None:
                    yield message
            finally:
                watch.cancel()
                connection.terminate()

    async def _connect(self, messages: "_Messages") -> asyncpg.Connection:
        connection: asyncpg.Connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_TIMEOUT_SECONDS,
            server_settings={"application_name": "attune listener"},
        )
        connection.add_termination_listener(lambda _: messages.end())
        try:
            for channel in self._channels:
                await connection.add_listener(channel, messages.put)
        except BaseException:
            connection.terminate()
            raise
        return connection


class _Messages:
    """What has arrived over one connection and has not been read yet."""

    def __init__(self, size: int) -> None:
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._size = size

    def put(self, connection: object, pid: int, channel: str, payload: object) -> None:
        """Keep a message; a full queue is dropped for one WAKE_UP."""
        del connection, pid
        if self._queue.qsize() < self._size:
            self._queue.put_nowait((channel, str(payload)))
            return
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(WAKE_UP)

    def end(self) -> None:
        """Let the reader know that nothing more comes."""
        self._queue.put_nowait(None)

    async def next(self) -> Message | None:
        """Return the next message, or None after the last."""
        return await self._queue.get()


async def _watch(connection: asyncpg.Connection, messages: _Messages) -> None:
    # A peer that vanished without a word is noticed only by asking it.
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await connection.execute("SELECT 1", timeout=CONNECT_TIMEOUT_SECONDS)
    messages.end()
