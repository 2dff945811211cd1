"""`attune up` as a person starts it: it stays up, keeps its data, and leaves nothing."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import httpx
import psutil
import pytest

from attune.stack.record import StackRecord, read_record
from tests.support.eventually import eventually

STOP_SECONDS = 15
READY_SECONDS = 90
PARTS = ["postgres", "temporal", "api", "orchestrator", "worker"]


@dataclass
class Up:
    """A stack that runs as a process of its own."""

    directory: Path
    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, directory: Path, *options: str) -> "Up":
        with open_console(directory) as console:
            process = await asyncio.create_subprocess_exec(
                *attune("up", "--data-dir", str(directory), *options),
                env=environment(),
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        return cls(directory, process)

    async def end(self) -> None:
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.terminate()
            await self.process.wait()

    @property
    def console(self) -> str:
        return (self.directory / "console").read_text()

    @property
    def record(self) -> StackRecord:
        record = read_record(self.directory / "stack.json")
        assert record, self.console
        return record

    @property
    def password(self) -> str:
        return (self.directory / "admin_password").read_text().strip()

    async def wait_ready(self) -> None:
        await eventually(self._is_ready, seconds=READY_SECONDS)

    def is_starting(self) -> bool:
        """Tell whether a part has a process."""
        record = read_record(self.directory / "stack.json")
        return record is not None and any(p.process for p in record.parts.values())

    def _is_ready(self) -> bool:
        assert self.process.returncode is None, self.console
        record = read_record(self.directory / "stack.json")
        if record is None or record.supervisor is None:
            return False
        mine = record.supervisor.pid == self.process.pid
        ready = all(part.state == "ready" for part in record.parts.values())
        return mine and record.state == "ready" and ready

    def processes(self) -> list[psutil.Process]:
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    async def login(self) -> httpx.Response:
        body = {"login": "admin", "password": self.password}
        async with httpx.AsyncClient(base_url=self.record.api_url) as client:
            return await client.post("/auth/login", json=body)

    async def run_long_action(self) -> None:
        """Return once an action runs that would take a minute."""
        token = (await self.login()).json()["data"]["access_token"]
        body = {"action_ref": "core.sleep", "parameters": {"seconds": 60}}
        async with httpx.AsyncClient(
            base_url=self.record.api_url, headers={"Authorization": f"Bearer {token}"}
        ) as client:
            answer = await client.post("/api/v1/executions/execute", json=body)
            path = f"/api/v1/executions/{answer.json()['data']['id']}"

            async def runs() -> bool:
                return bool(
                    (await client.get(path)).json()["data"]["status"] == "running"
                )

            await eventually(runs, seconds=30)


def open_console(directory: Path) -> BinaryIO:
    directory.mkdir(exist_ok=True)
    return (directory / "console").open("ab")


def attune(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "attune", *arguments]


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ATTUNE")}
    # A run is measured by coverage or xdist variables no further than this process.
    return {k: v for k, v in kept.items() if not k.startswith("PYTEST")}


async def run(*arguments: str, **variables: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *attune(*arguments),
        env={**environment(), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and not is_zombie(each)]


def is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def directory() -> Iterator[Path]:
    # Not below pytest's own directory: another run of pytest closes that to the user
    # that PostgreSQL runs as when we are root.
    with TemporaryDirectory(prefix="attune-") as path:
        yield Path(path)


class Home:
    """The data of stacks of which one runs after the other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._last: Up | None = None

    async def running(self) -> Up:
        """Return the stack that runs; it is started when none does."""
        if self._last is None or self._last.process.returncode is not None:
            self._last = await Up.start(self._directory, "--ports", "auto")
        await self._last.wait_ready()
        return self._last

    async def close(self) -> None:
        if self._last:
            await self._last.end()


@pytest.fixture(scope="module")
async def home() -> AsyncIterator[Home]:
    with TemporaryDirectory(prefix="attune-") as path:
        home = Home(Path(path))
        yield home
        await home.close()


@pytest.fixture
async def up(home: Home) -> Up:
    return await home.running()


@pytest.fixture
async def starting(directory: Path) -> AsyncIterator[Up]:
    up = await Up.start(directory, "--ports", "auto")
    yield up
    await up.end()


async def test_ctrl_c_stops_everything_and_a_restart_keeps_everything(
    up: Up, home: Home
) -> None:
    assert list(up.record.parts) == PARTS
    await up.run_long_action()
    assert f"password {up.password}" in up.console
    password, processes = up.password, up.processes()

    up.process.send_signal(signal.SIGINT)
    code = await asyncio.wait_for(up.process.wait(), STOP_SECONDS)

    assert code == 0, up.console
    assert alive(processes) == []
    assert read_record(up.directory / "stack.json") is not None

    again = await home.running()
    assert again.password == password
    assert (await again.login()).status_code == 200
    assert up.console.count(password) == 1


async def test_killed_part_comes_back_and_the_rest_stays(up: Up) -> None:
    for name in PARTS:
        before = {name: part.process for name, part in up.record.parts.items()}
        killed = before[name]
        assert killed
        assert up.record.parts[name].restart_count == 0
        os.kill(killed.pid, signal.SIGKILL)
        await eventually(lambda: up.record.parts[name].restart_count == 1)  # noqa: B023 - awaited in the same round
        await up.wait_ready()

        others = {n: p.process for n, p in up.record.parts.items() if n != name}
        assert others == {n: p for n, p in before.items() if n != name}

    assert (await up.login()).status_code == 200


async def test_killed_supervisor_leaves_nothing_and_can_be_started_again(
    up: Up, home: Home
) -> None:
    processes = up.processes()

    up.process.kill()
    await up.process.wait()

    await eventually(lambda: not alive(processes), seconds=5)
    again = await home.running()
    assert (await again.login()).status_code == 200
    again.process.terminate()
    assert await asyncio.wait_for(again.process.wait(), STOP_SECONDS) == 0


async def test_stop_while_starting_leaves_nothing(starting: Up) -> None:
    await eventually(starting.is_starting, seconds=READY_SECONDS)
    processes = starting.processes()

    starting.process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(starting.process.wait(), STOP_SECONDS)

    await eventually(lambda: not alive(processes), seconds=2)


async def test_detached_stack_is_shown_and_stopped(directory: Path) -> None:
    where = ("--data-dir", str(directory))

    code, output = await run("up", "--detach", "--ports", "auto", *where)
    assert code == 0, output
    assert "Attune is up." in output
    assert output.rstrip().endswith("`attune down` stops it.")
    try:
        assert (await run("status", *where))[0] == 0
        for part in ("api", "orchestrator", "worker"):
            settings = str(directory / "settings" / f"{part}.yaml")
            checked = await run("health", part, ATTUNE_CONFIG=settings)
            assert checked == (0, f"{part} works\n")
        code, output = await run("up", *where)
        assert (code, "another `attune up` runs in" in output) == (1, True)
    finally:
        code, output = await run("down", *where)
    assert (code, output.strip()) == (0, "stopped")
    assert (await run("status", *where))[0] == 1
    settings = str(directory / "settings" / "orchestrator.yaml")
    assert (await run("health", "orchestrator", ATTUNE_CONFIG=settings))[0] == 1


async def test_taken_port_is_said_in_one_line(directory: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async with server:
        options = ("--data-dir", str(directory), "--ports", "auto", "--port", str(port))
        code, output = await run("up", *options)

    assert code == 1
    assert output.startswith(f"error: port {port} is taken by ")
    assert len(output.strip().splitlines()) == 1
