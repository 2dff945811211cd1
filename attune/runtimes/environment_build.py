"""Build one runtime environment: create, install, declare it ready, switch to it."""

import asyncio
import fcntl
import os
import re
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from attune.domain.errors import ActionFailed
from attune.domain.runtime import expand
from attune.runtimes.command_line import Finished, run_command
from attune.runtimes.environment_plan import EnvironmentPlan
from attune.runtimes.process import ProcessSpec, Supervisor
from attune.runtimes.workspace import remove_tree

LOCK_PAUSE_SECONDS = 0.1
KEPT_BUILD_COUNT = 2  # a roll-out of a pack may go back and forth between two
TAIL_LINE_COUNT = 20

_FINGERPRINT = r"-[0-9a-f]{16}"
_TRASH = ".trash-"


class EnvironmentBuild:
    """The building of one environment; at most one at a time on all machines."""

    def __init__(
        self,
        plan: EnvironmentPlan,
        supervisor: Supervisor,
        variables: Mapping[str, str],
        limit_seconds: float,
    ) -> None:
        self._plan = plan
        self._supervisor = supervisor
        self._variables = variables
        self._limit_seconds = limit_seconds

    async def run(self) -> None:
        """Leave the environment ready; raises ActionFailed that says why it is not."""
        plan = self._plan
        try:
            plan.build_dir.parent.mkdir(parents=True, exist_ok=True)
            async with _locked(plan.link.with_name(f".{plan.name}.lock")):
                if not plan.is_ready():
                    await self._make()
                _point(plan.link, plan.env_dir)
                await asyncio.to_thread(_remove_old_builds, plan)
        except OSError as error:
            raise self._failure(f"{error.strerror}: {error.filename}") from error

    async def _make(self) -> None:
        plan = self._plan
        await asyncio.to_thread(_discard, plan.build_dir)
        plan.build_dir.mkdir()
        if plan.create_command:
            await self._command(plan.create_command)
        plan.env_dir.mkdir(exist_ok=True)
        if plan.installs:
            # Some installers read the manifest where they install.
            (plan.env_dir / plan.manifest_path.name).write_bytes(plan.manifest or b"")
            await self._command(plan.install_command)
        plan.ready_file.touch()
        if not plan.is_ready():
            raise self._failure(f"it has no {plan.interpreter}")

    async def _command(self, command: tuple[str, ...]) -> None:
        expansions = self._plan.expansions()
        spec = ProcessSpec(
            argv=[expand(word, expansions) for word in command],
            cwd=self._plan.pack_dir,
            environment=self._variables,
        )
        finished = await run_command(self._supervisor, spec, self._limit_seconds)
        problem = self._problem(finished)
        if problem:
            raise self._failure(f"{_shown(spec.argv)}: {problem}")

    def _problem(self, finished: Finished) -> str | None:
        if finished.exit.error:
            return finished.exit.error
        if finished.timed_out:
            return f"still ran after {self._limit_seconds:g} seconds"
        if finished.exit.code == 0:
            return None
        lines = finished.text.strip().splitlines()[-TAIL_LINE_COUNT:]
        code = finished.exit.code or finished.exit.signal
        return "\n".join([f"ended with {code}", *lines])

    def _failure(self, reason: str) -> ActionFailed:
        plan = self._plan
        return ActionFailed(
            f"The environment {plan.name} of pack {plan.pack_ref} "
            f"cannot be built: {reason}"
        )


def _shown(command: Sequence[str]) -> str:
    """Write a command on one line; a whole script in it would hide what went wrong."""
    return " ".join("…" if "\n" in word else word for word in command)


@asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """Hold the lock, for which processes and machines wait without blocking a thread."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            await asyncio.sleep(LOCK_PAUSE_SECONDS)
        yield
    finally:
        os.close(file)


def _point(link: Path, target: Path) -> None:
    """Switch the link in one step."""
    relative = os.path.relpath(target, link.parent)
    if link.is_symlink() and os.readlink(link) == relative:  # noqa: PTH115 - no Path
        return
    temporary = link.with_name(f".{link.name}.link")
    temporary.unlink(missing_ok=True)  # of a worker that was killed just here
    temporary.symlink_to(relative)
    temporary.replace(link)


def _remove_old_builds(plan: EnvironmentPlan) -> None:
    pattern = re.compile(re.escape(plan.name) + _FINGERPRINT)
    siblings = list(plan.build_dir.parent.iterdir())
    builds = [
        each
        for each in siblings
        if pattern.fullmatch(each.name) and each != plan.build_dir
    ]
    builds.sort(key=lambda build: build.stat().st_mtime, reverse=True)
    for build in builds[KEPT_BUILD_COUNT - 1 :]:
        _discard_unless_in_use(build)


def _discard_unless_in_use(build: Path) -> None:
    lock = os.open(build, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _discard(build)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _discard(build: Path) -> None:
    """Take a build away in one step, then remove it at leisure."""
    if build.exists():
        trash = Path(tempfile.mkdtemp(prefix=_TRASH, dir=build.parent))
        build.rename(trash)
        remove_tree(trash)
