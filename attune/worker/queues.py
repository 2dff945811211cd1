"""The queues a worker serves: one for each runtime that it offers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from attune.temporal.failures import FailureTranslation

logger = logging.getLogger(__name__)


class Queues:
    """Temporal workers, opened when a runtime appears and closed on a cordon."""

    def __init__(
        self,
        client: Client,
        activity: Callable[..., Awaitable[object]],
        *,
        queue_of: Callable[[str], str],
        max_concurrent: int,
        shutdown_grace: timedelta,
    ) -> None:
        self._client = client
        self._activity = activity
        self._queue_of = queue_of
        self._max_concurrent = max_concurrent
        self._shutdown_grace = shutdown_grace
        self._open: dict[str, Worker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def serve(self, runtime_refs: Sequence[str]) -> None:
        """Poll for exactly these runtimes from now on."""
        for ref in set(self._open) - set(runtime_refs):
            await self._close(ref)
        for ref in runtime_refs:
            if ref not in self._open:
                self._start(ref)

    async def close(self) -> None:
        """Take nothing new and wait for what runs, at most the grace time."""
        await asyncio.gather(*(self._close(ref) for ref in list(self._open)))

    def check(self) -> None:
        """Raise what ended a Temporal worker by itself, if anything did."""
        for task in self._tasks.values():
            if task.done():
                task.result()

    def _start(self, ref: str) -> None:
        worker = Worker(
            self._client,
            task_queue=self._queue_of(ref),
            activities=[self._activity],
            interceptors=[FailureTranslation()],
            max_concurrent_activities=self._max_concurrent,
            graceful_shutdown_timeout=self._shutdown_grace,
        )
        self._open[ref] = worker
        self._tasks[ref] = asyncio.create_task(worker.run(), name=ref)
        logger.info("serves queue", extra={"queue": self._queue_of(ref)})

    async def _close(self, ref: str) -> None:
        worker = self._open.pop(ref)
        await worker.shutdown()
        await self._tasks.pop(ref)
