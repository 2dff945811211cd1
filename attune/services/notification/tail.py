"""The newest notifications, read once for all followers of a process.

The table is the truth: a message only says that it is worth a look. After a lost
connection, or without any message at all, the next look finds what was missed.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final

from attune.clock import utc_now
from attune.db.database import Database
from attune.domain.cursor import Cursor
from attune.domain.errors import Unavailable
from attune.domain.notification import Notice

CHANNEL: Final = "attune_notification"
KEPT: Final = 2_000
"""A follower further behind than this reads the table itself."""
PAGE: Final = 500
LOOK_SECONDS: Final = 5.0
"""How long the messages are trusted before a look without one."""
REST_SECONDS: Final = 0.02
"""Between two looks at least: what commits in the meantime is read together."""

Placed = tuple[Notice, Cursor]
"""A notification, and where it leaves whoever has been given it."""

logger = logging.getLogger(__name__)


class Tail:
    """One for each API process; reads only while somebody follows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: deque[Placed] = deque(maxlen=KEPT)
        self.follower_count = 0
        self._wanted = asyncio.Event()
        self._woken = asyncio.Event()
        self._news = asyncio.Event()
        self._next = 0
        self._floor: Cursor | None = None
        self._position: Cursor | None = None

    def wake(self) -> None:
        """Look soon: something was written, or messages were lost."""
        self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read until the end."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[Cursor]:
        """Keep reading for one follower; yields where the tail stands.

        Raises Unavailable when the database does not say where that is.
        """
        self.follower_count += 1
        self._wanted.set()
        self._woken.set()
        try:
            yield await self._started()
        finally:
            self.follower_count -= 1
            if not self.follower_count:
                self._rest()

    def join(self, cursor: Cursor) -> int | None:
        """Return from where a follower at the cursor can read what is kept.

        None when something it has not been given is not kept: it reads the table. What
        is kept may begin with notifications that the cursor covers.
        """
        if self._floor is None or cursor.target is not None:
            return None
        needed = self._floor.target or self._floor.base
        return self._next - len(self._kept) if needed.age <= cursor.base.age else None

    def after(self, place: int, limit: int) -> Sequence[Placed] | None:
        """Return what came from this place on; None when it is kept no longer."""
        skipped = place - (self._next - len(self._kept))
        if skipped < 0 or self._position is None:
            return None
        return list(islice(self._kept, skipped, skipped + limit))

    async def wait(self, place: int, seconds: float) -> bool:
        """Tell whether something came at this place within some seconds."""
        if self._next > place:
            return True
        news = self._news
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await news.wait()
        return self._next > place

    async def _started(self) -> Cursor:
        while self._position is None:
            news = self._news
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await news.wait()
            except TimeoutError:
                raise Unavailable("Notifications cannot be read just now") from None
        return self._position

    def _rest(self) -> None:
        self._wanted.clear()
        self._next += 1  # nobody's old place means anything after this
        self._kept.clear()
        self._floor = self._position = None

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await self._wanted.wait()
            began = clock()
            try:
                await self._look()
            except Unavailable as error:
                logger.warning("notifications wait", extra={"reason": error.message})
            # A transaction that stays open makes every look a long one.
            await asyncio.sleep(max(REST_SECONDS, clock() - began))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()

    async def _look(self) -> None:
        """Read all there is, and tell those who wait."""
        self._woken.clear()
        if self._position is None:
            await self._begin()
        while (position := self._position) is not None:
            async with self._database.autocommit() as tx:
                placed, end = await tx.notifications.read(position, limit=PAGE)
            # Everybody may have left meanwhile, and others come.
            if self._position is position:
                self._publish(placed, end)
                if end.target is None:
                    return

    async def _begin(self) -> None:
        async with self._database.autocommit() as tx:
            shown = await tx.notifications.snapshot()
        if self.follower_count:
            self._floor = self._position = Cursor(shown, at=int(utc_now().timestamp()))
            self._tell()

    def _publish(self, placed: Sequence[Placed], end: Cursor) -> None:
        for each in placed:
            if len(self._kept) == KEPT:
                self._floor = self._kept[0][1]
            self._kept.append(each)
        self._next += len(placed)
        self._position = end
        if placed:
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
