"""What is kept how long: everything that grows by itself, and only what is over."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from attune.db.database import Database
from attune.domain.errors import AttuneError

PAUSE_SECONDS: Final = 0.05
"""After each batch, for those who wait behind it."""

Batches = Callable[[timedelta], AsyncIterator[int]]
"""Removes batch after batch of what is older, and says how many went with each."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How long each kind is kept; None is for ever."""

    notifications: timedelta | None = None
    logs: timedelta | None = None
    """The output of executions, which is gone before they are."""
    executions: timedelta | None = None
    """Counted from their end; what they started goes with them."""
    enforcements: timedelta | None = None
    audit: timedelta | None = None
    events: timedelta | None = None
    """One whose idempotency key may be repeated stays for three days at least."""


class RetentionService:
    """Removes what is older; any number may do so at once."""

    def __init__(self, database: Database, kept: Kept, *, batch_size: int) -> None:
        self._database = database
        self._kept = kept
        self._size = batch_size

    async def sweep(self) -> dict[str, int]:
        """Remove all that is old enough by now; returns how many of each kind."""
        removed: dict[str, int] = {}
        for kind, age, batches in (
            ("notifications", self._kept.notifications, self._rows("notification")),
            ("logs", self._kept.logs, self._belongings("execution_log")),
            ("executions", self._kept.executions, self._belongings("execution")),
            ("enforcements", self._kept.enforcements, self._rows("enforcement")),
            ("audit", self._kept.audit, self._rows("audit_event")),
            ("events", self._kept.events, self._rows("event")),
        ):
            if age is not None:
                removed[kind] = await self._sweep_kind(kind, batches(age))
        return removed

    async def _sweep_kind(self, kind: str, batches: AsyncIterator[int]) -> int:
        """What cannot be removed now is removed by a later sweep."""
        total = 0
        try:
            async for removed in batches:
                total += removed
                await asyncio.sleep(PAUSE_SECONDS)
        except AttuneError as error:
            extra = {"kind": kind, "reason": error.message}
            logger.warning("retention waits", extra=extra)
        if total:
            logger.info("removed what was old", extra={"kind": kind, "count": total})
        return total

    def _rows(self, table: str) -> Batches:
        async def walk(age: timedelta) -> AsyncIterator[int]:
            after, goes_on = 0, True
            while goes_on:
                async with self._database.transaction() as tx:
                    batch = await tx.retention.remove(table, age, after, self._size)
                after, goes_on = batch.last_id, batch.goes_on
                yield batch.removed

        return walk

    def _belongings(self, table: str) -> Batches:
        """Walk over executions; `table` holds what is removed of them."""

        async def walk(age: timedelta) -> AsyncIterator[int]:
            after, goes_on = 0, True
            while goes_on:
                async with self._database.transaction() as tx:
                    over = await tx.retention.find_over(table, age, after, self._size)
                after, goes_on = over.last_id, over.goes_on
                yield 0
                while over.ids and (removed := await self._remove_of(table, over.ids)):
                    yield removed

        return walk

    async def _remove_of(self, table: str, ids: Sequence[int]) -> int:
        async with self._database.transaction() as tx:
            return await tx.retention.remove_of(table, ids, self._size)
