"""Run the process of a sensor: its environment, its files, its tokens, its end."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from attune.domain.errors import AttuneError
from attune.runtimes.command import Scene
from attune.runtimes.environment import RuntimeEnvironments
from attune.runtimes.process import ProcessSpec, Supervisor
from attune.runtimes.running import Exit, RunningProcess
from attune.runtimes.sensor_command import compose_sensor
from attune.runtimes.sensor_launch import SensorLaunch, SensorToken
from attune.runtimes.sensor_output import SensorOutput
from attune.runtimes.sensor_variables import SensorPlaces, sensor_variables, token_state
from attune.runtimes.workspace import Workspace

Renew = Callable[[], Awaitable[SensorToken]]


@dataclass(slots=True)
class SensorControl:
    """How long one process may live, and the wishes to end it."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    kill: asyncio.Event = field(default_factory=asyncio.Event)
    """At once, without asking it first."""
    leased_until: float | None = None
    """By the event loop's clock; None for ever."""
    leased: asyncio.Event = field(default_factory=asyncio.Event)

    def lease(self, until: float) -> None:
        """Let it live until then, even if this process should freeze before."""
        self.leased_until = until
        self.leased.set()

    def end(self) -> None:
        """Ask it to end, and kill it after the grace."""
        self.stop.set()

    def destroy(self) -> None:
        """Kill it now."""
        self.kill.set()
        self.stop.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorTies:
    """What ties a process to its worker while it runs."""

    output: SensorOutput
    renew: Renew
    control: SensorControl = field(default_factory=SensorControl)


@dataclass(frozen=True, slots=True)
class SensorExit:
    """How the process of a sensor ended."""

    error: str | None = None
    """Why it was not started or how it failed; None when it was asked to end."""


class SensorLauncher:
    """Runs sensors on this machine, beside its actions."""

    def __init__(
        self,
        *,
        supervisor: Supervisor,
        environments: RuntimeEnvironments,
        workspace: Workspace,
        inherited: Mapping[str, str],
    ) -> None:
        self._supervisor = supervisor
        self._environments = environments
        self._workspace = workspace
        self._inherited = inherited

    async def run(
        self,
        launch: SensorLaunch,
        pack_dir: Path,
        places: SensorPlaces,
        ties: SensorTies,
    ) -> SensorExit:
        """Run it to its end; whatever goes wrong with it is told by the exit."""
        try:
            return await self._run(launch, pack_dir, places, ties)
        except AttuneError as error:
            problem = error.message
        except OSError as error:
            problem = f"cannot prepare the sensor: {error.strerror}"
        return SensorExit(None if ties.control.stop.is_set() else problem)

    async def _run(
        self,
        launch: SensorLaunch,
        pack_dir: Path,
        places: SensorPlaces,
        ties: SensorTies,
    ) -> SensorExit:
        plan = self._environments.plan(launch.pack_ref, pack_dir, launch.runtime)
        async with (
            self._environments.use(plan, ties.control.stop) as env_dir,
            self._workspace.run_directory() as run_dir,
        ):
            if ties.control.stop.is_set():
                return SensorExit()
            state_path = run_dir / "token.json"
            write_token_state(state_path, launch.token)
            scene = Scene(
                pack_dir=pack_dir,
                env_dir=env_dir,
                interpreter=plan.interpreter,
                manifest_path=plan.manifest_path,
                run_dir=run_dir,
                inherited=self._inherited,
                platform=sensor_variables(launch, places, state_path),
            )
            spec = compose_sensor(launch, scene)
            rotation = asyncio.create_task(_rotate(state_path, launch.token, ties))
            try:
                return await self._watch(spec, places.grace_seconds, ties)
            finally:
                rotation.cancel()
                # What ended it before, a refusal say, ends the sensor soon enough.
                await asyncio.gather(rotation, return_exceptions=True)

    async def _watch(
        self,
        spec: ProcessSpec,
        grace_seconds: float,
        ties: SensorTies,
    ) -> SensorExit:
        process = await self._supervisor.spawn(spec, ties.output.take)
        ending = asyncio.create_task(
            _end_when_asked(process, ties.control, grace_seconds)
        )
        leasing = asyncio.create_task(_lease(process, ties.control))
        try:
            exit_ = await process.wait()
        finally:
            ending.cancel()
            leasing.cancel()
            if not process.has_ended:
                process.kill()
                await process.wait()
        if ties.control.stop.is_set():
            return SensorExit()
        return SensorExit(_failure(exit_, ties.output))


def write_token_state(path: Path, token: SensorToken) -> None:
    """Replace the file in one step: the sensor reads it whenever it likes."""
    fresh = path.with_suffix(".new")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as writer:
        writer.write(token_state(token))
    fresh.replace(path)


async def _rotate(path: Path, token: SensorToken, ties: SensorTies) -> None:
    """Write a new token long before the last one ends."""
    while True:
        await asyncio.sleep(token.renew_in_seconds)
        token = await ties.renew()
        ties.output.hide(token.token)
        write_token_state(path, token)


async def _end_when_asked(
    process: RunningProcess, control: SensorControl, grace_seconds: float
) -> None:
    await control.stop.wait()
    if not control.kill.is_set():
        process.terminate(grace_seconds)
        await control.kill.wait()
    process.kill()


async def _lease(process: RunningProcess, control: SensorControl) -> None:
    """Hand on for how long it may live."""
    clock = asyncio.get_running_loop().time
    while True:
        control.leased.clear()
        if control.leased_until is not None:
            process.lease(max(0.0, control.leased_until - clock()))
        await control.leased.wait()


def _failure(exit_: Exit, output: SensorOutput) -> str:
    """Say how it ended, in the words of its last line where it wrote one."""
    if exit_.error is not None:
        return exit_.error
    if exit_.signal is not None:
        how = f"ended by signal {exit_.signal}"
    elif exit_.code == 0:
        how = "ended by itself, with code 0"
    else:
        how = f"ended with code {exit_.code}"
    last = output.last_line()
    return f"{how}: {last}" if last else how
