"""Packs and launches for tests that run actions as a worker does."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attune.domain.json import JsonObject
from attune.domain.runtime import ExecutionConfig
from attune.runtimes.launch import ActionLaunch, RuntimeLaunch
from attune.runtimes.outcome import ProcessOutcome
from attune.runtimes.output import Sink
from attune.runtimes.run import ActionLauncher, RunLimits, open_launcher
from attune.runtimes.variables import WorkerPlaces

SHELL: JsonObject = {
    "interpreter": {"binary": "/bin/bash", "args": [], "file_extension": ".sh"},
    "inline_execution": {
        "strategy": "temp_file",
        "extension": ".sh",
        "inject_shell_helpers": True,
    },
}
PYTHON: JsonObject = {
    "interpreter": {"binary": "python3", "args": ["-u"], "file_extension": ".py"},
    "env_vars": {"PYTHONPATH": {"operation": "prepend", "value": "{pack_dir}/lib"}},
    "inline_execution": {"strategy": "direct"},
}
VENV: JsonObject = {
    **PYTHON,
    "environment": {
        "env_type": "virtualenv",
        "create_command": ["python3", "-m", "venv", "--copies", "{env_dir}"],
        "interpreter_path": "{env_dir}/bin/python3",
    },
    "dependencies": {
        "manifest_file": "requirements.txt",
        "install_command": [
            "{env_dir}/bin/python3",
            "-m",
            "pip",
            "install",
            "-r",
            "{manifest_path}",
        ],
    },
}
NATIVE: JsonObject = {}


def runtime(name: str, config: JsonObject, version: str | None = None) -> RuntimeLaunch:
    """Return a runtime as the API would tell it."""
    return RuntimeLaunch(
        ref=f"core.{name}",
        name=name,
        version=version,
        execution_config=ExecutionConfig.model_validate(config),
    )


def launch(config: JsonObject, entrypoint: str, **fields: object) -> ActionLaunch:
    """Return a launch of pack `demo`."""
    return ActionLaunch.model_validate(
        {
            "execution_id": 42,
            "action_ref": "demo.act",
            "pack_ref": "demo",
            "entrypoint": entrypoint,
            "runtime": runtime("test", config),
            **fields,
        }
    )


class Bench:
    """A worker's launcher with directories of its own."""

    def __init__(self, launcher: ActionLauncher, root: Path) -> None:
        self.launcher = launcher
        self.pack_dir = root / "packs" / "demo"
        self.state_dir = root / "state"
        self.envs_dir = root / "envs"
        self.cancelled = asyncio.Event()
        (self.pack_dir / "actions").mkdir(parents=True)

    def action(self, name: str, content: str, mode: int = 0o644) -> str:
        """Write a file of the pack and return its entry point."""
        path = self.pack_dir / "actions" / name
        path.write_text(content)
        path.chmod(mode)
        return name

    async def run(
        self, action: ActionLaunch, sink: Sink | None = None
    ) -> ProcessOutcome:
        """Run it to its end."""
        async with asyncio.timeout(150):
            return await self.launcher.run(action, self.pack_dir, sink, self.cancelled)

    def left_behind(self) -> list[Path]:
        """Return what is in the directories of ended runs."""
        return [
            path
            for own in self.runs()
            for run in own.iterdir()
            for path in run.iterdir()
        ]

    def runs(self) -> list[Path]:
        """Return the directories of worker processes."""
        return list((self.state_dir / "runs").iterdir())


@asynccontextmanager
async def open_bench(
    root: Path, limits: RunLimits | None = None
) -> AsyncIterator[Bench]:
    """Start a launcher below `root`."""
    places = WorkerPlaces("http://127.0.0.1:1", root / "artifacts", root / "envs")
    environment = {**os.environ, "WORKER_SECRET": "canary"}
    async with open_launcher(places, root / "state", environment, limits) as launcher:
        yield Bench(launcher, root)
