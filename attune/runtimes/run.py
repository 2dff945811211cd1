"""Run an action: its environment, its files, its process, its limit, its end."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from attune.domain.errors import AttuneError
from attune.domain.json import Json
from attune.runtimes.command import Scene, compose
from attune.runtimes.environment import RuntimeEnvironments
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.masking import Masking
from attune.runtimes.outcome import ProcessOutcome
from attune.runtimes.output import DEFAULT_LIMIT, OutputCapture, Sink
from attune.runtimes.probe import RuntimeProbe
from attune.runtimes.process import ProcessSpec, Supervisor
from attune.runtimes.running import Exit, RunningProcess
from attune.runtimes.sensor import SensorLauncher
from attune.runtimes.stream import Stream
from attune.runtimes.variables import (
    WorkerPlaces,
    inherited_variables,
    installer_variables,
    platform_variables,
)
from attune.runtimes.workspace import Workspace

DEFAULT_GRACE_SECONDS = 5.0
SIGNAL_BASE = 128  # the shell's way to tell a signal by an exit code


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What every run on this worker is held to."""

    output_bytes: int = DEFAULT_LIMIT
    """Most that is kept of each stream."""
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    """Between SIGTERM and SIGKILL."""
    environment_seconds: float = 600.0
    """For each command that builds a runtime environment."""


class ActionLauncher:
    """Runs launches on this machine; made by `open_launcher`."""

    def __init__(
        self,
        *,
        supervisor: Supervisor,
        environments: RuntimeEnvironments,
        workspace: Workspace,
        places: WorkerPlaces,
        inherited: Mapping[str, str],
        limits: RunLimits,
    ) -> None:
        self.supervisor = supervisor
        self.sensors = SensorLauncher(
            supervisor=supervisor,
            environments=environments,
            workspace=workspace,
            inherited=inherited,
        )
        self.probe = RuntimeProbe(supervisor, inherited)
        self._environments = environments
        self._workspace = workspace
        self._places = places
        self._inherited = inherited
        self._limits = limits

    async def run(
        self,
        launch: ActionLaunch,
        pack_dir: Path,
        sink: Sink | None,
        cancelled: asyncio.Event,
    ) -> ProcessOutcome:
        """Run it to its end; whatever goes wrong with it is told by the outcome."""
        capture = OutputCapture(
            sink, Masking(secrets_of(launch)), self._limits.output_bytes
        )
        try:
            outcome = await self._run(launch, pack_dir, capture, cancelled)
        except AttuneError as error:
            outcome = ProcessOutcome(error=error.message)
        except OSError as error:
            outcome = ProcessOutcome(error=f"cannot prepare the run: {error.strerror}")
        if outcome.error and cancelled.is_set():
            outcome = ProcessOutcome(cancelled=True)
        kept = await capture.finish()
        return replace(outcome, stdout=kept[Stream.STDOUT], stderr=kept[Stream.STDERR])

    async def _run(
        self,
        launch: ActionLaunch,
        pack_dir: Path,
        capture: OutputCapture,
        cancelled: asyncio.Event,
    ) -> ProcessOutcome:
        plan = self._environments.plan(launch.pack_ref, pack_dir, launch.runtime)
        async with (
            self._environments.use(plan, cancelled) as env_dir,
            self._workspace.run_directory() as run_dir,
        ):
            if cancelled.is_set():
                return ProcessOutcome(cancelled=True)
            scene = Scene(
                pack_dir=pack_dir,
                env_dir=env_dir,
                interpreter=plan.interpreter,
                manifest_path=plan.manifest_path,
                run_dir=run_dir,
                inherited=self._inherited,
                platform=platform_variables(launch, self._places),
            )
            spec = compose(launch, scene)
            return await self._watch(spec, launch.timeout_seconds, capture, cancelled)

    async def _watch(
        self,
        spec: ProcessSpec,
        limit_seconds: float,
        capture: OutputCapture,
        cancelled: asyncio.Event,
    ) -> ProcessOutcome:
        process = await self.supervisor.spawn(spec, capture.take)
        end = asyncio.create_task(process.wait())
        stop = asyncio.create_task(cancelled.wait())
        try:
            done, _ = await asyncio.wait(
                {end, stop},
                timeout=limit_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if end not in done:
                process.terminate(self._limits.grace_seconds)
            exit_ = await end
        finally:
            stop.cancel()
            await _killed(process)
        return ProcessOutcome(
            exit_code=_exit_code(exit_),
            signal=exit_.signal,
            duration_ms=exit_.duration_ms,
            timed_out=not done,
            cancelled=bool(done) and end not in done,
            error=exit_.error,
            survivor_count=exit_.survivor_count,
        )


@asynccontextmanager
async def open_launcher(
    places: WorkerPlaces,
    state_dir: Path,
    environment: Mapping[str, str],
    limits: RunLimits | None = None,
) -> AsyncIterator[ActionLauncher]:
    """Start what a worker needs to run actions, and end it with all that still runs.

    `environment` is the worker's own, of which processes get very little. Enter it in
    the main thread and before anything else: the supervisor lives as long as that.
    """
    held_to = limits or RunLimits()
    supervisor = Supervisor()
    workspace = Workspace(state_dir)
    inherited = {**inherited_variables(environment), "HOME": str(workspace.home)}
    environments = RuntimeEnvironments(
        places.runtime_envs_dir,
        supervisor,
        {**inherited, **installer_variables(environment)},
        held_to.environment_seconds,
    )
    await supervisor.start()
    try:
        workspace.open()
        yield ActionLauncher(
            supervisor=supervisor,
            environments=environments,
            workspace=workspace,
            places=places,
            inherited=inherited,
            limits=held_to,
        )
    finally:
        await environments.close()
        await supervisor.stop()
        workspace.close()


def secrets_of(launch: ActionLaunch) -> Iterator[str]:
    """Return the texts that must not appear in the output of this run."""
    if launch.token:
        yield launch.token
    for name in launch.secret_parameters:
        yield from texts_of(launch.parameters.get(name))


def texts_of(value: Json) -> Iterator[str]:
    """Return every text and number inside a secret value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _exit_code(exit_: Exit) -> int | None:
    if exit_.signal is not None and exit_.error is None:
        return SIGNAL_BASE + exit_.signal
    return exit_.code


async def _killed(process: RunningProcess) -> None:
    """Leave no process behind when we ourselves are cancelled."""
    if not process.has_ended:
        process.kill()
        await process.wait()
