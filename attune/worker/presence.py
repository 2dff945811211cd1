"""Being known: a worker registers, beats, and hears what to stop."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from attune.domain.errors import Unavailable
from attune.runtimes.probe import OfferedRuntime
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
    max_concurrent: int
    max_concurrent_sensors: int = 0

    def body(self, offered: Sequence[OfferedRuntime]) -> dict[str, Any]:
        """Return the request of contract d.8."""
        runtimes = [
            {
                "ref": each.ref,
                "name": each.name,
                "versions": each.versions,
                "detected_version": each.detected_version,
            }
            for each in offered
        ]
        return {
            "name": self.name,
            "worker_type": "local",
            "worker_role": "action",
            "host": socket.gethostname(),
            "capabilities": {
                "runtimes": runtimes,
                "max_concurrent_executions": self.max_concurrent,
                "max_concurrent_sensors": self.max_concurrent_sensors,
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
        self._offered: Sequence[OfferedRuntime] = ()
        self._changed = asyncio.Event()
        self._worker_id = 0
        self.is_cordoned = False
        """An operator wants this worker to take nothing new."""

    async def register(self, offered: Sequence[OfferedRuntime]) -> int:
        """Make this worker known, however long that takes; returns its id."""
        self._offered = offered
        answer = await self._api.register(self._registration.body(offered))
        self._worker_id = int(answer["data"]["id"])
        return self._worker_id

    async def changed_within(self, seconds: float) -> None:
        """Wait so long, or until the cordon changes."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

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
        answer = await self._api.heartbeat(self._worker_id, {"running": running})
        said = answer.get("data", answer)
        for execution_id in said.get("cancel", ()):
            runner.stop(execution_id)
        if said.get("token"):
            self._api.use_token(said["token"])
            self._keep_token(said["token"])
        cordoned = bool(said.get("cordoned"))
        if cordoned != self.is_cordoned:
            self.is_cordoned = cordoned
            self._changed.set()

    async def _recover(self, refused: Refused) -> None:
        """Register again when the row is gone; else say why and go on."""
        logger.warning("heartbeat refused", extra={"status": refused.status_code})
        if refused.status_code == 404:  # noqa: PLR2004 - the status of a row that is gone
            await self.register(self._offered)
