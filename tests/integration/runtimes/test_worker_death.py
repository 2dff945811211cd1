"""A worker that is killed takes everything along that it ran."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.integration.runtimes.processes import eventually, is_alive, marked, new_mark
from tests.integration.runtimes.stand_in_worker import LEASE
from tests.integration.runtimes.test_hostile_actions import HOSTILE

ROOT = Path(__file__).parents[3]


async def start_worker(
    mark: str, argv: list[str], **environment: str
) -> tuple[int, int]:
    """Start a worker; return its process id and its supervisor's."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.runtimes.stand_in_worker",
        mark,
        *argv,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    assert worker.stdout is not None
    supervisor = int(await asyncio.wait_for(worker.stdout.readline(), 20))
    return worker.pid, supervisor


@pytest.mark.parametrize("argv", HOSTILE.values(), ids=HOSTILE)
async def test_killed_worker_leaves_no_process(argv: list[str]) -> None:
    mark = new_mark()
    worker, supervisor = await start_worker(mark, argv)

    os.kill(worker, signal.SIGKILL)

    await eventually(lambda: not marked(mark), within=5, of="the end of the action")
    await eventually(lambda: not is_alive(supervisor), of="the supervisor's end")


async def test_supervisor_killed_together_with_its_worker_leaves_no_process() -> None:
    mark = new_mark()
    worker, supervisor = await start_worker(mark, HOSTILE["everything at once"])

    os.kill(supervisor, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)

    await eventually(lambda: not marked(mark), within=5, of="the end of the action")


async def test_frozen_worker_keeps_nothing_beyond_its_lease() -> None:
    mark = new_mark()
    argv = HOSTILE["everything at once"]
    worker, supervisor = await start_worker(mark, argv, **{LEASE: "1"})

    os.kill(worker, signal.SIGSTOP)

    await eventually(lambda: not marked(mark), within=8, of="the end of the action")
    os.kill(worker, signal.SIGKILL)
    await eventually(lambda: not is_alive(supervisor), of="the supervisor's end")


async def test_stopped_supervisor_does_not_save_the_actions() -> None:
    mark = new_mark()
    worker, supervisor = await start_worker(mark, HOSTILE["calls setsid"])

    os.kill(supervisor, signal.SIGSTOP)
    os.kill(worker, signal.SIGKILL)

    await eventually(lambda: not marked(mark), within=5, of="the end of the action")
    os.kill(supervisor, signal.SIGKILL)
