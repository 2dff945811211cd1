"""When executions end, heard from PostgreSQL itself so that measuring costs the API nothing."""

import asyncio
import json
import time
from typing import Any, Self

import asyncpg

from attune.db.url import driver_url

TERMINAL = {"completed", "failed", "timeout", "abandoned", "cancelled"}


class Completions:
    """Knows how and when each execution ended."""

    def __init__(self, url: str) -> None:
        self._url = driver_url(url)
        self._ends: dict[int, tuple[str, float]] = {}
        self._waiters: dict[int, asyncio.Event] = {}
        self._arrivals = asyncio.Condition()
        self._announcing: set[asyncio.Task[None]] = set()
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._connection = await asyncpg.connect(self._url)
        await self._connection.add_listener("execution_status_changed", self._hear)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._connection is not None:
            await self._connection.close()

    @property
    def count(self) -> int:
        """How many executions have ended since the beginning."""
        return len(self._ends)

    def statuses(self) -> dict[str, int]:
        """Return how many ended in which way."""
        counts: dict[str, int] = {}
        for status, _ in self._ends.values():
            counts[status] = counts.get(status, 0) + 1
        return counts

    async def end_of(self, execution_id: int) -> float:
        """Wait for an execution to end and return when it did."""
        if execution_id not in self._ends:
            event = self._waiters.setdefault(execution_id, asyncio.Event())
            await asyncio.wait_for(event.wait(), 120)
        return self._ends[execution_id][1]

    async def reach(self, count: int) -> float:
        """Wait until so many have ended in all and return when the last one did."""
        async with asyncio.timeout(300), self._arrivals:
            await self._arrivals.wait_for(lambda: self.count >= count)
        return max(at for _, at in self._ends.values())

    def _hear(self, *message: Any) -> None:
        said = json.loads(message[3])
        if said["status"] not in TERMINAL or said["entity_id"] in self._ends:
            return
        self._ends[said["entity_id"]] = (said["status"], time.perf_counter())
        if waiter := self._waiters.pop(said["entity_id"], None):
            waiter.set()
        task = asyncio.get_running_loop().create_task(self._announce())
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    async def _announce(self) -> None:
        async with self._arrivals:
            self._arrivals.notify_all()
