"""The worker process: it runs the actions of the runtimes this machine offers."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from activities.action import ActionActivities
from activities.sensor import SensorActivities
from attune.artifacts.files import ArtifactFiles
from attune.config import Settings
from attune.domain.errors import InvalidInput
from attune.messages.names import runtime_queue, sensor_queue
from attune.runtimes.probe import OfferedRuntime
from attune.runtimes.run import ActionLauncher, RunLimits, open_launcher
from attune.runtimes.sensor_variables import SensorPlaces, notifier_url
from attune.runtimes.variables import WorkerPlaces
from attune.temporal.client import connect_patiently
from attune.worker.action_runner import Runner
from attune.worker.actions import LocalActions
from attune.worker.api_client import WorkerApi, open_api
from attune.worker.connection import temporal_address
from attune.worker.pack_files import PackFiles
from attune.worker.presence import Presence, Registration
from attune.worker.queues import Queues
from attune.worker.runtime_catalog import RuntimeCatalog
from attune.worker.sensor_api import SensorApi
from attune.worker.sensor_host import Host
from attune.worker.shutdown import serve_until_stopped
from attune.worker.written_files import WrittenFiles

logger = logging.getLogger(__name__)

CATALOG_SECONDS = 10.0


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    serve_until_stopped(_serve(settings))


async def _serve(settings: Settings) -> None:
    places = WorkerPlaces(
        api_url=settings.worker.api_url,
        artifacts_dir=settings.artifacts_dir,
        runtime_envs_dir=settings.runtime_envs_dir,
    )
    limits = RunLimits(
        output_bytes=settings.worker.max_output_bytes,
        grace_seconds=settings.worker.kill_grace_seconds,
    )
    state_dir = settings.worker.state_dir
    async with (
        open_launcher(places, state_dir, os.environ, limits) as launcher,
        open_api(settings.worker.api_url, _connection_limit(settings)) as api,
    ):
        await _serve_actions(settings, launcher, api)


async def _serve_actions(
    settings: Settings, launcher: ActionLauncher, api: WorkerApi
) -> None:
    api.use_token(_token(settings))
    packs = PackFiles(
        api,
        shared=settings.worker.shared_packs_dir,
        bundles=settings.worker.state_dir / "packs",
    )
    written = WrittenFiles(
        api,
        ArtifactFiles(settings.artifacts_dir),
        are_shared=settings.worker.shares_artifacts,
    )
    runner = Runner(api, LocalActions(launcher, packs, api, written))
    catalog = RuntimeCatalog(api, launcher.probe)
    presence = Presence(
        api,
        _registration(settings),
        beat_seconds=settings.worker.heartbeat_seconds,
        keep_token=_keep_token(settings.worker.token_file),
    )
    host = Host(
        SensorApi(api),
        launcher.sensors,
        packs,
        _sensor_places(settings),
        limit=settings.worker.max_concurrent_sensors,
    )
    client = await connect_patiently(temporal_address(settings))
    queues = Queues(
        client,
        ActionActivities(runner).run_action,
        queue_of=runtime_queue,
        max_concurrent=settings.worker.max_concurrent,
        shutdown_grace=timedelta(seconds=settings.worker.shutdown_grace_seconds),
    )
    sensor_queues = Queues(
        client,
        SensorActivities(host).run_sensor,
        queue_of=sensor_queue,
        max_concurrent=max(1, settings.worker.max_concurrent_sensors),
        shutdown_grace=timedelta(),
    )
    async with _in_contact(host):
        await _follow(presence, _Hands(runner, host, queues, sensor_queues), catalog)


@dataclass(frozen=True)
class _Hands:
    """What a worker does with its runtimes."""

    runner: Runner
    host: Host
    queues: Queues
    sensor_queues: Queues

    def speak_as(self, worker_id: int) -> None:
        """Speak as the worker of this id from now on."""
        self.runner.worker_id = self.host.worker_id = worker_id

    async def serve(self, refs: Sequence[str]) -> None:
        """Take work of these runtimes, and no sensors beyond the limit."""
        await self.queues.serve(refs)
        await self.sensor_queues.serve(refs if self.host.limit else [])
        self.queues.check()
        self.sensor_queues.check()

    async def close(self) -> None:
        """Take nothing new, hand sensors over, and let actions end in their time."""
        await asyncio.gather(self.queues.close(), self.sensor_queues.close())


@asynccontextmanager
async def _in_contact(host: Host) -> AsyncIterator[None]:
    contact = asyncio.create_task(host.keep_contact())
    try:
        yield
    finally:
        contact.cancel()
        with suppress(asyncio.CancelledError):
            await contact


async def _follow(presence: Presence, hands: _Hands, catalog: RuntimeCatalog) -> None:
    """Offer what this machine has, until the end; what runs may end in its time."""
    known: Sequence[OfferedRuntime] | None = None
    beat: asyncio.Task[None] | None = None
    try:
        while True:
            offered = await catalog.offered()
            if offered != known:
                known = offered
                hands.speak_as(await presence.register(offered))
            beat = beat or asyncio.create_task(presence.beat(hands.runner))
            refs = [] if presence.is_cordoned else [each.ref for each in offered]
            await hands.serve(refs)
            await presence.changed_within(CATALOG_SECONDS)
    finally:
        # Still beating: what ends in the grace time is ours to report.
        await hands.close()
        if beat:
            beat.cancel()


def _connection_limit(settings: Settings) -> int:
    # Each running action may stream while another ends, and the heartbeats go on.
    worker = settings.worker
    return 2 * (worker.max_concurrent + worker.max_concurrent_sensors) + 8


def _sensor_places(settings: Settings) -> SensorPlaces:
    worker = settings.worker
    return SensorPlaces(
        api_url=worker.api_url,
        notifier_ws_url=worker.notifier_ws_url or notifier_url(worker.api_url),
        allow_insecure_notifier_ws=worker.allow_insecure_notifier_ws,
        artifacts_dir=settings.artifacts_dir,
        runtime_envs_dir=settings.runtime_envs_dir,
        grace_seconds=worker.sensor_grace_seconds,
        log_level=settings.logging.level.value,
    )


def _token(settings: Settings) -> str:
    if settings.worker.token is not None:
        return settings.worker.token.get_secret_value()
    if settings.worker.token_file is None:
        raise InvalidInput("worker.token or worker.token_file must be set")
    try:
        return settings.worker.token_file.read_text().strip()
    except OSError as error:
        raise InvalidInput(
            f"worker.token_file: cannot read {settings.worker.token_file}: "
            f"{error.strerror}"
        ) from error


def _keep_token(token_file: Path | None) -> Callable[[str], None]:
    """Return what keeps a renewed token for the next start, where there is a file."""

    def keep(token: str) -> None:
        if token_file is None:
            return
        fresh = token_file.with_suffix(".new")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(token + "\n")
            fresh.replace(token_file)
        except OSError as error:
            logger.warning("token not kept", extra={"reason": error.strerror})

    return keep


def _registration(settings: Settings) -> Registration:
    return Registration(
        name=settings.worker.name or socket.gethostname(),
        max_concurrent=settings.worker.max_concurrent,
        max_concurrent_sensors=settings.worker.max_concurrent_sensors,
    )
