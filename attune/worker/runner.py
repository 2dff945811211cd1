"""The worker process: it runs the actions of the runtimes this machine offers."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from attune.config import Settings
from attune.domain.errors import InvalidInput
from attune.runtimes.probe import OfferedRuntime
from attune.runtimes.run import ActionLauncher, RunLimits, open_launcher
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
from attune.worker.shutdown import serve_until_stopped

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
    runner = Runner(api, LocalActions(launcher, packs, api))
    catalog = RuntimeCatalog(api, launcher.probe)
    presence = Presence(
        api,
        _registration(settings),
        beat_seconds=settings.worker.heartbeat_seconds,
        keep_token=_keep_token(settings.worker.token_file),
    )
    client = await connect_patiently(temporal_address(settings))
    queues = Queues(
        client,
        runner,
        max_concurrent=settings.worker.max_concurrent,
        shutdown_grace=timedelta(seconds=settings.worker.shutdown_grace_seconds),
    )
    await _follow(presence, runner, catalog, queues)


async def _follow(
    presence: Presence, runner: Runner, catalog: RuntimeCatalog, queues: Queues
) -> None:
    """Offer what this machine has, until the end; what runs may end in its time."""
    known: Sequence[OfferedRuntime] | None = None
    beat: asyncio.Task[None] | None = None
    try:
        while True:
            offered = await catalog.offered()
            if offered != known:
                known = offered
                runner.worker_id = await presence.register(offered)
            beat = beat or asyncio.create_task(presence.beat(runner))
            refs = [] if presence.is_cordoned else [each.ref for each in offered]
            await queues.serve(refs)
            queues.check()
            await presence.changed_within(CATALOG_SECONDS)
    finally:
        # Still beating: what ends in the grace time is ours to report.
        await queues.close()
        if beat:
            beat.cancel()


def _connection_limit(settings: Settings) -> int:
    # Each running action may stream while another ends, and the heartbeat goes on.
    return 2 * settings.worker.max_concurrent + 8


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
    )
