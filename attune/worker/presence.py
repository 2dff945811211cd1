"""Being known: a worker registers, beats, and hears what to stop."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from attune.domain.errors import Unavailable
from attune.worker.api_client import Refused, WorkerApi

logger = logging.getLogger(__name__)


class Running(Protocol):
    """What the heartbeat needs of the runner."""

    def running_ids(self) -> Collection[int]:
        """Return the executions that run here now."""

    def stop(self, execution_id: int) -> None:
        """End this execution's processes; it was cancelled or is over."""

    def lost_contact(self, seconds: float) -> None:
        """Hear that the API has not answered for so long."""


@dataclass(frozen=True)
class Registration:
    """What a worker says of itself."""

    name: str
    runtimes: list[Mapping[str, Any]]
    max_concurrent: int

    def body(self) -> dict[str, Any]:
        """Return the request of contract d.8."""
        return {
            "name": self.name,
            "worker_type": "local",
            "worker_role": "action",
            "host": socket.gethostname(),
            "capabilities": {
                "runtimes": self.runtimes,
                "max_concurrent_executions": self.max_concurrent,
                "pid": os.getpid(),
            },
        }


class Presence:
    """The heartbeat of one worker."""

    def __init__(
        self,
        api: WorkerApi,
        registration: Registration,
        *,
        beat_seconds: float,
        keep_token: Callable[[str], None],
    ) -> None:
        self._api = api
        self._registration = registration
        self._beat_seconds = beat_seconds
        self._keep_token = keep_token
        self.worker_id = 0
        self.cordoned = asyncio.Event()

    async def register(self) -> None:
        """Make this worker known, however long the API takes to come up."""
        answer = await self._api.register(self._registration.body())
        self.worker_id = int(answer["data"]["id"])

    async def beat(self, runner: Running) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            try:
                await self._beat_once(runner)
                heard_at = loop.time()
            except Unavailable:
                runner.lost_contact(loop.time() - heard_at)
            except Refused as refused:
                await self._recover(refused)
            await asyncio.sleep(self._beat_seconds)

    async def _beat_once(self, runner: Running) -> None:
        running = sorted(runner.running_ids())
        answer = await self._api.heartbeat(self.worker_id, {"running": running})
        said = answer.get("data", answer)
        for execution_id in said.get("cancel", ()):
            runner.stop(execution_id)
        if said.get("token"):
            self._api.use_token(said["token"])
            self._keep_token(said["token"])
        if said.get("cordoned"):
            self.cordoned.set()
        else:
            self.cordoned.clear()

    async def _recover(self, refused: Refused) -> None:
        """Register again when the row is gone; else say why and go on."""
        logger.warning("heartbeat refused", extra={"status": refused.status_code})
        if refused.status_code == 404:  # noqa: PLR2004 - the status of a row that is gone
            await self.register()
