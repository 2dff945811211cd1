"""Runtime environments: made when first needed, shared, never seen half built.

Each build has a directory of its own, named by what it was made from. It counts once
its `ready` file exists, which is written last; a link at the documented location is then
switched to it. A run holds a shared lock on the build it uses, so that a build which is
no longer wanted is removed only when nobody uses it.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from attune.domain.errors import ActionFailed
from attune.runtimes.environment_build import EnvironmentBuild
from attune.runtimes.environment_plan import EnvironmentPlan, plan_environment
from attune.runtimes.launch import RuntimeLaunch
from attune.runtimes.process import Supervisor

DEFAULT_LIMIT_SECONDS = 600.0


class RuntimeEnvironments:
    """The runtime environments below one directory, which workers may share."""

    def __init__(
        self,
        root: Path,
        supervisor: Supervisor,
        variables: Mapping[str, str],
        limit_seconds: float = DEFAULT_LIMIT_SECONDS,
    ) -> None:
        """Build with these environment variables, each command within the limit."""
        self._root = root
        self._supervisor = supervisor
        self._variables = variables
        self._limit_seconds = limit_seconds
        self._building: dict[Path, asyncio.Task[None]] = {}

    def plan(
        self, pack_ref: str, pack_dir: Path, runtime: RuntimeLaunch
    ) -> EnvironmentPlan:
        """Say which environment the pack needs now."""
        return plan_environment(self._root, pack_ref, pack_dir, runtime)

    @asynccontextmanager
    async def use(
        self, plan: EnvironmentPlan, given_up: asyncio.Event
    ) -> AsyncIterator[Path]:
        """Yield the environment's directory, built if need be, kept while in use.

        Raises ActionFailed with the end of the installer's output, or when the caller
        gave up waiting for it.
        """
        if not plan.is_needed:
            yield plan.link
            return
        lease = _lease(plan)
        while lease is None:
            await self._build(plan, given_up)
            lease = _lease(plan)
        try:
            yield plan.env_dir
        finally:
            os.close(lease)

    async def close(self) -> None:
        """Give up what is being built."""
        tasks = list(self._building.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _build(self, plan: EnvironmentPlan, given_up: asyncio.Event) -> None:
        """Build once for all who wait, even if the one who asked first goes away."""
        key = plan.build_dir
        task = self._building.get(key)
        if task is None:
            build = EnvironmentBuild(
                plan, self._supervisor, self._variables, self._limit_seconds
            )
            task = asyncio.create_task(build.run())
            self._building[key] = task
            task.add_done_callback(lambda done: self._built(key, done))
        stop = asyncio.create_task(given_up.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        if not task.done():
            raise ActionFailed("gave up waiting for the runtime environment")
        task.result()

    def _built(self, key: Path, task: asyncio.Task[None]) -> None:
        del self._building[key]
        if not task.cancelled():
            task.exception()  # told to all who waited; nobody may have


def _lease(plan: EnvironmentPlan) -> int | None:
    """Lock the build against removal; None if it is not complete."""
    try:
        lease = os.open(plan.build_dir, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        # Whoever removes it holds the lock only to rename it.
        fcntl.flock(lease, fcntl.LOCK_SH)
        ready = plan.is_ready()
    except BaseException:
        os.close(lease)
        raise
    if ready:
        return lease
    os.close(lease)
    return None
