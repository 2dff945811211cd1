"""Host the sensors Temporal hands out: fenced by the API, ended by the supervisor."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import uuid4

from temporalio import activity

from attune.domain.errors import ActionFailed, Unavailable
from attune.domain.sensor import LEASE_SECONDS
from attune.messages.sensor import SensorOutcome, SensorRun
from attune.runtimes.sensor import SensorControl, SensorExit, SensorLauncher, SensorTies
from attune.runtimes.sensor_launch import (
    HostedSensor,
    SensorEnd,
    SensorLaunch,
    SensorStart,
)
from attune.runtimes.sensor_output import SensorOutput
from attune.runtimes.sensor_variables import SensorPlaces
from attune.runtimes.stream import Stream
from attune.worker.api_client import Refused
from attune.worker.pack_files import PackFiles
from attune.worker.sensor_api import SensorApi

logger = logging.getLogger(__name__)

BEAT_SECONDS: Final = 1.0
TEMPORAL_BEAT_SECONDS: Final = 2.0
LONGEST_ERROR: Final = 5_000
FENCE_SECONDS: Final = LEASE_SECONDS - 4.0
"""So long without the API, everything here is killed: it may start elsewhere soon.

By the keeper of each process, too: this one may be frozen, or very busy.
"""


@dataclass(frozen=True)
class Hosted:
    """One process that this worker has, or is about to have."""

    id: HostedSensor
    control: SensorControl = field(default_factory=SensorControl)
    is_started: asyncio.Event = field(default_factory=asyncio.Event)
    is_handed_over: asyncio.Event = field(default_factory=asyncio.Event)
    """This worker goes away, and another one is to take it."""


class Host:
    """The `run_sensor` activity of one worker process."""

    def __init__(
        self,
        api: SensorApi,
        launcher: SensorLauncher,
        packs: PackFiles,
        places: SensorPlaces,
        *,
        limit: int,
    ) -> None:
        self._api = api
        self._launcher = launcher
        self._packs = packs
        self._places = places
        self.limit = limit
        self._hosted: dict[str, Hosted] = {}
        self._heard_at = 0.0
        self.worker_id = 0

    @property
    def has_room(self) -> bool:
        """Whether it may be given another one."""
        return len(self._hosted) < self.limit

    async def run(self, request: SensorRun) -> SensorOutcome:
        """Run the process, beating; a cancel by Temporal ends it first."""
        if not self.has_room or request.sensor_ref in self._hosted:
            return SensorOutcome(sensor_ref=request.sensor_ref, declined=True)
        hosted = Hosted(
            HostedSensor(ref=request.sensor_ref, generation=request.generation)
        )
        self._hosted[request.sensor_ref] = hosted
        work = asyncio.create_task(self._host(hosted))
        beat = asyncio.create_task(_beat())
        try:
            await _until_done(work, hosted)
        finally:
            beat.cancel()
            del self._hosted[request.sensor_ref]
        return SensorOutcome(sensor_ref=request.sensor_ref)

    async def keep_contact(self) -> None:
        """Beat to the API until cancelled; kill everything when it is silent."""
        clock = asyncio.get_running_loop().time
        self._heard_at = clock()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat_to_api())
            while True:
                await asyncio.sleep(BEAT_SECONDS)
                if clock() - self._heard_at > FENCE_SECONDS:
                    self._destroy_all()

    async def _beat_to_api(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            sent_at = clock()
            with contextlib.suppress(Unavailable, Refused):
                await self._beat_once(sent_at)
                self._heard_at = sent_at
            await asyncio.sleep(BEAT_SECONDS)

    async def _beat_once(self, sent_at: float) -> None:
        started = [h for h in self._hosted.values() if h.is_started.is_set()]
        if not started:
            return
        orders = await self._api.beat([each.id for each in started])
        for each in started:
            if each.id.ref not in orders.kill:
                each.control.lease(sent_at + FENCE_SECONDS)
        for ref in orders.stop:
            if hosted := self._hosted.get(ref):
                hosted.control.end()
        for ref in orders.kill:
            if hosted := self._hosted.get(ref):
                hosted.control.destroy()

    def _destroy_all(self) -> None:
        for hosted in self._hosted.values():
            logger.error("sensor killed: no contact", extra={"sensor": hosted.id.ref})
            hosted.control.destroy()

    async def _host(self, hosted: Hosted) -> None:
        asked_at = asyncio.get_running_loop().time()
        start = SensorStart(
            generation=hosted.id.generation,
            attempt_id=uuid4().hex,
            worker_id=self.worker_id,
        )
        try:
            launch = await _unless_stopped(
                self._api.start(hosted.id.ref, start), hosted.control
            )
        except Refused as refused:
            logger.info("sensor refused", extra={"status": refused.status_code})
            return
        if launch is None:
            return
        hosted.control.lease(asked_at + FENCE_SECONDS)
        hosted.is_started.set()
        logger.info("sensor starts", extra={"sensor": hosted.id.ref})
        exit_ = await self._run(launch, hosted)
        logger.info("sensor ended", extra={"sensor": hosted.id.ref})
        with contextlib.suppress(Refused, TimeoutError):
            await self._api.end(hosted.id.ref, _end(hosted, exit_))

    async def _run(self, launch: SensorLaunch, hosted: Hosted) -> SensorExit:
        output = SensorOutput(
            partial(self._log, hosted), [launch.token.token, *launch.secrets]
        )
        streaming = asyncio.create_task(output.run())
        try:
            pack_dir = await self._packs.directory(launch.pack_ref, launch.pack_hash)
            return await self._launcher.run(
                launch,
                pack_dir,
                self._places,
                SensorTies(
                    output=output,
                    renew=partial(self._api.renew, hosted.id),
                    control=hosted.control,
                ),
            )
        except ActionFailed as error:
            return SensorExit(error.message)
        except OSError as error:
            return SensorExit(f"its pack cannot be unpacked: {error.strerror}")
        finally:
            streaming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await streaming
            await output.finish()

    async def _log(
        self, hosted: Hosted, stream: Stream, offset: int, content: bytes
    ) -> None:
        with contextlib.suppress(Refused):
            await self._api.append_log(hosted.id, stream.value, offset, content)


async def _until_done(work: asyncio.Task[None], hosted: Hosted) -> None:
    while True:
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            _hear_cancel(hosted)


async def _unless_stopped(
    starting: Coroutine[None, None, SensorLaunch], control: SensorControl
) -> SensorLaunch | None:
    """Return the answer, or None when it is to end before one comes."""
    task = asyncio.create_task(starting)
    stop = asyncio.create_task(control.stop.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if task.done():
        return task.result()
    task.cancel()
    return None


def _hear_cancel(hosted: Hosted) -> None:
    """Act on what Temporal says; when it merely lost sight of us, the row decides."""
    details = activity.cancellation_details()
    if details is not None and details.worker_shutdown:
        hosted.is_handed_over.set()
        hosted.control.end()
    elif details is None or details.cancel_requested:
        hosted.control.end()


async def _beat() -> None:
    while True:
        with contextlib.suppress(RuntimeError):
            activity.heartbeat()
        await asyncio.sleep(TEMPORAL_BEAT_SECONDS)


def _end(hosted: Hosted, exit_: SensorExit) -> SensorEnd:
    generation = hosted.id.generation
    if exit_.error is not None:
        # The database takes no NUL, and a last line may hold anything.
        error = exit_.error.replace("\0", "")[:LONGEST_ERROR]
        return SensorEnd(generation=generation, reason="failed", error=error)
    if hosted.is_handed_over.is_set():
        return SensorEnd(generation=generation, reason="handed_over")
    return SensorEnd(generation=generation, reason="stopped")
